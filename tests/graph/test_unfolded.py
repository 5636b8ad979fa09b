"""Unfolding: the counts of the book's figures, and no edge against the order of computation.

Where a text draws a boundary value (`h[0]`) that a figure leaves out, the expected numbers say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings

from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from language.examples import EXAMPLES
from unrolled.catalogue import read_catalogue
from unrolled.graph import Place, Unfolded, balanced, fold, shape_of, unfold
from unrolled.language import Recurrence, parse

CATALOGUE = read_catalogue().architectures


@dataclass(frozen=True)
class Figure:
    """A text whose names are the nodes of a figure; counts for τ steps as (times τ, plus)."""

    text: str
    nodes: tuple[int, int]
    edges: tuple[int, int]
    sizes: dict[str, int]


HIDDEN = "h[t] = tanh(b + W @ h[t-1] + U @ x[t])"
READ_OUT = ("o[t] = c + V @ h[t]", "L[t] = cross_entropy(o[t], y[t])")
SMALL = {"x": 2, "h": 3, "y": 4}


def figure(
    nodes: tuple[int, int],
    edges: tuple[int, int],
    *equations: str,
    before: str = "",
    after: str = "",
    **sizes: int,
) -> Figure:
    body = "".join(f"    {equation}\n" for equation in equations)
    return Figure(f"{before}for t in time:\n{body}{after}", nodes, edges, sizes or SMALL)


FIGURES = {
    # §1, Fig 10.2: 2τ + 1 nodes, 2τ edges
    "10.2": figure((2, 1), (2, 0), "h[t] = tanh(W @ h[t-1] + U @ x[t])", x=2, h=3),
    # §3, Fig 10.3: 5τ + 1 nodes and the total; 5τ edges and τ into the total
    "10.3": figure((5, 2), (6, 0), HIDDEN, *READ_OUT, after="loss = sum(L)"),
    # §4, Fig 10.4, with an o[0] node: 5τ + 1, 5τ
    "10.4": figure((5, 1), (5, 0), "h[t] = tanh(b + W @ o[t-1] + U @ x[t])", *READ_OUT),
    # §5, Fig 10.5: 2τ + 1 + 3, 2τ + 3
    "10.5": figure((2, 4), (2, 3), HIDDEN, after="o = c + V @ h[end]\nL = cross_entropy(o, y)"),
    # §6, Fig 10.6: trained 5τ, 5τ - 1; free 3τ, 3τ - 1; each and y[0], o[0]
    "10.6 train": figure((5, 1), (5, 0), "h[t] = tanh(b + W @ y[t-1] + U @ x[t])", *READ_OUT),
    "10.6 test": figure((3, 1), (3, 0), "h[t] = tanh(b + W @ o[t-1] + U @ x[t])", READ_OUT[0], x=2, h=3, o=4),
    # §8, Fig 10.8: 2τ, 3τ - 2; and h[0] with its two edges
    "10.8": figure((2, 1), (3, 0), "y[t] = sample(softmax(V @ h[t-1]))", "h[t] = tanh(W @ h[t-1] + R @ y[t])", h=3, y=4),
    # §11, Fig 10.9: 4τ + 3, 6τ
    "10.9": figure((4, 3), (6, 0), "h[t] = tanh(b + transpose(R) @ x + W @ h[t-1] + U @ y[t])", READ_OUT[0],
                   "L[t] = cross_entropy(o[t], y[t+1])", before="x: input(2)\nR: (2, 3)\n", h=3, y=4),
    # §12, Fig 10.10: 5τ + 1, 6τ - 1; and y[0] with its edge
    "10.10": figure((5, 2), (6, 0), "h[t] = tanh(b + W @ h[t-1] + U @ x[t] + R @ y[t-1])", *READ_OUT),
    # §13, Fig 10.11: 6τ + 2, 8τ
    "10.11": figure((6, 2), (8, 0), HIDDEN, "g[t] = tanh(b_g + W_g @ g[t+1] + U_g @ x[t])", "o[t] = c + V @ h[t] + V_g @ g[t]",
                    READ_OUT[1], x=2, h=3, g=3, y=4),
    # §16, Fig 10.13 a, b, c: 4, 6, 6 nodes and 5, 6, 7 edges a step; and the states before the first
    "10.13 a": figure((4, 2), (5, 0), HIDDEN, "z[t] = tanh(b_z + W_z @ z[t-1] + U_z @ h[t])", "y[t] = V @ z[t]", x=2, h=3, z=3, y=4),
    "10.13 b": figure((6, 1), (6, 0), "ξ[t] = tanh(U @ x[t] + b)", "m[t] = tanh(W_m @ h[t-1] + b_m)",
                      "h[t] = tanh(b_h + A @ ξ[t] + W @ m[t])", "q[t] = tanh(V_q @ h[t])", "y[t] = V @ q[t]",
                      x=2, h=3, ξ=3, m=3, q=3, y=4),
    "10.13 c": figure((6, 1), (7, 0), "ξ[t] = tanh(U @ x[t] + b)", "m[t] = tanh(W_m @ h[t-1] + b_m)",
                      "h[t] = tanh(b_h + A @ ξ[t] + W @ m[t] + S @ h[t-1])", "q[t] = tanh(V_q @ h[t])", "y[t] = V @ q[t]",
                      x=2, h=3, ξ=3, m=3, q=3, y=4),
    # §18: τ + 1, τ
    "10.15": figure((1, 1), (1, 0), "h[t] = W @ h[t-1]", h=3),
    # §21, d = 3: 2τ + 1 and d - 1 more states, 3τ
    "skip": figure((2, 3), (3, 0), "h[t] = tanh(b + W @ h[t-1] + W_d @ h[t-3] + U @ x[t])", x=2, h=3),
    # §22: x, keep, u, h a step
    "leaky": figure((4, 1), (5, 0), "keep[t] = α * h[t-1]", "u[t] = tanh(b + W @ h[t-1] + U @ x[t])",
                    "h[t] = keep[t] + (1 - α) * u[t]", x=2, h=3),
    # §24, Fig 10.16: 10 nodes, 17 edges a step (20 with peepholes); and h[0], s[0]
    "10.16": figure((10, 2), (17, 0), "f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1])", "g[t] = sigmoid(b_g + U_g @ x[t] + W_g @ h[t-1])",
                    "a[t] = tanh(b + U @ x[t] + W @ h[t-1])", "q[t] = sigmoid(b_o + U_o @ x[t] + W_o @ h[t-1])",
                    "keep[t] = f[t] * s[t-1]", "put[t] = g[t] * a[t]", "s[t] = keep[t] + put[t]",
                    "th[t] = tanh(s[t])", "h[t] = th[t] * q[t]", x=2, h=3),
    "10.16 peephole": figure((10, 2), (20, 0), "f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1] + p_f * s[t-1])",
                             "g[t] = sigmoid(b_g + U_g @ x[t] + W_g @ h[t-1] + p_g * s[t-1])",
                             "a[t] = tanh(b + U @ x[t] + W @ h[t-1])",
                             "q[t] = sigmoid(b_o + U_o @ x[t] + W_o @ h[t-1] + p_o * s[t-1])",
                             "keep[t] = f[t] * s[t-1]", "put[t] = g[t] * a[t]", "s[t] = keep[t] + put[t]",
                             "th[t] = tanh(s[t])", "h[t] = th[t] * q[t]", x=2, h=3),
    # §26: 8 nodes, 14 edges a step; and h[0]
    "gru": figure((8, 1), (14, 0), "u[t] = sigmoid(b_u + U_u @ x[t] + W_u @ h[t-1])", "r[t] = sigmoid(b_r + U_r @ x[t] + W_r @ h[t-1])",
                  "rh[t] = r[t] * h[t-1]", "a[t] = tanh(b + U @ x[t] + W @ rh[t])", "keep[t] = u[t] * h[t-1]",
                  "new[t] = (1 - u[t]) * a[t]", "h[t] = keep[t] + new[t]", x=2, h=3),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("steps", [2, 5, 30])
def test_nodes_and_edges_are_as_many_as_in_the_figure(name: str, steps: int) -> None:
    one = FIGURES[name]
    found = unfold(fold(parse(one.text, one.sizes)), {"time": steps})
    assert len(found.nodes) == one.nodes[0] * steps + one.nodes[1]
    assert len(found.edges) == one.edges[0] * steps + one.edges[1]


ENCODER_DECODER = """
for t in source:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
C = tanh(Q @ h[end])
for u in target:
    s[u] = tanh(b_s + S @ s[u-1] + R @ y[u-1] + K @ C)
    y[u] = softmax(V @ s[u] + D @ C)
