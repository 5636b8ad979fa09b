"""Whatever somebody types gives a recurrence or a diagnostic that names a place; never a crash, never a wait."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from language.examples import EXAMPLES
from unrolled.catalogue import read_catalogue
from unrolled.graph import describe
from unrolled.language import FUNCTIONS, LanguageError, parse
from work import calls

TEXTS = [one.text for one in EXAMPLES.values()] + [
    one.equations for one in read_catalogue().architectures.values()
]
CALLED = [name for name, row in FUNCTIONS.items() if row.family != "operator"]
INDICES = [
    "",
    "[t]",
    "[t-1]",
    "[t+1]",
    "[s]",
    "[t, s]",
    "[s, t]",
    "[0]",
    "[end]",
    "[end+1]",
    "[n]",
    "[left(n)]",
]
LINES = [
    "h[0] = 1", "g[end+1] = 1", "    stop(h[t] > 1)", "h: 3", "x: onehot(3)", "α = slider(0.5, 0, 1)",
    "W = parameter(0.5)", "P = [1, 2, 3]", "for s in source:", "    for s in time:", "    u[t] = h[t-1]",
    "M: (2, 3)", "k: ()", "", "    ", "# 注释",
]  # fmt: skip
WORD = re.compile(r"[^\W\d]\w*")
SUBSCRIPT = re.compile(r"\[[^\]\n]*\]")
OPERATOR = re.compile(r"[@*+\-/%<>]")
ALLOWED = 2_000_000
"""Calls that reading and describing a text may take: about a fifth of a second."""
SUSPECT = 0.1
"""Seconds of processor time from which calls are counted."""

quick = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(text: str, sizes: dict[str, int] | None = None, forcing: float = 1.0) -> None:
    """Read and describe a text; a diagnostic must lie inside it, and come without much work."""
    started = time.thread_time()
    try:
        describe(parse(text, sizes), forcing=forcing)
    except LanguageError as error:
        lines = re.split(r"\r\n|\r|\n", text)
        for one in error.diagnostics:
            assert 1 <= one.line <= one.end_line <= len(lines)
            assert 1 <= one.column <= len(lines[one.line - 1]) + 1
            assert one.end_column >= (one.column if one.line == one.end_line else 1)
            for language in ("en", "zh"):
                assert one.detail(language)
                assert one.hint(language)
    if time.thread_time() - started > SUSPECT:
        assert work(text, sizes, forcing) < ALLOWED


def work(text: str, sizes: dict[str, int] | None = None, forcing: float = 1.0) -> int:
    """The calls that reading and describing a text takes."""

    def read() -> None:
        with suppress(LanguageError):
            describe(parse(text, sizes), forcing=forcing)

    return calls(read)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good text with a few words, subscripts, operators or lines exchanged."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        text = draw(st.sampled_from(MUTATIONS))(draw, text)
    return text


def _exchange(
    draw: st.DrawFn, text: str, pattern: re.Pattern[str], new: st.SearchStrategy[str]
) -> str:
    places = list(pattern.finditer(text))
    if not places:
        return text
    place = places[draw(st.integers(0, len(places) - 1))]
    return text[: place.start()] + draw(new) + text[place.end() :]


def exchange_word(draw: st.DrawFn, text: str) -> str:
    words = sorted(set(WORD.findall(text))) + CALLED
    return _exchange(draw, text, WORD, st.sampled_from(words))


def exchange_subscript(draw: st.DrawFn, text: str) -> str:
    return _exchange(draw, text, SUBSCRIPT, st.sampled_from(INDICES))


def exchange_operator(draw: st.DrawFn, text: str) -> str:
    return _exchange(
        draw, text, OPERATOR, st.sampled_from(["@", "*", "+", "-", "/", "%", "**", "<", "=="])
    )


def insert_line(draw: st.DrawFn, text: str) -> str:
    lines = text.split("\n")
    lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from([*LINES, *lines])))
    return "\n".join(lines)


def remove_line(draw: st.DrawFn, text: str) -> str:
    lines = text.split("\n")
    del lines[draw(st.integers(0, len(lines) - 1))]
    return "\n".join(lines)


def insert_characters(draw: st.DrawFn, text: str) -> str:
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.text(max_size=4)) + text[place:]


def remove_characters(draw: st.DrawFn, text: str) -> str:
    place = draw(st.integers(0, len(text)))
    return text[:place] + text[place + draw(st.integers(1, 8)) :]


MUTATIONS: list[Callable[[st.DrawFn, str], str]] = [
    exchange_word, exchange_subscript, exchange_operator, insert_line, remove_line, insert_characters,
    remove_characters,
]  # fmt: skip


@settings(parent=quick, max_examples=150)
@given(st.text(max_size=200))
def test_any_characters_give_a_recurrence_or_a_place(text: str) -> None:
    check(text)


@settings(parent=quick, max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [*CALLED, *"htsxWbα=()[]:,@*+-<0123\n", "\n    ", " ", "for ", " in ", "end"]
        ),
        max_size=60,
    )
)
def test_any_words_of_the_language_give_a_recurrence_or_a_place(words: list[str]) -> None:
    check("".join(words))


@settings(parent=quick, max_examples=300)
@given(
    mutated(),
    st.sampled_from([{}, {"x": 2, "h": 3, "y": 4}, {"h": 2, "g": 2, "d": 3, "v": 4}]),
    st.sampled_from([0.0, 0.5, 1.0]),
)
def test_any_mistake_in_a_good_text_gives_a_recurrence_or_a_place(
    text: str, sizes: dict[str, int], forcing: float
) -> None:
    known = {name: size for name, size in sizes.items() if re.search(rf"\b{name}\b", text)}
    check(text, known, forcing)


@settings(parent=PROPERTY, max_examples=15)
@given(recurrences(random=True, size=4))
def test_a_text_is_read_the_same_way_every_time(written: Written) -> None:
    assert parse(written.text) == parse(written.text)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "-" * 5000 + "1",
        "a = " + "(" * 3000 + "1" + ")" * 3000,
        "a = " + "tanh(" * 3000 + "1" + ")" * 3000,
        "a = b" + "[0]" * 2000,
        "a = " + "1 + " * 4000 + "1",
        "a = 1\n" * 3000,
        "a = " + "9" * 5000,
        "a" * 20_001,
        "\n" * 399 + "a = 1",
        "for t in time:\n" * 300,
        "\x00", "\ud800", "\ufeff", "\u202e", "a = \u2028 1", "a\t=\t1", "a = 1\x0c", "\r", "#", "#" * 20_000,
        "a = 1  # \x00", "a: (" + "1, " * 2000 + ")", "P = [" + "1, " * 5000 + "]\na = P",
        "x: 3\nfor t in time:\n    h[t] = x[t-" + "9" * 300 + "]",
        "é = 1", "e\u0301 = 1", "ﬁ = 1", "ｔａｎｈ = 1", "a = ｔａｎｈ(1)",
    ],
    ids=lambda text: repr(text[:20]),
)  # fmt: skip
def test_endless_and_odd_texts_are_answered_at_once(text: str) -> None:
    check(text)
