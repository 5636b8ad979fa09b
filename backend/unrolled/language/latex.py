"""Typesetting: names, terms and equations as LaTeX for KaTeX.

Three forms of one equation: plain; *marked*, where every symbol says which node and which delay it
is (`\\htmlData{node=h, delay=1}{…}`), so that pointing works both ways; and *numbers*, the equation of one
unit with a slot for every value (`\\htmlData{slot=f/2}{0}`), to be patched step by step.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from unrolled.language.functions import FUNCTIONS
from unrolled.language.terms import Equation, Position, Recurrence, Reference, Shape, Term

_ACCENTS = {"tilde": r"\tilde", "hat": r"\hat", "bar": r"\bar"}
_VARIANTS = {"final sigma": "varsigma", "lamda": "lambda"}
_GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
    "xi", "omicron", "pi", "rho", "sigma", "varsigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
)  # fmt: skip
_LATIN_CAPITALS = {
    "alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I", "kappa": "K", "mu": "M",
    "nu": "N", "omicron": "O", "rho": "P", "tau": "T", "chi": "X",
}  # fmt: skip
_COMPARISON, _REMAINDER, _SUM, _SERIES, _PRODUCT, _POWER, _ATOM = range(7)
_PRECEDENCE = {
    "add": _SUM, "subtract": _SUM, "negative": _SUM, "modulo": _REMAINDER, "multiply": _PRODUCT,
    "matmul": _PRODUCT, "power": _POWER, "outer": _PRODUCT, "bilinear": _PRODUCT,
    "circular_convolve": _SUM, "transpose": _POWER, "sum": _SERIES, "cross_entropy": _SUM,
}  # fmt: skip
_TALL = (r"\frac", r"\sum", r"\begin", r"\sqrt")
_BRACKETS = (
    (r"\left(", "("),
    (r"\right)", ")"),
    (r"\left[", "["),
    (r"\right]", "]"),
    (r"\left|", r"\lvert "),
    (r"\right|", r"\rvert "),
    (r"\left\lVert", r"\lVert"),
    (r"\right\rVert", r"\rVert"),
)
_LEAST = {
    "modulo": (_PRODUCT, _PRODUCT), "circular_convolve": (_POWER, _POWER), "spike": (_REMAINDER,),
    "normal": (_COMPARISON, _ATOM), "squared_error": (_SUM, _SERIES),
}  # fmt: skip
_COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")


def _letter(letter: str) -> str:
    name = unicodedata.name(letter, "")
    for case in ("SMALL", "CAPITAL"):
        prefix = f"GREEK {case} LETTER "
        if name.startswith(prefix):
            word = name.removeprefix(prefix).lower()
            word = _VARIANTS.get(word, word)
            if word not in _GREEK:
                return rf"\text{{{letter}}}"
            if case == "CAPITAL":
                latin = _LATIN_CAPITALS.get(word)
                return rf"\mathrm{{{latin}}}" if latin else rf"\{word.capitalize()}"
            return "o" if word == "omicron" else rf"\{word}"
    return letter if letter.isascii() else rf"\text{{{letter}}}"


@lru_cache(maxsize=4096)
def name_latex(name: str, shape: Shape) -> str:
    """A name as the book sets it: vectors and matrices bold, what follows an underscore a subscript."""
    base, *parts = name.split("_")
    if not base:
        base, parts = name.replace("_", ""), []
    if not base:
        return r"\_"
    digits = re.fullmatch(r"(\D+?)(\d+)", base)
    if digits:
        base, parts = digits.group(1), [digits.group(2), *parts]
    symbol = (
        _letter(base)
        if len(base) == 1
        else rf"\mathrm{{{base}}}"
        if base.isascii()
        else rf"\text{{{base}}}"
    )
    if shape:
        symbol = (
            rf"\boldsymbol{{{symbol}}}"
            if len(base) == 1
            else rf"\mathbf{{{base}}}"
            if base.isascii()
            else symbol
        )
    while parts and parts[0] in _ACCENTS:
        symbol = f"{_ACCENTS[parts.pop(0)]}{{{symbol}}}"
    subscript = ",".join(
        _letter(part)
        if len(part) == 1
        else rf"\mathrm{{{part}}}"
        if part.isascii()
        else rf"\text{{{part}}}"
        for part in parts
        if part
    )
    return f"{symbol}_{{{subscript}}}" if subscript else symbol


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a rendering needs to know: shapes of names, how many chains there are, and its marks."""

    shape_of: Callable[[str], Shape]
    chains: int
    reference: Callable[[Reference, str, frozenset[str]], str]
    term: Callable[[Term], str | None]
    swept: frozenset[str] = frozenset()


