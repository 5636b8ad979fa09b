"""The application inside the test process, and what the fuzzers report at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from unrolled.service.app import create_app

REPORT: list[str] = []
"""Lines for the end of the test run: what was measured and not only asserted."""


class Client:
    """Calls an application in this process, without sockets, on an event loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.http.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.call("POST", path, json=body, **options)

    def send(self, path: str, content: bytes) -> httpx.Response:
        """Post bytes that call themselves JSON."""
        headers = {"content-type": "application/json"}
        return self.call("POST", path, content=content, headers=headers)

    def close(self) -> None:
        self.runner.run(self.http.aclose())
        self.runner.run(self.app.state.unrolled.workers.stop())
        self.runner.close()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client of a fresh application."""
    client = Client(create_app())
    yield client
    client.close()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Lines appended here are shown when all tests are done."""
    lines: list[str] = []
    yield lines
    REPORT.extend(f"{request.node.name}: {line}" for line in lines)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if REPORT:
        terminalreporter.section("measured")
        for line in REPORT:
            terminalreporter.write_line(line)
