"""Stacked products of a scan: one product for all of an operand's matrices, and one call for gates of one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from unrolled.engine.kernels import UNARY
from unrolled.engine.registers import Registers
from unrolled.engine.stacks import Member, adjacent, members_of_stack
from unrolled.engine.tape import Register, Tape, copy_into
from unrolled.engine.values import Values, Window
from unrolled.graph import Component, Instruction, Program


@dataclass(frozen=True)
class StackedProducts:
    """Writes the stacks of a scan on its tape.

    `prepared`: sums that a stacked product began, where they lie, and what it took of them; `done`:
    instructions that need no call of their own any more.
    """

    values: Values
    scan: Component
    readers: Mapping[int, list[int]]
    registers: Registers
    tape: Tape
    prepared: dict[int, tuple[Register, frozenset[int]]] = field(
        default_factory=dict[int, "tuple[Register, frozenset[int]]"]
    )
    done: set[int] = field(default_factory=set[int])

    @property
    def program(self) -> Program:
        return self.values.program

    def add(self, stack: Sequence[int]) -> None:
        """The products of a stack, the sums that they start and the gates of those."""
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
                self._product(group)

    def _product(self, members: list[Member]) -> None:
        program, values = self.program, self.values
        products = [program.instructions[member.product] for member in members]
        matrices = [values.tensors[one.operands[0].value] for one in products]
        weight = torch.cat(matrices).mT.contiguous()
        self.tape.refresh.append(lambda: weight.copy_(torch.cat(matrices).mT))
        sizes = [one.shape[0] for one in products]
        source = self.registers.argument(products[0].operands[1], products[0], widen=False)
        columns = self._columns(members, sum(sizes))
        whole = columns(0, sum(sizes))
        if members[0].hoisted is None:
            self.tape.add(torch.mm, (source, self.registers.fixed(weight)), whole, row=0)
        else:
            self.tape.add(torch.addmm, (whole, source, self.registers.fixed(weight)), whole, row=1)
        places: list[tuple[Member, int, int]] = []
        start_column = 0
        for member, size in zip(members, sizes, strict=True):
            part = columns(start_column, size)
            self.done.add(member.product)
            if member.total is None or member.hoisted is None:
                self.registers.results[member.product] = part
                if self.registers.is_kept(program.instructions[member.product]):
                    out = self.registers.out(program.instructions[member.product])
                    self.tape.add(copy_into, [part], out)
            else:
                self.prepared[member.total] = (
                    part,
                    frozenset({member.product, member.hoisted.value}),
                )
                if not self.registers.is_kept(program.instructions[member.total]):
                    self.registers.results[member.total] = part
                    self.done.update(set() if member.rest else {member.total})
            places.append((member, start_column, size))
            start_column += size
        self._gates(places, columns)

    def _columns(self, members: list[Member], width: int) -> Callable[[int, int], Register]:
        """The room of a stacked product: what its sums start with, or room for one step."""
        hoisted = [member.hoisted for member in members if member.hoisted is not None]
        if hoisted:
            return self.registers.start(hoisted, members[0].product)
        room = torch.empty(self.values.batch, width, dtype=self.values.dtype)
        return lambda column, size: self.registers.fixed(room.narrow(1, column, size))

    def _gates(
        self, places: list[tuple[Member, int, int]], columns: Callable[[int, int], Register]
    ) -> None:
        """Neighbours in a stack with one function: one call for all of them."""
        run: list[tuple[Member, int, int]] = []

        def flush() -> None:
            if run:
                self._gate(run, columns)
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

    def _gate(
        self, run: list[tuple[Member, int, int]], columns: Callable[[int, int], Register]
    ) -> None:
        results = [
            self.program.instructions[member.result]
            for member, _, _ in run
            if member.result is not None
        ]
        function = UNARY[run[0][0].function or ""]
        start, width = run[0][1], sum(size for _, _, size in run)
        source = columns(start, width)
        if results[0].variable is None:
            joint = torch.empty(self.values.batch, width, dtype=self.values.dtype)
            self.tape.add(function, (source,), self.registers.fixed(joint))
            column = 0
            for result, (_, _, size) in zip(results, run, strict=True):
                part = self.registers.fixed(joint.narrow(1, column, size))
                self.registers.results[result.identity] = part
                if self.registers.is_kept(result):
                    self.tape.add(copy_into, [part], self.registers.out(result))
                column += size
        elif len(results) > 1 and (whole_out := self._joint_out(results)) is not None:
            self.tape.add(function, (source,), whole_out)
        else:
            for result, (_, column, size) in zip(results, run, strict=True):
                self.tape.add(function, (columns(column, size),), self.registers.out(result))
        self.done.update(result.identity for result in results)

    def _joint_out(self, results: list[Instruction]) -> Register | None:
        """The recorded tensors of several gates as one, where `loading.py` laid them side by side."""
        values = self.values
        if adjacent([values.tensors[one.identity] for one in results]) is None:
            return None

        def register(window: Window) -> list[Tensor]:
            whole = adjacent([values.own(one.identity, window) for one in results])
            assert whole is not None
            return list(whole.unbind(0))

        return register
