"""What the benchmark runs: a text of each recurrence, and the loop that a user of torch would write for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Parameters = dict[str, Tensor]
Row = dict[str, Tensor]  # the variables of one step
Loop = Callable[..., dict[str, Tensor]]


@dataclass(frozen=True)
class Contest:
    """A text with `{h}` for its units, the hand-written loop that records the same, and its torch module."""

    text: str
    loop: Loop
    module: type[torch.nn.RNNBase] | None = None


def as_it_is(row: Row) -> Row:
    """What a loop shows of a step where nobody watches."""
    return row


def stacked(rows: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Every variable over all steps."""
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def zeros(p: Parameters, x: Tensor) -> Tensor:
    """A state before the first step."""
    return torch.zeros(x.shape[1], p["W"].shape[0])


def rnn(
    p: Parameters, inputs: dict[str, Tensor], shown: Callable[[Row], Row] = as_it_is
) -> dict[str, Tensor]:
    h, rows = zeros(p, inputs["x"]), []
    for x in inputs["x"]:
        h = torch.tanh(p["b"] + h @ p["W"].T + x @ p["U"].T)
        rows.append(shown({"h": h}))
    return stacked(rows)


def lstm(
    p: Parameters, inputs: dict[str, Tensor], shown: Callable[[Row], Row] = as_it_is
) -> dict[str, Tensor]:
    h = s = zeros(p, inputs["x"])
    rows: list[dict[str, Tensor]] = []
    for x in inputs["x"]:
        f = torch.sigmoid(p["b_f"] + x @ p["U_f"].T + h @ p["W_f"].T)
        g = torch.sigmoid(p["b_g"] + x @ p["U_g"].T + h @ p["W_g"].T)
        q = torch.sigmoid(p["b_o"] + x @ p["U_o"].T + h @ p["W_o"].T)
        s = f * s + g * torch.tanh(p["b"] + x @ p["U"].T + h @ p["W"].T)
        h = torch.tanh(s) * q
        rows.append(shown({"f": f, "g": g, "q": q, "s": s, "h": h}))
    return stacked(rows)


def gru(
    p: Parameters, inputs: dict[str, Tensor], shown: Callable[[Row], Row] = as_it_is
) -> dict[str, Tensor]:
    h, rows = zeros(p, inputs["x"]), []
    for x in inputs["x"]:
        u = torch.sigmoid(p["b_u"] + x @ p["U_u"].T + h @ p["W_u"].T)
        r = torch.sigmoid(p["b_r"] + x @ p["U_r"].T + h @ p["W_r"].T)
        h_tilde = torch.tanh(p["b"] + x @ p["U"].T + (r * h) @ p["W"].T)
        h = u * h + (1 - u) * h_tilde
        rows.append(shown({"u": u, "r": r, "h_tilde": h_tilde, "h": h}))
    return stacked(rows)


