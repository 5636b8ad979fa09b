"""The room of a backward pass: its tensors with a plan bound to them, kept for the next pass of the same sizes.

As with forward runs (`sessions.py`): a small pass that is computed at once hands out copies and leaves its
room; the second one in a room is recorded, all later ones replay the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from math import prod

from torch import Tensor

from unrolled.engine.executor import Executor
from unrolled.engine.loading import Leaves, fill_room, keep_beyond, load_leaves
from unrolled.engine.plans import Plan
from unrolled.engine.recording import Recording
from unrolled.engine.sessions import MOST_CALLS, MOST_NUMBERS
from unrolled.engine.values import RELATIVES, Pad, Values, widened
from unrolled.graph import Adjoint, Instruction, Program


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

    def load(
        self, recorded: Mapping[int, Tensor], leaves: Leaves, pads: Mapping[int, tuple[Pad, ...]]
    ) -> None:
        """What the forward pass recorded, by instruction and with its room beyond the steps; and the leaves."""
        tensors = self.values.tensors
        if self.uses:
            for identity, value in recorded.items():
                tensors[identity].copy_(value)
            load_leaves(self.values, leaves)
        else:
            is_kept = self.key is not None
            tensors.update({one: v.clone() if is_kept else v for one, v in recorded.items()})
            self.values.pads.update(pads)
            load_leaves(self.values, leaves)
            self._make_room()
        if self.uses == 1:
            self.executor = Executor(self.plan, self.values, self.forcing, [])

    def _make_room(self) -> None:
        tensors, instructions = self.values.tensors, self.adjoint.program.instructions
        if self.key is not None:
            for one, row in instructions.items():
                if row.function == "parameter":
                    tensors[one] = tensors[one].clone()
        fill_room(self.values, self.plan, reach(self.adjoint.program))
        keep_beyond(self.values, self.plan.stages, self.plan.readers)

    def seed(self, make: Callable[[Instruction], Tensor]) -> None:
        """The leaf that says of what the gradient is taken, where there is one; it is made once."""
        identity = self.adjoint.seed
        if identity is not None and identity not in self.values.tensors:
            self.values.tensors[identity] = make(self.adjoint.program.instructions[identity])

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
        self.give_back()
        return found

    def give_back(self) -> None:
        """Let the room wait for the next pass, after which its tensors are another's."""
        if self.key is None:
            return
        self.uses += 1
        recording: Recording = self.executor.recording or []
        if len(recording) <= MOST_CALLS:
            self.plan.give_back(self.key, self, most=1)


def backroom_of(
    plan: Plan, adjoint: Adjoint, values: Values, forcing: float, layout: Hashable, *, is_kept: bool
) -> Backroom:
    """Room for a backward pass: one that waits, or new, in `values`.

    `layout`: how what is recorded lies; `is_kept`: the pass is computed at once, and replayed if it is small.
    """
    if not (is_kept and plan.is_replayable and _numbers(values) <= MOST_NUMBERS):
        return Backroom(plan, adjoint, values, forcing, None)
    key = (tuple(values.lengths.items()), values.batch, values.dtype, forcing, layout)
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
