"""A lean HTTP client for making load: asyncio, httptools, one request at a time on each connection.

The generator shares the machine with what it measures, so it parses headers and counts bytes and does no more.
"""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import httptools
import orjson


@dataclass
class Reply:
    """One answer. Times in seconds since the request was written; `status` 0: no complete answer came."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    size: int = 0
    first_byte: float = 0.0
    marked: float | None = None
    seconds: float = 0.0
    body: bytes = b""


class Exchange(asyncio.Protocol):
    """A connection, and the answer that is coming on it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiting: asyncio.Future[Reply] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.transport = None
        self.end()

    def send(self, request: bytes, mark: bytes, keep: bool) -> asyncio.Future[Reply]:
        """Write a request; the future holds its reply. `mark`: note when these bytes have come."""
        assert self.transport is not None
        self.waiting = asyncio.get_running_loop().create_future()
        self.reply, self.mark, self.keep, self.parts = Reply(), mark, keep, []
        self.parser = httptools.HttpResponseParser(self)
        self.began = perf_counter()
        self.transport.write(request)
        return self.waiting

    def data_received(self, data: bytes) -> None:
        if self.waiting is not None:
            self.parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.reply.headers[name.lower()] = value

    def on_body(self, data: bytes) -> None:
        reply = self.reply
        if not reply.size:
            reply.first_byte = perf_counter() - self.began
        reply.size += len(data)
        if self.mark and reply.marked is None and self.mark in data:
            reply.marked = perf_counter() - self.began
        if self.keep:
            self.parts.append(data)

    def on_message_complete(self) -> None:
        self.reply.status = self.parser.get_status_code()
        self.reply.body = b"".join(self.parts)
        if not self.parser.should_keep_alive() and self.transport is not None:
            self.transport.close()
            self.transport = None
        self.end()

    def end(self) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.reply.seconds = perf_counter() - self.began
            self.waiting.set_result(self.reply)
        self.waiting = None


class Client:
    """One user: a connection that is opened when it is needed, and again after it was closed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.exchange: Exchange | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        accept: str = "*/*",
        mark: bytes = b"",
        keep: bool = False,
    ) -> Reply:
        """Send a request and read its whole answer. A connection that fails is a reply with status 0."""
        content = b"" if body is None else orjson.dumps(body)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept: {accept}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        request = head.encode() + content
        is_used = self.exchange is not None and self.exchange.transport is not None
        reply = await self.send(request, mark, keep)
        if is_used and reply.status == 0 and reply.size == 0:
            reply = await self.send(request, mark, keep)  # it was idle and closed, as browsers know
        return reply

    async def send(self, request: bytes, mark: bytes, keep: bool) -> Reply:
        try:
            if self.exchange is None or self.exchange.transport is None:
                loop = asyncio.get_running_loop()
                _, self.exchange = await loop.create_connection(Exchange, "127.0.0.1", self.port)
            return await self.exchange.send(request, mark, keep)
        except OSError:
            return Reply()

    def close(self) -> None:
        if self.exchange is not None and self.exchange.transport is not None:
            self.exchange.transport.close()


def share(values: Iterable[float], part: float) -> float:
    """The value that this part of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"


def ratios(ours: Sequence[float], others: Sequence[float]) -> str:
    """Ratios within rounds: median (least..greatest)."""
    found = [a / b for a, b in zip(ours, others, strict=True)]
    return f"{statistics.median(found):.2f} ({min(found):.2f}..{max(found):.2f})"


def print_table(title: str, head: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """A table in Markdown."""
    print(f"\n{title}\n\n| {' | '.join(head)} |\n| {' | '.join('---' for _ in head)} |")
    for line in lines:
        print("| " + " | ".join(map(str, line)) + " |", flush=True)


def own_seconds() -> float:
    """Processor time of the generator itself."""
    used = os.times()
    return used.user + used.system
