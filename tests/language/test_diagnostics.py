"""Every message has a smallest text that causes it, at the place that it names, in both languages."""

from __future__ import annotations

import re

import pytest

from language.messages import PAGE, page
from language.wrong import LOOP, WRONG, Wrong, diagnose
from unrolled.language import MESSAGES, LanguageError, parse

CHINESE = re.compile(r"[\u4e00-\u9fff]")


EVERY = pytest.mark.parametrize("wrong", WRONG, ids=lambda one: f"{one.code}: {one.marked[:40]!r}")


def test_every_message_has_a_text_that_causes_it() -> None:
    assert {one.code for one in WRONG} == set(MESSAGES)


@EVERY
def test_a_diagnostic_names_its_place(wrong: Wrong) -> None:
    found = diagnose(wrong.text, wrong.sizes)
    assert found.code == wrong.code
    place = (found.line, found.column, found.end_line, found.end_column)
    assert place[:2] == wrong.place[:2]
    if wrong.place[:2] != wrong.place[2:]:
        assert place == wrong.place


@EVERY
def test_a_diagnostic_says_what_is_wrong_and_what_to_write_in_both_languages(wrong: Wrong) -> None:
    found = diagnose(wrong.text, wrong.sizes)
    for sentence in (found.detail("en"), found.hint("en")):
        assert sentence.endswith((".", "?", ")", ":`", "`"))
        assert not CHINESE.search(sentence)
    for sentence in (found.detail("zh"), found.hint("zh")):
        assert CHINESE.search(sentence)
    for sentence in (found.detail("en"), found.hint("en"), found.detail("zh"), found.hint("zh")):
        assert not re.search(r"\{\w*\}|\bNone\b|XX", sentence)
        assert len(sentence) < 250


def test_every_message_reads_word_by_word_as_on_the_page_that_was_reviewed() -> None:
    """`messages.txt` is written anew by `python tests/language/messages.py`, and read before it is taken."""
    assert page().split("\n\n") == PAGE.read_text(encoding="utf-8").split("\n\n")


@EVERY
def test_columns_count_characters_whatever_stands_before(wrong: Wrong) -> None:
    """Greek letters and Chinese comments take more than one byte, but one column each."""
    if wrong.code in ("empty", "too-long", "size-override"):
        return
    shifted = f"γ = slider(0.5, 0, 1)  # 学习率，α β\nε = γ\n{wrong.text}  # 注释"
    plain, found = diagnose(wrong.text, wrong.sizes), diagnose(shifted, wrong.sizes)
    assert (found.code, found.line, found.column) == (plain.code, plain.line + 2, plain.column)


@pytest.mark.parametrize(
    ("marked", "code"),
    [
        ("μ = α * β + «tahn»(γ)", "function"),
        ("层: 3  # 隐藏层\n差 = 层 + «权»\n权: 2", "shape"),
        ("for τ in time:\n    η[τ] = θ @ η[τ-1] + «κ[σ]»", "index-unknown"),
    ],
)
def test_columns_are_characters_after_greek_and_chinese_names(marked: str, code: str) -> None:
    wrong = Wrong(code, marked)
    found = diagnose(wrong.text)
    assert found.code == code
    assert (found.line, found.column, found.end_line, found.end_column) == wrong.place


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("tahn", "tanh"),
        ("sigmod", "sigmoid"),
        ("sofmax", "softmax"),
        ("crossentropy", "cross_entropy"),
        ("squared_eror", "squared_error"),
        ("concatenate", "concat"),
        ("norme", "norm"),
        ("forse", "force"),
        ("circular_convolution", "circular_convolve"),
    ],
)
def test_a_misspelt_function_is_asked_after(written: str, meant: str) -> None:
    found = diagnose(f"a = {written}(b)")
    assert found.hint("en") == f"Did you mean `{meant}`?"
    assert found.hint("zh") == f"是否想写 `{meant}`？"


