"""What the threads for torch do to the process they are in."""

from __future__ import annotations

import subprocess
import sys

FROZEN = """
import gc
from unrolled.service.workers import import_engine

import_engine()
first = gc.get_freeze_count()
kept = [[] for _ in range(1000)]
import_engine()
print(first, gc.get_freeze_count() - first, len(gc.get_objects()))
"""


def test_what_is_there_once_torch_is_imported_is_never_looked_at_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FROZEN], capture_output=True, text=True, check=True, timeout=60
    )
    first, later, looked_at = map(int, done.stdout.split())
    assert first > 50_000, "torch and all of ours"
    assert later == 0, "only once: what comes later may become garbage"
    assert looked_at < 0.1 * first
