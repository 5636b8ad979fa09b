"""The graph as a figure draws it: equations opened into their operations, or variables left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from unrolled.graph.unfolded import Steps, Unfolded
from unrolled.language import Equation, Position, Recurrence, Reference, Term, Variable

_ABSORBED = ("add", "subtract", "negative", "transpose", "sum", "mean", "concat")
"""Functions that a figure draws as edges meeting in the next node."""


def opened(recurrence: Recurrence) -> Recurrence:
    """The recurrence with every operation inside an equation as a variable of its own.

    An operation that is drawn is a nonlinear function, or a product of two variables; matrices, biases and sums are
    the edges into it. Its name is its id in the description, as `s/1`. Boundary values stay as they are.
    """
    variables = dict(recurrence.variables)
    equations: list[Equation] = []
    for equation in recurrence.equations:
        made: list[Equation] = []
        numbers = {id(term): number for number, term in enumerate(equation.term.walk())}
        equations.append(
            replace(equation, term=_split(recurrence, equation, equation.term, numbers, made))
        )
        for one in made:
            domains = tuple(recurrence.index_domains[index] for index in one.indices)
            variables[one.variable] = Variable(
                one.variable, "equation", domains, one.indices, one.term.shape, False, False, one.span
            )  # fmt: skip
        equations += made
    return replace(recurrence, variables=variables, equations=tuple(equations))


def _split(
    recurrence: Recurrence,
    equation: Equation,
    term: Term,
    numbers: dict[int, int],
    made: list[Equation],
) -> Term:
    operands = tuple(
        _split(recurrence, equation, operand, numbers, made) for operand in term.operands
    )
    rebuilt = replace(term, operands=operands)
    if term is equation.term or not _is_drawn(recurrence, term):
        return rebuilt
    name = f"{equation.variable}/{numbers[id(term)]}"
    made.append(Equation(name, term.indices, rebuilt, term.span))
    positions = tuple(
        Position("shift", index, recurrence.index_domains[index]) for index in term.indices
    )
    return Term(
        "reference", (), term.span, reference=Reference(name, positions), shape=term.shape, indices=term.indices
    )  # fmt: skip


def _is_drawn(recurrence: Recurrence, term: Term) -> bool:
    if term.function in (*_ABSORBED, "number", "index", "reference") or not term.operands:
        return False
    moving = sum(_has_variable(recurrence, operand) for operand in term.operands)
    if term.function in ("multiply", "matmul", "divide"):
        return moving > 1
    return moving > 0


def _has_variable(recurrence: Recurrence, term: Term) -> bool:
    return any(
        one.reference is not None and one.reference.name in recurrence.variables
        for one in term.walk()
    )


def restricted(graph: Unfolded, is_drawn: Callable[[str, Steps], bool]) -> Unfolded:
    """The unfolded graph without some of its nodes; what they read feeds what reads them.

    Leaving out the hidden units of Fig 10.8 gives the complete graph of Fig 10.7. New edges carry no parameter, and
    there is one of them between two nodes at most, beside those that were there.
    """
    into: dict[tuple[str, Steps], dict[tuple[tuple[str, Steps], str | None, int], None]] = {}
    for number, (source, target, parameter) in enumerate(graph.edges):
        into.setdefault(target, {})[(source, parameter, number + 1)] = None
    out_of: dict[tuple[str, Steps], set[tuple[str, Steps]]] = {}
    for source, target, _ in graph.edges:
        out_of.setdefault(source, set()).add(target)
    kept = [node for node in graph.nodes if is_drawn(*node)]
    for node in graph.nodes:
        if is_drawn(*node):
            continue
        before = into.pop(node, {})
        readers = out_of.pop(node, set[tuple[str, Steps]]())
        for reader in readers:
            edges = into.get(reader, {})
            for edge in [one for one in edges if one[0] == node]:
                del edges[edge]
            known = {one[0] for one in edges if not one[2]}
            for source, _, _ in before:
                if source not in known:
                    edges[(source, None, 0)] = None
                    known.add(source)
                    out_of.setdefault(source, set()).add(reader)
        for source, _, _ in before:
            out_of.get(source, set()).discard(node)
    drawn = set(kept)
    edges = tuple(
        (source, target, parameter)
        for target, found in into.items()
        for source, parameter, _ in found
        if source in drawn and target in drawn
    )
    return Unfolded(tuple(kept), edges)
