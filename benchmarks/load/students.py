"""A lecture hall: students who open pages, run what is there and what they wrote, and think in between.

    python benchmarks/load/students.py [--students 500] [--seconds 60] [--thinking 5] [--workers 2]

Thinking takes an exponentially distributed time. Goals: no error, p95 under 500 ms, the first byte of
95 of 100 streams within 300 ms. Loopback only; the generator is one process and says what it used itself.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import defaultdict
from time import perf_counter

import uvloop
from client import Client, Reply, ms, own_seconds, print_table, share
from server import Server, run, unrolled

ARCHITECTURES = ("lstm", "gru", "rnn-single-output", "teacher-forcing", "bidirectional-rnn")
OWN = """\
h: {units}
x: onehot(27)
for t in time:
    z[t] = sigmoid(b_z + W_z @ h[t-1] + U_z @ x[t])
    h[t] = (1 - z[t]) * h[t-1] + z[t] * tanh(b + W @ h[t-1] + U @ x[t])
    o[t] = c + V @ h[t]
o: 27
"""
LETTERS = "abcdefghijklmnopqrstuvwxyz "
FRAMES = "/v1/runs/frames"
STREAM = "/v1/runs/stream"

Replies = dict[str, list[Reply]]


class Student:
    """One person with one connection. `chance` is seeded, so that all runs of the benchmark ask the same."""

    def __init__(self, port: int, number: int, replies: Replies) -> None:
        self.client = Client(port)
        self.chance = random.Random(number)
        self.replies = replies

    async def study(self, until: float, thinking: float) -> None:
        """Think and act until the time is over."""
        actions = [self.open, self.run_default, self.run_seeded, self.write, self.stream]
        while True:
            wait = self.chance.expovariate(1 / thinking)
            if perf_counter() + wait >= until:
                break
            await asyncio.sleep(wait)
            (action,) = self.chance.choices(actions, weights=[2, 2, 2, 2, 2])
            await action()
        self.client.close()

    def note(self, kind: str, reply: Reply) -> None:
        self.replies[kind].append(reply)

    async def open(self) -> None:
        """A page, and the entry of the catalogue that it shows."""
        name = self.chance.choice(ARCHITECTURES)
        self.note("page", await self.client.ask("GET", f"/{name}", accept="text/html"))
        self.note("entry", await self.client.ask("GET", f"/v1/architectures/{name}"))

    async def run_default(self) -> None:
        """What a page runs when it opens: the same for everybody."""
        body = {"architecture": self.chance.choice(ARCHITECTURES)}
        self.note("run, as it is", await self.client.ask("POST", FRAMES, body))

    async def run_seeded(self) -> None:
        """The same with weights of one's own."""
        body = {"architecture": self.chance.choice(ARCHITECTURES), "parameters": self.seed()}
        self.note("run, own weights", await self.client.ask("POST", FRAMES, body))

    async def write(self) -> None:
        """Read a text of one's own, and run it."""
        text = OWN.format(units=self.chance.randrange(4, 32))
        self.note("own text", await self.client.ask("POST", "/v1/recurrences", {"equations": text}))
        body = {
            "equations": text,
            "inputs": {"x": {"text": self.letters(40)}},
            "parameters": self.seed(),
        }
        self.note("run, own text", await self.client.ask("POST", FRAMES, body))

    async def stream(self) -> None:
        """Follow a run of 100 steps."""
        body = {
            "architecture": "lstm",
            "inputs": {"x": {"text": self.letters(100)}, "y": {"next": "x"}},
            "sizes": {"h": 32},
            "parameters": self.seed(),
        }
        self.note("stream", await self.client.ask("POST", STREAM, body))

    def seed(self) -> dict[str, int]:
        return {"seed": self.chance.randrange(2**40)}

    def letters(self, count: int) -> str:
        return "".join(self.chance.choices(LETTERS, k=count))


async def lecture(server: Server, students: int, seconds: float, thinking: float) -> Replies:
    """All students until the time is over and the last answer is there."""
    replies: Replies = defaultdict(list)
    until = perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(students):
            group.create_task(Student(server.port, number, replies).study(until, thinking))
    return replies


def line(kind: str, replies: list[Reply]) -> list[object]:
    times = [reply.seconds for reply in replies]
    busy = sum(reply.status == 503 for reply in replies)
    wrong = sum(reply.status not in (200, 503) for reply in replies)
    first = ms(share((reply.first_byte for reply in replies), 0.95))
    return [kind, len(replies), busy, wrong, *(ms(share(times, part)) for part in (0.5, 0.95, 0.99)), first]  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--students", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--thinking", type=float, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    command = unrolled(options.workers)
    with run(command) as server:
        uvloop.run(lecture(server, 20, 3, 0.5))  # torch is imported, and every text read once
        before, own, began = server.seconds(), own_seconds(), perf_counter()
        replies = uvloop.run(lecture(server, options.students, options.seconds, options.thinking))
        wall = perf_counter() - began
        used, own = (server.seconds() - before) / wall, (own_seconds() - own) / wall
        memory = server.megabytes()
    everything = [reply for some in replies.values() for reply in some]
    workers = options.workers if "--workers" in command else 1
    print_table(
        f"{options.students} students, thinking {options.thinking:g} s, {wall:.0f} s, {workers} worker processes; times in ms",
        ["request", "count", "503", "errors", "p50", "p95", "p99", "first byte p95"],
        [*(line(kind, replies[kind]) for kind in sorted(replies)), line("all", everything)],
    )
    print(
        f"\n{len(everything) / wall:.0f} requests a second; of one core the server used {used:.2f}, the generator "
        f"{own:.2f}; the server's memory in the end: {memory:.0f} MB"
    )


if __name__ == "__main__":
    main()
