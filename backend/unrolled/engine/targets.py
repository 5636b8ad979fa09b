"""What a gradient is asked of: a scalar of the run, as `loss`, `L[3]` or `o[5][2]`; and with respect to what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unrolled.engine.problems import RunError, refuse
from unrolled.graph import Target, boundary_positions, lower
from unrolled.language import Recurrence, Variable, listed

_WRITTEN = re.compile(r"\s*((?:log_p/)?[^\W\d]\w*)\s*((?:\[[^\[\]]*\]\s*)*)")
_PLACE = re.compile(r"\s*(?:(\d{1,10})|end(?:\s*-\s*(\d{1,10}))?)\s*")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request for gradients.

    `variables`: names of variables, inputs, parameters, sliders, boundary values; None: all. `parts`: also what
    every reader of a variable sends back to it. `contributions`: also what every step adds to a parameter's.
    """

    of: str = "loss"
    variables: tuple[str, ...] | None = None
    parts: bool = False
    contributions: bool = False


def read_wanted(
    recurrence: Recurrence, lengths: Mapping[str, int], form: Mapping[str, Any]
) -> Wanted:
    """The request field `gradient`, checked. Raises `RunError`."""
    wanted = Wanted(
        of=str(form.get("of", "loss")),
        variables=None if form.get("variables") is None else tuple(form["variables"]),
        parts=bool(form.get("parts", False)),
        contributions=bool(form.get("contributions", False)),
    )
    read_target(recurrence, lengths, wanted.of)
    known = {*recurrence.variables, *recurrence.parameters, *recurrence.settings}
    for place, name in enumerate(wanted.variables or ()):
        if name not in known and name not in (boundaries := boundary_names(recurrence)):
            names = ", ".join(
                (*recurrence.variables, *recurrence.parameters, *recurrence.settings, *boundaries)
            )
            raise refuse(
                f"/gradient/variables/{place}", "gradient-variable", name=name[:30], names=names
            )
    return wanted


def boundary_names(recurrence: Recurrence) -> list[str]:
    """The boundary values of chains that some equation reads: `h[0]`, `g[end+1]`."""
    program = lower(recurrence)
    return [
        f"{name}[{place}]"
        for name, identity in program.variables.items()
        for place in boundary_positions(program, program.instructions[identity])
    ]


def read_target(recurrence: Recurrence, lengths: Mapping[str, int], of: str) -> Target:
    """A scalar of a run: steps count from 1 (or `end`), units from 0. Raises `RunError`."""
    written = _WRITTEN.fullmatch(of)
    variable = recurrence.variables.get(written[1]) if written else None
    if written is None or variable is None or variable.kind != "equation":
        raise _not_a_scalar(recurrence, lengths, of)
    inside = written[2].replace("[", " ").replace("]", ",").split(",")[:-1] if written[2] else []
    places = [_PLACE.fullmatch(one) for one in inside]
    limits = [lengths[domain] for domain in variable.domains]
    if len(places) != len(limits) + len(variable.shape) or None in places:
        raise _not_a_scalar(recurrence, lengths, of)
    found: list[int] = []
    for number, (place, limit) in enumerate(zip(places, (*limits, *variable.shape), strict=True)):
        assert place is not None
        is_step = number < len(limits)
        last = limit if is_step else limit - 1
        value = int(place[1]) if place[1] else last - int(place[2] or 0)
        if not (1 if is_step else 0) <= value <= last:
            raise refuse(
                "/gradient/of", "gradient-outside", name=of[:30], what=variable.name,
                first="1" if is_step else "0", last=str(last), kind=("Steps", "步") if is_step else ("Units", "单元"),
            )  # fmt: skip
        found.append(value)
    return Target(variable.name, tuple(found[: len(limits)]), tuple(found[len(limits) :]))


def _not_a_scalar(recurrence: Recurrence, lengths: Mapping[str, int], of: str) -> RunError:
    return refuse(
        "/gradient/of",
        "gradient-of",
        name=of[:30],
        names=listed(scalars(recurrence, lengths)),
    )


def scalars(recurrence: Recurrence, lengths: Mapping[str, int]) -> list[str]:
    """The scalars of a run, those of the whole run first, and of every variable only the last one."""
    found = [
        (len(one.domains) + len(one.shape), number, _last(one, lengths))
        for number, one in enumerate(recurrence.variables.values())
        if one.kind == "equation"
    ]
    return [name for _, _, name in sorted(found)][:_SHOWN]


def _last(variable: Variable, lengths: Mapping[str, int]) -> str:
    steps = tuple(lengths[domain] for domain in variable.domains)
    return str(Target(variable.name, steps, tuple(size - 1 for size in variable.shape)))
