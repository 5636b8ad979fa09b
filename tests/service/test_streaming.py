"""Streams over real sockets, with the server in this process so that its counters can be read."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import torch
import uvicorn

from unrolled.catalogue import read_catalogue
from unrolled.service.app import create_app
from unrolled.service.runs import begin, plan
from unrolled.service.schemas import RunRequest
from unrolled.service.workers import Workers
from unrolled.settings import Settings

LONG: dict[str, Any] = {
    "architecture": "lstm",
    "sizes": {"h": 64},
    "inputs": {"x": {"text": "the quick brown fox " * 600}},
}
"""12,000 steps: some 60 MB of JSON, far more than sockets hold between server and client."""

SHORT: dict[str, Any] = {
    "architecture": "gru",
    "sizes": {"h": 3},
    "inputs": {"x": {"text": "abcdefghij" * 20}},
    "variables": ["h", "loss"],
}


@dataclass(frozen=True)
class Served:
    """A server in a thread of this process."""

    address: str
    workers: Workers


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    app = create_app()
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    until(lambda: server.started)
    yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", app.state.unrolled.workers)
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that another thread does; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def settled(read: Callable[[], int]) -> int:
    """The value of a counter once it has stopped for a while."""
    while True:
        before = read()
        time.sleep(0.3)
        if read() == before:
            return before


def events(address: str, body: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    answer = httpx.post(f"{address}/v1/runs/stream{query}", json=body, timeout=60)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_first_step_arrives_before_the_last_is_computed(served: Served) -> None:
    """By counters, not by the clock: the client holds step 1 and reads no further; the server
    computes what the sockets take and then waits, most of the run still ahead of it."""
    before = served.workers.computed
    with httpx.stream("POST", f"{served.address}/v1/runs/stream", json=LONG) as answer:
        lines = answer.iter_lines()
        start = json.loads(next(lines))
        first = json.loads(next(lines))
        assert start["lengths"] == {"time": 12_000}
        assert (first["from"], first["to"]) == (1, 1)
        held_back = settled(lambda: served.workers.computed) - before
        assert served.workers.streams == 1
        assert held_back < 100
        rest = [json.loads(line) for line in lines]
    assert rest[-1]["event"] == "end"
    assert rest[-2]["to"] == 12_000
    assert served.workers.computed - before == len(rest) + 2
    assert len(rest) > 190
    until(lambda: served.workers.streams == 0)


def test_chunks_grow_from_one_step_to_sixty_four(served: Served) -> None:
    steps = [one for one in events(served.address, SHORT) if one["event"] == "steps"]
    sizes = [one["to"] - one["from"] + 1 for one in steps]
    assert sizes == [1, 2, 4, 8, 16, 32, 64, 64, 9]
    assert [one["from"] for one in steps] == [1, 2, 4, 8, 16, 32, 64, 128, 192]
    assert all(len(one["values"]["h"]) == size for one, size in zip(steps, sizes, strict=True))


@pytest.mark.parametrize("start", [1, 2, 7, 8, 100, 200, 201, 10**9])
def test_a_cut_stream_is_resumed_with_the_same_numbers(served: Served, start: int) -> None:
    def steps(run: list[dict[str, Any]]) -> dict[int, Any]:
        return {
            one["from"] + i: row
            for one in run
            if one["event"] == "steps"
            for i, row in enumerate(one["values"]["h"])
        }

    whole = events(served.address, SHORT)
    rest = events(served.address, SHORT, f"?start={start}")
    assert steps(rest) == {t: row for t, row in steps(whole).items() if t >= start}
    assert rest[0] == whole[0]
    assert rest[-1]["values"] == whole[-1]["values"]


def test_a_client_that_leaves_stops_the_work(served: Served) -> None:
    before = served.workers.computed
    with httpx.stream("POST", f"{served.address}/v1/runs/stream", json=LONG) as answer:
        lines = answer.iter_lines()  # held: a dropped iterator closes the answer
        next(lines)
        until(lambda: served.workers.streams == 1)
    until(lambda: served.workers.streams == 0, seconds=5)
    assert settled(lambda: served.workers.computed) - before < 100


def test_a_client_that_leaves_a_whole_run_stops_it_too(served: Served) -> None:
    body = {**LONG, "sizes": {"h": 256}, "variables": ["loss"]}
    before = served.workers.computed
    content = json.dumps(body).encode()
    head = f"POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    host, port = served.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(head.encode() + content)
        until(lambda: served.workers.computed > before)
    until(lambda: served.workers.streams == 0, seconds=10)
    assert settled(lambda: served.workers.computed) - before < 12_000 / 256


def test_a_slow_reader_does_not_hold_up_the_others(served: Served) -> None:
    with httpx.stream("POST", f"{served.address}/v1/runs/stream", json=LONG) as slow:
        lines = slow.iter_lines()  # held: a dropped iterator closes the answer
        next(lines)
        for _ in range(5):
            assert served.workers.streams == 1
            assert events(served.address, SHORT)[-1]["event"] == "end"
        assert httpx.get(f"{served.address}/healthz").status_code == 200
    until(lambda: served.workers.streams == 0)


def test_what_fails_before_the_first_step_is_a_problem_and_no_stream(served: Served) -> None:
    body = {**SHORT, "inputs": {"x": {"text": "é"}}}
    answer = httpx.post(f"{served.address}/v1/runs/stream", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_breaks_in_the_middle_ends_with_an_error_event(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> dict[str, Any]:
        raise KeyError("secret")

    monkeypatch.setattr("unrolled.service.streaming.steps_event", breaks)
    found = events(served.address, SHORT | {"parameters": {"seed": 8}})
    assert [one["event"] for one in found] == ["start", "error"]
    assert found[-1]["problem"]["status"] == 500
    assert "secret" not in json.dumps(found)
    assert "secret" in caplog.text


def test_a_consumer_that_is_cancelled_lets_the_piece_in_work_finish_and_closes_the_rest() -> None:
    workers = Workers(1)
    is_begun, may_end, closed = threading.Event(), threading.Event(), threading.Event()

    def pieces() -> Iterator[int]:
        try:
            is_begun.set()
            may_end.wait(10)
            yield 1
            yield 2
        finally:
            closed.set()

    async def leave() -> None:
        async def consume() -> None:
            async for _ in workers.follow(pieces()):
                pass

        task = asyncio.create_task(consume())
        await asyncio.to_thread(is_begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not closed.is_set()
        may_end.set()
        assert await asyncio.to_thread(closed.wait, 10)
        assert (workers.computed, workers.streams) == (0, 0)
        await workers.stop()

    asyncio.run(leave())


def test_a_run_leaves_no_mode_behind_in_the_thread_that_hands_on_a_chunk() -> None:
    request = RunRequest.model_validate({**SHORT, "variables": ["h", "h/*", "loss"]})
    run = begin(plan(request, read_catalogue(), Settings()))
    for _ in run.chunks():
        assert not torch.is_inference_mode_enabled()


BOTH_WAYS: dict[str, Any] = {
    "equations": """
x: 2
h: 3
g: 3
o: 2
for t in time:
    h[t] = tanh(W @ h[t-1] + U @ x[t])
    g[t] = tanh(W_g @ g[t+1] + U_g @ x[t])
    o[t] = V @ h[t] + V_g @ g[t]
""",
    "lengths": {"time": 9},
}


def test_a_resumed_run_in_both_directions_sends_its_later_passes_whole(served: Served) -> None:
    def gathered(run: list[dict[str, Any]], name: str) -> dict[int, Any]:
        return {
            one["from"] + place: value
            for one in run
            if one["event"] == "steps"
            for place, value in enumerate(one["values"].get(name, []))
        }

    whole = events(served.address, BOTH_WAYS)
    rest = events(served.address, BOTH_WAYS, "?start=5")
    assert sorted(gathered(whole, "g")) == list(range(1, 10))
    assert gathered(rest, "h") == {t: h for t, h in gathered(whole, "h").items() if t >= 5}
    assert gathered(rest, "g") == gathered(whole, "g")
    assert gathered(rest, "o") == gathered(whole, "o")
