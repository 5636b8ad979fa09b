"""The forms in which a whole run is answered: JSON, npz, safetensors, Arrow, CSV.

All hold the same tensors under the same names (`h`, `h[0]`, `grad/W`): the first sequence, its axes of steps
first. JSON is written in `results.py`, the others here.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import orjson
from fastapi import Request

from .negotiation import accepts, by_quality
from .problems import Fault, ProblemError

if TYPE_CHECKING:
    import pyarrow

Format = Literal["json", "npz", "safetensors", "arrow", "csv"]
Encoding = Literal["float", "base64"]
"""How numbers stand in JSON: as numbers, or as one string of their little-endian bytes in base64."""

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "npz": "application/x-npz",
    "safetensors": "application/vnd.safetensors",
    "arrow": "application/vnd.apache.arrow.stream",
    "csv": "text/csv",
}

ROWS = 20_000
"""Lines of CSV that are made at once."""


@dataclass(frozen=True)
class Tensor:
    """One variable of a run: the domains of its first axes, and its numbers.

    `places`: the steps (from 1) and units (from 0) of each axis, where not all of them are there.
    """

    name: str
    domains: Sequence[str]
    array: np.ndarray
    places: Sequence[np.ndarray] | None = None

    def labels(self) -> Sequence[np.ndarray]:
        """The step or unit of every index, axis by axis."""
        if self.places is not None:
            return self.places
        steps = len(self.domains)
        return [np.arange(size) + (axis < steps) for axis, size in enumerate(self.array.shape)]


def format_of(request: Request, asked: Format | None) -> Format:
    """What `?format=` says, else the first of `Accept` that is offered, else JSON. Raises `ProblemError`."""
    if asked is None and not any(accepts(request, one) for one in MEDIA_TYPES.values()):
        raise ProblemError(
            "not-acceptable", [Fault("accept", arguments={"offered": MEDIA_TYPES["json"]})]
        )
    form = asked or preferred(request)
    if form == "arrow" and find_spec("pyarrow") is None:
        raise ProblemError("not-acceptable", [Fault("no-arrow", parameter="format")])
    return form


def preferred(request: Request) -> Format:
    """The first form in `Accept` that is offered, else JSON."""
    by_type: dict[str, Format] = {kind: name for name, kind in MEDIA_TYPES.items()}
    for media_type, _ in by_quality(request.headers.get("accept", "")):
        if media_type in by_type:
            return by_type[media_type]
        if media_type.endswith("/*"):
            break
    return "json"


def safetensors(tensors: Iterable[Tensor], about: Mapping[str, str]) -> bytes:
    """What `safetensors` reads. Its metadata hold `about`, and `domains` as JSON: name to a list."""
    from safetensors.numpy import save

    found = list(tensors)
    domains = orjson.dumps({one.name: list(one.domains) for one in found}).decode()
    arrays = {one.name: np.asarray(one.array, order="C") for one in found}
    return save(arrays, {**about, "domains": domains})


def arrow(tensors: Iterable[Tensor], about: Mapping[str, str]) -> bytes:
    """A stream of Apache Arrow: a row per tensor with `name`, `domains`, `shape` and flat `data`.

    `about` stands in the schema's metadata. `data` is float, or double where the run is.
    """
    import pyarrow as pa

    found = list(tensors)
    number = pa.from_numpy_dtype(found[0].array.dtype) if found else pa.float32()
    schema = pa.schema(
        [
            ("name", pa.string()),
            ("domains", pa.list_(pa.string())),
            ("shape", pa.list_(pa.int64())),
            ("data", pa.large_list(number)),
        ],
        metadata=dict(about),
    )
    batch = pa.record_batch(
        [
            pa.array([one.name for one in found], pa.string()),
            pa.array([list(one.domains) for one in found], pa.list_(pa.string())),
            pa.array([list(one.array.shape) for one in found], pa.list_(pa.int64())),
            flat_lists(pa, [one.array for one in found], number),
        ],
        schema=schema,
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def flat_lists(pa: Any, arrays: Sequence[np.ndarray], number: Any) -> pyarrow.LargeListArray:
    """A list of numbers for each array, row-major."""
    ends = np.cumsum([0, *(one.size for one in arrays)], dtype=np.int64)
    flat = np.concatenate([one.reshape(-1) for one in arrays]) if arrays else np.empty(0, "f4")
    return pa.LargeListArray.from_arrays(pa.array(ends), pa.array(flat, number))


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
    shape, steps, labels = tensor.array.shape, len(tensor.domains), tensor.labels()
    flat = tensor.array.reshape(-1)
    for begin in range(0, flat.size, ROWS):
        part = flat[begin : begin + ROWS]
        places = np.unravel_index(np.arange(begin, begin + part.size), shape) if shape else ()
        empty = [""] * part.size
        columns: list[Sequence[object]] = [[tensor.name] * part.size]
        for domain in domains:
            at = list(tensor.domains).index(domain) if domain in tensor.domains else None
            columns.append(empty if at is None else labels[at][places[at]].tolist())
        for axis in range(steps, steps + axes):
            columns.append(labels[axis][places[axis]].tolist() if axis < len(shape) else empty)
        columns.append(part.astype(np.str_).tolist())
        yield zip(*columns, strict=True)
