"""docker-compose.yml and its load balancer without Docker: a real haproxy with the same settings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from conftest import free_port
from house.served import Served, server, until

ALONE = ("--port", "0", "--no-browser")
LONG: dict[str, Any] = {
    "architecture": "lstm",
    "sizes": {"h": 64},
    "inputs": {"x": {"text": "the quick brown fox " * 600}},
}
HEAVY = {
    **LONG,
    "sizes": {"h": 256},
    "inputs": {"x": {"text": "the quick brown fox " * 900}},
    "variables": ["loss"],
}
SHORT = {"architecture": "gru", "inputs": {"x": {"text": "hello"}}}


def test_the_compose_file_is_one_by_the_specification(root: Path) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    ended = subprocess.run([*check, root / "docker-compose.yml"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout


def test_haproxy_accepts_its_settings(root: Path, haproxy_path: str) -> None:
    check = [haproxy_path, "-c", "-f", str(root / "docker" / "haproxy.cfg")]
    ended = subprocess.run(check, capture_output=True, text=True)
    assert (ended.returncode, "[WARNING]" in ended.stderr) == (0, False), ended.stderr


@contextmanager
def balancer(
    root: Path, haproxy: str, folder: Path, processes: list[Served]
) -> Iterator[httpx.Client]:
    """The load balancer of docker-compose.yml before these processes: loopback for Docker's names."""
    text = (root / "docker" / "haproxy.cfg").read_text()
    port = free_port()
    template = re.compile(r"server-template web \d+ web:8000 resolvers docker init-addr none\n")
    servers = "\n    ".join(
        f"server web{i} {one.address.removeprefix('http://')}" for i, one in enumerate(processes)
    )
    text, found = template.subn(f"{servers}\n", text)
    assert found == 1
    text, found = re.subn(r"bind :8000\n", f"bind 127.0.0.1:{port}\n", text)
    assert found == 1
    text = text.partition("resolvers docker\n")[0]
    file = folder / "haproxy.cfg"
    file.write_text(text)
    with (folder / "haproxy.log").open("wb") as log:
        process = subprocess.Popen([haproxy, "-db", "-f", file], stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until(lambda: is_served(client))
            yield client
    finally:
        process.terminate()
        process.wait(timeout=10)


def is_served(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def value(served: Served, name: str, **labels: str) -> float:
    text = urllib.request.urlopen(f"{served.address}/metrics").read().decode()
    return sum(
        one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == name and labels.items() <= one.labels.items()
    )


def wait_until_ready(*processes: Served) -> None:
    for served in processes:
        until(lambda: httpx.get(f"{served.address}/readyz", timeout=60).status_code == 200)  # noqa: B023


def test_a_run_streams_through_it(root: Path, haproxy_path: str, tmp_path: Path) -> None:
    """By counters: the client holds the first step, while most of the run is still to be computed."""
    with server(*ALONE) as first, server(*ALONE) as second:
        wait_until_ready(first, second)

        def sent() -> float:
            return sum(value(one, "unrolled_steps_sent_total") for one in (first, second))

        with (
            balancer(root, haproxy_path, tmp_path, [first, second]) as client,
            client.stream("POST", "/v1/runs/stream", json=LONG) as answer,
        ):
            rows = answer.iter_lines()
            assert json.loads(next(rows))["event"] == "start"
            assert json.loads(next(rows))["to"] == 1
            before = -1.0
            while before != (before := sent()):
                time.sleep(0.3)
            assert before < 12_000
            rest = [json.loads(row) for row in rows]
        assert rest[-1]["event"] == "end"
        assert sent() == 12_000


def test_a_process_that_is_stopped_is_taken_out_without_a_failed_request(
    root: Path, haproxy_path: str, tmp_path: Path
) -> None:
    statuses: list[int] = []
    is_over = threading.Event()

    def ask(client: httpx.Client) -> None:
        while not is_over.is_set():
            statuses.append(client.post("/v1/runs", json=SHORT).status_code)

    alone = {"UNROLLED_CACHE_BYTES": "0"}  # so that every request is a run
    with (
        server(*ALONE, UNROLLED_DRAIN="2", **alone) as first,
        server(*ALONE, **alone) as second,
    ):
        wait_until_ready(first, second)
        with balancer(root, haproxy_path, tmp_path, [first, second]) as client:
            askers = [threading.Thread(target=ask, args=[client]) for _ in range(4)]
            for asker in askers:
                asker.start()
            for one in (first, second):
                until(lambda: value(one, "unrolled_run_seconds_count") > 20)  # noqa: B023
            first.process.terminate()
            assert first.process.wait(timeout=15) == 0
            asked = len(statuses)
            until(lambda: len(statuses) > asked + 20)
            is_over.set()
            for asker in askers:
                asker.join()
    assert set(statuses) == {200}


def test_what_was_sent_to_a_process_that_died_is_not_asked_again_and_the_rest_is_answered(
    root: Path, haproxy_path: str, tmp_path: Path
) -> None:
    answers: list[httpx.Response] = []
    with server(*ALONE) as first, server(*ALONE) as second:
        wait_until_ready(first, second)
        with balancer(root, haproxy_path, tmp_path, [first, second]) as client:
            # a connection of its own: on one that was used before, haproxy says nothing and closes it
            address = client.base_url.join("/v1/runs")
            asking = threading.Thread(
                target=lambda: answers.append(httpx.post(address, json=HEAVY, timeout=60))
            )
            asking.start()
            until(lambda: busy(first) + busy(second) == 1)
            victim, other = (first, second) if busy(first) else (second, first)
            victim.process.kill()
            after = [client.post("/v1/runs", json=SHORT).status_code for _ in range(20)]
            asking.join(timeout=60)
            counted = value(other, "unrolled_requests_total", route="/v1/runs")
    assert answers[0].status_code == 502
    assert after == [200] * 20
    assert counted == 20


def busy(served: Served) -> float:
    return value(served, "unrolled_streams")


def test_without_a_process_it_says_when_to_come_back(
    root: Path, haproxy_path: str, tmp_path: Path
) -> None:
    with server(*ALONE) as only:
        wait_until_ready(only)
        with balancer(root, haproxy_path, tmp_path, [only]) as client:
            assert client.get("/metrics").status_code == 404
            only.process.terminate()
            assert only.process.wait(timeout=15) == 0
            answer = client.post("/v1/runs", json=SHORT)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 503
