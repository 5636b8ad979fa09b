"""The golden numbers of the chapter through the service, over real HTTP, weights in the request."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest

from golden.fixture import GOLDEN, SIZES, P, U, V, W, X, Y, b, c, h0

TOLERANCE = 1e-9

READOUT = {"V": V, "c": c}
ELMAN = {"U": U, "W": W, "b": b, **READOUT}
JORDAN = {"U": U, "W": P(7, 3, 4), "b": b, **READOUT}


def gates(start: int, names: list[str]) -> dict[str, Any]:
    """U, W, b of each gate in the order of the reference; "" is the candidate."""
    values: dict[str, Any] = {}
    for i, name in enumerate(names):
        suffix = f"_{name}" if name else ""
        values[f"U{suffix}"] = P(start + 3 * i, 3, 2)
        values[f"W{suffix}"] = P(start + 1 + 3 * i, 3, 3)
        values[f"b{suffix}"] = P(start + 2 + 3 * i, 3)
    return {**values, **READOUT}


LSTM = gates(42, ["f", "", "g", "o"])
PEEPHOLES = {"p_f": P(54, 3), "p_g": P(55, 3), "p_o": P(56, 3)}
GRU = gates(60, ["u", "r", ""])
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, str]]] = [
    (
        "rnn_h2h",
        "rnn-hidden-recurrence",
        ELMAN,
        {"boundary": {"h": h0}},
        {"h_last": "h", "o_last": "o", "yhat_last": "p", "L_t": "L", "L": "loss"},
    ),
    ("rnn_o2h_o", "rnn-output-recurrence", JORDAN, {}, {"h_last": "h", "L": "loss"}),
    (
        "rnn_o2h_yhat",
        "rnn-output-recurrence/probability",
        JORDAN,
        {},
        {"h_last": "h", "L": "loss"},
    ),
    ("rnn_o2h_argmax", "rnn-output-recurrence/argmax", JORDAN, {}, {"h_last": "h", "L": "loss"}),
    ("rnn_o2h_tf", "rnn-output-recurrence/target", JORDAN, {}, {"h_last": "h", "L": "loss"}),
    (
        "rnn_o2h_yhat",
        "rnn-output-recurrence/target",
        JORDAN,
        {"forcing": 0.0},
        {"h_last": "h", "L": "loss"},
    ),
    (
        "rnn_single",
        "rnn-single-output",
        ELMAN,
        {"boundary": {"h": h0}, "inputs": {"x": X, "y": Y[-1]}},
        {"o": "o", "L": "loss"},
    ),
    (
        "lstm_tanh",
        "lstm",
        LSTM,
        {},
        {"h_last": "h", "s_last": "s", "f_last": "f", "L": "loss"},
    ),
    (
        "lstm_book_sigma",
        "lstm/book",
        LSTM,
        {},
        {"h_last": "h", "s_last": "s", "f_last": "f", "L": "loss"},
    ),
    (
        "lstm_tanh_peephole_delayed",
        "lstm/peephole",
        {**LSTM, **PEEPHOLES},
        {},
        {"h_last": "h", "s_last": "s"},
    ),
    ("gru_cho_tanh_reset_before", "gru", GRU, {}, {"h_last": "h", "L": "loss"}),
    ("gru_sigma_reset_before", "gru/book", GRU, {}, {"h_last": "h", "L": "loss"}),
    (
        "gru_tanh_reset_after_torch",
        "gru/torch",
        {**GRU, "b_hn": [0.0, 0.0, 0.0]},
        {},
        {"h_last": "h", "L": "loss"},
    ),
]


def run(address: str, body: dict[str, Any]) -> dict[str, np.ndarray]:
    """The outputs of a run by name, in their shapes."""
    answer = httpx.post(f"{address}/v1/runs", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    assert all(one["datatype"] == "FP64" for one in answer.json()["outputs"])
    return {
        one["name"]: np.array(one["data"], dtype=np.float64).reshape(one["shape"])
        for one in answer.json()["outputs"]
    }


@pytest.mark.parametrize(
    ("name", "architecture", "weights", "more", "outputs"),
    CASES,
    ids=[f"{case[0]}-{case[1]}" for case in CASES],
)
def test_the_service_gives_the_golden_numbers(
    live_server: str,
    name: str,
    architecture: str,
    weights: dict[str, Any],
    more: dict[str, Any],
    outputs: dict[str, str],
) -> None:
    body = {
        "architecture": architecture,
        "sizes": SIZES,
        "inputs": {"x": X, "y": Y},
        "parameters": {"values": weights},
        "dtype": "float64",
        **more,
    }
    found = run(live_server, body)
    for key, variable in outputs.items():
        expected = np.array(GOLDEN[name][key])
        value = found[variable]
        if key.endswith("_last"):
            value = value[-1]
        np.testing.assert_allclose(value, expected, rtol=0, atol=TOLERANCE, err_msg=key)


def test_the_forget_gates_multiply_to_the_direct_path(live_server: str) -> None:
    body = {
        "architecture": "lstm",
        "sizes": SIZES,
        "inputs": {"x": X, "y": Y},
        "parameters": {"values": LSTM},
        "variables": ["f"],
        "dtype": "float64",
    }
    product = run(live_server, body)["f"].prod(axis=0)
    np.testing.assert_allclose(product, GOLDEN["lstm_tanh"]["prod_f"], rtol=0, atol=TOLERANCE)


def test_a_stream_sends_the_same_numbers(live_server: str) -> None:
    body = {
        "architecture": "gru",
        "sizes": SIZES,
        "inputs": {"x": X, "y": Y},
        "parameters": {"values": GRU},
        "dtype": "float64",
    }
    whole = run(live_server, body)
    with httpx.stream("POST", f"{live_server}/v1/runs/stream", json=body, timeout=60) as answer:
        events = [json.loads(line) for line in answer.iter_lines()]
    steps = [row for one in events if one["event"] == "steps" for row in one["values"]["h"]]
    np.testing.assert_array_equal(steps, whole["h"])
    assert events[-1]["event"] == "end"
    assert events[-1]["values"]["loss"] == pytest.approx(
        GOLDEN["gru_cho_tanh_reset_before"]["L"], abs=TOLERANCE
    )
