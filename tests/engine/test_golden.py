"""The golden numbers of the chapter, from texts written for the test; those of the catalogue are in `tests/service`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from golden.fixture import GOLDEN, P, U, V, W, X, Y, b, c, h0
from unrolled.engine import prepare
from unrolled.language import parse

READ_OUT = """
    o[t] = c + V @ h[t]
    L[t] = cross_entropy(o[t], y[t])
loss = sum(L)
"""
ELMAN: dict[str, Any] = {"U": U, "W": W, "b": b, "V": V, "c": c}
TARGETS = [2, 0, 3]


@dataclass(frozen=True)
class Case:
    """A text on fixture F: `outputs` are the reference's keys and our names; `_last` means the last step."""

    reference: str
    text: str
    values: dict[str, Any]
    outputs: dict[str, str]
    inputs: dict[str, Any] = field(default_factory=lambda: {"x": X, "y": Y})
    boundary: dict[str, Any] = field(default_factory=dict[str, Any])
    sizes: dict[str, int] = field(default_factory=lambda: {"x": 2, "h": 3, "y": 4})


def vector_to_sequence(each: bool, first: bool) -> Case:
    """Fig 10.9: x at every step, as the first state, or both; the target of a step is the next input."""
    at_each = "transpose(R) @ x + " if each else ""
    start = "h[0] = tanh(R_0 @ x)" if first else ""
    text = f"""
x: input(2)
for t in time:
    h[t] = tanh(b + {at_each}W @ h[t-1] + U @ y[t])
    o[t] = c + V @ h[t]
    L[t] = cross_entropy(o[t], y[t+1])
loss = sum(L)
{start}
"""
    values = {**ELMAN, "U": P(10, 3, 4)}
    values |= {"R": P(9, 2, 3)} if each else {}
    values |= {"R_0": P(11, 3, 2)} if first else {}
    last = [float(place == Y[-1]) for place in range(4)]
    name = "both" if each and first else "each" if each else "init"
    return Case(
        f"vec2seq_{name}",
        text,
        values,
        {"h_last": "h", "L_t": "L", "L": "loss"},
        {"x": P(8, 2), "y": Y[:-1]},
        {"y": {"end+1": last}, **({} if first else {"h": h0})},
        {"h": 3, "y": 4},
    )


ENCODER = """
for s in source:
    h[s] = tanh(b + W @ h[s-1] + U @ x[s])
"""
DECODER = {
    "b_d": P(20, 3),
    "S": P(18, 3, 3),
    "R": P(17, 3, 4),
    "c": c,
    "V_d": P(21, 4, 3),
    "D": P(22, 4, 3),
}
DEEP = {
    "U_i": P(30, 3, 2), "b_i": P(31, 3), "W_t": P(32, 3, 3), "b_t": P(33, 3), "V_o": P(34, 3, 3), "b_o": P(35, 3),
    "A": P(36, 3, 3), "W": W, "b": b, "V": V, "c": c,
}  # fmt: skip
DEEP_SIZES = {"x": 2, "ξ": 3, "m": 3, "h": 3, "q": 3, "y": 4}


def deep(skip: str) -> str:
    return f"""
for t in time:
    ξ[t] = tanh(U_i @ x[t] + b_i)
    m[t] = tanh(W_t @ h[t-1] + b_t)
    h[t] = tanh(b + A @ ξ[t] + W @ m[t]{skip})
    q[t] = tanh(V_o @ h[t] + b_o)
    o[t] = c + V @ q[t]
    L[t] = cross_entropy(o[t], y[t])
loss = sum(L)
"""


