"""The description: everything that is derived from a text, as plain data that hangs together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from language.examples import EXAMPLES
from unrolled.catalogue import read_catalogue
from unrolled.graph import describe, fold, unfold
from unrolled.language import Recurrence, parse

CATALOGUE = read_catalogue().architectures
TEXTS: dict[str, Recurrence] = {
    **{name: parse(one.text, one.sizes) for name, one in EXAMPLES.items()},
    **{name: parse(one.equations) for name, one in CATALOGUE.items()},
}


def check(recurrence: Recurrence, forcing: float) -> dict[str, Any]:
    """A description that hangs together; every id that it mentions is there."""
    description = describe(recurrence, forcing=forcing)
    assert json.loads(json.dumps(description)) == description
    nodes = {node["id"]: node for node in description["graph"]["nodes"]}
    edges = description["graph"]["edges"]
    assert len(nodes) == len(description["graph"]["nodes"])
    assert len({edge["id"] for edge in edges}) == len(edges)
    domains = {domain["name"] for domain in description["domains"]}
    for edge in edges:
        assert {edge["source"], edge["target"]} <= set(nodes)
        assert edge["parameter"] is None or edge["parameter"] in nodes
        assert [read["domain"] for read in edge["reads"]] == nodes[edge["source"]]["domains"]
        for read in edge["reads"]:
            assert ("delay" in read) != ("position" in read)
        for one in edge["at"] or ():
            assert one["domain"] in nodes[edge["target"]]["domains"]
    for node in nodes.values():
        assert set(node["domains"]) <= domains
        assert all(one["domain"] in node["domains"] for one in node["boundary"])
    check_operations(description, nodes)
    check_schedule(description, forcing)
    return description


def check_operations(description: dict[str, Any], nodes: dict[str, Any]) -> None:
    lines = description["equations_text"].split("\n")
    for equation in description["equations"]:
        operations = {one["id"]: one for one in equation["operations"]}
        assert len(operations) == len(equation["operations"])
        first = next(iter(operations.values()))
        if equation["boundary"] is None:
            assert first["shape"] == nodes[equation["variable"]]["shape"]
            assert first["domains"] == nodes[equation["variable"]]["domains"]
        for one in operations.values():
            assert set(one["operands"]) <= set(operations)
            assert one["reference"] is None or one["reference"] in nodes
        source = lines[equation["line"] - 1]
        assert source[equation["column"] - 1 :].startswith(equation["text"].split("\n")[0])
        assert equation["text"].startswith(equation["variable"])


def check_schedule(description: dict[str, Any], forcing: float) -> None:
    computed = [name for one in description["schedule"] for name in one["variables"]]
    defined = {one["variable"] for one in description["equations"] if one["boundary"] is None}
    assert sorted(computed) == sorted(defined)
    parameters = {one["name"]: one["count"] for one in description["parameters"]}
    assert sum(parameters.values()) == description["cost"]["parameters"]
    used = {edge["cut"] for edge in description["graph"]["edges"]}
    assert forcing not in (0.0, 1.0) or used <= {False, True}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("forcing", [0.0, 0.5, 1.0])
def test_the_description_of_a_text_hangs_together(name: str, forcing: float) -> None:
    check(TEXTS[name], forcing)


@settings(parent=PROPERTY, max_examples=25)
@given(recurrences(random=True, size=4), st.sampled_from([0.0, 0.5, 1.0]))
def test_the_description_of_any_text_hangs_together(written: Written, forcing: float) -> None:
    check(parse(written.text), forcing)


TREES = [
    name for name, one in TEXTS.items() if any(it.kind == "tree" for it in one.domains.values())
]


@pytest.mark.parametrize("name", TREES)
def test_a_tree_announces_no_boundary_nodes(name: str) -> None:
    nodes = describe(TEXTS[name])["graph"]["nodes"]
    assert not [node["id"] for node in nodes if node["boundary"]]


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in TREES])
def test_boundary_nodes_are_those_that_unfolding_draws(name: str) -> None:
    """What the folded graph announces as h[0], h[-1], … is what the edges reach, at any length."""
    recurrence = TEXTS[name]
    lengths = dict.fromkeys(recurrence.domains, 7)
    found = {
        (node, steps)
        for node, steps in unfold(fold(recurrence, 0.5), lengths).nodes
        if any(not 1 <= step <= 7 for step in steps)
    }
    announced = {
        (node["id"], (one["position"] + (7 if one["anchor"] == "end" else 0),))
        for node in describe(recurrence, forcing=0.5)["graph"]["nodes"]
        for one in node["boundary"]
        if len(node["domains"]) == 1
    }
    assert {one for one in found if len(one[1]) == 1} == announced


def test_sizes_that_a_run_may_set_come_with_the_text() -> None:
    assert describe(TEXTS["lstm"])["sizes"] == {"x": 27, "h": 8, "y": 27}
    assert describe(TEXTS["turing machine"])["sizes"] == {"M": [16, 6], "x": 2, "h": 3}


def test_sliders_come_with_their_limits() -> None:
    description = describe(parse("α = slider(0.9, 0, 1)\nfor t in time:\n    h[t] = α * t"))
    assert description["settings"] == [{"name": "α", "value": 0.9, "minimum": 0.0, "maximum": 1.0}]


def test_a_text_says_whether_it_forces_or_draws() -> None:
    found = {
        name: (d["has_forcing"], d["is_random"]) for name in TEXTS for d in [describe(TEXTS[name])]
    }
    assert found["teacher forcing"] == (True, False)
    assert found["attention"] == (True, False)
    assert found["conditional-rnn"] == (True, True)
    assert found["rnn-graphical-model"] == (False, True)
    assert found["lstm"] == (False, False)


def test_an_equation_comes_with_its_words_its_line_and_its_mathematics() -> None:
    description = describe(TEXTS["lstm"], {"time": 5})
    s = next(one for one in description["equations"] if one["variable"] == "s")
    assert s["text"] == "s[t] = f[t] * s[t-1] + g[t] * tanh(b + U @ x[t] + W @ h[t-1])"
    assert (s["line"], s["column"], s["end_line"]) == (11, 5, 11)
    assert s["boundary"] is None
    assert [one["function"] for one in s["operations"]][:3] == ["add", "multiply", "reference"]
    assert description["cost"]["lengths"] == {"time": 5}


def test_a_boundary_equation_says_where_it_holds() -> None:
    text = "h: 2\nfor t in time:\n    h[t] = tanh(h[t-1])\n    g[t] = tanh(g[t+1] + h[t])\nh[0] = b\ng[end + 1] = c"
    boundaries = [one for one in describe(parse(text))["equations"] if one["boundary"]]
    assert [one["boundary"] for one in boundaries] == [
        {"domain": "time", "position": 0, "anchor": "start"},
        {"domain": "time", "position": 1, "anchor": "end"},
    ]
    assert [one["operations"][0]["id"] for one in boundaries] == ["h[0]/0", "g[end+1]/0"]


def test_reads_of_an_operation_say_what_a_sum_sweeps() -> None:
    text = "x: 2\nfor t in time:\n    for s in source:\n        e[t, s] = x[t] @ z[s]\n    c[t] = sum(e[t, s] * z[s-1], s)\nz: 2"
    equation = next(one for one in describe(parse(text))["equations"] if one["variable"] == "c")
    reads = {one["reference"]: one["reads"] for one in equation["operations"] if one["reference"]}
    assert reads == {
        "e": [{"domain": "time", "delay": 0}, {"domain": "source", "position": "all"}],
        "z": [{"domain": "source", "position": "all", "offset": -1}],
    }


def test_an_input_nearly_of_a_variables_name_is_asked_after() -> None:
    text = "s: 3\nfor t in time:\n    s[t] = tanh(S[t-1])\n    state[t] = s[t] + x[t] * stat[t]\n"
    assert describe(parse(text))["misspelt"] == [
        {"name": "S", "line": 3, "meant": "s"},
        {"name": "stat", "line": 4, "meant": "state"},
    ]
    assert describe(parse("S: 3\nstat: 3\n" + text))["misspelt"] == []


def test_nothing_in_the_catalogue_looks_misspelt() -> None:
    for name, text in TEXTS.items():
        assert describe(text)["misspelt"] == [], name
