"""How long a run has computed, against how long it may."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import TypeVar

from unrolled.settings import Settings

from . import metrics
from .problems import Fault, ProblemError

T = TypeVar("T")


class Computing:
    """The computing of one run: of the `pieces` of its passes, until it is `done`.

    Waiting, for a thread or for a slow reader, is no computing.
    """

    def __init__(self, settings: Settings) -> None:
        self.limit = settings.max_seconds
        self.seconds = 0.0

    def pieces(self, made: Iterator[T]) -> Iterator[T]:
        """The pieces of a pass. Raises `ProblemError` after the piece that took it over the limit."""
        while True:
            began = perf_counter()
            piece = next(made, None)
            self.seconds += perf_counter() - began
            if piece is None:
                return
            if self.seconds > self.limit:
                needed = f"{self.seconds:.3g}"
                arguments = {"needed": needed, "limit": f"{self.limit:g}"}
                raise ProblemError("time-limit", [Fault("seconds", "", arguments=arguments)])
            yield piece

    def done(self) -> None:
        """Count the run, however it ended."""
        metrics.run_computed(self.seconds)
