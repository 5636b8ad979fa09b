"""Executes the components of a schedule inside windows of steps: maps, tapes, and scans inside scans."""

from __future__ import annotations

from collections.abc import Mapping

from unrolled.engine.maps import MapPlan, consumers, plan_map, run_map
from unrolled.engine.scan import tape_of
from unrolled.engine.stacks import stack_ranks
from unrolled.engine.stages import Stage, stages
from unrolled.engine.tape import Tape
from unrolled.engine.values import Values, Window
from unrolled.graph import Component, Schedule


class Executor:
    """A schedule bound to a store of values; plans and tapes are made once, when first needed."""

    def __init__(self, plan: Schedule, values: Values, forcing: float) -> None:
        self.plan = plan
        self.values = values
        self.readers: Mapping[int, list[int]] = consumers(plan.program)
        self.stages: list[Stage] = stages(plan)
        self._forcing = forcing
        self._ranks: dict[int, int] = {}
        for component in plan.components:
            if component.kind == "scan":
                self._ranks.update(stack_ranks(plan.program, component, self.readers))
        self._maps: dict[int, MapPlan] = {}
        self._tapes: dict[int, Tape | None] = {}

    def execute(self, component: Component, window: Window) -> None:
        """Compute a component inside a window of steps."""
        if component.kind == "map":
            run_map(self.values, self._map(component), window, self._forcing)
            return
        tape = self._tape(component) if set(window) == {component.index} else None
        if tape is not None:
            tape.play(window)
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

    def _map(self, component: Component) -> MapPlan:
        key = id(component)
        if key not in self._maps:
            self._maps[key] = plan_map(self.plan.program, component, self._ranks, self.readers)
        return self._maps[key]

    def _tape(self, component: Component) -> Tape | None:
        key = id(component)
        if key not in self._tapes:
            self._tapes[key] = tape_of(self.values, component, self.readers, self._forcing)
        return self._tapes[key]
