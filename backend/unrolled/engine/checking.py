"""What a run is asked for, checked against the recurrence before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Integral

from unrolled.engine.problems import RunError, RunProblem, escape, refuse
from unrolled.graph import operations
from unrolled.language import Recurrence, listed


def check_names(
    recurrence: Recurrence,
    *,
    inputs: Mapping[str, object],
    lengths: Mapping[str, int],
    parameters: Mapping[str, object],
    settings: Mapping[str, float],
    variables: Sequence[str] | None,
    observed: Collection[str] = (),
) -> None:
    """Every name of a request is one of the recurrence. Raises `RunError` with all that are not."""
    given = [
        *(one.name for one in recurrence.variables.values() if one.kind == "input"),
        *observed,
    ]
    parts = (
        ("inputs", "input-unknown", inputs, given),
        ("lengths", "length-unknown-domain", lengths, recurrence.domains),
        ("parameters/values", "parameter-unknown", parameters, recurrence.parameters),
        ("settings", "setting-unknown", settings, recurrence.settings),
    )
    found = [
        unknown(f"/{field}/{escape(name)}", code, name, known)
        for field, code, names, known in parts
        for name in names
        if name not in known
    ]
    found += [
        unknown(f"/variables/{place}", "variable-unknown", name, recurrence.variables)
        for place, name in enumerate(variables or ())
        if not spread(recurrence, name)
    ]
    if found:
        raise RunError(found)


def unknown(pointer: str, code: str, name: str, known: Iterable[str]) -> RunProblem:
    """That there is no such name, and which there are."""
    return RunProblem(pointer, code, {"name": name[:30], "names": listed(known)})


def asked_names(recurrence: Recurrence, variables: Sequence[str] | None) -> list[str]:
    """Names and operation ids that a run is asked for; `f/*` spreads.

    A recurrence with observed variables has `log_p/…` among its variables.
    """
    if variables is None:
        return list(recurrence.variables)
    return list(dict.fromkeys(one for name in variables for one in spread(recurrence, name)))


def spread(recurrence: Recurrence, name: str) -> list[str]:
    """What a name stands for: itself, or all operations of `f/*`; nothing where it is unknown."""
    if name in recurrence.variables or name in recurrence.parameters:
        return [name]
    base, _, part = name.partition("/")
    equation = next((one for one in recurrence.equations if one.variable == base), None)
    if equation is None or not part:
        return []
    known = [identity for identity, _ in operations(recurrence, equation)]
    return known if part == "*" else [name] * (name in known)


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
        setting = recurrence.settings[name]
        if not setting.minimum <= value <= setting.maximum:
            raise refuse(
                f"/settings/{escape(name)}", "setting-range", name=name, minimum=f"{setting.minimum:g}", maximum=f"{setting.maximum:g}"
            )  # fmt: skip
    return {name: given.get(name, one.value) for name, one in recurrence.settings.items()}
