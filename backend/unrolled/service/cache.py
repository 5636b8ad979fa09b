"""Answers that were given, by what they depend on: a lecture hall opens the same run five hundred times."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence

from . import metrics

SHARE = 8
"""One answer may take this part of the room."""


class Cache:
    """The answers that were asked for last, as many as fit in `limit` bytes. Used on the event loop only."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self.hits = 0
        self._answers: OrderedDict[str, tuple[bytes, ...]] = OrderedDict()

    def get(self, tag: str) -> tuple[bytes, ...] | None:
        """The pieces of an answer, if it is here."""
        found = self._answers.get(tag)
        if found is not None:
            self._answers.move_to_end(tag)
            self.hits += 1
            metrics.given_again()
        return found

    def put(self, tag: str, pieces: Sequence[bytes]) -> None:
        """Keep an answer, unless it is too large; the ones not asked for longest make room."""
        size = sum(map(len, pieces))
        if size > self.largest or tag in self._answers:
            return
        self._answers[tag] = tuple(pieces)
        self.bytes += size
        while self.bytes > self.limit:
            _, gone = self._answers.popitem(last=False)
            self.bytes -= sum(map(len, gone))

    @property
    def largest(self) -> int:
        """Bytes of the largest answer that is kept."""
        return self.limit // SHARE

    async def keeping(
        self, tag: str, pieces: AsyncGenerator[bytes], is_whole: Callable[[bytes], bool]
    ) -> AsyncGenerator[bytes]:
        """The pieces as they come; all of them are kept once the last one says that it was all."""
        kept: list[bytes] = []
        size = 0
        try:
            async for piece in pieces:
                size += len(piece)
                if size <= self.largest:
                    kept.append(piece)
                yield piece
        finally:
            await pieces.aclose()
        if kept and size <= self.largest and is_whole(kept[-1]):
            self.put(tag, kept)


async def replay(pieces: Sequence[bytes]) -> AsyncGenerator[bytes]:
    """Pieces that are all there, as a stream."""
    for piece in pieces:
        yield piece
