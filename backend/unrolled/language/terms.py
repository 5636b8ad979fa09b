"""The recurrence as data: what a text means, without how it is drawn or computed.

Everything here is frozen; `parse` (in `reading.py`) makes it, `graph` and `engine` read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from unrolled.language.diagnostics import Span

Shape = tuple[int, ...]
Anchor = Literal["shift", "start", "end", "left", "right", "root", "from_left", "from_right"]


@dataclass(frozen=True, slots=True)
class Position:
    """One index of a reference.

    `shift`: the running index plus `offset` (`h[t-1]` is -1). `start`: the fixed step `offset`
    (`h[0]` is 0, the last value before the first step). `end`: the last step plus `offset`.
    `left`, `right`: a child of node `index` of a tree. `root`: the root of a tree.
    `from_left`, `from_right` (of a backward pass alone): the parent whose left or right child node `index` is.
    """

    anchor: Anchor
    index: str
    domain: str
    offset: int = 0

    def __str__(self) -> str:
        match self.anchor:
            case "shift":
                return self.index if not self.offset else f"{self.index}{self.offset:+d}"
            case "start":
                return str(self.offset)
            case "end":
                return "end" if not self.offset else f"end{self.offset:+d}"
            case "left" | "right" | "from_left" | "from_right":
                return f"{self.anchor}({self.index})"
            case "root":
                return "root"


@dataclass(frozen=True, slots=True)
class Reference:
    """A variable, input, parameter, constant or setting where an expression reads it."""

    name: str
    positions: tuple[Position, ...] = ()

    def __str__(self) -> str:
        return (
            self.name
            if not self.positions
            else f"{self.name}[{', '.join(map(str, self.positions))}]"
        )


@dataclass(frozen=True, slots=True)
class Term:
    """A node of an equation's expression tree.

    `function` is a key of the vocabulary table, or `number`, `index` or `reference` for a leaf.
    `over` are the indices that a sum, a mean or a softmax runs over. `shape` is without the
    domains; `indices` are the free running indices, outermost first.
    """

    function: str
    operands: tuple[Term, ...]
    span: Span
    value: float | None = None
    index: str | None = None
    reference: Reference | None = None
    over: tuple[str, ...] = ()
    shape: Shape = ()
    indices: tuple[str, ...] = ()

    def walk(self) -> Iterator[Term]:
        """This term and all below it, parents first."""
        stack: list[Term] = [self]
        while stack:
            term = stack.pop()
            yield term
            stack.extend(reversed(term.operands))


@dataclass(frozen=True, slots=True)
class Domain:
    """What an index runs over. A `chain` is 1..τ; a `generated` chain ends by `stop`; a `tree` has children."""

    name: str
    index: str
    kind: Literal["chain", "generated", "tree"]
    line: int


@dataclass(frozen=True, slots=True)
class Variable:
    """An input, or what an equation defines. `domains` and `indices` run in parallel, outermost first."""

    name: str
    kind: Literal["input", "equation"]
    domains: tuple[str, ...]
    indices: tuple[str, ...]
    shape: Shape
    one_hot: bool
    is_target: bool
    span: Span

    @property
    def line(self) -> int:
        return self.span.line


@dataclass(frozen=True, slots=True)
class Initial:
    """How a parameter starts: a constant, or random with an optional spectral radius and density."""

    constant: float | None = None
    spectral_radius: float | None = None
    density: float | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: shared over all steps. `recurrent` says that it multiplies an earlier or later step."""

    name: str
    shape: Shape
    initial: Initial
    trained: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Constant:
    """A vector or matrix written in the text."""

    name: str
    rows: tuple[float, ...] | tuple[tuple[float, ...], ...]
    shape: Shape
    span: Span


@dataclass(frozen=True, slots=True)
class Setting:
    """A scalar that the reader may move between two limits."""

    name: str
    value: float
    minimum: float
    maximum: float
    span: Span


@dataclass(frozen=True, slots=True)
class Equation:
    """`variable[t] = term`; `position` is None, or the boundary position that it gives (`h[0] = …`)."""

    variable: str
    indices: tuple[str, ...]
    term: Term
    span: Span
    position: tuple[Position, ...] | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """`stop(condition)`: the domain ends at the first step where the condition is not zero."""

    domain: str
    index: str
    term: Term
    span: Span


@dataclass(frozen=True, slots=True, repr=False)
class Recurrence:
    """A checked system of recurrent equations: shapes known, every reference resolved.

    Dictionaries keep the order of the text. `sizes` are the variables whose size a run may set.
    """

    text: str
    domains: Mapping[str, Domain]
    index_domains: Mapping[str, str]
    variables: Mapping[str, Variable]
    parameters: Mapping[str, Parameter]
    constants: Mapping[str, Constant]
    settings: Mapping[str, Setting]
    equations: tuple[Equation, ...]
    boundaries: tuple[Equation, ...]
    stops: tuple[Stop, ...]
    sizes: Mapping[str, int | Shape] = field(default_factory=dict[str, "int | Shape"])

    def __repr__(self) -> str:
        return f"Recurrence({', '.join(self.variables)}; parameters {', '.join(self.parameters) or '-'})"

    def equation(self, variable: str) -> Equation:
        """The equation of a variable (not its boundary values)."""
        return next(one for one in self.equations if one.variable == variable)