def _position(position: Position, chains: int) -> str:
    match position.anchor:
        case "shift":
            index = (
                _letter(position.index)
                if len(position.index) == 1
                else rf"\mathrm{{{position.index}}}"
            )
            return index if not position.offset else f"{index}{position.offset:+d}"
        case "start":
            return str(position.offset)
        case "end":
            last = r"\tau" if chains < 2 else rf"\tau_{{\mathrm{{{position.domain}}}}}"
            return last if not position.offset else f"{last}{position.offset:+d}"
        case "left" | "right" | "from_left" | "from_right":
            return rf"\mathrm{{{position.anchor}}}({position.index})"
        case "root":
            return r"\mathrm{root}"


def _reference(reference: Reference, setting: _Setting) -> str:
    symbol = name_latex(reference.name, setting.shape_of(reference.name))
    if reference.positions:
        symbol += (
            f"^{{({','.join(_position(one, setting.chains) for one in reference.positions)})}}"
        )
    return setting.reference(reference, symbol, setting.swept)


def _number(value: float) -> str:
    text = f"{value:.12g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return rf"{mantissa} \times 10^{{{int(exponent)}}}"
    return text


def _precedence(term: Term) -> int:
    if term.function == "number":
        text = _number(term.value or 0.0)
        return _SUM if text.startswith("-") else _PRODUCT if "times" in text else _ATOM
    if term.function == "multiply" and _precedence(term.operands[1]) == _SERIES:
        return _SERIES  # nothing may follow a sum sign that is not under it
    return _COMPARISON if term.function in _COMPARISONS else _PRECEDENCE.get(term.function, _ATOM)


def _render(term: Term, setting: _Setting) -> str:
    own = setting.term(term)
    if own is not None:
        return own
    if term.function == "number":
        return _number(term.value or 0.0)
    if term.index is not None:
        return _letter(term.index) if len(term.index) == 1 else rf"\mathrm{{{term.index}}}"
    if term.reference is not None:
        return _reference(term.reference, setting)
    inside = replace(setting, swept=setting.swept | set(term.over)) if term.over else setting
    return _level(_apply(term, [_render(operand, inside) for operand in term.operands], setting))


def _level(text: str) -> str:
    """Brackets of plain size, as the book sets them, unless something tall stands between them."""
    if any(tall in text for tall in _TALL):
        return text
    for large, plain in _BRACKETS:
        text = text.replace(large, plain)
    return text


def _apply(term: Term, parts: list[str], setting: _Setting) -> str:
    function, operands = term.function, term.operands

    def wrapped(place: int, least: int) -> str:
        return (
            parts[place]
            if _precedence(operands[place]) >= least
            else rf"\left({parts[place]}\right)"
        )

    match function:
        case "add":
            return f"{wrapped(0, _SUM)} + {wrapped(1, _SUM) if not _starts_negative(operands[1]) else wrapped(1, _SERIES)}"
        case "subtract":
            return f"{wrapped(0, _SUM)} - {wrapped(1, _SERIES)}"
        case "negative":
            return f"-{wrapped(0, _SERIES)}"
        case "multiply":
            sign = (
                r" \odot "
                if operands[0].shape and operands[1].shape
                else r" \cdot "
                if operands[1].function == "number"
                else r" \, "
            )
            return f"{wrapped(0, _PRODUCT)}{sign}{wrapped(1, _SERIES)}"
        case "matmul":
            is_masked = operands[0].function == "multiply" and all(
                one.shape for one in operands[0].operands
            )
            left = wrapped(0, _POWER if is_masked else _PRODUCT)
            if len(operands[0].shape) == 1:
                left = f"{{{wrapped(0, _ATOM)}}}^{{\\top}}"
            return f"{left} {wrapped(1, _POWER)}"
        case "power":
            return f"{{{wrapped(0, _ATOM)}}}^{{{parts[1]}}}"
        case "transpose":
            return f"{{{wrapped(0, _ATOM)}}}^{{\\top}}"
        case "outer":
            return f"{wrapped(0, _POWER)} {{{wrapped(1, _ATOM)}}}^{{\\top}}"
        case "bilinear":
            return f"{{{wrapped(1, _ATOM)}}}^{{\\top}} {wrapped(0, _ATOM)} {wrapped(2, _ATOM)}"
        case "concat":
            return rf"\left[{'; '.join(parts)}\right]"
        case "sum" if not term.over:
            return rf"\sum_{{i}} \left[{parts[0]}\right]_{{i}}"
        case "sum" | "mean" | "softmax":
            over = (
                f"_{{{','.join(_letter(index) if len(index) == 1 else index for index in term.over)}}}"
                if term.over
                else ""
            )
            body = parts[0] if function != "sum" else wrapped(0, _SERIES)
            return FUNCTIONS[function].latex.format(body, over=over)
        case _:
            least = _REMAINDER if function in _COMPARISONS else _COMPARISON
            wanted = _LEAST.get(function, (least,) * len(parts))
            return FUNCTIONS[function].latex.format(
                *(wrapped(place, one) for place, one in enumerate(wanted))
            )


