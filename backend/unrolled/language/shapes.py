"""Sizes by unification, and the shape rules that the vocabulary table names.

A shape is a tuple of `Dimension`s, or None while its rank is not known. A rule takes the shapes of
the arguments, makes equal what must be equal, and returns the shape of the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from unrolled.language.diagnostics import Diagnostic, LanguageError, Span, shorten
from unrolled.language.terms import Term

RANKS = {
    0: ("a scalar", "标量"),
    1: ("a vector", "向量"),
    2: ("a matrix", "矩阵"),
    3: ("a tensor", "张量"),
}


class Dimension:
    """A size that may not be known yet; equal sizes share one representative."""

    __slots__ = ("origin", "parent", "value")

    def __init__(self, value: int | None = None, origin: int | None = None) -> None:
        self.parent: Dimension | None = None
        self.value = value
        self.origin = origin  # line that fixed the value

    def find(self) -> Dimension:
        dimension = self
        while dimension.parent is not None:
            dimension = dimension.parent
        return dimension


Dimensions = tuple[Dimension, ...]
MaybeShape = Dimensions | None
Rule = Callable[["Solver", Term, Sequence[MaybeShape]], MaybeShape]


@dataclass(frozen=True, slots=True)
class _Total:
    whole: Dimension
    parts: tuple[Dimension, ...]
    term: Term


class Solver:
    """Collects what is equal, and says where two sizes cannot be."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._words = frozenset(re.findall(r"\w+", text))
        self._totals: dict[tuple[Span, str], _Total] = {}

    def source(self, span: Span) -> str:
        """The reader's own words at a place, shortened."""
        if span.line == span.end_line:
            return shorten(self._lines[span.line - 1][span.column - 1 : span.end_column - 1])
        return shorten(" ".join(self._lines[span.line - 1 : span.end_line]))

    def unify(
        self, left: Dimension, right: Dimension, term: Term, left_term: Term, right_term: Term
    ) -> None:
        """Make two sizes one, or raise `shape` at `term`."""
        a, b = left.find(), right.find()
        if a is b:
            return
        if a.value is not None and b.value is not None and a.value != b.value:
            raise LanguageError([self._mismatch(a, b, left_term, right_term)])
        if a.value is None:
            a, b = b, a
        b.parent = a

    def total(self, parts: Sequence[Dimension], term: Term) -> Dimension:
        """The size of a concatenation: one dimension a term, the sum of `parts`."""
        known = self._totals.get((term.span, term.function))
        whole = known.whole if known is not None else Dimension()
        self._totals[(term.span, term.function)] = _Total(whole, tuple(parts), term)
        return whole

    def settle(self) -> None:
        """Work out sizes that are sums of others, until nothing changes."""
        changed = True
        while changed:
            changed = False
            for total in self._totals.values():
                whole = total.whole.find()
                parts = [part.find() for part in total.parts]
                unknown = [part for part in parts if part.value is None]
                known = sum(part.value or 0 for part in parts)
                if not unknown:
                    if whole.value is None:
                        whole.value, whole.origin, changed = known, total.term.span.line, True
                    elif whole.value != known:
                        raise LanguageError(
                            [self._mismatch(Dimension(known), whole, total.term, total.term)]
                        )
                elif len(unknown) == 1 and whole.value is not None and whole.value > known:
                    unknown[0].value, unknown[0].origin, changed = (
                        whole.value - known,
                        total.term.span.line,
                        True,
                    )

    def _mismatch(self, a: Dimension, b: Dimension, left: Term, right: Term) -> Diagnostic:
        def origin(dimension: Dimension, line: int) -> tuple[str, str]:
            if dimension.origin is None or dimension.origin == line:
                return ("", "")
            return (f" (from line {dimension.origin})", f"（由第 {dimension.origin} 行）")

        return Diagnostic(
            "shape",
            right.span,
            {
                "left": self.source(left.span),
                "left_size": str(a.value),
                "left_origin": origin(a, left.span.line),
                "right": self.source(right.span),
                "right_size": str(b.value),
                "right_origin": origin(b, right.span.line),
                "product": self._product(right),
            },
        )

    def _product(self, term: Term) -> str:
        """The term behind a matrix that the text has not used; of a product with a matrix, the vector behind that."""
        letter = next((one for one in "WUVQRABCDEFGM" if one not in self._words), "W_new")
        if term.function == "matmul" and term.operands[0].reference is not None:
            term = term.operands[1]
        words = self.source(term.span)
        is_simple = term.reference is not None or (
            term.operands and words.endswith(")") and words.startswith(term.function)
        )
        return f"{letter} @ {words}" if is_simple else f"{letter} @ ({words})"

    def rank_error(
        self, left: Term, left_rank: int, right: Term, right_rank: int, cure: tuple[str, str]
    ) -> LanguageError:
        """Two terms whose ranks do not fit, with the cure in both languages."""
        return LanguageError(
            [
                Diagnostic(
                    "rank",
                    right.span,
                    {
                        "left": self.source(left.span),
                        "left_rank": RANKS[left_rank],
                        "right": self.source(right.span),
                        "right_rank": RANKS[right_rank],
                        "suggestion": cure,
                    },
                )
            ]
        )

    def need_rank(self, term: Term, shape: MaybeShape, rank: int, whole: Term) -> bool:
        """True if the argument has the rank, False while unknown; otherwise an error."""
        if shape is None:
            return False
        if len(shape) != rank:
            want_en, want_zh = RANKS[rank]
            raise self.rank_error(
                term,
                len(shape),
                whole,
                rank,
                (f"Here {want_en} is needed.", f"这里需要{want_zh}。"),
            )
        return True


