"""A run as events while it is computed: lines of JSON, or frames of a line and raw numbers.

`lines` and `frames` are ordinary generators: a worker thread advances them one event at a time (`workers.py`),
so that nothing is computed before its predecessor was taken, and nothing after the client has left.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

import numpy as np
import orjson

import unrolled
from unrolled.graph.trees import structure

from . import metrics
from .computing import Computing
from .identity import token_of
from .limits import in_pieces, is_small
from .negotiation import Language
from .problems import ProblemError, problem_document
from .runs import Plan, run_problem

if TYPE_CHECKING:
    from torch import Tensor

    from unrolled.engine import Backward, Chunk, Run

log = logging.getLogger(__name__)

ENCODING = orjson.OPT_SERIALIZE_NUMPY

BROKEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What ends a run that should not have ended: faults of ours, which a stream tells as its last event."""

END = "end"
"""The id of a stream's last event: who names it has all there is."""

WHOLE = (10**9,)
"""Sizes of chunks where all steps are computed before the first is sent."""

Datatype = Literal["FP32", "FP64"]

NUMBERS: dict[Datatype, str] = {"FP32": "<f4", "FP64": "<f8"}
"""How numbers are written behind the line of a frame: little-endian."""

GRADIENT = "grad/"
"""What stands before the name of a variable or parameter where its gradient is meant."""


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


def array_of(value: Tensor, digits: int | None) -> np.ndarray:
    """A tensor as a contiguous array, rounded to `digits` decimals if that is asked."""
    array = value.numpy()
    if digits is None or array.dtype.kind != "f":
        return np.asarray(array, order="C")
    return rounded(array, digits)


def rounded(array: np.ndarray, digits: int) -> np.ndarray:
    """Numbers to `digits` decimals, in their own precision; those so large that they have no such decimals stay.

    By way of float64: in float32 the scaled number would overflow from 3.4e38 / 10^digits on.
    """
    wide = array.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        whole = ~(np.abs(wide) * 10.0**digits < 2.0**53)
        return np.where(whole, wide, np.round(np.where(whole, 0.0, wide), digits)).astype(
            array.dtype, order="C"
        )


def plain(array: np.ndarray) -> Any:
    """What orjson writes: an array with axes, or the one number of an array without."""
    return array if array.ndim else array[()]


def first_sequence(run: Run, name: str, value: Tensor, domains: int) -> Tensor:
    """A value without its batch, which follows `domains` axes of steps; parameters have none."""
    return value if name in run.parameters else value.select(domains, 0)


def one_gradient(backward: Backward, name: str, value: Tensor) -> Tensor:
    """The gradient of the first sequence; those of parameters are of all sequences."""
    return value if name in backward.parameters else value.select(len(backward.domains(name)), 0)


def trees_of(run: Run) -> dict[str, Any]:
    """The children of every node of every tree; null for a leaf."""
    return {domain: structure(tree) for domain, tree in run.trees.items()}


def start_event(found: Plan, run: Run, digits: int | None) -> dict[str, Any]:
    return {
        "event": "start",
        "run": token_of(found.request),
        "lengths": dict(run.lengths),
        "trees": trees_of(run),
        "shapes": {name: list(shape) for name, shape in run.shapes.items()},
        "domains": {name: list(domains) for name, domains in run.domains.items()},
        "symbols": {name: list(symbols) for name, symbols in run.symbols.items()},
        "boundary": {
            name: {
                place: plain(array_of(value.select(0, 0), digits)) for place, value in one.items()
            }
            for name, one in run.boundary.items()
        },
        "cost": asdict(run.cost),
        "version": unrolled.__version__,
    }


def lines(
    found: Plan, run: Run, *, start: int, digits: int | None, language: Language
) -> Iterator[bytes]:
    """The events of a run, one JSON line each."""
    for event, _ in events(found, run, start=start, digits=digits, language=language):
        yield line_of(event)


def messages(
    found: Plan, run: Run, *, start: int, digits: int | None, language: Language
) -> Iterator[bytes]:
    """The events of a run as server-sent events: `id` is the last step from which a client can go on."""
    yield b"retry: 1000\n\n"
    for event, identity in events(found, run, start=start, digits=digits, language=language):
        yield message_of(event, identity)


