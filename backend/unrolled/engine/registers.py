"""Where the values of a scan lie at each step of a window: one view a step, found once and shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from unrolled.engine.kernels import BINARY, UNARY
from unrolled.engine.maps import leading_labels
from unrolled.engine.patterns import Patterns
from unrolled.engine.recording import Recording
from unrolled.engine.stacks import adjacent
from unrolled.engine.tape import Register
from unrolled.engine.values import Values, Window, aligned, is_static, is_unit_by_unit
from unrolled.graph import Instruction, Operand


class Registers:
    """The views of a scan's values. `starts` are the calls that a bound window makes before its steps."""

    def __init__(self, values: Values, patterns: Patterns, starts: Recording) -> None:
        self.values = values
        self.program = values.program
        self.patterns = patterns
        self.index = patterns.index
        self.inside = patterns.inside
        self.results: dict[int, Register] = {}  # of what is held for one step only
        self._starts = starts
        self._reaches: dict[
            int, list[int]
        ] = {}  # per variable: the least and the greatest offset read
        self._views: dict[tuple[Any, ...], list[Tensor]] = {}
        self._window: Window | None = None

    def fixed(self, tensor: Tensor) -> Register:
        """The same at every step."""

        def register(window: Window) -> list[Tensor]:
            first, last = window[self.index]
            return [tensor] * (last - first + 1)

        return register

    def _cached(
        self, key: tuple[Any, ...], window: Window, make: Callable[[], list[Tensor]]
    ) -> list[Tensor]:
        if self._window is not window:
            self._window = window
            self._views.clear()
        if key not in self._views:
            self._views[key] = make()
        return self._views[key]

    def is_kept(self, instruction: Instruction) -> bool:
        """Whether every step of a result is held: a variable, or what is read outside this scan."""
        return instruction.identity in self.values.pads

    def out(self, instruction: Instruction) -> Register:
        """Where a result is written."""
        if self.is_kept(instruction):
            return self._shared_steps(instruction.identity, 0)
        if instruction.identity not in self.results:
            sizes = [self.values.length(label) for label in self.patterns.labels(instruction)]
            room = torch.empty(
                *sizes, self.values.batch, *instruction.shape, dtype=self.values.dtype
            )
            self.results[instruction.identity] = self.fixed(room)
        return self.results[instruction.identity]

    def argument(self, operand: Operand, reader: Instruction, widen: bool = True) -> Register:
        """An operand as its reader sees it."""
        producer = self.program.instructions[operand.value]
        rank = len(producer.shape)
        widen_to = (
            max(rank, len(reader.shape)) if widen and is_unit_by_unit(reader.function) else rank
        )
        wanted = leading_labels(self.program, reader)
        if operand.value in self.inside and not self.is_kept(producer):
            labels = self.patterns.labels(producer)
            rest = tuple(label for label in wanted if label != self.index)
            register = self.out(producer)
            if labels == rest and (rank == widen_to or rank):
                return register
            return changed(
                register, lambda view: aligned(view, labels, rest, rank, widen_to, False)
            )
        offset = self._shared_offset(operand)
        if offset is not None and wanted == (self.index,) and (widen_to == rank or rank):
            return self._shared_steps(operand.value, offset)
        return self._steps(operand, wanted, rank, widen_to)

    def _shared_steps(self, identity: int, offset: int) -> Register:
        """A variable of this scan's index alone, `offset` steps away: all reads share their views."""
        reach = self._reaches.setdefault(identity, [0, 0])
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

    def _steps(
        self, operand: Operand, wanted: tuple[str, ...], rank: int, widen_to: int
    ) -> Register:
        """An operand at each step of a window: one view a step."""
        producer = self.program.instructions[operand.value]

        def register(window: Window) -> list[Tensor]:
            def make() -> list[Tensor]:
                tensor, labels = self.values.view(operand, window)
                if is_static(producer):
                    tensor = aligned(tensor, labels, wanted, rank, widen_to, True)
                    return self.fixed(tensor)(window)
                if self.index not in labels:
                    rest = tuple(label for label in wanted if label != self.index)
                    return self.fixed(aligned(tensor, labels, rest, rank, widen_to, False))(window)
                tensor = aligned(tensor, labels, wanted, rank, widen_to, False)
                return list(tensor.unbind(wanted.index(self.index)))

            return self._cached((operand, wanted, widen_to), window, make)

        return register

    # sums that begin with what was computed before the scan

    def start(self, hoisted: Sequence[Operand], total: int) -> Callable[[int, int], Register]:
        """What sums start with, side by side, as room that they are added up in: columns of it, from one on.

        Where nothing else reads what a map computed, that is the room itself, for the map computes it anew
        for every window; else it is a copy.
        """
        values = self.values

        def whole(window: Window) -> Tensor:
            parts = [values.own(operand.value, window) for operand in hoisted]
            found = adjacent(parts)
            if found is None or found.dim() == 1 or not self._is_spare(hoisted, found):
                first, last = window[self.index]
                shape = (last - first + 1, values.batch)
                spread = [part.expand(*shape, part.shape[-1]) for part in parts]
                found = torch.cat(spread, -1)
                self._starts.append(partial(torch.cat, spread, -1, out=found))
            return found

        def columns(column: int, width: int) -> Register:
            def register(window: Window) -> list[Tensor]:
                def make() -> list[Tensor]:
                    (room,) = self._cached((total, "start"), window, lambda: [whole(window)])
                    return list(room.narrow(-1, column, width).unbind(0))

                return self._cached((total, "start", column, width), window, make)

            return register

        return columns

    def _is_spare(self, hoisted: Sequence[Operand], room: Tensor) -> bool:
        """Whether what was computed before the scan may be overwritten by its only reader."""
        own = (self.program.instructions[operand.value] for operand in hoisted)
        return all(
            self.patterns.only_reader(one) is not None
            and one.identity not in self.values.pads
            and one.boundary is None
            and (one.function in _FRESH or (one.function == "total" and len(one.operands) > 1))
            for one in own
        ) and all(
            stride or size == 1 for size, stride in zip(room.shape, room.stride(), strict=True)
        )


_FRESH = frozenset({"matmul", *UNARY, *BINARY})  # results that lie in nobody else's memory


def changed(register: Register, change: Callable[[Tensor], Tensor]) -> Register:
    """Another view of each value; of one that is the same at all steps, only one."""

    def register_of(window: Window) -> list[Tensor]:
        views = register(window)
        made = {key: change(view) for key, view in {id(view): view for view in views}.items()}
        return [made[id(view)] for view in views]

    return register_of
