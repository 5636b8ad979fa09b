"""The room of a run: its tensors with a plan bound to them, kept for the next run of the same sizes if small.

A small run that is computed at once hands out copies of its results and gives its session back. The
second run in a session makes a recording of it, all later ones replay that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
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
from unrolled.engine.lstm import joined
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
        """Parameters, which belong to the run, as copies that the next run may overwrite.

        Those that the library's layer wants as one lie so.
        """
        tensors = self.values.tensors
        instructions = self.plan.program.instructions
        own = {one for one, row in instructions.items() if row.function == "parameter"}
        for group in (group for lstm in self.plan.lstms.values() for group in joined(lstm)):
            if own.issuperset(group):
                joint = torch.cat([tensors[one] for one in group])
                parts = joint.split([tensors[one].shape[0] for one in group])
                tensors.update(zip(group, parts, strict=True))
                own.difference_update(group)
        for one in own:
            tensors[one] = tensors[one].clone()

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

    def leave(self, leaves: Leaves) -> Values:
        """The values of a run that is computed, as its own; the session waits for the next."""
        if self.key is None:
            return self.values
        tensors = dict(self.values.tensors)
        fresh = dict(self.values.fresh)
        self.values.fresh.clear()  # calls that are replayed are bound to this dictionary
        for identity, parameter in self._shown:
            if identity in fresh:
                tensors[identity] = fresh[identity]
            elif parameter is not None:
                tensors[identity] = leaves.parameters[parameter]
            elif identity in tensors:
                tensors[identity] = tensors[identity].clone()
        self.uses += 1
        recording: Recording = self.executor.recording or []
        if len(recording) <= MOST_CALLS:
            self.plan.give_back(self.key, self)
        return replace(self.values, tensors=tensors, fresh={})

    @cached_property
    def _shown(self) -> list[tuple[int, str | None]]:
        """What belongs to a run, not to the session; with the name of those that are parameters."""
        return [
            (identity, row.name if row.function == "parameter" else None)
            for identity, row in self.plan.program.instructions.items()
            if row.variable is not None
            or row.function in ("input", "parameter", "setting", "noise", "held")
            or row.boundary is not None
        ]


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
        if isinstance(waiting, Session):
            return waiting
    return Session(plan, Values(plan.program, lengths, batch, dtype, trees or {}), forcing, key)


def _numbers(plan: Plan, lengths: Mapping[str, int], batch: int) -> int:
    """How many numbers the variables of a run hold."""
    return batch * sum(
        prod(one.shape) * prod(lengths[domain] for domain in one.domains)
        for one in plan.program.recurrence.variables.values()
    )
