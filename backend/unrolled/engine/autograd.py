"""Gradients by torch's autograd: every instruction at every step as a tensor of its own, then one backward call.

The general path behind the derived backward pass (`graph/adjoint.py`): it shares with it the vocabulary and
nothing else. Much slower, for all steps are held as a graph; the tests hold both against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import torch
from torch import Tensor

from unrolled.engine.arithmetic import computing
from unrolled.engine.kernels import call
from unrolled.engine.loading import Leaves, load_leaves
from unrolled.engine.maps import leading_labels, swept_ranks
from unrolled.engine.problems import refuse
from unrolled.engine.values import Values, aligned, is_static, is_unit_by_unit, operand_labels
from unrolled.graph import Component, Instruction, Operand, Program, Schedule, Target
from unrolled.graph.program import LEAVES
from unrolled.language import Position

Steps = Mapping[str, int]
"""The step of each running index, from 1."""

MOST = 50_000
"""How many values may be held, each with its place in torch's graph."""


def by_autograd(
    order: Schedule,
    done: Values,
    leaves: Leaves,
    target: Target,
    names: Sequence[str],
    forcing: float,
) -> dict[str, Tensor]:
    """The gradients of a scalar of a computed run (summed over its batch), as `Backward.complete` gives them.

    `names`: variables, inputs, parameters, sliders, and boundary values such as `h[0]`. Raises `RunError`
    where the run is too long to be held.
    """
    held = sum(
        _count(done, done.program.instructions[one])
        for component in order.components
        for one in component.all_instructions()
    )
    if held > MOST:
        raise refuse("/gradient", "autograd-cost", held=f"{held:,}", most=f"{MOST:,}")
    with computing(inference=False), torch.enable_grad():
        return _Pass(order, done, leaves, forcing).gradients(target, names)


def _count(values: Values, instruction: Instruction) -> int:
    steps = 1
    for index in instruction.indices:
        steps *= values.length(index)
    return steps


