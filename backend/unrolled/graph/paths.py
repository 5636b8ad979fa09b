"""Paths through the unfolded graph, from the folded graph alone: shortest, longest, how many.

A path from one variable at one step to another is what a gradient (backwards) or a signal (forwards) takes.
Only the steps between are visited, each edge once, however long the sequence is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import log10

import networkx as nx

from unrolled.graph.folded import EVERYWHERE, Edge, FoldedGraph, Read
from unrolled.graph.trees import Tree
from unrolled.graph.unfolded import Steps, extents_of, sources

Place = tuple[str, Steps]
"""A node of the unfolded graph: a variable and its steps, one a domain."""

MOST_PLACES = 100_000
"""Nodes of the unfolded graph that a search may visit."""


class TooManyPlacesError(ValueError):
    """The search would visit more of the unfolded graph than `MOST_PLACES`."""


@dataclass(frozen=True, slots=True)
class Path:
    """`places` in order, both ends among them; `edges` their folded edges' ids, one fewer.

    `nonlinear` counts the nonlinear functions on the way.
    """

    nonlinear: int
    places: tuple[Place, ...]
    edges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """`count` of all paths; the `shortest` and the `longest` in edges, and the one with the fewest nonlinear steps.

    All three are None where there is no path.
    """

    count: int
    shortest: Path | None
    longest: Path | None
    straightest: Path | None

    @property
    def log10_count(self) -> float | None:
        """The common logarithm of `count`, which may be larger than any float."""
        return log10(self.count) if self.count else None


@dataclass(slots=True)
class _Best:
    """What is known of the paths from the source to a place: a number, and the edge that it comes over."""

    count: int = 0
    least: tuple[int, int] = (0, 0)
    most: int = 0
    straight: tuple[int, int] = (0, 0)
    by: dict[str, tuple[str | None, Place, int]] = field(
        default_factory=dict[str, tuple[str | None, Place, int]]
    )


@dataclass(frozen=True, slots=True)
class _Way:
    """One edge of the unfolded graph into a place. `edge` is None inside a sweep, which costs nothing."""

    edge: str | None
    source: Place
    nonlinear: tuple[int, int]


def paths(
    graph: FoldedGraph,
    source: Place,
    target: Place,
    lengths: Mapping[str, int],
    trees: Mapping[str, Tree] | None = None,
) -> Paths:
    """All paths from one place of the unfolded graph to another.

    `lengths`: steps a domain; of a tree without a shape in `trees` the leaves of a balanced one. Raises
    `TooManyPlacesError`; `KeyError` for a variable that the graph does not have.
    """
    into = _Into(graph, lengths, trees)
    best: dict[Place, _Best] = {}
    for place in _in_order(into, source, target):
        if place == source:
            best[place] = _Best(1)
            continue
        found = _Best()
        for way in into(place):
            before = best.get(way.source)
            if before is not None:
                _extend(found, before, way)
        if found.count:
            best[place] = found
    if target not in best:
        return Paths(0, None, None, None)
    last = best[target]
    walked = (_walk(best, source, target, one) for one in ("least", "most", "straight"))
    return Paths(last.count, *walked)


def _extend(found: _Best, before: _Best, way: _Way) -> None:
    """Paths to a place over one more edge."""
    step = way.edge is not None
    low, high = way.nonlinear
    is_first = not found.count
    found.count += before.count
    least = (before.least[0] + step, before.least[1] + low)
    if is_first or least < found.least:
        found.least = least
        found.by["least"] = (way.edge, way.source, low)
    if is_first or before.most + step > found.most:
        found.most = before.most + step
        found.by["most"] = (way.edge, way.source, high)
    straight = (before.straight[0] + low, before.straight[1] + step)
    if is_first or straight < found.straight:
        found.straight = straight
        found.by["straight"] = (way.edge, way.source, low)


def _walk(best: Mapping[Place, _Best], source: Place, target: Place, kind: str) -> Path:
    places: list[Place] = [target]
    edges: list[str] = []
    nonlinear = 0
    place = target
    while place != source:
        edge, place, passed = best[place].by[kind]
        nonlinear += passed
        if edge is not None:
            places.append(place)
            edges.append(edge)
        else:
            places[-1] = place
    return Path(nonlinear, tuple(reversed(places)), tuple(reversed(edges)))


def _in_order(into: _Into, source: Place, target: Place) -> list[Place]:
    """The target and everything before it, each after what it reads; nothing beyond the source."""
    order: list[Place] = []
    seen = {target}
    stack: list[tuple[Place, Iterator[_Way]]] = [(target, iter(into(target)))]
    while stack:
        place, ways = stack[-1]
        for way in ways:
            if way.source not in seen and into.can_reach(source, way.source):
                seen.add(way.source)
                if len(seen) > MOST_PLACES:
                    raise TooManyPlacesError(str(MOST_PLACES))
                follows = iter(()) if way.source == source else iter(into(way.source))
                stack.append((way.source, follows))
                break
        else:
            order.append(place)
            stack.pop()
    return order


class _Into:
    """The edges into a place of the unfolded graph."""

    def __init__(
        self,
        graph: FoldedGraph,
        lengths: Mapping[str, int],
        trees: Mapping[str, Tree] | None,
    ) -> None:
        self.extents = extents_of(graph, lengths, trees)
        self.lengths = self.extents.lengths
        self.domains = {node.id: node.domains for node in graph.nodes}
        known = {node.id for node in graph.nodes if node.kind in ("input", "variable")}
        used = [edge for edge in graph.edges if not edge.cut and edge.source in known]
        self.edges: dict[str, list[Edge]] = {name: [] for name in known}
        for edge in used:
            self.edges[edge.target].append(edge)
        self.simple = {
            name: bool(edges) and all(_is_simple(edge, self.domains[name]) for edge in edges)
            for name, edges in self.edges.items()
        }
        feeds: nx.DiGraph[str] = nx.DiGraph((edge.source, edge.target) for edge in used)
        self.bounds = {domain: self._direction(used, feeds, domain) for domain in self.lengths}
        self.known: dict[Place, list[_Way]] = {}
        self.sweeps: dict[Place, list[_Way]] = {}

    def can_reach(self, source: Place, place: Place) -> bool:
        """False where the two lie on the wrong sides of each other for every edge of the graph."""
        if self.domains.get(source[0]) != self.domains.get(place[0]):
            return True
        for domain, first, here in zip(self.domains[source[0]], source[1], place[1], strict=True):
            direction = self.bounds[domain]
            if (direction == "forward" and here < first) or (
                direction == "backward" and here > first
            ):
                return False
        return True

    def _direction(self, edges: list[Edge], feeds: nx.DiGraph[str], domain: str) -> str:
        """The one direction in which every edge along a domain goes: forward, backward, or `both`."""
        directions: set[str] = set()
        for edge in edges:
            for read in edge.reads:
                if read.domain != domain or read.delay == 0:
                    continue
                if read.delay is not None:
                    directions.add("forward" if read.delay > 0 else "backward")
                    continue
                after = {edge.target, *nx.descendants(feeds, edge.target)}
                if any(domain in self.domains[name] for name in after):
                    return "both"
        return directions.pop() if len(directions) == 1 else "both"

    def __call__(self, place: Place) -> list[_Way]:
        known = self.known.get(place)
        if known is None:
            known = self.known[place] = self._ways(place)
        return known

    def _ways(self, place: Place) -> list[_Way]:
        name, steps = place
        if place in self.sweeps:
            return self.sweeps[place]
        if self.simple[name]:
            length = self.lengths[self.domains[name][0]]
            if not 1 <= steps[0] <= length:
                return []
            return [
                _Way(edge.id, (edge.source, (steps[0] - (edge.reads[0].delay or 0),)), edge.nonlinear)
                for edge in self.edges[name]
            ]  # fmt: skip
        return [way for edge in self.edges[name] for way in self._along(edge, name, steps)]

    def _along(self, edge: Edge, name: str, steps: Steps) -> Iterator[_Way]:
        here: dict[str, int] = {}
        fixed = iter(edge.at or ())
        for index, domain, step in zip(edge.indices, self.domains[name], steps, strict=True):
            if index:
                if not 1 <= step <= self.lengths[domain]:
                    return
                here[index] = step
            else:
                at = next(fixed)
                start = 0 if at.anchor == "start" else self.lengths[at.domain]
                if step != start + at.position:
                    return
        if edge.sides != EVERYWHERE or any(
            read.domain in self.extents.trees for read in edge.reads
        ):
            yield from self._over_trees(edge, name, steps)
            return
        if not edge.reads:
            yield _Way(edge.id, (edge.source, ()), edge.nonlinear)
            return
        choices = [self._steps(read, here) for read in edge.reads]
        if all(len(part) == 1 for part in choices):
            yield _Way(edge.id, (edge.source, tuple(part[0] for part in choices)), edge.nonlinear)
            return
        kept = tuple((part.start, part.stop) for part in choices)
        sweep: Place = (f"{edge.source}*{kept}", ())
        if sweep not in self.sweeps:
            self.sweeps[sweep] = [
                _Way(None, (edge.source, one), (0, 0)) for one in product(*choices)
            ]
            self.domains[sweep[0]] = ()
        yield _Way(edge.id, sweep, edge.nonlinear)

    def _over_trees(self, edge: Edge, name: str, steps: Steps) -> Iterator[_Way]:
        """The same along children, and where only a part of a tree reads; one sweep where many are read."""
        found = tuple(sources(edge, self.domains[name], steps, self.extents))
        if len(found) < 2:
            yield from (_Way(edge.id, (edge.source, one), edge.nonlinear) for one in found)
            return
        sweep: Place = (f"{edge.source}*{found}", ())
        self.sweeps[sweep] = [_Way(None, (edge.source, one), (0, 0)) for one in found]
        self.domains[sweep[0]] = ()
        yield _Way(edge.id, sweep, edge.nonlinear)

    def _steps(self, read: Read, here: Mapping[str, int]) -> range:
        if read.delay is not None:
            return _one(here[read.index] - read.delay)
        if read.position == "all":
            return range(1 + read.offset, self.lengths[read.domain] + 1 + read.offset)
        if read.position == "end":
            return _one(self.lengths[read.domain] + read.offset)
        assert isinstance(read.position, int)
        return _one(read.position)


def _one(step: int) -> range:
    return range(step, step + 1)


def _is_simple(edge: Edge, domains: tuple[str, ...]) -> bool:
    return (
        len(domains) == 1
        and edge.at is None
        and edge.sides == EVERYWHERE
        and len(edge.reads) == 1
        and edge.reads[0].delay is not None
        and edge.reads[0].domain == domains[0]
    )