@pytest.mark.parametrize(
    ("character", "instead"),
    [
        ("（", "("),
        ("，", ","),
        ("：", ":"),
        ("＝", "="),
        ("−", "-"),
        ("×", "*"),
        ("【", "["),
        ("３", "3"),
    ],
)
def test_a_foreign_character_comes_with_the_one_that_is_meant(character: str, instead: str) -> None:
    found = diagnose(f"a = b {character} 1")
    assert found.hint("en") == f"Write `{instead}` instead."
    assert found.hint("zh") == f"请改写为 `{instead}`。"


def test_a_misspelt_index_is_asked_after() -> None:
    found = diagnose("for step in time:\n    h[step] = x[stpe]")
    assert found.hint() == "Did you mean `step`?"


def test_a_size_that_cannot_be_is_pointed_to_in_the_request() -> None:
    assert diagnose("a = h\nh: 3", {"h": -1}).pointer == "/sizes/h"
    assert diagnose("a = h\nh: 3", {"a/b~": 3}).pointer == "/sizes/a~1b~0"


def test_two_sizes_that_differ_say_where_each_comes_from() -> None:
    detail = diagnose("b: 2\nc: 3\na = b + c").detail()
    assert detail == "`b` has size 2 (from line 1), but `c` has size 3 (from line 2)."


def test_where_a_size_comes_from_is_told_where_a_line_says_it() -> None:
    text = "W: (3, 2)\nV: (4, 2)\nu: 2\n"
    detail = diagnose(text + "a = W @ u + V @ u").detail()
    assert detail == "`W @ u` has size 3 (from line 1), but `V @ u` has size 4 (from line 2)."
    detail = diagnose("P = [1, 2]\nc: 3\na = P + c").detail()
    assert detail == "`P` has size 2, but `c` has size 3 (from line 2)."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = tanh(b, c)", "`tanh` takes 1 argument"),
        ("a = bilinear(b)", "`bilinear` takes 3 arguments"),
        ("a = where(b)", "`where` takes 3 arguments"),
    ],
)
def test_how_many_arguments_a_function_takes(text: str, words: str) -> None:
    assert words in diagnose(text).detail()


def test_an_index_reaches_a_hundred_steps_and_no_further() -> None:
    for reach in ("t-100", "t+100"):
        assert parse(f"x: 2\nfor t in time:\n    h[t] = x[{reach}]\n").variables
    for reach in ("t-101", "t+101"):
        assert diagnose(f"x: 2\nfor t in time:\n    h[t] = x[{reach}]\n").code == "index-range"


def test_the_error_reads_as_one_sentence_with_its_place() -> None:
    with pytest.raises(
        LanguageError, match=r"^line 1, column 5: There is no function `tahn`\. Did"
    ):
        parse("a = tahn(b)")


SIZED = "h: 8\nx: 3\n" + LOOP


