"""The folded graph: a node per variable, input and parameter, an edge per reference.

An edge carries how far back it reads (the book's black square is a delay of one step) and the
parameter on the way. Names, delays, parameters and shapes only: no colours, no positions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from unrolled.graph.roles import Role, roles
from unrolled.graph.trees import BOTH, leaf_inputs, side
from unrolled.language import Equation, Initial, Position, Recurrence, Reference, Shape, Term
from unrolled.language.latex import name_latex

Kind = Literal["input", "variable", "parameter", "constant", "setting"]

_LINEAR: Final = (
    "add", "subtract", "negative", "multiply", "matmul", "sum", "mean", "concat", "transpose", "outer", "bilinear",
    "circular_convolve", "force",
)  # fmt: skip
"""Functions that are linear in each argument while the others stay as they are."""


def is_linear(function: str, place: int) -> bool:
    """Whether a function is linear in its argument at `place` (the others held fixed)."""
    return (
        function in _LINEAR
        or (function == "divide" and place == 0)
        or (function == "where" and place > 0)
    )


@dataclass(frozen=True, slots=True)
class Read:
    """Along one domain of the source: `delay` steps back (negative: ahead), or a fixed `position`.

    `position` is `all` or `end` (both plus `offset`), `left`, `right`, `root`, or a step number. `index` is the
    running or swept index, which tells two reads of one domain apart (`h[t]` and `h[k]` over time). Where `all` are
    children, as in `sum(h[left(n)], n)`, `child` says which.
    """

    domain: str
    delay: int | None = None
    position: str | int | None = None
    offset: int = 0
    index: str = ""
    child: Literal["", "left", "right"] = ""


@dataclass(frozen=True, slots=True)
class Side:
    """At which `nodes` of a tree (`LEAF` or `INNER`) an index has to be; it runs, or it is `swept` by a sum."""

    index: str
    nodes: int
    swept: bool = False


Sides = frozenset[Side]
EVERYWHERE: Final[tuple[Sides, ...]] = (frozenset(),)


@dataclass(frozen=True, slots=True)
class Boundary:
    """A value outside the domain that some equation reads: `anchor` start, step 0, -1, …; or end, end + `position`."""

    domain: str
    position: int
    anchor: Literal["start", "end"]


@dataclass(frozen=True, slots=True)
class Node:
    """`at_leaves`: an input over a tree that only leaves read, and only leaves have."""

    id: str
    kind: Kind
    role: Role
    domains: tuple[str, ...]
    shape: Shape
    latex: str
    line: int | None
    one_hot: bool = False
    boundary: tuple[Boundary, ...] = ()
    trained: bool | None = None
    initial: str | None = None
    at_leaves: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """`at` is None for every step, or the boundary position that the edge enters.

    `indices` are the running indices of the equation, one a domain of the target; empty where `at` fixes it.
    `nonlinear` is how many nonlinear functions lie on the way, at least and at most. Over a tree the edge is where
    all of one of the `sides` hold: of `where(leaf(n), …, …)` a leaf reads one part and an inner node the other.
    """

    id: str
    source: str
    target: str
    parameter: str | None
    reads: tuple[Read, ...]
    indices: tuple[str, ...]
    operation: str
    cut: bool = False
    at: tuple[Boundary, ...] | None = None
    nonlinear: tuple[int, int] = (0, 0)
    sides: tuple[Sides, ...] = EVERYWHERE


@dataclass(frozen=True, slots=True, repr=False)
class FoldedGraph:
    """`trees` are the domains that are trees."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    trees: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"FoldedGraph({len(self.nodes)} nodes, {len(self.edges)} edges)"

    def node(self, identity: str) -> Node:
        return next(node for node in self.nodes if node.id == identity)


def fold(recurrence: Recurrence, forcing: float = 1.0, held: Collection[str] = ()) -> FoldedGraph:
    """The folded graph; edges that a run never uses are marked `cut`.

    Those are what its `forcing` (0 to 1) leaves out, and the edges into variables that are `held` whole.
    """
    edges: dict[str, Edge] = {}
    for equation in (*recurrence.equations, *recurrence.boundaries):
        is_held = equation.variable in held and equation.position is None
        for found in _Edges(recurrence, equation, forcing).all():
            edge = replace(found, cut=True) if is_held else found
            known = edges.get(edge.id)
            edges[edge.id] = edge if known is None else _merged(known, edge)
    all_edges = tuple(edges.values())
    trees = tuple(name for name, domain in recurrence.domains.items() if domain.kind == "tree")
    return FoldedGraph(tuple(_nodes(recurrence, all_edges)), all_edges, trees)