CASES = [
    vector_to_sequence(each=True, first=False),
    vector_to_sequence(each=False, first=True),
    vector_to_sequence(each=True, first=True),
    Case(
        "rnn_y2h",
        f"for t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t] + R @ y[t-1]){READ_OUT}",
        {**ELMAN, "R": P(12, 3, 4)},
        {"h_last": "h", "L_t": "L", "L": "loss"},
        boundary={"h": h0},
    ),
    Case(
        "birnn",
        """
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    g[t] = tanh(b_g + W_g @ g[t+1] + U_g @ x[t])
    o[t] = c + V @ h[t] + V_g @ g[t]
    L[t] = cross_entropy(o[t], y[t])
loss = sum(L)
""",
        {**ELMAN, "U_g": P(13, 3, 2), "W_g": P(14, 3, 3), "b_g": P(15, 3), "V_g": P(16, 4, 3)},
        {"h_last": "h", "g_first": "g", "L_t": "L", "L": "loss"},
        sizes={"x": 2, "h": 3, "g": 3, "y": 4},
    ),
    Case(
        "encdec",
        ENCODER
        + """
C = h[end]
for t in target:
    s_d[t] = tanh(b_d + S @ s_d[t-1] + R @ y[t-1] + K @ C)
    o[t] = c + V_d @ s_d[t] + D @ C
    L[t] = cross_entropy(o[t], y[t])
s_d[0] = tanh(W_0 @ C)
loss = sum(L)
""",
        {"U": U, "W": W, "b": b, **DECODER, "K": P(19, 3, 3), "W_0": P(23, 3, 3)},
        {"C": "C", "s_last": "s_d", "L_t": "L", "L": "loss"},
        {"x": X, "y": TARGETS},
        sizes={"x": 2, "h": 3, "s_d": 3, "y": 4},
    ),
    Case(
        "attention",
        ENCODER
        + """
for t in target:
    for s in source:
        e[t, s] = v_a @ tanh(W_a @ s_d[t-1] + U_a @ h[s])
        a[t, s] = softmax(e[t, s], s)
    c_t[t] = sum(a[t, s] * h[s], s)
    s_d[t] = tanh(b_d + S @ s_d[t-1] + R @ y[t-1] + K @ c_t[t])
    o[t] = c + V_d @ s_d[t] + D @ c_t[t]
    L[t] = cross_entropy(o[t], y[t])
s_d[0] = tanh(W_0 @ h[1])
loss = sum(L)
""",
        {"U": U, "W": W, "b": b, **DECODER, "K": P(19, 3, 3), "W_0": P(23, 3, 3), "v_a": P(24, 2), "W_a": P(25, 2, 3), "U_a": P(26, 2, 3)},
        {"alpha": "a", "s_last": "s_d", "L_t": "L", "L": "loss"},
        {"x": X, "y": TARGETS},
        sizes={"x": 2, "h": 3, "s_d": 3, "y": 4, "v_a": 2},
    ),
    Case(
        "deep_a",
        """
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    z[t] = tanh(b_2 + W_2 @ z[t-1] + U_2 @ h[t])
    o[t] = c + V @ z[t]
    L[t] = cross_entropy(o[t], y[t])
loss = sum(L)
""",
        {**ELMAN, "U_2": P(27, 3, 3), "W_2": P(28, 3, 3), "b_2": P(29, 3)},
        {"z_last": "z", "L": "loss"},
        sizes={"x": 2, "h": 3, "z": 3, "y": 4},
    ),
    Case("deep_b", deep(""), DEEP, {"h_last": "h", "L": "loss"}, sizes=DEEP_SIZES),
    Case("deep_c", deep(" + S @ h[t-1]"), {**DEEP, "S": P(37, 3, 3)}, {"h_last": "h", "L": "loss"}, sizes=DEEP_SIZES),
    Case(
        "leaky",
        "α: 3\nfor t in time:\n    h[t] = α * h[t-1] + (1 - α) * tanh(b + W @ h[t-1] + U @ x[t])",
        {"U": U, "W": W, "b": b, "α": [0, 0.5, 0.95]},
        {"h_last": "h"},
        {"x": X},
        sizes={"x": 2, "h": 3},
    ),
    Case(
        "skip_d3",
        "for t in time:\n    h[t] = tanh(b + W @ h[t-1] + W_d @ h[t-3] + U @ x[t])",
        {"U": U, "W": W, "b": b, "W_d": P(71, 3, 3)},
        {"h_last": "h"},
        {"x": X},
        sizes={"x": 2, "h": 3},
    ),
    Case(
        "clockwork_periods_1_2_4",
        """
P = [1, 2, 4]
K = [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
for t in time:
    h[t] = where(t % P == 0, tanh(b + (K * W) @ h[t-1] + U @ x[t]), h[t-1])
""",
        {"U": U, "W": W, "b": b},
        {"h": "h"},
        {"x": X},
        sizes={"x": 2, "h": 3},
    ),
    Case(
        "lsm",
        """
for t in time:
    v[t] = 0.9 * v[t-1] * (1 - z[t-1]) + 2 * U @ x[t] + W @ z[t-1]
    z[t] = spike(v[t] - 0.5)
    r[t] = 0.8 * r[t-1] + z[t]
""",
        {"U": U, "W": W},
        {"raster": "z", "v_last": "v", "trace_last": "r"},
        {"x": X},
        sizes={"x": 2, "v": 3},
    ),
    Case(
        "gru_book_literal_x0_zero",
        f"""
for t in time:
    h[t] = u[t-1] * h[t-1] + (1 - u[t-1]) * sigmoid(b + U @ x[t-1] + W @ (r[t-1] * h[t-1]))
    u[t] = sigmoid(b_u + U_u @ x[t] + W_u @ h[t])
    r[t] = sigmoid(b_r + U_r @ x[t] + W_r @ h[t])
u[0] = sigmoid(b_u)
r[0] = sigmoid(b_r)
for t in time:{READ_OUT}""",
        {
            "U_u": P(60, 3, 2), "W_u": P(61, 3, 3), "b_u": P(62, 3), "U_r": P(63, 3, 2), "W_r": P(64, 3, 3),
            "b_r": P(65, 3), "U": P(66, 3, 2), "W": P(67, 3, 3), "b": P(68, 3), "V": V, "c": c,
        },
        {"h_last": "h", "L": "loss"},
    ),
    Case(
        "ntm",
        """
M: (5, 3)
for t in time:
    content[t] = softmax(4 * cosine(k, M[t-1]))
    mixed[t] = 0.7 * content[t] + 0.3 * w[t-1]
    shifted[t] = circular_convolve(mixed[t], z)
    w[t] = sharpen(shifted[t], 2)
    M[t] = M[t-1] * (1 - outer(w[t], e)) + outer(w[t], a)
    r[t] = w[t] @ M[t-1]
    M_0[t] = transpose(M[t]) @ first
""",
        {
            "k": P(97, 3), "z": [0.8, 0.1, 0, 0, 0.1], "a": P(99, 3), "first": [1, 0, 0, 0, 0],
            "e": (1 / (1 + np.exp(-np.array(P(98, 3))))).tolist(),
        },
        {"w_c": "content", "w_g": "mixed", "w_shift": "shifted", "w": "w", "read": "r", "M_after_row0": "M_0"},
        {},
        {
            "M": P(95, 5, 3),
            "w": (np.exp(P(96, 5)) / np.exp(P(96, 5)).sum()).tolist(),
        },
        {},
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.reference)
def test_the_engine_gives_the_golden_numbers(case: Case) -> None:
    recurrence = parse(case.text, case.sizes)
    lengths = {} if case.inputs else {"time": 1}
    run = prepare(
        recurrence,
        lengths=lengths,
        inputs=case.inputs,
        parameters=case.values,
        boundary=case.boundary,
        dtype="float64",
    )
    values = run.complete()
    for key, name in case.outputs.items():
        domains = len(run.domains[name])
        value = values[name].select(domains, 0).numpy()
        if key.endswith("_last"):
            value = value[-1]
        elif key.endswith("_first") or case.reference == "ntm":
            value = value[0]
        expected = np.array(GOLDEN[case.reference][key])
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-9, err_msg=key)


