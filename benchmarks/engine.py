"""The engine beside what a user would run instead: torch's fused modules and hand-written loops.

    python benchmarks/engine.py [--rounds 15] [--only lstm gru] [--tables forward backward] [--no-recorders]

Ours records every variable at every step. Processor time, one thread, the order of the contestants
shuffled in every round, ratios taken within a round: median (least..greatest). What each table divides by
stands above it. `prepare` is what comes before the run: checking, loading, room; `products` what the matrix
products of a text take alone, `+ functions` these and its sigmoids and tanhs (least.py).
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import recorders
import torch
from least import products_and_functions_of, products_of
from recurrences import CONTESTS, text_of
from torch import Tensor

import unrolled
from unrolled.engine import Run, prepare

SIZES = ((1, 50, 16), (1, 200, 128), (8, 200, 64), (32, 200, 256))  # batch, steps, units
FUSED = ("rnn", "gru", "lstm")
Rows = dict[str, list[float]]


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def rounds_of(count: int, contestants: Callable[[], Mapping[str, Callable[[], object]]]) -> Rows:
    """Seconds of every contestant in every round, in a new order each; three rounds to warm up.

    `prepare` is what making the contestants takes: preparing our run.
    """
    rows: Rows = {}
    for number in range(count + 3):
        start = time.process_time()
        entries = list(contestants().items())
        if number >= 3:
            rows.setdefault("prepare", []).append(time.process_time() - start)
        random.shuffle(entries)
        for label, work in entries:
            taken = seconds(work)
            if number >= 3:
                rows.setdefault(label, []).append(taken)
    return rows


def cell(rows: Rows, one: str, other: str) -> str:
    """Ratios within rounds: median (least..greatest)."""
    ratios = [a / b for a, b in zip(rows[one], rows[other], strict=True)]
    return f"{middle(rows, one, other)} ({min(ratios):.2f}..{max(ratios):.2f})"


def middle(rows: Rows, one: str, other: str) -> str:
    """The median ratio within rounds."""
    return f"{statistics.median(a / b for a, b in zip(rows[one], rows[other], strict=True)):.2f}"


def inputs_of(name: str, batch: int, steps: int, units: int) -> dict[str, Tensor]:
    """Random inputs; the source of the attention is 20 steps long."""
    inputs = {"x": torch.randn(steps, batch, units)}
    if name == "attention":
        inputs["z"] = torch.randn(20, batch, units)
    return inputs


def forward(name: str, size: tuple[int, int, int], count: int) -> Rows:
    """A run that records everything, the loop, and the module where torch has one."""
    batch, steps, units = size
    contest = CONTESTS[name]
    recurrence = unrolled.parse(text_of(name, units)).recurrence
    inputs = inputs_of(name, batch, steps, units)
    weights = dict(prepare(recurrence, inputs=inputs, batch=batch).parameters)
    module = contest.module(units, units) if contest.module else None
    lengths = {"time": steps, "source": 20}
    products = products_of(recurrence, lengths, batch)
    functions = products_and_functions_of(recurrence, lengths, batch)

    def loop() -> None:
        with torch.inference_mode():
            contest.loop(weights, inputs)

    def fused() -> None:
        with torch.inference_mode():
            assert module is not None
            module(inputs["x"])

    def contestants() -> Mapping[str, Callable[[], object]]:
        run = prepare(recurrence, inputs=inputs, batch=batch)
        found: dict[str, Callable[[], object]] = {
            "unrolled": run.complete,
            "loop": loop,
            "products": products,
            "functions": functions,
        }
        return {**found, "torch": fused} if module else found

    return rounds_of(count, contestants)


def backward(name: str, size: tuple[int, int, int], count: int) -> Rows:
    """Forward and gradients, of all h[t] or of everything, against fused forward and autograd."""
    batch, steps, units = size
    contest = CONTESTS[name]
    text = text_of(name, units) + "    L[t] = squared_error(h[t], y[t])\nloss = sum(L)\n"
    recurrence = unrolled.parse(text).recurrence
    inputs = {
        "x": torch.randn(steps, batch, units),
        "y": torch.randn(steps, batch, units),
    }
    weights = {
        key: value.clone().requires_grad_()
        for key, value in prepare(recurrence, inputs=inputs, batch=batch).parameters.items()
    }
    x = inputs["x"].clone().requires_grad_()
    module = contest.module(units, units) if contest.module else None

    def ours(run: Run, variables: Sequence[str] | None) -> None:
        run.complete()
        run.gradients(variables=variables).complete()

    def fused() -> None:
        assert module is not None
        states, _ = module(x)
        (states - inputs["y"]).square().sum().backward()

    def loop() -> None:
        recorded = contest.loop(weights, {**inputs, "x": x})
        (recorded["h"] - inputs["y"]).square().sum().backward()

    def contestants() -> Mapping[str, Callable[[], object]]:
        first, second = (prepare(recurrence, inputs=inputs, batch=batch) for _ in range(2))
        found: dict[str, Callable[[], object]] = {
            "states": lambda: ours(first, ["h"]),
            "everything": lambda: ours(second, None),
            "loop": loop,
        }
        return {**found, "torch": fused} if module else found

    return rounds_of(count, contestants)


def recorded(recorder: str, name: str, size: tuple[int, int, int], rows: Rows) -> str:
    """What TorchLens or nnsight takes, to the median of torch's module, or a dash."""
    if recorder in recorders.missing() or size[1] > recorders.MOST_STEPS[recorder]:
        return "–"
    return f"{recorders.seconds_of(recorder, name, size) / statistics.median(rows['torch']):,.0f}"


