"""A plain interpreter of the language: the oracle that the engine is held against.

It evaluates the terms of a recurrence one step at a time, by recursion over (name, steps), and remembers
what it has computed. It knows nothing of schedules, maps, scans, views or batches: a value is a float64
tensor of one step's shape, and every function is written out from its definition.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from unrolled.language import Equation, Position, Recurrence, Reference, Term

Steps = tuple[int, ...]
Here = Mapping[str, int]
Draw = Callable[[Term, Here], Tensor]


def _no_draw(term: Term, here: Here) -> Tensor:
    raise AssertionError(f"{term.function} is random, and nothing was said to be drawn")


@dataclass
class Interpreter:
    """`inputs`: name to a tensor (steps…, shape); `boundary`: (name, steps) to what a caller gave for it.

    `draw` says what a random function drew; `forcing` is 0 or 1; `trees`: the children of every node; `clamp`:
    what is held, as a run is asked (`steps` by domain). A domain that ends by `stop` has at most the steps that
    `lengths` says.
    """

    recurrence: Recurrence
    lengths: Mapping[str, int]
    inputs: Mapping[str, Tensor]
    parameters: Mapping[str, Tensor]
    settings: Mapping[str, float | Tensor] = field(default_factory=dict[str, float | Tensor])
    boundary: Mapping[tuple[str, Steps], Tensor] = field(
        default_factory=dict[tuple[str, Steps], Tensor]
    )
    forcing: int = 1
    draw: Draw = _no_draw
    trees: Mapping[str, Sequence[tuple[int, int] | None]] = field(
        default_factory=dict[str, "Sequence[tuple[int, int] | None]"]
    )

    clamp: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        self._known: dict[tuple[str, Steps], Tensor] = {}
        most, ends = dict(self.lengths), {one.domain for one in self.recurrence.stops}
        for domain in [*ends] * len(ends):  # again, where one domain waits for another
            self.lengths = {**self.lengths, domain: self._end(domain, most[domain])}
            self._known.clear()

    def _end(self, domain: str, most: int) -> int:
        """The first step at which a condition of the domain is not zero, or the most it may have."""
        self._known.clear()
        self.lengths = {**self.lengths, domain: most}
        stops = [one for one in self.recurrence.stops if one.domain == domain]
        for step in range(1, most + 1):
            if any(bool(self.term(one.term, {one.index: step}) != 0) for one in stops):
                return step
        return most

    def value(self, name: str) -> Tensor:
        """All steps of a variable, as (steps…, shape)."""
        variable = self.recurrence.variables[name]

        def rows(steps: Steps, domains: Sequence[str]) -> Tensor:
            if not domains:
                return self.at(name, steps)
            length = self.lengths[domains[0]]
            return torch.stack([rows((*steps, k), domains[1:]) for k in range(1, length + 1)])

        return rows((), variable.domains)

    def at(self, name: str, steps: Steps) -> Tensor:
        """A variable at one step of each of its domains; outside them, its boundary value."""
        if (name, steps) not in self._known:
            self._known[name, steps] = self._compute(name, steps).expand(
                self.recurrence.variables[name].shape
            )
        return self._known[name, steps]

    def _compute(self, name: str, steps: Steps) -> Tensor:
        variable = self.recurrence.variables[name]
        lengths = [self.lengths[domain] for domain in variable.domains]
        is_inside = all(1 <= step <= length for step, length in zip(steps, lengths, strict=True))
        if not is_inside:
            return self._outside(name, steps)
        if variable.kind == "input":
            return self.inputs[name][tuple(step - 1 for step in steps)]
        held = self._held(name, steps)
        if len(held) == math.prod(variable.shape):
            units = [torch.tensor(held[unit], dtype=torch.float64) for unit in sorted(held)]
            return torch.stack(units).reshape(variable.shape)
        equation = self.recurrence.equation(name)
        value = self.term(equation.term, dict(zip(equation.indices, steps, strict=True)))
        if not held:
            return value
        units = list(value.expand(variable.shape).reshape(-1))
        for unit, given in held.items():
            units[unit] = torch.tensor(given, dtype=torch.float64)
        return torch.stack(units).reshape(variable.shape)

    def _held(self, name: str, steps: Steps) -> dict[int, float]:
        """The units of a variable that are held at one step, and at which value."""
        variable = self.recurrence.variables[name]
        held: dict[int, float] = {}
        for form in self.clamp:
            spans: Mapping[str, Sequence[int]] = form.get("steps", {})
            is_here = form["variable"] == name and all(
                domain not in spans or spans[domain][0] <= step <= spans[domain][1]
                for step, domain in zip(steps, variable.domains, strict=True)
            )
            if is_here:
                units = form.get("units", range(math.prod(variable.shape)))
                held.update(dict.fromkeys(units, float(form["value"])))
        return held

    def _outside(self, name: str, steps: Steps) -> Tensor:
        if (name, steps) in self.boundary:
            return self.boundary[name, steps]
        for equation in self.recurrence.boundaries:
            here = self._here(equation, steps) if equation.variable == name else None
            if here is not None:
                return self.term(equation.term, here)
        return torch.zeros((), dtype=torch.float64)

    def _here(self, equation: Equation, steps: Steps) -> dict[str, int] | None:
        """The running indices of a boundary equation at these steps, or None where it says nothing."""
        here: dict[str, int] = {}
        for position, step in zip(equation.position or (), steps, strict=True):
            if position.anchor == "shift":
                if not 1 <= step <= self.lengths[position.domain]:
                    return None
                here[position.index] = step
            elif self._step(position, {}) != step:
                return None
        return here

    def _step(self, position: Position, here: Here) -> int:
        match position.anchor:
            case "shift":
                return here[position.index] + position.offset
            case "start":
                return position.offset
            case "end":
                return self.lengths[position.domain] + position.offset
            case "root":
                return self.lengths[position.domain]
            case other:
                pair = self.trees[position.domain][here[position.index] - 1]
                return 0 if pair is None else pair[0 if other == "left" else 1]

    def term(self, term: Term, here: Here) -> Tensor:
        """A term at one step of every running index."""
        if term.function == "number":
            return torch.tensor(term.value, dtype=torch.float64)
        if term.index is not None:
            return torch.tensor(float(here[term.index]), dtype=torch.float64)
        if term.reference is not None:
            return self._reference(term.reference, here)
        if term.function == "leaf":
            index = term.operands[0].index or ""
            pair = self.trees[self.recurrence.index_domains[index]][here[index] - 1]
            return torch.tensor(float(pair is None), dtype=torch.float64)
        if term.function == "where" and term.operands[0].function == "leaf":
            return self.term(term.operands[1 if self.term(term.operands[0], here) else 2], here)
        if term.function == "force":
            return self.term(term.operands[0 if self.forcing else 1], here)
        if term.function in ("sample", "bernoulli", "normal"):
            return self.draw(term, here)
        if term.over:
            return self._over(term, here)
        operands = [self.term(operand, here) for operand in term.operands]
        return DEFINITIONS[term.function](*operands)

    def _reference(self, reference: Reference, here: Here) -> Tensor:
        name, recurrence = reference.name, self.recurrence
        if name in recurrence.variables:
            return self.at(name, tuple(self._step(one, here) for one in reference.positions))
        if name in recurrence.parameters:
            return self.parameters[name]
        if name in recurrence.constants:
            return torch.tensor(recurrence.constants[name].rows, dtype=torch.float64)
        value = self.settings.get(name, recurrence.settings[name].value)
        return torch.as_tensor(value, dtype=torch.float64)

    def _over(self, term: Term, here: Here) -> Tensor:
        """A sum, a mean or a softmax over indices."""

        def places(indices: Sequence[str], at: dict[str, int]) -> list[dict[str, int]]:
            if not indices:
                return [at]
            length = self.lengths[self.recurrence.index_domains[indices[0]]]
            return [
                place
                for step in range(1, length + 1)
                for place in places(indices[1:], {**at, indices[0]: step})
            ]

        values = [self.term(term.operands[0], place) for place in places(term.over, dict(here))]
        if term.function == "softmax":
            own = self.term(term.operands[0], here)
            return 1 / sum((value - own).exp() for value in values)  # type: ignore[return-value]
        total = torch.stack(values).sum(0)
        return total / len(values) if term.function == "mean" else total


def _number(condition: Tensor) -> Tensor:
    return condition.to(torch.float64)


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    if a.dim() == 1:
        return sum((a[i] * b[i] for i in range(len(a))), torch.zeros(b.shape[1:]).double())
    return torch.stack([_matmul(row, b) for row in a])


def _norm(a: Tensor) -> Tensor:
    total = (a * a).sum()
    return total.sqrt() if total > 0 else total  # whose slope at 0 is taken as 0


def _cosine(key: Tensor, memory: Tensor) -> Tensor:
    if memory.dim() == 2:
        return torch.stack([_cosine(key, row) for row in memory])
    lengths = _norm(key) * _norm(memory)
    return _matmul(key, memory) / lengths if lengths > 0 else torch.zeros_like(lengths)


def _softmax(a: Tensor) -> Tensor:
    shifted = (a - a.max()).exp()
    return shifted / shifted.sum()


def _convolve(w: Tensor, s: Tensor) -> Tensor:
    size = len(w)
    return torch.stack(
        [torch.stack([w[j] * s[(i - j) % size] for j in range(size)]).sum() for i in range(size)]
    )


def _bilinear(t: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.stack([_matmul(a, _matmul(slice_, b)) for slice_ in t])


def _concat(*parts: Tensor) -> Tensor:
    return torch.stack([unit for part in parts for unit in part.reshape(-1)])


def _argmax(a: Tensor) -> Tensor:
    best = max(range(len(a)), key=lambda place: float(a[place]))
    return torch.tensor([float(place == best) for place in range(len(a))], dtype=torch.float64)


def _outer(a: Tensor, b: Tensor) -> Tensor:
    return torch.stack([unit * b for unit in a])


DEFINITIONS: dict[str, Callable[..., Tensor]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "modulo": lambda a, b: a - b * (a / b).floor(),
    "negative": lambda a: -a,
    "matmul": _matmul,
    "equal": lambda a, b: _number(a == b),
    "not_equal": lambda a, b: _number(a != b),
    "less": lambda a, b: _number(a < b),
    "less_equal": lambda a, b: _number(a <= b),
    "greater": lambda a, b: _number(a > b),
    "greater_equal": lambda a, b: _number(a >= b),
    "sigmoid": lambda a: 1 / (1 + (-a).exp()),
    "tanh": lambda a: 1 - 2 / ((2 * a).exp() + 1),
    "relu": lambda a: a * _number(a > 0),
    "softplus": lambda a: (1 + a.exp()).log(),
    "exp": lambda a: a.exp(),
    "log": lambda a: a.log(),
    "abs": lambda a: a * a.sign(),
    "sqrt": lambda a: a.sqrt(),
    "minimum": lambda a, b: a - (a - b) * (_number(a > b) + _number(a == b) / 2),
    "maximum": lambda a, b: a - (a - b) * (_number(a < b) + _number(a == b) / 2),
    "where": lambda c, a, b: torch.where(c != 0, a, b),
    "spike": lambda a: _number(a >= 0),
    "softmax": _softmax,
    "sum": lambda a: a.sum(),
    "mean": lambda a: a.sum() / math.prod(a.shape),
    "norm": _norm,
    "cosine": _cosine,
    "concat": _concat,
    "outer": _outer,
    "transpose": lambda a: torch.stack([a[:, column] for column in range(a.shape[1])]),
    "bilinear": _bilinear,
    "circular_convolve": _convolve,
    "sharpen": lambda w, power: w**power / (w**power).sum(),
    "argmax": _argmax,
    "cross_entropy": lambda o, y: -(_softmax(o).log() * y).sum(),
    "squared_error": lambda a, b: ((a - b) * (a - b)).sum(),
}
