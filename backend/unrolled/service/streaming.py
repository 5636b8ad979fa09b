"""A run as lines of JSON while it is computed.

`lines` is an ordinary generator: a worker thread advances it one line at a time (`workers.py`), so
that nothing is computed before its predecessor was taken, and nothing after the client has left.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

import unrolled

from .negotiation import Language
from .problems import problem_document
from .runs import Plan, token_of

if TYPE_CHECKING:
    from torch import Tensor

    from unrolled.engine import Run

log = logging.getLogger(__name__)

ENCODING = orjson.OPT_SERIALIZE_NUMPY


@dataclass
class NonFinite:
    """Counts NaN and infinity, which JSON cannot hold and which travel as null."""

    count: int = 0
    first: str | None = None

    def look(self, name: str, array: np.ndarray, begins: int | None) -> None:
        """Count in `array`; its first axis runs over steps from `begins` on, if that is given."""
        wrong = ~np.isfinite(array)
        found = int(np.count_nonzero(wrong))
        if found and self.first is None:
            place = [int(i) for i in np.argwhere(wrong)[0]]
            if begins is not None:
                place[0] += begins
            self.first = name + "".join(f"[{i}]" for i in place)
        self.count += found

    def document(self) -> dict[str, Any]:
        return {"count": self.count, "first": self.first}


def array_of(value: Tensor | Any, digits: int | None) -> np.ndarray:
    """A tensor as a contiguous array, rounded to `digits` decimals if that is asked."""
    array = np.asarray(value.detach() if hasattr(value, "detach") else value)
    return np.ascontiguousarray(array if digits is None else np.round(array, digits))


def plain(array: np.ndarray) -> Any:
    """What orjson writes: an array with axes, or the one number of an array without."""
    return array if array.ndim else array[()]


def without_batch(value: Tensor, axis: int) -> Tensor:
    """The first sequence of the batch (a request has one); `axis` counts the domains before it."""
    return value.select(axis, 0)


def start_event(found: Plan, run: Run, digits: int | None) -> dict[str, Any]:
    return {
        "event": "start",
        "run": token_of(found.request),
        "lengths": dict(run.lengths),
        "shapes": {name: list(shape) for name, shape in run.shapes.items()},
        "domains": {name: list(domains) for name, domains in run.domains.items()},
        "symbols": {name: list(symbols) for name, symbols in run.symbols.items()},
        "boundary": {
            name: {position: plain(array_of(value, digits)) for position, value in values.items()}
            for name, values in run.boundary.items()
        },
        "cost": cost_document(run),
        "version": unrolled.__version__,
    }


def cost_document(run: Run) -> dict[str, Any]:
    names = ("parameters", "steps", "operations", "bytes", "critical_path", "lengths")
    return {name: getattr(run.cost, name) for name in names}


def lines(
    found: Plan, run: Run, *, start: int, digits: int | None, language: Language
) -> Iterator[bytes]:
    """The events of a run from step `start` on, one JSON line each.

    An exception in the middle becomes an `error` event: the answer has begun, so its status is sent.
    """
    began = perf_counter()
    try:
        yield line_of(start_event(found, run, digits))
        nonfinite, last, scalars = NonFinite(), 0, {}
        for chunk in run.chunks():
            arrays = {}
            for name, value in chunk.values.items():
                begins = chunk.first if chunk.domain else None
                array = array_of(without_batch(value, 1 if chunk.domain else 0), digits)
                nonfinite.look(name, array, begins)
                arrays[name] = array
            if chunk.domain is None:
                scalars = {name: plain(array) for name, array in arrays.items()}
                continue
            last = max(last, chunk.last)
            if chunk.last >= start and arrays:
                yield line_of(steps_event(chunk.domain, chunk.first, chunk.last, arrays, start))
        yield line_of(
            {
                "event": "end",
                "steps": last,
                "values": scalars,
                "nonfinite": nonfinite.document(),
                "seconds": round(perf_counter() - began, 6),
            }
        )
    except (ArithmeticError, MemoryError, RuntimeError, ValueError):
        log.exception("a run broke in the middle of its stream")
        yield line_of({"event": "error", "problem": problem_document("internal", language)})


def steps_event(
    domain: str, first: int, last: int, arrays: Mapping[str, np.ndarray], start: int
) -> dict[str, Any]:
    """A chunk as an event, without the steps before `start`."""
    skip = max(0, start - first)
    return {
        "event": "steps",
        "domain": domain,
        "from": first + skip,
        "to": last,
        "values": {name: np.ascontiguousarray(array[skip:]) for name, array in arrays.items()},
    }


def line_of(event: Mapping[str, Any]) -> bytes:
    return orjson.dumps(event, option=ENCODING | orjson.OPT_APPEND_NEWLINE)