def elementwise(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """Scalars go with anything; everything else must have one shape."""
    widest: tuple[Term, Dimensions] | None = None
    for operand, shape in zip(term.operands, shapes, strict=True):
        if not shape:
            continue
        if widest is None:
            widest = (operand, shape)
            continue
        other, known = widest
        if len(known) != len(shape):
            raise solver.rank_error(
                other,
                len(known),
                operand,
                len(shape),
                (
                    "For a product of matrix and vector write `@` instead of `*`.",
                    "矩阵与向量相乘请用 `@`，不用 `*`。",
                ),
            )
        for one, two in zip(known, shape, strict=True):
            solver.unify(one, two, term, _last_summand(other), operand)
    if widest is not None:
        return widest[1]
    return None if any(shape is None for shape in shapes) else ()


def _last_summand(term: Term) -> Term:
    """Of a sum the last part that is not a number, as it stands beside what follows."""
    while term.function in ("add", "subtract"):
        right = term.operands[1]
        term = term.operands[0] if right.function == "number" else right
    return term


def matmul(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """(n, m) @ (m,) → (n,); (n, m) @ (m, k) → (n, k); (m,) @ (m,) → (); (m,) @ (m, k) → (k,)."""
    left, right = term.operands
    a, b = shapes
    if a is None or b is None:
        return None
    if (len(a), len(b)) not in ((2, 1), (2, 2), (1, 1), (1, 2)):
        raise solver.rank_error(
            left,
            len(a),
            right,
            len(b),
            (
                "`@` takes matrices and vectors; with a scalar write `*`.",
                "`@` 用于矩阵和向量；与标量相乘请用 `*`。",
            ),
        )
    *rows, across = a
    down, *columns = b
    solver.unify(across, down, term, left, right)
    return (*rows, *columns)


def same_vector(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """A vector to a vector of the same size; over a domain, any shape to itself."""
    if term.over:
        return shapes[0]
    return shapes[0] if solver.need_rank(term.operands[0], shapes[0], 1, term) else None


def reduced(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """Over a domain, the shape stays; otherwise all units become one scalar."""
    return shapes[0] if term.over else ()


def scalar(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """Any shape to a scalar."""
    return ()


def paired_vectors(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """Two vectors of one size to a scalar: logits and target."""
    for operand, shape in zip(term.operands, shapes, strict=True):
        solver.need_rank(operand, shape, 1, term)
    return paired_scalar(solver, term, shapes)


def paired_scalar(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """Two of one shape to a scalar."""
    if all(shape is not None for shape in shapes):
        _same(solver, term, shapes)
    return ()


def same(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """All arguments have one shape, which is the result's."""
    known = next((shape for shape in shapes if shape is not None), None)
    if known is not None and all(shape is not None for shape in shapes):
        _same(solver, term, shapes)
    return known


def _same(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> None:
    first, shape = term.operands[0], shapes[0] or ()
    for operand, other in zip(term.operands[1:], shapes[1:], strict=True):
        other = other or ()
        if len(other) != len(shape):
            raise solver.rank_error(
                first,
                len(shape),
                operand,
                len(other),
                ("Both must have one shape.", "两者的形状必须相同。"),
            )
        for one, two in zip(shape, other, strict=True):
            solver.unify(one, two, term, first, operand)


def cosine(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """A key (m,) with the rows of a matrix (N, m) → (N,); with a vector (m,) → ()."""
    key, memory = term.operands
    a, b = shapes
    if not solver.need_rank(key, a, 1, term) or a is None or b is None:
        return None
    if len(b) == 1:
        solver.unify(a[0], b[0], term, key, memory)
        return ()
    solver.need_rank(memory, b, 2, term)
    rows, columns = b
    solver.unify(a[0], columns, term, key, memory)
    return (rows,)


def concatenated(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """Vectors of any sizes, one after the other."""
    parts: list[Dimension] = []
    for operand, shape in zip(term.operands, shapes, strict=True):
        if shape == ():
            parts.append(Dimension(1))
        elif not solver.need_rank(operand, shape, 1, term) or shape is None:
            return None
        else:
            parts.append(shape[0])
    return (solver.total(parts, term),)


def outer(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """(n,), (m,) → (n, m)."""
    ready = [
        solver.need_rank(operand, shape, 1, term)
        for operand, shape in zip(term.operands, shapes, strict=True)
    ]
    a, b = shapes
    return a + b if all(ready) and a is not None and b is not None else None


def transposed(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """(n, m) → (m, n)."""
    shape = shapes[0]
    return (
        (shape[1], shape[0])
        if solver.need_rank(term.operands[0], shape, 2, term) and shape is not None
        else None
    )


def bilinear(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """(k, n, m), (n,), (m,) → (k,)."""
    ready = [
        solver.need_rank(operand, shape, rank, term)
        for operand, shape, rank in zip(term.operands, shapes, (3, 1, 1), strict=True)
    ]
    tensor, a, b = shapes
    if not all(ready) or tensor is None or a is None or b is None:
        return None
    solver.unify(tensor[1], a[0], term, term.operands[0], term.operands[1])
    solver.unify(tensor[2], b[0], term, term.operands[0], term.operands[2])
    return (tensor[0],)


def convolved(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """(N,), (N,) → (N,): a shift distribution over the same circle."""
    ready = [
        solver.need_rank(operand, shape, 1, term)
        for operand, shape in zip(term.operands, shapes, strict=True)
    ]
    a, b = shapes
    if not all(ready) or a is None or b is None:
        return a if ready[0] else None
    solver.unify(a[0], b[0], term, *term.operands)
    return a


def sharpened(solver: Solver, term: Term, shapes: Sequence[MaybeShape]) -> MaybeShape:
    """(N,), () → (N,)."""
    solver.need_rank(term.operands[1], shapes[1], 0, term)
    return shapes[0] if solver.need_rank(term.operands[0], shapes[0], 1, term) else None
