"""Clients that vanish, processes that are killed, lines that are cut: no work is left over, no number is lost."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from house.served import Served, server, until

LEAVERS = 1_000
AT_ONCE = 50
KILLS = 20

STREAM = "/v1/runs/stream"
PATHS = (STREAM, "/v1/runs/frames", "/v1/runs/events", "/v1/runs")
CPU_TICKS = os.sysconf("SC_CLK_TCK")


def request(address: str, path: str, body: dict[str, Any]) -> bytes:
    """A POST as it stands on the wire; the connection is closed behind its answer."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def connect(address: str) -> socket.socket:
    where = urlsplit(address)
    assert where.port is not None
    return socket.create_connection(("127.0.0.1", where.port), timeout=30)


def long_run(seed: int, steps: int = 4_000, units: int = 32) -> dict[str, Any]:
    """A run that takes some seconds, unlike any other."""
    return {
        "equations": f"h: {units}\nq: {units}\n"
        "for t in time:\n    q[t] = tanh(b + W @ h[t-1])\n    h[t] = tanh(h[t-1] + V @ q[t])\n",
        "lengths": {"time": steps},
        "parameters": {"seed": seed},
    }


def metric(address: str, name: str) -> float:
    """The sum of a metric over its labels."""
    text = urllib.request.urlopen(f"{address}/metrics", timeout=30).read().decode()
    return sum(
        float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)
    )


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CPU_TICKS


def leave(address: str, number: int) -> None:
    """Ask for a long run and vanish: while asking, at once, or in the midst of the answer; by FIN or by RST."""
    chance = random.Random(number)
    time.sleep(chance.uniform(0, 0.5))
    asked = request(address, chance.choice(PATHS), long_run(number))
    with connect(address) as line:
        if chance.random() < 0.5:  # the kernel sends RST when it has nothing to linger for
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if chance.random() < 0.2:
            line.sendall(asked[: chance.randrange(len(asked))])
            return
        line.sendall(asked)
        time.sleep(chance.choice([0, 0, 0.01, 0.05, 0.2]) * chance.random())
        if chance.random() < 0.5:
            line.settimeout(0.2)
            with suppress(TimeoutError):
                line.recv(chance.choice([1, 100, 10_000]))


@pytest.mark.timeout(180)
def test_a_thousand_clients_that_vanish_leave_nothing_running() -> None:
    with server("--port", "0", "--no-browser", UNROLLED_MAX_RUNS=str(AT_ONCE)) as served:
        with ThreadPoolExecutor(AT_ONCE) as clients:
            list(clients.map(lambda number: leave(served.address, number), range(LEAVERS)))
        before = processor_seconds(served.process.pid)
        for name in ("streams", "pieces_waiting", "pieces_working"):
            until(lambda name=name: metric(served.address, f"unrolled_{name}") == 0)
        assert processor_seconds(served.process.pid) - before < 3
        assert metric(served.address, "unrolled_run_seconds_count") > 0, "some had begun"
        assert served_at_once(served.address, AT_ONCE) == [200] * AT_ONCE
        log = served.log.read_text()
    assert [line for line in log.splitlines() if json.loads(line)["level"] != "INFO"] == []


def served_at_once(address: str, count: int) -> list[int]:
    """The statuses of as many streams as may run at once, all of them begun before one is read."""
    lines = [connect(address) for _ in range(count)]
    for number, line in enumerate(lines):
        line.sendall(request(address, STREAM, long_run(LEAVERS + number, steps=20_000)))
    statuses = [int(line.recv(12).split()[1]) for line in lines]
    for line in lines:
        line.close()
    return statuses


# a process is killed -----------------------------------------------------------------------------


def read_on(lines: Iterator[bytes], rows: list[Any]) -> bool:
    """Read the lines of a stream into rows, one a step; whether it ended by `end`.

    The reference for a reader of NDJSON: a line counts when its line feed has come, a run when `end` has.
    Raises `ValueError` for a line that is none, a step out of turn, and an `error`.
    """
    for line in lines:
        if not line.endswith(b"\n"):
            return False
        event = json.loads(line)
        if event["event"] == "steps":
            if event["from"] != len(rows) + 1:
                raise ValueError("a step is missing")
            rows += zip(*event["values"].values(), strict=True)
            if len(rows) != event["to"]:
                raise ValueError("a number is missing")
        elif event["event"] == "error":
            raise ValueError("the run broke")
        elif event["event"] == "end":
            if event["steps"] != len(rows):
                raise ValueError("the end is missing")
            return True
    return False


@contextmanager
def streaming(
    address: str, body: dict[str, Any], start: int
) -> Iterator[tuple[int, Iterator[bytes]]]:
    """The client's port and the lines of a stream from a step on, read as slowly as they are taken."""
    with connect(address) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        line.sendall(request(address, f"{STREAM}?start={start}", body))
        yield line.getsockname()[1], lines_of(pieces_of(line))


def pieces_of(line: socket.socket) -> Iterator[bytes]:
    """The pieces of a chunked answer, as far as they come."""
    with line.makefile("rb") as answer, suppress(ConnectionError):
        assert answer.readline() in (b"HTTP/1.1 200 OK\r\n", b"")
        while answer.readline() not in (b"\r\n", b""):
            pass
        while size := int(answer.readline() or b"0", 16):
            yield answer.read(size)
            answer.readline()


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their line feeds; the last one has none if it was cut."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (one + b"\n" for one in whole)
    if rest:
        yield rest


