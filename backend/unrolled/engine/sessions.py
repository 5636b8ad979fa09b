"""The room of a run: its tensors with a plan bound to them, kept for the next run of the same sizes if small.

A small run that is computed at once hands out copies of its results and gives its session back. The
second run in a session makes a recording of it, all later ones replay that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import torch

from unrolled.engine.data import Given
from unrolled.engine.executor import Executor
from unrolled.engine.loading import (
    Leaves,
    keep_beyond,
    load_boundary,
    load_inputs,
    load_leaves,
    make_room,
)
from unrolled.engine.plans import Plan
from unrolled.engine.recording import Recording
from unrolled.engine.values import Values
from unrolled.graph import Tree

MOST_NUMBERS = 700_000
MOST_CALLS = 50_000


@dataclass
class Session:
    """Tensors and tapes of a run. `key` says for which other runs they fit; None: for no other."""

    plan: Plan
    values: Values
    forcing: float
    key: tuple[object, ...] | None
    executor: Executor = field(init=False)
    uses: int = 0

    def __post_init__(self) -> None:
        self.executor = Executor(self.plan, self.values, self.forcing)

    def load(
        self, leaves: Leaves, boundary: Mapping[str, Any], given: Mapping[str, Given]
    ) -> dict[str, list[str]]:
        """Everything that a run is given, into its place; the symbols of inputs that have any.

        Raises `RunError` where a boundary value does not fit.
        """
        if self.uses == 0:
            make_room(self.values, self.plan)
        load_leaves(self.values, leaves)
        load_boundary(self.values, boundary)
        if self.uses == 0:
            keep_beyond(self.values, self.plan.stages, self.plan.readers)
            if self.key is not None:
                self._own_leaves()
        elif self.uses == 1:  # what was bound to results that lie elsewhere now is left behind
            self.executor = Executor(self.plan, self.values, self.forcing, [])
        return load_inputs(self.values, given)

    def _own_leaves(self) -> None:
        """Parameters, which belong to the run, as copies that the next run may overwrite."""
        for identity, instruction in self.plan.program.instructions.items():
            if instruction.function == "parameter":
                self.values.tensors[identity] = self.values.tensors[identity].clone()

    def compute(self) -> None:
        """All steps at once."""
        if self.uses > 1:
            for again in self.executor.recording or ():
                again()
            return
        for stage in self.plan.stages:
            window = {stage.index: (1, self.values.length(stage.index))} if stage.index else {}
            for component in stage.components:
                self.executor.execute(component, window)

    def leave(self) -> Values:
        """The values of a run that is computed, as its own; the session waits for the next."""
        if self.key is None:
            return self.values
        tensors = dict(self.values.tensors)
        for identity, instruction in self.plan.program.instructions.items():
            if (
                instruction.variable is not None
                or instruction.function in ("input", "parameter", "setting", "noise", "held")
                or instruction.boundary is not None
            ) and identity in tensors:
                fresh = self.values.fresh.pop(identity, None)
                tensors[identity] = tensors[identity].clone() if fresh is None else fresh
        self.uses += 1
        recording: Recording = self.executor.recording or []
        if len(recording) <= MOST_CALLS:
            self.plan.give_back(self.key, self)
        return replace(self.values, tensors=tensors, fresh={})


def session_of(
    plan: Plan,
    lengths: Mapping[str, int],
    batch: int,
    dtype: torch.dtype,
    forcing: float,
    boundary: Mapping[str, Any],
    trees: Mapping[str, Tree] | None = None,
) -> Session:
    """A session for a run: one that waits, or a new one."""
    key = None
    if plan.is_replayable and _numbers(plan, lengths, batch) <= MOST_NUMBERS:
        places = (
            (name, place)
            for name, form in boundary.items()
            for place in (form if isinstance(form, Mapping) else ("0",))
        )
        key = (tuple(lengths.items()), batch, dtype, forcing, frozenset(places))
        waiting = plan.take(key)
        if waiting is not None:
            return waiting
    return Session(plan, Values(plan.program, lengths, batch, dtype, trees or {}), forcing, key)


def _numbers(plan: Plan, lengths: Mapping[str, int], batch: int) -> int:
    """How many numbers the variables of a run hold."""
    return batch * sum(
        prod(one.shape) * prod(lengths[domain] for domain in one.domains)
        for one in plan.program.recurrence.variables.values()
    )