s[0] = tanh(W_0 @ C)
C: 3
"""


@pytest.mark.parametrize(("source", "target"), [(1, 1), (5, 3), (2, 7)])
def test_encoder_and_decoder_have_lengths_of_their_own(source: int, target: int) -> None:
    """§14, Fig 10.12: 2n_x + 2n_y + 1 nodes, 2n_x + 5n_y - 1 edges; and h[0], s[0], y[0] with an edge each."""
    recurrence = parse(ENCODER_DECODER, {"x": 2, "h": 3, "s": 3, "y": 4})
    found = unfold(fold(recurrence), {"source": source, "target": target})
    assert len(found.nodes) == 2 * source + 2 * target + 1 + 3
    assert len(found.edges) == 2 * source + 5 * target - 1 + 3


@pytest.mark.parametrize(("source", "target"), [(1, 1), (5, 3), (2, 4)])
def test_attention_reads_every_annotation_at_every_output(source: int, target: int) -> None:
    example = EXAMPLES["attention"]
    found = unfold(fold(parse(example.text, example.sizes)), {"source": source, "target": target})
    into = {name: sum(one[1][0] == name for one in found.edges) for name in "hgeacdozL"}
    cells = source * target
    assert into == {
        "h": 2 * source, "g": 2 * source, "e": 3 * cells, "a": cells * source, "c": 3 * cells,
        "d": 3 * target, "o": target, "z": target, "L": 2 * target,
    }  # fmt: skip


def test_every_step_of_an_index_reads_its_own_row() -> None:
    text = "x: 2\nfor t in time:\n    for k in time:\n        e[t, k] = x[t] @ x[k]\n    d[t] = e[t, t]"
    edges = {(source, target) for source, target, _ in unfold(fold(parse(text)), {"time": 2}).edges}
    assert edges == {
        *((("x", (one,)), ("e", (t, k))) for t in (1, 2) for k in (1, 2) for one in (t, k)),
        *((("e", (t, t)), ("d", (t,))) for t in (1, 2)),
    }


def test_boundary_equations_enter_at_the_boundary() -> None:
    text = "e: ()\nfor t in time:\n    for s in source:\n        e[t, s] = e[t, s-1] + e[t-1, s] + 1\ne[t, 0] = x[t]\ne[0, s] = z[s]\nx: ()\nz: ()"
    found = unfold(fold(parse(text)), {"time": 3, "source": 2}).edges
    into = {target: source for source, target, _ in found if 0 in target[1]}
    assert into == {
        ("e", (1, 0)): ("x", (1,)), ("e", (2, 0)): ("x", (2,)), ("e", (3, 0)): ("x", (3,)),
        ("e", (0, 1)): ("z", (1,)), ("e", (0, 2)): ("z", (2,)),
    }  # fmt: skip


def order_of(unfolded: Unfolded) -> nx.DiGraph[object]:
    graph: nx.DiGraph[object] = nx.DiGraph()
    graph.add_nodes_from(unfolded.nodes)
    graph.add_edges_from((source, target) for source, target, _ in unfolded.edges)
    return graph


def check_unfolded(recurrence: Recurrence, forcing: float, lengths: dict[str, int]) -> None:
    found = unfold(fold(recurrence, forcing), lengths)
    nodes = set(found.nodes)
    assert all(source in nodes and target in nodes for source, target, _ in found.edges)
    assert nx.is_directed_acyclic_graph(order_of(found))


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("forcing", [0.0, 0.5, 1.0])
def test_the_catalogue_unfolds_without_a_cycle(name: str, forcing: float) -> None:
    recurrence = parse(CATALOGUE[name].equations)
    check_unfolded(recurrence, forcing, dict(zip(recurrence.domains, (6, 4, 3), strict=False)))


@settings(parent=PROPERTY, max_examples=20)
@given(recurrences(size=4))
def test_any_text_that_has_an_order_unfolds_without_a_cycle(written: Written) -> None:
    check_unfolded(parse(written.text), written.forcing, written.lengths)


def test_parameters_are_shared_and_never_repeated() -> None:
    graph = fold(parse(CATALOGUE["lstm"].equations))
    names = {node.id for node in graph.nodes if node.kind == "parameter"}
    for steps in (1, 20):
        found = unfold(graph, {"time": steps})
        assert not {name for name, _ in found.nodes} & names
        assert {parameter for *_, parameter in found.edges} - {None} == {
            "U", "U_f", "U_g", "U_o", "W", "W_f", "W_g", "W_o", "V",
        }  # fmt: skip


TREE = """
x: 2
h: 2
for n in tree:
    h[n] = where(leaf(n), x[n], tanh(b + U @ h[left(n)] + W @ h[right(n)]))
