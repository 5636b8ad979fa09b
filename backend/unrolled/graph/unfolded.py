"""The unfolded graph: nodes and edges repeated along the domains; parameters never repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from unrolled.graph.folded import Edge, FoldedGraph, Node, Read

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
        for into, out_of in _pairs(edge, source, target, lengths):
            nodes.setdefault((edge.source, out_of))
            nodes.setdefault((edge.target, into))
            edges.append(((edge.source, out_of), (edge.target, into), edge.parameter))
    return Unfolded(tuple(nodes), tuple(edges))


def _pairs(
    edge: Edge, source: Node, target: Node, lengths: Mapping[str, int]
) -> Iterator[tuple[Steps, Steps]]:
    fixed = {
        one.domain: one.position if one.anchor == "start" else lengths[one.domain] + one.position
        for one in edge.at or ()
    }
    ranges = [
        [fixed[domain]] if domain in fixed else range(1, lengths[domain] + 1)
        for domain in target.domains
    ]
    for into in product(*ranges):
        here = dict(zip(target.domains, into, strict=True))
        choices = [_steps(read, here, lengths) for read in edge.reads]
        for out_of in product(*choices):
            yield into, out_of


def _steps(read: Read, here: Mapping[str, int], lengths: Mapping[str, int]) -> list[int]:
    if read.delay is not None:
        return [here[read.domain] - read.delay]
    if read.position == "all":
        return list(range(1, lengths[read.domain] + 1))
    if read.position == "end":
        return [lengths[read.domain] + read.offset]
    if isinstance(read.position, int):
        return [read.position]
    raise ValueError(f"{read.position} needs a tree, which is given with a run")
