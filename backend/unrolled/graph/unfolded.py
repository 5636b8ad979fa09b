"""The unfolded graph: nodes and edges repeated along the domains; parameters never repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from unrolled.graph.folded import Boundary, Edge, FoldedGraph, Node, Read

Steps = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unfolded:
    """Nodes are (name, steps); edges are (source, target, parameter). Boundary values have steps outside 1..τ."""

    nodes: tuple[tuple[str, Steps], ...]
    edges: tuple[tuple[tuple[str, Steps], tuple[str, Steps], str | None], ...]


def unfold(graph: FoldedGraph, lengths: Mapping[str, int]) -> Unfolded:
    """Repeat a folded graph of chains along its domains, `lengths[domain]` steps each.

    Cut edges and direct parameter edges (biases) are left out, as in the book's drawings.
    """
    nodes: dict[tuple[str, Steps], None] = {}
    for node in graph.nodes:
        if node.kind in ("input", "variable"):
            for steps in product(*(range(1, lengths[domain] + 1) for domain in node.domains)):
                nodes[(node.id, steps)] = None
    edges: list[tuple[tuple[str, Steps], tuple[str, Steps], str | None]] = []
    by_name = {node.id: node for node in graph.nodes}
    for edge in graph.edges:
        source, target = by_name[edge.source], by_name[edge.target]
        if edge.cut or source.kind not in ("input", "variable"):
            continue
        for into, out_of in _pairs(edge, target, lengths):
            nodes.setdefault((edge.source, out_of))
            nodes.setdefault((edge.target, into))
            edges.append(((edge.source, out_of), (edge.target, into), edge.parameter))
    return Unfolded(tuple(nodes), tuple(edges))


def _pairs(edge: Edge, target: Node, lengths: Mapping[str, int]) -> Iterator[tuple[Steps, Steps]]:
    """Where an edge enters its target, and the step of its source that it leaves."""
    fixed = iter(edge.at or ())
    ranges = [
        range(1, lengths[domain] + 1) if index else [_fixed(next(fixed), lengths)]
        for index, domain in zip(edge.indices, target.domains, strict=True)
    ]
    swept = {read.index: lengths[read.domain] for read in edge.reads if read.position == "all"}
    for into in product(*ranges):
        here = dict(zip(edge.indices, into, strict=True))
        for steps in product(*(range(1, length + 1) for length in swept.values())):
            there = {**here, **dict(zip(swept, steps, strict=True))}
            yield into, tuple(_step(read, there, lengths) for read in edge.reads)


def _fixed(boundary: Boundary, lengths: Mapping[str, int]) -> int:
    start = 0 if boundary.anchor == "start" else lengths[boundary.domain]
    return start + boundary.position


def _step(read: Read, here: Mapping[str, int], lengths: Mapping[str, int]) -> int:
    if read.delay is not None:
        return here[read.index] - read.delay
    if read.position == "all":
        return here[read.index] + read.offset
    if read.position == "end":
        return lengths[read.domain] + read.offset
    if isinstance(read.position, int):
        return read.position
    raise ValueError(f"{read.position} needs a tree, which is given with a run")