def leaky(p: Parameters, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    h, rows = zeros(p, inputs["x"]), []
    for x in inputs["x"]:
        h = 0.9 * h + 0.1 * torch.tanh(p["b"] + h @ p["W"].T + x @ p["U"].T)
        rows.append({"h": h})
    return stacked(rows)


def clockwork(p: Parameters, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    h, rows = zeros(p, inputs["x"]), []
    periods = torch.tensor([2.0 ** (4 * unit // h.shape[1]) for unit in range(h.shape[1])])
    for t, x in enumerate(inputs["x"], 1):
        new = torch.tanh(p["b"] + h @ p["W"].T + x @ p["U"].T)
        h = torch.where(t % periods == 0, new, h)
        rows.append({"h": h})
    return stacked(rows)


def skip(p: Parameters, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    past = [zeros(p, inputs["x"])] * 3
    rows: list[dict[str, Tensor]] = []
    for x in inputs["x"]:
        h = torch.tanh(p["b"] + past[-1] @ p["W"].T + past[-3] @ p["W_d"].T + x @ p["U"].T)
        past = [*past[1:], h]
        rows.append({"h": h})
    return stacked(rows)


def peephole(p: Parameters, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    h = s = zeros(p, inputs["x"])
    rows: list[dict[str, Tensor]] = []
    for x in inputs["x"]:
        f = torch.sigmoid(p["b_f"] + x @ p["U_f"].T + h @ p["W_f"].T + p["p_f"] * s)
        g = torch.sigmoid(p["b_g"] + x @ p["U_g"].T + h @ p["W_g"].T + p["p_g"] * s)
        s = f * s + g * torch.tanh(p["b"] + x @ p["U"].T + h @ p["W"].T)
        q = torch.sigmoid(p["b_o"] + x @ p["U_o"].T + h @ p["W_o"].T + p["p_o"] * s)
        h = torch.tanh(s) * q
        rows.append({"f": f, "g": g, "q": q, "s": s, "h": h})
    return stacked(rows)


def attention(p: Parameters, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """A decoder whose every step looks at all states of the source."""
    z = inputs["z"]
    d, rows = zeros(p, inputs["x"]), []
    for x in inputs["x"]:
        e = torch.tanh(d @ p["W_a"].T + z @ p["U_a"].T) @ p["v"]
        a = torch.softmax(e, 0)
        c = (a.unsqueeze(-1) * z).sum(0)
        d = torch.tanh(p["b"] + d @ p["W"].T + c @ p["C"].T + x @ p["U"].T)
        rows.append({"e": e, "a": a, "c": c, "d": d})
    return stacked(rows)


STATE = "x: {h}\nh: {h}\nfor t in time:\n"
CONTESTS = {
    "rnn": Contest(STATE + "    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n", rnn, torch.nn.RNN),
    "lstm": Contest(
        STATE
        + """\
    f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1])
    g[t] = sigmoid(b_g + U_g @ x[t] + W_g @ h[t-1])
    q[t] = sigmoid(b_o + U_o @ x[t] + W_o @ h[t-1])
    s[t] = f[t] * s[t-1] + g[t] * tanh(b + U @ x[t] + W @ h[t-1])
    h[t] = tanh(s[t]) * q[t]
""",
        lstm,
        torch.nn.LSTM,
    ),
    "gru": Contest(
        STATE
        + """\
    u[t] = sigmoid(b_u + U_u @ x[t] + W_u @ h[t-1])
    r[t] = sigmoid(b_r + U_r @ x[t] + W_r @ h[t-1])
    h_tilde[t] = tanh(b + U @ x[t] + W @ (r[t] * h[t-1]))
    h[t] = u[t] * h[t-1] + (1 - u[t]) * h_tilde[t]
""",
        gru,
        torch.nn.GRU,
    ),
    "leaky": Contest(
        STATE + "    h[t] = 0.9 * h[t-1] + 0.1 * tanh(b + W @ h[t-1] + U @ x[t])\n", leaky
    ),
    "clockwork": Contest(
        "P = {periods}\n"
        + STATE
        + "    h[t] = where(t % P == 0, tanh(b + W @ h[t-1] + U @ x[t]), h[t-1])\n",
        clockwork,
    ),
    "skip": Contest(STATE + "    h[t] = tanh(b + W @ h[t-1] + W_d @ h[t-3] + U @ x[t])\n", skip),
    "peephole": Contest(
        STATE
        + """\
    f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1] + p_f * s[t-1])
    g[t] = sigmoid(b_g + U_g @ x[t] + W_g @ h[t-1] + p_g * s[t-1])
    s[t] = f[t] * s[t-1] + g[t] * tanh(b + U @ x[t] + W @ h[t-1])
    q[t] = sigmoid(b_o + U_o @ x[t] + W_o @ h[t-1] + p_o * s[t])
    h[t] = tanh(s[t]) * q[t]
""",
        peephole,
    ),
    "attention": Contest(
        """\
x: {h}
z: {h}
d: {h}
c: {h}
v: {h}
for t in time:
    for s in source:
        e[t, s] = v @ tanh(W_a @ d[t-1] + U_a @ z[s])
        a[t, s] = softmax(e[t, s], s)
    c[t] = sum(a[t, s] * z[s], s)
    d[t] = tanh(b + W @ d[t-1] + C @ c[t] + U @ x[t])
""",
        attention,
    ),
}


def text_of(name: str, units: int) -> str:
    """A recurrence as a text, input and state of one size."""
    periods = [2 ** (4 * unit // units) for unit in range(units)]
    return CONTESTS[name].text.replace("{h}", str(units)).replace("{periods}", str(periods))
