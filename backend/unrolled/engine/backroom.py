"""The room of a backward pass: its tensors with a plan bound to them, kept for the next pass of the same sizes.

As with forward runs (`sessions.py`): a small pass that is computed at once hands out copies and leaves its
room; the second one in a room is recorded, all later ones replay the recording.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import torch
from torch import Tensor

from unrolled.engine.executor import Executor
from unrolled.engine.loading import Leaves, fill_room, keep_beyond, load_leaves
from unrolled.engine.plans import Plan
from unrolled.engine.recording import Recording
from unrolled.engine.sessions import MOST_CALLS, MOST_NUMBERS
from unrolled.engine.values import RELATIVES, Pad, Values, widened
from unrolled.graph import Adjoint, Program


@dataclass
class Backroom:
    """Tensors and tapes of a backward pass. `key` says for which other passes they fit; None: for no other."""

    plan: Plan
    adjoint: Adjoint
    values: Values
    forcing: float
    key: tuple[object, ...] | None
    executor: Executor = field(init=False)
    uses: int = 0

    def __post_init__(self) -> None:
        self.executor = Executor(self.plan, self.values, self.forcing)

    def load(self, forward: Program, done: Values, leaves: Leaves) -> None:
        """What the forward pass recorded, and its leaves, into their places."""
        tensors = self.values.tensors
        for identity, name in self.adjoint.recorded.items():
            recorded = done.tensors[forward.variables[name]]
            if self.uses:
                tensors[identity].copy_(recorded)
            else:
                tensors[identity] = recorded if self.key is None else recorded.clone()
                self.values.pads[identity] = done.pads[forward.variables[name]]
        load_leaves(self.values, leaves)
        if self.uses == 0:
            self._make_room()
        elif self.uses == 1:
            self.executor = Executor(self.plan, self.values, self.forcing, [])

    def _make_room(self) -> None:
        tensors, instructions = self.values.tensors, self.adjoint.program.instructions
        if self.key is not None:
            for one, row in instructions.items():
                if row.function == "parameter":
                    tensors[one] = tensors[one].clone()
        if self.adjoint.seed is not None:
            tensors[self.adjoint.seed] = self._seed(self.adjoint.seed)
        fill_room(self.values, self.plan, reach(self.adjoint.program))
        keep_beyond(self.values, self.plan.stages, self.plan.readers)

    def _seed(self, identity: int) -> Tensor:
        """The gradient of the target with respect to itself: one there, zero elsewhere."""
        target, instruction = self.adjoint.target, self.adjoint.program.instructions[identity]
        steps = [self.values.length(index) for index in instruction.indices]
        seed = torch.zeros(*steps, self.values.batch, *instruction.shape, dtype=self.values.dtype)
        seed[(*(step - 1 for step in target.steps), slice(None), *target.unit)] = 1
        return seed

    def compute(self) -> None:
        """All steps at once."""
        if self.uses > 1:
            for again in self.executor.recording or ():
                again()
            return
        for stage in self.plan.stages:
            span = stage.index and (1, self.values.length(stage.index))
            self.executor.advance(stage, {stage.index: span} if stage.index and span else {})

    def results(self) -> dict[str, Tensor]:
        """Name of a variable, input or parameter to its gradient, in the layout of its value."""
        found = {
            name: self.values.own(identity, {}) for name, identity in self.adjoint.variables.items()
        }
        for name, identity in self.adjoint.parameters.items():
            shape = self.adjoint.program.instructions[identity].shape
            found[name] = self.values.own(identity, {}).expand(shape)
        return found

    def leave(self) -> dict[str, Tensor]:
        """The gradients, as the caller's own; the room waits for the next pass."""
        found = self.results()
        if self.key is None:
            return found
        found = {name: one.clone() for name, one in found.items()}
        self.uses += 1
        recording: Recording = self.executor.recording or []
        if len(recording) <= MOST_CALLS:
            self.plan.give_back(self.key, self, most=1)
        return found


def backroom_of(
    plan: Plan, adjoint: Adjoint, done: Values, forcing: float, *, is_replayed: bool
) -> Backroom:
    """Room for a backward pass: one that waits, or new; `is_replayed`: it is computed at once."""
    values = Values(adjoint.program, done.lengths, done.batch, done.dtype, done.trees)
    if not (is_replayed and plan.is_replayable and _numbers(values) <= MOST_NUMBERS):
        return Backroom(plan, adjoint, values, forcing, None)
    layout = tuple(
        (name, done.pads[done.program.variables[name]]) for name in adjoint.recorded.values()
    )
    key = (tuple(done.lengths.items()), done.batch, done.dtype, forcing, layout)
    waiting = plan.take(key)
    if isinstance(waiting, Backroom):
        return waiting
    return Backroom(plan, adjoint, values, forcing, key)


def _numbers(values: Values) -> int:
    """How many numbers the gradients of all variables hold."""
    instructions = values.program.instructions
    return values.batch * sum(
        prod(instructions[one].shape) * prod(map(values.length, instructions[one].indices))
        for one in values.program.variables.values()
    )


def reach(program: Program) -> dict[int, tuple[Pad, ...]]:
    """Room beyond the steps, filled with zeros, for what is read across them."""
    found = {
        identity: [Pad()] * len(program.instructions[identity].indices)
        for identity in program.variables.values()
    }
    for instruction in program.instructions.values():
        for operand in instruction.operands:
            pads = found.get(operand.value)
            if pads is None:
                continue
            for place, position in enumerate(operand.positions):
                if position.anchor == "shift" or position.anchor in RELATIVES:
                    pads[place] = widened(pads[place], position)
    return {identity: tuple(pads) for identity, pads in found.items()}
