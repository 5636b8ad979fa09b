"""Jacobians along a chain: all one-step Jacobians at once, then one product a step for all starting steps.

The *state* is what is read with a delay (an LSTM's h and s). With D^(t) = ∂state^(t)/∂source^(s) for every s
before t, D^(t) = Σ_d J_d^(t) D^(t-d), d over the delays; the column that starts at t is what moves within
step t when the source alone is moved. A chain that reads ahead is the same with its steps turned around.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from math import prod

import torch
from torch import Tensor

from unrolled.engine.arithmetic import computing
from unrolled.engine.backroom import backroom_of
from unrolled.engine.executor import Executor
from unrolled.engine.loading import Leaves, keep_beyond
from unrolled.engine.plans import Key, Plan, plan_of
from unrolled.engine.values import Pad, Values
from unrolled.graph import (
    Adjoint,
    Instruction,
    OneStep,
    Program,
    Request,
    Target,
    adjoint,
    arrange,
    cost,
    lower,
    one_step,
)
from unrolled.language import Recurrence

BLOCK = 2**22
"""Numbers that the columns of one block, or one value of a block of unit vectors, may take."""


@dataclass(frozen=True, slots=True)
class ChainPlan:
    """One step, its adjoint for every row of the state (and for `of`), and where the units of the state lie."""

    step: OneStep
    of: str
    source: str
    adjoints: Mapping[str, tuple[Adjoint, Plan]]
    places: Mapping[str, slice]
    units: int

    @property
    def is_state(self) -> bool:
        """Whether `of` is part of the state."""
        return self.of in self.places

    @property
    def span(self) -> int:
        return max(self.step.delays)


@lru_cache(maxsize=32)
def plan_chain(
    key: Key, lengths: tuple[tuple[str, int], ...], of: str, source: str
) -> ChainPlan | None:
    """How the Jacobians of a chain are made; None where only the general way is right."""
    step = one_step(lower(key.recurrence, key.forcing, key.holds), of, source)
    if step is None:
        return None
    wanted = frozenset((*step.reads, source))
    adjoints: dict[str, tuple[Adjoint, Plan]] = {}
    places: dict[str, slice] = {}
    units = 0
    for name in step.state:
        size = prod(key.recurrence.variables[name].shape)
        places[name] = slice(units, units + size)
        units += size
    for name in dict.fromkeys((*step.state, of)):
        target = Target(name, (1,), (0,) * len(key.recurrence.variables[name].shape))
        found = adjoint(step.program, Request(target, wanted), dict(lengths))
        adjoints[name] = (found, plan_of(arrange(found.program)))
    return ChainPlan(step, of, source, adjoints, places, units)


def chain_cost(
    plan: ChainPlan, recurrence: Recurrence, lengths: Mapping[str, int], columns: int
) -> tuple[int, int]:
    """Operations and numbers held: the steps' Jacobians, and the products for all columns."""
    target, source = (recurrence.variables[name] for name in (plan.of, plan.source))
    steps, state, others = lengths[target.domains[0]], plan.units, prod(source.shape)
    own = 0 if plan.is_state else prod(target.shape)
    once = sum(
        prod(recurrence.variables[name].shape) * cost(found.schedule, lengths).operations
        for name, (_, found) in plan.adjoints.items()
    )
    pairs = steps * (steps - 1) // 2 if columns > 1 else steps
    delays = len(plan.step.delays)
    products = 2 * pairs * others * state * (state + own) * delays
    kept = steps * (state + own) * (state * delays + others)
    block = min(columns * others * state, max(BLOCK, others * state))
    return once + products, kept + (plan.span + 1) * block


