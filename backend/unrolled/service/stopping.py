"""The end of the process, seen from its requests.

`Stopping` sees the signal before uvicorn acts on it. From then on `/readyz` says no; after `drain`
seconds (for what stands before us to notice) uvicorn takes no more connections; `grace` seconds
later `Endable`, a pure ASGI middleware, ends what still runs: a stream with an `error` event, what
has not begun to answer with a problem document, and a connection that nobody reads with a cut.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .negotiation import Language, language_of
from .problems import answer, problem_document
from .streaming import line_of, message_of

log = logging.getLogger(__name__)

LAST_WORDS = 1.0
"""Seconds that a reader has to take the last event."""

LAST_RESORT = 8.0
"""Seconds after `grace` after which the process ends whatever its threads are doing."""

STREAMS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "text/event-stream": partial(message_of, identity=None),
    "application/x-ndjson": line_of,
    "application/vnd.unrolled.frames": line_of,
}
"""Media types that are streams of events, and how an event is written in them."""

Handler = Callable[[int, FrameType | None], Any]


class Connected(Protocol):
    """A connection of the server."""

    @property
    def transport(self) -> asyncio.Transport: ...


class Stopping:
    """Whether the process is being stopped, and whether what still runs has to end."""

    def __init__(self, grace: float = 0.0, drain: float = 0.0) -> None:
        self.grace, self.drain = grace, drain
        self.has_begun = False
        self.is_over = False
        self.connections: Collection[Connected] = ()
        self._limits: set[asyncio.Timeout] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """See SIGINT and SIGTERM first, and hand them on to whoever handled them until now."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        previous: dict[int, Handler] = {}
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):
                previous[number] = handler

        def on_signal(number: int, frame: FrameType | None) -> None:
            is_first, self.has_begun = not self.has_begun, True
            if is_first:
                loop.call_soon_threadsafe(
                    self._begin, loop, number, previous[number], context=Context()
                )  # the signal may have interrupted a request, whose id is not that of the stop
            elif number == signal.SIGINT:  # a second Ctrl+C is impatience
                previous[number](number, frame)

        for number in previous:
            signal.signal(number, on_signal)
        try:
            with orphans_end(loop):
                yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _begin(self, loop: asyncio.AbstractEventLoop, number: int, handler: Handler) -> None:
        drain = self.drain if number == signal.SIGTERM else 0.0
        log.info("told to stop: streams have %g s to end", drain + self.grace)
        loop.call_later(drain, handler, number, None)
        loop.call_later(drain + self.grace, self.end)
        loop.call_later(drain + self.grace + 2 * LAST_WORDS, self.cut)
        last = threading.Timer(drain + self.grace + LAST_RESORT, leave)
        last.daemon = True
        last.start()

    def cut(self) -> None:
        """Hang up on everybody who has not taken their answer."""
        for connection in list(self.connections):
            connection.transport.abort()

    def end(self) -> None:
        """End what still runs."""
        self.has_begun = self.is_over = True
        for limit in self._limits:
            limit.reschedule(0.0)

    @contextmanager
    def limiting(self, limit: asyncio.Timeout) -> Iterator[None]:
        """Let a timeout that has been entered expire when all has to end."""
        self._limits.add(limit)
        if self.is_over:
            limit.reschedule(0.0)
        try:
            yield
        finally:
            self._limits.discard(limit)


@contextmanager
def orphans_end(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """End a process whose supervisor has died: nobody could tell it to any more."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None or os.name == "nt":  # there, a sentinel is no file
        yield
        return

    def end() -> None:
        loop.remove_reader(supervisor.sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(supervisor.sentinel, end)
    try:
        yield
    finally:
        loop.remove_reader(supervisor.sentinel)


def leave() -> None:
    """End the process although threads are still at work."""
    log.warning("ended while a piece of work was still being computed")
    os._exit(0)


@dataclass
class Progress:
    """How far an answer has come."""

    media_type: str | None = None
    is_complete: bool = False


class Endable:
    """Ends a request when the process has to end."""

    def __init__(self, app: ASGIApp, stopping: Stopping) -> None:
        self.app, self.stopping = app, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        progress = Progress()

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                progress.media_type = (
                    Headers(raw=message["headers"]).get("content-type", "").partition(";")[0]
                )
            elif not message.get("more_body", False):
                progress.is_complete = True
            await send(message)

        limit = asyncio.timeout(None)
        try:
            async with limit:
                with self.stopping.limiting(limit):
                    await self.app(scope, receive, watched_send)
        except TimeoutError:
            if not limit.expired():
                raise
            if not progress.is_complete:
                await say_last(progress.media_type, scope, receive, send)


async def say_last(media_type: str | None, scope: Scope, receive: Receive, send: Send) -> None:
    """The problem `stopping` to whoever waits for an answer, in the form of what was begun."""
    language = language_of(Request(scope))
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORDS):
            if media_type is None:
                document = problem_document("stopping", language)
                await answer(document, language, {"Retry-After": "1"})(scope, receive, send)
                return
            if media_type in STREAMS:
                last = last_event(media_type, language)
                await send({"type": "http.response.body", "body": last, "more_body": False})
                return
    # half a file, or a reader who does not read: better cut than taken for whole
    while (await receive())["type"] != "http.disconnect":
        pass


def last_event(media_type: str, language: Language) -> bytes:
    event = {"event": "error", "problem": problem_document("stopping", language)}
    return STREAMS[media_type](event)
