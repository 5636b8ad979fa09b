"""`where` inside a scan, where the condition is known before the run: only what is taken is computed.

A clockwork's `t % P == 0` depends on nothing but the step. At each step each side is computed for its own
runs of units, and what computes a side for this `where` alone (its cone) is narrowed to these columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from typing import Final

import torch
from torch import Tensor

from unrolled.engine.kernels import BINARY, UNARY
from unrolled.engine.patterns import Patterns
from unrolled.engine.recording import Recording
from unrolled.engine.tape import Call, Register, copy_into
from unrolled.engine.values import Window
from unrolled.graph import Instruction, Operand, Program

MOST_RUNS: Final = 4
LEAST_NUMBERS: Final = 1024  # below, a call costs more than the numbers that it spares

Run = tuple[int, int, bool]  # first unit, units, the side that they take


def is_known(program: Program, identity: int) -> bool:
    """Whether a value follows from the text alone: constants, numbers and the step."""
    instruction = program.instructions[identity]
    if instruction.function in ("constant", "number", "index"):
        return True
    return (
        bool(instruction.operands)
        and instruction.is_shared
        and all(is_known(program, operand.value) for operand in instruction.operands)
    )


def cones_of(
    patterns: Patterns, kept: Callable[[Instruction], bool], taken: Collection[int]
) -> dict[int, tuple[frozenset[int], frozenset[int]]]:
    """Each `where` with a known condition, and what computes its two sides for it alone.

    `kept`: results of which every step is held; `taken`: what is computed together with something else.
    """
    return {
        identity: (
            frozenset(_cone(patterns, kept, taken, one, one.operands[1], one)),
            frozenset(_cone(patterns, kept, taken, one, one.operands[2], one)),
        )
        for identity in patterns.inside
        if _is_selectable(patterns, one := patterns.program.instructions[identity])
    }


def _is_selectable(patterns: Patterns, instruction: Instruction) -> bool:
    if instruction.function != "where" or patterns.labels(instruction):
        return False
    condition = patterns.program.instructions[instruction.operands[0].value]
    is_by_unit = len(instruction.shape) == 1 and condition.shape == instruction.shape
    return (
        condition.identity not in patterns.inside
        and (is_by_unit or not condition.shape)
        and is_known(patterns.program, condition.identity)
    )


def _cone(
    patterns: Patterns,
    kept: Callable[[Instruction], bool],
    taken: Collection[int],
    root: Instruction,
    operand: Operand,
    reader: Instruction,
) -> Iterator[int]:
    one = patterns.program.instructions[operand.value]
    if (
        operand.positions
        or one.identity not in patterns.inside
        or one.identity in taken
        or one.shape != root.shape
        or one.indices != root.indices
        or kept(one)
        or patterns.only_reader(one) != reader
    ):
        return
    is_by_unit = one.function in UNARY or one.function in BINARY or one.function == "total"
    if is_by_unit or (one.function == "matmul" and patterns.is_plain_product(one)):
        yield one.identity
    if is_by_unit:
        for inner in one.operands:
            yield from _cone(patterns, kept, taken, root, inner, one)


@dataclass(frozen=True, slots=True)
class Side:
    """What is taken: where it lies once its calls are made. The last call writes it."""

    calls: tuple[Call, ...]
    value: Register


@dataclass(frozen=True, slots=True)
class Selection:
    """A `where` on a tape: `sides` where the condition holds and where it does not."""

    condition: Register
    sides: tuple[Side, Side]
    out: Register
    units: int

    def bind(self, window: Window) -> Sequence[Recording]:
        outs, conditions = self.out(window), self.condition(window)
        yes, no = (_Bound(side, window, outs) for side in self.sides)
        found: list[Recording] = []
        known: dict[bytes, list[Run]] = {}  # clocks take the same units again and again
        for step, (condition, out) in enumerate(zip(conditions, outs, strict=True)):
            key = (condition != 0).numpy().tobytes()
            if key not in known:
                known[key] = _runs(condition)
            runs = known[key]
            if len(runs) == 1:
                found.append((yes if runs[0][2] else no).part(step))
            elif len(runs) > MOST_RUNS or out.numel() < LEAST_NUMBERS:
                chosen = (condition != 0, yes.value(step), no.value(step))
                found.append(
                    [*yes.whole(step), *no.whole(step), partial(torch.where, *chosen, out=out)]
                )
            else:
                found.append(
                    [
                        again
                        for first, width, side in runs
                        for again in (yes if side else no).part(step, (first, width, self.units))
                    ]
                )
        return found


class _Bound:
    """A side in a window: its calls for all units, or for some of them into the result's place."""

    def __init__(self, side: Side, window: Window, outs: list[Tensor]) -> None:
        self._side = side
        self._window = window
        copied = Call(copy_into, (side.value,), side.value)
        self._calls = [
            (one, [argument(window) for argument in one.arguments], one.out(window))
            for one in (side.calls or (copied,))
        ]
        *_, (last, arguments, _) = self._calls
        self._calls[-1] = (last, arguments, outs)
        self._narrowed: dict[tuple[int, int, int], Tensor] = {}

    @cached_property
    def _whole(self) -> list[Sequence[Recording]]:
        return [one.bind(self._window) for one in self._side.calls]

    def whole(self, step: int) -> Recording:
        """The calls that compute all units where the side's own value lies."""
        return [again for one in self._whole for again in one[step]]

    @cached_property
    def _values(self) -> list[Tensor]:
        return self._side.value(self._window)

    def value(self, step: int) -> Tensor:
        return self._values[step]

    def part(self, step: int, columns: tuple[int, int, int] | None = None) -> Recording:
        """The calls that write some columns of the result, or all: first, how many, of how many."""
        return [
            partial(
                call.function,
                *(
                    one[step] if place == call.row else self._narrow(one[step], columns)
                    for place, one in enumerate(arguments)
                ),
                out=self._narrow(out[step], columns),
            )
            for call, arguments, out in self._calls
        ]

    def _narrow(self, value: Tensor, columns: tuple[int, int, int] | None) -> Tensor:
        """Columns of a value that has them; one number stands for all of them."""
        if columns is None or not value.dim() or value.shape[-1] != columns[2]:
            return value
        key = (id(value), *columns[:2])
        if key not in self._narrowed:
            self._narrowed[key] = value.narrow(-1, *columns[:2])
        return self._narrowed[key]


def _runs(condition: Tensor) -> list[Run]:
    """Neighbouring units that take one side."""
    found: list[Run] = []
    first = 0
    for side, units in groupby((condition != 0).reshape(-1).tolist()):
        width = len(list(units))
        found.append((first, width, side))
        first += width
    return found
