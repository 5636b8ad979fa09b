"""§25 to §30: forget bias, literal GRU, long chains, the cliff, clipping, information flow, the memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from golden.fixture import GOLDEN, SIZES, P, U, V, W, b, c, h0
from golden.rows_gates import GRU, HIDDEN, cases, request
from golden.table import Row, Service
from unrolled.catalogue import read_catalogue

CATALOGUE = read_catalogue()


def changed(architecture: str, *pieces: tuple[str, str]) -> str:
    """The equations of an architecture with pieces exchanged; every old piece must be there."""
    found = CATALOGUE.find(architecture)
    assert found is not None
    equations = found.equations
    for old, new in pieces:
        assert old in equations, old
        equations = equations.replace(old, new)
    return equations


def last(service: Service, body: dict[str, Any], variable: str) -> Any:
    value = service.run(**body)[variable]
    return value[-1] if value.ndim else value


# §25: with zero weights the product of the forget gates over 50 steps is σ(b)^50.
QUIET = {"U_f": [[0.0]] * 8, "W_f": [[0.0] * 8] * 8}


def forgotten(bias: float) -> dict[str, Any]:
    return {
        "architecture": "forget-bias",
        "inputs": {"x": [1.0] + [0.0] * 49},
        "settings": {"b_f": bias},
        "parameters": {"values": QUIET},
    }


def relative(service: Service, bias: float, printed: float) -> Any:
    """The product as a multiple of the printed one."""
    return last(service, forgotten(bias), "k")[0] / printed


FORGOTTEN = [
    Row(
        "§25",
        f"product over 50 steps / printed, b = {bias}",
        1.0,
        lambda service, bias=float(bias), printed=printed: relative(service, bias, printed),
        5e-4,
    )
    for bias, printed in GOLDEN["forget_bias_factor_50_steps"].items()
]

# §27
CHAIN = {"architecture": "optimization-long-term", "lengths": {"time": 50}}

# §28
EDGE = 0.5 - 5 / (1 + np.exp(-0.5))
CLIFF = {
    "architecture": "gradient-clipping",
    "lengths": {"time": 50},
    "settings": {"b": EDGE},
}
BY_GRADIENT = {
    "equations": changed(
        "gradient-clipping",
        ("w = slider(5, 3, 7)", "w: ()"),
        ("b = slider(-2.612296656, -4, 0)", "b: ()"),
    ),
    "lengths": {"time": 50},
    "parameters": {"values": {"w": 5.0, "b": EDGE}},
    "gradient": {"of": "E"},
}
VECTORS = {"architecture": "gradient-clipping/vectors"}

# §29: the text with losses at every step, its gain at 1
FLOW = request(
    "information-flow-regularizer/every",
    {"U": U, "W": W, "V": V, "b": b, "c": c},
    boundary={"h": h0},
    settings={"ρ": 1.0},
    sizes=SIZES,
)

# §30: one step of addressing on a memory of five cells


def softmax(values: list[float]) -> list[float]:
    powers = np.exp(values)
    return (powers / powers.sum()).tolist()


ADDRESS: dict[str, Any] = {
    "equations": changed(
        "ntm/copy",
        ("M: (8, 4)", "M: (5, 3)"),
        ("s: onehot(8)", "s: 5"),
        ("F = [1, 0, 0, 0, 0, 0, 0, 0]", f"F = {softmax(P(96, 5))}"),
    ),
    "inputs": {
        "k": [P(97, 3)],
        "g": [0.7],
        "s": [[0.8, 0.1, 0.0, 0.0, 0.1]],
        "e": [(1 / (1 + np.exp(-np.array(P(98, 3))))).tolist()],
        "a": [P(99, 3)],
    },
    "settings": {"β": 4.0, "γ": 2.0},
    "boundary": {"M": P(95, 5, 3)},
}


def largest(service: Service, γ: float) -> Any:
    """The largest weight after twenty shifts by (.05, .05, .90) over eight cells."""
    steps = 20
    inputs = {
        "k": [[0.0] * 4] * steps,
        "g": [0.0] * steps,
        "s": [[0.05, 0.9, 0, 0, 0, 0, 0, 0.05]] * steps,
        "e": [[0.0] * 4] * steps,
        "a": [[0.0] * 4] * steps,
    }
    equations = changed("ntm/copy", ("s: onehot(8)", "s: 8"))
    return service.run(equations=equations, inputs=inputs, settings={"γ": γ})["w"][-1].max()


STAGES = {"w_c": "c", "w_g": "m", "w_shift": "z", "w": "w"}

ROWS = [
    *FORGOTTEN,
    *cases("§26", "gru_book_literal_x0_zero", request("gru/literal", GRU), HIDDEN, "literal:"),
    Row("§27", "g / -8.88e-14", 1.0, lambda s: last(s, CHAIN, "g") / -8.88e-14, 1e-3),
    Row("§27", "H / -8.70e-12", 1.0, lambda s: last(s, CHAIN, "H") / -8.70e-12, 1e-3),
    Row("§27", "g/H", 0.0102, lambda s: last(s, CHAIN, "r"), 5e-5),
    Row("§28", "E on the cliff", GOLDEN["cliff"]["E"], lambda s: s.run(**CLIFF)["E"]),
    Row(
        "§28",
        "dE/dw, dE/db",
        [GOLDEN["cliff"]["dE_dw"], GOLDEN["cliff"]["dE_db"]],
        lambda s: s.run(**CLIFF)["g"],
        1e-6,
    ),
    *(
        Row(
            "§28",
            f"dE/d{name} by the backward pass",
            GOLDEN["cliff"][f"dE_d{name}"],
            lambda s, name=name: s.run(**BY_GRADIENT)[f"grad/{name}"],
            1e-6,
        )
        for name in ("w", "b")
    ),
    Row(
        "§28",
        "cosine after elementwise clipping",
        GOLDEN["clip_elementwise"]["cos"],
        lambda s: s.run(**VECTORS, sizes={"g": 7}, inputs={"g": [P(80, 7)]}, settings={"v": 0.2})[
            "s"
        ][0],
        1e-8,
    ),
    Row(
        "§28",
        "mean of clipped",
        GOLDEN["clip_bias_example"]["mean_of_clipped"],
        lambda s: s.run(**VECTORS, inputs={"g": [[10, 0], [0, 1]]})["n"],
    ),
    Row(
        "§28",
        "clip of mean",
        GOLDEN["clip_bias_example"]["clip_of_mean"],
        lambda s: s.run(**VECTORS, inputs={"g": [[10, 0], [0, 1]]})["a"],
    ),
    Row("§29", "Ω", GOLDEN["omega"]["rnn_h2h"], lambda s: s.run(**FLOW)["Ω"]),
    *(
        Row(
            "§30",
            f"addressing: {variable}",
            GOLDEN["ntm"][key],
            lambda s, variable=variable: s.run(**ADDRESS)[variable][0],
        )
        for key, variable in STAGES.items()
    ),
    Row(
        "§30",
        "reading the memory before",
        GOLDEN["ntm"]["read"],
        lambda s: s.run(**ADDRESS)["w"][0] @ np.array(P(95, 5, 3)),
    ),
    Row(
        "§30",
        "first row of M afterwards",
        GOLDEN["ntm"]["M_after_row0"],
        lambda s: s.run(**ADDRESS)["M"][0][0],
    ),
    Row("§30", "blur: largest weight, γ = 1", 0.21, lambda s: largest(s, 1.0), 5e-3),
    Row("§30", "blur: largest weight, γ = 2", 0.993, lambda s: largest(s, 2.0), 5e-4),
]