def print_table(title: str, head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A table in Markdown, if it has lines."""
    if not lines:
        return
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("| " + " | ".join("---" for _ in head) + " |")
    for line in lines:
        print("| " + " | ".join(line) + " |", flush=True)


def milliseconds(rows: Rows, label: str) -> str:
    return f"{1000 * statistics.median(rows[label]):.2f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", nargs="*", default=list(CONTESTS), choices=list(CONTESTS))
    parser.add_argument(
        "--tables", nargs="*", default=["forward", "backward"], choices=["forward", "backward"]
    )
    parser.add_argument("--no-recorders", action="store_true", help="without TorchLens and nnsight")
    options = parser.parse_args()
    others = [] if options.no_recorders else list(recorders.MOST_STEPS)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    count, tables = options.rounds, options.tables
    names = [name for name in CONTESTS if name in options.only]
    if "forward" in tables:
        lines: list[list[str]] = []
        for name in (name for name in names if name in FUSED):
            for size in SIZES:
                rows = forward(name, size, count)
                lines.append(
                    [name, ",".join(map(str, size)), cell(rows, "unrolled", "torch"), cell(rows, "loop", "torch"),
                     *(recorded(one, name, size, rows) for one in others),
                     cell(rows, "prepare", "torch"), milliseconds(rows, "unrolled")]
                )  # fmt: skip
        head = ["model", "B,T,H", "unrolled", "loop", *others, "prepare", "unrolled, ms"]
        print_table(
            "Recording everything, to torch's fused module, which records nothing", head, lines
        )
        if others and recorders.missing():
            absent = " and ".join(recorders.missing())
            print(f"\nNot measured, for they are not installed (pip install '.[bench]'): {absent}.")
        lines = []
        for name in (name for name in names if name not in FUSED):
            for size in SIZES:
                rows = forward(name, size, count)
                lines.append(
                    [name, ",".join(map(str, size)), cell(rows, "unrolled", "loop"), middle(rows, "products", "loop"),
                     middle(rows, "functions", "loop"), cell(rows, "prepare", "loop"), milliseconds(rows, "unrolled")]
                )  # fmt: skip
        head = ["model", "B,T,H", "unrolled", "products", "+ functions", "prepare", "unrolled, ms"]
        print_table(
            "Recording everything, to a hand-written loop that records the same", head, lines
        )
    if "backward" in tables:
        lines = []
        for name in (name for name in names if name in FUSED):
            for size in SIZES:
                rows = backward(name, size, count)
                lines.append(
                    [name, ",".join(map(str, size)), cell(rows, "states", "torch"), cell(rows, "everything", "torch"),
                     cell(rows, "loop", "torch"), milliseconds(rows, "states"), milliseconds(rows, "everything")]
                )  # fmt: skip
        head = ["model", "B,T,H", "all ∂L/∂h", "everything", "loop", "∂L/∂h, ms", "everything, ms"]
        print_table(
            "Forward and gradients, to torch's fused module with autograd (which gives those of inputs and parameters):\n"
            "of all h[t]; of every variable, input and parameter", head, lines)  # fmt: skip


if __name__ == "__main__":
    main()
