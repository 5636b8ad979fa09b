"""`unrolled serve` as a process of the test's own, and what it said."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if key not in ("CI", "DISPLAY")},
    "PYTHONPATH": str(ROOT / "backend"),
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True)
class Served:
    """A running service: its process, the first line it wrote, and the file of its stderr."""

    process: subprocess.Popen[str]
    line: str
    log: Path

    @property
    def address(self) -> str:
        """Where it says that it is."""
        words = [word for word in self.line.split() if word.startswith("http")]
        assert len(words) == 1, self.line + self.log.read_text()
        return words[0].rstrip("/")

    def rest(self) -> str:
        """What else it writes on stdout until it ends."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def workers(self) -> set[int]:
        """The processes that serve for it."""
        listed = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,command="], capture_output=True, text=True
        ).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        parent = str(self.process.pid)
        return {int(row[0]) for row in rows if row[1] == parent and "spawn_main" in row[2]}


@contextmanager
def server(
    *arguments: str, program: Sequence[str] = ("-m", "unrolled"), **environment: str
) -> Iterator[Served]:
    """`unrolled serve` with these arguments, until the block is left; killed if it does not end."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, *program, "serve", *arguments],
                env={**ENVIRONMENT, **environment},
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert process.stdout is not None
        try:
            yield Served(process, process.stdout.readline(), log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            finally:
                process.kill()
                process.stdout.close()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that another process does; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
