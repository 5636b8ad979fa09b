"""Jacobians of a computed run: how a variable at one step changes with another at any step.

∂h^(t)/∂h^(s) is the total derivative with the node h^(s) of the unfolded graph moved alone: all that is computed
from it follows, everything else at step s and before stays. (Of an LSTM's pair, moving h^(s) leaves s^(s) where it
is; moving s^(s) moves h^(s) = tanh(s^(s)) q^(s) with it.) Rows of Jacobians are cotangents: the adjoint program runs
once for a block of unit vectors, as a batch, so every step is one batched product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Final, Literal

import torch
from torch import Tensor

from unrolled.engine.arithmetic import computing
from unrolled.engine.executor import Executor
from unrolled.engine.gradients import BackwardPlan, plan_backward, reach
from unrolled.engine.loading import Leaves, keep_beyond, load_leaves
from unrolled.engine.problems import refuse
from unrolled.engine.targets import Wanted
from unrolled.engine.values import Values, allocate
from unrolled.graph import Program, Target, cost
from unrolled.language import Recurrence, Variable

Norm = Literal["spectral", "frobenius"]
BLOCK: Final = 2**22
"""Numbers that one cotangent may take for a block of unit vectors."""


@dataclass(frozen=True, slots=True)
class JacobianMap:
    """`norms[t-1, s-1]` is ‖∂of^(t)/∂with_respect_to^(s)‖; a side without an index has one row or column."""

    of: str
    with_respect_to: str
    norm: Norm
    norms: Tensor


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One Jacobian: `matrix` (units of, units with respect to), its singular values, its eigenvalues if square."""

    matrix: Tensor
    singular_values: Tensor
    eigenvalues: Tensor | None


@dataclass(frozen=True, slots=True)
class JacobianCost:
    """`operations` and `bytes` of a map, known before it is made."""

    operations: int
    bytes: int


