"""Fixtures every room's tests share: a real server, and the browser that `run.py` found."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)  # as the service; tests run in several processes

ROOT = Path(__file__).resolve().parent.parent


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test is a failure: everything here must run on every machine."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped") and session.exitstatus == 0:
        reporter.write_line("\na test was skipped: that counts as a failure here", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server, as `unrolled serve` starts it, for the whole session."""
    log = tmp_path_factory.mktemp("server") / "log"
    command = [sys.executable, "-m", "unrolled", "serve", "--no-browser"]
    with run_server(command, log, python_environment()) as address:
        yield address


@pytest.fixture(scope="session")
def serving() -> Serving:
    """`with serving(command, log, environment) as address`: a server of the test's own."""
    return run_server


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser: named by `run.py` in UNROLLED_CHROMIUM, or installed. None is a failure."""
    named = os.environ.get("UNROLLED_CHROMIUM")
    for name in [named] if named else ["chromium", "chromium-browser", "google-chrome", "chrome"]:
        if path := shutil.which(name):
            return path
    pytest.fail("no Chromium: `python3 run.py test` installs one; or name it in UNROLLED_CHROMIUM")


@pytest.fixture(scope="session")
def haproxy_path() -> str:
    """The load balancer: named by `run.py` in UNROLLED_HAPROXY, or installed. None is a failure."""
    named = os.environ.get("UNROLLED_HAPROXY", "haproxy")
    if path := shutil.which(named) or shutil.which(named, path="/usr/sbin"):
        return path
    pytest.fail("no haproxy: `python3 run.py test` installs it; or name it in UNROLLED_HAPROXY")


Serving = Callable[[list[str], Path, dict[str, str]], AbstractContextManager[str]]


@contextmanager
def run_server(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run `command --port PORT` on a free port; give its address once `/healthz` answers."""
    port = free_port()
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def python_environment() -> dict[str, str]:
    """This environment, with the package importable whether or not it is installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "backend"), "PYTHONUNBUFFERED": "1"}


def wait_until_healthy(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when `/healthz` answers 200; fail with the server's output when it does not."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    pytest.fail(f"the server did not become healthy (code {server.poll()}):\n{log.read_text()}")
