"""What part each variable plays, read off the equations: input, state, gate, output, loss and so on."""

from __future__ import annotations

from typing import Literal

import networkx as nx

from unrolled.language import Recurrence, Term

Role = Literal[
    "input",
    "target",
    "state",
    "hidden",
    "gate",
    "output",
    "probability",
    "loss",
    "attention",
    "memory",
    "parameter",
]

_LOSSES = ("cross_entropy", "squared_error")


def roles(recurrence: Recurrence) -> dict[str, Role]:
    """The role of every variable and input.

    A *gate* is a sigmoid that multiplies something elsewhere; a *state* is read at another step; a
    *loss* is a loss function or a sum of losses; an *output* is what a loss judges, or what nothing else
    needs; *hidden* is what feeds a state within its step.
    """
    feeds: nx.DiGraph[str] = nx.DiGraph()
    feeds.add_nodes_from(recurrence.variables)
    carried: set[str] = set()
    factors: set[str] = set()
    judged: set[str] = set()
    for equation in recurrence.equations:
        for term in equation.term.walk():
            reference = term.reference
            if reference is not None and reference.name in recurrence.variables:
                feeds.add_edge(reference.name, equation.variable)
                if any(
                    (position.anchor == "shift" and position.offset)
                    or position.anchor in ("left", "right")
                    for position in reference.positions
                ):
                    carried.add(reference.name)
            if term.function == "multiply":
                factors |= _names(term)
            if term.function in _LOSSES and (predicted := term.operands[0].reference) is not None:
                judged.add(predicted.name)
    found: dict[str, Role] = {}
    for name, variable in recurrence.variables.items():
        if variable.kind == "input":
            found[name] = "target" if variable.is_target else "input"
            continue
        term = recurrence.equation(name).term
        if _is_loss(term, found):
            found[name] = "loss"
        elif name in judged:
            found[name] = "output"
        elif term.function == "softmax" and term.over:
            found[name] = "attention"
        elif len(variable.shape) == 2 and name in carried:
            found[name] = "memory"
        elif term.function == "sigmoid" and name in factors and name not in carried:
            found[name] = "gate"
        elif name in carried:
            found[name] = "state"
        elif term.function == "softmax":
            found[name] = "probability"
        elif any(
            nx.has_path(feeds, name, state)
            for state in carried
            if recurrence.variables[state].kind != "input"
        ):
            found[name] = "hidden"
        else:
            found[name] = "output"
    return found


def _is_loss(term: Term, found: dict[str, Role]) -> bool:
    if term.function in _LOSSES:
        return True
    if term.function in ("sum", "mean", "add"):
        references = [one.reference.name for one in term.walk() if one.reference is not None]
        return bool(references) and all(found.get(name) == "loss" for name in references)
    return False


def _names(term: Term) -> set[str]:
    """Names that are a factor: direct operands, also as 1 - u."""
    names: set[str] = set()
    for operand in term.operands:
        inner = operand.operands if operand.function in ("subtract", "add") else (operand,)
        names |= {one.reference.name for one in inner if one.reference is not None}
    return names
