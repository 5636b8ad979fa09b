"""The reader's experiment: a variable held at a value over some steps and units.

What is held is read by everything that reads the variable; gradients do not pass through it. A variable
that is held whole, at every step and unit, is not computed at all: the edges into it are cut.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unrolled.engine.problems import refuse
from unrolled.language import Recurrence, Variable


@dataclass(frozen=True, slots=True)
class Clamp:
    """One variable's holds together: where (0 or 1), and at which value; (steps of its domains…, shape).

    Observed values (`observed.py`) have a dimension for the batch before the shape.
    """

    place: Tensor
    value: Tensor

    @property
    def is_whole(self) -> bool:
        return bool(self.place.all())


def read_clamps(
    recurrence: Recurrence,
    lengths: Mapping[str, int],
    forms: Sequence[Mapping[str, Any]],
) -> dict[str, Clamp]:
    """What is held, by variable; of two holds in one place the later wins.

    A form is `{"variable": "f", "value": 1}`, with `steps` (first and last, from 1: of the variable's first
    domain, or by domain) and `units` (from 0, of its vector, or of all its numbers in row-major order).
    Raises `RunError`.
    """
    found: dict[str, Clamp] = {}
    for number, form in enumerate(forms):
        pointer = f"/clamp/{number}"
        name = str(form.get("variable"))
        variable = recurrence.variables.get(name)
        if variable is None or variable.kind != "equation":
            names = [one.name for one in recurrence.variables.values() if one.kind == "equation"]
            raise refuse(
                f"{pointer}/variable", "clamp-unknown", name=name[:30], names=", ".join(names)
            )
        held = found.get(name) or _none(variable, lengths)
        spans = _spans(variable, lengths, form.get("steps"), f"{pointer}/steps")
        units = _units(variable, form.get("units"), f"{pointer}/units")
        values = _values(variable, form.get("value"), units, f"{pointer}/value")
        place = held.place.flatten(len(variable.domains))[spans]
        place[..., units] = 1
        held.value.flatten(len(variable.domains))[spans][..., units] = values
        found[name] = held
    return found


def _none(variable: Variable, lengths: Mapping[str, int]) -> Clamp:
    steps = [lengths[domain] for domain in variable.domains]
    sizes = (*steps, *(variable.shape or (1,)))
    return Clamp(torch.zeros(sizes, dtype=torch.float64), torch.zeros(sizes, dtype=torch.float64))


def _spans(
    variable: Variable, lengths: Mapping[str, int], steps: Any, pointer: str
) -> tuple[slice, ...]:
    """The steps of every domain of a variable."""
    if steps is None:
        given: Mapping[str, Any] = {}
    elif isinstance(steps, Mapping):
        given = steps
    else:
        given = dict.fromkeys(variable.domains[:1], steps)
        if not variable.domains:
            raise refuse(pointer, "clamp-no-steps", name=variable.name)
    for domain in given:
        if domain not in variable.domains:
            raise refuse(
                pointer,
                "clamp-domain",
                name=variable.name,
                domain=str(domain)[:30],
                names=", ".join(variable.domains) or "-",
            )
    spans: list[slice] = []
    for domain in variable.domains:
        first, last = given.get(domain) or (1, lengths[domain])
        if not 1 <= first <= last <= lengths[domain]:
            raise refuse(
                pointer,
                "clamp-steps",
                name=variable.name,
                first=str(first)[:12],
                last=str(last)[:12],
                length=str(lengths[domain]),
            )
        spans.append(slice(first - 1, last))
    return tuple(spans)


def _units(variable: Variable, units: Sequence[int] | None, pointer: str) -> list[int]:
    size = math.prod(variable.shape)
    if units is None:
        return list(range(size))
    for unit in units:
        if not 0 <= unit < size:
            raise refuse(
                pointer,
                "clamp-units",
                name=variable.name,
                unit=str(unit)[:12],
                last=str(size - 1),
            )
    return list(units)


def _values(variable: Variable, value: Any, units: Sequence[int], pointer: str) -> Tensor:
    """One number for all units, or one for each."""
    numbers = torch.as_tensor(value, dtype=torch.float64)
    if numbers.ndim == 1 and numbers.numel() == len(units):
        return numbers
    if numbers.ndim == 0:
        return numbers.expand(len(units))
    raise refuse(
        pointer,
        "clamp-value",
        name=variable.name,
        have=str(numbers.numel()),
        units=str(len(units)),
    )
