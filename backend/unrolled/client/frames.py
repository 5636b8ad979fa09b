"""Frames out of bytes, however these were cut: a line of JSON each, and the numbers behind some of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any
from zlib import crc32

from unrolled.client.errors import Cut

if TYPE_CHECKING:
    import numpy as np

NUMBERS = {"FP32": "<f4", "FP64": "<f8"}
"""How the numbers of a datatype are written: little-endian."""

CHECK = b',"crc32":'


@dataclass(frozen=True)
class Frame:
    """An event of a run. `line`: its JSON; `values`: of `steps` and `gradients` the numbers, steps first."""

    line: Mapping[str, Any]
    values: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)

    @property
    def event(self) -> str:
        return self.line["event"]


def read_frames(pieces: Iterable[bytes], datatype: str) -> Iterator[Frame]:
    """The frames of a stream up to its `end` or `error`. Raises `Cut` where it breaks off before, or is damaged."""
    held = Bytes(pieces)
    while True:
        line, check = held.line()
        count = size_of(line, datatype)
        numbers = held.take(count)
        if crc32(numbers, crc32(line.text)) != check:
            raise Cut("bytes were lost or changed on the way")
        yield Frame(line.value, arrays(line.value, numbers, datatype) if count is not None else {})
        if line.value["event"] in ("end", "error"):
            return


@dataclass(frozen=True)
class Line:
    """The line of a frame: what it says, and its bytes before the checksum."""

    value: dict[str, Any]
    text: bytes


class Bytes:
    """Bytes that are taken line by line or by number, waiting for more where too few have come."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = bytearray()

    def line(self) -> tuple[Line, int]:
        """The next line and its checksum. Raises `Cut`."""
        looked = 0
        while (end := self._held.find(b"\n", looked)) < 0:
            looked = len(self._held)
            self._more()
        text = self.take(end + 1)
        before, found, check = text.rpartition(CHECK)
        digits = check.removesuffix(b"}\n")
        if not (found and digits.isdigit()):
            raise Cut("a line has no checksum")
        try:
            value = json.loads(before + b"}")
        except ValueError:
            raise Cut("a line is not JSON") from None
        if not isinstance(value, dict) or not isinstance(value.get("event"), str):
            raise Cut("a line is no event")
        return Line(value, before), int(digits)

    def take(self, count: int | None) -> bytes:
        """The next so many bytes. Raises `Cut` when the stream ends before."""
        size = count or 0
        while len(self._held) < size:
            self._more()
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _more(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            raise Cut("it broke off before its end")
        self._held += piece


def size_of(line: Line, datatype: str) -> int | None:
    """How many bytes follow a line: as many as its shapes need; None where it has no numbers. Raises `Cut`."""
    if line.value["event"] not in ("steps", "gradients"):
        return None
    try:
        numbers = sum(prod(shape) for shape in line.value["values"].values())
        steps = abs(line.value["to"] - line.value["from"]) + 1
        is_sound = (
            line.value["datatype"] == datatype
            and line.value["bytes"] == numbers * int(NUMBERS[datatype][-1])
            and all(shape[0] == steps for shape in line.value["values"].values())
        )
    except (AttributeError, IndexError, KeyError, TypeError):
        is_sound = False
    if not is_sound:
        raise Cut("the line of a frame does not agree with itself")
    return line.value["bytes"]


def arrays(
    line: Mapping[str, Any], numbers: bytes, datatype: str
) -> dict[str, np.ndarray[Any, Any]]:
    """The numbers of a frame by name."""
    import numpy as np

    flat = np.frombuffer(numbers, dtype=NUMBERS[datatype])
    found: dict[str, np.ndarray[Any, Any]] = {}
    at = 0
    for name, shape in line["values"].items():
        found[name] = flat[at : at + prod(shape)].reshape(shape)
        at += prod(shape)
    return found