class Chain:
    """The one-step Jacobians of a computed run, and their products.

    `start`: where the only column begins, in steps from the first (-1: h[0]); None: a column begins at each step.
    """

    def __init__(
        self, plan: ChainPlan, forward: Program, done: Values, leaves: Leaves, forcing: float, start: int | None
    ) -> None:  # fmt: skip
        self._plan = plan
        self._start = start
        variables = forward.recurrence.variables
        self._steps = done.lengths[variables[plan.of].domains[0]]
        self._others = prod(variables[plan.source].shape)
        step, state = plan.step, plan.units
        sizes = (self._steps, state)
        self._jacobians = {one: torch.zeros(*sizes, state, dtype=done.dtype) for one in step.delays}
        self._within = torch.zeros(*sizes, self._others, dtype=done.dtype)
        rows = prod(variables[plan.of].shape)
        self._read = {
            one: torch.zeros(self._steps, rows, state, dtype=done.dtype)
            for one in step.delays
            if not plan.is_state
        }
        self._own = torch.zeros(self._steps, rows, self._others, dtype=done.dtype)
        for name, (found, ways) in plan.adjoints.items():
            units = prod(variables[name].shape)
            into, within = (
                (self._jacobians, self._within) if name in plan.places else (self._read, self._own)
            )
            base = plan.places[name].start if name in plan.places else 0
            widest = max(state, self._others)
            count = max(1, min(units, BLOCK // (self._steps * widest)))
            for first in range(0, units, count):
                last = min(units, first + count)
                place = slice(base + first, base + last)
                with self._rows(found, ways, forward, done, leaves, forcing, first, last) as rows:
                    within[:, place] = rows[plan.source]
                    for leaf, (variable, delay) in step.reads.items():
                        into[delay][:, place, plan.places[variable]] = rows[leaf]

    @contextmanager
    def _rows(
        self, found: Adjoint, ways: Plan, forward: Program, done: Values, leaves: Leaves, forcing: float,
        first: int, last: int,
    ) -> Generator[dict[str, Tensor]]:  # fmt: skip
        """Some rows of one-step Jacobians at all steps, by what they are taken with respect to."""
        count = last - first
        step = self._plan.step
        names = (*step.reads, self._plan.source)
        values = Values(found.program, done.lengths, count, done.dtype, done.trees)
        recorded, pads = self._recorded(found, forward, done)
        layout = (first, last, tuple(pads.items()))
        functions = {one.function for one in found.program.instructions.values()}
        is_kept = functions.isdisjoint(("noise", "held"))
        with computing(inference=False):
            room = backroom_of(ways, found, values, forcing, layout, is_kept=is_kept)
            room.seed(partial(_units, self._steps, first, last, done.dtype))
            room.load(recorded, leaves, pads)
            load_noise(room.values, forward, done)
            room.compute()
        rows = {
            name: room.values.own(found.variables[name], {}).reshape(self._steps, count, -1)
            for name in names
        }
        yield rows if step.is_forward else {name: one.flip(0) for name, one in rows.items()}
        room.give_back()

    def _recorded(
        self, found: Adjoint, forward: Program, done: Values
    ) -> tuple[dict[int, Tensor], dict[int, tuple[Pad, ...]]]:
        """What the forward pass recorded of the first sequence, which is the same for all rows."""
        step = self._plan.step
        tensors: dict[int, Tensor] = {}
        pads: dict[int, tuple[Pad, ...]] = {}
        for identity, leaf in found.recorded.items():
            variable, delay = step.reads.get(leaf, (leaf, 0))
            recorded = forward.variables[variable]
            leading = len(forward.instructions[recorded].indices)
            tensor = done.tensors[recorded].narrow(leading, 0, 1)
            if leaf in step.reads:
                low = done.pads[recorded][0].before - (delay if step.is_forward else -delay)
                tensors[identity] = tensor.narrow(0, low, self._steps)
            else:
                tensors[identity] = tensor
                pads[identity] = done.pads[recorded]
        return tensors, pads

    def blocks(self) -> Iterator[tuple[int, int]]:
        """First and last (exclusive) starting step of blocks of columns that fit the memory."""
        if self._start is not None:
            yield self._start, self._start + 1
            return
        count = max(1, BLOCK // (self._others * self._plan.units))
        for first in range(0, self._steps, count):
            yield first, min(self._steps, first + count)

    def products(
        self, first: int, last: int, until: int | None = None, floor: float = 0.0
    ) -> Iterator[tuple[int, int, Tensor]]:
        """Step, first column that is left, and ∂of/∂source transposed: (columns, units of source, units of `of`).

        Of the columns that start at `first` to before `last`; the tensor is overwritten in later steps.
        Columns from the oldest on whose greatest number is below `floor` are not followed any further.
        """
        plan, state, others = self._plan, self._plan.units, self._others
        sizes = (plan.span + 1, (last - first) * others, state)
        ring = torch.empty(*sizes, dtype=self._within.dtype).unbind(
            0
        )  # rows: all units of a column
        jacobians = {one: found.mT.unbind(0) for one, found in self._jacobians.items()}
        read = {one: found.mT.unbind(0) for one, found in self._read.items()}
        within = self._within.mT.unbind(0)
        target = plan.places.get(plan.of)
        is_whole = target == slice(0, state)
        dropped = 0
        for step in range(first, self._steps if until is None else until + 1):
            new = ring[step % len(ring)]
            began = min(step, last) - first
            self._advance(ring, jacobians, new, step, first, last, dropped)
            if step < last:
                begins = within[step] if self._start is None else self._unit()
                new.narrow(0, began * others, others).copy_(begins)
            count = began + (step < last)
            left = new.narrow(0, dropped * others, (count - dropped) * others)
            left = left.view(count - dropped, others, state)
            if floor > 0 and began > dropped:
                small = left[: began - dropped].abs().amax((1, 2)) < floor
                gone = int(small.long().cumprod(0).sum())
                dropped, left = dropped + gone, left[gone:]
            if step < 0:
                continue
            if target is not None:
                yield step, first + dropped, left if is_whole else left[..., target]
                continue
            result = torch.zeros(count * others, self._own.shape[1], dtype=new.dtype)
            self._advance(ring, read, result, step, first, last, dropped)
            result = result.view(count, others, -1)
            if step < last and self._start is None:
                result[began] = self._own[step].mT
            yield step, first + dropped, result[dropped:]

    def _unit(self) -> Tensor:
        """What the source moves in the state at its own step: itself."""
        result = torch.zeros(self._others, self._plan.units, dtype=self._within.dtype)
        result[:, self._plan.places[self._plan.source]] = torch.eye(self._others)
        return result

    def _advance(
        self, ring: Sequence[Tensor], by: Mapping[int, Sequence[Tensor]], new: Tensor, step: int, first: int, last: int,
        dropped: int,
    ) -> None:  # fmt: skip
        """`new` = Σ_d by_d D^(step - d), of the columns that have begun."""
        done, others = dropped, self._others
        for delay, matrices in by.items():
            begun = min(step - delay + 1, last) - first
            if step < 0 or begun <= dropped:
                continue
            rows = dropped * others, (begun - dropped) * others
            old = ring[(step - delay) % len(ring)].narrow(0, *rows)
            into = new.narrow(0, *rows)
            if done == dropped:
                torch.mm(old, matrices[step], out=into)
                done = begun
            else:
                into.addmm_(old, matrices[step])
        began = min(step, last) - first
        if done < began:
            new[done * others : began * others].zero_()

    def turned(self, result: Tensor) -> Tensor:
        """Steps in the order of the run."""
        return result if self._plan.step.is_forward else result.flip((0, 1))

    def place(self, step: int) -> int:
        """Where a step (from 0) of the run stands in the chain."""
        return step if self._plan.step.is_forward else self._steps - 1 - step


def _units(steps: int, first: int, last: int, dtype: torch.dtype, leaf: Instruction) -> Tensor:
    """Some unit vectors, at every step."""
    count = last - first
    unit = torch.zeros(count, prod(leaf.shape), dtype=dtype)
    unit[range(count), range(first, last)] = 1
    return unit.reshape(count, *leaf.shape).expand(steps, count, *leaf.shape)


def execute(plan: Plan, values: Values, forcing: float) -> None:
    """Everything of a plan, at all steps."""
    executor = Executor(plan, values, forcing)
    keep_beyond(values, plan.stages, plan.readers)
    for stage in plan.stages:
        window: Mapping[str, tuple[int, int]] = (
            {} if stage.index is None else {stage.index: (1, values.length(stage.index))}
        )
        for component in stage.components:
            executor.execute(component, window)


def load_recorded(values: Values, found: Adjoint, forward: Program, done: Values) -> None:
    """What the forward pass recorded, seen by every unit vector."""
    for identity, name in found.recorded.items():
        recorded = forward.variables.get(name)
        if recorded is not None:
            leading = len(forward.instructions[recorded].indices)
            values.tensors[identity] = spread(done.tensors[recorded], leading, values.batch)
            values.pads[identity] = done.pads[recorded]


def load_noise(values: Values, forward: Program, done: Values) -> None:
    """The noise that the forward pass drew."""
    noise = {one.name: one for one in forward.instructions.values() if one.function == "noise"}
    for instruction in values.program.instructions.values():
        if instruction.function == "noise":
            drawn = noise[instruction.name]
            values.tensors[instruction.identity] = spread(
                done.tensors[drawn.identity], len(drawn.indices), values.batch
            )


def spread(tensor: Tensor, leading: int, batch: int) -> Tensor:
    """The first sequence of a batch, as a batch of any size without a copy."""
    one = tensor.narrow(leading, 0, 1)
    return one.expand(*one.shape[:leading], batch, *one.shape[leading + 1 :])
