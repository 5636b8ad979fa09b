"""The folded graph: a node a name, an edge a reference, with its parameter and its delay."""

from __future__ import annotations

import pytest

from graph.figures_depth import DEPTH
from graph.figures_memory import MEMORY
from graph.figures_patterns import PATTERNS, READ_OUT
from graph.figures_training import GATES_LSTM, TRAINING
from graph.notation import edges_of, lines
from language.examples import EXAMPLES
from unrolled.catalogue import read_catalogue
from unrolled.graph import FoldedGraph, fold
from unrolled.language import parse

CATALOGUE = read_catalogue().architectures

GATES_GRU = """
    x -> u : U_u; h -> u : W_u @1; x -> r : U_r; h -> r : W_r @1; x -> h_tilde : U
    u -> h : -; h -> h : - @1; h_tilde -> h : -
"""
BOOK = {
    **PATTERNS,
    **DEPTH,
    **TRAINING,
    **MEMORY,
    "rnn-hidden-recurrence": f"x -> h : U; h -> h : W @1; {READ_OUT}",
    "rnn-output-recurrence": f"x -> h : U; o -> h : W @1; {READ_OUT}",
    "rnn-output-recurrence/probability": f"x -> h : U; p -> h : W @1; {READ_OUT}",
    "rnn-output-recurrence/argmax": f"x -> h : U; z -> h : W @1; p -> z : -; {READ_OUT}",
    "rnn-output-recurrence/target": f"x -> h : U; z -> h : W @1; y -> z : -; {READ_OUT}",
    "rnn-single-output": "x -> h : U; h -> h : W @1; h -> o : V @end; o -> p : -; o -> loss : -; y -> loss : -",
    "teacher-forcing": "x -> h : U; z -> h : W @1; h -> o : V; y -> z : -; o -> L : -; y -> L : -; L -> loss : - @all",
    "lstm": f"{GATES_LSTM}; {READ_OUT}",
    "lstm/book": f"{GATES_LSTM}; {READ_OUT}",
    "lstm/peephole": f"{GATES_LSTM}; s -> f : p_f @1; s -> g : p_g @1; s -> q : p_o @1; {READ_OUT}",
    "gru": f"{GATES_GRU}; r -> h_tilde : W; h -> h_tilde : W @1; {READ_OUT}",
    "gru/book": f"{GATES_GRU}; r -> h_tilde : W; h -> h_tilde : W @1; {READ_OUT}",
    # equations 10.45 to 10.47 as printed: what is read at t-1 and what at t change places
    "gru/literal": f"""
        x -> u : U_u; h -> u : W_u; x -> r : U_r; h -> r : W_r; x -> h_tilde : U @1; r -> h_tilde : W @1
        h -> h_tilde : W @1; u -> h : - @1; h -> h : - @1; h_tilde -> h : -
        h -> u : W_u @0 into start+0; h -> r : W_r @0 into start+0; {READ_OUT}
    """,
    # u is α and r is 1: the gates hear neither x nor h
    "gru/leaky": f"""
        x -> h_tilde : U; u -> h : -; h -> h : - @1; h_tilde -> h : -
        r -> h_tilde : W; h -> h_tilde : W @1; {READ_OUT}
    """,
    "gru/torch": f"{GATES_GRU}; r -> h_tilde : -; h -> h_tilde : W @1; {READ_OUT}",
}
EXAMPLE_EDGES = {
    "attention": """
        x -> h : U; h -> h : W @1; x -> g : U_r; g -> g : W_r @-1
        d -> e : W_a @1; h -> e : U_a; g -> e : V_a; e -> a : - @all; a -> c : - @all; h -> c : - @all; g -> c : - @all
        d -> d : W_d @1; c -> d : C; z -> d : R @1; d -> o : V; y -> z : -; o -> L : -; y -> L : -; L -> loss : - @all
    """,
    "tree": "x -> h : V; h -> h : W_l @left; h -> h : W_r @right; h -> o : U @root; o -> loss : -; y -> loss : -",
    "turing machine": """
        h -> h : W @1; x -> h : U; r -> h : R @1; h -> k : W_k; h -> content : w_b; k -> content : -
        M -> content : - @1; h -> gate : w_g; gate -> mixed : -; content -> mixed : -; w -> mixed : - @1
        mixed -> shifted : -; h -> shifted : W_s; shifted -> w : -; h -> w : w_y; w -> r : -; M -> r : - @1
        M -> M : - @1; w -> M : -; h -> M : W_e; h -> M : W_a
    """,
}


