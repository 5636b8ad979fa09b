"""Characters, words and numbers, checked before the grammar; and what the grammar's own errors mean."""

from __future__ import annotations

import keyword
import re
import unicodedata

from unrolled.language.diagnostics import LanguageError, Span, shorten
from unrolled.language.statements import MAX_DEPTH, MAX_NAME, MAX_NUMBER, fail

_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WORD = re.compile(r"[^\W\d]\w*")
_BESIDE = re.compile(
    r"(?P<left>(?<!\w)(?!(?:for|in)\b)[^\W\d]\w*(?:\[[^][]*\])?|(?<![\w.])[\d.]+|\))[ \t]*(?<=[ \t)\]])"
    r"(?P<right>(?!(?:for|in)\b)[^\W\d]\w*(?:\[[^][]*\])?|[\d.]+)"
)
"""Two things side by side with nothing but space between them."""
_STEP = re.compile(r"([^\W\d]\w*)\s*\(([^()]*)\)")
"""`h(t)`, where `h[t]` is meant."""
_FORBIDDEN = frozenset("\"'\\`$?{};")
_MEANT = {
    "−": "-", "–": "-", "×": "*", "·": "*", "⊙": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!=",
    "²": "** 2", "、": ",", "【": "[", "】": "]",
}  # fmt: skip


def is_name(text: str) -> bool:
    """Whether a text may name a variable or a parameter, as far as its characters go."""
    return (
        len(text) <= MAX_NAME
        and text.isidentifier()
        and not keyword.iskeyword(text)
        and unicodedata.is_normalized("NFKC", text)
    )


def check_characters(number: int, line: str) -> None:
    """Refuse what no line may hold: strings, control characters, odd numbers, endless names."""
    column = 0
    while column < len(line):
        character = line[column]
        if character == "#":
            return
        if character in _FORBIDDEN or not (character in " \t" or character.isprintable()):
            raise _character(number, column, character)
        word = _WORD.match(line, column)
        if word:
            if word.end() - column > MAX_NAME:
                span = Span(number, column + 1, number, word.end() + 1)
                raise fail(
                    "too-long",
                    span,
                    have=str(word.end() - column),
                    unit=("characters", "个字符"),
                    limit=str(MAX_NAME),
                )
            for place, letter in enumerate(word.group(), column):
                if not f"a{letter}".isidentifier():
                    raise _character(number, place, letter)
            column = word.end()
            continue
        found = _NUMBER.match(line, column)
        if found:
            end = found.end()
            tail = _WORD.match(line, end)
            if tail or (end < len(line) and line[end] in "0123456789."):
                end = max(tail.end() if tail else end, end + 1)
                span = Span(number, column + 1, number, end + 1)
                raise fail("number", span, number=shorten(line[column:end], 20))
            digits = found.group()
            if (
                len(digits) > 400
                or float(digits) > MAX_NUMBER
                or (digits[0] == "0" and digits.isdigit() and int(digits))
            ):
                span = Span(number, column + 1, number, end + 1)
                code = (
                    "number"
                    if len(digits) <= 400 and float(digits) <= MAX_NUMBER
                    else "number-range"
                )
                raise fail(code, span, number=shorten(digits, 20))
            column = end
            continue
        if not character.isascii():
            raise _character(number, column, character)
        column += 1


_EMPTY_LOOP = re.compile(r"after 'for' statement on line ([0-9]+)")
"""How Python says that no indented line follows a loop."""


def _character(line: int, column: int, character: str) -> LanguageError:
    """A character without a meaning, and the one to write instead where there is a likely one."""
    name = character if character.isprintable() else f"U+{ord(character):04X}"
    meant = _MEANT.get(character) or unicodedata.normalize("NFKC", character)
    sentence = (
        "Remove it; there are no strings and no line continuations in this language.",
        "请删去它；本语言没有字符串，也没有续行符。",
    )
    if character in "{}":
        sentence = (
            "Steps stand in square brackets: `h[t-1]`; a power is `a ** 2`.",
            "步写在方括号里：`h[t-1]`；幂写作 `a ** 2`。",
        )
    if meant.isascii() and meant.strip() and not _FORBIDDEN.intersection(meant):
        sentence = (f"Write `{meant}` instead.", f"请改写为 `{meant}`。")
    span = Span(line, column + 1, line, column + 2)
    return fail("character", span, character=name, suggestion=sentence)


def syntax_error(error: SyntaxError, lines: list[str]) -> LanguageError:
    """A refusal of the grammar in the words of this language."""
    line = min(max(error.lineno or 1, 1), len(lines))
    source = lines[line - 1]
    column = min(max(error.offset or 1, 1), len(source) + 1)
    span = Span(line, column, line, max(column + 1, len(source) + 1))
    message = error.msg or ""
    for word in _WORD.finditer(source.split("#", 1)[0]):
        if keyword.iskeyword(word.group()) and word.group() not in ("for", "in"):
            name = word.group()
            return fail("keyword", Span(line, word.start() + 1, line, word.end() + 1), name=name)
    if isinstance(error, IndentationError):
        if loop := _EMPTY_LOOP.search(message):
            line = int(loop.group(1))
            return fail("loop-empty", Span(line, 1, line, len(lines[line - 1]) + 1))
        return fail("indentation", Span(line, 1, line, len(source) + 1))
    if "never closed" in message or "unmatched" in message or "does not match" in message:
        return fail("bracket", span)
    code = source.split("#", 1)[0]
    if "cannot assign to function call" in message and (step := _STEP.search(code)):
        words = Span(line, step.start() + 1, line, step.end() + 1)
        return fail("target-form", words, usage=f"{step.group(1)}[{step.group(2)}] = …")
    beside = None if code.lstrip().startswith("for ") else _BESIDE.search(code)
    if beside:
        words = Span(line, beside.start("left") + 1, line, beside.end("right") + 1)
        return _operator_missing(words, beside.group("left"), beside.group("right"))
    if "expected ':'" in message:
        return fail("colon", span)
    if "too many" in message or "too complex" in message:
        return fail("too-deep", span, limit=str(MAX_DEPTH))
    return fail("syntax", span)


def _operator_missing(span: Span, left: str, right: str) -> LanguageError:
    """Two things side by side; which product is meant is plain after a number, and likely after a capital."""
    left = "(…)" if left == ")" else shorten(left, 20)
    right = shorten(right, 20)
    by_matrix, by_unit = f"{left} @ {right}", f"{left} * {right}"
    suggestion = (
        f"For a matrix times a vector write `{by_matrix}`, for a product unit by unit `{by_unit}`.",
        f"矩阵乘向量请写 `{by_matrix}`，逐元素相乘请写 `{by_unit}`。",
    )
    if not left[0].isalpha() or left[0].isupper():
        usage = by_matrix if left[0].isupper() else by_unit
        suggestion = (f"Write `{usage}`.", f"请写 `{usage}`。")
    return fail("operator-missing", span, left=left, right=right, suggestion=suggestion)
