"""Lines as data: what a text says before names and shapes are known, the limits, and how to refuse one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from unrolled.language.diagnostics import Diagnostic, LanguageError, Span
from unrolled.language.terms import Position, Term

MAX_CHARACTERS: Final = 20_000
MAX_LINES: Final = 400
MAX_STATEMENTS: Final = 200
MAX_NODES: Final = 4_000
MAX_DEPTH: Final = 60
MAX_NUMBER: Final = 1e300
MAX_SIZE: Final = 1_000_000
MAX_REACH: Final = 100  # steps back or ahead, and steps outside the domain
MAX_RANK: Final = 3
MAX_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Loop:
    index: str
    domain: str
    span: Span


@dataclass(frozen=True, slots=True)
class Declaration:
    """`h: 8`, `M: (16, 6)`, `x: onehot(27)`, `x: input(4)`."""

    name: str
    shape: tuple[int, ...]
    form: str  # "shape", "onehot" or "input"
    span: Span


@dataclass(frozen=True, slots=True)
class Assignment:
    """`h[t] = …` with the loops around it; positions as written, not yet resolved."""

    name: str
    positions: tuple[Position, ...]
    term: Term
    loops: tuple[Loop, ...]
    span: Span
    target: Span


@dataclass(frozen=True, slots=True)
class ParameterForm:
    name: str
    constant: float | None
    spectral_radius: float | None
    density: float | None
    trained: bool
    span: Span


@dataclass(frozen=True, slots=True)
class SliderForm:
    name: str
    numbers: tuple[float, float, float]
    span: Span


@dataclass(frozen=True, slots=True)
class ConstantForm:
    name: str
    rows: tuple[float, ...] | tuple[tuple[float, ...], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class StopForm:
    term: Term
    loops: tuple[Loop, ...]
    span: Span


Statement = Declaration | Assignment | ParameterForm | SliderForm | ConstantForm | StopForm


def fail(code: str, span: Span, **arguments: str | tuple[str, str]) -> LanguageError:
    """One diagnostic as an error to raise."""
    return LanguageError([Diagnostic(code, span, arguments)])


def near_name(name: str, known: Sequence[str]) -> str | None:
    """The one of `known` for which `name` may be a slip of the pen: another case, or nearly the same letters."""
    alike = [one for one in known if one.casefold() == name.casefold()]
    return next(iter([*alike, *difflib.get_close_matches(name, known, 1, 0.8)]), None)


def suggest(name: str, known: list[str], otherwise: tuple[str, str]) -> tuple[str, str]:
    """'Did you mean …', or another sentence when nothing is close."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return (f"Did you mean `{close[0]}`?", f"是否想写 `{close[0]}`？")
    return otherwise
