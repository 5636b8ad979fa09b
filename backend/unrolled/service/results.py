"""A whole run as one document, with the tensor fields of the Open Inference Protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

import unrolled

from .runs import Plan, token_of
from .streaming import ENCODING, NonFinite, array_of, cost_document, plain, without_batch

if TYPE_CHECKING:
    from unrolled.engine import Run

DATATYPES = {"float32": "FP32", "float64": "FP64"}


def compute(run: Run) -> Iterator[int]:
    """Compute a run; yields after each chunk, so that it can be given up in between."""
    for done, _ in enumerate(run.chunks(), start=1):
        yield done


def whole_run(found: Plan, run: Run, digits: int | None = None) -> bytes:
    """The answer of `POST /v1/runs` as JSON; computes what has not been computed yet."""
    run.complete()
    nonfinite = NonFinite()
    outputs = []
    for name, values in run.boundary.items():
        for position, value in values.items():
            array = array_of(value, digits)
            outputs.append(output(f"{name}[{position}]", [], array, found.request.dtype))
    for name, value in run.values.items():
        domains = list(run.domains[name])
        array = array_of(without_batch(value, len(domains)), digits)
        nonfinite.look(name, array, 1 if domains else None)
        outputs.append(output(name, domains, array, found.request.dtype))
    loss = run.values.get("loss")
    return orjson.dumps(
        {
            "run": token_of(found.request),
            "outputs": outputs,
            "lengths": dict(run.lengths),
            "symbols": {name: list(symbols) for name, symbols in run.symbols.items()},
            "loss": None if loss is None else plain(array_of(without_batch(loss, 0), digits)),
            "cost": cost_document(run),
            "version": unrolled.__version__,
            "nonfinite": nonfinite.document(),
        },
        option=ENCODING,
    )


def output(name: str, domains: list[str], array: Any, dtype: str) -> dict[str, Any]:
    """One tensor: flat and row-major, its shape beside it."""
    return {
        "name": name,
        "domains": domains,
        "shape": list(array.shape),
        "datatype": DATATYPES[dtype],
        "data": array.reshape(-1),
    }
