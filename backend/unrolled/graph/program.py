"""A recurrence as single-assignment instructions: what has to be computed, in no order yet.

Equal sub-expressions become one instruction, sums become n-ary (so that the schedule may take out of a
cycle what does not depend on it), and `force` is resolved for the run's forcing probability.
Indices that a read shifts, fixes or sweeps are kept on the operand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from unrolled.language import Equation, Position, Recurrence, Reference, Shape, Span, Stop, Term

LEAVES: Final = (
    "input",
    "parameter",
    "constant",
    "setting",
    "number",
    "index",
    "noise",
    "recorded",
    "held",
    "leaf",
)
PLACE: Final = "place:"
"""What stands before the name of a variable, in the leaf that says where it is held."""

NOISE: Final = {"sample": "gumbel", "bernoulli": "uniform", "normal": "normal", "force": "uniform"}


@dataclass(frozen=True, slots=True)
class Operand:
    """A value that an instruction reads. `positions` is empty where it reads its own step."""

    value: int
    positions: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True)
class Instruction:
    """One operation on whole tensors.

    `function` is a row of the vocabulary, a leaf kind, `copy`, or `total`: the n-ary sum with `signs`.
    `indices` are the running indices of the result, outermost first; `over` those that are swept.
    `is_shared` says that nothing of a run enters: the same for every sequence of a batch.
    """

    identity: int
    function: str
    operands: tuple[Operand, ...]
    shape: Shape
    indices: tuple[str, ...]
    text: str
    over: tuple[str, ...] = ()
    signs: tuple[int, ...] = ()
    number: float | None = None
    name: str | None = None
    variable: str | None = None
    boundary: tuple[Position, ...] | None = None
    is_shared: bool = False
    span: Span | None = None


@dataclass
class Program:
    """Instructions by identity, and which one defines each variable."""

    recurrence: Recurrence
    instructions: dict[int, Instruction] = field(default_factory=dict[int, Instruction])
    variables: dict[str, int] = field(default_factory=dict[str, int])
    boundaries: list[int] = field(default_factory=list[int])
    stops: dict[str, int] = field(default_factory=dict[str, int])
    noise: dict[Span, str] = field(default_factory=dict[Span, str])
    next_identity: int = 0

    def new(self, **values: object) -> Instruction:
        """Add an instruction under a fresh identity."""
        instruction = Instruction(identity=self.next_identity, **values)  # type: ignore[arg-type]
        self.instructions[instruction.identity] = instruction
        self.next_identity += 1
        return instruction

    def indices_of(self, identity: int) -> tuple[str, ...]:
        return self.instructions[identity].indices

    def is_forcing_cut(self, term: Term, forcing: float) -> Term | None:
        """What `force(target, prediction)` reads when the forcing decides it alone."""
        if term.function != "force":
            return None
        return term.operands[0] if forcing >= 1 else term.operands[1] if forcing <= 0 else None

    def order(self, indices: Iterator[str] | set[str]) -> tuple[str, ...]:
        found = set(indices)
        return tuple(index for index in self.recurrence.index_domains if index in found)


Holds = Mapping[str, bool]
"""Variables that a run holds at given values: whether whole (every step and unit) or in part."""


def lower(recurrence: Recurrence, forcing: float = 1.0, holds: Holds | None = None) -> Program:
    """The instructions of a recurrence under a forcing probability from 0 to 1, with what a run holds."""
    return _Lowering(recurrence, forcing, holds or {}).run()


class _Lowering:
    def __init__(self, recurrence: Recurrence, forcing: float, holds: Holds) -> None:
        self.recurrence = recurrence
        self.forcing = forcing
        self.holds = holds
        self.program = Program(recurrence, noise=dict(_noise_names(recurrence)))
        self._known: dict[tuple[object, ...], int] = {}
        self._lines = recurrence.text.split("\n")

    def run(self) -> Program:
        program = self.program
        for name, variable in self.recurrence.variables.items():
            function = "input" if variable.kind == "input" else "pending"
            own = program.new(
                function=function,
                operands=(),
                shape=variable.shape,
                indices=variable.indices,
                text=name,
                name=name,
                span=variable.span,
            )
            program.variables[name] = own.identity
        for equation in self.recurrence.equations:
            self._define(self._forced(equation))
        for equation in self.recurrence.boundaries:
            root = self._root(self._forced(equation))
            boundary = program.new(**root, boundary=equation.position)
            program.boundaries.append(boundary.identity)
        ended: dict[str, list[Term]] = {}
        for stop in self.recurrence.stops:
            ended.setdefault(stop.domain, []).append(stop.term)
        for domain, terms in ended.items():
            program.stops[domain] = self._lower(self._resolved(_any(terms)))
        for equation in self.recurrence.equations:
            self._keep_leaves(equation.term)
        return program

    def _keep_leaves(self, term: Term) -> None:
        """Parameters and sliders of what is held or forced stay: their gradient is zero."""
        for one in term.walk():
            name = one.reference.name if one.reference is not None else None
            if name in self.recurrence.parameters or name in self.recurrence.settings:
                self._shared(self._values(one))

    def _define(self, equation: Equation) -> None:
        identity = self.program.variables[equation.variable]
        is_held = equation.variable in self.holds
        values = self._held(equation) if is_held else self._root(equation)
        variable = self.recurrence.variables[equation.variable]
        values.update(indices=equation.indices, shape=variable.shape, variable=equation.variable)
        self.program.instructions[identity] = Instruction(identity=identity, **values)  # type: ignore[arg-type]

    def _held(self, equation: Equation) -> dict[str, object]:
        """A value that is given where it is held, and computed elsewhere."""
        place, value = (self._given(equation, part) for part in ("place", "value"))
        if self.holds[equation.variable]:
            return {**value, "function": "copy", "operands": (self._leaf(value),), "name": None}
        root = {**self._root(equation), "indices": equation.indices}
        operands = (self._leaf(place), self._leaf(value), self._leaf(root))
        return {**value, "function": "where", "operands": operands, "name": None}

    def _given(self, equation: Equation, part: str) -> dict[str, object]:
        return {
            "function": "held",
            "operands": (),
            "shape": self.recurrence.variables[equation.variable].shape,
            "indices": equation.indices,
            "text": equation.variable,
            "name": f"{part}:{equation.variable}",
            "span": equation.span,
        }

    def _leaf(self, values: dict[str, object]) -> Operand:
        return Operand(self.program.new(**values).identity)

    def _root(self, equation: Equation) -> dict[str, object]:
        """The last instruction of an equation, never shared with another."""
        term = equation.term
        shape = self.recurrence.variables[equation.variable].shape
        values: dict[str, object]
        is_plain = term.reference is not None or term.function in ("number", "index")
        widens = term.shape != shape or tuple(term.indices) != tuple(equation.indices)
        if is_plain or widens:
            values = {
                "function": "copy",
                "operands": (self._operand(term),),
                "indices": term.indices,
            }
        else:
            values = self._values(term)
        values.update(
            shape=shape, text=self._text(term), variable=None, span=equation.span, is_shared=False
        )
        if equation.position is not None:
            values.update(indices=equation.indices, name=equation.variable)
        return values

    def _forced(self, equation: Equation) -> Equation:
        return replace(equation, term=self._resolved(equation.term))

    def _resolved(self, term: Term) -> Term:
        """The term with every `force` that the forcing decides replaced by what it takes."""
        while (chosen := self.program.is_forcing_cut(term, self.forcing)) is not None:
            term = chosen
        operands = tuple(self._resolved(operand) for operand in term.operands)
        if all(new is old for new, old in zip(operands, term.operands, strict=True)):
            return term
        found = {index for operand in operands for index in operand.indices}
        found = found | set(term.over) if term.function == "softmax" else found - set(term.over)
        return replace(term, operands=operands, indices=self.program.order(found))

    def _text(self, term: Term) -> str:
        span = term.span
        if span.line == span.end_line:
            return self._lines[span.line - 1][span.column - 1 : span.end_column - 1]
        parts = self._lines[span.line - 1 : span.end_line]
        parts[-1] = parts[-1][: span.end_column - 1]
        parts[0] = parts[0][span.column - 1 :]
        return " ".join(" ".join(parts).split())

    def _operand(self, term: Term) -> Operand:
        reference = term.reference
        if reference is not None and reference.name in self.recurrence.variables:
            identity = self.program.variables[reference.name]
            own = self.recurrence.variables[reference.name].indices
            is_own_step = tuple(position.index for position in reference.positions) == own and all(
                position.anchor == "shift" and not position.offset
                for position in reference.positions
            )
            return Operand(identity, () if is_own_step else reference.positions)
        return Operand(self._lower(term))

    def _lower(self, term: Term) -> int:
        if term.reference is not None and term.reference.name in self.recurrence.variables:
            operand = self._operand(term)
            if not operand.positions:
                return operand.value
            return self._shared(
                {
                    "function": "copy",
                    "operands": (operand,),
                    "shape": term.shape,
                    "indices": term.indices,
                    "text": self._text(term),
                    "span": term.span,
                }
            )
        return self._shared(self._values(term))

    def _shared(self, values: dict[str, object]) -> int:
        key = tuple(
            values.get(part)
            for part in ("function", "operands", "over", "signs", "number", "name", "shape")
        )
        if key in self._known:
            return self._known[key]
        identity = self.program.new(**values).identity
        self._known[key] = identity
        return identity

    def _values(self, term: Term) -> dict[str, object]:
        base: dict[str, object] = {
            "shape": term.shape,
            "indices": term.indices,
            "text": self._text(term),
            "span": term.span,
        }
        if term.function == "number":
            return {
                **base,
                "function": "number",
                "operands": (),
                "number": term.value,
                "is_shared": True,
            }
        if term.index is not None:
            return {
                **base,
                "function": "index",
                "operands": (),
                "name": term.index,
                "is_shared": True,
            }
        if term.reference is not None:
            name = term.reference.name
            if name.startswith(PLACE):
                return {**base, "function": "held", "operands": (), "name": name}
            kind = (
                "parameter"
                if name in self.recurrence.parameters
                else "constant"
                if name in self.recurrence.constants
                else "setting"
            )
            return {**base, "function": kind, "operands": (), "name": name, "is_shared": True}
        if term.function in ("add", "subtract"):
            parts = list(self._summands(term, 1))
            operands = tuple(self._operand(part) for part, _ in parts)
            return {
                **base,
                "function": "total",
                "operands": operands,
                "signs": tuple(sign for _, sign in parts),
                "is_shared": self._all_shared(operands),
            }
        operands = tuple(self._operand(operand) for operand in term.operands)
        if term.function in NOISE:
            operands = (*operands, Operand(self._noise(term)))
        return {
            **base,
            "function": term.function,
            "operands": operands,
            "over": term.over,
            "is_shared": self._all_shared(operands),
        }

    def _noise(self, term: Term) -> int:
        """What a random function draws, as a leaf: all steps at once, so that chunks change nothing."""
        shape = () if term.function == "force" else term.shape
        name = self.program.noise[term.span]
        return self.program.new(
            function="noise",
            operands=(),
            shape=shape,
            indices=term.indices,
            text=name,
            name=name,
            span=term.span,
        ).identity

    def _all_shared(self, operands: tuple[Operand, ...]) -> bool:
        return all(self.program.instructions[operand.value].is_shared for operand in operands)

    def _summands(self, term: Term, sign: int) -> Iterator[tuple[Term, int]]:
        if term.function == "add":
            for operand in term.operands:
                yield from self._summands(operand, sign)
        elif term.function == "subtract":
            yield from self._summands(term.operands[0], sign)
            yield from self._summands(term.operands[1], -sign)
        elif term.function == "negative":
            yield from self._summands(term.operands[0], -sign)
        else:
            yield term, sign


def _any(terms: Sequence[Term]) -> Term:
    """Whether one of several conditions holds."""
    found = terms[0]
    for term in terms[1:]:
        one = Term("number", (), term.span, value=1.0)
        indices = tuple(dict.fromkeys((*found.indices, *term.indices)))
        found = Term("where", (found, one, term), term.span, indices=indices)
    return found


def _noise_names(recurrence: Recurrence) -> Iterator[tuple[Span, str]]:
    """What every random term draws from, by its place: the variable, and which of its draws it is.

    The lines around an equation may change, and what it draws stays the same.
    """
    for line in (*recurrence.equations, *recurrence.boundaries, *recurrence.stops):
        random = (term for term in line.term.walk() if term.function in NOISE)
        if isinstance(line, Stop):
            owner = f"stop({line.domain})"
        else:
            owner = str(Reference(line.variable, line.position or ()))
        for number, term in enumerate(random):
            yield term.span, f"{NOISE[term.function]}:{owner}:{number}"


def replace_operands(
    instruction: Instruction, operands: tuple[Operand, ...], signs: tuple[int, ...]
) -> Instruction:
    """A sum with other summands."""
    return replace(instruction, operands=operands, signs=signs)
