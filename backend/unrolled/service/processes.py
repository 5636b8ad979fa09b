"""Several processes on one socket: uvicorn's supervisor, which starts a process anew that has died.

Beside what uvicorn does, ours tells once that the service answers, passes the end on at once, waits
for it no longer than it may, and keeps the folder in which the processes share their metrics.
"""

from __future__ import annotations

import logging
import shutil
import signal
import socket
from collections.abc import Callable
from time import monotonic
from types import FrameType

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from . import metrics

log = logging.getLogger(__name__)

UNANSWERED = 10
"""Seconds without a sign of life after which a process is taken for hung and started anew."""


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

    @property
    def has_failed(self) -> bool:
        """Whether a process could not even start, so that nothing was served."""
        return any(process.exitcode == STARTUP_FAILURE for process in self.processes)
