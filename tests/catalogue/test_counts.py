"""Every `count:` of the chapter's reference: our graphs, with the book's nodes, have the book's nodes and edges.

A row says which of our variables the figure draws, which states before the first step, and whether it draws the
operations inside an equation. What it does not draw is left out: what that reads feeds what reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from random import Random
from typing import Any

import pytest

from unrolled.catalogue import read_catalogue
from unrolled.graph import (
    Tree,
    balanced,
    describe,
    fold,
    opened,
    restricted,
    shape_of,
    unfold,
)
from unrolled.language import Recurrence, parse

CATALOGUE = read_catalogue().architectures
SMALL = {"x": 2, "h": 3, "y": 4}
READ_OUT = "    o[t] = c + V @ h[t]\n    L[t] = cross_entropy(o[t], y[t])\n"
HIDDEN = "    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n"


@dataclass(frozen=True)
class Drawn:
    """A figure: `source` is an id of the catalogue or a text. Counts are functions of the length τ."""

    source: str
    names: str
    nodes: Callable[[int], int]
    edges: Callable[[int], int]
    boundary: frozenset[tuple[str, int]] = frozenset()
    forcing: float = 1.0
    is_opened: bool = False
    sizes: Mapping[str, int] = field(default_factory=lambda: SMALL)

    def recurrence(self) -> Recurrence:
        known = CATALOGUE.get(self.source)
        found = parse(known.equations if known else self.source, sizes=self.sizes)
        return opened(found) if self.is_opened else found


def before(*names: str) -> frozenset[tuple[str, int]]:
    return frozenset((name, 0) for name in names)


CONDITIONED = (
    "x: input(2)\nR: (2, 3)\nfor t in time:\n"
    "    h[t] = tanh(b + transpose(R) @ x + W @ h[t-1] + U @ y[t])\n"
    "    o[t] = c + V @ h[t]\n    L[t] = cross_entropy(o[t], y[t+1])\n"
)
GRAPHICAL = "for t in time:\n    y[t] = sample(softmax(c + V @ h[t-1]))\n    h[t] = tanh(b + W @ h[t-1] + R @ y[t])\n"
DEEP = {
    "a": f"for t in time:\n{HIDDEN}    z[t] = tanh(b_z + W_z @ z[t-1] + U_z @ h[t])\n    y[t] = V @ z[t]\n",
    "b": "for t in time:\n    ξ[t] = tanh(U @ x[t] + b)\n    m[t] = tanh(W_m @ h[t-1] + b_m)\n"
    "    h[t] = tanh(b_h + A @ ξ[t] + W @ m[t])\n    q[t] = tanh(V_q @ h[t])\n    y[t] = V @ q[t]\n",
}
DEEP["c"] = DEEP["b"].replace("W @ m[t]", "W @ m[t] + S @ h[t-1]")
STACKED = {**SMALL, "z": 3}
MLP = {**SMALL, "ξ": 3, "m": 3, "q": 3}

FIGURES = {
    "§1 Fig 10.2": Drawn(
        f"for t in time:\n{HIDDEN}", "x h", lambda τ: 2 * τ + 1, lambda τ: 2 * τ, before("h"),
        sizes={"x": 2, "h": 3},
    ),
    "§3 Fig 10.3": Drawn(
        "rnn-hidden-recurrence", "x h o y L loss", lambda τ: 5 * τ + 1 + 1, lambda τ: 5 * τ + τ, before("h")
    ),
    "§4 Fig 10.4": Drawn("rnn-output-recurrence", "x h o y L", lambda τ: 5 * τ, lambda τ: 5 * τ - 1),
    "§4 Fig 10.4 with o[0]": Drawn(
        "rnn-output-recurrence", "x h o y L", lambda τ: 5 * τ + 1, lambda τ: 5 * τ, before("o")
    ),
    "§5 Fig 10.5": Drawn(
        "rnn-single-output", "x h o y loss", lambda τ: 2 * τ + 1 + 3, lambda τ: 2 * τ + 3, before("h")
    ),
    "§6 Fig 10.6 train": Drawn(
        "teacher-forcing", "x h o y L", lambda τ: 5 * τ, lambda τ: 5 * τ - 1, forcing=1.0
    ),
    "§6 Fig 10.6 test": Drawn(
        "teacher-forcing", "x h o", lambda τ: 3 * τ, lambda τ: 3 * τ - 1, forcing=0.0
    ),
    "§8 Fig 10.7": Drawn(
        GRAPHICAL, "y", lambda τ: τ, lambda τ: τ * (τ - 1) // 2, sizes={"h": 3, "y": 4}
    ),
    "§8 Fig 10.8": Drawn(
        GRAPHICAL, "y h", lambda τ: 2 * τ, lambda τ: 3 * τ - 2, sizes={"h": 3, "y": 4}
    ),
    "§11 Fig 10.9": Drawn(
        CONDITIONED, "x h o y L", lambda τ: 4 * τ + 3, lambda τ: 6 * τ, before("h"), sizes={"h": 3, "y": 4}
    ),
    "§12 Fig 10.10": Drawn(
        f"for t in time:\n{HIDDEN.replace('U @ x[t]', 'U @ x[t] + R @ y[t-1]')}{READ_OUT}", "x h o y L",
        lambda τ: 5 * τ + 1, lambda τ: 6 * τ - 1, before("h"),
    ),
    "§13 Fig 10.11": Drawn(
        f"for t in time:\n{HIDDEN}    g[t] = tanh(b_g + W_g @ g[t+1] + U_g @ x[t])\n"
        f"{READ_OUT.replace('V @ h[t]', 'V @ h[t] + V_g @ g[t]')}", "x h g o y L",
        lambda τ: 6 * τ + 2, lambda τ: 8 * τ, before("h"), sizes={**SMALL, "g": 3},
    ),
    "§16 Fig 10.13 a": Drawn(
        DEEP["a"], "x h z y", lambda τ: 4 * τ, lambda τ: 5 * τ - 2, sizes=STACKED
    ),
    "§16 Fig 10.13 b": Drawn(
        DEEP["b"], "x ξ m h q y", lambda τ: 6 * τ, lambda τ: 6 * τ - 1, sizes=MLP
    ),
    "§16 Fig 10.13 c": Drawn(
        DEEP["c"], "x ξ m h q y", lambda τ: 6 * τ, lambda τ: 7 * τ - 2, sizes=MLP
    ),
    "§18": Drawn("for t in time:\n    h[t] = W @ h[t-1]\n", "h", lambda τ: τ + 1, lambda τ: τ, before("h"), sizes={"h": 3}),
    "§21 d = 3, states before the first": Drawn(
        "for t in time:\n    h[t] = tanh(b + W_1 @ h[t-1] + W_d @ h[t-3] + U @ x[t])\n", "x h",
        lambda τ: 2 * τ + 1 + 2, lambda τ: τ + τ + τ, frozenset({("h", 0), ("h", -1), ("h", -2)}), sizes={"x": 2, "h": 3},
    ),
    "§21 d = 3, edges dropped": Drawn(
        "for t in time:\n    h[t] = tanh(b + W_1 @ h[t-1] + W_d @ h[t-3] + U @ x[t])\n", "x h",
        lambda τ: 2 * τ + 1, lambda τ: τ + τ + (τ - 3 + 1), before("h"), sizes={"x": 2, "h": 3},
    ),
    "§24 Fig 10.16": Drawn(
        "lstm", "x f g q s h", lambda τ: 10 * τ + 2, lambda τ: 17 * τ, before("h", "s"), is_opened=True
    ),
    "§24 Fig 10.16 with peepholes": Drawn(
        "lstm/peephole", "x f g q s h", lambda τ: 10 * τ + 2, lambda τ: (17 + 3) * τ, before("h", "s"), is_opened=True
    ),
    "§26": Drawn(
        "gru", "x u r h_tilde h", lambda τ: 8 * τ + 1, lambda τ: 14 * τ, before("h"), is_opened=True
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("steps", [3, 5, 12])
def test_nodes_and_edges_are_the_books(name: str, steps: int) -> None:
    one = FIGURES[name]
    names = set(one.names.split())
    whole = unfold(fold(one.recurrence(), one.forcing), {"time": steps})

    def is_drawn(node: str, at: tuple[int, ...]) -> bool:
        last = steps + 1 if name in ("§11 Fig 10.9", "§13 Fig 10.11") else steps
        inside = all(1 <= step <= last for step in at)
        return node.split("/")[0] in names and (inside or (node, *at) in one.boundary)

    found = restricted(whole, is_drawn)
    assert (len(found.nodes), len(found.edges)) == (one.nodes(steps), one.edges(steps))


@pytest.mark.parametrize(("source", "target"), [(1, 1), (5, 3), (2, 7)])
def test_encoder_and_decoder_are_the_books(source: int, target: int) -> None:
    """§14, Fig 10.12: C enters as initial state, at every step, and into every output."""
    text = (
        "for t in source:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\nC = tanh(Q @ h[end])\n"
        "for u in target:\n    s[u] = tanh(b_s + S @ s[u-1] + R @ y[u-1] + K @ C)\n    y[u] = softmax(V @ s[u] + D @ C)\n"
        "s[0] = tanh(W_0 @ C)\nC: 3\n"
    )
    whole = unfold(
        fold(parse(text, {"x": 2, "h": 3, "s": 3, "y": 4})), {"source": source, "target": target}
    )
    found = restricted(whole, lambda name, at: not at or at[0] > 0)
    assert len(found.nodes) == 2 * source + 2 * target + 1
    assert len(found.edges) == 2 * source + 5 * target - 1


def left_chain(leaves: int) -> Any:
    return reduce(lambda tree, leaf: [tree, leaf], range(1, leaves), 0)


def right_chain(leaves: int) -> Any:
    return reduce(lambda tree, leaf: [leaf, tree], range(1, leaves), 0)


def random_tree(leaves: int) -> Any:
    """Neighbours joined in any order."""
    row: list[Any] = [0] * leaves
    generator = Random(leaves)
    while len(row) > 1:
        place = generator.randrange(len(row) - 1)
        row[place : place + 2] = [row[place : place + 2]]
    return row[0]


SHAPES: dict[str, Callable[[int], Tree]] = {
    "balanced": balanced,
    "left chain": lambda leaves: shape_of(left_chain(leaves)),
    "right chain": lambda leaves: shape_of(right_chain(leaves)),
    "random": lambda leaves: shape_of(random_tree(leaves)),
}


@pytest.mark.parametrize("leaves", [1, 2, 3, 8, 21])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_tree_of_any_shape_is_the_books(shape: str, leaves: int) -> None:
    """§17, Fig 10.14: 2τ + (τ - 1) + 3 nodes, τ + 2 (τ - 1) + 3 edges; a tensor's edges lie beside the matrices'."""
    trees = {"tree": SHAPES[shape](leaves)}
    assert trees["tree"].leaves == leaves
    for name in ("recursive-net", "recursive-net/chain", "recursive-net/tensor"):
        found = unfold(fold(parse(CATALOGUE[name].equations)), {}, trees)
        assert len(found.nodes) == 2 * leaves + (leaves - 1) + 3
        beside = 2 * (leaves - 1) if name == "recursive-net/tensor" else 0
        assert len(found.edges) == leaves + 2 * (leaves - 1) + 3 + beside
        assert sum(name == "x" for name, _ in found.nodes) == leaves
        parents = {(source, target) for source, target, _ in found.edges if source[0] == target[0]}
        assert len(parents) == 2 * (leaves - 1)


@pytest.mark.parametrize(
    ("shape", "depth"), [("balanced", 3), ("left chain", 7), ("right chain", 7)]
)
def test_facts_count_a_tree_and_say_how_deep_it_is(shape: str, depth: int) -> None:
    """§17: depth ⌈log2 τ⌉ of a balanced tree, τ - 1 of a chain."""
    recurrence = parse(CATALOGUE["recursive-net"].equations)
    found = describe(recurrence, trees={"tree": SHAPES[shape](8)})["facts"]
    assert found["unfolded"] == {
        "nodes": 26, "edges": 25, "nodes_formula": "3 τ + 2", "edges_formula": "3 τ + 1",
    }  # fmt: skip
    assert found["trees"] == [
        {"domain": "tree", "leaves": 8, "nodes": 15, "edges": 14, "depth": depth}
    ]
    assert found["parallel"]["sequential_steps"] == depth + 1


@pytest.mark.parametrize(
    ("source", "left_out", "golden"),
    [("rnn-hidden-recurrence", "", 34), ("lstm", "V c", 72), ("gru", "V c", 54)],
)
def test_parameters_are_as_many_as_in_the_book(source: str, left_out: str, golden: int) -> None:
    """Appendix A, n_x = 2, n_h = 3, n_y = 4: RNN with read-out 34, LSTM 72, GRU 54."""
    found = describe(parse(CATALOGUE[source].equations, sizes=SMALL))["facts"]["parameters"]
    kept = [one for one in found["each"] if one["name"] not in left_out.split()]
    assert sum(one["count"] for one in kept) == golden
    assert found["count"] == sum(one["count"] for one in found["each"])