def _starts_negative(term: Term) -> bool:
    if term.function in ("add", "subtract"):
        return _starts_negative(term.operands[0])
    is_negative_number = term.function == "number" and (term.value or 0) < 0
    return term.function in ("negative", "cross_entropy") or is_negative_number


def _plain(recurrence: Recurrence) -> _Setting:
    return _Setting(
        _shape_of(recurrence), _chains(recurrence), lambda _, symbol, __: symbol, lambda _: None
    )


def _shape_of(recurrence: Recurrence) -> Callable[[str], Shape]:
    def shape_of(name: str) -> Shape:
        for group in (recurrence.variables, recurrence.parameters, recurrence.constants):
            if name in group:
                return group[name].shape
        return ()

    return shape_of


def _chains(recurrence: Recurrence) -> int:
    return sum(domain.kind != "tree" for domain in recurrence.domains.values())


def _mark(recurrence: Recurrence) -> Callable[[Reference, str, frozenset[str]], str]:
    def mark(reference: Reference, symbol: str, swept: frozenset[str]) -> str:
        if reference.name not in recurrence.variables:
            return rf"\htmlData{{parameter={reference.name}}}{{{symbol}}}"
        if not reference.positions:
            return rf"\htmlData{{node={reference.name}}}{{{symbol}}}"
        told = next(
            (one for one in reference.positions if one.anchor != "shift" or one.offset),
            reference.positions[-1],
        )
        where = f"delay={-told.offset}" if told.anchor == "shift" else f"position={told}"
        if told.index in swept:
            where = "position=all"
        return rf"\htmlData{{node={reference.name}, {where}}}{{{symbol}}}"

    return mark


def term_latex(recurrence: Recurrence, term: Term) -> str:
    """A term of a recurrence, plain."""
    return _render(term, _plain(recurrence))


def _left(equation: Equation) -> Reference:
    if equation.position is not None:
        return Reference(equation.variable, equation.position)
    return Reference(
        equation.variable, tuple(Position("shift", index, "") for index in equation.indices)
    )


def equation_latex(recurrence: Recurrence, equation: Equation, *, marked: bool = False) -> str:
    """An equation, plain or with every symbol marked by its node and delay."""
    setting = _plain(recurrence)
    if marked:
        setting = _Setting(setting.shape_of, setting.chains, _mark(recurrence), lambda _: None)
    return f"{_reference(_left(equation), setting)} = {_render(equation.term, setting)}"


def numbers_latex(recurrence: Recurrence, equation: Equation, identities: Mapping[int, str]) -> str:
    """The equation of one unit with number slots.

    `identities` maps `id(term)` to the operation's id. A product with a matrix, and whatever else is
    not unit by unit, is one number.
    """
    plain = _plain(recurrence)

    def slot(term: Term) -> str:
        return rf"\htmlData{{slot={identities[id(term)]}}}{{0}}"

    def own(term: Term) -> str | None:
        if term.function == "number":
            return None
        row = FUNCTIONS.get(term.function)
        return None if row is not None and row.is_elementwise else slot(term)

    setting = _Setting(plain.shape_of, plain.chains, plain.reference, own)
    root = equation.term
    row = FUNCTIONS.get(root.function)
    if row is not None and not row.is_elementwise:
        return f"{slot(root)} = {_render(root, plain)}"
    if row is None:
        return slot(root)
    return f"{slot(root)} = {_render(root, setting)}"