def _merged(first: Edge, second: Edge) -> Edge:
    """Two references that are drawn as one edge."""
    (least, most), (other_least, other_most) = first.nonlinear, second.nonlinear
    counts = (min(least, other_least), max(most, other_most))
    sides = tuple(dict.fromkeys((*first.sides, *second.sides)))
    sides = EVERYWHERE if EVERYWHERE[0] in sides else sides
    return replace(second, cut=first.cut and second.cut, nonlinear=counts, sides=sides)


def _nodes(recurrence: Recurrence, edges: tuple[Edge, ...]) -> Iterator[Node]:
    role = roles(recurrence)
    at_leaves = leaf_inputs(recurrence)
    for name, variable in recurrence.variables.items():
        yield Node(
            name,
            "input" if variable.kind == "input" else "variable",
            role[name],
            variable.domains,
            variable.shape,
            name_latex(name, variable.shape),
            variable.line,
            one_hot=variable.one_hot,
            boundary=_boundaries(name, edges),
            at_leaves=name in at_leaves,
        )
    for name, parameter in recurrence.parameters.items():
        yield Node(
            name, "parameter", "parameter", (), parameter.shape, name_latex(name, parameter.shape), parameter.span.line,
            trained=parameter.trained, initial=initial_words(parameter.initial),
        )  # fmt: skip
    for name, constant in recurrence.constants.items():
        yield Node(
            name,
            "constant",
            "parameter",
            (),
            constant.shape,
            name_latex(name, constant.shape),
            constant.span.line,
            trained=False,
        )
    for name, setting in recurrence.settings.items():
        yield Node(
            name,
            "setting",
            "parameter",
            (),
            (),
            name_latex(name, ()),
            setting.span.line,
            trained=False,
        )


def initial_words(initial: Initial) -> str:
    """How a parameter starts, in a word or a number."""
    if initial.constant is not None:
        return f"{initial.constant:g}"
    parts = (
        [f"spectral_radius={initial.spectral_radius:g}"]
        if initial.spectral_radius is not None
        else []
    )
    if initial.density is not None:
        parts.append(f"density={initial.density:g}")
    return ", ".join(parts) or "random"


