"""Counts as polynomials in the lengths of the domains, found from a few short sequences.

An unfolded graph is periodic: past the longest delay every further step adds the same nodes and edges, so
its counts are known for any length from those of the first few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

Powers = tuple[int, ...]

_SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Axis:
    """A variable of a polynomial: its name, the first value from which it holds, its degree."""

    name: str
    start: int
    degree: int


@dataclass(frozen=True, slots=True)
class Polynomial:
    """`terms`: the powers of `names` to their coefficient."""

    names: tuple[str, ...]
    terms: Mapping[Powers, Fraction]

    def at(self, values: Mapping[str, int]) -> int:
        """The value, which is a whole number for counts."""
        total = Fraction(0)
        for powers, coefficient in self.terms.items():
            product = coefficient
            for name, power in zip(self.names, powers, strict=True):
                product *= values[name] ** power
            total += product
        return int(total)

    def text(self, symbols: Mapping[str, str] | None = None) -> str:
        """As `5 τ + 2`; `symbols` replace the names."""
        known = [(powers, value) for powers, value in self.terms.items() if value]
        ordered = sorted(known, key=lambda one: (sum(one[0]), one[0]), reverse=True)
        text = ""
        for powers, value in ordered:
            factors = [
                (symbols or {}).get(name, name)
                + (str(power).translate(_SUPERSCRIPTS) if power > 1 else "")
                for name, power in zip(self.names, powers, strict=True)
                if power
            ]
            size = abs(value)
            shown = [] if size == 1 and factors else [str(size)]
            term = " ".join([*shown, *factors])
            sign = "-" if value < 0 else "+"
            text = f"{text} {sign} {term}" if text else ("-" if value < 0 else "") + term
        return text or "0"


def fit(axes: Sequence[Axis], count: Callable[[Mapping[str, int]], int]) -> Polynomial:
    """The polynomial that agrees with `count` on a grid: as many points an axis as its degree and one."""
    names = tuple(axis.name for axis in axes)
    return Polynomial(names, _terms(list(axes), {}, count))


def _terms(
    axes: list[Axis], at: dict[str, int], count: Callable[[Mapping[str, int]], int]
) -> dict[Powers, Fraction]:
    if not axes:
        return {(): Fraction(count(at))}
    axis, *rest = axes
    points = range(axis.start, axis.start + axis.degree + 1)
    found: dict[Powers, Fraction] = {}
    for point in points:
        inner = _terms(rest, {**at, axis.name: point}, count)
        for power, weight in enumerate(_basis(point, points)):
            for powers, value in inner.items():
                key = (power, *powers)
                found[key] = found.get(key, Fraction(0)) + weight * value
    return found


def _basis(point: int, points: range) -> list[Fraction]:
    """The coefficients of the polynomial that is 1 at `point` and 0 at all other points."""
    coefficients = [Fraction(1)]
    for other in points:
        if other == point:
            continue
        scale = Fraction(1, point - other)
        shifted = [Fraction(0), *coefficients]
        for place, value in enumerate(coefficients):
            shifted[place] -= other * value
        coefficients = [value * scale for value in shifted]
    return coefficients
