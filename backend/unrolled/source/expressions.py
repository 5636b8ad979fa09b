"""Terms as expressions of torch, function by function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from unrolled.language import Position, Recurrence, Reference, Term

from .names import ModuleNames
from .values import (
    ATOM,
    COMPARISON,
    CONDITION,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Value,
    aligned,
    batched,
    kind_of,
    number,
    numeric,
    power,
    tensor,
)

_OPERATORS: Final = {
    "add": ("+", SUM, SUM, SUM),
    "subtract": ("-", SUM, SUM, PRODUCT),
    "multiply": ("*", PRODUCT, PRODUCT, UNARY),
    "divide": ("/", PRODUCT, PRODUCT, UNARY),
    "modulo": ("%", PRODUCT, PRODUCT, UNARY),
}
_COMPARISONS: Final = {
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}
_UNARY: Final = {
    "sigmoid": "torch.sigmoid",
    "tanh": "torch.tanh",
    "relu": "torch.relu",
    "exp": "torch.exp",
    "log": "torch.log",
    "abs": "torch.abs",
    "sqrt": "torch.sqrt",
    "softplus": "functional.softplus",
    "spike": "spike",
}
_LETTERS: Final = "ijk"


class Expressions:
    """Writes terms; remembers what the module needs for them (`used`: names of helpers, `zero`, …)."""

    def __init__(self, recurrence: Recurrence, names: ModuleNames) -> None:
        self.recurrence = recurrence
        self.names = names
        self.used: set[str] = set()
        self.hoisted: dict[int, Value] = {}
        self.running: list[str] = []

    def write(self, term: Term) -> Value:
        """The value of a term where it stands."""
        value = self.hoisted.get(id(term)) or self._write(term)
        for word in ("zero", "batch"):
            if word in value.code:
                self.used.add(word)
        return value

    def _write(self, term: Term) -> Value:
        if term.function == "number":
            return number(term.value or 0.0)
        if term.function == "leaf":
            return self._leaf(term)
        if term.index is not None:
            return Value(self.names.local[term.index], ATOM, "number")
        if term.reference is not None:
            return self.reference(term.reference, len(term.shape))
        if term.over:
            return self._over(term)
        parts = [self.write(operand) for operand in term.operands]
        if term.function in _OPERATORS:
            return self._operator(term.function, parts)
        if term.function in _COMPARISONS:
            rank, sign = max(one.rank for one in parts), _COMPARISONS[term.function]
            left, right = (aligned(numeric(one), rank).within(SUM) for one in parts)
            return Value(f"{left} {sign} {right}", COMPARISON, kind_of(*parts), rank, True)
        if term.function in _UNARY:
            return self._unary(term.function, parts[0])
        return getattr(self, f"_{term.function}")(*parts)

    def reference(self, reference: Reference, rank: int) -> Value:
        """A name as it is read."""
        name = reference.name
        if name in self.names.own:
            return Value(f"self.{self.names.own[name]}", ATOM, "shared", rank)
        if name in self.recurrence.settings:
            return Value(self.names.local[name], ATOM, "number")
        held = self.names.steps.get(name, self.names.local[name])
        if not reference.positions:
            return Value(held, ATOM, "batched", rank)
        steps = ", ".join(self.position(one) for one in reference.positions)
        if len(reference.positions) > 1 and any(map(_may_leave, reference.positions)):
            self.used.add(f"outside {name}")
            return Value(f"{held}.get(({steps}), {held}_outside)", ATOM, "batched", rank)
        if any(one.anchor in ("left", "right") for one in reference.positions):
            self.used.add(f"child {name}")
        return Value(f"{held}[{steps}]", ATOM, "batched", rank)

    def position(self, position: Position) -> str:
        """A step as Python reads it."""
        match position.anchor:
            case "shift":
                return _shifted(self.names.local[position.index], position.offset)
            case "start":
                return str(position.offset)
            case "end":
                return _shifted(self.names.length[position.domain], position.offset)
            case "left" | "right":
                self.used.add(position.anchor)
                return f"{position.anchor}[{self.names.local[position.index]}]"
            case _:
                return self.names.length[position.domain]

    def sweep(self, term: Term) -> str:
        """`for s in range(1, source + 1)`, for every index that a term runs over."""
        return " ".join(
            f"for {self.names.local[index]} in {self.range(index)}" for index in term.over
        )

    def range(self, index: str) -> str:
        return f"range(1, {self.names.length[self.recurrence.index_domains[index]]} + 1)"

    def _over(self, term: Term) -> Value:
        body = self.write(term.operands[0])
        if term.function == "softmax":
            body = tensor(body)
            index = self.names.local[term.over[0]]
            code = (
                f"torch.softmax(torch.stack([{body.within(CONDITION)} {self.sweep(term)}]), dim=0)"
            )
            return Value(f"{code}[{index} - 1]", ATOM, body.kind, body.rank)
        body = numeric(body)
        code = f"sum({body.within(COMPARISON)} {self.sweep(term)})"
        return self.averaged(term, Value(code, ATOM, body.kind, body.rank))

    def averaged(self, term: Term, total: Value) -> Value:
        """A sum over indices, divided by the number of its terms where the term is a mean."""
        if term.function != "mean":
            return total
        lengths = [self.names.length[self.recurrence.index_domains[one]] for one in term.over]
        count = " * ".join(lengths)
        divisor = count if len(lengths) == 1 else f"({count})"
        return Value(f"{total.within(PRODUCT)} / {divisor}", PRODUCT, total.kind, total.rank)

    def _leaf(self, term: Term) -> Value:
        index = term.operands[0].index or ""
        self.used.add("leaves")
        return Value(f"{self.names.local[index]} <= leaves", COMPARISON, "number", 0, True)

    def _operator(self, function: str, parts: list[Value]) -> Value:
        sign, level, least, other = _OPERATORS[function]
        rank = max(one.rank for one in parts)
        left, right = (aligned(numeric(one), rank) for one in parts)
        code = f"{left.within(least)} {sign} {right.within(other)}"
        return Value(code, level, kind_of(*parts), rank)

    def _negative(self, value: Value) -> Value:
        value = numeric(value)
        return Value(f"-{value.within(UNARY)}", UNARY, value.kind, value.rank)

    def _power(self, base: Value, exponent: Value) -> Value:
        rank = max(base.rank, exponent.rank)
        left, right = (aligned(numeric(one), rank) for one in (base, exponent))
        code = power(left.within(ATOM), right.within(UNARY))
        return Value(code, POWER, kind_of(base, exponent), rank)

    def _unary(self, function: str, value: Value) -> Value:
        if function in ("softplus", "spike"):
            self.used.add("functional" if function == "softplus" else "spike")
        value = numeric(value)
        if value.kind == "number" and function == "abs":
            return Value(f"abs({value.code})", ATOM, "number")
        value = tensor(value)
        return Value(f"{_UNARY[function]}({value.code})", ATOM, value.kind, value.rank)

    def _extreme(self, name: str, left: Value, right: Value) -> Value:
        rank, kind = max(left.rank, right.rank), kind_of(left, right)
        if kind == "number":
            short = name.removesuffix("imum")
            return Value(f"{short}({numeric(left).code}, {numeric(right).code})", ATOM, kind)
        one, two = (aligned(tensor(value), rank).code for value in (left, right))
        return Value(f"torch.{name}({one}, {two})", ATOM, kind, rank)

    def _minimum(self, left: Value, right: Value) -> Value:
        return self._extreme("minimum", left, right)

    def _maximum(self, left: Value, right: Value) -> Value:
        return self._extreme("maximum", left, right)

    def condition(self, value: Value) -> Value:
        """Whether a value is not 0."""
        if value.is_bool:
            return value
        return Value(f"{value.within(SUM)} != 0", COMPARISON, value.kind, value.rank, True)

    def _where(self, test: Value, yes: Value, no: Value) -> Value:
        test, yes, no = self.condition(test), numeric(yes), numeric(no)
        rank = max(one.rank for one in (test, yes, no))
        if test.kind == "number" and (yes.kind, yes.rank) == (no.kind, no.rank):
            code = f"{yes.within(COMPARISON)} if {test.code} else {no.within(CONDITION)}"
            return Value(code, CONDITION, yes.kind, yes.rank)
        if yes.kind == no.kind == "number":
            yes = tensor(yes)
        told = f"torch.tensor({test.code})" if test.kind == "number" else aligned(test, rank).code
        codes = ", ".join(aligned(one, rank).code for one in (yes, no))
        return Value(f"torch.where({told}, {codes})", ATOM, kind_of(test, yes, no), rank)

    def _matmul(self, left: Value, right: Value) -> Value:
        left, right = numeric(left), numeric(right)
        kinds, rank = (left.kind, right.kind), left.rank + right.rank - 2
        kind = kind_of(left, right)
        if (left.rank, right.rank) == (2, 1) and kinds == ("shared", "batched"):
            code = f"{right.within(PRODUCT)} @ {left.within(ATOM)}.T"
            return Value(code, PRODUCT, kind, rank)
        if (left.rank, right.rank) == (1, 1) and kinds == ("shared", "batched"):
            left, right = right, left
        elif kinds == ("batched", "batched") and (left.rank, right.rank) != (2, 2):
            if left.rank == right.rank:
                left_code, right_code = left.within(PRODUCT), right.within(UNARY)
                return Value(f"({left_code} * {right_code}).sum(dim=-1)", ATOM, kind, rank)
            return self._einsum([left, right], ["ij", "j"] if left.rank == 2 else ["i", "ij"])
        code = f"{left.within(PRODUCT)} @ {right.within(UNARY)}"
        return Value(code, PRODUCT, kind, rank)

    def _einsum(self, parts: list[Value], letters: list[str], result: str | None = None) -> Value:
        """A sum over what two arguments share, with a letter b for the batch."""
        kind = kind_of(*parts)
        if result is None:
            seen = "".join(letters)
            result = "".join(one for one in dict.fromkeys(seen) if seen.count(one) == 1)
        own = [
            f"b{one}" if part.kind == "batched" else one
            for part, one in zip(parts, letters, strict=True)
        ]
        pattern = f"{','.join(own)}->{'b' if kind == 'batched' else ''}{result}"
        codes = ", ".join(one.code for one in parts)
        return Value(f'torch.einsum("{pattern}", {codes})', ATOM, kind, len(result))

    def _outer(self, left: Value, right: Value) -> Value:
        return self._einsum([left, right], ["i", "j"], "ij")

    def _bilinear(self, tensor_: Value, left: Value, right: Value) -> Value:
        return self._einsum([tensor_, left, right], ["kij", "i", "j"], "k")

    def _transpose(self, value: Value) -> Value:
        return Value(f"{value.within(ATOM)}.mT", ATOM, value.kind, 2)

    def _softmax(self, value: Value) -> Value:
        return Value(f"torch.softmax({value.code}, dim=-1)", ATOM, value.kind, 1)

    def _reduced(self, name: str, value: Value) -> Value:
        value = tensor(value)
        if not value.rank:
            return value
        dims = "-1" if value.rank == 1 else str(tuple(range(-value.rank, 0)))
        return Value(f"{value.within(ATOM)}.{name}(dim={dims})", ATOM, value.kind, 0)

    def _sum(self, value: Value) -> Value:
        return self._reduced("sum", value)

    def _mean(self, value: Value) -> Value:
        return self._reduced("mean", value)

    def _norm(self, value: Value) -> Value:
        if not value.rank:
            return self._unary("abs", value)
        dims = "-1" if value.rank == 1 else str(tuple(range(-value.rank, 0)))
        code = f"torch.linalg.vector_norm({value.code}, dim={dims})"
        return Value(code, ATOM, value.kind, 0)

    def _cosine(self, key: Value, memory: Value) -> Value:
        rank = memory.rank - 1
        own = f"{key.within(ATOM)}[:, None]" if rank and key.kind == "batched" else key.code
        code = f"torch.cosine_similarity({own}, {memory.code}, dim=-1, eps=1e-12)"
        return Value(code, ATOM, kind_of(key, memory), rank)

    def _concat(self, *parts: Value) -> Value:
        kind: Callable[[Value], Value] = tensor
        values = [tensor(one) for one in parts]
        if any(one.kind == "batched" for one in values):
            kind = _batch
        codes: list[str] = []
        for value in map(kind, values):
            place = "[:, None]" if value.kind == "batched" else "[None]"
            codes.append(value.code if value.rank else f"{value.within(ATOM)}{place}")
        return Value(
            f"torch.cat([{', '.join(codes)}], dim=-1)", ATOM, kind_of(*map(kind, values)), 1
        )

    def _circular_convolve(self, weights: Value, shifts: Value) -> Value:
        self.used.add("circular_convolve")
        code = f"circular_convolve({weights.code}, {shifts.code})"
        return Value(code, ATOM, kind_of(weights, shifts), 1)

    def _sharpen(self, weights: Value, exponent: Value) -> Value:
        self.used.add("sharpen")
        exponent = aligned(tensor(exponent), 1)
        code = f"sharpen({weights.code}, {exponent.code})"
        return Value(code, ATOM, kind_of(weights, exponent), 1)

    def _argmax(self, scores: Value) -> Value:
        self.used |= {"argmax", "functional"}
        return Value(f"argmax({scores.code})", ATOM, scores.kind, 1)

    def _sample(self, p: Value) -> Value:
        self.used |= {"sample", "functional", "generator"}
        return Value(f"sample({batched(p, 1).code}, generator)", ATOM, "batched", 1)

    def _bernoulli(self, q: Value) -> Value:
        self.used |= {"bernoulli", "generator"}
        return Value(f"bernoulli({batched(q, q.rank).code}, generator)", ATOM, "batched", q.rank)

    def _normal(self, mean: Value, deviation: Value) -> Value:
        self.used |= {"normal", "generator"}
        rank = max(mean.rank, deviation.rank)
        if mean.rank < rank:
            mean = self._operator("add", [mean, self._operator("multiply", [number(0), deviation])])
        spread = aligned(tensor(deviation), rank)
        code = f"normal({batched(mean, rank).code}, {spread.code}, generator)"
        return Value(code, ATOM, "batched", rank)

    def _force(self, target: Value, prediction: Value) -> Value:
        self.used |= {"force", "generator", "forcing"}
        rank = max(target.rank, prediction.rank)
        codes = ", ".join(batched(one, rank).code for one in (target, prediction))
        return Value(f"force({codes}, forcing, generator)", ATOM, "batched", rank)

    def _cross_entropy(self, logits: Value, target: Value) -> Value:
        code = f"-({target.within(PRODUCT)} * torch.log_softmax({logits.code}, dim=-1)).sum(dim=-1)"
        return Value(code, UNARY, kind_of(logits, target), 0)

    def _squared_error(self, left: Value, right: Value) -> Value:
        difference = self._operator("subtract", [left, right])
        square = f"({difference.code}) ** 2"
        if not difference.rank:
            return Value(square, POWER, difference.kind, 0)
        dims = "-1" if difference.rank == 1 else str(tuple(range(-difference.rank, 0)))
        return Value(f"({square}).sum(dim={dims})", ATOM, difference.kind, 0)


def _batch(value: Value) -> Value:
    return batched(value, value.rank)


def _shifted(name: str, offset: int) -> str:
    if not offset:
        return name
    return f"{name} {'-' if offset < 0 else '+'} {abs(offset)}"


def _may_leave(position: Position) -> bool:
    """Whether a read may lie outside its domain."""
    match position.anchor:
        case "start":
            return position.offset < 1
        case "end":
            return position.offset > 0
        case "left" | "right":
            return True
        case _:
            return position.anchor == "shift" and position.offset != 0
