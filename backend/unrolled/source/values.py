"""Code of values: an expression of Python with what one must know to put it into another.

A `number` is Python's own; a `shared` tensor has the shape of the text; a `batched` one has the batch before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

CONDITION, COMPARISON, SUM, PRODUCT, UNARY, POWER, ATOM = range(7)
Kind = Literal["number", "shared", "batched"]
_SIMPLE: Final = re.compile(r"-?[\w.]+")


@dataclass(frozen=True, slots=True)
class Value:
    code: str
    level: int = ATOM
    kind: Kind = "batched"
    rank: int = 0
    is_bool: bool = False

    def within(self, level: int) -> str:
        """The code, in brackets where it binds weaker."""
        return self.code if self.level >= level else f"({self.code})"


def kind_of(*values: Value) -> Kind:
    kinds = {one.kind for one in values}
    return "batched" if "batched" in kinds else "shared" if "shared" in kinds else "number"


def numeric(value: Value) -> Value:
    """Truth as 1 and 0."""
    if not value.is_bool:
        return value
    if value.kind == "number":
        return Value(f"float({value.code})", ATOM, "number")
    return replace(value, code=f"{value.within(ATOM)}.to(zero)", level=ATOM, is_bool=False)


def tensor(value: Value) -> Value:
    """A number as a tensor without dimensions."""
    value = numeric(value)
    if value.kind != "number":
        return value
    return Value(f"zero + {value.within(PRODUCT)}", SUM, "shared")


def aligned(value: Value, rank: int) -> Value:
    """A batched scalar beside a vector needs a dimension for the units."""
    if value.kind != "batched" or value.rank >= rank:
        return value
    places = ", ".join([":", *["None"] * (rank - value.rank)])
    return replace(value, code=f"{value.within(ATOM)}[{places}]", level=ATOM, rank=rank)


def batched(value: Value, rank: int) -> Value:
    """The value of every sequence of the batch."""
    value = aligned(tensor(value), rank)
    if value.kind == "batched":
        return value
    rest = ", -1" * value.rank
    return Value(f"{value.within(ATOM)}.expand(batch{rest})", ATOM, "batched", value.rank)


def power(base: str, exponent: str) -> str:
    """`a**2` close together where both are plain, as formatters write it."""
    is_plain = _SIMPLE.fullmatch(base) and _SIMPLE.fullmatch(exponent)
    return f"{base}**{exponent}" if is_plain else f"{base} ** {exponent}"


def number(value: float) -> Value:
    if value == int(value) and abs(value) < 1e15:
        return Value(str(int(value)), UNARY if value < 0 else ATOM, "number")
    return Value(repr(value), UNARY if value < 0 else ATOM, "number")