def _boundaries(name: str, edges: tuple[Edge, ...]) -> tuple[Boundary, ...]:
    found: set[tuple[str, int, Literal["start", "end"]]] = set()
    for edge in edges:
        for read in edge.reads if edge.source == name else ():
            if read.delay is not None and read.delay > 0:
                found |= {(read.domain, -back, "start") for back in range(read.delay)}
            elif read.delay is not None and read.delay < 0:
                found |= {(read.domain, ahead, "end") for ahead in range(1, 1 - read.delay)}
            elif isinstance(read.position, int) and read.position <= 0:
                found.add((read.domain, read.position, "start"))
            elif read.position == "all" and read.offset < 0:
                found |= {(read.domain, -back, "start") for back in range(-read.offset)}
            elif read.position == "all" and read.offset > 0:
                found |= {(read.domain, ahead, "end") for ahead in range(1, read.offset + 1)}
            elif read.position == "end" and read.offset > 0:
                found.add((read.domain, read.offset, "end"))
    return tuple(Boundary(*one) for one in sorted(found))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk through an expression stands."""

    parameter: str | None = None
    operation: str = "copy"
    over: frozenset[str] = frozenset()
    is_cut: bool = False
    is_summand: bool = True
    nonlinear: int = 0
    sides: Sides = frozenset()


class _Edges:
    def __init__(self, recurrence: Recurrence, equation: Equation, forcing: float) -> None:
        self.recurrence = recurrence
        self.equation = equation
        self.forcing = forcing
        self.on_the_way: set[str] = set()
        self.direct: dict[str, str] = {}

    def all(self) -> Iterator[Edge]:
        at = _at(self.equation)
        yield from list(self._walk(self.equation.term, _Place(), at))
        for name, operation in self.direct.items():
            if name not in self.on_the_way:
                yield self._edge(name, Reference(name), _Place(name, operation), at)

    def _walk(self, term: Term, place: _Place, at: tuple[Boundary, ...] | None) -> Iterator[Edge]:
        reference = term.reference
        if reference is not None:
            if reference.name in self.recurrence.variables:
                if place.parameter is not None:
                    self.on_the_way.add(place.parameter)
                yield self._edge(reference.name, reference, place, at)
            else:
                operation = "bias" if place.is_summand else place.operation
                self.direct.setdefault(reference.name, operation)
            return
        over = place.over | frozenset(term.over)
        own = "total" if term.function in ("add", "subtract", "negative") else term.function
        # a function around a sum is applied after the edges have met; what an edge itself does is the nearest product
        operation = place.operation if own == "total" and place.operation != "copy" else own
        for number, operand in enumerate(term.operands):
            inside = _Place(
                place.parameter,
                operation,
                over,
                place.is_cut or self._is_cut(term, number),
                own == "total",
                place.nonlinear + (not is_linear(term.function, number)),
                _narrowed(place, term, number),
            )
            other = self._way(term, number)
            if other is not None:
                inside = replace(inside, parameter=other)
            yield from self._walk(operand, inside, at)

    def _way(self, term: Term, number: int) -> str | None:
        """The parameter that multiplies this operand."""
        if term.function not in ("matmul", "multiply", "bilinear") or len(term.operands) < 2:
            return None
        others = [operand for place, operand in enumerate(term.operands) if place != number]
        if term.function == "bilinear":
            others = others[:1]
        names = [
            one.reference.name
            for other in others
            for one in other.walk()
            if one.reference is not None
        ]
        shared = [name for name in names if name not in self.recurrence.variables]
        has_variable = any(
            one.reference and one.reference.name in self.recurrence.variables
            for one in term.operands[number].walk()
        )
        if not has_variable or len(shared) != len(names) or not shared:
            return None
        trained = [name for name in shared if name in self.recurrence.parameters]
        return (trained or shared)[0]

    def _is_cut(self, term: Term, number: int) -> bool:
        if term.function != "force":
            return False
        return self.forcing <= 0 if number == 0 else self.forcing >= 1

    def _edge(
        self, source: str, reference: Reference, place: _Place, at: tuple[Boundary, ...] | None
    ) -> Edge:
        target = self.equation.variable
        reads = tuple(read_position(position, place.over) for position in reference.positions)
        parts = [source, target]
        if place.parameter is not None and place.parameter != source:
            parts.append(place.parameter)
        parts += self._reads_words(reads)
        if at is not None:
            parts += [f"at{one.anchor}{one.position}" for one in at]
        return Edge(
            "-".join(parts),
            source,
            target,
            place.parameter,
            reads,
            self._running(),
            place.operation,
            place.is_cut,
            at,
            (place.nonlinear, place.nonlinear),
            (place.sides,),
        )

    def _running(self) -> tuple[str, ...]:
        if self.equation.position is None:
            return self.equation.indices
        return tuple(position.index for position in self.equation.position)

    def _reads_words(self, reads: tuple[Read, ...]) -> list[str]:
        """What an id says of the reads: nothing where the source is read at its own step."""
        sources = [read.domain for read in reads]
        targets = [self.recurrence.index_domains[index] for index in self._running() if index]
        if reads and any(len(set(one)) < len(one) for one in (sources, targets)):
            return [",".join(f"{read.index}{_read_words(read)}" for read in reads)]
        if all(read.delay == 0 for read in reads):
            return []
        return [",".join(map(_read_words, reads))]


def _narrowed(place: _Place, term: Term, number: int) -> Sides:
    """Where on trees the operand of a term at `number` is needed."""
    kept = frozenset(one for one in place.sides if not (one.swept and one.index in term.over))
    index, nodes = side(term, number)
    return kept if nodes == BOTH else kept | {Side(index, nodes, index in place.over)}


def _at(equation: Equation) -> tuple[Boundary, ...] | None:
    if equation.position is None:
        return None
    return tuple(
        Boundary(one.domain, one.offset, "start" if one.anchor == "start" else "end")
        for one in equation.position
        if one.anchor in ("start", "end")
    )


def read_position(position: Position, over: frozenset[str]) -> Read:
    """How a reference reads along one domain; an index in `over` is swept whole."""
    if position.index in over:
        child = position.anchor if position.anchor in ("left", "right") else ""
        return Read(position.domain, None, "all", position.offset, position.index, child)
    match position.anchor:
        case "shift":
            return Read(position.domain, delay=-position.offset, index=position.index)
        case "start":
            return Read(position.domain, position=position.offset)
        case "end":
            return Read(position.domain, position="end", offset=position.offset)
        case other:
            return Read(position.domain, position=other, index=position.index)


def _read_words(read: Read) -> str:
    if read.delay is not None:
        return f"{read.delay:+d}"
    return f"{read.position}{read.child or read.offset or ''}"
