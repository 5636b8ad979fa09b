"""Every message has a smallest text that causes it, at the place that it names, in both languages."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from unrolled.graph import schedule
from unrolled.language import MESSAGES, Diagnostic, LanguageError, parse

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Wrong:
    """A text with one thing wrong: « and » stand around the place that the diagnostic names."""

    code: str
    marked: str
    sizes: dict[str, int] | None = None

    @property
    def text(self) -> str:
        return self.marked.replace("«", "").replace("»", "")

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Line, column, end line, end column, as the marks say."""
        start = self.marked.index("«")
        end = self.marked.replace("«", "").index("»")
        return (*_place(self.text, start), *_place(self.text, end))


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def diagnose(text: str, sizes: dict[str, int] | None = None) -> Diagnostic:
    """What is wrong with a text, its cycles included."""
    with pytest.raises(LanguageError) as caught:
        schedule(parse(text, sizes))
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


LOOP = "for t in time:\n    "
TREE = "for n in tree:\n    "

WRONG = [
    # the text as a whole
    Wrong("empty", "«»# only a comment"),
    Wrong("empty", "«»h: 8"),
    Wrong("too-long", "«»" + "a = 1\n" * 401),
    Wrong("too-long", "«»a = " + " + ".join(["b"] * 6000)),
    Wrong("too-long", "«»" + "\n".join(f"a{k} = 1" for k in range(201))),
    Wrong("too-long", f"«{'a' * 61}» = 1"),
    Wrong("too-deep", "a = " + "(1 + " * 59 + "«1»" + ")" * 59),
    # characters and numbers
    Wrong("character", "a = «\"»text\""),
    Wrong("character", "a = 1 «\\»\n + 2"),
    Wrong("character", "h = tanh«（»x）"),
    Wrong("character", "a = «\u200b»1"),
    Wrong("character", "a = x«²»"),
    Wrong("number", "a = «0x10»"),
    Wrong("number", "a = «1_000»"),
    Wrong("number", "a = «3x»"),
    Wrong("number", "a = «007»"),
    Wrong("number-range", "a = «1e301»"),
    # lines
    Wrong("syntax", "a = «= b»"),
    Wrong("operator-missing", LOOP + "h[t] = tanh(b + «U x[t]»)"),
    Wrong("operator-missing", LOOP + "h[t] = W @ «h[t-1] x[t]»"),
    Wrong("operator-missing", "a = «2 b»"),
    Wrong("operator", LOOP + "h[t] = «h[t-1]^2»"),
    Wrong("operator", "a = «7 // 2»"),
    Wrong("target-form", LOOP + "«h(t)» = W @ h[t-1]"),
    Wrong("character", LOOP + "h_t = W @ h_«{»t-1}"),
    Wrong("loop-empty", "«for t in time:»\nh[t] = 1"),
    Wrong("loop-empty", "h: 2\n«for t in time:»\n# nothing\n\nloss = 1"),
    Wrong("loop-empty", "h: 2\n«for t in time:»"),
    Wrong("loop-empty", "for t in time:\n«    for s in time:»\n    h[t] = 1"),
    Wrong("indentation", "for t in time:\n    a[t] = 1\n«      b[t] = 1»"),
    Wrong("indentation", "«  a = 1»"),
    Wrong("bracket", "a = «(1»"),
    Wrong("bracket", "a = 1«)»"),
    Wrong("colon", "for t in time«»\n    h[t] = 1"),
    Wrong("keyword", "«lambda» = 0.5"),
    Wrong("statement", "«import torch»"),
    Wrong("statement", "«a == 1»"),
    Wrong("expression", "a = «b if c else d»"),
    Wrong("expression", "a = «b.c»"),
    Wrong("chained-comparison", "a = «0 < b < 1»"),
    # calls
    Wrong("function", "a = «tahn»(b)"),
    Wrong("function", "a = «add»(b, c)"),
    Wrong("argument-count", "a = «tanh(b, c)»"),
    Wrong("argument-named", "a = tanh(«x=b»)"),
    Wrong("argument-named", "W = parameter(«size=3»)\na = W"),
    Wrong("form-place", "a = 1 + «slider(0.5, 0, 1)»"),
    Wrong("form-place", "a = «stop(1)»"),
    Wrong("function-as-name", "«tanh» = 1"),
    Wrong("function-as-name", "a = 1 + «sigmoid»"),
    Wrong("reserved", "«end» = 1"),
    # loops and indices
    Wrong("loop", "«for t, s in time:»\n    h[t] = 1"),
    Wrong("loop", "«for t in t:»\n    h[t] = 1"),
    Wrong("loop-nested-same", "for t in time:\n    for «t» in source:\n        h[t] = 1"),
    Wrong("loop-depth", "for a in A:\n    for b in B:\n        «for c in C:»\n            h[c] = 1"),
    Wrong("index-domain", "for t in time:\n    h[t] = 1\n«for t in source:»\n    g[t] = 1"),
    Wrong("index-form", LOOP + "h[t] = x[«2 * t»]"),
    Wrong("index-range", LOOP + "h[t] = x[«t-101»]"),
    Wrong("index-unknown", "«h[t]» = 1"),
    Wrong("index-unknown", LOOP + "h[t] = «x[s]»"),
    Wrong("index-unknown", TREE + "h[n] = leaf(«m»)"),
    Wrong("index-count", LOOP + "h[t] = x[t] + «x[t, t]»"),
    Wrong("index-wrong-domain", LOOP + "h[t] = 1\nfor s in source:\n    g[s] = «h[s]»"),
    Wrong("index-missing", LOOP + "h[t] = 1\na = «h»"),
    Wrong("form-unnamed", LOOP + "h[t] = tanh(W @ h[t-1] + U @ x[t])\n«h[0] = [1, 2, 3]»"),
    Wrong("index-needless", "a = 1\n" + LOOP + "h[t] = «a[t]»"),
    # left sides
    Wrong("target-form", "«a, b» = 1"),
    Wrong("target-index", LOOP + "«h» = 1"),
    Wrong("target-index", LOOP + "«h[t-1]» = 1"),
    Wrong("boundary-position", LOOP + "h[t] = h[t-1]\n«h[1]» = 1"),
    Wrong("boundary-position", LOOP + "h[t] = h[t+1]\n«h[end]» = 1"),
    Wrong("boundary-unread", LOOP + "h[t] = x[t]\n«h[0] = 1»"),
    Wrong("boundary-alone", "«h[0]» = 1"),
    Wrong("defined-twice", "a = 1\n«a» = 2"),
    Wrong("defined-twice", "h: 1\n«h: 2»\na = h"),
    # declarations
    Wrong("declaration", "h: «1.5»\na = h"),
    Wrong("declaration", "x: «onehot(2, 3)»\na = x"),
    Wrong("size-range", "h: «0»\na = h"),
    Wrong("size-range", "«h: 3»\na = h", {"h": 0}),
    Wrong("declared-unused", "«h: 3»\na = 1"),
    Wrong("declared-unused", "«α = slider(0.5, 0, 1)»\na = 1"),
    Wrong("onehot-defined", "«x: onehot(3)»\nx = 1"),
    Wrong("size-override", "«»a = 1", {"h": 3}),
    Wrong("size-override", "«»h: 3\n" + LOOP + "h[t] = W @ h[t-1]", {"W": 3}),
    Wrong("setting-form", "α = «slider(2, 0, 1)»\na = α"),
    Wrong("setting-form", "W = «parameter(1, 2)»\na = W"),
    Wrong("setting-form", "x: 2\nh: 2\nW = «parameter(density=2)»\nh = W @ x"),
    Wrong("setting-form", "α = «slider(0.5)»\na = α"),
    Wrong("constant-form", "P = «[[1, 2], [3]]»\na = P"),
    Wrong("constant-form", "P = «[1, b]»\na = P"),
    Wrong("inside-loop", LOOP + "«W = parameter(1)»\n    h[t] = W"),
    Wrong("inside-loop", LOOP + "«h: 3»\n    h[t] = 1"),
    # stop, sums and trees
    Wrong("stop-place", "«stop(1)»"),
    Wrong("stop-input", LOOP + "h[t] = «x[t]»\n    stop(h[t] > 1)"),
    Wrong("stop-undetermined", "h: 2\n" + LOOP + "h[t] = tanh(h[t-1])\n    «stop(norm(h[end]) > 1)»"),
    Wrong("reduction-index", LOOP + "h[t] = x[t]\na = sum(h, «2»)"),
    Wrong("reduction-unused", LOOP + "h[t] = x[t]\na = «sum(h[1], t)»"),
    Wrong("tree-position", LOOP + "h[t] = x[t]\na = «h[root]»"),
    Wrong("chain-position", TREE + "h[n] = «x[n-1]»"),
    Wrong("chain-position", "x: 2\nh: 2\n" + TREE + "h[n] = where(leaf(n), x[n], h[left(n)])\na = [1, 2]\n«h[0]» = a"),
    # shapes
    Wrong("rank", "W: (2, 3)\nb: 3\na = W * «b»"),
    Wrong("rank", "a = b @ «2»"),
    Wrong("rank", "o: ()\ny: ()\nL = «cross_entropy(o, y)»"),
    Wrong("shape", "b: 2\nc: 3\na = b + «c»"),
    Wrong("size-unknown", LOOP + "h[t] = W @ «x[t]»\nh: 3"),
    # cycles
    Wrong("cycle", "h: 3\n" + LOOP + "«h[t] = tanh(g[t])»\n    g[t] = h[t]"),
    Wrong("cycle-static", "a: 3\n«a = tanh(b)»\nb = a"),
    Wrong("cycle-direction", "h: 3\n" + LOOP + "«h[t] = h[t-1] + h[t+1]»"),
    Wrong("cycle-whole", "h: 3\n" + LOOP + "«h[t] = tanh(h[end])»"),
    Wrong("cycle-whole", LOOP + "«h[t] = 1 + sum(h)»"),
]  # fmt: skip

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
