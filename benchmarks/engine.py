"""The engine beside what a user would run instead: torch's fused modules and a textbook loop.

    python benchmarks/engine.py [--rounds 15]

Ours records every variable at every step; torch's modules record nothing but the outputs; the textbook
loop stacks what ours records. Processor time, one thread, the order of the contestants shuffled in every
round, ratios taken within a round, medians printed. `plan` is what a first run adds: schedule and tape.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

import unrolled
from unrolled.engine import prepare

SIZES = ((1, 50, 16), (8, 200, 64), (32, 200, 256))  # batch, steps, units
MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
TEXTS = {
    "rnn": "h[t] = tanh(b + W @ h[t-1] + U @ x[t])",
    "lstm": """
f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1])
g[t] = sigmoid(b_g + U_g @ x[t] + W_g @ h[t-1])
q[t] = sigmoid(b_o + U_o @ x[t] + W_o @ h[t-1])
s[t] = f[t] * s[t-1] + g[t] * tanh(b + U @ x[t] + W @ h[t-1])
h[t] = tanh(s[t]) * q[t]""",
    "gru": """
u[t] = sigmoid(b_u + U_u @ x[t] + W_u @ h[t-1])
r[t] = sigmoid(b_r + U_r @ x[t] + W_r @ h[t-1])
h_tilde[t] = tanh(b + U @ x[t] + W @ (r[t] * h[t-1]))
h[t] = u[t] * h[t-1] + (1 - u[t]) * h_tilde[t]""",
}


def text_of(name: str, units: int) -> str:
    """The recurrence as a text, input and state of one size."""
    lines = "\n".join(f"    {line}" for line in TEXTS[name].strip().splitlines())
    return f"x: {units}\nh: {units}\nfor t in time:\n{lines}\n"


def textbook(name: str, p: dict[str, Tensor], x: Tensor) -> list[Tensor]:
    """The loop of a textbook, recording what ours records."""
    h = s = torch.zeros(x.shape[1], p["W"].shape[0])
    rows: list[tuple[Tensor, ...]] = []
    for now in x:
        affine = {
            key: p[f"b{key}"] + now @ p[f"U{key}"].T + h @ p[f"W{key}"].T
            for key in ("", "_f", "_g", "_o", "_u", "_r")
            if f"U{key}" in p
        }
        if name == "rnn":
            h = torch.tanh(affine[""])
            rows.append((h,))
        elif name == "lstm":
            f, g, q = (torch.sigmoid(affine[key]) for key in ("_f", "_g", "_o"))
            s = f * s + g * torch.tanh(affine[""])
            h = torch.tanh(s) * q
            rows.append((f, g, q, s, h))
        else:
            u, r = (torch.sigmoid(affine[key]) for key in ("_u", "_r"))
            candidate = torch.tanh(p["b"] + now @ p["U"].T + (r * h) @ p["W"].T)
            h = u * h + (1 - u) * candidate
            rows.append((u, r, candidate, h))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(name: str, batch: int, steps: int, units: int, rounds: int) -> dict[str, float]:
    """Median ratios to torch's module, within rounds."""
    recurrence = unrolled.parse(text_of(name, units)).recurrence
    x = torch.randn(steps, batch, units)
    module = MODULES[name](units, units)
    weights = prepare(recurrence, inputs={"x": x}, batch=batch).parameters
    rows: dict[str, list[float]] = {}
    for number in range(rounds + 2):
        run = prepare(recurrence, inputs={"x": x}, batch=batch)
        contestants: list[tuple[str, Callable[[], object]]] = [
            ("torch", lambda: module(x)),
            ("unrolled", run.complete),
            ("textbook", lambda: textbook(name, dict(weights), x)),
            ("plan", lambda: prepare(recurrence, inputs={"x": x}, batch=batch)),
        ]
        random.shuffle(contestants)
        with torch.inference_mode():
            taken = {label: seconds(work) for label, work in contestants}
        if number >= 2:
            for label, value in taken.items():
                rows.setdefault(label, []).append(value / taken["torch"])
            rows.setdefault("ms", []).append(1000 * taken["unrolled"])
    return {label: statistics.median(values) for label, values in rows.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print("ratios of processor time to torch's fused module, which records nothing")
    print(f"{'model':6}{'B,T,H':>14}{'unrolled':>10}{'plan':>8}{'textbook':>10}{'ms':>9}")
    for batch, steps, units in SIZES:
        for name in TEXTS:
            row = compare(name, batch, steps, units, rounds)
            print(
                f"{name:6}{f'{batch},{steps},{units}':>14}{row['unrolled']:10.2f}{row['plan']:8.2f}"
                f"{row['textbook']:10.2f}{row['ms']:9.2f}"
            )


if __name__ == "__main__":
    main()
