"""The application inside the test process, and what the fuzzers report at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from service.in_process import Client
from unrolled.service.app import create_app

REPORT: list[str] = []
"""Lines for the end of the test run: what was measured and not only asserted."""


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