@pytest.mark.parametrize(
    ("text", "write"),
    [
        ("h[t] = tanh(b + U x[t])", "`U @ x[t]`"),
        ("h[t] = 2 x[t]", "`2 * x[t]`"),
        ("h[t] = a[t] h[t-1]", "`a[t] @ h[t-1]`, for a product unit by unit `a[t] * h[t-1]`"),
        ("h[t] = h[t-1]^2", "`h[t-1] ** 2`"),
        ("h[t] = a[t] * h[t-1]^2 + c * (b + h[t-1]) ^ 3", "`h[t-1] ** 2`"),
        ("h[t] = tanh(U @ x[t])^2", "`tanh(U @ x[t]) ** 2`"),
        ("h[t] = b + tanh(a * (b + h[t-1])) ^ (1 + c) * b", "`tanh(a * (b + h[t-1])) ** (1 + c)`"),
        ("h[t] = (h[t-1] + b)^2", "`(h[t-1] + b) ** 2`"),
        ("h[t] = h[t-1]^-1", "`h[t-1] ** -1`"),
        ("h[t] = 2^h[t-1]", "`2 ** h[t-1]`"),
        ("h[t] = σ(W @ h[t-1])", "`sigmoid(…)`"),
        ("h[t] = W(h[t-1] + h[t-2])", "`W @ (h[t-1] + h[t-2])`"),
        ("h[t] = W @ h(t-1)", "`h[t-1]`"),
        ("h(t) = W @ h[t-1]", "`h[t] = …`"),
        ("h_t = W @ h[t-1]", "`h[t] = …`"),
        ("h[t] = foo(h[t-1])", "sigmoid, tanh"),
        # what is written instead fits, whatever letters are taken
        ("h[t] = tanh(W @ h[t-1] + W @ x[t])", "`U @ x[t]`"),
        ("h[t] = tanh(b + W @ h[t-1] + x[t])", "`U @ x[t]`"),
        ("h[t] = W @ h[t-1] + abs(x[t] * 2)", "`U @ abs(x[t] * 2)`"),
        ("h[t] = W @ h[t-1] + x[t] * 2", "`U @ (x[t] * 2)`"),
    ],
)
def test_a_beginners_slip_is_told_what_to_write(text: str, write: str) -> None:
    assert write in diagnose(SIZED + text).hint("en")
    assert write.split(", for")[0] in diagnose(SIZED + text).hint("zh")


def test_an_equation_that_an_edit_left_behind_may_be_deleted() -> None:
    text = SIZED + "f[t] = sigmoid(V @ h[t-1])\n    h[t] = W @ h[t-1] + U @ x[t]"
    assert "Or delete line 4: nothing reads `f`." in diagnose(text).hint()
    assert "delete" not in diagnose(f"{text}\n    m[t] = sum(f[t])").hint()


def test_an_input_without_a_size_may_be_misspelt() -> None:
    found = diagnose("s: 3\n" + LOOP + "s[t] = tanh(W @ S[t-1])")
    assert found.hint("en").endswith("Or did you mean `s`?")
    assert found.hint("zh").endswith("或者是想写 `s`？")


def test_every_line_that_cannot_be_read_is_told_at_once() -> None:
    text = LOOP + "h[t] = foo(b)\n    g[t] = h[t]^2\n    k[t] = 1\n    m[t] = tahn(k[t])"
    with pytest.raises(LanguageError) as caught:
        parse(text)
    assert [(one.line, one.code) for one in caught.value.diagnostics] == [
        (2, "function"),
        (3, "operator"),
        (5, "function"),
    ]
    assert str(caught.value).startswith("line 2, column 12: There is no function `foo`.")
    assert str(caught.value).endswith(" (Also wrong: line 3, 5.)")
    text = LOOP + "h[t] = a[s]\n    k[t] = 1\n    m[t] = k[t, t]"
    with pytest.raises(LanguageError) as caught:
        parse(text)
    assert [one.line for one in caught.value.diagnostics] == [2, 4]


def test_an_index_where_nothing_runs_is_told_to_need_a_loop() -> None:
    with pytest.raises(LanguageError) as caught:
        parse("x: 2\nloss = sum(x, t)\n")
    (found,) = caught.value.diagnostics
    assert "`for t in time:`" in found.hint()
    assert "`for t in time:`" in found.hint("zh")


def test_a_sign_before_a_name_that_changes_nothing_is_left_out() -> None:
    plain, signed = (parse(f"b: 2\na = {one}").equations[0].term for one in ("b", "+b"))
    assert (plain.function, plain.reference) == (signed.function, signed.reference)


def test_a_text_of_as_many_lines_as_are_allowed_is_read() -> None:
    assert parse("a = 1" + "\n" * 399).variables
    assert diagnose("a = 1" + "\n" * 400).code == "too-long"


def test_messages_are_english_where_no_language_is_asked_for() -> None:
    found = diagnose("a = tahn(b)")
    assert (found.detail(), found.hint()) == (found.detail("en"), found.hint("en"))
