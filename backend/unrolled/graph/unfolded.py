"""The unfolded graph: nodes and edges repeated along the domains; parameters never repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from unrolled.graph.folded import EVERYWHERE, Boundary, Edge, FoldedGraph, Node, Read, Sides
from unrolled.graph.trees import INNER, LEAF, Tree, shapes

Steps = tuple[int, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Unfolded:
    """Nodes are (name, steps); edges are (source, target, parameter). Boundary values have steps outside 1..τ."""

    nodes: tuple[tuple[str, Steps], ...]
    edges: tuple[tuple[tuple[str, Steps], tuple[str, Steps], str | None], ...]

    def __repr__(self) -> str:
        return f"Unfolded({len(self.nodes):,} nodes, {len(self.edges):,} edges)"


@dataclass(frozen=True, slots=True)
class Extents:
    """How far a graph is unfolded: steps a domain (of a tree its nodes), and the shapes of trees."""

    lengths: Mapping[str, int]
    trees: Mapping[str, Tree]

    def is_there(self, domain: str, step: int, nodes: int) -> bool:
        """Whether a step is among these `nodes` of its tree."""
        return bool(nodes & (LEAF if step <= self.trees[domain].leaves else INNER))


def extents_of(
    graph: FoldedGraph, lengths: Mapping[str, int], trees: Mapping[str, Tree] | None = None
) -> Extents:
    """`lengths` of a tree without a shape in `trees` are the leaves of a balanced one."""
    known = shapes(graph.trees, lengths, trees)
    return Extents({**lengths, **{name: tree.nodes for name, tree in known.items()}}, known)


def unfold(
    graph: FoldedGraph, lengths: Mapping[str, int], trees: Mapping[str, Tree] | None = None
) -> Unfolded:
    """Repeat a folded graph along its domains: `lengths[domain]` steps of a chain, the nodes of a tree.

    Nodes of a tree are numbered as in a run: leaves from left to right, parents after their children, the root last.
    A tree without a shape in `trees` is balanced and has `lengths[domain]` leaves. Cut edges and direct parameter
    edges (biases) are left out, as in the book's drawings.
    """
    extents = extents_of(graph, lengths, trees)
    nodes: dict[tuple[str, Steps], None] = {}
    for node in graph.nodes:
        if node.kind in ("input", "variable"):
            for steps in product(*(_steps_of(node, domain, extents) for domain in node.domains)):
                nodes[(node.id, steps)] = None
    edges: list[tuple[tuple[str, Steps], tuple[str, Steps], str | None]] = []
    by_name = {node.id: node for node in graph.nodes}
    for edge in graph.edges:
        source, target = by_name[edge.source], by_name[edge.target]
        if edge.cut or source.kind not in ("input", "variable"):
            continue
        for into in _targets(edge, target, extents):
            for out_of in sources(edge, target.domains, into, extents):
                nodes.setdefault((edge.source, out_of))
                nodes.setdefault((edge.target, into))
                edges.append(((edge.source, out_of), (edge.target, into), edge.parameter))
    return Unfolded(tuple(nodes), tuple(edges))


def _steps_of(node: Node, domain: str, extents: Extents) -> range:
    tree = extents.trees.get(domain) if node.at_leaves else None
    return range(1, (tree.leaves if tree else extents.lengths[domain]) + 1)


def _targets(edge: Edge, target: Node, extents: Extents) -> Iterator[Steps]:
    """Where an edge enters its target, sides of a tree aside."""
    fixed = iter(edge.at or ())
    ranges = [
        range(1, extents.lengths[domain] + 1) if index else [_fixed(next(fixed), extents.lengths)]
        for index, domain in zip(edge.indices, target.domains, strict=True)
    ]
    return product(*ranges)


def sources(edge: Edge, domains: tuple[str, ...], into: Steps, extents: Extents) -> Iterator[Steps]:
    """The steps of its source from which an edge comes to `into`, a place of its target over `domains`."""
    here = dict(zip(edge.indices, into, strict=True))
    over = {read.index: read.domain for read in edge.reads if read.position == "all"}
    running = dict(zip(edge.indices, domains, strict=True))
    for swept in product(*(range(1, extents.lengths[domain] + 1) for domain in over.values())):
        there = dict(zip(over, swept, strict=True))
        if edge.sides != EVERYWHERE and not any(
            _holds(sides, here, running, there, over, extents) for sides in edge.sides
        ):
            continue
        steps = [_step(read, {**here, **there}, extents) for read in edge.reads]
        if None not in steps:
            yield tuple(step for step in steps if step is not None)


def _holds(
    sides: Sides,
    here: Mapping[str, int],
    running: Mapping[str, str],
    there: Mapping[str, int],
    over: Mapping[str, str],
    extents: Extents,
) -> bool:
    """Whether all of some sides hold where the running indices are `here` and the swept ones `there`."""
    for one in sides:
        steps, domains = (there, over) if one.swept else (here, running)
        if one.index in steps and not extents.is_there(
            domains[one.index], steps[one.index], one.nodes
        ):
            return False
    return all(one.nodes for one in sides)


def _fixed(boundary: Boundary, lengths: Mapping[str, int]) -> int:
    start = 0 if boundary.anchor == "start" else lengths[boundary.domain]
    return start + boundary.position


def _step(read: Read, here: Mapping[str, int], extents: Extents) -> int | None:
    """The step that is read; None for the child of a leaf."""
    if read.delay is not None:
        return here[read.index] - read.delay
    side = read.child or read.position
    if side in ("left", "right"):
        pair = extents.trees[read.domain].children[here[read.index] - 1]
        return None if pair is None else pair[side == "right"]
    if side == "all":
        return here[read.index] + read.offset
    if side == "root":
        return extents.lengths[read.domain]
    if side == "end":
        return extents.lengths[read.domain] + read.offset
    assert isinstance(side, int)
    return side
