"""Shapes of everything: ranks from rules and letters, sizes by unification, in a few passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from unrolled.language.diagnostics import Diagnostic, LanguageError, Span
from unrolled.language.functions import FUNCTIONS
from unrolled.language.shapes import Dimension, Dimensions, MaybeShape, Solver, elementwise
from unrolled.language.statements import near_name
from unrolled.language.terms import Equation, Shape, Stop, Term

Rows = tuple[float, ...] | tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Typed:
    """Shapes by name, and the equations with a shape and free indices on every term."""

    shapes: Mapping[str, Shape]
    equations: tuple[Equation, ...]
    boundaries: tuple[Equation, ...]
    stops: tuple[Stop, ...]


def infer(
    *,
    text: str,
    declarations: Mapping[str, tuple[Shape, int]],
    inputs: Mapping[str, Span],
    parameters: Mapping[str, Span],
    ranks: Mapping[str, int],
    constants: Mapping[str, Rows],
    settings: Sequence[str],
    equations: Sequence[Equation],
    boundaries: Sequence[Equation],
    stops: Sequence[Stop],
    order: Sequence[str],
) -> Typed:
    """All shapes of a text.

    Raises `LanguageError` where two sizes cannot be equal, or where nothing determines one.
    """
    run = _Inference(text, order)
    for name, (shape, line) in declarations.items():
        run.known[name] = tuple(Dimension(size, line) for size in shape)
    for name, rows in constants.items():
        first = rows[0]
        shape = (len(rows), len(first)) if isinstance(first, tuple) else (len(rows),)
        run.known[name] = tuple(Dimension(size) for size in shape)
    for name in settings:
        run.known[name] = ()
    tensors = _bilinear_names([*equations, *boundaries])
    for name in parameters:
        rank = 3 if name in tensors else ranks[name]
        run.known.setdefault(name, tuple(Dimension() for _ in range(rank)))
    lines = [*equations, *boundaries]
    run.passes(lines, stops)
    if any(name not in run.known for name in inputs):
        for name in inputs:
            run.known.setdefault(name, (Dimension(),))
        run.passes(lines, stops)
    spans = {**inputs, **parameters, **{one.variable: one.span for one in equations}}
    # the most telling name first: an input or variable, then a parameter
    for name in [*inputs, *(one.variable for one in equations), *parameters]:
        shape = run.known.get(name)
        if shape is None or any(one.find().value is None for one in shape):
            said = {"name": name, "other": _other_cure(name, equations, boundaries, stops)}
            raise LanguageError([Diagnostic("size-unknown", spans[name], said)])
    return Typed(
        shapes={name: run.sizes(shape) for name, shape in run.known.items()},
        equations=tuple(replace(one, term=run.typed(one.term, one.indices)) for one in equations),
        boundaries=tuple(replace(one, term=run.typed(one.term, one.indices)) for one in boundaries),
        stops=tuple(replace(one, term=run.typed(one.term, (one.index,))) for one in stops),
    )


def _is_of_variables(term: Term) -> bool:
    """Whether a term has the size of the variables in it, unit by unit, without a parameter."""
    if term.reference is not None:
        return bool(term.reference.positions)
    return not term.operands or (
        FUNCTIONS[term.function].rule is elementwise and all(map(_is_of_variables, term.operands))
    )


def _other_cure(
    name: str,
    equations: Sequence[Equation],
    boundaries: Sequence[Equation],
    stops: Sequence[Stop],
) -> tuple[str, str]:
    """For an equation that nothing reads, such as an edit leaves behind, and for an input that may be misspelt."""
    own = next((one for one in equations if one.variable == name), None)
    if own is None and (meant := near_name(name, [one.variable for one in equations])):
        return (f" Or did you mean `{meant}`?", f"或者是想写 `{meant}`？")
    terms = [one.term for one in (*equations, *boundaries, *stops) if one is not own]
    if own is None or any(
        one.reference is not None and one.reference.name == name
        for term in terms
        for one in term.walk()
    ):
        return ("", "")
    line = own.span.line
    return (
        f" Or delete line {line}: nothing reads `{name}`.",
        f"或者删去第 {line} 行：没有别处读取 `{name}`。",
    )


def _bilinear_names(equations: Sequence[Equation]) -> set[str]:
    names: set[str] = set()
    for equation in equations:
        for term in equation.term.walk():
            if term.function == "bilinear" and (reference := term.operands[0].reference):
                names.add(reference.name)
    return names


class _Inference:
    def __init__(self, text: str, order: Sequence[str]) -> None:
        self.solver = Solver(text)
        self.known: dict[str, Dimensions] = {}
        self._order = order

    def passes(self, equations: Sequence[Equation], stops: Sequence[Stop]) -> None:
        """Infer every equation until no shape is added; directions alternate, so few passes suffice."""
        pending = list(equations)
        while pending:
            before = len(self.known)
            pending = [one for one in pending if not self._settle(one)]
            pending.reverse()
            if len(self.known) == before:
                break
        for stop in stops:
            shape = self.shape(stop.term)
            if shape:
                raise self.solver.rank_error(
                    stop.term,
                    len(shape),
                    stop.term,
                    0,
                    ("A condition is a scalar.", "条件是标量。"),
                )
        self.solver.settle()

    def _settle(self, equation: Equation) -> bool:
        """Infer one equation; True when all of it is known."""
        shape = self.shape(equation.term)
        own = self.known.get(equation.variable)
        if own is None:
            if shape is not None and equation.position is None:
                self.known[equation.variable] = shape
            return False
        if shape is None:
            return False
        if shape:
            left = Term("reference", (), equation.span)
            if len(own) != len(shape):
                raise self.solver.rank_error(
                    equation.term,
                    len(shape),
                    replace(left, span=equation.span),
                    len(own),
                    (
                        f"Declare `{equation.variable}` with the shape of its equation, or change the equation.",
                        f"请按方程的形状声明 `{equation.variable}`，或修改方程。",
                    ),
                )
            target = replace(left, span=_target_span(equation))
            for one, two in zip(own, shape, strict=True):
                self.solver.unify(one, two, equation.term, target, self._decisive(equation.term))
        return all(
            term.reference is None or term.reference.name in self.known
            for term in equation.term.walk()
        )

    def _decisive(self, term: Term) -> Term:
        """The part of an equation that its size comes from, if one variable inside a sum says it."""
        inner = term
        while inner.operands and FUNCTIONS[inner.function].rule is elementwise:
            wide = [one for one in inner.operands if self.shape(one)]
            if len(wide) != 1:
                break
            inner = wide[0]
        parts = [inner]
        while parts[0].function in ("add", "subtract"):
            parts[:1] = parts[0].operands
        found = [one for one in parts if self.shape(one) and _is_of_variables(one)]
        return found[0] if len(found) == 1 else term

    def shape(self, term: Term) -> MaybeShape:
        if term.reference is not None:
            return self.known.get(term.reference.name)
        if not term.operands:
            return ()
        shapes = [self.shape(operand) for operand in term.operands]
        return FUNCTIONS[term.function].rule(self.solver, term, shapes)

    def sizes(self, shape: Dimensions) -> Shape:
        return tuple(one.find().value or 0 for one in shape)

    def typed(self, term: Term, running: tuple[str, ...]) -> Term:
        """The term with shapes and free indices; a sum over the units of a scalar falls away.

        What is random is drawn anew at every step of every index that runs around it.
        """
        operands = tuple(self.typed(operand, (*running, *term.over)) for operand in term.operands)
        if term.function in ("sum", "mean") and not term.over and operands[0].shape == ():
            return replace(operands[0], span=term.span)
        shape = self.shape(term)
        if shape is None or any(one.find().value is None for one in shape):
            said = {"name": self.solver.source(term.span), "other": ""}
            raise LanguageError([Diagnostic("size-unknown", term.span, said)])
        found = {index for operand in operands for index in operand.indices}
        if term.index is not None:
            found.add(term.index)
        if term.operands and FUNCTIONS[term.function].family in ("random", "feedback"):
            found |= set(running)
        if term.reference is not None:
            found |= {position.index for position in term.reference.positions if position.index}
        if term.function != "softmax":
            found -= set(term.over)
        return replace(
            term,
            operands=operands,
            shape=self.sizes(shape),
            indices=tuple(index for index in self._order if index in found),
        )


def _target_span(equation: Equation) -> Span:
    span = equation.span
    return Span(span.line, span.column, span.line, span.column + len(equation.variable))