def folded(text: str, forcing: float = 1.0, sizes: dict[str, int] | None = None) -> FoldedGraph:
    return fold(parse(text, sizes), forcing)


def test_every_text_of_the_catalogue_is_held_against_its_figure() -> None:
    assert set(BOOK) >= set(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_edges_of_the_catalogue_are_those_of_the_book(name: str) -> None:
    assert edges_of(folded(CATALOGUE[name].equations)) == lines(BOOK[name])


@pytest.mark.parametrize("name", EXAMPLE_EDGES)
def test_edges_of_the_examples_are_those_that_are_written(name: str) -> None:
    example = EXAMPLES[name]
    assert edges_of(folded(example.text, sizes=example.sizes)) == lines(EXAMPLE_EDGES[name])


@pytest.mark.parametrize(
    ("forcing", "used", "cut"),
    [
        (1.0, {"y -> z : -"}, {"o -> z : -"}),
        (0.0, {"o -> z : -"}, {"y -> z : -"}),
        (0.5, {"y -> z : -", "o -> z : -"}, set()),
    ],
)
def test_forcing_cuts_the_edge_that_a_run_never_uses(
    forcing: float, used: set[str], cut: set[str]
) -> None:
    graph = folded(CATALOGUE["teacher-forcing"].equations, forcing)
    into = {edge for edge in edges_of(graph) if "-> z" in edge}
    assert (into, edges_of(graph, cut=True)) == (used, cut)


ROLES = {
    "rnn-hidden-recurrence": {"input": "x", "target": "y", "state": "h", "output": "o", "probability": "p", "loss": "L loss"},
    "teacher-forcing": {"input": "x", "target": "y", "hidden": "h", "output": "o", "state": "z", "loss": "L loss"},
    "lstm": {"input": "x", "target": "y", "gate": "f g q", "state": "s h", "output": "o", "probability": "p", "loss": "L loss"},
    "gru": {"input": "x", "target": "y", "gate": "u r", "hidden": "h_tilde", "state": "h", "output": "o", "probability": "p", "loss": "L loss"},
    "attention": {"input": "x", "target": "y", "state": "h g d z", "hidden": "e c", "attention": "a", "output": "o", "loss": "L loss"},
    "turing machine": {"input": "x", "state": "h w r", "hidden": "k mixed shifted", "probability": "content", "gate": "gate", "memory": "M"},
}  # fmt: skip


@pytest.mark.parametrize("name", ROLES)
def test_every_variable_has_the_part_that_its_equations_give_it(name: str) -> None:
    text, sizes = (
        (EXAMPLES[name].text, EXAMPLES[name].sizes) if name in EXAMPLE_EDGES else (CATALOGUE[name].equations, {})
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    for node in folded(text, sizes=sizes).nodes:
        if node.kind in ("input", "variable"):
            found.setdefault(node.role, set()).add(node.id)
    assert found == {role: set(names.split()) for role, names in ROLES[name].items()}


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_edge_lands_and_has_an_id_of_its_own(name: str) -> None:
    graph = folded(CATALOGUE[name].equations, 0.5)
    nodes = {node.id: node for node in graph.nodes}
    assert len({edge.id for edge in graph.edges}) == len(graph.edges)
    for edge in graph.edges:
        assert tuple(read.domain for read in edge.reads) == nodes[edge.source].domains
        assert edge.target in nodes
        if edge.parameter is not None:
            assert nodes[edge.parameter].kind != "variable"


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_parameter_is_on_the_way_of_an_edge_or_read_directly(name: str) -> None:
    graph = folded(CATALOGUE[name].equations)
    used = {edge.parameter for edge in graph.edges} | {edge.source for edge in graph.edges}
    assert {node.id for node in graph.nodes if node.kind == "parameter"} <= used


@pytest.mark.parametrize("name", CATALOGUE)
def test_variables_and_parameters_come_with_shape_and_line(name: str) -> None:
    recurrence = parse(CATALOGUE[name].equations)
    for node in fold(recurrence).nodes:
        named = {**recurrence.variables, **recurrence.parameters, **recurrence.constants}
        known = named.get(node.id) or recurrence.settings[node.id]
        assert node.shape == getattr(known, "shape", ())
        assert node.line == known.span.line


def test_biases_are_edges_from_the_parameter_itself() -> None:
    edges = folded(CATALOGUE["lstm"].equations).edges
    found = {(edge.source, edge.target) for edge in edges if edge.operation == "bias"}
    assert found == {("b_f", "f"), ("b_g", "g"), ("b_o", "q"), ("b", "s"), ("c", "o")}


BOUNDARIES = [
    ("h[t] = tanh(h[t-1])", {("h", "start", 0)}),
    ("h[t] = tanh(h[t-1] + h[t-3])", {("h", "start", 0), ("h", "start", -1), ("h", "start", -2)}),
    ("h[t] = tanh(h[t+2])", {("h", "end", 1), ("h", "end", 2)}),
    ("h[t] = x[t] + x[0]", {("x", "start", 0)}),
    ("h[t] = x[t] + x[end + 1]", {("x", "end", 1)}),
    ("h[t] = x[t] + x[end] + x[end-1] + x[2]", set()),
    (
        "h[t] = x[t] + sum(x[t-1] + x[t+2], t)",
        {("x", "start", 0), ("x", "end", 1), ("x", "end", 2)},
    ),
]


@pytest.mark.parametrize(("equation", "expected"), BOUNDARIES)
def test_values_outside_the_domain_are_boundary_nodes_where_they_are_read(
    equation: str, expected: set[tuple[str, str, int]]
) -> None:
    declared = "x: 2\n" if "x" in equation else "h: 2\n"
    graph = folded(f"{declared}for t in time:\n    {equation}")
    found = {(node.id, one.anchor, one.position) for node in graph.nodes for one in node.boundary}
    assert found == expected


def test_an_edge_into_a_boundary_value_says_where_it_enters() -> None:
    graph = folded("x: input(2)\nh: 2\nfor t in time:\n    h[t] = tanh(h[t-1])\nh[0] = tanh(R @ x)")
    assert edges_of(graph) == lines("h -> h : - @1; x -> h : R into start+0")


@pytest.mark.parametrize(
    ("term", "edge"),
    [
        ("W @ h[t-1]", "h -> y : W @1"),
        ("(K * W) @ h[t-1]", "h -> y : W @1"),
        ("transpose(W) @ h[t-1]", "h -> y : W @1"),
        ("α * h[t-1]", "h -> y : α @1"),
        ("ρ * h[t-1]", "h -> y : ρ @1"),
        ("P * h[t-1]", "h -> y : P @1"),
        ("tanh(W @ h[t-1])", "h -> y : W @1"),
        ("W @ tanh(h[t-1])", "h -> y : W @1"),
        ("bilinear(T, h[t-1], h[t-1])", "h -> y : T @1"),
        ("h[t-1] * W_r", "h -> y : W_r @1"),
        ("h[t-1] + b", "h -> y : - @1"),
        ("sum(h[t], t)", "h -> y : - @all"),
        ("mean(h[t-2], t)", "h -> y : - @all-2"),
        ("h[end]", "h -> y : - @end"),
        ("h[end-2]", "h -> y : - @end-2"),
        ("h[3]", "h -> y : - @3"),
    ],
)
def test_an_edge_carries_the_parameter_that_multiplies_it(term: str, edge: str) -> None:
    declared = {
        "K": "K = [[1, 0], [1, 1]]", "ρ": "ρ = slider(0.5, 0, 1)", "P": "P = [1, 2]",
        "W_r": "W_r: 2",
    }  # fmt: skip
    above = [line for name, line in declared.items() if name in term]
    text = "\n".join(
        [*above, "x: 2", "y: 2", "for t in time:", "    h[t] = x[t]", f"    y[t] = {term}"]
    )
    assert edges_of(folded(text)) == {"x -> h : -", edge}


def test_two_parameters_between_the_same_nodes_are_two_edges() -> None:
    graph = folded("h: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + W_d @ h[t-4] + S @ h[t-1])")
    assert edges_of(graph) == lines("h -> h : W @1; h -> h : W_d @4; h -> h : S @1")


def test_two_indices_over_one_domain_give_an_edge_each() -> None:
    text = "x: 2\nfor t in time:\n    for k in time:\n        e[t, k] = x[t] @ x[k]\n    c[t] = sum(e[t, k] + e[k, t], k)"
    edges = folded(text).edges
    assert len([edge for edge in edges if (edge.source, edge.target) == ("x", "e")]) == 2
    assert len([edge for edge in edges if (edge.source, edge.target) == ("e", "c")]) == 2
