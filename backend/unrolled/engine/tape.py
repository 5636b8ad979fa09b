"""A tape: what a scan does at each step, as torch calls whose arguments and results are bound to views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from torch import Tensor

from unrolled.engine.recording import Again, Recording
from unrolled.engine.values import Window

Register = Callable[[Window], list[Tensor]]


class Entry(Protocol):
    """What stands on a tape: bound to a window, it knows its calls at each step."""

    def bind(self, window: Window) -> Sequence[Recording]: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One torch call of the tape: `function(*arguments, out=out)` at every step.

    `row`: which argument is the row of a product, all of which enters every number of the result.
    """

    function: Callable[..., Any]
    arguments: tuple[Register, ...]
    out: Register
    row: int | None = None

    def bind(self, window: Window) -> Sequence[Recording]:
        function = self.function
        views = [argument(window) for argument in self.arguments]
        return [
            [partial(function, *arguments, out=out)]
            for *arguments, out in zip(*views, self.out(window), strict=True)
        ]


@dataclass
class Tape:
    """What a scan does at each step, in order.

    `refresh` makes again what was made of parameters when the tape was built, `starts` what was made of
    other values when a window was bound.
    """

    index: str
    is_forward: bool
    calls: list[Entry] = field(default_factory=list[Entry])
    refresh: Recording = field(default_factory=list[Again])
    starts: Recording = field(default_factory=list[Again])

    def add(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Register],
        out: Register,
        row: int | None = None,
    ) -> None:
        """One more call at every step."""
        self.calls.append(Call(function, tuple(arguments), out, row))

    def play(self, window: Window, recording: Recording | None = None) -> None:
        """Run the steps of a window, each call writing into its place."""
        self.starts.clear()
        bound = list(self._steps([one.bind(window) for one in self.calls], window))
        for again in bound:
            again()
        if recording is not None:
            recording += [*self.refresh, *self.starts, *bound]

    def _steps(self, bound: list[Sequence[Recording]], window: Window) -> Iterator[Again]:
        first, last = window[self.index]
        steps = range(last - first + 1) if self.is_forward else range(last - first, -1, -1)
        for step in steps:
            for one in bound:
                yield from one[step]


def copy_into(source: Tensor, *, out: Tensor) -> None:
    """A copy in the form of the calls of a tape."""
    out.copy_(source)
