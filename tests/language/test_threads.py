"""Texts are read by several threads at once: the service does it for everybody who types."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from unrolled.language import parse

TEXT = "h: 3\nx: 2\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n"
ROWS = "".join(f"    o{i}[t] = tanh(b + W @ h[t-1] + U @ x[t])\n" for i in range(15))


class Garbage:
    """Is collected only by the garbage collector, whose finalizer lets other threads run."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns all the time, and a garbage collector that comes all the time."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(20, 1, 1)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("restless")
def test_threads_that_read_at_once_do_not_disturb_each_other() -> None:
    def read(_: int) -> int:
        Garbage()
        return len(parse(TEXT + ROWS).equations)

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(read, range(60)))
    assert found == [16] * 60
