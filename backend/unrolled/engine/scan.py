"""Scans: a cycle step by step, as a tape of torch calls into preallocated tensors.

The tape is made once a run: products of one operand are stacked into one, sums are added up in the place of
what was hoisted, the gates that share a function are one call, and every call has its `out=`. A chunk binds
the tape to the views of its steps (`registers.py`) and plays it. Anything the tape does not cover (a scan
inside a scan) is played by `executor.py` step by step through the maps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from unrolled.engine.kernels import BINARY, UNARY, call
from unrolled.engine.maps import leading_labels, swept_ranks
from unrolled.engine.patterns import Patterns
from unrolled.engine.registers import Registers
from unrolled.engine.selections import Selection, Side, cones_of
from unrolled.engine.stacked import StackedProducts
from unrolled.engine.stacks import adjacent, is_start, members_of_stack
from unrolled.engine.sums import product_groups
from unrolled.engine.sweeps import Sweeps
from unrolled.engine.tape import Call, Register, Tape, copy_into
from unrolled.engine.values import RELATIVES, Values, Window
from unrolled.graph import Component, Instruction, Operand, Program


def tape_of(
    values: Values, scan: Component, readers: Mapping[int, list[int]], forcing: float
) -> Tape | None:
    """The tape of a scan whose body is maps only; None where a scan stands inside, or where it gathers from a tree."""
    if (
        any(inner.kind != "map" for inner in scan.body)
        or scan.direction == "up"
        or scan.index is None
        or _gathers(values.program, scan)
    ):
        return None
    return _Builder(values, scan, readers, forcing).build()


def _gathers(program: Program, scan: Component) -> bool:
    """Whether the scan reads children or parents of what it computes itself: a copy each step, no view of a tensor."""
    inside = set(scan.all_instructions())
    return any(
        operand.value in inside and any(one.anchor in RELATIVES for one in operand.positions)
        for identity in inside
        for operand in program.instructions[identity].operands
    )


class _Builder:
    def __init__(
        self, values: Values, scan: Component, readers: Mapping[int, list[int]], forcing: float
    ) -> None:
        self.values = values
        self.program = values.program
        self.scan = scan
        self.readers = readers
        self.forcing = forcing
        self.index = scan.index or ""
        inside = frozenset(scan.all_instructions())
        self.patterns = Patterns(self.program, self.index, inside, readers)
        self.tape = Tape(self.index, scan.direction == "forward")
        self.registers = Registers(values, self.patterns, self.tape.starts)
        self.stacks = StackedProducts(values, scan, readers, self.registers, self.tape)
        self.members_of = {
            product: stack
            for inner in scan.body
            for stack in inner.stacked
            for product in stack
            if not self.patterns.labels(self.program.instructions[product])
        }
        self.sweeps = Sweeps(values, self.patterns, self.registers)
        self.weighted = self.sweeps.weighted()
        self.sums = {total: product for product, total in self.weighted.items()}
        self.cones = cones_of(self.patterns, self.registers.is_kept, self._stacked())

    def _stacked(self) -> set[int]:
        """Stacked products, the sums that they start and the gates that are computed with them."""
        return {
            one
            for stack in set(self.members_of.values())
            for member in members_of_stack(self.program, self.scan, stack, self.readers)
            for one in (member.product, member.total, member.result)
            if one is not None
        }

    def build(self) -> Tape:
        waiting = {one for sides in self.cones.values() for side in sides for one in side}
        waiting |= self.weighted.keys()
        for identity in self.scan.all_instructions():
            if identity not in waiting:
                self._next(identity)
        return self.tape

    def _next(self, identity: int) -> None:
        instruction = self.program.instructions[identity]
        if identity in self.stacks.done:
            return
        if identity in self.members_of:
            self.stacks.add(self.members_of[identity])
        elif identity in self.cones:
            self._selection(instruction)
        elif not self.patterns.is_absorbed(identity) and not self.patterns.is_interpolated(
            instruction
        ):
            self._instruction(instruction)

    # single instructions

    def _instruction(self, instruction: Instruction) -> None:
        function = instruction.function
        if function == "total":
            self._total(instruction)
            return
        out = self.registers.out(instruction)
        if function == "matmul" and self.patterns.is_plain_product(instruction):
            self.tape.add(torch.mm, self._factors(instruction), out, row=0)
        elif function in UNARY:
            self.tape.add(UNARY[function], self._arguments(instruction), out)
        elif function in BINARY:
            self.tape.add(BINARY[function], self._arguments(instruction), out)
        elif instruction.identity in self.sums:
            product = self.program.instructions[self.sums[instruction.identity]]
            self.tape.calls.append(self.sweeps.weighted_sum(product, instruction))
        elif (swept := self.sweeps.call(instruction)) is not None:
            self.tape.calls.append(swept)
        else:
            self._general(instruction, out)

    def _selection(self, instruction: Instruction) -> None:
        """A `where` whose condition is known: what computes its sides stands inside of it."""
        condition, *operands = instruction.operands
        sides = [
            self._side(instruction, operand, cone)
            for operand, cone in zip(operands, self.cones[instruction.identity], strict=True)
        ]
        self.tape.calls.append(
            Selection(
                self.registers.argument(condition, instruction),
                (sides[0], sides[1]),
                self.registers.out(instruction),
                instruction.shape[-1] if instruction.shape else 1,
            )
        )

    def _side(self, instruction: Instruction, operand: Operand, cone: frozenset[int]) -> Side:
        before = self.tape.calls
        self.tape.calls = []
        for identity in self.scan.all_instructions():
            if identity in cone:
                self._next(identity)
        calls = tuple(one for one in self.tape.calls if isinstance(one, Call))
        self.tape.calls = before
        return Side(calls, self.registers.argument(operand, instruction))

    def _arguments(self, instruction: Instruction) -> list[Register]:
        return [self.registers.argument(one, instruction) for one in instruction.operands]

    def _factors(self, product: Instruction) -> tuple[Register, Register]:
        """The row and the matrix of a product."""
        weight = self.values.tensors[product.operands[0].value].mT
        row = self.registers.argument(product.operands[1], product)
        return row, self.registers.fixed(weight)

    def _general(self, instruction: Instruction, out: Register) -> None:
        rest = [label for label in leading_labels(self.program, instruction) if label != self.index]
        shapes = (self.program.instructions[one.value].shape for one in instruction.operands)
        ranks = swept_ranks(self.values, tuple(map(len, shapes)), instruction.over, rest)
        function, forcing = instruction.function, self.forcing

        def general(*values: Tensor, out: Tensor) -> None:
            out.copy_(call(function, values, ranks, forcing))

        self.tape.add(general, self._arguments(instruction), out)

    # sums

    def _total(self, instruction: Instruction) -> None:
        """An n-ary sum: in the place of what is hoisted where a product is added to that, else into its own."""
        pairs = list(zip(instruction.operands, instruction.signs, strict=True))
        if instruction.identity in self.stacks.prepared:
            part, taken = self.stacks.prepared[instruction.identity]
            rest = [pair for pair in pairs if pair[0].value not in taken]
            self._add_up(instruction, part, rest, self.registers.out(instruction))
            return
        if self._is_interpolation(instruction):
            return
        absorbed = [pair for pair in pairs if self._absorbs(pair)]
        plain = [pair for pair in pairs if not self._absorbs(pair)]
        groups = self._joint_products(instruction)
        start = self._start(instruction, plain, absorbed)
        together = {product for group in groups for product in group}
        absorbed = [pair for pair in absorbed if pair[0].value not in together]
        if start is not None:
            hoisted, room = start
            self.registers.results[instruction.identity] = room
            rest = [pair for pair in plain if pair[0] is not hoisted]
            self._add_up(instruction, room, [*rest, *absorbed], room, groups)
            return
        out = self.registers.out(instruction)
        if plain:
            (first, sign), *others = sorted(plain, key=lambda pair: pair[1] < 0)
            current = _spread(self.registers.argument(first, instruction), out)
            if sign < 0:
                self.tape.add(torch.neg, [current], out)
                current = out
        elif groups:
            self.tape.add(torch.mm, self._joint_product(groups[0]), out, row=0)
            current, others, groups = out, [], groups[1:]
        else:
            (first, sign), *absorbed = sorted(absorbed, key=lambda pair: pair[1] < 0)
            self._begin(first, sign, out)
            current, others = out, []
        self._add_up(instruction, current, [*others, *absorbed], out, groups)

    def _start(
        self,
        instruction: Instruction,
        plain: Sequence[tuple[Operand, int]],
        absorbed: Sequence[tuple[Operand, int]],
    ) -> tuple[Operand, Register] | None:
        """What was computed before the scan, as room for a sum without a name; where a product is added to it."""
        products = (self.program.instructions[operand.value] for operand, _ in absorbed)
        if self.registers.is_kept(instruction) or all(one.function != "matmul" for one in products):
            return None
        for operand, sign in plain:
            if sign > 0 and is_start(
                self.program, operand, self.patterns.inside, instruction, self.index
            ):
                room = self.registers.start([operand], instruction.identity)
                return operand, room(0, instruction.shape[0])
        return None

    def _add_up(
        self,
        instruction: Instruction,
        current: Register,
        pairs: Sequence[tuple[Operand, int]],
        out: Register,
        groups: Sequence[list[int]] = (),
    ) -> None:
        """Summands, and products that are one, onto what there is, into a place."""
        for group in groups:
            self.tape.add(torch.addmm, (current, *self._joint_product(group)), out, row=1)
            current = out
        for pair in pairs:
            self._add(instruction, pair, current, out)
            current = out
        if current is not out:
            self.tape.add(copy_into, [current], out)

    def _joint_products(self, total: Instruction) -> list[list[int]]:
        """Products that a sum absorbs, of variables that lie side by side."""
        return [
            group
            for group in product_groups(self.program, total, self.index, self.readers)
            if self.patterns.inside.issuperset(group)
            and self.stacks.done.isdisjoint(group)
            and adjacent([self.values.tensors[one] for one in self._vectors(group)]) is not None
        ]

    def _vectors(self, group: list[int]) -> list[int]:
        return [self.program.instructions[product].operands[1].value for product in group]

    def _joint_product(self, group: list[int]) -> tuple[Register, Register]:
        """The variables of several products as one vector, and their matrices as one."""
        values = self.values
        operands = [self.program.instructions[product].operands for product in group]
        matrices = [values.tensors[matrix.value] for matrix, _ in operands]
        weight = torch.cat(matrices, 1).mT.contiguous()
        self.tape.refresh.append(lambda: weight.copy_(torch.cat(matrices, 1).mT))

        def register(window: Window) -> list[Tensor]:
            whole = adjacent([values.view(vector, window)[0] for _, vector in operands])
            assert whole is not None
            return list(whole.unbind(0))

        return register, self.registers.fixed(weight)

    def _is_interpolation(self, instruction: Instruction) -> bool:
        """u * a + (1 - u) * b as one call, `lerp(b, a, u)`: the update of leaky units and of the GRU."""
        if len(instruction.operands) != 2 or instruction.signs != (1, 1):
            return False
        if not all(self._absorbs((operand, 1)) for operand in instruction.operands):
            return False
        products = [self.program.instructions[operand.value] for operand in instruction.operands]
        if any(product.function != "multiply" for product in products):
            return False
        for kept, new in (products, products[::-1]):
            for weight, end in (kept.operands, kept.operands[::-1]):
                for rest, start in (new.operands, new.operands[::-1]):
                    if self.patterns.is_complement(rest, weight):
                        arguments = [
                            self.registers.argument(one, kept) for one in (start, end, weight)
                        ]
                        self.tape.add(torch.lerp, arguments, self.registers.out(instruction))
                        return True
        return False

    def _absorbs(self, pair: tuple[Operand, int]) -> bool:
        operand = pair[0]
        return (
            operand.value in self.patterns.inside
            and not operand.positions
            and operand.value not in self.stacks.done
            and self.patterns.is_absorbed(operand.value)
        )

    def _begin(self, operand: Operand, sign: int, out: Register) -> None:
        product = self.program.instructions[operand.value]
        if product.function == "matmul":
            self.tape.add(torch.mm, self._factors(product), out, row=0)
        else:
            self.tape.add(torch.mul, self._arguments(product), out)
        if sign < 0:
            self.tape.add(torch.neg, [out], out)

    def _add(
        self, instruction: Instruction, pair: tuple[Operand, int], current: Register, out: Register
    ) -> None:
        operand, sign = pair
        product = self.program.instructions[operand.value]
        if not self._absorbs(pair):
            function = torch.add if sign > 0 else torch.sub
            self.tape.add(function, (current, self.registers.argument(operand, instruction)), out)
        elif product.function == "matmul":
            add = torch.addmm if sign > 0 else partial(torch.addmm, alpha=-1)
            self.tape.add(add, (current, *self._factors(product)), out, row=1)
        else:
            add = torch.addcmul if sign > 0 else partial(torch.addcmul, value=-1)
            self.tape.add(add, (current, *self._arguments(product)), out)


def _spread(register: Register, out: Register) -> Register:
    """A register with the shape of the result, so that what is added to it in place has room."""

    def spread(window: Window) -> list[Tensor]:
        views, shape = register(window), out(window)[0].shape
        return views if views[0].shape == shape else [view.expand(shape) for view in views]

    return spread
