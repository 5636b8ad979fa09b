"""A part of a run by URL: one variable, some of its steps, some of its units."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .formats import Tensor
from .problems import Fault, Found, ProblemError
from .schemas import RunRequest
from .streaming import GRADIENT

RANGE = re.compile(
    r"(?P<only>[0-9]{1,10})|(?P<first>[0-9]{0,10}):(?P<last>[0-9]{0,10})(?::(?P<by>[0-9]{1,10}))?"
)
MOST_UNITS = 100_000


@dataclass(frozen=True)
class Steps:
    """Steps `first` to `last`, both included, counted from 1; every `by`-th. `last` None: to the end."""

    first: int = 1
    last: int | None = None
    by: int = 1


@dataclass(frozen=True)
class Part:
    """What is asked of a run: a tensor by its name, steps by domain, units of the first axis of units."""

    name: str
    steps: Sequence[Steps] = ()
    units: Sequence[int] | None = None

    def narrowed(self, request: RunRequest) -> RunRequest:
        """The same run, of which only what this part needs is recorded; its gradients stay as they were asked for.

        Which way a backward pass goes depends on all that is asked of it, and so may its last digit.
        """
        if not self.name.startswith(GRADIENT):
            name = re.sub(r"\[.*", "", self.name)
            return request.model_copy(update={"variables": [name], "gradient": None})
        if request.gradient is None:
            raise ProblemError("not-found", [Fault("no-gradient", parameter="name")])
        return request.model_copy(update={"variables": []})

    def of(self, tensors: Sequence[Tensor]) -> Tensor:
        """The part itself. Raises `ProblemError` where the run has no such tensor, step or unit."""
        found = next((one for one in tensors if one.name == self.name), None)
        if found is None:
            raise no_tensor()
        places = [*found.labels()]
        if len(self.steps) > len(found.domains):
            arguments = {"limit": len(found.domains)}
            raise unfit("slice-domains", "steps", arguments)
        for axis, steps in enumerate(self.steps):
            places[axis] = chosen_steps(places[axis], steps)
        if self.units is not None:
            axis = len(found.domains)
            if axis == found.array.ndim:
                raise unfit("slice-scalar", "units", {})
            places[axis] = chosen_units(places[axis], self.units)
        array = found.array
        for axis, place in enumerate(places):
            begin = 1 if axis < len(found.domains) else 0
            array = array.take(place - begin, axis)
        return Tensor(found.name, found.domains, array, places)


def chosen_steps(known: np.ndarray, steps: Steps) -> np.ndarray:
    """The steps that are asked for, of those that there are; past the last there is nothing."""
    if steps.first > len(known):
        raise unfit("slice-range", "steps", {"limit": len(known)})
    return known[steps.first - 1 : steps.last : steps.by]


def chosen_units(known: np.ndarray, units: Sequence[int]) -> np.ndarray:
    if max(units) >= len(known):
        raise unfit("slice-units", "units", {"limit": len(known) - 1})
    return np.array(units)


def read_part(name: str, steps: str | None, units: str | None) -> Part:
    """`?steps=1:50:2,3` and `?units=3,7` as they stand in the URL. Raises `ProblemError`."""
    ranges = [] if steps is None else [read_range(one) for one in steps.split(",")]
    return Part(name, ranges, None if units is None else read_units(units))


def read_range(text: str) -> Steps:
    """`7`, `3:9`, `:9`, `3:`, `1:50:2`."""
    found = RANGE.fullmatch(text)
    if found is None:
        raise unfit("slice-steps-form", "steps", {})
    if found["only"]:
        first, last, by = int(found["only"]), int(found["only"]), 1
    else:
        first, by = int(found["first"] or 1), int(found["by"] or 1)
        last = int(found["last"]) if found["last"] else None
    if first < 1 or by < 1 or (last is not None and last < first):
        raise unfit("slice-steps-form", "steps", {})
    return Steps(first, last, by)


def read_units(text: str) -> list[int]:
    """`3,7`."""
    parts = text.split(",")
    if len(parts) > MOST_UNITS or not all(re.fullmatch("[0-9]{1,8}", part) for part in parts):
        raise unfit("slice-units-form", "units", {})
    return [int(part) for part in parts]


def unfit(code: str, parameter: str, arguments: Mapping[str, Any]) -> ProblemError:
    return ProblemError("invalid-request", [Fault(code, parameter=parameter, arguments=arguments)])


def no_tensor() -> ProblemError:
    return ProblemError("not-found", [Fault("no-tensor", parameter="name")])


def told_of_the_part(error: ProblemError) -> ProblemError:
    """A refusal of the narrowed request, told of the name in the URL where that is at fault."""
    pointers = {one.place.get("pointer") for one in error.faults if isinstance(one, Found)}
    at_name = any(str(one).startswith(("/variables", "/gradient/variables")) for one in pointers)
    return no_tensor() if at_name else error