class Jacobians:
    """The Jacobians of one variable with respect to another. Made by `Run.jacobians`, of a computed run."""

    def __init__(
        self,
        forward: Program,
        done: Values,
        leaves: Leaves,
        of: str,
        with_respect_to: str,
        forcing: float,
    ) -> None:
        self.of = of
        self.with_respect_to = with_respect_to
        self._forward = forward
        self._done = done
        self._leaves = leaves
        self._forcing = forcing
        recurrence = forward.recurrence
        self._of = _sided(recurrence, of, "of")
        self._source = _sided(recurrence, with_respect_to, "with_respect_to")
        lengths = done.lengths
        self._plan = plan_jacobians(recurrence, lengths, of, with_respect_to, forcing, leaves.holds)
        self._rows = _steps(self._of, lengths)
        self._columns = _steps(self._source, lengths)

    def map(self, norm: Norm = "frobenius") -> JacobianMap:
        """The norms for all pairs of steps: the spectral norm (largest singular value) or the Frobenius norm."""
        dtype = self._done.dtype
        norms = torch.zeros(self._rows, self._columns, dtype=dtype)
        for first, matrices in self._blocks():
            norms[first : first + len(matrices)] = norms_of(matrices, norm)
        return JacobianMap(self.of, self.with_respect_to, norm, norms)

    def matrices(self) -> Tensor:
        """All Jacobians, (steps of, steps with respect to, units of, units with respect to)."""
        return torch.cat([matrices for _, matrices in self._blocks()])

    def spectrum(self, step: int, source_step: int) -> Spectrum:
        """∂of^(step)/∂with_respect_to^(source_step), taken apart. Steps count from 1. Raises `RunError`."""
        if not (1 <= step <= self._rows and 1 <= source_step <= self._columns):
            raise refuse(
                "/spectrum/step", "jacobian-step", step=str(step), source=str(source_step),
                rows=str(self._rows), columns=str(self._columns),
            )  # fmt: skip
        matrix = self._block(step - 1, 1)[0, source_step - 1]
        singular = torch.linalg.svdvals(matrix)
        is_square = matrix.shape[0] == matrix.shape[1]
        return Spectrum(matrix, singular, torch.linalg.eigvals(matrix) if is_square else None)

    def _blocks(self) -> Iterator[tuple[int, Tensor]]:
        units = prod(self._of.shape)
        largest = self._columns * units * max(units, prod(self._source.shape))
        count = max(1, min(self._rows, BLOCK // max(1, largest)))
        for first in range(0, self._rows, count):
            yield first, self._block(first, min(count, self._rows - first))

    def _block(self, first: int, count: int) -> Tensor:
        """The Jacobians of `count` steps from the 0-based `first`: (count, columns, units of, units of source)."""
        units, others = prod(self._of.shape), prod(self._source.shape)
        done, found = self._done, self._plan.adjoint
        with computing(inference=False):
            values = Values(found.program, done.lengths, count * units, done.dtype)
            self._load(values, first, count)
            executor = Executor(self._plan.plan, values, self._forcing)
            keep_beyond(values, self._plan.plan.stages, self._plan.plan.readers)
            for stage in self._plan.plan.stages:
                window: Mapping[str, tuple[int, int]] = (
                    {} if stage.index is None else {stage.index: (1, values.length(stage.index))}
                )
                for component in stage.components:
                    executor.execute(component, window)
            result = values.own(found.variables[self.with_respect_to], {})
            shaped = result.reshape(self._columns, count, units, others)
            return shaped.transpose(0, 1)

    def _load(self, values: Values, first: int, count: int) -> None:
        """What the forward pass recorded, seen by every unit vector; and the unit vectors."""
        done, program = self._done, self._forward
        found = self._plan.adjoint
        for identity, name in found.recorded.items():
            recorded = program.variables[name]
            values.tensors[identity] = _spread(
                done.tensors[recorded], len(program.instructions[recorded].indices), values.batch
            )
            values.pads[identity] = done.pads[recorded]
        load_leaves(values, self._leaves)
        noise = {one.name: one for one in program.instructions.values() if one.function == "noise"}
        for instruction in found.program.instructions.values():
            if instruction.function == "noise":
                drawn = noise[instruction.name]
                values.tensors[instruction.identity] = _spread(
                    done.tensors[drawn.identity], len(drawn.indices), values.batch
                )
        for identity, pads in reach(found.program).items():
            allocate(values, identity, pads)
        units = prod(self._of.shape)
        seed = torch.zeros(self._rows, values.batch, units, dtype=done.dtype)
        for place in range(count):
            rows = range(place * units, (place + 1) * units)
            seed[first + place, rows, range(units)] = 1
        assert found.seed is not None
        lead = (self._rows,) if self._of.domains else ()
        values.tensors[found.seed] = seed.reshape(*lead, values.batch, *self._of.shape)


def plan_jacobians(
    recurrence: Recurrence,
    lengths: Mapping[str, int],
    of: str,
    with_respect_to: str,
    forcing: float,
    holds: Mapping[str, bool] | None = None,
) -> BackwardPlan:
    """The adjoint program that gives a variable's Jacobians. Raises `RunError`."""
    target, source = (
        _sided(recurrence, of, "of"),
        _sided(recurrence, with_respect_to, "with_respect_to"),
    )
    place = Target(of, (1,) * len(target.domains), (0,) * len(target.shape))
    wanted = Wanted(str(place), (source.name,))
    return plan_backward(recurrence, lengths, wanted, forcing, holds=holds)


def jacobian_cost(
    recurrence: Recurrence,
    lengths: Mapping[str, int],
    of: str,
    with_respect_to: str,
    forcing: float = 1.0,
) -> JacobianCost:
    """What a map costs: the adjoint program once for every unit of every step, and the norms. Raises `RunError`."""
    plan = plan_jacobians(recurrence, lengths, of, with_respect_to, forcing)
    target, source = recurrence.variables[of], recurrence.variables[with_respect_to]
    rows, columns = _steps(target, lengths), _steps(source, lengths)
    once = cost(plan.plan.schedule, lengths).operations
    each = prod(target.shape) * prod(source.shape)
    norms = 2 * each * min(prod(target.shape), prod(source.shape))
    operations = rows * prod(target.shape) * once + rows * columns * norms
    held = max(BLOCK, columns * prod(target.shape) * max(prod(target.shape), prod(source.shape)))
    return JacobianCost(operations, 8 * (rows * columns + held))


def norms_of(matrices: Tensor, norm: Norm) -> Tensor:
    """The norm of each matrix of a stack.

    The largest singular value is taken from the smaller of the two Gram matrices, scaled so that nothing underflows.
    """
    frobenius = torch.linalg.vector_norm(matrices, dim=(-2, -1))
    if norm == "frobenius":
        return frobenius
    if 1 in matrices.shape[-2:]:
        return frobenius
    good = torch.isfinite(frobenius) & (frobenius > 0)
    scale = torch.where(good, frobenius, 1.0)[..., None, None]
    scaled = torch.where(good[..., None, None], matrices / scale, 0.0)
    if scaled.shape[-2] < scaled.shape[-1]:
        scaled = scaled.mT
    largest = torch.linalg.eigvalsh(scaled.mT @ scaled)[..., -1]
    return torch.where(good, largest.clamp_min(0).sqrt() * scale[..., 0, 0], frobenius)


def _spread(tensor: Tensor, leading: int, batch: int) -> Tensor:
    """The first sequence of a batch, as a batch of any size without a copy."""
    one = tensor.narrow(leading, 0, 1)
    return one.expand(*one.shape[:leading], batch, *one.shape[leading + 1 :])


def _steps(variable: Variable, lengths: Mapping[str, int]) -> int:
    return lengths[variable.domains[0]] if variable.domains else 1


def _sided(recurrence: Recurrence, name: str, field: str) -> Variable:
    """A variable that has Jacobians: of a run, with one index at most, over a chain."""
    variable = recurrence.variables.get(name)
    good = [
        one.name
        for one in recurrence.variables.values()
        if len(one.domains) <= 1
        and all(recurrence.domains[domain].kind != "tree" for domain in one.domains)
        and (field != "of" or (one.kind == "equation" and (one.domains or one.shape)))
    ]
    if variable is None or name not in good:
        raise refuse(f"/{field}", "jacobian-of", name=name[:30], names=", ".join(good) or "-")
    return variable