@pytest.mark.parametrize(
    ("weights", "reference"),
    [((0.9, 0.9), "w1_0_9_wd_0_9_d5_n40"), ((0.9, 0.0), "w1_only"), ((0.0, 0.9), "wd_only")],
)
def test_a_unit_impulse_returns_along_every_path(
    weights: tuple[float, float], reference: str
) -> None:
    """§21: the response of h[40] to h[0] sums over all ways of going 40 steps in ones and fives."""
    text = "h: ()\nfor t in time:\n    h[t] = α * h[t-1] + β * h[t-5]"
    run = prepare(
        parse(text),
        lengths={"time": 40},
        parameters={"α": weights[0], "β": weights[1]},
        boundary={"h": 1.0},
        dtype="float64",
    )
    last = float(run.complete()["h"][-1])
    assert last == pytest.approx(GOLDEN["skip_linear"][reference], abs=1e-9)


@pytest.mark.parametrize("bias", [0.0, 1.0, 2.0, 3.0, 5.0])
def test_a_forget_gate_keeps_what_its_bias_says(bias: float) -> None:
    """§25: without input and weights, σ(b)^50 of a state is left after fifty steps."""
    text = "s: ()\nfor t in time:\n    f[t] = sigmoid(β)\n    s[t] = f[t] * s[t-1]"
    run = prepare(
        parse(text),
        lengths={"time": 50},
        parameters={"β": bias},
        boundary={"s": 1.0},
        dtype="float64",
    )
    left = float(run.complete()["s"][-1])
    assert left == pytest.approx((1 / (1 + np.exp(-bias))) ** 50, rel=1e-12)
    assert left == pytest.approx(GOLDEN["forget_bias_factor_50_steps"][str(bias)], rel=1e-3)


@pytest.mark.parametrize("α", [0.0, 0.5, 0.9, 0.99])
def test_a_leaky_unit_is_the_closed_form_of_a_running_average(α: float) -> None:
    """§22: μ(t) = α^t μ(0) + (1 - α) Σ α^(t-k) v(k)."""
    text = "α = slider(0.5, 0, 1)\nv: ()\nμ: ()\nfor t in time:\n    μ[t] = α * μ[t-1] + (1 - α) * v[t]"
    v = np.sin(np.arange(1, 21))
    run = prepare(
        parse(text), inputs={"v": v}, settings={"α": α}, boundary={"μ": 0.3}, dtype="float64"
    )
    found = run.complete()["μ"][:, 0].numpy()
    steps = np.arange(1, 21)
    expected = [α**t * 0.3 + (1 - α) * (α ** (t - steps[:t]) * v[:t]).sum() for t in steps]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
