"""Executes the components of a plan inside windows of steps: maps, tapes, and scans inside scans."""

from __future__ import annotations

from functools import partial

from unrolled.engine.lstm import can_run, run_lstm
from unrolled.engine.maps import run_map
from unrolled.engine.plans import Plan
from unrolled.engine.recording import Recording
from unrolled.engine.scan import tape_of
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
            run_map(self.values, plan, window, self._forcing, self.recording)
            return
        lstm = self.plan.lstms.get(id(component))
        if lstm is not None and can_run(self.values, lstm, window):
            again = partial(run_lstm, self.values, lstm, in_place=self.keeps)
            again()
            if self.recording is not None:
                self.recording.append(again)
            return
        tape = self._tape(component) if set(window) == {component.index} else None
        if tape is not None:
            tape.play(window, self.recording)
            return
        index = component.index or ""
        first, last = self.values.range(index, window)
        steps = (
            range(first, last + 1)
            if component.direction == "forward"
            else range(last, first - 1, -1)
        )
        for step in steps:
            for inner in component.body:
                self.execute(inner, {**window, index: (step, step)})

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
