"""The examples of the language's page: what is an input, what a parameter, and what shape everything has."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from language.examples import EXAMPLES, LSTM
from unrolled.graph import describe
from unrolled.language import Domain, Recurrence, Shape, parse


@dataclass(frozen=True)
class Expected:
    """Inputs, variables and parameters by name, with their shapes; `domains` of what is not over the first."""

    domain: str
    inputs: dict[str, Shape]
    variables: dict[str, Shape]
    parameters: dict[str, Shape]
    domains: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


EXPECTED = {
    "first": Expected(
        "time",
        {"x": (4,), "y": (3,)},
        {"h": (8,), "o": (3,), "p": (3,), "L": (), "loss": ()},
        {"b": (8,), "W": (8, 8), "U": (8, 4), "c": (3,), "V": (3, 8)},
        {"loss": ()},
    ),
    "teacher forcing": Expected(
        "time",
        {"x": (2,), "y": (4,)},
        {"h": (3,), "o": (4,), "z": (4,), "L": (), "loss": ()},
        {"b": (3,), "W": (3, 4), "U": (3, 2), "c": (4,), "V": (4, 3)},
        {"loss": ()},
    ),
    "attention": Expected(
        "target",
        {"x": (2,), "y": (7,)},
        {
            "h": (3,), "g": (4,), "e": (), "a": (), "c": (7,), "d": (5,), "o": (7,), "z": (7,), "L": (), "loss": (),
        },
        {
            "b": (3,), "W": (3, 3), "U": (3, 2), "b_r": (4,), "W_r": (4, 4), "U_r": (4, 2), "v": (6,),
            "W_a": (6, 5), "U_a": (6, 3), "V_a": (6, 4), "b_d": (5,), "W_d": (5, 5), "C": (5, 7), "R": (5, 7),
            "b_o": (7,), "V": (7, 5),
        },
        {
            "x": ("source",), "h": ("source",), "g": ("source",), "e": ("target", "source"), "a": ("target", "source"),
            "loss": (),
        },
    ),
    "tree": Expected(
        "tree",
        {"x": (2,), "y": (4,)},
        {"h": (3,), "o": (4,), "loss": ()},
        {"V": (3, 2), "b": (3,), "W_l": (3, 3), "W_r": (3, 3), "c": (4,), "U": (4, 3)},
        {"y": (), "o": (), "loss": ()},
    ),
    "lstm": Expected(
        "time",
        {"x": (2,)},
        dict.fromkeys("fgqsh", (3,)),
        {f"{letter}{part}": shape for part in ("_f", "_g", "_o", "")
         for letter, shape in {"b": (3,), "U": (3, 2), "W": (3, 3)}.items()},
    ),
    "turing machine": Expected(
        "time",
        {"x": (2,)},
        {
            "h": (3,), "k": (6,), "content": (16,), "gate": (), "mixed": (16,), "shifted": (16,), "w": (16,),
            "r": (6,), "M": (16, 6),
        },
        {
            "b": (3,), "W": (3, 3), "U": (3, 2), "R": (3, 6), "W_k": (6, 3), "w_b": (3,), "w_g": (3,),
            "W_s": (16, 3), "w_y": (3,), "W_e": (6, 3), "W_a": (6, 3),
        },
    ),
}  # fmt: skip

EVERY = pytest.mark.parametrize("name", EXAMPLES)


def read(name: str) -> Recurrence:
    return parse(EXAMPLES[name].text, EXAMPLES[name].sizes)


@EVERY
def test_inputs_variables_and_parameters_are_found_with_their_shapes(name: str) -> None:
    recurrence, expected = read(name), EXPECTED[name]
    kinds = {"input": expected.inputs, "equation": expected.variables}
    for kind, shapes in kinds.items():
        found = {one.name: one.shape for one in recurrence.variables.values() if one.kind == kind}
        assert found == shapes
    assert {one.name: one.shape for one in recurrence.parameters.values()} == expected.parameters
    assert not recurrence.constants
    assert not recurrence.settings


@EVERY
def test_every_variable_runs_over_its_domains(name: str) -> None:
    recurrence, expected = read(name), EXPECTED[name]
    for one in recurrence.variables.values():
        assert one.domains == expected.domains.get(one.name, (expected.domain,))
        assert tuple(recurrence.index_domains[index] for index in one.indices) == one.domains


@EVERY
def test_a_text_is_read_the_same_way_twice(name: str) -> None:
    assert read(name) == read(name)


@EVERY
def test_an_example_is_described_from_end_to_end(name: str) -> None:
    description = describe(read(name))
    nodes = {node["id"] for node in description["graph"]["nodes"]}
    assert {edge["source"] for edge in description["graph"]["edges"]} <= nodes
    defined = {equation["variable"] for equation in description["equations"]}
    assert defined == set(EXPECTED[name].variables)


@pytest.mark.parametrize(
    ("name", "domains"),
    [
        ("first", [("time", "t", "chain")]),
        ("attention", [("source", "s", "chain"), ("target", "t", "chain")]),
        ("tree", [("tree", "n", "tree")]),
    ],
)
def test_domains_come_with_their_kind(name: str, domains: list[tuple[str, str, str]]) -> None:
    found: list[Domain] = list(read(name).domains.values())
    assert [(one.name, one.index, one.kind) for one in found] == domains


def test_targets_of_a_cross_entropy_are_one_hot_and_targets_only() -> None:
    variables = read("attention").variables
    assert (variables["y"].one_hot, variables["y"].is_target) == (True, True)
    assert (variables["x"].one_hot, variables["x"].is_target) == (False, False)
    assert not read("teacher forcing").variables["y"].one_hot


def test_a_start_that_the_text_gives_is_kept() -> None:
    parameters = parse(LSTM, EXAMPLES["lstm"].sizes).parameters
    assert parameters["b_f"].initial.constant == 1.0
    assert parameters["b_g"].initial.constant is None


def test_a_run_may_set_the_sizes_of_declared_variables() -> None:
    text = EXAMPLES["first"].text
    assert dict(parse(text).sizes) == {"x": 4, "h": 8, "y": 3}
    smaller = parse(text, {"h": 5})
    assert smaller.sizes["h"] == 5
    assert smaller.parameters["W"].shape == (5, 5)
    assert smaller.parameters["U"].shape == (5, 4)
