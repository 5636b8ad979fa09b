"""The map of ‖∂h^(t)/∂h^(s)‖ beside the pure products of its per-step Jacobians.

    python benchmarks/jacobians.py [--rounds 7] [--only rnn lstm] [--norms frobenius spectral]

The products are what a hand-written loop takes: given all one-step Jacobians of the state (two vectors for an
LSTM), one matrix product a step for all starting steps at once, nothing else; `norms` are those products with
the norm of each. Ours makes the one-step Jacobians, the products and the norms. Planning, which a run of the same
text finds done, is left out. Processor time, one thread, float64, the order of the contestants shuffled in every round,
ratios taken within a round: median (least..greatest).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import cast

import torch
from recurrences import text_of
from torch import Tensor

import unrolled
from engine import Rows, cell, milliseconds, print_table, rounds_of
from unrolled.engine import prepare
from unrolled.engine.jacobians import Norm, norms_of

SIZES = ((50, 16), (200, 64), (200, 256))  # steps, units
STATES = {"rnn": ("h",), "gru": ("h",), "lstm": ("h", "s")}


def products(jacobians: Tensor, units: int, norm: Norm | None) -> Tensor:
    """D^(t) = J_t D^(t-1), a new D starting at every step."""
    steps, state, _ = jacobians.shape
    old, new = (torch.empty(steps, units, state, dtype=jacobians.dtype) for _ in range(2))
    start = torch.eye(units, state, dtype=jacobians.dtype)
    norms = torch.zeros(steps, steps, dtype=jacobians.dtype)
    for step in range(steps):
        if step:
            torch.mm(old[:step].flatten(0, 1), jacobians[step].mT, out=new[:step].flatten(0, 1))
        new[step] = start
        if norm is not None:
            norms[step, : step + 1] = norms_of(new[: step + 1, :, :units], norm)
        old, new = new, old
    return norms


def contest(name: str, steps: int, units: int, norm: Norm, count: int) -> Rows:
    """Ours, and the products with and without norms, of one run."""
    recurrence = unrolled.parse(text_of(name, units)).recurrence
    run = prepare(recurrence, inputs={"x": torch.randn(steps, 1, units)}, dtype="float64")
    run.complete()
    state = STATES[name]
    jacobians = torch.zeros(steps, len(state) * units, len(state) * units, dtype=torch.float64)
    for step in range(1, steps):
        # any matrices of the right size and decay will do for the time that products take
        jacobians[step] = torch.randn(*jacobians.shape[1:], dtype=torch.float64)
        jacobians[step] *= 0.9 / (len(state) * units) ** 0.5

    def contestants() -> Mapping[str, Callable[[], object]]:
        return {
            "unrolled": lambda: run.jacobians("h", "h").map(norm),
            "products": lambda: products(jacobians, units, None),
            "norms": lambda: products(jacobians, units, norm),
        }

    return rounds_of(count, contestants)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=list(STATES), choices=list(STATES))
    parser.add_argument(
        "--norms", nargs="*", default=["frobenius", "spectral"], choices=["frobenius", "spectral"]
    )
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many of the sizes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    for norm in options.norms:
        lines: list[list[str]] = []
        for name in options.only:
            for steps, units in SIZES[: options.sizes]:
                rows = contest(name, steps, units, cast(Norm, norm), options.rounds)
                lines.append(
                    [name, f"{steps},{units}", cell(rows, "unrolled", "products"), cell(rows, "unrolled", "norms"),
                     milliseconds(rows, "products"), milliseconds(rows, "unrolled")]
                )  # fmt: skip
        head = ["model", "T,H", "to products", "to products and norms", "products, ms", "unrolled, ms"]  # fmt: skip
        print_table(f"The map of Jacobians, {norm} norms", head, lines)


if __name__ == "__main__":
    main()
