"""§3 to §5, §24 and §26: the three patterns, the LSTM and the GRU."""

from __future__ import annotations

from typing import Any

import numpy as np

from golden.fixture import GOLDEN, SIZES, P, U, V, W, X, Y, b, c, h0
from golden.table import Row, Service

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
HIDDEN = {"h_last": "h", "L": "loss"}
CELL = {"h_last": "h", "s_last": "s", "f_last": "f", "L": "loss"}


def request(architecture: str, weights: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A run of an architecture on the fixture's inputs."""
    return {
        "architecture": architecture,
        "sizes": SIZES,
        "inputs": {"x": X, "y": Y},
        "parameters": {"values": weights},
        **more,
    }


def cases(
    section: str, golden: str, body: dict[str, Any], outputs: dict[str, str], kind: str = ""
) -> list[Row]:
    """A row for each golden number of one run; `_last` is the last step."""

    def ask(key: str, variable: str) -> Row:
        def got(service: Service) -> Any:
            value = service.run(**body)[variable]
            return value[-1] if key.endswith("_last") else value

        name = variable + (" last" if key.endswith("_last") else "")
        return Row(section, f"{kind} {name}".strip(), GOLDEN[golden][key], got)

    return [ask(key, variable) for key, variable in outputs.items()]


START = {"boundary": {"h": h0}}
ROWS = [
    *cases(
        "§3",
        "rnn_h2h",
        request("rnn-hidden-recurrence", ELMAN, **START),
        {"h_last": "h", "o_last": "o", "yhat_last": "p", "L_t": "L", "L": "loss"},
    ),
    *cases("§4", "rnn_o2h_o", request("rnn-output-recurrence", JORDAN), HIDDEN, "raw o:"),
    *cases(
        "§4", "rnn_o2h_yhat", request("rnn-output-recurrence/probability", JORDAN), HIDDEN, "ŷ:"
    ),
    *cases(
        "§4", "rnn_o2h_argmax", request("rnn-output-recurrence/argmax", JORDAN), HIDDEN, "argmax:"
    ),
    *cases("§4", "rnn_o2h_tf", request("rnn-output-recurrence/target", JORDAN), HIDDEN, "forced:"),
    *cases(
        "§4",
        "rnn_o2h_yhat",
        request("rnn-output-recurrence/target", JORDAN, forcing=0.0),
        HIDDEN,
        "free:",
    ),
    *cases(
        "§5",
        "rnn_single",
        request("rnn-single-output", ELMAN, **START, inputs={"x": X, "y": Y[-1]}),
        {"o": "o", "L": "loss"},
    ),
    *cases("§24", "lstm_tanh", request("lstm", LSTM), CELL, "tanh:"),
    *cases("§24", "lstm_book_sigma", request("lstm/book", LSTM), CELL, "book:"),
    *cases(
        "§24",
        "lstm_tanh_peephole_delayed",
        request("lstm/peephole", {**LSTM, **PEEPHOLES}),
        {"h_last": "h", "s_last": "s"},
        "peephole:",
    ),
    Row(
        "§24",
        "product of f over the steps",
        GOLDEN["lstm_tanh"]["prod_f"],
        lambda service: np.prod(service.run(**request("lstm", LSTM))["f"], axis=0),
    ),
    *cases("§26", "gru_cho_tanh_reset_before", request("gru", GRU), HIDDEN, "tanh:"),
    *cases("§26", "gru_sigma_reset_before", request("gru/book", GRU), HIDDEN, "book:"),
    *cases(
        "§26",
        "gru_tanh_reset_after_torch",
        request("gru/torch", {**GRU, "b_hn": [0.0, 0.0, 0.0]}),
        HIDDEN,
        "torch:",
    ),
]
