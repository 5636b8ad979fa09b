"""Graphs and schedules in short words, as the book's figures are transcribed."""

from __future__ import annotations

from collections.abc import Iterable

from unrolled.graph import Component, Edge, FoldedGraph, Schedule


def edge_words(edge: Edge) -> str:
    """`h -> f : W_f @1`: source, target, parameter, and how far back (or where) it reads."""
    words = f"{edge.source} -> {edge.target} : {edge.parameter or '-'}"
    for read in edge.reads:
        if read.delay is None:
            words += f" @{read.position}{f'{read.offset:+d}' if read.offset else ''}"
        elif read.delay:
            words += f" @{read.delay}"
    for one in edge.at or ():
        words += f" into {one.anchor}{one.position:+d}"
    return words


def edges_of(graph: FoldedGraph, *, cut: bool = False) -> set[str]:
    """The edges between inputs and variables; those that are cut only on request."""
    names = {node.id for node in graph.nodes if node.kind in ("input", "variable")}
    return {edge_words(edge) for edge in graph.edges if edge.source in names and edge.cut == cut}


def lines(text: str) -> set[str]:
    """Edges written one below the other, or between semicolons."""
    return {line.strip() for line in text.replace(";", "\n").split("\n") if line.strip()}


def components(
    plan: Schedule, parts: Iterable[Component] | None = None, depth: int = 0
) -> list[str]:
    """`map t: o L` or `scan t forward: h`, each with what it computes; insides are indented."""
    found: list[str] = []
    program = plan.program
    for part in plan.components if parts is None else parts:
        inside = part.all_instructions()
        names = [name for name, identity in program.variables.items() if identity in inside]
        where = f" {part.index}" if part.index else ""
        direction = f" {part.direction}" if part.direction else ""
        found.append(f"{'  ' * depth}{part.kind}{where}{direction}: {' '.join(names)}".rstrip())
        if part.kind == "scan":
            found += components(plan, part.body, depth + 1)
    return found