o = h[root]
"""


def edges_of(text: str, *shapes: Any, **lengths: int) -> set[tuple[Place, Place]]:
    graph = fold(parse(text))
    trees = {name: shape_of(shape) for name, shape in zip(graph.trees, shapes, strict=False)}
    return {(source, target) for source, target, _ in unfold(graph, lengths, trees).edges}


def test_a_leaf_reads_its_input_and_an_inner_node_its_children() -> None:
    assert edges_of(TREE, [0, [0, 0]]) == {
        *((("x", (n,)), ("h", (n,))) for n in (1, 2, 3)),
        (("h", (2,)), ("h", (4,))), (("h", (3,)), ("h", (4,))),
        (("h", (1,)), ("h", (5,))), (("h", (4,)), ("h", (5,))), (("h", (5,)), ("o", ())),
    }  # fmt: skip
    found = unfold(fold(parse(TREE)), {"tree": 3})
    assert [steps for name, steps in found.nodes if name == "x"] == [(1,), (2,), (3,)]


def test_a_tree_without_a_shape_is_balanced() -> None:
    graph = fold(parse(TREE))
    assert unfold(graph, {"tree": 6}) == unfold(graph, {}, {"tree": balanced(6)})
    assert unfold(graph, {"tree": 6}) != unfold(
        graph, {}, {"tree": shape_of([[[[[0, 0], 0], 0], 0], 0])}
    )


@pytest.mark.parametrize(
    ("line", "edges"),
    [
        # an index that runs is at a leaf or not, whatever the other one is
        ("e[n, m] = where(leaf(n), x[m], 0)", {(m, (n, m)) for n in (1, 2) for m in (1, 2, 3)}),
        ("e[n, m] = where(leaf(m), 0, x[left(m)])", {(1, (n, 3)) for n in (1, 2, 3)}),
        ("e[n, m] = x[left(n)] + x[right(m)]", {(1, (3, n)) for n in (1, 2, 3)} | {(2, (n, 3)) for n in (1, 2, 3)}),
        # what a sum sweeps is at a leaf or not by itself
        ("e[n, m] = where(leaf(n), sum(x[n], n), 0)", {(k, (n, m)) for k in (1, 2, 3) for n in (1, 2) for m in (1, 2, 3)}),
        ("e[n, m] = sum(where(leaf(k), x[k], 0) * m, k)", {(k, (n, m)) for k in (1, 2) for n in (1, 2, 3) for m in (1, 2, 3)}),
        ("e[n, m] = sum(x[left(k)], k)", {(1, (n, m)) for n in (1, 2, 3) for m in (1, 2, 3)}),
        # both parts read the same
        ("e[n, m] = where(leaf(n), x[m], 2 * x[m])", {(m, (n, m)) for n in (1, 2, 3) for m in (1, 2, 3)}),
    ],
)  # fmt: skip
def test_every_index_has_its_own_side_of_a_tree(
    line: str, edges: set[tuple[int, tuple[int, int]]]
) -> None:
    text = f"x: ()\ne: ()\nfor n in tree:\n    for m in tree:\n        {line}\nfor k in tree:\n    u[k] = x[k]\n"
    found = {
        (source[1][0], target[1])
        for source, target in edges_of(text, [0, 0])
        if (source[0], target[0]) == ("x", "e")
    }
    assert found == edges


def test_an_input_that_all_nodes_read_is_at_all_of_them() -> None:
    """A leaf of one index may read another one's node: such an input is no word at the leaves."""
    for line, at_leaves in [
        ("e[n, m] = where(leaf(n), x[n], 0)", True),
        ("e[n, m] = where(leaf(n), x[m], 0)", False),
        ("e[n, m] = where(leaf(n), sum(x[n], n), 0)", False),
        ("e[n, m] = where(leaf(n), where(leaf(m), x[m], 0), 0)", True),
    ]:
        text = f"x: ()\ne: ()\nfor n in tree:\n    for m in tree:\n        {line}\n"
        assert fold(parse(text)).node("x").at_leaves == at_leaves, line


def test_a_tree_in_a_chain_is_unfolded_in_every_step() -> None:
    text = (
        "x: ()\nh: ()\nfor t in time:\n    for n in tree:\n"
        "        h[t, n] = where(leaf(n), x[n], h[t, left(n)] * h[t-1, right(n)])\n"
    )
    assert edges_of(text, [0, 0], time=2) == {
        *((("x", (n,)), ("h", (t, n))) for n in (1, 2) for t in (1, 2)),
        *((("h", (t, 1)), ("h", (t, 3))) for t in (1, 2)),
        *((("h", (t - 1, 2)), ("h", (t, 3))) for t in (1, 2)),
    }
