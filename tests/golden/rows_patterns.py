"""§6 and §8 to §15: forcing, the probabilistic view, conditioning, two directions, two sequences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from golden.fixture import GOLDEN, SIZES, P, V, W, X, Y, b, c, h0
from golden.rows_gates import ELMAN, JORDAN, START, cases, request
from golden.table import Row, Service

CLOSED: list[tuple[str, str, list[float], str, dict[str, Any]]] = [
    (
        "§6",
        "inverse sigmoid, k = 100",
        list(GOLDEN["scheduled_sampling"]["inverse_sigmoid_k100"].values()),
        "for t in time:\n    e[t] = 100 / (100 + exp((t - 1) / 100))\n",
        {"at": [0, 200, 400, 600, 1000]},
    ),
    (
        "§6",
        "exponential, k = 0.99",
        list(GOLDEN["scheduled_sampling"]["exponential_k0_99"].values()),
        "e: ()\nfor t in time:\n    e[t] = 0.99 ** (t - 1)\n",
        {"at": [0, 100, 300]},
    ),
    (
        "§8",
        "k^τ - 1 parameters, k = 3",
        [3.0**n - 1 for n in (1, 4, 9)],
        "e: ()\nn: ()\nfor t in time:\n    n[t] = 3 * n[t-1]\n"
        "    e[t] = e[t-1] + 2 * n[t]\nn[0] = 1 / 3\n",
        {"at": [0, 3, 8]},
    ),
]
SOURCE = {**ELMAN, "W_0": P(23, 3, 3), "W_s": P(18, 3, 3), "U_s": P(17, 3, 4), "C_s": P(19, 3, 3)}
SOURCE = {**SOURCE, "b_s": P(20, 3), "V": P(21, 4, 3), "Q": P(22, 4, 3)}
SCORES = {"v_a": P(24, 2), "W_a": P(25, 2, 3), "U_a": P(26, 2, 3)}
TARGETS = {"sizes": {**SIZES, "s": 3}, "inputs": {"x": X, "y": [2, 0, 3]}, "forcing": 1.0}
VECTOR = {"R": P(9, 2, 3), "R_0": P(11, 3, 2), "U": P(10, 3, 4), "W": W, "V": V, "b": b, "c": c}
BACKWARD = {"U_g": P(13, 3, 2), "W_g": P(14, 3, 3), "b_g": P(15, 3), "V_g": P(16, 4, 3)}


def closed(text: str, at: list[int]) -> Any:
    """Values of `e` at some steps, counted from 0."""

    def got(service: Service) -> Any:
        lengths = {"time": max(at) + 1}
        return service.run(equations=text, lengths=lengths)["e"].reshape(-1)[at]

    return got


def clock(weight: float, first: int) -> list[float]:
    """How brightly the one unit of the clock burns at steps 1 to 9, passed on by a weight."""
    value, found = (weight if first else 1.0), []
    for _ in range(9):
        value = math.tanh(value if first and not found else weight * value)
        found.append(value)
    return found


HAZARDS = {2: 0.5, 5: 0.6}
"""P(τ = t) / P(τ ≥ t) of lengths 2, 5 and 9 with probabilities 0.5, 0.3 and 0.2; at 9 it is one."""
LAW = [0, 0.5, 0, 0, 0.3, 0, 0, 0, 0.2, 0, 0, 0]
NEVER = -40.0


def lengths(shift: float, first: int) -> list[float]:
    """Weights from the clock that make its hazards: logits, `shift` more for a rival of that much mass."""
    logits = [
        math.log(HAZARDS[t] / (1 - HAZARDS[t])) + shift - NEVER if t in HAZARDS else 0.0
        for t in range(1, 9)
    ]
    return [value / lit for value, lit in zip([*logits, -2 * NEVER], clock(4, first), strict=True)]


END_SYMBOL = {"V": [lengths(math.log(2), 1), [0.0] * 9, [0.0] * 9], "c": [NEVER, 0.0, 0.0]}
HALT = {"v": [0.0, *lengths(0, 0)], "β": NEVER}
"""The two unstopped, all their hazards and the law of the length."""


def unstopped(name: str, weights: dict[str, Any], held: str, value: Any) -> dict[str, Any]:
    """A run of a writer that is kept from stopping, so that its whole law is seen."""
    return {
        "architecture": name,
        "parameters": {"values": weights},
        "clamp": [{"variable": held, "value": value}],
    }


def vector(way: str) -> list[Row]:
    """One of the three ways to give the network its vector."""
    name = "vector-to-sequence" + ("" if way == "each" else f"/{way}")
    weights = {k: v for k, v in VECTOR.items() if k != {"each": "R_0", "initial": "R"}.get(way)}
    start = np.eye(4)[Y[0]].tolist()
    body = request(
        name,
        weights,
        inputs={"x": P(8, 2), "y": Y[1:]},
        boundary={"z": start, **({"h": h0} if way == "each" else {})},
        forcing=1.0,
    )
    outputs = {"h_last": "h", "L_t": "L", "L": "loss"}
    return cases("§11", "vec2seq_" + {"initial": "init"}.get(way, way), body, outputs, f"{way}:")


LENGTHS = {
    "end symbol": unstopped("sequence-length", END_SYMBOL, "z", [0, 1, 0]),
    "halt unit": unstopped("sequence-length/halt", HALT, "m", 0),
    "constant": unstopped(
        "sequence-length/halt", {"v": [0.0] * 10, "β": math.log(0.25 / 0.75)}, "m", 0
    ),
}
ROWS = [
    *(
        Row(
            "§10",
            f"P(τ = n), {name}",
            [0.25 * 0.75**n for n in range(12)] if name == "constant" else LAW,
            lambda service, body=body: service.run(**body)["d"].reshape(-1),
        )
        for name, body in LENGTHS.items()
    ),
    *cases("§6", "rnn_o2h_tf", request("rnn-output-recurrence/target", JORDAN), {"L": "loss"}),
    *(
        Row(section, quantity, expected, closed(text, **at), 5e-7 if section == "§6" else 1e-9)
        for section, quantity, expected, text, at in CLOSED
    ),
    *vector("each"),
    *vector("initial"),
    *vector("both"),
    *cases(
        "§12",
        "rnn_y2h",
        request(
            "conditional-rnn",
            {**ELMAN, "R": P(12, 3, 4)},
            **START,
            forcing=1.0,
        ),
        {"h_last": "h", "L_t": "L", "L": "loss"},
    ),
    *cases(
        "§13",
        "birnn",
        request("bidirectional-rnn", {**ELMAN, **BACKWARD}, sizes={**SIZES, "g": 3}),
        {"h_last": "h", "L_t": "L", "L": "loss"},
    ),
    Row(
        "§13",
        "g first",
        GOLDEN["birnn"]["g_first"],
        lambda service: service.run(
            **request("bidirectional-rnn", {**ELMAN, **BACKWARD}, sizes={**SIZES, "g": 3})
        )["g"][0],
    ),
    *cases(
        "§14",
        "encdec",
        request("encoder-decoder", SOURCE, **TARGETS),
        {"C": "C", "s_last": "s", "L_t": "L", "L": "loss"},
    ),
    *cases(
        "§15",
        "attention",
        request("attention/forward", {**SOURCE, **SCORES}, **TARGETS),
        {"alpha": "α", "s_last": "s", "L_t": "L", "L": "loss"},
    ),
]