def frames(
    found: Plan, run: Run, *, start: int, language: Language, datatype: Datatype, whole: bool
) -> Iterator[bytes]:
    """The events of a run, one frame each (`frame_of`)."""
    every = events(found, run, start=start, digits=None, language=language, whole=whole)
    for event, _ in every:
        yield frame_of(event, datatype)


def events(
    found: Plan,
    run: Run,
    *,
    start: int,
    digits: int | None,
    language: Language,
    whole: bool = False,
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """The events of a run; of the first pass over a domain only from `start` on.

    Beside each event, what a client may name to go on behind it: the last step of a chunk of the first pass,
    `end`, or None where it has to go on from the step before.

    `whole`: every pass is computed for all its steps before its first event, with the numbers that
    `Run.complete` gives; a product over many steps may round its last digit otherwise than one over few. A small
    run that goes forward always is.

    A run may go over a domain several times (forward states, backward states, what reads both). The
    later passes (gradients among them) are always sent whole: they came after the cut, or the reader asks for
    them again. An exception in the middle becomes an `error` event: the answer has begun, so its status is sent.
    """
    from unrolled.engine import RunError
    from unrolled.engine.chunks import CHUNKS

    began = perf_counter()
    whole = whole or (is_small(run.cost) and run.goes_forward)
    sizes = in_pieces(WHOLE if whole else CHUNKS, run.cost)
    computing = Computing(found.settings)
    try:
        first = start_event(found, run, digits)
        yield first, None
        sent = {f"{name}[{place}]" for name, one in first["boundary"].items() for place in one}
        nonfinite = NonFinite()
        ending: dict[str, np.ndarray] = {}
        first_pass: tuple[str | None, frozenset[str]] | None = None
        for chunk in computing.pieces(run.chunks(sizes)):
            chunk_pass = (chunk.domain, frozenset(chunk.values))
            first_pass = first_pass or chunk_pass
            skipped_to = start if chunk_pass == first_pass else 1
            arrays = {
                name: array_of(first_sequence(run, name, value, domains_of(run, name)), digits)
                for name, value in chunk.values.items()
                if name not in sent
            }
            for name, array in arrays.items():
                nonfinite.look(name, array, chunk.first if chunk.domain else None)
            if chunk.domain is None:
                ending = arrays
            elif chunk.last >= skipped_to:
                metrics.steps_sent(chunk.last - max(chunk.first, skipped_to) + 1)
                event = steps_event(chunk.domain, chunk.first, chunk.last, arrays, skipped_to)
                for piece in pieces(event) if whole else [event]:
                    yield piece, str(piece["to"]) if chunk_pass == first_pass else None
        end: dict[str, Any] = {
            "event": "end",
            "steps": max(run.lengths.values(), default=0),
            "lengths": dict(run.lengths),
            "values": {name: plain(array) for name, array in ending.items()},
            "domains": {
                **{name: list(domains) for name, domains in run.domains.items()},
                **{name: [] for name in (*sent, *ending) if name.endswith("]")},
            },
        }
        backward = run.backward()
        if backward is not None:
            for chunk in computing.pieces(backward.chunks(sizes)):
                arrays = {
                    name: array_of(one_gradient(backward, name, value), digits)
                    for name, value in chunk.values.items()
                }
                for name, array in arrays.items():
                    nonfinite.look(GRADIENT + name, array, chunk.first if chunk.domain else None)
                if chunk.domain is None:
                    end |= whole_gradients(end, backward, arrays, digits)
                else:
                    event = gradients_event(chunk, arrays)
                    for piece in pieces(event) if whole else [event]:
                        yield piece, None
        end |= {
            "nonfinite": nonfinite.document(),
            "seconds": round(perf_counter() - began, 6),
        }
        yield end, END
    except RunError as error:  # found when `stop` has told the length
        found_late = run_problem(error)
        problem = problem_document(found_late.kind, language, found_late.faults)
        yield {"event": "error", "problem": problem}, END
    except ProblemError as error:
        yield {"event": "error", "problem": error.document(language)}, END
    except BROKEN:
        log.exception("a run broke in the middle of its stream")
        yield {"event": "error", "problem": problem_document("internal", language)}, END
    finally:
        computing.done()


def domains_of(run: Run, name: str) -> int:
    """How many axes of steps a value has before its batch."""
    return len(run.domains.get(name, ()))


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


def gradients_event(chunk: Chunk, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """A chunk of the backward pass, its steps in the order in which they were computed."""
    turn = 1 if chunk.is_forward else -1
    return {
        "event": "gradients",
        "domain": chunk.domain,
        "from": chunk.first if chunk.is_forward else chunk.last,
        "to": chunk.last if chunk.is_forward else chunk.first,
        "values": {name: np.ascontiguousarray(array[::turn]) for name, array in arrays.items()},
    }


def pieces(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """An event of many steps as several, of 1, 2, 4 … 64 steps."""
    from unrolled.engine.chunks import CHUNKS, windows

    turn = 1 if event["to"] >= event["from"] else -1
    count = abs(event["to"] - event["from"]) + 1
    for first, last in windows(count, CHUNKS, is_forward=True):
        yield {
            **event,
            "from": event["from"] + turn * (first - 1),
            "to": event["from"] + turn * (last - 1),
            "values": {name: array[first - 1 : last] for name, array in event["values"].items()},
        }


def whole_gradients(
    end: Mapping[str, Any],
    backward: Backward,
    arrays: Mapping[str, np.ndarray],
    digits: int | None,
) -> dict[str, Any]:
    """What the `end` event gains: gradients without steps among its values, domains, and the parameters' norms."""
    norms = {
        name: float(np.linalg.norm(arrays[name].astype(np.float64))) for name in backward.parameters
    }
    domains = {
        GRADIENT + name: list(backward.domains(name))
        for name in backward.names
        if name not in backward.parameters
    }
    return {
        "values": end["values"] | {GRADIENT + name: plain(one) for name, one in arrays.items()},
        "domains": end["domains"] | domains,
        "parameter_gradients": {
            name: norm if digits is None else round(norm, digits) for name, norm in norms.items()
        },
    }


def line_of(event: Mapping[str, Any]) -> bytes:
    return orjson.dumps(event, option=ENCODING | orjson.OPT_APPEND_NEWLINE)


def message_of(event: Mapping[str, Any], identity: str | None) -> bytes:
    """An event as a server-sent event, its document in one line of `data`."""
    number = b"" if identity is None else b"id: %b\n" % identity.encode()
    name = b"event: %b\n" % event["event"].encode()
    return b"%b%bdata: %b\n\n" % (number, name, orjson.dumps(event, option=ENCODING))


def frame_of(event: Mapping[str, Any], datatype: Datatype) -> bytes:
    """An event as a line of JSON, and behind it the numbers of its steps, if it has any.

    In the line, `values` of `steps` and `gradients` are shapes, the steps first, and `bytes` is how many follow:
    of the `datatype`, little-endian, variable after variable in that order. What a line cannot hold, NaN and
    infinity, stands once more under `exact`. `crc32`, the last field, is that of the line before its comma and of the numbers.
    """
    numbers: list[bytes] = []
    if event["event"] in ("steps", "gradients"):
        arrays = event["values"].values()
        numbers = [np.asarray(one, dtype=NUMBERS[datatype]).tobytes() for one in arrays]
        event = {
            **event,
            "values": {name: list(one.shape) for name, one in event["values"].items()},
            "datatype": datatype,
            "bytes": sum(map(len, numbers)),
        }
    elif exact := not_finite(event, datatype):
        event = {**event, "exact": exact}
    line = orjson.dumps(event, option=ENCODING)[:-1]
    check = crc32(line)
    for one in numbers:
        check = crc32(one, check)
    return b"".join([line, b',"crc32":%d}\n' % check, *numbers])


def not_finite(event: Mapping[str, Any], datatype: Datatype) -> dict[str, str]:
    """The values without steps that hold NaN or infinity: all numbers of each in base64, of the datatype."""
    whole = event.get("values", {}) | {
        f"{name}[{place}]": value
        for name, values in event.get("boundary", {}).items()
        for place, value in values.items()
    }
    return {
        name: b64encode(np.asarray(value, dtype=NUMBERS[datatype]).tobytes()).decode()
        for name, value in whole.items()
        if not np.isfinite(value).all()
    }
