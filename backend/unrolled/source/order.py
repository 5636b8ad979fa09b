"""The loops of a recurrence: which equations a teacher would write in one loop, and in what order.

The same dependences as the schedule's, on whole equations: what a cycle carries goes into one loop, and
neighbours over the same index join it where none of them needs a step that the loop has not reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from unrolled.language import (
    Diagnostic,
    Equation,
    LanguageError,
    Position,
    Recurrence,
    Reference,
    Stop,
    Term,
)

Distance = int | str


@dataclass(frozen=True, slots=True)
class Line:
    """One equation, boundary value or stop of the text."""

    source: Equation | Stop

    @property
    def indices(self) -> tuple[str, ...]:
        if isinstance(self.source, Stop):
            return (self.source.index,)
        if self.source.position is None:
            return self.source.indices
        return tuple(one.index for one in self.source.position if one.anchor == "shift")


@dataclass(frozen=True, slots=True)
class Loop:
    """Lines and loops inside `for index in …`, last step first where `is_backward`."""

    index: str
    is_backward: bool
    body: tuple[Line | Loop, ...]


@dataclass(frozen=True, slots=True)
class _Edge:
    source: int
    target: int
    distances: Mapping[str, Distance]


def arrange(recurrence: Recurrence) -> tuple[Line | Loop, ...]:
    """Loops and lines in an order that respects every reference, the text's own order where it may be.

    Raises `LanguageError` where a cycle has no order.
    """
    return _Arranging(recurrence).run()


def references(
    term: Term, over: frozenset[str] = frozenset()
) -> Iterator[tuple[Reference, frozenset[str]]]:
    """Every reference of a term with the indices that are swept around it."""
    if term.reference is not None:
        yield term.reference, over
    for operand in term.operands:
        yield from references(operand, over | frozenset(term.over))


class _Arranging:
    def __init__(self, recurrence: Recurrence) -> None:
        self.recurrence = recurrence
        sources = (*recurrence.equations, *recurrence.boundaries, *recurrence.stops)
        self.lines = [Line(one) for one in sources]
        self.lines.sort(key=lambda one: one.source.span.line)
        self.edges = list(self._edges())

    def run(self) -> tuple[Line | Loop, ...]:
        return tuple(self._group(range(len(self.lines)), frozenset()))

    def _edges(self) -> Iterator[_Edge]:
        home: dict[str, int] = {}
        boundaries: dict[str, list[int]] = {}
        stops: dict[str, int] = {}
        for number, line in enumerate(self.lines):
            source = line.source
            if isinstance(source, Stop):
                stops[source.domain] = number
            elif source.position is None:
                home[source.variable] = number
            else:
                boundaries.setdefault(source.variable, []).append(number)
        for number, line in enumerate(self.lines):
            own = () if isinstance(line.source, Stop) else line.source.position or ()
            for position in own:
                if position.anchor == "end" and position.domain in stops:
                    yield _Edge(stops[position.domain], number, {})
            for reference, over in references(line.source.term):
                if reference.name not in self.recurrence.variables:
                    continue
                if any(one.anchor != "shift" or one.offset for one in reference.positions):
                    for boundary in boundaries.get(reference.name, ()):
                        if boundary != number:
                            yield _Edge(boundary, number, {})
                for position in reference.positions:
                    if position.anchor in ("end", "root") and position.domain in stops:
                        yield _Edge(stops[position.domain], number, {})
                if reference.name in home and not any(map(_is_outside, reference.positions)):
                    variable = self.recurrence.variables[reference.name]
                    yield _Edge(
                        home[reference.name],
                        number,
                        {
                            index: _distance(index, position, over)
                            for index, position in zip(
                                variable.indices, reference.positions, strict=True
                            )
                        },
                    )

    def _group(self, numbers: Iterable[int], fixed: frozenset[str]) -> Iterator[Line | Loop]:
        """Lines and loops of some lines, inside the loops of `fixed`."""
        inside = sorted(numbers)
        edges = [
            edge
            for edge in self.edges
            if edge.source in inside
            and edge.target in inside
            and not any(edge.distances.get(index, 0) not in (0, "whole") for index in fixed)
        ]
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(inside)
        graph.add_edges_from((edge.source, edge.target) for edge in edges)
        parts = [sorted(one) for one in nx.strongly_connected_components(graph)]
        waiting = sorted(parts, key=self._rank)
        done: set[int] = set()
        loop = _Growing()

        def is_ready(part: Sequence[int]) -> bool:
            return all(e.source in done or e.source in part for e in edges if e.target in part)

        while waiting:
            ready = [part for part in waiting if is_ready(part)]
            found = next((part for part in ready if loop.takes(self, part, edges, fixed)), None)
            if found is None:
                yield from loop.close(self, fixed)
                found = ready[0]
                remaining = [i for i in self.lines[found[0]].indices if i not in fixed]
                if not remaining:
                    if (
                        any(edge.source == edge.target == found[0] for edge in edges)
                        or len(found) > 1
                    ):
                        raise self._cycle(found)
                    yield self.lines[found[0]]
                else:
                    loop = _Growing()
                    loop.start(self, found, edges, fixed)
            waiting.remove(found)
            done.update(found)
        yield from loop.close(self, fixed)

    def _rank(self, part: Sequence[int]) -> tuple[bool, int]:
        """Boundary values first, then the order of the text; a stop looks at its step last."""
        first = self.lines[part[0]].source
        return isinstance(first, Stop), part[0]

    def carriers(self, part: Sequence[int], fixed: frozenset[str]) -> list[str]:
        """Indices that every line of a part runs over."""
        return [
            index
            for index in self.lines[part[0]].indices
            if index not in fixed and all(index in self.lines[one].indices for one in part)
        ]

    def _cycle(self, part: Sequence[int]) -> LanguageError:
        line = self.lines[part[0]].source
        names = [
            one.variable
            for number in part
            if isinstance(one := self.lines[number].source, Equation)
        ]
        return LanguageError(
            [
                Diagnostic(
                    "cycle-static",
                    line.span,
                    {"cycle": " → ".join([*names, names[0]]), "name": names[0]},
                )
            ]
        )

    def cycle(self, part: Sequence[int]) -> LanguageError:
        return self._cycle(part)


class _Growing:
    """A loop that neighbours may still join."""

    def __init__(self) -> None:
        self.index: str | None = None
        self.sign = 0
        self.members: list[int] = []

    def start(
        self, own: _Arranging, part: Sequence[int], edges: Sequence[_Edge], fixed: frozenset[str]
    ) -> None:
        for index in own.carriers(part, fixed):
            sign = _sign(index, 0, part, (), edges)
            is_cycle = len(part) > 1 or any(e.source == e.target == part[0] for e in edges)
            if sign is not None and (sign or not is_cycle):
                self.index, self.sign, self.members = index, sign, list(part)
                return
        raise own.cycle(part)

    def takes(
        self, own: _Arranging, part: Sequence[int], edges: Sequence[_Edge], fixed: frozenset[str]
    ) -> bool:
        """Join a part to the loop if it may."""
        if self.index is None or self.index not in own.carriers(part, fixed):
            return False
        stops = {
            one.source.domain
            for n in self.members
            if isinstance((one := own.lines[n]).source, Stop)
        }
        if stops:
            return False
        if len(part) > 1 and own.carriers(part, fixed)[0] != self.index:
            return False
        sign = _sign(self.index, self.sign, part, self.members, edges)
        if sign is None:
            return False
        self.sign = sign
        self.members += part
        return True

    def close(self, own: _Arranging, fixed: frozenset[str]) -> Iterator[Loop]:
        if self.index is not None:
            body = own._group(self.members, fixed | {self.index})
            yield Loop(self.index, self.sign > 0, tuple(body))
            self.index = None


def _sign(
    index: str, sign: int, part: Sequence[int], members: Sequence[int], edges: Sequence[_Edge]
) -> int | None:
    """-1 where the loop must go forward, 1 backward, 0 either way, None where neither will do."""
    for edge in edges:
        if edge.target in part and (edge.source in part or edge.source in members):
            distance = edge.distances.get(index, 0)
            if distance == "child":
                distance = -1
            if not isinstance(distance, int):
                return None
            if distance * sign < 0:
                return None
            sign = sign or (distance > 0) - (distance < 0)
    return sign


def _distance(index: str, position: Position, over: frozenset[str]) -> Distance:
    if position.anchor in ("left", "right"):
        return "child"
    if position.anchor == "shift" and position.index == index and index not in over:
        return position.offset
    return "whole"


def _is_outside(position: Position) -> bool:
    return (position.anchor == "start" and position.offset < 1) or (
        position.anchor == "end" and position.offset > 0
    )
