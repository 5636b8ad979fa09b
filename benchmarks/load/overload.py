"""Twice the load that the machine can take: who is let in is served, who is not is told when to come back.

    python benchmarks/load/overload.py [--seconds 30] [--times 2] [--workers 2] [--warm 40]

First it is found how many runs a second the service can do (8 clients that ask again as soon as they are
answered). Then requests come at random moments, so many times as fast, whether the others are answered or not: first
`--warm` seconds, until all places have been taken and memory has been asked for, then those that count.
Goals: 200, or 503 with `Retry-After`; `/healthz` p99 under 250 ms; memory flat, its last third to its first.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
from collections import Counter
from time import perf_counter

import uvloop
from client import Client, Reply, ms, own_seconds, print_table, share
from server import Server, run, unrolled
from students import LETTERS

PATHS = ("/v1/runs", "/v1/runs/frames", "/v1/runs/stream")
CALIBRATION = 5.0
MOST_OPEN = 1_000
"""Requests that the generator keeps open; more are not sent, and counted."""


def body(chance: random.Random) -> dict[str, object]:
    """A run of 400 steps whose answer is small; no two are the same."""
    return {
        "architecture": "lstm",
        "sizes": {"h": 64},
        "inputs": {"x": {"text": "".join(chance.choices(LETTERS, k=400))}, "y": {"next": "x"}},
        "parameters": {"seed": chance.randrange(2**40)},
        "variables": ["L", "loss"],
        "gradient": {"of": "loss", "variables": ["b_f"]},
    }


async def calibrate(port: int) -> float:
    """Runs a second that 8 clients get."""
    until = perf_counter() + CALIBRATION
    done = 0

    async def one(number: int) -> None:
        nonlocal done
        client, chance = Client(port), random.Random(-1 - number)
        while perf_counter() < until:
            reply = await client.ask("POST", chance.choice(PATHS), body(chance))
            done += reply.status == 200
        client.close()

    await asyncio.gather(*(one(number) for number in range(8)))
    return done / CALIBRATION


async def ping(port: int, until: float) -> list[Reply]:
    """Ask for the service's health on a new connection, twenty times a second."""
    replies = []
    while perf_counter() < until:
        client = Client(port)
        replies.append(await client.ask("GET", "/healthz"))
        client.close()
        await asyncio.sleep(0.05)
    return replies


async def weigh(server: Server, until: float) -> list[float]:
    """The memory of all processes, once a second, in MB."""
    weights = []
    while perf_counter() < until:
        weights.append(server.megabytes())
        await asyncio.sleep(1)
    return weights


async def flood(port: int, until: float, rate: float) -> tuple[list[Reply], int]:
    """Requests at random moments, so many a second; the replies, and how many were not sent."""
    chance = random.Random(0)
    idle: list[Client] = []
    replies: list[Reply] = []
    open_now: set[asyncio.Task[None]] = set()
    kept = 0

    async def one() -> None:
        client = idle.pop() if idle else Client(port)
        replies.append(await client.ask("POST", chance.choice(PATHS), body(chance)))
        idle.append(client)

    due = perf_counter()
    while due < until:
        due += chance.expovariate(rate)
        await asyncio.sleep(max(0.0, due - perf_counter()))
        if len(open_now) >= MOST_OPEN:
            kept += 1
            continue
        task = asyncio.create_task(one())
        open_now.add(task)
        task.add_done_callback(open_now.discard)
    await asyncio.gather(*open_now)
    for client in idle:
        client.close()
    return replies, kept


async def measure(
    server: Server, seconds: float, times: float, warm: float
) -> tuple[float, list[Reply], int, list[Reply], list[float]]:
    """The calibrated rate; the replies of the flood, and what was not sent; pings; memory."""
    await calibrate(server.port)  # torch is imported
    rate = await calibrate(server.port)
    await flood(server.port, perf_counter() + warm, times * rate)
    until = perf_counter() + seconds
    (replies, kept), pings, weights = await asyncio.gather(
        flood(server.port, until, times * rate), ping(server.port, until), weigh(server, until)
    )
    return rate, replies, kept, pings, weights


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--times", type=float, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--warm", type=float, default=40)
    options = parser.parse_args()
    command = unrolled(options.workers)
    with run(command) as server:
        own = own_seconds()
        rate, replies, kept, pings, weights = uvloop.run(
            measure(server, options.seconds, options.times, options.warm)
        )
        own = (own_seconds() - own) / (options.seconds + options.warm + 2 * CALIBRATION)
    workers = options.workers if "--workers" in command else 1
    counts = Counter(reply.status for reply in replies)
    silent = sum(one.status == 503 and b"retry-after" not in one.headers for one in replies)
    other = sum(count for status, count in counts.items() if status not in (200, 503))
    print_table(
        f"{options.times:g} times the {rate:.0f} runs a second that {workers} worker processes do, {options.seconds:g} s",
        ["requests", "200", "503", "503 without Retry-After", "else", "not sent", "200: p50, ms", "p95", "503: p95"],
        [
            [
                len(replies), counts[200], counts[503], silent, other, kept,
                *(ms(share((one.seconds for one in replies if one.status == 200), part)) for part in (0.5, 0.95)),
                ms(share((one.seconds for one in replies if one.status == 503), 0.95)),
            ]
        ],
    )  # fmt: skip
    third = max(1, len(weights) // 3)
    first, last = statistics.mean(weights[:third]), statistics.mean(weights[-third:])
    failed = sum(one.status != 200 for one in pings)
    print_table(
        "Meanwhile",
        ["/healthz asked", "failed", "p50, ms", "p99", "most", "memory first third, MB", "last third", "ratio"],
        [
            [
                len(pings), failed, *(ms(share((one.seconds for one in pings), part)) for part in (0.5, 0.99, 1)),
                f"{first:.0f}", f"{last:.0f}", f"{last / first:.2f}",
            ]
        ],
    )  # fmt: skip
    print(f"\nOf one core the generator used {own:.2f}.")


if __name__ == "__main__":
    main()
