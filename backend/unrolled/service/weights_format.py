"""What a file of weights may be: safetensors of floating-point tensors under names of the language.

The header is checked before the numbers behind it are taken in. The library `safetensors` checks some of this
when it opens a file, and has the last word (`check_numbers`); that names are those of the language, that there are
few of them, and that all numbers are finite is checked here alone. The format:
https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from unrolled.language.characters import is_name
from unrolled.language.statements import MAX_NAME

from .problems import Fault, ProblemError
from .strict_json import parse_json

WIDTHS: Mapping[str, int] = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
"""Bytes of a number, by `dtype`."""

PREFIX = 8
"""Bytes before the header, which give its length."""

MOST_AXES = 8
PIECE = 2**20
"""Bytes of numbers that are looked at at once."""

MOST_DEPTH = 8
"""Levels of brackets in a header; three are needed: itself, a tensor, its shape."""

BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[][{}]', re.DOTALL)
"""A bracket, or a string, in which brackets mean nothing."""

HEADER_FAULTS = {
    "json-syntax": "weights-json",
    "json-duplicate": "weights-duplicate",
}


@dataclass(frozen=True)
class Entry:
    """A tensor of a file: `begin` and `end` count bytes from the end of the header."""

    place: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def refuse(code: str, **arguments: object) -> ProblemError:
    """The refusal of a file."""
    return ProblemError("invalid-weights", [Fault(code, arguments=arguments)])


def most_header(most_tensors: int) -> int:
    """Bytes that a header may have: the longest names for every tensor, and some metadata."""
    return 2**16 + 512 * most_tensors


def header_length(prefix: bytes, most_tensors: int) -> int:
    """How many bytes the header has. Raises `ProblemError`."""
    length, limit = int.from_bytes(prefix[:PREFIX], "little"), most_header(most_tensors)
    if not 2 <= length <= limit:
        raise refuse("weights-start", needed=length, limit=limit)
    return length


def read_header(header: bytes, most_tensors: int) -> Sequence[Entry]:
    """The tensors of a file, in the order of their bytes. Raises `ProblemError` for the first that is wrong."""
    document = header_json(header, most_tensors)
    metadata = document.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(type(one) is str for one in metadata.values()):
        raise refuse("weights-metadata")
    if len(document) > most_tensors:
        raise refuse("weights-count", limit=most_tensors)
    entries = [entry_of(i, name, one) for i, (name, one) in enumerate(document.items(), start=1)]
    entries.sort(key=lambda one: (one.begin, one.end))
    check_gaps(entries)
    return entries


def check_brackets(header: bytes, most_tensors: int) -> None:
    """Refuse what would become many objects, or deep ones, before it is read. Raises `ProblemError`."""
    depth = opened = 0
    for found in BRACKET.finditer(header):
        bracket = found.group()
        if bracket in (b"{", b"["):
            depth, opened = depth + 1, opened + 1
        elif bracket in (b"}", b"]"):
            depth -= 1
        if depth > MOST_DEPTH:
            raise refuse("weights-depth")
        if opened > 3 * most_tensors + 2:  # the header itself, and its metadata
            raise refuse("weights-count", limit=most_tensors)


def header_json(header: bytes, most_tensors: int) -> dict[str, Any]:
    """The header as an object. Raises `ProblemError`."""
    if not header.startswith(b"{"):
        raise refuse("weights-header")
    check_brackets(header, most_tensors)
    try:
        return parse_json(header)
    except ProblemError as error:
        (fault,) = error.faults
        assert isinstance(fault, Fault)
        raise refuse(HEADER_FAULTS[fault.code], **fault.arguments) from None


def entry_of(number: int, name: str, value: object) -> Entry:
    """One tensor of a header, the `number`-th. Raises `ProblemError`."""
    if not is_name(name):
        raise refuse("weights-name", place=number, limit=MAX_NAME)
    place = f"{number} (`{name}`)"
    if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data_offsets"}:
        raise refuse("weights-fields", place=place)
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in WIDTHS:
        raise refuse("weights-dtype", place=place)
    if not are_whole(shape, 1) or len(shape) > MOST_AXES:
        raise refuse("weights-shape", place=place, limit=MOST_AXES)
    if not are_whole(offsets, 0) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise refuse("weights-offsets", place=place)
    begin, end = offsets
    if prod(shape) * WIDTHS[dtype] != end - begin:
        raise refuse("weights-size", place=place)
    return Entry(place, name, dtype, tuple(shape), begin, end)


def are_whole(value: object, least: int) -> bool:
    """Whether this is a list of integers that are at least so large."""
    return isinstance(value, list) and all(type(one) is int and one >= least for one in value)


def check_gaps(entries: Sequence[Entry]) -> None:
    """Refuse tensors that overlap or leave holes; they come in the order of their bytes."""
    if entries and entries[0].begin != 0:
        raise refuse("weights-gap", place=entries[0].place)
    for before, one in pairwise(entries):
        if one.begin != before.end:
            raise refuse("weights-gap", place=one.place)


def size_of(entries: Sequence[Entry]) -> int:
    """Bytes behind the header."""
    return entries[-1].end if entries else 0


def check_numbers(path: Path, entries: Sequence[Entry], most_tensors: int) -> None:
    """Refuse a file that `safetensors` cannot open, and one with NaN or infinity. Raises `ProblemError`."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as opened:
            names = set(opened.keys())
    except SafetensorError:
        raise refuse("weights-library") from None
    if names != {one.name for one in entries}:
        raise refuse("weights-library")
    with path.open("rb") as file:
        file.seek(header_length(file.read(PREFIX), most_tensors), 1)
        for entry in entries:
            if not all(np.isfinite(piece).all() for piece in pieces(file, entry)):
                raise refuse("weights-finite", place=entry.place)


def pieces(file: BinaryIO, entry: Entry) -> Iterator[np.ndarray]:
    """The numbers of a tensor, some at a time, from where the file stands."""
    for begin in range(entry.begin, entry.end, PIECE):
        yield numbers(file.read(min(PIECE, entry.end - begin)), entry.dtype)


def numbers(content: bytes, dtype: str) -> np.ndarray:
    """Bytes as numbers, flat; BF16, which numpy does not know, as float32, of which it is the first half."""
    if dtype == "BF16":
        return (np.frombuffer(content, "<u2").astype("<u4") << 16).view("<f4")
    return np.frombuffer(content, f"<f{WIDTHS[dtype]}")


def read_entries(file: BinaryIO, most_tensors: int) -> Sequence[Entry]:
    """The tensors of a file that is known to be whole; it then stands behind its header."""
    return read_header(file.read(header_length(file.read(PREFIX), most_tensors)), most_tensors)


def read_arrays(file: BinaryIO, entries: Sequence[Entry]) -> dict[str, np.ndarray]:
    """All numbers of a file that stands behind its header, by name."""
    return {
        one.name: numbers(file.read(one.end - one.begin), one.dtype).reshape(one.shape)
        for one in entries
    }
