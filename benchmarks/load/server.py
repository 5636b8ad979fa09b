"""Starts a server on loopback in processes of its own, and reads from /proc what they use."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "UNROLLED_LOG": "off",
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(ROOT / "backend"), str(Path(__file__).parent)]),
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TRIM_THRESHOLD_": "2000000000",
}
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Server:
    """A running server: its port and its first process."""

    port: int
    pid: int

    def processes(self) -> list[int]:
        """The first process and all below it."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and (fields := stat(int(entry.name))):
                parents[int(entry.name)] = int(fields[1])
        found = [self.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def seconds(self) -> float:
        """Processor time of all its processes that still run."""
        used = [fields for pid in self.processes() if (fields := stat(pid))]
        return sum(int(fields[11]) + int(fields[12]) for fields in used) / TICKS

    def megabytes(self) -> float:
        """Resident memory of all its processes together."""
        return sum(int(f[21]) for pid in self.processes() if (f := stat(pid))) * PAGE / 2**20


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; none when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@contextmanager
def run(command: Sequence[str], **settings: str) -> Iterator[Server]:
    """Run `command --port PORT`; give the server once `/healthz` answers; stop it, and show what it logged as errors."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            env={**ENVIRONMENT, **settings},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            wait(port, process)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.seek(0)
            sys.stderr.writelines(line for line in log if "ERROR" in line.partition("logger")[0])


def wait(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when `/healthz` answers. Raises `RuntimeError` when it does not within a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError("the server does not answer")


def unrolled(workers: int) -> list[str]:
    """The command that serves with so many processes, as far as it knows how to."""
    command = [sys.executable, "-m", "unrolled", "serve", "--no-browser"]
    told = subprocess.run([*command, "--help"], env=ENVIRONMENT, capture_output=True, text=True)
    return [*command, "--workers", str(workers)] if "--workers" in told.stdout else command
