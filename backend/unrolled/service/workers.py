"""Threads that run torch, and what they are doing.

Torch is imported in such a thread, after the first page has been served or a second has passed:
it takes more than a second, and a page needs none of it. Each thread uses one torch thread and
flushes denormals, which is a state of the thread (vanishing gradients are full of them).
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

from . import metrics

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 1.0
"""Seconds after which torch is imported even if nobody has asked for a page."""


def prepare_thread() -> None:
    """What every thread does before its first job."""
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


class Workers:
    """A pool of threads for torch. `computed` counts the pieces of work done, for tests and metrics."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, "torch", initializer=prepare_thread)
        self._page_served = asyncio.Event()
        self._warming: asyncio.Task[None] | None = None
        self.computed = 0
        self.streams = 0
        self.is_warm = False

    def start(self) -> None:
        """Begin to wait for the moment to import torch."""
        self._warming = asyncio.get_running_loop().create_task(self._warm())

    async def _warm(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._page_served.wait(), PATIENCE)
        await asyncio.sleep(0.2)
        await self.run(import_engine)
        self.is_warm = True

    def page_served(self) -> None:
        self._page_served.set()

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a job, done in one of the threads."""
        return await asyncio.wrap_future(
            metrics.submitted(self._executor, partial(job, *args, **kwargs))
        )

    async def follow(self, pieces: Iterator[T]) -> AsyncGenerator[T]:
        """The pieces of a generator, each made in a thread once the one before was taken.

        When the consumer leaves, the piece in work is finished and nothing more is begun.
        """
        self.streams += 1
        metrics.run_begun()
        pending: Future[T | None] | None = None
        try:
            while True:
                pending = metrics.submitted(self._executor, partial(next, pieces, None))
                piece = await asyncio.wrap_future(pending)
                if piece is None:
                    return
                self.computed += 1
                yield piece
                await asyncio.sleep(0)  # without it a few fast readers starve all others
        finally:
            self.streams -= 1
            metrics.run_ended()
            if pending is not None:  # at once, or by the thread that is still at work on a piece
                pending.add_done_callback(lambda _: close(pieces))

    async def stop(self) -> None:
        """Finish the pieces in work and end the threads."""
        if self._warming is not None:
            self._warming.cancel()
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)


def import_engine() -> None:
    """Import torch and the engine. What there is then lives as long as the process: no collection looks at it again.

    There are nearly two hundred thousand objects. Going through them takes a tenth of a second on an idle machine, and
    while it lasts no thread answers anybody.
    """
    import unrolled.engine  # noqa: F401  # pyright: ignore[reportUnusedImport]

    if gc.get_freeze_count() == 0:
        gc.collect()
        gc.freeze()


def close(pieces: Iterator[object]) -> None:
    """Close a generator (an iterator without `close` has nothing to close)."""
    getattr(pieces, "close", lambda: None)()
