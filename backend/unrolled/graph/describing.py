"""A recurrence as plain data: everything that is derived from a text without running it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from math import prod
from typing import Any

from unrolled.graph.cost import cost
from unrolled.graph.facts import facts
from unrolled.graph.folded import Boundary, Edge, Node, Read, fold, read_position
from unrolled.graph.program import Program
from unrolled.graph.schedule import Component, Schedule, operand_text, schedule
from unrolled.graph.trees import Tree
from unrolled.language import Equation, Recurrence, Reference, Shape, Term
from unrolled.language.latex import equation_latex, numbers_latex, term_latex
from unrolled.language.statements import near_name

DEFAULT_STEPS = 12


def describe(
    recurrence: Recurrence,
    lengths: Mapping[str, int] | None = None,
    forcing: float = 1.0,
    held: Collection[str] = (),
    trees: Mapping[str, Tree] | None = None,
) -> dict[str, Any]:
    """Folded graph, equations, schedule, parameters, cost and facts, ready for JSON.

    `lengths` are steps a domain (12 where not given), of a tree the leaves of a balanced one unless `trees` has its
    shape; `forcing` from 0 to 1; `held`: variables that a run holds at given values, at every step and unit. Raises
    `LanguageError` where the equations have no order.
    """
    plan = schedule(recurrence, forcing, dict.fromkeys(held, True))
    graph = fold(recurrence, forcing, held)
    known = {domain: (lengths or {}).get(domain, DEFAULT_STEPS) for domain in recurrence.domains}
    return {
        "equations_text": recurrence.text,
        "domains": [
            {"name": one.name, "index": one.index, "kind": one.kind}
            for one in recurrence.domains.values()
        ],
        "sizes": {
            name: list(size) if isinstance(size, tuple) else size
            for name, size in recurrence.sizes.items()
        },
        "settings": [
            {"name": one.name, "value": one.value, "minimum": one.minimum, "maximum": one.maximum}
            for one in recurrence.settings.values()
        ],
        "graph": {
            "nodes": [_node(node) for node in graph.nodes],
            "edges": [_edge(edge) for edge in graph.edges],
        },
        "equations": [
            _equation(recurrence, one) for one in (*recurrence.boundaries, *recurrence.equations)
        ],
        "schedule": [_component(plan, one) for one in plan.components],
        "parameters": [
            {
                "name": one.name,
                "shape": list(one.shape),
                "count": prod(one.shape),
                "trained": one.trained,
            }
            for one in recurrence.parameters.values()
        ],
        "cost": asdict(cost(plan, known, trees)),
        "facts": facts(recurrence, graph, plan, known, trees),
        "has_forcing": any(
            term.function == "force" for one in recurrence.equations for term in one.term.walk()
        ),
        "is_random": any(
            term.function in ("sample", "bernoulli", "normal")
            for one in recurrence.equations
            for term in one.term.walk()
        ),
        "misspelt": _misspelt(recurrence),
    }


def _misspelt(recurrence: Recurrence) -> list[dict[str, Any]]:
    """Inputs whose names are nearly that of a variable with an equation: a slip of the pen reads random numbers."""
    made = [one.name for one in recurrence.variables.values() if one.kind == "equation"]
    found: list[dict[str, Any]] = []
    for one in recurrence.variables.values():
        if one.kind != "input" or one.name in recurrence.sizes:
            continue
        if meant := near_name(one.name, made):
            found.append({"name": one.name, "line": one.line, "meant": meant})
    return found


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": node.kind,
        "role": node.role,
        "domains": list(node.domains),
        "shape": list(node.shape),
        "one_hot": node.one_hot,
        "latex": node.latex,
        "line": node.line,
        "boundary": [_boundary(one) for one in node.boundary],
        "trained": node.trained,
        "initial": node.initial,
    }


def _boundary(boundary: Boundary) -> dict[str, Any]:
    return {"domain": boundary.domain, "position": boundary.position, "anchor": boundary.anchor}


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "id": edge.id,
        "source": edge.source,
        "target": edge.target,
        "parameter": edge.parameter,
        "reads": [_read_data(read) for read in edge.reads],
        "operation": edge.operation,
        "cut": edge.cut,
        "at": None if edge.at is None else [_boundary(one) for one in edge.at],
    }


def _read_data(read: Read) -> dict[str, Any]:
    data: dict[str, Any] = {"domain": read.domain}
    if read.delay is not None:
        data["delay"] = read.delay
    else:
        data["position"] = read.position
        if read.offset:
            data["offset"] = read.offset
    return data


def operations(recurrence: Recurrence, equation: Equation) -> list[tuple[str, Term]]:
    """The terms of an equation in preorder, each with its id: `f/0` is the whole right side.

    A boundary value with two indices is `e[t;0]/0`: LaTeX marks, which hold the id, end at a comma.
    """
    name = (
        str(Reference(equation.variable, equation.position)).replace(", ", ";")
        if equation.position
        else equation.variable
    )
    return [(f"{name}/{number}", term) for number, term in enumerate(equation.term.walk())]


def operation_place(
    recurrence: Recurrence, equation: Equation, term: Term
) -> tuple[Shape, tuple[str, ...]]:
    """Shape and domains of an operation; the whole right side has those of its variable."""
    if term is equation.term and equation.position is None:
        variable = recurrence.variables[equation.variable]
        return variable.shape, variable.domains
    return term.shape, tuple(recurrence.index_domains[index] for index in term.indices)


def _equation(recurrence: Recurrence, equation: Equation) -> dict[str, Any]:
    named = operations(recurrence, equation)
    identities = {id(term): identity for identity, term in named}
    swept = dict(_swept(equation.term, frozenset()))
    lines = recurrence.text.split("\n")
    span = equation.span
    text = "\n".join(lines[span.line - 1 : span.end_line]).strip()
    position = next(
        (one for one in equation.position or () if one.anchor in ("start", "end")), None
    )
    return {
        "variable": equation.variable,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "text": text,
        "latex": equation_latex(recurrence, equation),
        "marked": equation_latex(recurrence, equation, marked=True),
        "numbers": numbers_latex(recurrence, equation, identities),
        "boundary": None
        if position is None
        else {"domain": position.domain, "position": position.offset, "anchor": position.anchor},
        "operations": [
            _operation(recurrence, equation, identity, term, identities, swept)
            for identity, term in named
        ],
    }


def _operation(
    recurrence: Recurrence,
    equation: Equation,
    identity: str,
    term: Term,
    identities: Mapping[int, str],
    swept: Mapping[int, frozenset[str]],
) -> dict[str, Any]:
    shape, domains = operation_place(recurrence, equation, term)
    return {
        "id": identity,
        "function": term.function,
        "operands": [identities[id(operand)] for operand in term.operands],
        "latex": term_latex(recurrence, term),
        "shape": list(shape),
        "domains": list(domains),
        "reference": term.reference.name if term.reference else None,
        "reads": [
            _read_data(read_position(position, swept[id(term)]))
            for position in term.reference.positions
        ]
        if term.reference
        else [],
    }


def _swept(term: Term, over: frozenset[str]) -> Iterator[tuple[int, frozenset[str]]]:
    """Which indices a sum around a term sweeps, by the term's `id`."""
    yield id(term), over
    for operand in term.operands:
        yield from _swept(operand, over | frozenset(term.over))


def _component(plan: Schedule, component: Component) -> dict[str, Any]:
    program = plan.program
    inside = component.all_instructions()
    variables = [name for name in program.variables if program.variables[name] in inside]
    domain = program.recurrence.index_domains[component.index] if component.index else None
    return {
        "kind": component.kind,
        "domain": domain,
        "direction": component.direction,
        "variables": variables,
        "operations": [_text(program, identity) for identity in component.instructions],
        "stacked": [_stack_names(program, group) for group in _all_stacks(component)],
        "body": [_component(plan, inner) for inner in component.body],
    }


def _all_stacks(component: Component) -> list[tuple[int, ...]]:
    return [
        *component.stacked,
        *(group for inner in component.body for group in _all_stacks(inner)),
    ]


def _stack_names(program: Program, group: tuple[int, ...]) -> list[str]:
    return [operand_text(program, program.instructions[identity].operands[0]) for identity in group]


def _text(program: Program, identity: int) -> str:
    instruction = program.instructions[identity]
    name = instruction.variable
    if instruction.boundary:
        name = str(Reference(instruction.name or "", instruction.boundary))
    elif name and instruction.indices:
        name = f"{name}[{', '.join(instruction.indices)}]"
    return f"{name} = {instruction.text}" if name else instruction.text
