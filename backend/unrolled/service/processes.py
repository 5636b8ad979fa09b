"""Serving on one socket, in this process or in several that a supervisor starts and starts anew.

Beside what uvicorn's supervisor does, ours tells once that the service answers, passes the end on at
once, waits for it no longer than it may, gives up where nothing can start, and keeps the folder in
which the processes share their metrics.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import socket
from collections.abc import Callable
from time import monotonic
from types import FrameType

import uvicorn
from uvicorn.supervisors import Multiprocess

from . import metrics

log = logging.getLogger(__name__)

UNANSWERED = 10
"""Seconds without a sign of life after which a process is taken for hung and started anew."""

MORE_PATIENCE = 9.0
"""Seconds that processes have to end, beyond those that their streams have, before they are killed."""


class StartError(Exception):
    """The application cannot start; why has been logged."""


def serve_alone(config: uvicorn.Config, listening: socket.socket, tell: Callable[[], None]) -> None:
    """Serve in this process; `tell` is called once it answers."""
    signal.signal(signal.SIGTERM, stay)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve_and_tell(uvicorn.Server(config), listening, tell))


def serve_together(
    config: uvicorn.Config, listening: socket.socket, tell: Callable[[], None], patience: float
) -> None:
    """Serve in `config.workers` processes; their streams have `patience` seconds to end.

    Raises `StartError`; KeyboardInterrupt at Ctrl+C.
    """
    config.timeout_worker_healthcheck = UNANSWERED
    supervisor = Supervisor(config, listening, tell, patience + MORE_PATIENCE)
    supervisor.run()
    if supervisor.has_failed:
        raise StartError
    if supervisor.ended_by == signal.SIGINT:
        raise KeyboardInterrupt


def stay(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: uvicorn ends gracefully and then raises the signal once more, when all is done."""


async def serve_and_tell(
    server: uvicorn.Server, listening: socket.socket, tell: Callable[[], None]
) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        tell()
    await serving


def let_go_of_stalled(listening: socket.socket, seconds: float) -> None:
    """Let the kernel end connections whose other end takes nothing for so long, where it can."""
    if (option := getattr(socket, "TCP_USER_TIMEOUT", None)) is not None:
        listening.setsockopt(socket.IPPROTO_TCP, option, round(seconds * 1000))


class Supervisor(Multiprocess):
    """Runs `config.workers` processes until SIGINT or SIGTERM.

    `tell` is called once, when the first process answers. `patience`: seconds that processes have
    to end; those that have not are killed.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listening: socket.socket,
        tell: Callable[[], None],
        patience: float,
    ) -> None:
        super().__init__(config, [listening])
        self.tell, self.patience = tell, patience
        self.is_told = False
        self.folder = metrics.make_folder()
        self.has_failed = False
        self.ended_by: int | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.pass_on)

    def pass_on(self, number: int, _frame: FrameType | None) -> None:
        """Tell every process at once; the loop of `run` may be waiting for one that hangs."""
        self.ended_by = self.ended_by or number
        self.signal_queue.append(number)
        for process in self.processes:
            if process.pid is not None and process.exitcode is None:
                process.process.terminate()

    def keep_subprocess_alive(self) -> None:
        if not self.is_told and any((process.exitcode or 0) > 0 for process in self.processes):
            self.has_failed = True  # nothing has ever been served: the next would fail alike
            self.should_exit.set()
            return
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            if pid is not None:
                metrics.process_died(pid, self.folder)
        if not self.is_told and any(process.is_ready(timeout=1) for process in self.processes):
            self.is_told = True
            self.tell()

    def run(self) -> None:
        try:
            super().run()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def terminate_all(self) -> None:
        for one in self.sockets:  # as long as it is open here, connections are taken and wait
            one.close()
        super().terminate_all()

    def join_all(self) -> None:
        deadline = monotonic() + self.patience
        for process in self.processes:
            process.process.join(max(0.0, deadline - monotonic()))
            if process.exitcode is None:
                log.warning("process %s did not end in time and is killed", process.pid)
                process.process.kill()
                process.process.join()
