"""Fixture F of the reference: deterministic numbers, so that results compare without random seeds.

`P(s, shape)[k] = 0.5·sin(s + 1.3·k)`, k the row-major flat index from 0, in double precision.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GOLDEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("chapter10-golden.json").read_text(encoding="utf-8")
)
"""The numbers that an independent reference computed on fixture F."""


def P(s: float, *shape: int) -> list[Any]:
    """A vector or matrix of the fixture as nested lists."""
    numbers = (0.5 * math.sin(s + 1.3 * k) for k in range(math.prod(shape)))
    return _rows(numbers, shape)


def _rows(numbers: Iterator[float], shape: tuple[int, ...]) -> list[Any]:
    if len(shape) == 1:
        return [next(numbers) for _ in range(shape[0])]
    return [_rows(numbers, shape[1:]) for _ in range(shape[0])]


X: list[list[float]] = [[2 * value for value in row] for row in P(0.3, 5, 2)]
Y = [1, 3, 0, 2, 1]
U, W, V, b, c, h0 = P(1, 3, 2), P(2, 3, 3), P(3, 4, 3), P(4, 3), P(5, 4), P(6, 3)
SIZES = {"x": 2, "h": 3, "y": 4}
