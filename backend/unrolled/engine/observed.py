"""Random variables that were observed: given like an input, and how probable the run found them.

`y[t] = sample(p[t])` with `y` among the inputs takes the given values; everything downstream reads them, and
`log_p/y` is the logarithm of their probability at every step. That is one more equation, so it is ordered,
computed, streamed and differentiated like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch

from unrolled.engine.clamps import Clamp
from unrolled.engine.data import Given
from unrolled.engine.problems import escape, refuse
from unrolled.graph.nulls import has_null
from unrolled.graph.program import PLACE
from unrolled.language import Equation, Position, Recurrence, Reference, Shape, Term, Variable

DISTRIBUTIONS: Final = ("sample", "bernoulli", "normal")
LOG_P: Final = "log_p/"


@dataclass(frozen=True, slots=True)
class Observed:
    """The observed variables of a run, each with whether all its steps are; and the recurrence with `log_p/…`."""

    recurrence: Recurrence
    is_whole: Mapping[str, bool]

    @property
    def names(self) -> list[str]:
        """What is recorded besides: `log_p/y`."""
        return [f"{LOG_P}{name}" for name in self.is_whole]


def observe(
    recurrence: Recurrence, inputs: Mapping[str, Any], clamp: Sequence[Mapping[str, Any]]
) -> Observed:
    """Which random variables the inputs give. Raises `RunError` where one cannot be observed."""
    is_whole: dict[str, bool] = {}
    for name, form in inputs.items():
        variable = recurrence.variables.get(name)
        if variable is None or variable.kind != "equation" or form is None:
            continue
        pointer = f"/inputs/{escape(name)}"
        term = recurrence.equation(name).term
        if term.function not in DISTRIBUTIONS or term.shape != variable.shape:
            if any(one.function in DISTRIBUTIONS for one in term.walk()):
                raise refuse(pointer, "observed-root", name=name)
            continue
        if any(one.get("variable") == name for one in clamp):
            raise refuse(pointer, "observed-held", name=name)
        is_whole[name] = not has_null(form)
    return Observed(_with_log_p(recurrence, is_whole), is_whole)


def as_inputs(observed: Observed) -> dict[str, Variable]:
    """Observed variables as inputs that wait for their values: one-hot where a sample is."""
    recurrence = observed.recurrence
    return {
        name: replace(
            recurrence.variables[name], one_hot=recurrence.equation(name).term.function == "sample"
        )
        for name in observed.is_whole
    }


def as_held(observed: Observed, given: Mapping[str, Given]) -> dict[str, Clamp]:
    """Given values as what the run holds. Raises `RunError` where they cannot have been drawn."""
    return {name: _as_held(observed.recurrence, name, given[name]) for name in observed.is_whole}


def _as_held(recurrence: Recurrence, name: str, given: Given) -> Clamp:
    variable, function = recurrence.variables[name], recurrence.equation(name).term.function
    values = given.values
    place = (
        torch.ones(values.shape[: len(variable.domains)]) if given.stands is None else given.stands
    )
    is_wrong = function != "normal" and bool(((values != 0) & (values != 1)).any())
    if function == "sample":
        is_wrong = is_wrong or bool(((values.sum(-1) != 1) & (place == 1).unsqueeze(-1)).any())
    if is_wrong:
        raise refuse(f"/inputs/{escape(name)}", "observed-values", name=name)
    return Clamp(place.reshape(*place.shape, *([1] * (1 + len(variable.shape)))), values)


# the equations of log_p


def _with_log_p(recurrence: Recurrence, is_whole: Mapping[str, bool]) -> Recurrence:
    if not is_whole:
        return recurrence
    variables, equations = dict(recurrence.variables), list[Equation]()
    for name, whole in is_whole.items():
        variable, equation = recurrence.variables[name], recurrence.equation(name)
        own = replace(variable, shape=(), one_hot=False, is_target=False)
        variables[f"{LOG_P}{name}"] = replace(own, name=f"{LOG_P}{name}")
        term = _log_p(variable, equation)
        if not whole:
            place = Reference(f"{PLACE}{name}")
            mask = Term("reference", (), equation.span, reference=place, indices=equation.indices)
            zero = Term("number", (), equation.span, value=0.0)
            term = Term("where", (mask, term, zero), equation.span, indices=variable.indices)
        equations.append(Equation(f"{LOG_P}{name}", equation.indices, term, equation.span))
    # before the others: what is drawn inside is named by the last line in which it stands
    return replace(recurrence, variables=variables, equations=(*equations, *recurrence.equations))


def _read(variable: Variable, equation: Equation) -> Term:
    """A variable at the step of an equation."""
    positions = tuple(
        Position("shift", index, domain)
        for index, domain in zip(equation.indices, variable.domains, strict=True)
    )
    return Term(
        "reference",
        (),
        equation.span,
        reference=Reference(variable.name, positions),
        shape=variable.shape,
        indices=equation.indices,
    )


def _log_p(variable: Variable, equation: Equation) -> Term:
    """The logarithm of the probability (of the density) of a variable's value at one step."""

    def call(function: str, *operands: Term) -> Term:
        shape: Shape = max((one.shape for one in operands), key=len)
        indices = {index for one in operands for index in one.indices}
        order = tuple(index for index in equation.indices if index in indices)
        return Term(function, operands, equation.span, shape=shape, indices=order)

    def number(value: float) -> Term:
        return Term("number", (), equation.span, value=value)

    def total(term: Term) -> Term:
        return replace(call("sum", term), shape=()) if variable.shape else term

    value, term = _read(variable, equation), equation.term
    match term.function:
        case "sample":
            return call("log", total(call("multiply", value, term.operands[0])))
        case "bernoulli":
            p = term.operands[0]
            tails = call(
                "multiply", call("subtract", number(1), value), call("subtract", number(1), p)
            )
            heads = call("multiply", value, p)
            return total(call("log", call("add", heads, tails)))
        case _:
            mean, deviation = term.operands
            ratio = call("divide", call("subtract", value, mean), deviation)
            square = call("multiply", number(0.5), call("multiply", ratio, ratio))
            spread = call("add", call("log", deviation), number(0.5 * math.log(2 * math.pi)))
            return total(call("negative", call("add", square, spread)))
