"""Typesetting: the book's way of writing, function by function, without ambiguity."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from language.examples import EXAMPLES
from language.typesetting import Malformed, check
from unrolled.catalogue import read_catalogue
from unrolled.graph import describe
from unrolled.language import FUNCTIONS, Shape, parse
from unrolled.language.latex import equation_latex, name_latex

CATALOGUE = read_catalogue().architectures
TEXTS = {name: parse(one.text, one.sizes) for name, one in EXAMPLES.items()} | {
    name: parse(one.equations) for name, one in CATALOGUE.items()
}

DECLARED = {
    **dict.fromkeys("uvw", "3"), "k": "()", "W": "(3, 3)", "T": "(3, 3, 3)", "x": "3",
}  # fmt: skip


def typeset(expression: str) -> str:
    """The right side of `y[t] = …`; u, v, w are vectors, k a scalar, W a matrix, x an input, and bold is left out."""
    recurrence = parse(_with_declarations(expression))
    latex = equation_latex(recurrence, recurrence.equations[0]).split(" = ", 1)[1]
    return re.sub(r"\\boldsymbol\{(\w)\}", r"\1", latex)


BOOK: list[tuple[str, str]] = [
    ("u + v", "u + v"),
    ("u - v", "u - v"),
    ("u * v", r"u \odot v"),
    ("k * u", r"k \, u"),
    ("u * 2", r"u \cdot 2"),
    ("u / v", r"\frac{u}{v}"),
    ("u ** 2", "{u}^{2}"),
    ("3 ** k", "{3}^{k}"),
    ("1e12 ** k", r"{(1 \times 10^{12})}^{k}"),
    ("(u + v) ** k", "{(u + v)}^{k}"),
    ("mean(u + v)", r"\operatorname{mean}(u + v)"),
    ("t % 3", r"t \bmod 3"),
    ("-u", "-u"),
    ("W @ u", "W u"),
    ("u @ v", r"{u}^{\top} v"),
    ("u @ W", r"{u}^{\top} W"),
    ("k == 1", "k = 1"),
    ("k != 1", r"k \neq 1"),
    ("k < 1", "k < 1"),
    ("k <= 1", r"k \le 1"),
    ("k > 1", "k > 1"),
    ("k >= 1", r"k \ge 1"),
    ("sigmoid(u)", r"\sigma(u)"),
    ("tanh(u)", r"\tanh(u)"),
    ("relu(u)", r"\operatorname{relu}(u)"),
    ("softplus(u)", r"\zeta(u)"),
    ("exp(u)", r"\exp(u)"),
    ("log(u)", r"\log(u)"),
    ("abs(u)", r"\lvert u\rvert "),
    ("sqrt(u)", r"\sqrt{u}"),
    ("minimum(u, v)", r"\min(u, v)"),
    ("maximum(u, v)", r"\max(u, v)"),
    ("where(t == 1, u, v)", r"\begin{cases}u & t = 1\\v & \text{otherwise}\end{cases}"),
    ("spike(u)", r"\mathbf{1}[u \ge 0]"),
    ("softmax(u)", r"\operatorname{softmax}(u)"),
    ("softmax(x[t], t)", r"\operatorname{softmax}_{t}(x^{(t)})"),
    ("sum(u)", r"\sum_{i} \left[u\right]_{i}"),
    ("sum(x[t], t)", r"\sum_{t} x^{(t)}"),
    ("mean(u)", r"\operatorname{mean}(u)"),
    ("mean(x[t], t)", r"\operatorname{mean}_{t}(x^{(t)})"),
    ("norm(u)", r"\lVert u \rVert"),
    ("cosine(u, W)", r"\cos(u, W)"),
    ("concat(u, v)", "[u; v]"),
    ("outer(u, v)", r"u {v}^{\top}"),
    ("transpose(W)", r"{W}^{\top}"),
    ("bilinear(T, u, v)", r"{u}^{\top} T v"),
    ("circular_convolve(u, v)", r"u \circledast v"),
    ("sharpen(u, k)", r"\operatorname{sharpen}_{k}(u)"),
    ("argmax(u)", r"\operatorname{arg\,max}(u)"),
    ("sample(u)", r"\operatorname{sample}(u)"),
    ("bernoulli(u)", r"\operatorname{Bernoulli}(u)"),
    ("normal(u, k)", r"\mathcal{N}(u, {k}^2)"),
    ("force(u, v)", r"\operatorname{force}(u, v)"),
    ("cross_entropy(u, v)", r"-\log \operatorname{softmax}(u)_{v}"),
    ("squared_error(u, v)", r"\lVert u - v \rVert^2"),
]


@pytest.mark.parametrize(("expression", "latex"), BOOK)
def test_functions_are_set_as_the_book_sets_them(expression: str, latex: str) -> None:
    assert typeset(expression) == latex


def test_every_function_of_the_vocabulary_is_typeset() -> None:
    texts = [*(_with_declarations(one) for one, _ in BOOK), "for n in tree:\n    y[n] = leaf(n)"]
    terms = [term for text in texts for term in parse(text).equations[0].term.walk()]
    assert {term.function for term in terms} >= set(FUNCTIONS)


def _with_declarations(expression: str) -> str:
    used = set(re.findall(r"\w+", expression))
    lines = [f"{name}: {shape}" for name, shape in DECLARED.items() if name in used]
    return "\n".join([*lines, "for t in time:", f"    y[t] = {expression}"])


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        ("W @ (u + v)", "W (u + v)"),
        ("(u + v) @ W", r"{(u + v)}^{\top} W"),
        ("u - (v - w)", "u - (v - w)"),
        ("u - v - w", "u - v - w"),
        ("u + (-v + w)", "u + (-v + w)"),
        ("(u - v) * w", r"(u - v) \odot w"),
        ("-(u + v)", "-(u + v)"),
        ("W @ -u", "W (-u)"),
        ("W @ (u * v)", r"W (u \odot v)"),
        ("(outer(v, u) * W) @ u", r"(v {u}^{\top} \odot W) u"),
        ("(-u) ** 2", "{(-u)}^{2}"),
        ("-u ** 2", "-{u}^{2}"),
        ("(u ** 2) ** k", "{({u}^{2})}^{k}"),
        ("x[t] ** 2", "{x^{(t)}}^{2}"),
        ("1e-7 ** k", r"{(1 \times 10^{-7})}^{k}"),
        ("(u < v) + w", "(u < v) + w"),
        ("(u < v) * 2", r"(u < v) \cdot 2"),
        ("u + v < w", "u + v < w"),
        ("t % 3 == 0", r"t \bmod 3 = 0"),
        ("(t % 3) * u", r"(t \bmod 3) \, u"),
        ("sum(x[t], t) + u", r"\sum_{t} x^{(t)} + u"),
        ("sum(x[t] + u, t)", r"\sum_{t} \left(x^{(t)} + u\right)"),
        ("sum(x[t], t) * u", r"\left(\sum_{t} x^{(t)}\right) \odot u"),
        ("u * sum(x[t], t)", r"u \odot \sum_{t} x^{(t)}"),
        ("u * sum(x[t], t) * v", r"\left(u \odot \sum_{t} x^{(t)}\right) \odot v"),
        ("u * circular_convolve(v, w)", r"u \odot (v \circledast w)"),
        ("squared_error(u, v - w)", r"\lVert u - (v - w) \rVert^2"),
        ("normal(u, k + 1)", r"\mathcal{N}(u, {(k + 1)}^2)"),
        ("2 * cross_entropy(u, v)", r"2 \, (-\log \operatorname{softmax}(u)_{v})"),
        ("transpose(transpose(W))", r"{({W}^{\top})}^{\top}"),
    ],
)
def test_brackets_stand_where_the_meaning_needs_them(expression: str, latex: str) -> None:
    found = typeset(expression).replace(r"\left(", "(").replace(r"\right)", ")")
    assert found == latex.replace(r"\left(", "(").replace(r"\right)", ")")


@pytest.mark.parametrize(
    ("name", "shape", "latex"),
    [
        ("h", (3,), r"\boldsymbol{h}"),
        ("k", (), "k"),
        ("W_f", (3, 3), r"\boldsymbol{W}_{f}"),
        ("h_tilde", (3,), r"\tilde{\boldsymbol{h}}"),
        ("h_tilde_f", (3,), r"\tilde{\boldsymbol{h}}_{f}"),
        ("y_hat", (3,), r"\hat{\boldsymbol{y}}"),
        ("h1", (3,), r"\boldsymbol{h}_{1}"),
        ("h1_f", (3,), r"\boldsymbol{h}_{1,f}"),
        ("W_in_f", (3, 3), r"\boldsymbol{W}_{\mathrm{in},f}"),
        ("content", (3,), r"\mathbf{content}"),
        ("loss", (), r"\mathrm{loss}"),
        ("α", (), r"\alpha"),
        ("α", (3,), r"\boldsymbol{\alpha}"),
        ("μ_α", (), r"\mu_{\alpha}"),
        ("Ω", (), r"\Omega"),
        ("Ρ", (2, 2), r"\boldsymbol{\mathrm{P}}"),
        ("ς", (), r"\varsigma"),
        ("ο", (), "o"),
        ("权重", (3,), r"\text{权重}"),
        ("_", (), r"\_"),
    ],
)
def test_names_are_set_as_the_book_sets_them(name: str, shape: Shape, latex: str) -> None:
    assert name_latex(name, shape) == latex
    check(latex)


@pytest.mark.parametrize(
    ("position", "latex"),
    [
        ("t", "t"),
        ("t-1", "t-1"),
        ("t + 2", "t+2"),
        ("0", "0"),
        ("end", r"\tau"),
        ("end-1", r"\tau-1"),
    ],
)
def test_positions_are_superscripts(position: str, latex: str) -> None:
    text = f"x: 3\nfor t in time:\n    y[t] = x[t] + x[{position}]"
    recurrence = parse(text)
    found = equation_latex(recurrence, recurrence.equations[0])
    assert found.endswith(rf"\boldsymbol{{x}}^{{({latex})}}")


def test_the_ends_of_two_domains_are_told_apart() -> None:
    text = "for t in time:\n    h[t] = x[t]\nfor s in source:\n    g[s] = z[s]\na = h[end] + g[end]\nx: 2\nz: 2"
    recurrence = parse(text)
    found = equation_latex(recurrence, recurrence.equation("a"))
    assert r"\tau_{\mathrm{time}}" in found
    assert r"\tau_{\mathrm{source}}" in found


def test_an_equation_of_the_lstm_reads_as_in_the_book() -> None:
    recurrence = TEXTS["lstm"]
    assert equation_latex(recurrence, recurrence.equation("f")) == (
        r"\boldsymbol{f}^{(t)} = \sigma(\boldsymbol{b}_{f} + \boldsymbol{U}_{f} \boldsymbol{x}^{(t)}"
        r" + \boldsymbol{W}_{f} \boldsymbol{h}^{(t-1)})"
    )


def test_marks_say_which_node_and_which_step_a_symbol_is() -> None:
    text = "h: 2\nfor t in time:\n    h[t] = W @ h[t-1] + h[0]\nfor s in source:\n    e[s] = sum(h[t] * z[s], t)\nz: 2\nL = h[end]"
    recurrence = parse(text)
    marked = {
        one.variable: equation_latex(recurrence, one, marked=True) for one in recurrence.equations
    }
    assert r"\htmlData{node=h, delay=0}{\boldsymbol{h}^{(t)}} = " in marked["h"]
    assert r"\htmlData{parameter=W}{\boldsymbol{W}}" in marked["h"]
    assert r"\htmlData{node=h, delay=1}{\boldsymbol{h}^{(t-1)}}" in marked["h"]
    assert r"\htmlData{node=h, position=0}{\boldsymbol{h}^{(0)}}" in marked["h"]
    assert r"\htmlData{node=h, position=all}{\boldsymbol{h}^{(t)}}" in marked["e"]
    assert r"\htmlData{node=h, position=end}" in marked["L"]


def test_numbers_have_one_slot_for_every_value_of_one_unit() -> None:
    (equation,) = describe(
        parse("h: 2\nx: 2\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1]) * x[t] + 1")
    )["equations"]
    by_id = {one["id"]: one for one in equation["operations"]}
    slots = re.findall(r"slot=([^}]*)\}", equation["numbers"])
    assert slots[0] == "h/0"
    assert [by_id[slot]["function"] for slot in slots[1:]] == ["reference", "matmul", "reference"]
    assert equation["numbers"].endswith("+ 1")


@pytest.mark.parametrize("name", TEXTS)
def test_all_latex_of_a_text_is_well_formed(name: str) -> None:
    for latex in _all_latex(describe(TEXTS[name])):
        check(latex)


@settings(parent=PROPERTY, max_examples=15)
@given(recurrences(random=True, size=4))
def test_every_equation_of_any_text_has_well_formed_latex(written: Written) -> None:
    description = describe(parse(written.text))
    for equation in description["equations"]:
        assert equation["latex"]
        assert equation["marked"].count(r"\htmlData") >= 1
        assert len(re.findall(r"slot=", equation["numbers"])) >= 1
    for latex in _all_latex(description):
        check(latex)


def _all_latex(description: dict[str, object]) -> list[str]:
    graph, equations = description["graph"], description["equations"]
    assert isinstance(graph, dict)
    assert isinstance(equations, list)
    found = [node["latex"] for node in graph["nodes"]]
    for one in equations:
        found += [one["latex"], one["marked"], one["numbers"]]
        found += [operation["latex"] for operation in one["operations"]]
    return found


@pytest.mark.parametrize(
    "latex",
    ["a^{b}^{c}", r"\left(a", "{a", "a}", r"\stigma", "_{i}", r"\frac{a}", r"\boldsymbol a"],
)
def test_the_reader_of_latex_refuses_what_is_malformed(latex: str) -> None:
    with pytest.raises(Malformed):
        check(latex)
