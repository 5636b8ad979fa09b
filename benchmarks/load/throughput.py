"""Runs a second beside what one would write by hand: `rival.py`, an LSTM with its gates behind FastAPI.

    python benchmarks/load/throughput.py [--rounds 9] [--requests 24] [--steps 200] [--units 64]

One server process each, 4 clients; in every round each contestant answers as many requests as the others, in a
new order. First the numbers of both are held against each other. Runs differ in their texts, so that none is
answered from the cache; equal ones stand in a column of their own. Ratios within rounds: median (least..greatest),
of the time on the wall and of the processor time of the server. Then how soon the first step of a stream comes.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import orjson
import uvloop
from client import Client, Reply, ms, print_table, ratios, share
from server import Server, run, unrolled

GATES = ["f", "g", "q", "s", "h"]
WEIGHTS = [one + gate for gate in ("_f", "_g", "_q", "") for one in "bUW"]
TEXT = """\
h: {units}
x: onehot(27)
b_f = parameter(1.0)
for t in time:
    f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1])
    g[t] = sigmoid(b_g + U_g @ x[t] + W_g @ h[t-1])
    q[t] = sigmoid(b_q + U_q @ x[t] + W_q @ h[t-1])
    s[t] = f[t] * s[t-1] + g[t] * tanh(b + U @ x[t] + W @ h[t-1])
    h[t] = tanh(s[t]) * q[t]
"""
LETTERS = "abcdefghijklmnopqrstuvwxyz "
CLIENTS = 4
Asking = Callable[[Client, str], "asyncio.Future[Reply]"]


def body(units: int, text: str, variables: list[str] = GATES) -> dict[str, object]:
    return {
        "equations": TEXT.format(units=units),
        "inputs": {"x": {"text": text}},
        "variables": variables,
        "parameters": {"seed": 0},
    }


def letters(chance: random.Random, steps: int) -> str:
    return "".join(chance.choices(LETTERS, k=steps))


async def weights_of(port: int, units: int) -> bytes:
    """What our run draws from its seed, as npz."""
    client = Client(port)
    reply = await client.ask("POST", "/v1/runs?format=npz", body(units, "a", WEIGHTS), keep=True)
    client.close()
    return reply.body


async def compare(ours: int, other: int, units: int, text: str) -> float:
    """The largest difference of any number in the two answers. Raises `AssertionError` from 1e-5 on."""
    client, rival = Client(ours), Client(other)
    reply = await client.ask("POST", "/v1/runs?format=npz", body(units, text), keep=True)
    beside = orjson.loads((await rival.ask("POST", "/runs", {"text": text}, keep=True)).body)
    client.close()
    rival.close()
    with np.load(io.BytesIO(reply.body)) as file:
        differences = [np.abs(file[name] - np.array(beside[name])).max() for name in GATES]
        assert all(file[name].shape == np.shape(beside[name]) for name in GATES)
    assert max(differences) < 1e-5, differences
    return float(max(differences))


async def bout(port: int, asking: Asking, texts: list[str]) -> list[Reply]:
    """All texts asked by a few clients at once."""
    waiting = list(texts)
    replies: list[Reply] = []

    async def one() -> None:
        client = Client(port)
        while waiting:
            replies.append(await asking(client, waiting.pop()))
        client.close()

    await asyncio.gather(*(one() for _ in range(CLIENTS)))
    assert all(reply.status == 200 for reply in replies), [reply.status for reply in replies]
    return replies


async def compete(ours: Server, other: Server, options: argparse.Namespace) -> None:
    """Print the table of runs a second."""
    chance = random.Random(0)
    units = options.units

    def ask(path: str) -> Asking:
        return lambda client, text: asyncio.ensure_future(
            client.ask("POST", path, body(units, text))
        )

    contestants: dict[str, tuple[Server, Asking]] = {
        "by hand": (other, lambda client, text: asyncio.ensure_future(client.ask("POST", "/runs", {"text": text}))),
        "JSON": (ours, ask("/v1/runs")),
        "npz": (ours, ask("/v1/runs?format=npz")),
        "frames": (ours, ask("/v1/runs/frames")),
        "npz, equal": (ours, ask("/v1/runs?format=npz")),
    }  # fmt: skip
    wall: dict[str, list[float]] = defaultdict(list)
    used: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, int] = {}
    for number in range(options.rounds + 2):
        for name in random.Random(number).sample(sorted(contestants), len(contestants)):
            server, asking = contestants[name]
            same = name.endswith("equal")
            texts = [letters(chance, options.steps) for _ in range(1 if same else options.requests)]
            texts *= options.requests if same else 1
            before, began = server.seconds(), perf_counter()
            replies = await bout(server.port, asking, texts)
            if number >= 2:  # the first two warm up
                wall[name].append((perf_counter() - began) / options.requests)
                used[name].append(max(server.seconds() - before, 0.001) / options.requests)
                sizes[name] = replies[0].size
    lines = [
        [
            name, f"{1 / np.median(wall[name]):.0f}", ratios(wall["by hand"], wall[name]),
            ms(float(np.median(used[name]))), ratios(used["by hand"], used[name]), f"{sizes[name] / 1e6:.2f}",
        ]
        for name in contestants
    ]  # fmt: skip
    print_table(
        f"An LSTM with all its gates, {options.steps} steps, {units} units; {options.rounds} rounds of {options.requests} runs",
        ["answer", "runs a second", "times by hand", "processor, ms a run", "times by hand", "MB"],
        lines,
    )


async def first_steps(port: int, options: argparse.Namespace) -> None:
    """Print how soon the first step of a stream comes, nobody else asking."""
    chance = random.Random(1)
    client = Client(port)
    lines = []
    for path, mark in (("/v1/runs/stream", b'"event":"steps"'), ("/v1/runs/frames", b'"event":"steps"')):  # fmt: skip
        times = []
        for number in range(110):
            asked = body(options.units, letters(chance, options.steps))
            reply = await client.ask("POST", path, asked, mark=mark)
            assert reply.status == 200
            assert reply.marked is not None
            if number >= 10:
                times.append(reply.marked)
            await asyncio.sleep(0.02)
        lines.append([path, *(ms(share(times, part)) for part in (0.5, 0.95, 1))])
    client.close()
    print_table(
        "The first step of a stream, ms from the request, 100 streams one after the other",
        ["path", "p50", "p95", "most"],
        lines,
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=24)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--units", type=int, default=64)
    options = parser.parse_args()
    with run(unrolled(1)) as ours, tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.npz"
        weights.write_bytes(uvloop.run(weights_of(ours.port, options.units)))
        rival = [sys.executable, str(Path(__file__).with_name("rival.py")), "--weights", str(weights)]  # fmt: skip
        with run(rival) as other:
            text = letters(random.Random(2), options.steps)
            difference = uvloop.run(compare(ours.port, other.port, options.units, text))
            print(f"Largest difference of the two answers: {difference:.1e}")
            uvloop.run(compete(ours, other, options))
        uvloop.run(first_steps(ours.port, options))


if __name__ == "__main__":
    main()
