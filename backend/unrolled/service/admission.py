"""Who is let in: at most so many runs at once, and so many bytes of recorded values together.

All that are in share the worker threads piece by piece (`workers.py`); whoever does not fit is told at once
to come back, and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from threading import Lock
from time import perf_counter

from . import metrics
from .problems import ProblemError

MOST_WAIT = 30
"""Seconds a client is sent away for, at most."""

MEMORY = 0.1
"""How much the newest run counts in the mean of their durations."""


class Admission:
    """Counts what is running. `most_runs`: at once, waiting ones among them; `most_bytes`: they record together.

    Entered and left on the event loop; bytes are reserved in worker threads.
    """

    def __init__(self, most_runs: int, most_bytes: int, threads: int) -> None:
        self.most_runs, self.most_bytes, self.threads = most_runs, most_bytes, threads
        self.runs = 0
        self.bytes = 0
        self.refused = 0
        self.mean_seconds = 0.1
        self._lock = Lock()

    def check(self) -> None:
        """Refuse, if it is full, before a body is read. Raises `ProblemError` with 503 and `Retry-After`."""
        if self.runs >= self.most_runs:
            raise self.busy()

    def enter(self) -> Ticket:
        """A place among the runs; `leave` it. Raises `ProblemError` with 503 and `Retry-After`."""
        self.check()
        self.runs += 1
        metrics.admitted()
        return Ticket(self)

    @contextmanager
    def inside(self) -> Iterator[Ticket]:
        """A place for the time of a block."""
        ticket = self.enter()
        try:
            yield ticket
        finally:
            ticket.leave()

    def busy(self) -> ProblemError:
        """The refusal: as many seconds as those who are in will need, by the mean of the last ones."""
        self.refused += 1
        metrics.refused()
        seconds = ceil(self.runs * self.mean_seconds / self.threads)
        return ProblemError("busy", headers={"Retry-After": str(min(max(seconds, 1), MOST_WAIT))})

    def reserve(self, size: int) -> None:
        """Bytes for a run. One run alone always fits: its own limit has been checked."""
        with self._lock:
            if self.bytes and self.bytes + size > self.most_bytes:
                raise self.busy()
            self.bytes += size

    def free(self, size: int) -> None:
        with self._lock:
            self.bytes -= size


@dataclass
class Ticket:
    """A place among the runs, and the bytes that were reserved with it. Leaving twice is leaving once."""

    admission: Admission
    bytes: int = 0
    began: float = field(default_factory=perf_counter)
    is_left: bool = False

    def reserve(self, size: int) -> None:
        """Room for the values that a run records. Raises `ProblemError` with 503 and `Retry-After`."""
        self.admission.reserve(size)
        self.bytes += size

    def leave(self) -> None:
        if self.is_left:
            return
        self.is_left = True
        one = self.admission
        one.runs -= 1
        metrics.left()
        one.free(self.bytes)
        one.mean_seconds += MEMORY * (perf_counter() - self.began - one.mean_seconds)
