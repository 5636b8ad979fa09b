"""The files of the catalogue: each is whole, parses, and holds the equations of the book."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path

import pytest

from unrolled.catalogue import Architecture, Symbol, check, read_catalogue, render
from unrolled.catalogue.checking import names_of
from unrolled.graph import describe
from unrolled.language import parse

CATALOGUE = read_catalogue()
ALL = list(CATALOGUE.architectures.values())

EVERY = pytest.mark.parametrize("architecture", ALL, ids=lambda one: one.id)
ENTRIES = pytest.mark.parametrize("architecture", CATALOGUE.entries, ids=lambda one: one.id)


CHAPTER = [
    "unfolding",
    "parameter-sharing",
    "rnn-hidden-recurrence",
    "rnn-output-recurrence",
    "rnn-single-output",
    "teacher-forcing",
    "bptt",
    "rnn-graphical-model",
    "time-as-input",
    "sequence-length",
    "vector-to-sequence",
    "conditional-rnn",
    "bidirectional-rnn",
    "encoder-decoder",
    "attention",
    "deep-rnn",
    "recursive-net",
    "long-term-dependencies",
    "echo-state-network",
    "liquid-state-machine",
    "time-skip-connections",
    "leaky-units",
    "clockwork-rnn",
    "lstm",
    "forget-bias",
    "gru",
    "optimization-long-term",
    "gradient-clipping",
    "information-flow-regularizer",
    "ntm",
    "memory-network",
]
"""The sections of the chapter's reference, from 1."""


@ENTRIES
def test_an_entry_stands_at_its_section_of_the_reference(architecture: Architecture) -> None:
    assert CHAPTER[int(architecture.entry.order) - 1] == architecture.id


def test_the_catalogue_follows_the_order_of_the_book() -> None:
    orders = [one.entry.order for one in ALL]
    assert orders == sorted(orders)


@ENTRIES
def test_every_text_of_an_entry_parses(architecture: Architecture) -> None:
    check(architecture.entry)


@ENTRIES
def test_a_file_is_named_after_its_id(architecture: Architecture) -> None:
    assert architecture.entry.file == f"{architecture.id}.md"


@ENTRIES
def test_prose_is_there_in_both_languages_and_readable_in_minutes(
    architecture: Architecture,
) -> None:
    prose = architecture.entry.prose
    assert 150 <= len(prose["en"].split()) <= 400
    assert 250 <= len(re.findall(r"[\u4e00-\u9fff]", prose["zh"])) <= 650


@ENTRIES
@pytest.mark.parametrize("language", ["en", "zh"])
def test_symbols_of_the_prose_are_symbols_of_the_equations(
    architecture: Architecture, language: str
) -> None:
    names = set()
    for text in architecture.entry.texts:
        names |= names_of(parse(text.equations))
    html = render(
        architecture.entry.prose[language], dict.fromkeys(names, Symbol("\\boldsymbol{h}", "node"))
    )
    symbols = re.findall(r'<span class="math" data-latex="[^"]*"( data-node="\w+")?><var>', html)
    assert len(symbols) >= 3
    assert all(symbols)


@EVERY
def test_the_legend_says_what_every_letter_means(architecture: Architecture) -> None:
    assert names_of(parse(architecture.equations)) <= set(architecture.entry.legend)


@EVERY
def test_defaults_give_every_input_of_the_text(architecture: Architecture) -> None:
    """And, beyond those, only what is drawn and may be observed instead."""
    recurrence = parse(architecture.equations)
    inputs = {name for name, one in recurrence.variables.items() if one.kind == "input"}
    drawn = {
        one.variable
        for one in recurrence.equations
        if one.term.function in {"sample", "bernoulli", "normal"}
    }
    assert inputs <= set(architecture.defaults.inputs) <= inputs | drawn


@pytest.mark.parametrize(
    ("architecture", "numbers"),
    [
        ("rnn-hidden-recurrence", 34),
        ("rnn-single-output", 34),
        ("rnn-output-recurrence", 37),
        ("lstm", 72 + 16),
        ("lstm/book", 72 + 16),
        ("lstm/peephole", 72 + 9 + 16),
        ("gru", 54 + 16),
        ("gru/torch", 54 + 3 + 16),
    ],
)
def test_parameters_are_as_many_as_the_book_says(architecture: str, numbers: int) -> None:
    """For n_x = 2, n_h = 3, n_y = 4; a read-out has 16."""
    found = CATALOGUE.find(architecture)
    assert found is not None
    recurrence = parse(found.equations, sizes={"x": 2, "h": 3, "y": 4})
    assert sum(prod(one.shape) for one in recurrence.parameters.values()) == numbers


@pytest.mark.parametrize(
    ("architecture", "edges"),
    [
        ("rnn-hidden-recurrence", {("x", "h", "U", 0), ("h", "h", "W", 1), ("h", "o", "V", 0)}),
        ("rnn-output-recurrence", {("x", "h", "U", 0), ("o", "h", "W", 1), ("h", "o", "V", 0)}),
        (
            "rnn-output-recurrence/probability",
            {("x", "h", "U", 0), ("p", "h", "W", 1), ("h", "o", "V", 0)},
        ),
        ("rnn-single-output", {("x", "h", "U", 0), ("h", "h", "W", 1), ("h", "o", "V", None)}),
    ],
)
def test_weighted_edges_are_those_of_the_figure(
    architecture: str, edges: set[tuple[str, str, str, int | None]]
) -> None:
    found = CATALOGUE.find(architecture)
    assert found is not None
    graph = describe(parse(found.equations))["graph"]
    drawn = {
        (edge["source"], edge["target"], edge["parameter"], edge["reads"][0].get("delay"))
        for edge in graph["edges"]
        if edge["operation"] == "matmul"
    }
    assert drawn == edges


def test_the_example_of_the_documentation_loads(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "catalogue.md").read_text(encoding="utf-8")
    found = re.search(r"````markdown\n(.*?)\n````", page, re.DOTALL)
    assert found is not None
    (tmp_path / "leaky-units.md").write_text(found[1] + "\n", encoding="utf-8")
    catalogue = read_catalogue(tmp_path)
    check(catalogue.entries[0].entry)
    slow = catalogue.find("leaky-units/slow")
    assert slow is not None
    assert "α = slider(0.99, 0, 1)" in slow.equations
    assert "slider(0.9," not in slow.equations


@ENTRIES
def test_remarks_on_papers_are_in_the_language_of_the_reader(architecture: Architecture) -> None:
    papers = architecture.entry.papers
    names = "al|et|Fei"
    for found in re.findall(r"[a-z]{2,}", re.sub(r"\w*[A-ZŠ]\S*", "", papers["zh"])):
        assert re.fullmatch(names, found), f"an English word in Chinese: {found}"
    assert re.findall(r"\d{4}", papers["en"]) == re.findall(r"\d{4}", papers["zh"])
