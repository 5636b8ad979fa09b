"""Products of one operand as one product: what each member's sum starts with, and which gates lie together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from torch import Tensor

from unrolled.engine.kernels import UNARY
from unrolled.engine.values import is_static
from unrolled.graph import Component, Instruction, Operand, Program


@dataclass(frozen=True, slots=True)
class Member:
    """A product of a stack: its matrix, the sum it starts, and what of the sum is hoisted or left."""

    product: int
    total: int | None
    hoisted: Operand | None
    rest: tuple[tuple[Operand, int], ...]
    function: str | None
    result: int | None


def stack_ranks(
    program: Program, scan: Component, readers: Mapping[int, list[int]]
) -> dict[int, int]:
    """In which order a scan wants the hoisted sums that its stacks start with."""
    ranks: dict[int, int] = {}
    for inner in scan.body:
        for stack in inner.stacked:
            for place, member in enumerate(members_of_stack(program, scan, stack, readers)):
                if member.hoisted is not None:
                    ranks[member.hoisted.value] = place
    return ranks


def gates_of(
    program: Program, scan: Component, readers: Mapping[int, list[int]]
) -> list[list[int]]:
    """Variables that one call of a function computes, in the order in which they should lie side by side."""
    found: list[list[int]] = []
    for inner in scan.body:
        for stack in inner.stacked:
            groups: dict[str, list[int]] = {}
            for member in members_of_stack(program, scan, stack, readers):
                if member.function is None or member.result is None:
                    continue
                if program.instructions[member.result].variable is not None:
                    groups.setdefault(member.function, []).append(member.result)
            found += [group for group in groups.values() if len(group) > 1]
    return found


def members_of_stack(
    program: Program, scan: Component, stack: Sequence[int], readers: Mapping[int, list[int]]
) -> list[Member]:
    inside = set(scan.all_instructions())
    members = [member_of(program, product, inside, readers, scan.index or "") for product in stack]
    return sorted(members, key=_member_order(program))


def _member_order(program: Program) -> Callable[[Member], tuple[bool, str, bool, int]]:
    def key(member: Member) -> tuple[bool, str, bool, int]:
        is_variable = (
            member.result is not None and program.instructions[member.result].variable is not None
        )
        return (member.function is None, member.function or "", not is_variable, member.product)

    return key


def member_of(
    program: Program,
    product: int,
    inside: AbstractSet[int],
    readers: Mapping[int, list[int]],
    index: str,
) -> Member:
    alone = Member(product, None, None, (), None, None)
    if len(readers.get(product, ())) != 1:
        return alone
    total = program.instructions[readers[product][0]]
    if (
        total.function != "total"
        or total.identity not in inside
        or total.shape != program.instructions[product].shape
    ):
        return alone
    pairs = list(zip(total.operands, total.signs, strict=True))
    own = next(pair for pair in pairs if pair[0].value == product)
    if own[1] < 0 or total.indices != program.instructions[product].indices:
        return alone
    rest = [pair for pair in pairs if pair[0].value != product]
    hoisted = next(
        (
            operand
            for operand, sign in rest
            if sign > 0 and is_start(program, operand, inside, total, index)
        ),
        None,
    )
    if hoisted is None:
        return alone
    left = tuple(pair for pair in rest if pair[0] is not hoisted)
    function = result = None
    if not left and total.variable is None and len(readers.get(total.identity, ())) == 1:
        reader = program.instructions[readers[total.identity][0]]
        if (
            reader.function in UNARY
            and reader.identity in inside
            and reader.indices == total.indices
        ):
            function, result = reader.function, reader.identity
    return Member(product, total.identity, hoisted, left, function, result)


def is_start(
    program: Program, operand: Operand, inside: AbstractSet[int], total: Instruction, index: str
) -> bool:
    producer = program.instructions[operand.value]
    return (
        operand.value not in inside
        and not operand.positions
        and producer.shape == total.shape
        and (is_static(producer) or (producer.indices == (index,) and not producer.is_shared))
    )


def adjacent(parts: Sequence[Tensor]) -> Tensor | None:
    """Tensors that lie side by side along their last dimension in one storage, as one; else None."""
    first = parts[0]
    column = first.storage_offset()
    for part in parts:
        same = (
            part.untyped_storage().data_ptr() == first.untyped_storage().data_ptr()
            and part.shape[:-1] == first.shape[:-1]
            and part.stride() == first.stride()
            and part.storage_offset() == column
        )
        if not same:
            return None
        column += part.shape[-1]
    width = sum(part.shape[-1] for part in parts)
    if len(parts) > 1 and first.dim() > 1 and width > min(stride for stride in first.stride()[:-1]):
        return None
    return first.as_strided((*first.shape[:-1], width), first.stride(), first.storage_offset())
