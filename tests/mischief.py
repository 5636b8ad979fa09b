"""A proxy between a client and a server that damages what comes back: cuts, losses, slow and tiny writes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

STREAMS = (b"POST /v1/runs/frames", b"POST /v1/runs/stream")
HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Mischief:
    """What is done to one answer. Places count bytes of its body, as it travels.

    `cut`: where the connection ends, by a reset or a plain close; `lost`: bytes that never arrive; `changed`: a
    byte that arrives as another; `size`: bytes a write; `silence`: where nothing more comes, for good.
    """

    cut: int | None = None
    is_reset: bool = False
    lost: range = range(0)
    changed: int | None = None
    size: int | None = None
    silence: int | None = None

    def damaged(self, data: bytes, at: int) -> bytes:
        """`data`, which stands at the place `at`, as it arrives."""
        kept = bytearray()
        for place, byte in enumerate(data, at):
            if place not in self.lost:
                kept.append(byte ^ 1 if place == self.changed else byte)
        return bytes(kept)


NONE = Mischief()


@dataclass
class Proxy:
    """`mischief(n)`: what is done to the n-th stream of a run, from 0; other answers pass. `seen`: bytes of their bodies.

    `is_old`: HTTP/1.0 towards the server: a body without chunks, which the end of the connection ends.
    """

    server: str
    mischief: Callable[[int], Mischief]
    is_old: bool = False
    streams: int = 0
    seen: list[int] = field(default_factory=list[int])

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = urlsplit(self.server)
        theirs, ours = await asyncio.open_connection(address.hostname, address.port)
        answers = Answers(self, writer)
        asking = asyncio.create_task(self.ask(reader, ours, answers))
        try:
            while data := await theirs.read(65536):
                if not await answers.send(data):
                    break
        except (OSError, asyncio.CancelledError):
            pass  # the connection broke, or the test is over
        finally:
            asking.cancel()
            for one in (ours, writer):
                with suppress(OSError):
                    one.close()

    async def ask(
        self, reader: asyncio.StreamReader, ours: asyncio.StreamWriter, answers: Answers
    ) -> None:
        while data := await reader.read(65536):
            if data.startswith(STREAMS):
                answers.begin(self.mischief(self.streams))
                self.streams += 1
                self.seen.append(0)
            ours.write(data.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", int(self.is_old)))
            await ours.drain()
        ours.close()


class Answers:
    """The answers on one connection."""

    def __init__(self, proxy: Proxy, writer: asyncio.StreamWriter) -> None:
        self.proxy, self.writer = proxy, writer
        self.mischief: Mischief | None = None
        self.head = b""

    def begin(self, mischief: Mischief) -> None:
        self.mischief, self.head = mischief, b""

    async def send(self, data: bytes) -> bool:
        """Send on what came; whether the connection goes on."""
        mischief = self.mischief
        if mischief is None:
            self.writer.write(data)
            await self.writer.drain()
            return True
        if HEAD not in self.head:
            self.head += data
            if HEAD not in self.head:
                return True
            end = self.head.index(HEAD) + len(HEAD)
            self.writer.write(self.head[:end])
            data = self.head[end:]
        at = self.proxy.seen[-1]
        self.proxy.seen[-1] += len(data)
        for ending in (mischief.cut, mischief.silence):
            if ending is not None and at + len(data) > ending:
                await self.write(mischief.damaged(data[: ending - at], at), mischief)
                if ending == mischief.silence:
                    await asyncio.sleep(3600)
                if mischief.is_reset:
                    self.writer.transport.abort()
                return False
        await self.write(mischief.damaged(data, at), mischief)
        return True

    async def write(self, data: bytes, mischief: Mischief) -> None:
        size = mischief.size or max(len(data), 1)
        for start in range(0, len(data), size):
            self.writer.write(data[start : start + size])
            await self.writer.drain()
            await asyncio.sleep(0)


@contextmanager
def proxying(
    server: str, mischief: Callable[[int], Mischief], *, is_old: bool = False
) -> Iterator[tuple[str, Proxy]]:
    """A proxy on the loopback, in a thread: its address, and what it saw."""
    proxy = Proxy(server, mischief, is_old)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(proxy.handle, "127.0.0.1", 0), loop
    ).result()
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", proxy
    finally:
        asyncio.run_coroutine_threadsafe(ended(listening), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def ended(listening: asyncio.Server) -> None:
    """Stop listening, and end every connection."""
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
