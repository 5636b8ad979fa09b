"""A tape: what a scan does at each step, as torch calls whose arguments and results are bound to views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from torch import Tensor

from unrolled.engine.recording import Again, Recording
from unrolled.engine.values import Window

Register = Callable[[Window], list[Tensor]]


@dataclass(frozen=True, slots=True)
class Call:
    """One torch call of the tape: `function(*arguments, out=out)` at every step."""

    function: Callable[..., Any]
    arguments: tuple[Register, ...]
    out: Register


@dataclass
class Tape:
    """What a scan does at each step, in order.

    `refresh` makes again what was made of parameters when the tape was built, `starts` what was made of
    other values when a window was bound.
    """

    index: str
    is_forward: bool
    calls: list[Call] = field(default_factory=list[Call])
    refresh: Recording = field(default_factory=list[Again])
    starts: Recording = field(default_factory=list[Again])

    def play(self, window: Window, recording: Recording | None = None) -> None:
        """Run the steps of a window, each call writing into its place."""
        self.starts.clear()
        bound = [
            (one.function, [argument(window) for argument in one.arguments], one.out(window))
            for one in self.calls
        ]
        first, last = window[self.index]
        steps = range(last - first + 1) if self.is_forward else range(last - first, -1, -1)
        tape = [(function, *_three(arguments), out) for function, arguments, out in bound]
        for step in steps:
            for function, a, b, c, out in tape:
                if not b:
                    function(a[step], out=out[step])
                elif not c:
                    function(a[step], b[step], out=out[step])
                else:
                    function(a[step], b[step], c[step], out=out[step])
        if recording is not None:
            recording += [*self.refresh, *self.starts]
            recording += [
                partial(function, *(one[step] for one in arguments), out=out[step])
                for step in steps
                for function, arguments, out in bound
            ]


def _three(arguments: list[list[Tensor]]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """One to three arguments as three; an empty list stands for none."""
    first, second, third, *_ = [*arguments, [], []]
    return first, second, third
