"""A whole run as one answer; as JSON with the tensor fields of the Open Inference Protocol."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

import unrolled

from . import metrics
from .computing import Computing
from .formats import Encoding, Format, Tensor, arrow, npz, safetensors, table
from .identity import token_of
from .limits import in_pieces
from .runs import Plan, run_problem
from .slices import Part
from .streaming import (
    ENCODING,
    GRADIENT,
    NonFinite,
    array_of,
    first_sequence,
    one_gradient,
    plain,
    trees_of,
)

if TYPE_CHECKING:
    from unrolled.engine import Backward, Run

DATATYPES = {"float32": "FP32", "float64": "FP64"}


NUMBERS = 65_536
"""Numbers that are written as JSON at once: some 2 ms."""

CHUNK = 256
"""Steps computed at once when nobody waits for the first; between chunks a run can be given up."""


@dataclass
class Work:
    """A run and, where gradients are asked for, its backward pass."""

    found: Plan
    run: Run
    backward: Backward | None = None

    def complete(self) -> None:
        """Compute in one go."""
        for _ in self.pieces():
            pass

    def pieces(self) -> Iterator[int]:
        """Compute; yields after each chunk, so that it can be given up in between."""
        from unrolled.engine import RunError

        done, sizes = 0, in_pieces((CHUNK,), self.run.cost)
        computing = Computing(self.found.settings)
        try:
            for done, _ in enumerate(computing.pieces(self.run.chunks(sizes)), start=1):
                yield done
            self.backward = self.run.backward()
            if self.backward is not None:
                chunks = computing.pieces(self.backward.chunks(sizes))
                for more, _ in enumerate(chunks, start=1):
                    yield done + more
        except RunError as error:  # found when `stop` has told the length
            raise run_problem(error) from None
        finally:
            computing.done()
        metrics.steps_sent(sum(self.run.lengths.values()))


def whole_run(found: Plan, run: Run, digits: int | None = None) -> bytes:
    """Compute a run and make its document: the answer of `POST /v1/runs` as JSON."""
    work = Work(found, run)
    work.complete()
    return document(work, digits)


@dataclass(frozen=True)
class Wanted:
    """In what form an answer is wanted."""

    form: Format = "json"
    digits: int | None = None
    encoding: Encoding = "float"


def answer(work: Work, wanted: Wanted) -> bytes:
    """The answer of `POST /v1/runs` for a run that has been computed."""
    if wanted.form == "json":
        return document(work, wanted.digits, wanted.encoding)
    return filed(work, tensors(work, wanted.digits), wanted.form)


def filed(work: Work, found: Sequence[Tensor], form: Format) -> bytes:
    """Tensors in any form but JSON."""
    if form == "npz":
        return npz(found)
    if form == "csv":
        return table(found)
    write = safetensors if form == "safetensors" else arrow
    return write(found, about(work))


def part_of(part: Part, work: Work, wanted: Wanted, token: str | None) -> bytes:
    """The answer of `GET /v1/runs/{token}/variables/{name}`. Raises `ProblemError`."""
    tensor = part.of(tensors(work, wanted.digits))
    if wanted.form != "json":
        return filed(work, [tensor], wanted.form)
    made = output(tensor, work.found.request.dtype, wanted.encoding)
    steps = tensor.labels()[: len(tensor.domains)]
    units = tensor.labels()[len(tensor.domains) :]
    return orjson.dumps(
        {
            **made,
            "run": token,
            "lengths": dict(work.run.lengths),
            "steps": {name: one.tolist() for name, one in zip(tensor.domains, steps, strict=True)},
            "units": None if part.units is None else units[0].tolist(),
            "version": unrolled.__version__,
            "nonfinite": nonfinite_in(tensor),
        },
        option=ENCODING,
    )


def nonfinite_in(tensor: Tensor) -> dict[str, Any]:
    """How many numbers are NaN or infinite, and at what step and unit the first is."""
    wrong = np.argwhere(~np.isfinite(tensor.array))
    first = None
    if len(wrong):
        places = zip(tensor.labels(), wrong[0], strict=True)
        first = tensor.name + "".join(f"[{labels[i]}]" for labels, i in places)
    return {"count": len(wrong), "first": first}


def parameters_of(work: Work, wanted: Wanted, token: str | None) -> bytes:
    """The answer of `GET /v1/runs/{token}/parameters`: what the run computes with, in any form."""
    found = [
        Tensor(name, [], array_of(value, wanted.digits))
        for name, value in work.run.parameters.items()
    ]
    if wanted.form != "json":
        return filed(work, found, wanted.form)
    dtype = work.found.request.dtype
    return orjson.dumps(
        {
            "run": token,
            "outputs": [output(one, dtype, wanted.encoding) for one in found],
            "version": unrolled.__version__,
        },
        option=ENCODING,
    )


def about(work: Work) -> dict[str, str]:
    """What a file says of its run: `run` (the token, if it is short enough) and `version`."""
    token = token_of(work.found.request)
    return {"version": unrolled.__version__, **({"run": token} if token else {})}


def tensors(work: Work, digits: int | None) -> list[Tensor]:
    """Every number of a run: boundary values, variables, gradients."""
    return [*given(work, digits), *computed(work, digits)]


def given(work: Work, digits: int | None) -> list[Tensor]:
    """The boundary values that a run was given."""
    return [
        Tensor(f"{name}[{position}]", [], array_of(value.select(0, 0), digits))
        for name, values in work.run.boundary.items()
        for position, value in values.items()
    ]


def computed(work: Work, digits: int | None) -> list[Tensor]:
    """The variables of a run, and the gradients that were asked for."""
    run, backward = work.run, work.backward
    found = []
    for name, value in run.values.items():
        domains = list(run.domains.get(name, ()))
        array = array_of(first_sequence(run, name, value, len(domains)), digits)
        found.append(Tensor(name, domains, array))
    if backward is not None:
        for name, value in backward.values.items():
            array = array_of(one_gradient(backward, name, value), digits)
            found.append(Tensor(f"{GRADIENT}{name}", list(backward.domains(name)), array))
    return found


def document(work: Work, digits: int | None = None, encoding: Encoding = "float") -> bytes:
    """The answer as JSON."""
    found, run = work.found, work.run
    dtype = found.request.dtype
    nonfinite = NonFinite()
    outputs = [output(tensor, dtype, encoding) for tensor in given(work, digits)]
    for tensor in computed(work, digits):
        nonfinite.look(tensor.name, tensor.array, 1 if tensor.domains else None)
        outputs.append(output(tensor, dtype, encoding))
    return in_parts(
        {
            "run": token_of(found.request),
            "outputs": outputs,
            "lengths": dict(run.lengths),
            "trees": trees_of(run),
            "symbols": {name: list(symbols) for name, symbols in run.symbols.items()},
            "loss": loss_of(run, digits),
            "cost": asdict(run.cost),
            "version": unrolled.__version__,
            "nonfinite": nonfinite.document(),
        }
    )


def in_parts(document: dict[str, Any]) -> bytes:
    """A document as JSON, the numbers of its outputs written some at a time.

    orjson lets no other thread run while it writes; tens of millions of digits at once would hold the whole process.
    """
    written = b",".join(map(output_json, document["outputs"]))
    head, tail = orjson.dumps({**document, "outputs": []}, option=ENCODING).split(
        b'"outputs":[]', 1
    )
    return b"".join([head, b'"outputs":[', written, b"]", tail])


def output_json(output: dict[str, Any]) -> bytes:
    """One output as JSON, `data` last."""
    data = output["data"]
    if isinstance(data, str) or data.size <= NUMBERS:
        return orjson.dumps(output, option=ENCODING)
    head = orjson.dumps({**output, "data": []}, option=ENCODING)[:-2]
    parts = (data[begin : begin + NUMBERS] for begin in range(0, data.size, NUMBERS))
    numbers = b",".join(orjson.dumps(part, option=ENCODING)[1:-1] for part in parts)
    return b"".join([head, numbers, b"]}"])


def loss_of(run: Run, digits: int | None) -> Any:
    """The variable `loss`, if the text has one that is a single number and it was asked for."""
    value = run.values.get("loss")
    if value is None or run.shapes.get("loss") != () or run.domains.get("loss"):
        return None
    return plain(array_of(value.select(0, 0), digits))


def output(tensor: Tensor, dtype: str, encoding: Encoding = "float") -> dict[str, Any]:
    """One tensor: flat and row-major, its shape beside it."""
    flat = tensor.array.reshape(-1)
    return {
        "name": tensor.name,
        "domains": tensor.domains,
        "shape": list(tensor.array.shape),
        "datatype": DATATYPES[dtype],
        "data": flat if encoding == "float" else base64(flat),
    }


def base64(flat: np.ndarray) -> str:
    """Numbers as base64 of their bytes, little-endian."""
    return b64encode(flat.astype(flat.dtype.newbyteorder("<"), copy=False).tobytes()).decode()