def owner(served: Served, port: int) -> int | None:
    """The process that has the other end of a connection from this port."""
    inodes = set()
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = row.split()
        if int(fields[2].rpartition(":")[2], 16) == port:
            inodes.add(f"socket:[{fields[9]}]")
    for pid in served.workers():
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if os.readlink(file) in inodes:
                    return pid
    return None


def follow(served: Served, body: dict[str, Any], kills: int) -> list[Any]:
    """All rows of a run, though the process that streams it is killed as often as that."""
    rows: list[Any] = []
    while True:
        with suppress(ConnectionError), streaming(served.address, body, len(rows) + 1) as (port, lines):  # fmt: skip
            if kills and next(lines, None) is not None:
                victim = owner(served, port)
                if victim is not None:
                    os.kill(victim, signal.SIGKILL)
                    kills -= 1
            if read_on(lines, rows):
                assert not kills
                return rows


@pytest.mark.timeout(300)
def test_streams_go_on_where_a_killed_process_ended_with_the_same_numbers() -> None:
    body = long_run(0, steps=10_000, units=16)
    with server(
        "--port", "0", "--no-browser", "--workers", "2", UNROLLED_CACHE_BYTES="0"
    ) as served:
        until(lambda: len(served.workers()) == 2)
        undisturbed = follow(served, body, 0)
        assert len(undisturbed) == 10_000
        with ThreadPoolExecutor(4) as clients:
            followed = clients.map(lambda kills: follow(served, body, kills), [KILLS // 4] * 4)
            assert all(rows == undisturbed for rows in followed)


# a line is bad -----------------------------------------------------------------------------------


class Proxy:
    """Stands between a client and the service, and does to the answer what `spoil` does."""

    def __init__(self, address: str, spoil: Callable[[bytes], Iterable[bytes]]) -> None:
        self.upstream, self.spoil = address, spoil
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self) -> str:
        self.thread.start()
        return self.address

    def __exit__(self, *_: object) -> None:
        self.thread.join()
        self.listening.close()

    def serve(self) -> None:
        """One connection; the service closes it behind its answer."""
        client, _ = self.listening.accept()
        with client, connect(self.upstream) as service, suppress(ConnectionError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            service.sendall(whole_request(client))
            answer = b"".join(iter(lambda: service.recv(1_000_000), b""))
            for piece in self.spoil(answer):
                client.sendall(piece)


def whole_request(client: socket.socket) -> bytes:
    """A request with its body, which may come apart."""
    given = b""
    while True:
        given += client.recv(1_000_000)
        head, end, content = given.partition(b"\r\n\r\n")
        declared = re.search(rb"content-length: (\d+)", head.lower())
        if end and declared is not None and len(content) >= int(declared[1]):
            return given


def split(chance: random.Random, answer: bytes) -> Iterator[bytes]:
    """Pieces of any size, also within a character and within a line ending."""
    at = 0
    while at < len(answer):
        size = chance.choice([1, 2, 3, 50, 1_000, 5_000])
        yield answer[at : at + size]
        at += size


def delay(chance: random.Random, answer: bytes) -> Iterator[bytes]:
    for piece in split(chance, answer):
        time.sleep(chance.choice([0, 0, 0, 0.002]))
        yield piece


def cut(chance: random.Random, answer: bytes) -> Iterator[bytes]:
    """Closed in the middle, as if that were the end."""
    return split(chance, answer[: chance.randrange(len(answer))])


def drop(chance: random.Random, answer: bytes) -> Iterator[bytes]:
    """Some bytes in the middle are missing."""
    at = chance.randrange(len(answer))
    return split(chance, answer[:at] + answer[at + chance.choice([1, 2, 10, 1_000]) :])


SPOILED = {"split": split, "delay": delay, "cut": cut, "drop": drop}
LETTERS = "aé中😀"
SMALL = {
    "equations": "h: 3\nx: onehot(4)\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n",
    "inputs": {"x": {"text": LETTERS * 40, "alphabet": LETTERS}},
}


def data_of(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The data of server-sent events, a line each; of those that a blank line ended."""
    data = b""
    for line in lines:
        if line.startswith(b"data: "):
            data = line.removeprefix(b"data: ")
        elif line == b"\n" and data:
            yield data
            data = b""


def read_run(address: str, path: str, headers: dict[str, str]) -> list[Any]:
    """The rows of a run. Raises `ValueError` or `httpx.HTTPError` when it cannot be read to its end."""
    rows: list[Any] = []
    asked = httpx.stream("POST", address + path, json=SMALL, headers=headers, trust_env=False)
    with asked as answer:
        answer.raise_for_status()
        lines = lines_of(answer.iter_bytes())
        if not read_on(data_of(lines) if path.endswith("events") else lines, rows):
            raise ValueError("the stream was cut")
    return rows


@pytest.fixture(scope="module")
def small_server() -> Iterator[str]:
    with server("--port", "0", "--no-browser") as served:
        yield served.address


@pytest.mark.parametrize("path", [STREAM, "/v1/runs/events"])
@pytest.mark.parametrize("way", SPOILED)
def test_what_a_bad_line_does_to_a_stream_is_never_taken_for_the_run(
    small_server: str, way: str, path: str
) -> None:
    close = {"Connection": "close", "Host": urlsplit(small_server).netloc}
    whole = read_run(small_server, path, close)
    assert len(whole) == len(LETTERS) * 40
    read = 0
    for number in range(40):
        spoil = partial(SPOILED[way], random.Random(number))
        with Proxy(small_server, spoil) as address, suppress(ValueError, httpx.HTTPError):
            assert read_run(address, path, close) == whole
            read += 1
    assert read == 40 if way in ("split", "delay") else read < 10
