"""Executes the components of a plan inside windows of steps: maps, tapes, and scans inside scans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unrolled.engine.chunks import windows
from unrolled.engine.lstm import bind_lstm, can_run
from unrolled.engine.maps import run_map
from unrolled.engine.plans import Plan
from unrolled.engine.recording import Recording
from unrolled.engine.scan import tape_of
from unrolled.engine.stages import Stage
from unrolled.engine.tape import Tape
from unrolled.engine.values import Values, Window
from unrolled.graph import Component


class Executor:
    """A plan bound to a store of values; tapes are made once, when first needed.

    With a `recording`, all that is computed is noted there as calls that compute it again in place.
    `keeps` says that the tensors for all steps must stay the ones they are.
    """

    def __init__(
        self,
        plan: Plan,
        values: Values,
        forcing: float,
        recording: Recording | None = None,
        *,
        keeps: bool = True,
    ) -> None:
        self.plan = plan
        self.values = values
        self.recording = recording
        self.keeps = keeps
        self._forcing = forcing
        self._tapes: dict[int, Tape | None] = {}

    def execute(self, component: Component, window: Window) -> None:
        """Compute a component inside a window of steps."""
        if component.kind == "map":
            plan = self.plan.map_of(component, self._unread(window))
            run_map(self.values, plan, window, self._forcing, self.plan.needed, self.recording)
            return
        lstm = self.plan.lstms.get(id(component))
        if lstm is not None and can_run(self.values, lstm, window):
            again = bind_lstm(self.values, lstm, in_place=self.keeps)
            again()
            if self.recording is not None:
                self.recording.append(again)
            return
        tape = self._tape(component) if set(window) == {component.index} else None
        if tape is not None:
            tape.play(window, self.recording)
            return
        index = component.index or ""
        is_forward = component.direction in ("forward", "up")
        for step in self._steps(index, self.values.range(index, window), is_forward):
            for inner in component.body:
                self.execute(inner, {**window, index: step})

    def windows(self, stage: Stage, sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
        """First and last step of each chunk of a stage; on a tree `sizes` count levels."""
        index = stage.index or ""
        levels = self._levels(index)
        if levels is None:
            yield from windows(self.values.length(index), sizes, is_forward=stage.is_forward)
            return
        for low, high in windows(len(levels), sizes, is_forward=stage.is_forward):
            yield levels[low - 1][0], levels[high - 1][1]

    def advance(self, stage: Stage, window: Window) -> None:
        """Compute a stage inside a window of steps; on a tree level by level."""
        index = stage.index or ""
        if not window or self._levels(index) is None:
            for component in stage.components:
                self.execute(component, window)
            return
        for level in self._steps(index, window[index], stage.is_forward):
            for component in stage.components:
                self.execute(component, {**window, index: level})

    def _levels(self, index: str) -> tuple[tuple[int, int], ...] | None:
        tree = self.values.trees.get(self.values.program.recurrence.index_domains[index])
        return None if tree is None else tree.levels

    def _steps(self, index: str, span: tuple[int, int], is_forward: bool) -> list[tuple[int, int]]:
        """The steps of a scan inside a span, each as a window: single steps, or levels of a tree."""
        first, last = span
        levels = self._levels(index)
        steps = (
            [(step, step) for step in range(first, last + 1)]
            if levels is None
            else [
                (max(low, first), min(high, last))
                for low, high in levels
                if low <= last and high >= first
            ]
        )
        return steps if is_forward else steps[::-1]

    def _unread(self, window: Window) -> frozenset[int]:
        """What only a scan reads that the library's layer runs whole."""
        return frozenset(
            one
            for lstm in self.plan.lstms.values()
            if can_run(self.values, lstm, window)
            for one in lstm.hoisted
        )

    def _tape(self, component: Component) -> Tape | None:
        key = id(component)
        if key not in self._tapes:
            self._tapes[key] = tape_of(self.values, component, self.plan.readers, self._forcing)
        return self._tapes[key]
