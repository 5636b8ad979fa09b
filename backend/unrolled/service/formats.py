"""The forms in which a whole run is answered: JSON, npz, CSV.

All three hold the same tensors under the same names (`h`, `h[0]`, `grad/W`): the first sequence, its axes of
steps first. JSON is written in `results.py`, the other two here.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from fastapi import Request

from .negotiation import by_quality

Format = Literal["json", "npz", "csv"]

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "npz": "application/x-npz",
    "csv": "text/csv",
}

ROWS = 20_000
"""Lines of CSV that are made at once."""


@dataclass(frozen=True)
class Tensor:
    """One variable of a run: the domains of its first axes, and its numbers."""

    name: str
    domains: Sequence[str]
    array: np.ndarray


def format_of(request: Request, asked: Format | None) -> Format:
    """What `?format=` says, else the first of `Accept` that is offered, else JSON."""
    if asked is not None:
        return asked
    by_type: dict[str, Format] = {kind: name for name, kind in MEDIA_TYPES.items()}
    for media_type, _ in by_quality(request.headers.get("accept", "")):
        if media_type in by_type:
            return by_type[media_type]
        if media_type.endswith("/*"):
            break
    return "json"


def npz(tensors: Iterable[Tensor]) -> bytes:
    """What `numpy.load` reads: an array per tensor, nothing pickled. The same run gives the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for tensor in tensors:
            entry = zipfile.ZipInfo(f"{tensor.name}.npy")  # dated 1980, as zip files begin
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, tensor.array, allow_pickle=False)
    return file.getvalue()


def table(tensors: Sequence[Tensor]) -> bytes:
    """CSV in long form: a line per number, with its variable, its steps (from 1) and its units (from 0).

    A column for each domain of the run, and for each axis of the largest shape; empty where a variable has none.
    """
    domains = list(dict.fromkeys(domain for tensor in tensors for domain in tensor.domains))
    axes = max((tensor.array.ndim - len(tensor.domains) for tensor in tensors), default=0)
    units = ["unit", "column", *(f"axis_{axis}" for axis in range(2, axes))][:axes]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["variable", *domains, *units, "value"])
    for tensor in tensors:
        for rows in rows_of(tensor, domains, axes):
            writer.writerows(rows)
    return text.getvalue().encode()


def rows_of(
    tensor: Tensor, domains: Sequence[str], axes: int
) -> Iterator[Iterable[Sequence[object]]]:
    """The lines of one tensor, some at a time. Numbers are the shortest that read back the same."""
    shape, steps = tensor.array.shape, len(tensor.domains)
    flat = tensor.array.reshape(-1)
    for begin in range(0, flat.size, ROWS):
        part = flat[begin : begin + ROWS]
        places = np.unravel_index(np.arange(begin, begin + part.size), shape) if shape else ()
        empty = [""] * part.size
        columns: list[Sequence[object]] = [[tensor.name] * part.size]
        for domain in domains:
            at = list(tensor.domains).index(domain) if domain in tensor.domains else None
            columns.append(empty if at is None else (places[at] + 1).tolist())
        for axis in range(steps, steps + axes):
            columns.append(places[axis].tolist() if axis < len(shape) else empty)
        columns.append(part.astype(np.str_).tolist())
        yield zip(*columns, strict=True)
