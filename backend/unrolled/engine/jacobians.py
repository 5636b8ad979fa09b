"""Jacobians of a computed run: how a variable at one step changes with another at any step.

∂h^(t)/∂h^(s) is the total derivative with the node h^(s) of the unfolded graph moved alone: all that is computed
from it follows, everything else at step s and before stays. (Of an LSTM's pair, moving h^(s) leaves s^(s) where it
is; moving s^(s) moves h^(s) = tanh(s^(s)) q^(s) with it.) Rows of Jacobians are cotangents. In general the adjoint program runs once for a block of unit vectors, as
a batch; where delays along one chain carry the source, `chains.py` multiplies one-step Jacobians instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Final, Literal

import torch
from torch import Tensor

from unrolled.engine.arithmetic import computing
from unrolled.engine.backroom import reach
from unrolled.engine.chains import (
    BLOCK,
    Chain,
    ChainPlan,
    chain_cost,
    execute,
    load_noise,
    load_recorded,
    plan_chain,
)
from unrolled.engine.gradients import BackwardPlan, plan_backward
from unrolled.engine.loading import Leaves, boundary_places, fill_room, load_leaves
from unrolled.engine.plans import Key
from unrolled.engine.problems import refuse
from unrolled.engine.targets import Wanted
from unrolled.engine.values import Values
from unrolled.graph import Program, Target, cost, lower
from unrolled.language import Position, Recurrence, Variable, listed

Norm = Literal["spectral", "frobenius"]
Way = Literal["best", "chain", "general"]
SLOWER: Final = 4
"""How many times the operations of the general way the products may take, and still be faster."""


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
        way: Way = "best",
    ) -> None:
        self.of = of
        self.with_respect_to = with_respect_to
        self._forward = forward
        self._done = done
        self._leaves = leaves
        self._forcing = forcing
        self._found = _plans(
            forward.recurrence, done.lengths, of, with_respect_to, forcing, leaves.holds, way
        )
        lengths = done.lengths
        self._rows = _steps(self._found.of, lengths)
        self._columns = self._found.columns(lengths)

    @property
    def is_chained(self) -> bool:
        """Whether products of one-step Jacobians are taken."""
        return self._found.chain is not None

    @cached_property
    def _chain(self) -> Chain:
        assert self._found.chain is not None
        return Chain(
            self._found.chain, self._forward, self._done, self._leaves, self._forcing, self._found.start
        )  # fmt: skip

    def map(self, norm: Norm = "frobenius", floor: float = 0.0) -> JacobianMap:
        """The norms for all pairs of steps: the spectral norm (largest singular value) or the Frobenius norm.

        A chain's Jacobians all of whose numbers are below `floor` may be left zero from there on.
        """
        norms = torch.zeros(self._rows, self._columns, dtype=self._done.dtype)
        if self._found.chain is not None:
            rows = norms.unbind(0)
            with computing():
                for step, first, last, matrices in self._products(floor):
                    rows[step].narrow(0, first, last - first).copy_(norms_of(matrices, norm))
            return JacobianMap(self.of, self.with_respect_to, norm, self._chain.turned(norms))
        for first, matrices in self._blocks():
            norms[first : first + len(matrices)] = norms_of(matrices, norm)
        return JacobianMap(self.of, self.with_respect_to, norm, norms)

    def matrices(self) -> Tensor:
        """All Jacobians, (steps of, steps with respect to, units of, units with respect to)."""
        if self._found.chain is None:
            return torch.cat([matrices for _, matrices in self._blocks()])
        sizes = (prod(self._found.of.shape), prod(self._found.source.shape))
        result = torch.zeros(self._rows, self._columns, *sizes, dtype=self._done.dtype)
        with computing(inference=False):
            for step, first, last, matrices in self._products():
                result[step, first:last] = matrices.mT
        return self._chain.turned(result)

    def spectrum(self, step: int, source_step: int) -> Spectrum:
        """∂of^(step)/∂with_respect_to^(source_step), taken apart. Steps count from 1. Raises `RunError`."""
        if not (1 <= step <= self._rows and 1 <= source_step <= self._columns):
            raise refuse(
                "/spectrum/step", "jacobian-step", step=str(step), source=str(source_step),
                rows=str(self._rows), columns=str(self._columns),
            )  # fmt: skip
        matrix = self._one(step - 1, source_step - 1)
        singular = torch.linalg.svdvals(matrix)
        is_square = matrix.shape[0] == matrix.shape[1]
        return Spectrum(matrix, singular, torch.linalg.eigvals(matrix) if is_square else None)

    def _one(self, row: int, column: int) -> Tensor:
        """One Jacobian, by steps from 0."""
        if self._found.chain is None:
            return self._block(row, 1)[0, column]
        chain, start = self._chain, self._found.start
        until, first = chain.place(row), chain.place(column) if start is None else start
        matrix = torch.zeros(
            prod(self._found.of.shape), prod(self._found.source.shape), dtype=self._done.dtype
        )
        with computing(inference=False):
            for step, _, matrices in chain.products(first, first + 1, until):
                if step == until:
                    matrix = matrices[0].mT.clone()
        return matrix

    def _products(self, floor: float = 0.0) -> Iterator[tuple[int, int, int, Tensor]]:
        """Step, first and last column of a map, and their Jacobians transposed, in the chain's order."""
        for begin, end in self._chain.blocks():
            for step, first, matrices in self._chain.products(begin, end, floor=floor):
                low = first if self._found.start is None else first - begin
                yield step, low, low + len(matrices), matrices

    def _blocks(self) -> Iterator[tuple[int, Tensor]]:
        units, others = prod(self._found.of.shape), prod(self._found.source.shape)
        largest = self._columns * units * max(units, others)
        count = max(1, min(self._rows, BLOCK // max(1, largest)))
        for first in range(0, self._rows, count):
            yield first, self._block(first, min(count, self._rows - first))

    def _block(self, first: int, count: int) -> Tensor:
        """The Jacobians of `count` steps from the 0-based `first`: (count, columns, units of, units of source)."""
        units, others = prod(self._found.of.shape), prod(self._found.source.shape)
        done, found = self._done, self._found.general.adjoint
        if found.seed is None:  # it depends on the source nowhere
            return torch.zeros(count, self._columns, units, others, dtype=done.dtype)
        with computing(inference=False):
            values = Values(found.program, done.lengths, count * units, done.dtype, done.trees)
            self._load(values, first, count)
            execute(self._found.general.plan, values, self._forcing)
            result = values.own(found.variables[self.with_respect_to], {})
            shaped = result.reshape(self._columns, count, units, others)
            return shaped.transpose(0, 1)

    def _load(self, values: Values, first: int, count: int) -> None:
        """What the forward pass recorded, seen by every unit vector; and the unit vectors."""
        found, of = self._found.general.adjoint, self._found.of
        load_recorded(values, found, self._forward, self._done)
        load_leaves(values, self._leaves)
        load_noise(values, self._forward, self._done)
        fill_room(values, self._found.general.plan, reach(found.program))
        units = prod(of.shape)
        seed = torch.zeros(self._rows, values.batch, units, dtype=values.dtype)
        for place in range(count):
            rows = range(place * units, (place + 1) * units)
            seed[first + place, rows, range(units)] = 1
        assert found.seed is not None  # else `_block` has no need of it
        lead = (self._rows,) if of.domains else ()
        values.tensors[found.seed] = seed.reshape(*lead, values.batch, *of.shape)


@dataclass(frozen=True, slots=True)
class _Plans:
    """Both ends, `start` if the source is a boundary value (steps from the first: -1 for `h[0]`), the ways, the cost."""

    of: Variable
    source: Variable
    place: Position | None
    general: BackwardPlan
    chain: ChainPlan | None
    cost: JacobianCost

    @property
    def start(self) -> int | None:
        return None if self.place is None else _start(self.place)

    def columns(self, lengths: Mapping[str, int]) -> int:
        return 1 if self.place is not None else _steps(self.source, lengths)


def _plans(
    recurrence: Recurrence, lengths: Mapping[str, int], of: str, with_respect_to: str, forcing: float,
    holds: Mapping[str, bool] | None, way: Way = "best",
) -> _Plans:  # fmt: skip
    """The ways that are right, the cheaper one of them. Raises `RunError`."""
    key = Key(recurrence, forcing, holds)
    return _made(key, tuple(lengths.items()), of, with_respect_to, way)


@lru_cache(maxsize=32)
def _made(
    key: Key, every: tuple[tuple[str, int], ...], of: str, with_respect_to: str, way: Way
) -> _Plans:
    recurrence, forcing, holds, lengths = key.recurrence, key.forcing, key.holds, dict(every)
    target = _sided(recurrence, of, "of")
    name, place = _boundary(recurrence, forcing, holds, with_respect_to)
    source = _sided(recurrence, name, "with_respect_to")
    scalar = Target(of, (1,) * len(target.domains), (0,) * len(target.shape))
    wanted = Wanted(str(scalar), (with_respect_to,))
    general = plan_backward(recurrence, lengths, wanted, forcing, holds=holds)
    columns = 1 if place is not None else _steps(source, lengths)
    rows, units, others = _steps(target, lengths), prod(target.shape), prod(source.shape)
    norms = rows * columns * 2 * units * others * min(units, others)
    operations = rows * units * cost(general.plan.schedule, lengths).operations
    numbers = rows * columns + max(BLOCK, columns * units * max(units, others))
    chain = None if way == "general" else plan_chain(key, every, of, name)
    if (
        chain is not None
        and place is not None
        and (place.anchor == "start") != chain.step.is_forward
    ):
        chain = None
    if chain is not None:
        fast, held = chain_cost(chain, recurrence, lengths, columns)
        if way == "best" and fast > SLOWER * operations:
            chain = None
        else:
            operations, numbers = fast, rows * columns + held
    return _Plans(
        target, source, place, general, chain, JacobianCost(operations + norms, 8 * numbers)
    )


def jacobian_cost(
    recurrence: Recurrence,
    lengths: Mapping[str, int],
    of: str,
    with_respect_to: str,
    forcing: float = 1.0,
    holds: Mapping[str, bool] | None = None,
) -> JacobianCost:
    """What a map costs, the way it will be made, and the norms. Raises `RunError`."""
    return _plans(recurrence, lengths, of, with_respect_to, forcing, holds).cost


def norms_of(matrices: Tensor, norm: Norm) -> Tensor:
    """The norm of each matrix of a stack.

    The largest singular value is taken from the smaller of the two Gram matrices, scaled so that nothing underflows.
    """
    is_flat = matrices.is_contiguous()
    frobenius = torch.linalg.vector_norm(
        matrices.flatten(-2) if is_flat else matrices, dim=-1 if is_flat else (-2, -1)
    )
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
        raise refuse(f"/{field}", "jacobian-of", name=name[:30], names=listed(good))
    return variable


def _boundary(
    recurrence: Recurrence, forcing: float, holds: Mapping[str, bool] | None, name: str
) -> tuple[str, Position | None]:
    """`h[0]` as the variable and the position; any other name as it is."""
    if not name.endswith("]"):
        return name, None
    found = boundary_places(lower(recurrence, forcing, holds))
    written = {f"{variable}[{place}]": (variable, one) for (variable, place), one in found.items()}
    return written.get(name, (name, None))


def _start(place: Position) -> int:
    """A boundary position in steps from the first, seen in the direction in which the chain reads."""
    return place.offset - 1 if place.anchor == "start" else -place.offset
