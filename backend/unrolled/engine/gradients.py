"""The backward pass of a run: the gradient of a scalar with respect to everything, from the last step on.

It is a run itself, of the adjoint program (`graph/adjoint.py`), through the same maps and tapes. What the
forward pass recorded is read where it lies. Gradients below 1.2e-38 (float32) read 0, since denormals are
flushed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
from torch import Tensor

from unrolled.engine.arithmetic import computing
from unrolled.engine.backroom import Backroom, backroom_of
from unrolled.engine.chunks import CHUNKS, Chunk
from unrolled.engine.loading import Leaves
from unrolled.engine.plans import Key, Plan, plan_of
from unrolled.engine.stages import Stage
from unrolled.engine.targets import Wanted, read_target
from unrolled.engine.values import Values
from unrolled.graph import (
    Adjoint,
    Instruction,
    Program,
    Request,
    Schedule,
    Target,
    adjoint,
    arrange,
    lower,
)
from unrolled.language import Recurrence, Shape


@dataclass(frozen=True, slots=True)
class BackwardPlan:
    """What a backward pass will do, known before anything runs."""

    adjoint: Adjoint
    plan: Plan

    @property
    def schedule(self) -> Schedule:
        return self.plan.schedule


def plan_backward(
    recurrence: Recurrence,
    lengths: Mapping[str, int],
    wanted: Wanted,
    forcing: float,
    fixed: frozenset[tuple[str, str]] = frozenset(),
    holds: Mapping[str, bool] | None = None,
) -> BackwardPlan:
    """The backward pass of a run of these lengths. Raises `RunError` where `of` is no scalar of it.

    `fixed`: the boundary values that the caller gave, by name and place; `holds`: what the run holds.
    """
    request = Request(
        read_target(recurrence, lengths, wanted.of),
        None if wanted.variables is None else frozenset(wanted.variables),
        wanted.parts,
        wanted.contributions,
        fixed,
    )
    return _planned(Key(recurrence, forcing, holds), tuple(lengths.items()), request)


@lru_cache(maxsize=32)
def _planned(key: Key, lengths: tuple[tuple[str, int], ...], request: Request) -> BackwardPlan:
    found = adjoint(lower(key.recurrence, key.forcing, key.holds), request, dict(lengths))
    return BackwardPlan(found, plan_of(arrange(found.program)))


def _one_at(values: Values, target: Target, leaf: Instruction) -> Tensor:
    """The gradient of the target with respect to itself: one there, zero elsewhere."""
    steps = [values.length(index) for index in leaf.indices]
    seed = torch.zeros(*steps, values.batch, *leaf.shape, dtype=values.dtype)
    seed[(*(step - 1 for step in target.steps), slice(None), *target.unit)] = 1
    return seed


class Backward:
    """The gradients of one scalar. Made by `Run.gradients`; consumed by `chunks` or `complete`, once.

    `names`: whose gradients there are; `parameters`: those of them without steps and batch.
    """

    def __init__(
        self, forward: Program, done: Values, leaves: Leaves, plan: BackwardPlan, forcing: float
    ) -> None:
        self.recurrence = forward.recurrence
        self.of = str(plan.adjoint.target)
        self.parameters = tuple(plan.adjoint.parameters)
        self._adjoint = plan.adjoint
        self._plan = plan.plan
        self._forward = forward, done, leaves
        self._forcing = forcing
        self._values: dict[str, Tensor] | None = None
        self._is_consumed = False

    def domains(self, name: str) -> tuple[str, ...]:
        """The domains whose steps lead the gradient of a name; none for parameters."""
        identity = {**self._adjoint.variables, **self._adjoint.parameters}[name]
        indices = self._adjoint.program.instructions[identity].indices
        return tuple(self.recurrence.index_domains[index] for index in indices)

    def shape(self, name: str) -> Shape:
        """The shape of one step of the gradient of a name."""
        identity = {**self._adjoint.variables, **self._adjoint.parameters}[name]
        return self._adjoint.program.instructions[identity].shape

    def _room(self, *, is_kept: bool) -> Backroom:
        if self._is_consumed:
            raise RuntimeError("a backward pass is computed once; ask for another")
        self._is_consumed = True
        forward, done, leaves = self._forward
        found = {one: forward.variables[name] for one, name in self._adjoint.recorded.items()}
        pads = {one: done.pads[recorded] for one, recorded in found.items()}
        values = Values(self._adjoint.program, done.lengths, done.batch, done.dtype, done.trees)
        with computing(inference=False):
            room = backroom_of(
                self._plan,
                self._adjoint,
                values,
                self._forcing,
                tuple(pads.items()),
                is_kept=is_kept,
            )
            room.seed(partial(_one_at, room.values, self._adjoint.target))
            room.load({one: done.tensors[it] for one, it in found.items()}, leaves, pads)
        return room

    def chunks(self, sizes: Sequence[int] | None = None) -> Iterator[Chunk]:
        """Compute, chunk by chunk: per variable and step the gradient, from the last step to the first.

        The last chunk has no domain: the gradients of parameters, and of what has no index.
        """
        room = self._room(is_kept=False)
        left = {name for name in self._adjoint.variables if self.domains(name)}
        for stage in self._plan.stages:
            if stage.index is None:
                self._execute(room, stage, {})
                continue
            names = self._names_of(stage)
            left -= set(names)
            domain = self.recurrence.index_domains[stage.index]
            for first, last in room.executor.windows(stage, sizes or CHUNKS):
                self._execute(room, stage, {stage.index: (first, last)})
                values = {
                    name: room.values.own(identity, {}).narrow(0, first - 1, last - first + 1)
                    for name, identity in names.items()
                }
                if values:
                    yield Chunk(domain, first, last, values, stage.is_forward)
        self._values = room.results()
        for name in sorted(left):  # computed along an inner index: no chunk had whole steps of it
            domain = self.domains(name)[0]
            length = room.values.lengths[domain]
            yield Chunk(domain, 1, length, {name: self.values[name]}, is_forward=False)
        yield Chunk(None, 0, 0, self._whole())

    def complete(self) -> dict[str, Tensor]:
        """Compute everything at once; the gradients by name, as `values`."""
        room = self._room(is_kept=True)
        with computing(inference=False):
            room.compute()
            self._values = room.leave()
        return self._values

    @property
    def values(self) -> dict[str, Tensor]:
        """Name of a variable, input or parameter to its gradient, in the layout of its value, once computed."""
        if self._values is None:
            raise RuntimeError("a backward pass has values once it is computed")
        return self._values

    @property
    def names(self) -> tuple[str, ...]:
        return (*self._adjoint.variables, *self._adjoint.parameters)

    def _names_of(self, stage: Stage) -> dict[str, int]:
        inside = set(stage.instructions())
        return {
            name: identity
            for name, identity in self._adjoint.variables.items()
            if identity in inside
            and self._adjoint.program.instructions[identity].indices[0] == stage.index
        }

    def _whole(self) -> dict[str, Tensor]:
        """What has no index: parameters, and variables of the whole run."""
        program = self._adjoint.program
        return {
            name: value
            for name, value in self.values.items()
            if name in self._adjoint.parameters
            or not program.instructions[self._adjoint.variables[name]].indices
        }

    def _execute(self, room: Backroom, stage: Stage, window: Mapping[str, tuple[int, int]]) -> None:
        with computing(inference=False):
            room.executor.advance(stage, window)
