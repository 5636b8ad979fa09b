"""§16 to §23: depth, trees, echo states, liquids, skips through time, leaky units, clocks."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from golden.fixture import GOLDEN, SIZES, P, U, V, W, X, Y, b, c
from golden.rows_gates import cases, request
from golden.table import Row, Service

STACKED = {
    "U_1": U,
    "W_1": W,
    "b_1": b,
    "U_2": P(27, 3, 3),
    "W_2": P(28, 3, 3),
    "b_2": P(29, 3),
    "V": V,
    "c": c,
}
BLOCKS = {
    "U": P(30, 3, 2),
    "b_e": P(31, 3),
    "W_m": P(32, 3, 3),
    "b_m": P(33, 3),
    "Q": P(34, 3, 3),
    "b_q": P(35, 3),
    "A": P(36, 3, 3),
    "W": W,
    "b": b,
    "V": V,
    "c": c,
}
BLOCK_SIZES = {**SIZES, "e": 3, "m": 3, "q": 3}
CELL = {"U": U, "W": W, "b": b}


def equations(service: Service, name: str, changes: dict[str, str]) -> str:
    """The catalogue's own text, with other constants: `{"P": "[1, 2, 4]"}`, or another delay."""
    text = service.get(f"/v1/architectures/{name}")["equations"]
    for left, right in changes.items():
        text, found = re.subn(rf"^{left} = .*$", f"{left} = {right}", text, flags=re.MULTILINE)
        assert found == 1, left
    return text


def skip(service: Service) -> np.ndarray:
    """The state of the text with a skip, made to skip three steps."""
    text = service.get("/v1/architectures/time-skip-connections")["equations"]
    assert "h[t-4]" in text
    return service.run(
        equations=text.replace("h[t-4]", "h[t-3]"),
        sizes={"x": 2, "h": 3},
        inputs={"x": X, "y": [0.0]},
        parameters={"values": {**CELL, "W_d": P(71, 3, 3)}},
    )["h"]


def clocks(service: Service, body: dict[str, str]) -> np.ndarray:
    """The clockwork text with three units of periods 1, 2, 4."""
    text = equations(service, "clockwork-rnn", body)
    return service.run(
        equations=text,
        sizes={"x": 2, "h": 3, "y": 1},
        inputs={"x": X, "y": [[0.0]] * 5},
        parameters={"values": CELL},
    )["h"]


PERIODS = {"P": "[1, 2, 4]", "K": "[[1, 1, 1], [0, 1, 1], [0, 0, 1]]"}
LIQUID = {
    "architecture": "liquid-state-machine",
    "sizes": {"x": 2, "v": 3, "y": 4},
    "inputs": {"x": X, "y": Y},
    "parameters": {
        "values": {"U": [[2 * number for number in row] for row in U], "W": W, "V": V, "c": c}
    },
    "settings": {"β": 0.9, "θ": 0.5, "λ": 0.8},
}


def linear(settings: dict[str, float]) -> Any:
    """The derivative over 40 steps of one linear unit with weights w and v (five steps back): once as
    the state after 40 steps from 1, once backward, from step 41 to step 1."""

    def got(service: Service) -> Any:
        body: dict[str, Any] = {
            "architecture": "time-skip-connections/linear",
            "lengths": {"time": 41},
            "settings": settings,
            "boundary": {"h": 1.0},
            "gradient": {"of": "loss", "variables": ["h"]},
        }
        found = service.run(**body)
        return [found["h"][39], found["grad/h"][0]]

    return got


def ends(service: Service) -> np.ndarray:
    """Where the three starts of the counterexample are after 600 steps, an even number."""
    found = service.run(architecture="echo-state-network/apart", lengths={"time": 600})
    return np.stack([found[name][-1] for name in ("g", "q", "h")])


def spectral_radius(service: Service) -> float:
    """ρ of the counterexample, from its own text."""
    text = service.get("/v1/architectures/echo-state-network/apart")["equations"]
    rows = re.search(r"^W = (.*)$", text, re.MULTILINE)
    assert rows is not None
    numbers = np.array([float(one) for one in re.findall(r"-?\d+\.?\d*", rows[1])])
    return float(np.abs(np.linalg.eigvals(numbers.reshape(2, 2))).max())


ROWS = [
    *cases(
        "§16", "deep_a", request("deep-rnn", STACKED, sizes={**SIZES, "z": 3}),
        {"z_last": "z", "L": "loss"}, "stacked:",
    ),
    *cases(
        "§16", "deep_b", request("deep-rnn/mlp", BLOCKS, sizes=BLOCK_SIZES),
        {"h_last": "h", "L": "loss"}, "mlp:",
    ),
    *cases(
        "§16", "deep_c", request("deep-rnn/skip", {**BLOCKS, "S": P(37, 3, 3)}, sizes=BLOCK_SIZES),
        {"h_last": "h", "L": "loss"}, "skip:",
    ),
    Row("§19", "‖W^k e_2‖, k = 0 … 12", GOLDEN["nonnormal"]["norms"], lambda service: np.append(
        1.0, service.run(architecture="echo-state-network/transient", lengths={"time": 12})["d"]
    ), 1e-6),
    Row("§19", "ρ of the counterexample", GOLDEN["esp_counterexample_zero_input"]["rho"], spectral_radius, 5e-5),
    Row("§19", "where it ends", GOLDEN["esp_counterexample_zero_input"]["ends"], ends, 6e-4),
    *cases("§20", "lsm", LIQUID, {"raster": "z", "v_last": "v", "trace_last": "r"}),
    Row("§21", "skip d=3: h^(5)", GOLDEN["skip_d3"]["h_last"], lambda service: skip(service)[-1]),
    Row("§21", "∂ over 40 steps, both 0.9", [GOLDEN["skip_linear"]["w1_0_9_wd_0_9_d5_n40"]] * 2, linear({"w": 0.9, "v": 0.9})),
    Row("§21", "∂ over 40 steps, w alone", [GOLDEN["skip_linear"]["w1_only"]] * 2, linear({"w": 0.9, "v": 0.0})),
    Row("§21", "∂ over 40 steps, w_d alone", [GOLDEN["skip_linear"]["wd_only"]] * 2, linear({"w": 0.0, "v": 0.9})),
    Row("§22", "α=(0,.5,.95): h^(5)", GOLDEN["leaky"]["h_last"], lambda service: service.run(
        architecture="leaky-units/spectrum", sizes={"x": 2, "h": 3, "α": 3}, inputs={"x": X},
        parameters={"values": {**CELL, "α": GOLDEN["leaky"]["alpha"]}},
    )["h"][-1]),
    Row("§23", "periods 1, 2, 4: h", GOLDEN["clockwork_periods_1_2_4"]["h"], lambda service: clocks(service, PERIODS)),
]  # fmt: skip
