"""Real processes under operation: what they log, how they count together, how they end."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from house.served import ENVIRONMENT, Served, server, until

LONG: dict[str, Any] = {
    "architecture": "lstm",
    "sizes": {"h": 64},
    "inputs": {"x": {"text": "the quick brown fox " * 600}},
}
"""12,000 steps: some 60 MB of JSON, far more than sockets hold between server and client."""

THIN = {**LONG, "variables": ["loss"]}
"""The same run with a reader's share of some kilobytes."""

HEAVY = {**THIN, "sizes": {"h": 256}, "inputs": {"x": {"text": "the quick brown fox " * 900}}}
"""Seconds of computing."""

ALONE = ("--port", "0", "--no-browser")
TWO = (*ALONE, "--workers", "2")


def lines(served: Served) -> list[dict[str, Any]]:
    return [json.loads(line) for line in served.log.read_text().splitlines()]


def samples(served: Served) -> list[Any]:
    text = urllib.request.urlopen(f"{served.address}/metrics").read().decode()
    return [one for family in text_string_to_metric_families(text) for one in family.samples]


def value(served: Served, name: str) -> float:
    return sum(one.value for one in samples(served) if one.name == name)


def connect(served: Served, path: str, body: dict[str, Any]) -> socket.socket:
    """A connection that has asked and reads nothing."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    host, port = served.address.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)))
    client.sendall(head.encode() + content)
    return client


# logs --------------------------------------------------------------------------------------------


def test_off_a_terminal_every_line_of_the_log_is_json_the_servers_own_too() -> None:
    with server(*ALONE) as served:
        headers = {"X-Request-ID": "r-1"}
        httpx.post(f"{served.address}/v1/runs?digits=3", json=THIN, headers=headers, timeout=60)
        served.process.terminate()
        assert served.process.wait(timeout=15) == 0
        found = lines(served)
    (request,) = [one for one in found if one.get("request") == "r-1"]
    assert (request["route"], request["status"]) == ("/v1/runs", 200)
    assert {"uvicorn.error", "unrolled.service.requests"} <= {one["logger"] for one in found}
    assert {"INFO"} == {one["level"] for one in found}


@pytest.mark.parametrize("path", ["/v1/runs/stream", "/v1/runs/frames", "/v1/runs"])
def test_a_client_that_leaves_is_no_error(path: str) -> None:
    with server(*ALONE) as served:
        body = HEAVY if path == "/v1/runs" else LONG
        with connect(served, path, body):
            until(lambda: value(served, "unrolled_streams") == 1)
        until(lambda: value(served, "unrolled_streams") == 0)
        until(lambda: any(one.get("route") == path for one in lines(served)))
        found = lines(served)
    assert [one["level"] for one in found if one["level"] not in ("INFO", "DEBUG")] == []
    (line,) = [one for one in found if one.get("route") == path]
    assert line["left"] is True


def test_a_crash_is_one_error_with_the_requests_id_and_trace(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\nfrom unrolled.service import routes\n"
        "def crash(*_): raise RuntimeError('inside')\n"
        "routes.describe_equations = crash\n"
        "from unrolled.cli import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    with server(*ALONE, program=[str(program)]) as served:
        headers = {"X-Request-ID": "crash-1"}
        body = {"equations": "h: 2"}
        answer = httpx.post(
            f"{served.address}/v1/recurrences", json=body, headers=headers, timeout=60
        )
        assert answer.status_code == 500
        until(lambda: any(one["level"] == "ERROR" for one in lines(served)))
        (error,) = [one for one in lines(served) if one["level"] == "ERROR"]
    assert error["request"] == "crash-1"
    assert "RuntimeError: inside" in error["exception"]


def test_on_a_terminal_nothing_is_said_but_the_one_line() -> None:
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "unrolled", "serve", *ALONE],
        env=ENVIRONMENT,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    said = b""
    try:
        while b"\n" not in said:
            said += os.read(screen, 4096)
        address = said.decode().split()[3]
        assert urllib.request.urlopen(f"{address}v1/architectures").status == 200
        process.terminate()
        assert process.wait(timeout=15) == 0
        said += rest_of(screen)
    finally:
        process.kill()
        process.wait()
        os.close(screen)
    assert said.decode().splitlines() == [f"unrolled is at {address} (Ctrl+C ends it)"]


def rest_of(screen: int) -> bytes:
    """What still stands on a terminal that nobody writes to any more."""
    said = b""
    try:
        while part := os.read(screen, 4096):
            said += part
    except OSError:  # Linux: the other end is closed
        pass
    return said


# metrics -----------------------------------------------------------------------------------------


def test_processes_count_together_and_leave_nothing_behind(tmp_path: Path) -> None:
    with server(*TWO, TMPDIR=str(tmp_path)) as served:
        until(lambda: len(served.workers()) == 2)
        until(lambda: len(pids(served)) == 2)
        assert pids(served) == served.workers()
        with httpx.Client(base_url=served.address, timeout=60) as client:
            for _ in range(30):  # a connection each: they are shared out
                assert client.get("/v1/architectures", headers={"Connection": "close"}).is_success
        counted = [
            one.value
            for one in samples(served)
            if one.name == "unrolled_requests_total" and one.labels["route"] == "/v1/architectures"
        ]
        assert counted == [30]
        victim = min(served.workers())
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(pids(served)) == 2 and victim not in pids(served))
        assert list(tmp_path.iterdir())
        served.process.terminate()
        assert served.process.wait(timeout=15) == 0
    assert list(tmp_path.iterdir()) == []


def pids(served: Served) -> set[int]:
    """The processes that `/metrics` knows."""
    names = [one for one in samples(served) if one.name == "process_resident_memory_bytes"]
    return {int(one.labels["pid"]) for one in names}


# the end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "kind"), [(ALONE, "stream"), (TWO, "frames")], ids=["alone", "workers"]
)
def test_when_it_is_told_to_stop_every_stream_ends_with_an_end_or_an_error(
    arguments: tuple[str, ...], kind: str
) -> None:
    last: list[dict[str, Any]] = []
    begun = threading.Barrier(21)

    def read(address: str) -> None:
        with httpx.stream("POST", f"{address}/v1/runs/{kind}", json=THIN, timeout=60) as answer:
            chunks = answer.iter_raw()
            content = next(chunks)
            begun.wait(60)
            for chunk in chunks:
                content += chunk
        last.append(json.loads(content.splitlines()[-1]))

    with server(*arguments, UNROLLED_GRACE="0.5") as served:
        readers = [threading.Thread(target=read, args=[served.address]) for _ in range(20)]
        for reader in readers:
            reader.start()
        begun.wait(60)
        served.process.terminate()
        assert served.process.wait(timeout=15) == 0
        for reader in readers:
            reader.join(timeout=15)
        said = served.log.read_text()
    assert len(last) == 20
    assert {one["event"] for one in last} <= {"end", "error"}
    errors = [one["problem"]["type"] for one in last if one["event"] == "error"]
    assert errors
    assert set(errors) == {"/problems/stopping"}
    assert "ERROR" not in said


def test_streams_that_can_end_in_time_do() -> None:
    with (
        server(*ALONE, UNROLLED_GRACE="60") as served,
        httpx.stream("POST", f"{served.address}/v1/runs/stream", json=THIN, timeout=60) as answer,
    ):
        rows = answer.iter_lines()
        assert json.loads(next(rows))["event"] == "start"
        served.process.terminate()
        assert [json.loads(row) for row in rows][-1]["event"] == "end"
        assert served.process.wait(timeout=15) == 0


def test_a_whole_run_that_cannot_end_in_time_is_a_problem_with_the_time_to_come_back() -> None:
    answers: list[httpx.Response] = []
    with server(*ALONE, UNROLLED_GRACE="0") as served:
        address = f"{served.address}/v1/runs"
        asking = threading.Thread(
            target=lambda: answers.append(httpx.post(address, json=HEAVY, timeout=60))
        )
        asking.start()
        until(lambda: value(served, "unrolled_streams") == 1)
        served.process.terminate()
        asking.join(timeout=15)
        assert served.process.wait(timeout=15) == 0
    (answer,) = answers
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["type"] == "/problems/stopping"


@pytest.mark.parametrize("path", ["/v1/runs/stream", "/v1/runs"])
def test_a_reader_who_never_reads_does_not_hold_up_the_end(path: str) -> None:
    with server(*ALONE, UNROLLED_GRACE="0.5") as served, connect(served, path, LONG):
        until(lambda: value(served, "unrolled_steps_sent_total") > 100)
        served.process.terminate()
        assert served.process.wait(timeout=15) == 0
        assert "ERROR" not in served.log.read_text()


def test_while_it_drains_it_is_not_ready_and_still_answers() -> None:
    with server(*ALONE, UNROLLED_DRAIN="3") as served:
        until(lambda: status(served, "/readyz") == 200)
        served.process.terminate()
        until(lambda: status(served, "/readyz") == 503)
        assert httpx.post(
            f"{served.address}/v1/runs", json={"architecture": "gru"}, timeout=60
        ).is_success
        assert served.process.wait(timeout=15) == 0


def status(served: Served, path: str) -> int:
    return httpx.get(served.address + path, timeout=60).status_code


def test_a_reader_who_takes_nothing_is_let_go() -> None:
    with (
        server(*ALONE, UNROLLED_MAX_STALL_SECONDS="1") as served,
        connect(served, "/v1/runs/stream", LONG),
    ):
        until(lambda: value(served, "unrolled_streams") == 1)
        until(lambda: value(served, "unrolled_streams") == 0, seconds=40)
        assert [one for one in lines(served) if one["level"] == "ERROR"] == []


def test_a_thread_that_cannot_be_interrupted_does_not_hold_up_the_end(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, time\nfrom unrolled.service import routes\n"
        "routes.jacobians_document = lambda *_: time.sleep(600)\n"
        "from unrolled.cli import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    answers: list[httpx.Response] = []
    body = {"architecture": "lstm", "of": "h", "with_respect_to": "h"}
    with server(*ALONE, program=[str(program)], UNROLLED_GRACE="0") as served:
        address = f"{served.address}/v1/jacobians"
        asking = threading.Thread(
            target=lambda: answers.append(httpx.post(address, json=body, timeout=60))
        )
        asking.start()
        until(lambda: value(served, "unrolled_pieces_working") == 1 and is_ready(served))
        served.process.terminate()
        asking.join(timeout=15)
        assert served.process.wait(timeout=15) == 0
        assert "still being computed" in served.log.read_text()
    assert answers[0].json()["type"] == "/problems/stopping"


def is_ready(served: Served) -> bool:
    return status(served, "/readyz") == 200
