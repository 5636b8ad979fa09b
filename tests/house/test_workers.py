"""`unrolled serve --workers N`: several processes on one port that outlive each other."""

from __future__ import annotations

import os
import signal
import urllib.request
from pathlib import Path

import pytest

from house.served import Served, server, until

TWO = ("--workers", "2", "--port", "0", "--no-browser")


def answers(served: Served) -> bool:
    return urllib.request.urlopen(f"{served.address}/healthz", timeout=20).status == 200


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_two_processes_serve_and_the_address_is_said_once() -> None:
    with server(*TWO) as served:
        assert answers(served)
        until(lambda: len(served.workers()) == 2)
        served.process.terminate()
        assert "unrolled is at" not in served.rest()


def test_a_process_that_is_killed_is_started_anew_and_the_next_request_is_answered() -> None:
    with server(*TWO) as served:
        until(lambda: len(served.workers()) == 2)
        before = served.workers()
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        for _ in range(10):
            assert answers(served)
        until(lambda: len(served.workers() - before) == 1)
        until(lambda: served.workers() & before == before - {victim})
        assert answers(served)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_end_of_the_first_is_the_end_of_all(number: int, code: int) -> None:
    with server(*TWO) as served:
        assert answers(served)
        until(lambda: len(served.workers()) == 2)
        workers = served.workers()
        served.process.send_signal(number)
        assert served.process.wait(timeout=15) == code
        assert all(is_gone(pid) for pid in workers)
        assert "Traceback" not in served.log.read_text()


def test_a_process_that_hangs_does_not_hold_up_the_end() -> None:
    with server(*TWO) as served:
        assert answers(served)
        until(lambda: len(served.workers()) == 2)
        workers = served.workers()
        os.kill(min(workers), signal.SIGSTOP)
        served.process.terminate()
        assert served.process.wait(timeout=15) == 0
        assert all(is_gone(pid) for pid in workers)


def test_without_the_first_process_the_others_end_too() -> None:
    with server(*TWO) as served:
        assert answers(served)
        until(lambda: len(served.workers()) == 2)
        workers = served.workers()
        served.process.kill()
        until(lambda: all(is_gone(pid) for pid in workers))


def test_what_cannot_start_is_given_up_with_a_sentence(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "if __name__ == '__main__':\n"
        "    from unrolled.cli import main\n"
        "    sys.exit(main(sys.argv[1:]))\n"
        "sys.modules['unrolled.service.app'] = None\n"
    )
    with server(*TWO, program=[str(program)]) as served:
        assert served.line == ""
        assert served.process.wait(timeout=60) == 2
        assert "the service cannot start" in served.log.read_text()
