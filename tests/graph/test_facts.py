"""Facts from the graph alone: formulas agree with counting, and what waits for what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from language.examples import EXAMPLES
from unrolled.catalogue import read_catalogue
from unrolled.graph import (
    balanced,
    cost,
    describe,
    fold,
    opened,
    restricted,
    schedule,
    shape_of,
    unfold,
)
from unrolled.graph.polynomials import Axis, fit
from unrolled.language import parse

CATALOGUE = read_catalogue().architectures


def test_a_polynomial_is_found_from_its_values_and_written_as_in_a_book() -> None:
    axes = [Axis("n", 2, 2), Axis("m", 1, 1)]
    found = fit(axes, lambda at: at["n"] * (at["n"] - 1) // 2 - 3 * at["n"] * at["m"] + 7)
    assert found.at({"n": 10, "m": 4}) == 45 - 120 + 7
    assert found.text({"n": "τ"}) == "1/2 τ² - 3 τ m - 1/2 τ + 7"
    assert fit([], lambda at: 0).text() == "0"


def numbers(formula: str, **values: int) -> int:
    """A formula of the facts, computed."""
    total = 0
    for term in formula.replace(" - ", " + -").split(" + "):
        product = -1 if term.startswith("-") else 1
        for factor in term.lstrip("-").split():
            power = 2 if factor.endswith("²") else 3 if factor.endswith("³") else 1
            name = factor.rstrip("²³")
            product *= (values[name] if name in values else int(name)) ** power
        total += product
    return total


@pytest.mark.parametrize("steps", [1, 7, 300])
@pytest.mark.parametrize("name", [*CATALOGUE])
def test_formulas_agree_with_counting_the_catalogue(name: str, steps: int) -> None:
    recurrence = parse(CATALOGUE[name].equations)
    lengths = dict.fromkeys(recurrence.domains, steps)
    found = describe(recurrence, lengths)["facts"]
    letters = ["τ", *(f"τ_{domain}" for domain in lengths)]
    values = dict.fromkeys(letters, steps)
    if steps < 100:
        whole = unfold(fold(recurrence), lengths)
        assert (found["unfolded"]["nodes"], found["unfolded"]["edges"]) == (
            len(whole.nodes),
            len(whole.edges),
        )
    counted = cost(schedule(recurrence), lengths)
    for quantity in ("operations", "bytes", "critical_path"):
        assert found[quantity]["count"] == getattr(counted, quantity)
        formula = found[quantity]["formula"]
        assert formula is None or numbers(formula, **values) == found[quantity]["count"]
    sizes = {f"n_{name}": size for name, size in recurrence.sizes.items() if isinstance(size, int)}
    for one in found["parameters"]["each"]:
        assert numbers(one["formula"], **sizes) == one["count"]


def test_parameters_are_written_in_sizes() -> None:
    recurrence = parse(CATALOGUE["lstm"].equations)
    found = describe(recurrence)["facts"]["parameters"]
    assert found["formula"] == "4 n_h² + 4 n_h n_x + n_h n_y + 4 n_h + n_y"
    assert {one["name"]: one["formula"] for one in found["each"]}["W_f"] == "n_h²"
    example = EXAMPLES["attention"]
    each = describe(parse(example.text, example.sizes))["facts"]["parameters"]["each"]
    assert {one["name"]: one["formula"] for one in each}["C"] == "n_d n_g + n_d n_h"


def test_two_domains_are_counted_in_both_lengths() -> None:
    example = EXAMPLES["attention"]
    graph = fold(parse(example.text, example.sizes))
    lengths = {"source": 9, "target": 6}
    found = describe(parse(example.text, example.sizes), lengths)["facts"]["unfolded"]
    whole = unfold(graph, lengths)
    assert (found["nodes"], found["edges"]) == (len(whole.nodes), len(whole.edges))
    assert numbers(found["edges_formula"], τ_source=9, τ_target=6) == found["edges"]
    assert numbers(found["nodes_formula"], τ_source=9, τ_target=6) == found["nodes"]


@settings(parent=PROPERTY, max_examples=30)
@given(recurrences(size=4))
def test_formulas_agree_with_counting_any_text(written: Written) -> None:
    recurrence = parse(written.text)
    found = describe(recurrence, written.lengths, written.forcing)["facts"]["unfolded"]
    whole = unfold(fold(recurrence, written.forcing), written.lengths)
    assert found is not None
    assert (found["nodes"], found["edges"]) == (len(whole.nodes), len(whole.edges))


def test_a_shape_changes_what_waits_and_not_what_there_is() -> None:
    recurrence = parse(CATALOGUE["recursive-net"].equations)
    found = [
        describe(recurrence, trees={"tree": tree})["facts"]
        for tree in (balanced(16), shape_of([[0, 0], [0, [0, [0, [0, [0, [0, [0, [[[0, 0], 0], [[0, 0], [0, 0]]]]]]]]]]]))
    ]  # fmt: skip
    for name in ("folded", "unfolded", "parameters", "operations", "bytes"):
        assert found[0][name] == found[1][name]
    assert found[0]["trees"][0]["depth"] == 4
    assert found[1]["trees"][0]["depth"] == 11
    assert found[0]["critical_path"]["count"] < found[1]["critical_path"]["count"]


def test_a_tree_of_a_million_leaves_is_counted_without_being_made() -> None:
    found = describe(parse(CATALOGUE["recursive-net"].equations), {"tree": 10**6})["facts"]
    assert found["unfolded"]["nodes"] == 3 * 10**6 + 2
    assert found["trees"][0]["depth"] == 20


def test_a_very_long_period_is_not_unfolded_to_be_counted() -> None:
    text = (
        "e: ()\nx: ()\nfor t in time:\n    for k in time:\n"
        "        e[t, k] = softmax(x[t-100] * x[k], k)\n        d[t, k] = softmax(e[t, k], k)\n"
    )
    assert describe(parse(text))["facts"]["unfolded"] is None


@pytest.mark.parametrize(
    ("name", "forcing", "waits", "steps"),
    [
        ("rnn-hidden-recurrence", 1.0, ["h"], 7),
        ("teacher-forcing", 1.0, [], 0),
        ("teacher-forcing", 0.0, ["h", "o", "z"], 7),
    ],
)
def test_what_waits_for_another_step_is_said(
    name: str, forcing: float, waits: list[str], steps: int
) -> None:
    """§6: teacher forcing decouples the steps."""
    found = describe(parse(CATALOGUE[name].equations), {"time": 7}, forcing)["facts"]["parallel"]
    assert [one for group in found["in_order"] for one in group["variables"]] == waits
    assert found["sequential_steps"] == steps
    assert set(found["words"]) == {"en", "zh"}
    assert ("Nothing waits" in found["words"]["en"]) == (not waits)
    assert all(one in found["words"]["zh"] for one in waits)


def test_two_directions_wait_for_each_other_not() -> None:
    text = (
        "for t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t])\n"
        "    g[t] = tanh(W_g @ g[t+1] + U_g @ x[t])\n    o[t] = V @ h[t] + V_g @ g[t]\n"
    )
    sizes = {"x": 2, "h": 3, "g": 3, "o": 1}
    found = describe(parse(text, sizes), {"time": 9})["facts"]["parallel"]
    assert {one["direction"] for one in found["in_order"]} == {"forward", "backward"}
    assert found["sequential_steps"] == 9
    assert found["at_once"] == ["o"]


def test_an_opened_equation_has_a_node_an_operation() -> None:
    found = opened(parse(CATALOGUE["lstm"].equations))
    assert [name for name in found.variables if name.startswith("s/")] == ["s/1", "s/6", "s/4"] or {
        "s/1", "s/4", "s/6",
    } == {name for name in found.variables if name.startswith("s/")}  # fmt: skip


def test_leaving_nothing_out_leaves_the_graph_as_it_is() -> None:
    whole = unfold(fold(parse(CATALOGUE["lstm"].equations)), {"time": 3})
    kept = restricted(whole, lambda name, steps: True)
    assert set(kept.nodes) == set(whole.nodes)
    assert sorted(map(str, kept.edges)) == sorted(map(str, whole.edges))
