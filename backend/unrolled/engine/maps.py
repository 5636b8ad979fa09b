"""Maps: instructions for all steps of a window at once, as batched products and whole-tensor operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from unrolled.engine.kernels import BINARY, UNARY, Ranks, call
from unrolled.engine.recording import Again, Recording, is_view, note_copy
from unrolled.engine.values import (
    Values,
    Window,
    aligned,
    is_static,
    is_unit_by_unit,
    operand_labels,
)
from unrolled.graph import Component, Instruction, Operand, Program
from unrolled.graph.trees import BOTH, LEAF, Needed, is_needed, leaf_condition


@dataclass(frozen=True, slots=True)
class AffineGroup:
    """Products U_1 x, U_2 x, … of one operand, as one product; with the sums b_i + U_i x where they are.

    A single product is a group where there is such a sum. `members` are the results in the order of the stack: the sum where there is one, else the product.
    """

    operand: Operand
    products: tuple[int, ...]
    members: tuple[int, ...]
    biases: tuple[int, ...] | None


@dataclass
class MapPlan:
    """How a map component is executed: which instructions one product computes, and which one by one."""

    component: Component
    groups: dict[int, AffineGroup] = field(
        default_factory=dict[int, AffineGroup]
    )  # by first product
    skipped: set[int] = field(default_factory=set[int])


def consumers(program: Program) -> dict[int, list[int]]:
    """Who reads each instruction."""
    found: dict[int, list[int]] = {}
    for identity, instruction in program.instructions.items():
        for operand in instruction.operands:
            found.setdefault(operand.value, []).append(identity)
    for identity in program.stops.values():
        found.setdefault(identity, []).append(-1)
    return found


def plan_map(
    program: Program,
    component: Component,
    rank: Mapping[int, int],
    readers: Mapping[int, list[int]],
) -> MapPlan:
    """Plan a map. `rank` orders the members of a stack as the scan that reads them wants them."""
    plan = MapPlan(component)
    inside = set(component.instructions)
    for stack in (*component.stacked, *_single(program, component)):
        sums = {product: _affine_sum(program, product, readers, inside) for product in stack}
        result = {
            product: sums[product] if sums[product] is not None else product for product in stack
        }
        products = sorted(
            stack, key=lambda product: (rank.get(result[product] or product, 10**6), product)
        )
        biased = all(sums[product] is not None for product in stack)
        if len(stack) == 1 and not biased:
            continue
        members = (
            tuple(result[product] or product for product in products) if biased else tuple(products)
        )
        biases = (
            tuple(
                _bias(program, member, product)
                for member, product in zip(members, products, strict=True)
            )
            if biased
            else None
        )
        group = AffineGroup(
            program.instructions[stack[0]].operands[1], tuple(products), members, biases
        )
        first = min(stack)
        plan.groups[first] = group
        plan.skipped |= (set(stack) - {first}) | (set(members) if biased else set[int]())
    return plan


def _single(program: Program, component: Component) -> Iterator[tuple[int]]:
    """Products of a matrix of the run with a vector that stand in no stack."""
    stacked = {product for stack in component.stacked for product in stack}
    for identity in component.instructions:
        product = program.instructions[identity]
        if product.function != "matmul" or product.variable is not None or identity in stacked:
            continue
        left, right = (program.instructions[operand.value] for operand in product.operands)
        if (
            is_static(left)
            and (len(left.shape), len(right.shape)) == (2, 1)
            and not right.is_shared
        ):
            yield (identity,)


def _affine_sum(
    program: Program, product: int, readers: Mapping[int, list[int]], inside: set[int]
) -> int | None:
    """The sum `b + product` that alone reads a product, if it is exactly that, here, and no variable."""
    if len(readers.get(product, ())) != 1 or readers[product][0] not in inside:
        return None
    total = program.instructions[readers[product][0]]
    if (
        total.function != "total"
        or len(total.operands) != 2
        or total.signs != (1, 1)
        or total.variable is not None
    ):
        return None
    if total.boundary is not None or any(operand.positions for operand in total.operands):
        return None
    other = next(operand.value for operand in total.operands if operand.value != product)
    bias = program.instructions[other]
    # a bias that this very map computes may not be there yet when the product is
    is_known = is_static(bias) and other not in inside
    return total.identity if is_known and bias.shape == total.shape else None


def _bias(program: Program, member: int, product: int) -> int:
    return next(
        operand.value
        for operand in program.instructions[member].operands
        if operand.value != product
    )


def run_map(
    values: Values,
    plan: MapPlan,
    window: Window,
    forcing: float,
    needed: Mapping[int, Needed | None],
    recording: Recording | None = None,
) -> None:
    """Execute a map inside a window; results without a tensor for all steps hold the window alone.

    `needed`: at which nodes of a tree a value is needed (`graph/trees.py`).
    """

    def side(index: str) -> int:
        return values.side(index, window)

    for identity in plan.component.instructions:
        if identity in plan.groups:
            if any(is_needed(needed[one], side) for one in plan.groups[identity].products):
                _run_group(values, plan.groups[identity], window, recording)
        elif identity not in plan.skipped and is_needed(needed[identity], side):
            read = partial(_read, side, needed[identity] or {})
            instruction = one_sided(values.program, values.program.instructions[identity], read)
            result = compute(values, instruction, window, forcing, recording)
            keep(values, instruction, result, window, recording)


def _read(side: Callable[[str], int], needed: Needed, index: str) -> int:
    """The nodes of a window at which a value is read."""
    return side(index) & needed.get(index, BOTH)


def one_sided(
    program: Program, instruction: Instruction, side: Callable[[str], int]
) -> Instruction:
    """`where(leaf(n), …, …)` that is read at leaves alone, or at inner nodes alone, reads one argument."""
    index = leaf_condition(instruction, program)
    nodes = BOTH if index is None else side(index)
    if nodes == BOTH:
        return instruction
    chosen = instruction.operands[1 if nodes == LEAF else 2]
    return replace(instruction, function="copy", operands=(chosen,))


def _run_group(
    values: Values, group: AffineGroup, window: Window, recording: Recording | None
) -> None:
    program = values.program
    tensor, labels = values.view(group.operand, window)
    matrices = [
        values.tensors[program.instructions[product].operands[0].value]
        for product in group.products
    ]
    joint = _joined(matrices, recording)
    flat = tensor.reshape(-1, tensor.shape[-1])
    if recording is not None and not is_view(flat, [tensor]):
        recording.append(partial(flat.view(tensor.shape).copy_, tensor))
    if group.biases is None:
        whole = flat @ joint.mT
        if recording is not None:
            recording.append(partial(torch.mm, flat, joint.mT, out=whole))
    else:
        bias = _joined([values.tensors[bias] for bias in group.biases], recording)
        whole = torch.addmm(bias, flat, joint.mT)
        if recording is not None:
            recording.append(partial(torch.addmm, bias, flat, joint.mT, out=whole))
    whole = whole.reshape(*tensor.shape[:-1], whole.shape[-1])
    start = 0
    for member, matrix in zip(group.members, matrices, strict=True):
        instruction = program.instructions[member]
        part = whole.narrow(-1, start, matrix.shape[0])
        part = aligned(part, labels, instruction.indices, 1, 1, False)
        keep(values, instruction, part, window, recording)
        start += matrix.shape[0]


def _joined(parts: list[Tensor], recording: Recording | None) -> Tensor:
    """Tensors one above the other, now and again; one alone is itself."""
    if len(parts) == 1:
        return parts[0]
    joint = torch.cat(parts)
    if recording is not None:
        recording.append(partial(torch.cat, parts, out=joint))
    return joint


def keep(
    values: Values,
    instruction: Instruction,
    result: Tensor,
    window: Window,
    recording: Recording | None = None,
) -> None:
    """Store a result: into the tensor for all steps where one is allocated, else for this window."""
    identity = instruction.identity
    if instruction.boundary is not None:
        _keep_boundary(values, instruction, result, window, recording)
    if identity in values.pads:
        note_copy(recording, values.own(identity, window), result)
        return
    if instruction.indices:
        steps = [
            last - first + 1
            for first, last in (values.range(index, window) for index in instruction.indices)
        ]
        full = (
            *steps,
            result.shape[len(steps)] if result.dim() > len(steps) + len(instruction.shape) else 1,
            *instruction.shape,
        )
        result = result.expand(full)
    elif result.dim() < len(instruction.shape):  # a number that stands for all units
        batch = () if is_static(instruction) else (1,)
        result = result.expand(*batch, *instruction.shape)
    values.tensors[identity] = result
    if instruction.indices:
        values.windows[identity] = {
            index: values.range(index, window) for index in instruction.indices
        }


def _keep_boundary(
    values: Values,
    instruction: Instruction,
    result: Tensor,
    window: Window,
    recording: Recording | None,
) -> None:
    """A computed boundary value, into its place before or after the steps of its variable."""
    place = Operand(values.program.variables[instruction.name or ""], instruction.boundary or ())
    if (place.value, place.positions) not in values.fixed:
        note_copy(recording, values.view(place, window)[0], result)


def arguments(
    values: Values, instruction: Instruction, window: Window
) -> tuple[list[Tensor], Ranks]:
    """The aligned arguments of an instruction inside a window, and their ranks."""
    program = values.program
    widen = is_unit_by_unit(instruction.function)
    wanted = leading_labels(program, instruction)
    rank = len(instruction.shape)
    tensors: list[Tensor] = []
    ranks: list[int] = []
    swept = set(instruction.over)
    window = {index: steps for index, steps in window.items() if index not in swept}
    for operand in instruction.operands:
        producer = program.instructions[operand.value]
        tensor, labels = values.view(operand, window)
        own = len(producer.shape)
        static = is_static(producer)
        if static and swept:
            tensor, static = tensor.unsqueeze(0), False
        tensors.append(aligned(tensor, labels, wanted, own, rank if widen else own, static))
        ranks.append(own)
    return tensors, swept_ranks(values, tuple(ranks), instruction.over, wanted)


def swept_ranks(
    values: Values, ranks: tuple[int, ...], over: Sequence[str], labels: Sequence[str]
) -> Ranks:
    """What a kernel is told: ranks, and which of the leading dimensions it sweeps."""
    places = tuple(labels.index(index) for index in over)
    return Ranks(ranks, places, tuple(values.length(index) for index in over))


def leading_labels(program: Program, instruction: Instruction) -> tuple[str, ...]:
    """The labels that the arguments share: those of the result, in its order, then what else is swept."""
    found = set(instruction.over)
    for operand in instruction.operands:
        found |= set(operand_labels(program, operand))
    return (*instruction.indices, *program.order(found - set(instruction.indices)))


def compute(
    values: Values,
    instruction: Instruction,
    window: Window,
    forcing: float,
    recording: Recording | None = None,
) -> Tensor:
    """The result of one instruction inside a window."""
    tensors, ranks = arguments(values, instruction, window)
    function = instruction.function
    if function == "total":
        result = _total(tensors, instruction.signs)
        if recording is not None and (len(tensors) > 1 or instruction.signs[0] < 0):
            recording.append(_total_again(tensors, instruction.signs, result))
        return result
    result = call(function, tensors, ranks, forcing)
    if recording is not None and not is_view(result, tensors):
        kernel = UNARY.get(function) or BINARY.get(function)
        if kernel is not None:
            recording.append(partial(kernel, *tensors, out=result))
        else:
            recording.append(_call_again(function, tensors, ranks, forcing, result))
    for index, place in zip(instruction.over, ranks.over, strict=True):
        if (
            index in instruction.indices
        ):  # a softmax, or its slope: of all that it reads, these steps
            first, last = values.range(index, window)
            result = result.narrow(place, first - 1, last - first + 1)
    return result


def _total_again(tensors: Sequence[Tensor], signs: Sequence[int], result: Tensor) -> Again:
    if len(tensors) == 2 and signs[0] > 0:
        return partial(torch.add, tensors[0], tensors[1], alpha=signs[1], out=result)
    return lambda: result.copy_(_total(tensors, signs))


def _call_again(
    function: str, tensors: Sequence[Tensor], ranks: Ranks, forcing: float, result: Tensor
) -> Again:
    return lambda: result.copy_(call(function, tensors, ranks, forcing))


def _total(tensors: Sequence[Tensor], signs: Sequence[int]) -> Tensor:
    result = tensors[0] if signs[0] > 0 else -tensors[0]
    for tensor, sign in zip(tensors[1:], signs[1:], strict=True):
        result = torch.add(result, tensor, alpha=sign)
    return result
