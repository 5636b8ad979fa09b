"""§5 and §7: back-propagation through time, asked as the gradients of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from golden.fixture import GOLDEN, U, V, W, X, Y, h0
from golden.rows_gates import ELMAN, START, request
from golden.table import Row, Service

Found = Mapping[str, np.ndarray]

BPTT = request("rnn-hidden-recurrence", ELMAN, **START, gradient={"of": "loss"})
SINGLE = request(
    "rnn-single-output", ELMAN, **START, inputs={"x": X, "y": Y[-1]}, gradient={"of": "loss"}
)
NORMS = {"c": "c", "V": "V", "b": "b", "W": "W", "U": "U", "h0": "h[0]"}


def asked(body: dict[str, Any], of: Callable[[Found], Any]) -> Callable[[Service], Any]:
    """Something small computed from the outputs of one run."""
    return lambda service: of(service.run(**body))


def by_hand(found: Found) -> dict[str, np.ndarray]:
    """Equations 10.18 to 10.28, from the forward values alone."""
    h, steps = found["h"], range(len(Y))
    before = np.concatenate([[h0], h[:-1]])
    o = found["p"] - np.eye(4)[Y]  # 10.18
    state = np.zeros_like(h)
    for t in reversed(steps):  # 10.19 to 10.21
        later = np.array(W).T @ ((1 - h[t + 1] ** 2) * state[t + 1]) if t + 1 in steps else 0
        state[t] = later + np.array(V).T @ o[t]
    into = (1 - h**2) * state
    return {
        "o": o, "h": state, "c": o.sum(0), "b": into.sum(0), "V": o.T @ h, "W": into.T @ before,
        "U": into.T @ np.array(X), "x": into @ np.array(U), "h[0]": np.array(W).T @ into[0],
    }  # fmt: skip


def distance_from_hand(name: str) -> Callable[[Found], float]:
    return lambda found: float(np.abs(found[f"grad/{name}"] - by_hand(found)[name]).max())


def norm_of(name: str) -> Callable[[Found], float]:
    return lambda found: float(np.linalg.norm(found[f"grad/{name}"]))


ROWS = [
    Row(
        "§5", "‖∇_h‖ for t = 5 … 1", GOLDEN["rnn_single"]["nabla_h_norm_t5_to_1"],
        asked(SINGLE, lambda found: np.linalg.norm(found["grad/h"], axis=1)[::-1]),
    ),
    Row("§7", "∇_W", GOLDEN["rnn_h2h"]["grad_W"], asked(BPTT, lambda found: found["grad/W"])),
    Row(
        "§7", "‖∇_h‖ by t", GOLDEN["rnn_h2h"]["nabla_h_norms"],
        asked(BPTT, lambda found: np.linalg.norm(found["grad/h"], axis=1)),
    ),
    *(
        Row("§7", f"‖∇_{name}‖", GOLDEN["rnn_h2h"]["grad_norm"][name], asked(BPTT, norm_of(output)))
        for name, output in NORMS.items()
    ),
    Row(
        "§7", "Σ_i (∇_o)_i by t", [0.0] * 5,
        asked(BPTT, lambda found: found["grad/o"].sum(-1)), tolerance=1e-15,
    ),
    *(
        Row("§7", f"∇_{name}: by hand (10.17-10.28)", 0.0, asked(BPTT, distance_from_hand(name)), tolerance=1e-14)
        for name in ("o", "h", "c", "b", "V", "W", "U", "x", "h[0]")
    ),
]  # fmt: skip
