"""A run as it comes over the wire: gone on with after a cut, and put together into tensors."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from unrolled.client.connection import BUSY, Connection
from unrolled.client.errors import Busy, Cut, RemoteError, refusal, told, understood
from unrolled.client.frames import NUMBERS, Frame

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

GRADIENT = "grad/"
"""What stands before a name where its gradient is meant."""

SAME = ("run", "lengths", "trees", "shapes", "domains", "symbols", "boundary", "version")
"""What two beginnings of one run have in common."""


def follow(
    connection: Connection, body: bytes, datatype: str, *, is_whole: bool
) -> Iterator[Frame]:
    """The frames of a run, every step once, however often the connection breaks. Raises `RemoteError`."""
    patience = connection.patience()
    seen = Seen()
    first: Frame | None = None
    while True:
        try:
            for frame in connection.frames(body, datatype, start=seen.start, is_whole=is_whole):
                if frame.event == "error":
                    raise ended(frame.line.get("problem") or {})
                if frame.event == "start" and first is not None:
                    check_same(first, frame)
                    continue
                if (frame.event == "start") != (first is None):
                    raise Cut("it does not begin with `start`")
                first = first or frame
                fresh = seen.fresh(frame)
                if fresh is not None:
                    patience.progressed()
                    yield fresh
            return
        except Cut as error:
            patience.failed(f"a run at {connection.address} did not come whole: {error}")
        except Busy as error:
            patience.failed(str(error), error.wait)


def ended(problem: Mapping[str, Any]) -> Exception:
    """Why a run ended with an error: a server that stops or is busy lets another go on with it, any other is final."""
    is_passing = problem.get("status") in BUSY
    return Busy(f"the server gave up: {told(problem)}", None) if is_passing else refusal(problem)


def check_same(first: Frame, again: Frame) -> None:
    """After a cut the same run must go on. Raises `RemoteError`."""
    if any(first.line.get(one) != again.line.get(one) for one in SAME):
        raise RemoteError(
            "after a cut another server answered, with another run "
            f"(versions {first.line.get('version')} and {again.line.get('version')}): run it again"
        )


@dataclass
class Seen:
    """Which steps have come, by pass: an event, a domain and the names that go over it together."""

    passes: dict[tuple[str, str, frozenset[str]], set[int]] = field(default_factory=dict)

    @property
    def start(self) -> int:
        """Where to go on: one past the last step of the first pass, if that goes from the first step on."""
        have = next(iter(self.passes.values()), set[int]())
        return len(have) + 1 if have and max(have) == len(have) else 1

    def fresh(self, frame: Frame) -> Frame | None:
        """The frame without the steps that have come; None where none is left."""
        if frame.event not in ("steps", "gradients"):
            return frame
        begin, end = frame.line["from"], frame.line["to"]
        steps = range(begin, end + 1) if begin <= end else range(begin, end - 1, -1)
        key = (frame.event, frame.line["domain"], frozenset(frame.values))
        have = self.passes.setdefault(key, set())
        new = [place for place, step in enumerate(steps) if step not in have]
        if not new:
            return None
        kept = slice(new[0], new[-1] + 1)
        have.update(steps[kept])
        line = {**frame.line, "from": steps[kept][0], "to": steps[kept][-1]}
        return Frame(line, {name: array[kept] for name, array in frame.values.items()})


class Trace:
    """The frames of one run, put together. `datatype`: of its numbers."""

    def __init__(self, frames: Iterator[Frame], datatype: str) -> None:
        self._pieces: dict[str, list[tuple[int, np.ndarray[Any, Any]]]] = {}
        self._numbers = NUMBERS[datatype]
        self.start: Mapping[str, Any] = {}
        self.end: Mapping[str, Any] = {}
        for frame in frames:
            self.add(frame)

    def add(self, frame: Frame) -> None:
        """Take a frame."""
        if frame.event == "start":
            self.start = frame.line
            has_all(frame, "boundary", "domains", "symbols")
        elif frame.event == "end":
            self.end = frame.line
            has_all(frame, "domains", "lengths", "values")
        elif frame.event in ("steps", "gradients"):
            first, last = frame.line["from"], frame.line["to"]
            turn = -1 if last < first else 1
            before = GRADIENT if frame.event == "gradients" else ""
            for name, array in frame.values.items():
                piece = (min(first, last), array[::turn])
                self._pieces.setdefault(before + name, []).append(piece)

    @property
    def lengths(self) -> dict[str, int]:
        return self.end["lengths"]

    @property
    def symbols(self) -> dict[str, list[str]]:
        return self.start["symbols"]

    def values(self, asked: Sequence[str] | None = None) -> dict[str, Tensor]:
        """Everything by name, in the order of what was asked for. Raises `RemoteError` where steps are missing."""
        found = {name: self.joined(name) for name in self._pieces} | self.whole()
        check_none_missing([name for name in self.end["domains"] if name not in found])
        ordered = in_order(list(found), [*self.start["domains"]] if asked is None else asked)
        return {name: found[name] for name in ordered}

    def gradients(self) -> dict[str, Tensor]:
        """The gradients by name, of a run that was asked for nothing else. Raises `RemoteError`."""
        return {name.removeprefix(GRADIENT): value for name, value in self.values().items()}

    def whole(self) -> dict[str, Tensor]:
        """What has no steps: scalars, parameters, boundary values such as `h[0]`, their gradients."""
        boundary = {
            f"{name}[{place}]": value
            for name, values in self.start["boundary"].items()
            for place, value in values.items()
        }
        return {
            name: batched(self.array(name, value, line), self.end["domains"].get(name))
            for line, values in ((self.start, boundary), (self.end, self.end["values"]))
            for name, value in values.items()
        }

    def joined(self, name: str) -> Tensor:
        """All steps of a name, (steps, batch, size). Raises `RemoteError` where some are missing."""
        import numpy as np

        pieces = sorted(self._pieces[name], key=lambda one: one[0])
        after = 1
        for first, array in pieces:
            if first != after:
                break
            after = first + len(array)
        domains = self.end["domains"].get(name, ())
        if not domains or after != self.lengths[domains[0]] + 1:
            check_none_missing([name])
        return batched(np.concatenate([array for _, array in pieces]), domains)

    def array(self, name: str, value: Any, line: Mapping[str, Any]) -> np.ndarray[Any, Any]:
        """A value of a line of JSON; what JSON cannot hold stands under `exact`. Raises `RemoteError`."""
        import numpy as np

        array = np.array(value, dtype=self._numbers)
        exact = line.get("exact", {}).get(name)
        if exact is not None:
            return np.frombuffer(b64decode(exact), dtype=self._numbers).reshape(array.shape).copy()
        check_none_missing([name] if np.isnan(array).any() else [])
        return array


def has_all(frame: Frame, *names: str) -> None:
    """A frame that says all of this. Raises `RemoteError`."""
    with understood():
        for name in names:
            frame.line[name].keys()


def batched(array: np.ndarray[Any, Any], domains: Sequence[str] | None) -> Tensor:
    """An array as a tensor, with a batch of one behind its steps; parameters (no `domains`) have none."""
    import torch

    tensor = torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))
    return tensor if domains is None else tensor.unsqueeze(len(domains))


def check_none_missing(names: Sequence[str]) -> None:
    """Refuse an answer with too little in it."""
    if names:
        raise RemoteError(
            f"the answer ended without all numbers of {', '.join(names)}: run it again"
        )


def in_order(found: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Names in the order in which they were asked for (`f/*`: all of f's), behind them boundary values alike, then the rest."""
    ordered: dict[str, None] = {}
    for name in asked:
        start = name.removesuffix("*")
        inside = [one for one in found if start != name and one.startswith(start)]
        inside.sort(key=lambda one: (len(one), one))
        ordered |= dict.fromkeys([name] if name in found else inside)
    for name in list(ordered):
        ordered |= dict.fromkeys(one for one in found if one.startswith(f"{name}["))
    return list(ordered | dict.fromkeys(found))