class _Pass:
    def __init__(self, order: Schedule, done: Values, leaves: Leaves, forcing: float) -> None:
        self.program: Program = done.program
        self.done = done
        self.forcing = forcing
        self.known: dict[tuple[int, tuple[int, ...]], Tensor] = {}
        self.beyond: dict[tuple[int, tuple[int, ...]], Tensor] = {}
        room = Values(self.program, done.lengths, done.batch, done.dtype, done.trees)
        load_leaves(room, leaves)
        self.leaves = {
            one: room.tensors[one].detach().clone().requires_grad_()
            if self.program.instructions[one].function in ("parameter", "setting")
            else room.tensors[one]
            for one in room.tensors
        }
        for component in order.components:
            self._component(component, {})

    # forward

    def _component(self, component: Component, steps: Steps) -> None:
        if component.kind == "map":
            for identity in component.instructions:
                own = self.program.instructions[identity]
                for there in self._places(own.indices, steps):
                    self._keep(own, there)
            return
        index = component.index or ""
        order = range(1, self.done.length(index) + 1)
        for step in order if component.direction in ("forward", "up") else reversed(order):
            for inner in component.body:
                self._component(inner, {**steps, index: step})

    def _places(self, indices: Sequence[str], steps: Steps) -> list[Steps]:
        """All steps of some indices, those of `steps` as they are."""
        spans = [
            (steps[one],) if one in steps else range(1, self.done.length(one) + 1)
            for one in indices
        ]
        return [dict(zip(indices, place, strict=True)) for place in product(*spans)]

    def _keep(self, own: Instruction, steps: Steps) -> None:
        value = self._compute(own, steps)
        if own.variable is not None or own.boundary is not None:
            # a copy of its own, so that every name has its gradient
            value = value.expand(self.done.batch, *own.shape).clone()
            value = value if value.requires_grad else value.requires_grad_()
        self.known[own.identity, tuple(steps[one] for one in own.indices)] = value

    def _compute(self, own: Instruction, steps: Steps) -> Tensor:
        labels = leading_labels(self.program, own)
        swept = [one for one in labels if one in own.over]
        ranks = [len(self.program.instructions[one.value].shape) for one in own.operands]
        widen_to = len(own.shape) if is_unit_by_unit(own.function) else 0
        arguments = [
            aligned(
                self._argument(operand, swept, steps),
                tuple(swept),
                tuple(swept),
                rank,
                max(rank, widen_to),
                is_static(self.program.instructions[operand.value]) and not swept,
            )
            for operand, rank in zip(own.operands, ranks, strict=True)
        ]
        if own.function == "total":
            signed = zip(arguments, own.signs, strict=True)
            return sum((one if sign > 0 else -one for one, sign in signed), torch.zeros(()))
        told = swept_ranks(self.done, tuple(ranks), own.over, swept)
        value = call(own.function, arguments, told, self.forcing)
        if own.function == "softmax" and own.over:
            value = value[steps[own.over[0]] - 1]
        return value

    def _argument(self, operand: Operand, swept: Sequence[str], steps: Steps) -> Tensor:
        """An operand at the running steps, with a leading dimension for every index that is swept."""

        def stacked(left: Sequence[str], there: Steps) -> Tensor:
            if not left:
                return self._read(operand, there)
            index, *others = left
            if index not in operand_labels(self.program, operand):
                value = stacked(others, there)
                own = self.program.instructions[operand.value]
                if is_static(own) and value.dim() == len(own.shape):
                    value = value.unsqueeze(0)  # the batch
                return value.unsqueeze(0)
            steps = range(1, self.done.length(index) + 1)
            return torch.stack([stacked(others, {**there, index: step}) for step in steps])

        return stacked(swept, steps)

    # reading

    def _read(self, operand: Operand, steps: Steps) -> Tensor:
        own = self.program.instructions[operand.value]
        if not operand.positions:
            return self._value(own, tuple(steps[one] for one in own.indices))
        pairs = zip(own.indices, operand.positions, strict=True)
        return self._value(own, tuple(self._step(one, index, steps) for index, one in pairs))

    def _step(self, position: Position, index: str, steps: Steps) -> int:
        """The step at which a position reads; outside the domain where there is none."""
        match position.anchor:
            case "start":
                return position.offset
            case "end" | "root":
                return self.done.length(index) + position.offset
            case "shift":
                return steps[position.index] + position.offset
            case anchor:
                nodes = self.done.relatives(position.domain, anchor)
                return int(nodes[steps[position.index] - 1])

    def _value(self, own: Instruction, place: tuple[int, ...]) -> Tensor:
        key = own.identity, place
        if own.function == "input":
            if key not in self.known:
                value = self._recorded(own, place)
                self.known[key] = value.detach().clone().requires_grad_()
            return self.known[key]
        if own.function in LEAVES:
            return self.leaves[own.identity][tuple(one - 1 for one in place)]
        lengths = map(self.done.length, own.indices)
        if all(1 <= one <= most for one, most in zip(place, lengths, strict=True)):
            return self.known[key]
        if key not in self.beyond:
            self.beyond[key] = self._boundary(own, place)
        return self.beyond[key]

    def _recorded(self, own: Instruction, place: tuple[int, ...]) -> Tensor:
        pads = self.done.pads[own.identity]
        rows = tuple(pad.before + one - 1 for pad, one in zip(pads, place, strict=True))
        return self.done.tensors[own.identity][rows]

    def _boundary(self, own: Instruction, place: tuple[int, ...]) -> Tensor:
        """A value before the first or after the last step: of an equation, or as the run was given it."""
        for identity in self.program.boundaries:
            row = self.program.instructions[identity]
            if row.name != own.variable or (own.identity, row.boundary) in self.done.fixed:
                continue
            steps: dict[str, int] = {}
            written = row.boundary or ()
            for index, position, step in zip(own.indices, written, place, strict=True):
                if position.anchor == "shift":
                    steps[position.index] = step
                elif self._step(position, index, {}) != step:
                    break
            else:
                return self.known[identity, tuple(steps[one] for one in row.indices)]
        return self._recorded(own, place).detach().clone().requires_grad_()

    # backward

    def gradients(self, target: Target, names: Sequence[str]) -> dict[str, Tensor]:
        of = self.known[self.program.variables[target.name], target.steps]
        scalar = of[(slice(None), *target.unit)].sum()
        wanted = {name: self._tensors(name) for name in names}
        flat = [tensor for some in wanted.values() for tensor in some]
        found = iter(
            torch.autograd.grad(scalar, flat, allow_unused=True)
            if scalar.requires_grad and flat
            else [None] * len(flat)
        )
        sent = {
            name: [torch.zeros_like(one) if (g := next(found)) is None else g for one in some]
            for name, some in wanted.items()
        }
        return {name: self._laid_out(name, some) for name, some in sent.items()}

    def _tensors(self, name: str) -> list[Tensor]:
        """The tensors that a name stands for, in the order of its steps."""
        if name in self.program.variables:
            own = self.program.instructions[self.program.variables[name]]
            lengths = [range(1, self.done.length(one) + 1) for one in own.indices]
            return [self._value(own, place) for place in product(*lengths)]
        boundary = self._boundary_place(name)
        if boundary is not None:
            own, place = boundary
            return [self._value(own, place)]
        rows = self.program.instructions.values()
        return [
            self.leaves[one.identity]
            for one in rows
            if one.function in ("parameter", "setting") and one.name == name
        ]

    def _boundary_place(self, name: str) -> tuple[Instruction, tuple[int, ...]] | None:
        """`h[0]`, `h[-1]` or `g[end+1]` as the variable and the step."""
        variable, bracket, written = name.partition("[")
        if not bracket:
            return None
        own = self.program.instructions[self.program.variables[variable]]
        text = written.rstrip("]").replace(" ", "")
        step = int(text.removeprefix("end") or 0)
        if text.startswith("end"):
            step += self.done.length(own.indices[0])
        return own, (step,)

    def _laid_out(self, name: str, gradients: list[Tensor]) -> Tensor:
        if name in self.program.variables:
            own = self.program.instructions[self.program.variables[name]]
            lengths = [self.done.length(one) for one in own.indices]
            return torch.stack(gradients).reshape(*lengths, self.done.batch, *own.shape)
        if name.endswith("]"):
            return gradients[0]
        recurrence = self.program.recurrence
        shape = recurrence.parameters[name].shape if name in recurrence.parameters else ()
        start = torch.zeros(shape, dtype=self.done.dtype)
        return sum((one.reshape(shape) for one in gradients), start)
