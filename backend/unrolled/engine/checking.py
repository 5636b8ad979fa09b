"""What a run is asked for, checked against the recurrence before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral

from unrolled.engine.problems import escape, refuse
from unrolled.graph import operations
from unrolled.language import Recurrence


def asked_names(recurrence: Recurrence, variables: Sequence[str] | None) -> list[str]:
    """Names and operation ids that a run is asked for; `f/*` spreads. Raises `RunError`.

    A recurrence with observed variables has `log_p/…` among its variables.
    """
    if variables is None:
        return list(recurrence.variables)
    known = {*recurrence.variables, *recurrence.parameters}
    equations = {one.variable: one for one in recurrence.equations}
    names: list[str] = []
    for place, name in enumerate(variables):
        base, slash, part = name.partition("/")
        if name in known:
            names.append(name)
        elif slash and base in equations and part == "*":
            names += [identity for identity, _ in operations(recurrence, equations[base])]
        elif (
            slash
            and base in equations
            and name in {identity for identity, _ in operations(recurrence, equations[base])}
        ):
            names.append(name)
        else:
            raise refuse(
                f"/variables/{place}",
                "variable-unknown",
                name=name[:30],
                names=", ".join(recurrence.variables),
            )
    return list(dict.fromkeys(names))


def check_whole(name: str, value: object, least: int) -> None:
    """A field of the request is a whole number, and not too small. Raises `RunError`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise refuse(f"/{name}", "number-whole", name=name, have=repr(value)[:30], least=str(least))


def check_steps(recurrence: Recurrence, lengths: Mapping[str, int]) -> None:
    """Fixed steps such as h[7] must lie inside the run."""
    for equation in (*recurrence.equations, *recurrence.boundaries):
        for term in equation.term.walk():
            for position in term.reference.positions if term.reference else ():
                length = lengths[position.domain]
                late = position.anchor == "start" and position.offset > length
                early = position.anchor == "end" and position.offset <= -length
                if late or early:
                    raise refuse(
                        f"/lengths/{escape(position.domain)}",
                        "step-outside",
                        reference=str(term.reference),
                        length=str(length),
                    )


def read_settings(recurrence: Recurrence, given: Mapping[str, float]) -> dict[str, float]:
    """The value of every slider. Raises `RunError` outside its limits."""
    for name, value in given.items():
        if name not in recurrence.settings:
            names = ", ".join(recurrence.settings) or "-"
            raise refuse(
                f"/settings/{escape(name)}", "setting-unknown", name=name[:30], names=names
            )
        setting = recurrence.settings[name]
        if not setting.minimum <= value <= setting.maximum:
            raise refuse(
                f"/settings/{escape(name)}", "setting-range", name=name, minimum=f"{setting.minimum:g}", maximum=f"{setting.maximum:g}"
            )  # fmt: skip
    return {name: given.get(name, one.value) for name, one in recurrence.settings.items()}
