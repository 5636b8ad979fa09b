"""Scans: a cycle step by step, as a tape of torch calls into preallocated tensors.

The tape is made once a run: products of one operand are stacked into one, sums start with what was
hoisted, the gates that share a function are one call, and every call has its `out=`. A chunk binds the
tape to the views of its steps and plays it. Anything the tape does not cover (a scan inside a scan) is
played by `run.py` step by step through the maps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from unrolled.engine.kernels import BINARY, UNARY, call
from unrolled.engine.maps import leading_labels, swept_ranks
from unrolled.engine.stacks import Member, adjacent, members_of_stack
from unrolled.engine.tape import Call, Register, Tape
from unrolled.engine.values import Values, Window, aligned, is_static, is_unit_by_unit
from unrolled.graph import Component, Instruction, Operand


def tape_of(
    values: Values, scan: Component, readers: Mapping[int, list[int]], forcing: float
) -> Tape | None:
    """The tape of a scan whose body is maps only; None where a scan stands inside."""
    if (
        any(inner.kind != "map" for inner in scan.body)
        or scan.direction == "up"
        or scan.index is None
    ):
        return None
    return _Builder(values, scan, readers, forcing).build()


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
        self.inside = set(scan.all_instructions())
        self.tape = Tape(self.index, scan.direction == "forward")
        self.scratch: dict[int, Tensor] = {}  # results that live for one step only
        self.prepared: dict[
            int, tuple[Tensor, frozenset[int]]
        ] = {}  # sums that a stacked product began, and what it took
        self.done: set[int] = set()
        self.reaches: dict[
            int, list[int]
        ] = {}  # per variable: the least and the greatest offset read
        self._views: dict[tuple[Any, ...], list[Tensor]] = {}
        self._window: Window | None = None

    def build(self) -> Tape:
        members_of = {
            product: stack
            for inner in self.scan.body
            for stack in inner.stacked
            for product in stack
            if not self._labels(self.program.instructions[product])
        }
        for identity in self.scan.all_instructions():
            if identity in self.done:
                continue
            if identity in members_of:
                self._stack(members_of[identity])
            elif not self._is_absorbed(identity) and not self._is_interpolated(
                self.program.instructions[identity]
            ):
                self._instruction(self.program.instructions[identity])
        return self.tape

    # registers

    def _labels(self, instruction: Instruction) -> tuple[str, ...]:
        return tuple(label for label in instruction.indices if label != self.index)

    def _fixed(self, tensor: Tensor) -> Register:
        def register(window: Window) -> list[Tensor]:
            first, last = window[self.index]
            return [tensor] * (last - first + 1)

        return register

    def _cached(
        self, key: tuple[Any, ...], window: Window, make: Callable[[], list[Tensor]]
    ) -> list[Tensor]:
        if self._window != window:
            self._window = window
            self._views.clear()
        if key not in self._views:
            self._views[key] = make()
        return self._views[key]

    def _scratch(self, instruction: Instruction) -> Tensor:
        if instruction.identity not in self.scratch:
            sizes = [self.values.length(label) for label in self._labels(instruction)]
            self.scratch[instruction.identity] = torch.empty(
                *sizes, self.values.batch, *instruction.shape, dtype=self.values.dtype
            )
        return self.scratch[instruction.identity]

    def _is_kept(self, instruction: Instruction) -> bool:
        """Whether every step of a result is held: a variable, or what is read outside this scan."""
        return instruction.identity in self.values.pads

    def _out(self, instruction: Instruction) -> Register:
        if not self._is_kept(instruction):
            return self._fixed(self._scratch(instruction))
        return self._shared_steps(instruction.identity, 0)

    def _shared_steps(self, identity: int, offset: int) -> Register:
        """A variable of this scan's index alone, `offset` steps away: all reads share their views."""
        reach = self.reaches.setdefault(identity, [0, 0])
        reach[:] = min(reach[0], offset), max(reach[1], offset)

        def register(window: Window) -> list[Tensor]:
            first, last = window[self.index]

            def make() -> list[Tensor]:
                wide = {**window, self.index: (first + reach[0], last + reach[1])}
                tensor, labels = self.values.view(Operand(identity), wide)
                return list(tensor.unbind(labels.index(self.index)))

            views = self._cached((identity, "shared"), window, make)
            start = offset - reach[0]
            return views[start : start + last - first + 1]

        return register

    def _shared_offset(self, operand: Operand) -> int | None:
        """How far an operand reads along this scan's index, where that is its only index."""
        if self.program.instructions[operand.value].indices != (self.index,):
            return None
        if not operand.positions:
            return 0
        position = operand.positions[0]
        plain = position.anchor == "shift" and position.index == self.index
        return position.offset if plain else None

    def _steps(self, operand: Operand, reader: Instruction, widen_to: int) -> Register:
        """An operand at each step of a window: one view a step."""
        producer = self.program.instructions[operand.value]
        wanted = leading_labels(self.program, reader)
        rank = len(producer.shape)

        def register(window: Window) -> list[Tensor]:
            def make() -> list[Tensor]:
                tensor, labels = self.values.view(operand, window)
                if is_static(producer):
                    tensor = aligned(tensor, labels, wanted, rank, widen_to, True)
                    return self._fixed(tensor)(window)
                if self.index not in labels:
                    rest = tuple(label for label in wanted if label != self.index)
                    return self._fixed(aligned(tensor, labels, rest, rank, widen_to, False))(window)
                tensor = aligned(tensor, labels, wanted, rank, widen_to, False)
                return list(tensor.unbind(wanted.index(self.index)))

            return self._cached((operand, wanted, widen_to), window, make)

        return register

    def _argument(self, operand: Operand, reader: Instruction, widen: bool = True) -> Register:
        producer = self.program.instructions[operand.value]
        rank = len(producer.shape)
        widen_to = (
            max(rank, len(reader.shape)) if widen and is_unit_by_unit(reader.function) else rank
        )
        if operand.value in self.inside and not self._is_kept(producer):
            rest = tuple(
                label for label in leading_labels(self.program, reader) if label != self.index
            )
            tensor = aligned(
                self._scratch(producer), self._labels(producer), rest, rank, widen_to, False
            )
            return self._fixed(tensor)
        offset = self._shared_offset(operand)
        labels = leading_labels(self.program, reader)
        if offset is not None and labels == (self.index,) and (widen_to == rank or rank):
            return self._shared_steps(operand.value, offset)
        return self._steps(operand, reader, widen_to)

    def _emit(
        self, function: Callable[..., Any], arguments: Sequence[Register], out: Register
    ) -> None:
        self.tape.calls.append(Call(function, tuple(arguments), out))

    # stacked products

    def _stack(self, stack: Sequence[int]) -> None:
        members = members_of_stack(self.program, self.scan, stack, self.readers)
        begun = set(self.prepared)
        for place, member in enumerate(members):
            if member.total is not None and member.total in begun:
                members[place] = replace(member, hoisted=None)  # a sum begins once
            elif member.hoisted is not None and member.total is not None:
                begun.add(member.total)
        started = [member for member in members if member.hoisted is not None]
        for group in (started, [member for member in members if member.hoisted is None]):
            if group:
                self._stacked_product(group)

    def _stacked_product(self, members: list[Member]) -> None:
        program, values = self.program, self.values
        products = [program.instructions[member.product] for member in members]
        matrices = [values.tensors[one.operands[0].value] for one in products]
        weight = torch.cat(matrices).mT.contiguous()
        self.tape.refresh.append(lambda: weight.copy_(torch.cat(matrices).mT))
        sizes = [one.shape[0] for one in products]
        whole = torch.empty(values.batch, sum(sizes), dtype=values.dtype)
        source = self._argument(products[0].operands[1], products[0], widen=False)
        if members[0].hoisted is None:
            self._emit(torch.mm, (source, self._fixed(weight)), self._fixed(whole))
        else:
            start = self._start(
                [member.hoisted for member in members if member.hoisted is not None]
            )
            self._emit(torch.addmm, (start, source, self._fixed(weight)), self._fixed(whole))
        places: list[tuple[Member, int, int]] = []
        start_column = 0
        for member, size in zip(members, sizes, strict=True):
            part = whole.narrow(1, start_column, size)
            self.done.add(member.product)
            if member.total is None or member.hoisted is None:
                self.scratch[member.product] = part
                if self._is_kept(program.instructions[member.product]):
                    out = self._out(program.instructions[member.product])
                    self._emit(_copy, [self._fixed(part)], out)
            else:
                self.prepared[member.total] = (
                    part,
                    frozenset({member.product, member.hoisted.value}),
                )
                if not self._is_kept(program.instructions[member.total]):
                    self.scratch[member.total] = part
                    self.done |= set() if member.rest else {member.total}
            places.append((member, start_column, size))
            start_column += size
        self._gates(places, whole)

    def _start(self, hoisted: list[Operand]) -> Register:
        """The hoisted sums of a stack side by side; one tensor already where a map made them so."""
        values = self.values

        def register(window: Window) -> list[Tensor]:
            parts = [values.own(operand.value, window) for operand in hoisted]
            whole = adjacent(parts)
            if whole is None or whole.dim() == 1:
                first, last = window[self.index]
                shape = (last - first + 1, values.batch)
                spread = [part.expand(*shape, part.shape[-1]) for part in parts]
                whole = torch.cat(spread, -1)
                self.tape.starts.append(partial(torch.cat, spread, -1, out=whole))
            return list(whole.unbind(0))

        return register

    def _gates(self, places: list[tuple[Member, int, int]], whole: Tensor) -> None:
        """Neighbours in a stack with one function: one call for all of them."""
        run: list[tuple[Member, int, int]] = []

        def flush() -> None:
            if run:
                self._gate(run, whole)
                run.clear()

        for place in places:
            member = place[0]
            if member.function is None:
                flush()
                continue
            if run and self._kind(run[-1][0]) != self._kind(member):
                flush()
            run.append(place)
        flush()

    def _kind(self, member: Member) -> tuple[str | None, bool]:
        is_variable = (
            member.result is not None
            and self.program.instructions[member.result].variable is not None
        )
        return member.function, is_variable

    def _gate(self, run: list[tuple[Member, int, int]], whole: Tensor) -> None:
        results = [
            self.program.instructions[member.result]
            for member, _, _ in run
            if member.result is not None
        ]
        function = UNARY[run[0][0].function or ""]
        start, width = run[0][1], sum(size for _, _, size in run)
        source = self._fixed(whole.narrow(1, start, width))
        if results[0].variable is None:
            joint = torch.empty(self.values.batch, width, dtype=self.values.dtype)
            self._emit(function, (source,), self._fixed(joint))
            column = 0
            for result, (_, _, size) in zip(results, run, strict=True):
                part = joint.narrow(1, column, size)
                self.scratch[result.identity] = part
                if self._is_kept(result):
                    self._emit(_copy, [self._fixed(part)], self._out(result))
                column += size
        elif len(results) > 1 and (whole_out := self._joint_out(results)) is not None:
            self._emit(function, (source,), whole_out)
        else:
            for result, (_, column, size) in zip(results, run, strict=True):
                self._emit(
                    function, (self._fixed(whole.narrow(1, column, size)),), self._out(result)
                )
        self.done |= {result.identity for result in results}

    def _joint_out(self, results: list[Instruction]) -> Register | None:
        """The recorded tensors of several gates as one, where `run.py` laid them side by side."""
        values = self.values
        if adjacent([values.tensors[one.identity] for one in results]) is None:
            return None

        def register(window: Window) -> list[Tensor]:
            whole = adjacent([values.own(one.identity, window) for one in results])
            assert whole is not None
            return list(whole.unbind(0))

        return register

    # single instructions

    def _is_absorbed(self, identity: int) -> bool:
        """A product that its only reader, a sum inside the scan, computes on the way."""
        instruction = self.program.instructions[identity]
        readers = self.readers.get(identity, ())
        if instruction.variable is not None or len(readers) != 1 or readers[0] not in self.inside:
            return False
        total = self.program.instructions[readers[0]]
        if (
            total.function != "total"
            or total.indices != instruction.indices
            or total.shape != instruction.shape
        ):
            return False
        if instruction.function == "matmul":
            return self._is_plain_product(instruction)
        return instruction.function == "multiply" and self._is_full_product(instruction)

    def _is_interpolated(self, instruction: Instruction) -> bool:
        """1 - u that only an interpolation reads is not computed at all."""
        if instruction.signs != (1, -1) or instruction.variable is not None:
            return False
        readers = self.readers.get(instruction.identity, ())
        if len(readers) != 1 or readers[0] not in self.inside or not self._is_absorbed(readers[0]):
            return False
        total = self.program.instructions[self.readers[readers[0]][0]]
        products = [self.program.instructions[operand.value] for operand in total.operands]
        if (
            len(products) != 2
            or total.signs != (1, 1)
            or any(operand.positions for operand in total.operands)
        ):
            return False
        return any(
            self._is_complement(Operand(instruction.identity), weight)
            for product in products
            if product.identity != readers[0]
            and product.function == "multiply"
            and product.identity in self.inside
            and self._is_absorbed(product.identity)
            for weight in product.operands
        )

    def _is_plain_product(self, instruction: Instruction) -> bool:
        left, right = (self.program.instructions[operand.value] for operand in instruction.operands)
        return (
            is_static(left)
            and len(left.shape) == 2
            and len(right.shape) == 1
            and not self._labels(instruction)
            and not right.is_shared
        )

    def _is_full_product(self, instruction: Instruction) -> bool:
        """Both factors have the full layout of the result, so that `addcmul` may run in place."""
        return all(
            self.program.instructions[operand.value].shape == instruction.shape
            and not self.program.instructions[operand.value].is_shared
            for operand in instruction.operands
        ) and not self._labels(instruction)

    def _instruction(self, instruction: Instruction) -> None:
        function = instruction.function
        out = self._out(instruction)
        if function == "total":
            self._total(instruction, out)
        elif function == "matmul" and self._is_plain_product(instruction):
            self._emit(
                torch.mm,
                (self._argument(instruction.operands[1], instruction), self._weight(instruction)),
                out,
            )
        elif function in UNARY:
            self._emit(UNARY[function], [self._argument(instruction.operands[0], instruction)], out)
        elif function in BINARY:
            self._emit(
                BINARY[function],
                [self._argument(operand, instruction) for operand in instruction.operands],
                out,
            )
        else:
            self._general(instruction, out)

    def _weight(self, instruction: Instruction) -> Register:
        return self._fixed(self.values.tensors[instruction.operands[0].value].mT)

    def _general(self, instruction: Instruction, out: Register) -> None:
        rest = [label for label in leading_labels(self.program, instruction) if label != self.index]
        shapes = (self.program.instructions[one.value].shape for one in instruction.operands)
        ranks = swept_ranks(self.values, tuple(map(len, shapes)), instruction.over, rest)
        function, forcing = instruction.function, self.forcing
        registers = [self._argument(operand, instruction) for operand in instruction.operands]

        def packed(window: Window) -> list[Any]:
            return list(zip(*(register(window) for register in registers), strict=True))

        def general(values: tuple[Tensor, ...], *, out: Tensor) -> None:
            out.copy_(call(function, values, ranks, forcing))

        self._emit(general, [packed], out)

    def _total(self, instruction: Instruction, out: Register) -> None:
        """An n-ary sum into its place: what is hoisted first, then products on the way, then the rest."""
        pairs = list(zip(instruction.operands, instruction.signs, strict=True))
        if instruction.identity in self.prepared:
            part, taken = self.prepared[instruction.identity]
            rest = [pair for pair in pairs if pair[0].value not in taken]
            current = self._fixed(part)
            if not rest:
                self._emit(_copy, [current], out)
            for pair in rest:
                self._add(instruction, pair, current, out)
                current = out
            return
        if self._is_interpolation(instruction, out):
            return
        absorbed = [pair for pair in pairs if self._absorbs(pair)]
        plain = [pair for pair in pairs if not self._absorbs(pair)]
        if plain:
            (first, sign), *others = sorted(plain, key=lambda pair: pair[1] < 0)
            current = _spread(self._argument(first, instruction), out)
            if sign < 0:
                self._emit(torch.neg, [current], out)
                current = out
        else:
            (first, sign), *absorbed = sorted(absorbed, key=lambda pair: pair[1] < 0)
            self._begin(instruction, first, sign, out)
            current, others = out, []
        for pair in [*others, *absorbed]:
            self._add(instruction, pair, current, out)
            current = out
        if current is not out:
            self._emit(_copy, [current], out)

    def _is_interpolation(self, instruction: Instruction, out: Register) -> bool:
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
                    if self._is_complement(rest, weight):
                        arguments = [self._argument(one, kept) for one in (start, end, weight)]
                        self._emit(torch.lerp, arguments, out)
                        return True
        return False

    def _is_complement(self, operand: Operand, weight: Operand) -> bool:
        """Whether an operand is 1 - weight."""
        total = self.program.instructions[operand.value]
        if operand.positions or total.function != "total" or total.signs != (1, -1):
            return False
        one = self.program.instructions[total.operands[0].value]
        return one.function == "number" and one.number == 1 and total.operands[1] == weight

    def _absorbs(self, pair: tuple[Operand, int]) -> bool:
        operand = pair[0]
        return (
            operand.value in self.inside
            and not operand.positions
            and operand.value not in self.done
            and self._is_absorbed(operand.value)
        )

    def _begin(self, instruction: Instruction, operand: Operand, sign: int, out: Register) -> None:
        product = self.program.instructions[operand.value]
        if product.function == "matmul":
            self._emit(
                torch.mm, (self._argument(product.operands[1], product), self._weight(product)), out
            )
        else:
            self._emit(torch.mul, [self._argument(one, product) for one in product.operands], out)
        if sign < 0:
            self._emit(torch.neg, [out], out)

    def _add(
        self, instruction: Instruction, pair: tuple[Operand, int], current: Register, out: Register
    ) -> None:
        operand, sign = pair
        product = self.program.instructions[operand.value]
        if not self._absorbs(pair):
            function = torch.add if sign > 0 else torch.sub
            self._emit(function, (current, self._argument(operand, instruction)), out)
        elif product.function == "matmul":
            add = torch.addmm if sign > 0 else partial(torch.addmm, alpha=-1)
            self._emit(
                add,
                (current, self._argument(product.operands[1], product), self._weight(product)),
                out,
            )
        else:
            add = torch.addcmul if sign > 0 else partial(torch.addcmul, value=-1)
            self._emit(
                add, (current, *(self._argument(one, product) for one in product.operands)), out
            )


def _spread(register: Register, out: Register) -> Register:
    """A register with the shape of the result, so that what is added to it in place has room."""

    def spread(window: Window) -> list[Tensor]:
        views, shape = register(window), out(window)[0].shape
        return views if views[0].shape == shape else [view.expand(shape) for view in views]

    return spread


def _copy(source: Tensor, *, out: Tensor) -> None:
    out.copy_(source)
