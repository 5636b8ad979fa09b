"""§18, §21 and §22: how a state depends on an earlier one, from `POST /v1/jacobians`."""

from __future__ import annotations

from typing import Any

import numpy as np

from golden.table import Row, Service

SCALAR = "h: ()\nx: ()\nfor t in time:\n    h[t] = {} + x[t]\n"


def over(steps: int, right_side: str) -> Any:
    """Asks for ∂h^(1+steps)/∂h^(1) of a scalar linear recurrence."""

    def got(service: Service) -> Any:
        body = {
            "equations": SCALAR.format(right_side),
            "lengths": {"time": steps + 1},
            "dtype": "float64",
            "of": "h",
            "with_respect_to": "h",
        }
        return np.array(service.post("/v1/jacobians", body)["norms"])[steps, 0]

    return got


def rotated(service: Service) -> Any:
    """‖∂h^(t)/∂h^(1)‖₂ for W = 0.7 · a rotation."""
    c, s = 0.7 * np.cos(0.4), 0.7 * np.sin(0.4)
    body = {
        "equations": "for t in time:\n    h[t] = W @ h[t-1] + x[t]\n",
        "sizes": {"h": 2},
        "lengths": {"time": 9},
        "dtype": "float64",
        "parameters": {"values": {"W": [[c, -s], [s, c]]}},
        "of": "h",
        "with_respect_to": "h",
        "norm": "spectral",
    }
    return np.array(service.post("/v1/jacobians", body)["norms"])[:, 0]


ROWS = [
    Row("§18", "λ^t of λ·orthogonal", [0.7**t for t in range(9)], rotated),
    Row("§21", "w_d alone, d=5, τ=40", 0.43046721, over(40, "0.9 * h[t-5]")),
    Row("§21", "w_d alone, d=5, τ=41", 0.0, over(41, "0.9 * h[t-5]")),
    Row("§21", "plain, τ=40", 0.0147808829, over(40, "0.9 * h[t-1]")),
    Row("§21", "both, d=5, τ=40", 4629.84, over(40, "0.9 * h[t-1] + 0.9 * h[t-5]"), 0.005),
    Row("§22", "α^k, k=20", 0.95**20, over(20, "0.95 * h[t-1]")),
]
