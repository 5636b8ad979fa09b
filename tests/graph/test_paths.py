"""Paths: the chapter's path lengths, and every path counted one by one on small graphs."""

from __future__ import annotations

from math import ceil, log10
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings

from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from language.examples import EXAMPLES
from unrolled.catalogue import read_catalogue
from unrolled.graph import (
    FoldedGraph,
    Paths,
    Place,
    TooManyPlacesError,
    Tree,
    Unfolded,
    fold,
    paths,
    shape_of,
    unfold,
)
from unrolled.language import parse
from work import calls

CATALOGUE = read_catalogue().architectures


def graph_of(*equations: str, **sizes: int) -> FoldedGraph:
    body = "".join(f"    {one}\n" for one in equations)
    return fold(parse(f"for t in time:\n{body}", sizes))


def apart(graph: FoldedGraph, name: str, steps: int, into: str | None = None) -> Paths:
    """From a variable at step 1 to (itself) `steps` later."""
    return paths(graph, (name, (1,)), (into or name, (1 + steps,)), {"time": 1 + steps})


def lengths(found: Paths) -> tuple[int, int]:
    assert found.shortest is not None
    assert found.longest is not None
    return len(found.shortest.edges), len(found.longest.edges)


@pytest.mark.parametrize("steps", [1, 4, 5, 6, 40, 41, 5000])
def test_skips_of_five_steps_shorten_the_path_to_a_fifth(steps: int) -> None:
    """§21: ⌈τ/d⌉ edges where the single steps fill the rest, and all τ of them on the longest."""
    skip = graph_of("h[t] = tanh(b + W @ h[t-1] + W_d @ h[t-5] + U @ x[t])", x=2, h=3)
    assert lengths(apart(skip, "h", steps)) == (steps // 5 + steps % 5, steps)
    inputs = graph_of(
        *("h[t] = tanh(b + W @ h[t-1] + W_d @ h[t-5] + U @ x[t])", "L[t] = squared_error(h[t], y[t])"), x=2, h=3
    )  # fmt: skip
    assert lengths(apart(inputs, "x", 5 * steps, "L"))[0] == ceil(5 * steps / 5) + 2


def test_without_single_steps_there_is_a_path_only_over_multiples_of_the_delay() -> None:
    only = graph_of("h[t] = tanh(W_d @ h[t-5] + U @ x[t])", x=2, h=3)
    assert lengths(apart(only, "h", 40)) == (8, 8)
    assert apart(only, "h", 41) == Paths(0, None, None, None)


def test_depth_doubles_the_path_and_a_skip_halves_it_again() -> None:
    """§16: nonlinear steps from one time step to the next: plain 1, (b) 2, (c) 1."""
    plain = graph_of("h[t] = tanh(b + W @ h[t-1])", h=3)
    deep = ("m[t] = tanh(W_m @ h[t-1])", "h[t] = tanh(b + W @ m[t]{})")
    for graph, per_step in [
        (plain, 1),
        (graph_of(deep[0], deep[1].format(""), h=3, m=3), 2),
        (graph_of(deep[0], deep[1].format(" + S @ h[t-1]"), h=3, m=3), 1),
    ]:
        found = apart(graph, "h", 30)
        assert found.shortest is not None
        assert (len(found.shortest.edges), found.shortest.nonlinear) == (
            30 * per_step,
            30 * per_step,
        )


def test_attention_gives_every_input_a_path_of_one_step() -> None:
    """§15: an annotation reaches any context directly; an encoder without attention needs the whole chain."""
    example = EXAMPLES["attention"]
    attention = fold(parse(example.text, example.sizes))
    for source in (1, 7, 30):
        found = paths(attention, ("h", (source,)), ("c", (20,)), {"source": 30, "target": 20})
        assert found.shortest is not None
        assert found.shortest.places == (("h", (source,)), ("c", (20,)))
    plain = fold(parse(
        "for s in source:\n    h[s] = tanh(W @ h[s-1] + U @ x[s])\nC = h[end]\n"
        "for t in target:\n    d[t] = tanh(D @ d[t-1] + K @ C)\n", {"x": 2, "h": 3, "d": 3}
    ))  # fmt: skip
    found = paths(plain, ("h", (7,)), ("d", (20,)), {"source": 30, "target": 20})
    assert found.shortest is not None
    assert len(found.shortest.edges) == 23 + 2
    assert found.longest is not None
    assert len(found.longest.edges) == 23 + 1 + 20


def test_both_directions_reach_every_output() -> None:
    """§13: x before o goes over the states h, x after o over the states g; the chains do not meet."""
    graph = graph_of(
        "h[t] = tanh(W @ h[t-1] + U @ x[t])", "g[t] = tanh(W_g @ g[t+1] + U_g @ x[t])",
        "o[t] = V @ h[t] + V_g @ g[t]", x=2, h=3, g=3, o=4,
    )  # fmt: skip
    for source, target in [(2, 9), (9, 2), (5, 5)]:
        found = paths(graph, ("x", (source,)), ("o", (target,)), {"time": 10})
        assert found.shortest is not None
        assert len(found.shortest.edges) == abs(target - source) + 2
        over = {name for name, _ in found.shortest.places} - {"x", "o"}
        assert over <= ({"h"} if source < target else {"g"} if source > target else {"h", "g"})
        assert found.count == (2 if source == target else 1)
    assert paths(graph, ("h", (5,)), ("h", (4,)), {"time": 10}).count == 0


def test_the_cell_state_is_a_path_without_nonlinear_steps() -> None:
    """§24: over the state s nothing squashes; over the outputs h every step does."""
    graph = fold(parse(CATALOGUE["lstm"].equations))
    found = apart(graph, "s", 50)
    assert found.straightest is not None
    assert found.straightest.nonlinear == 0
    assert set(found.straightest.places) == {("s", (step,)) for step in range(1, 52)}
    gates = apart(graph, "h", 1)
    assert gates.count == 4
    assert lengths(gates) == (2, 3)


def test_a_path_of_thousands_of_steps_takes_work_in_proportion() -> None:
    graph = fold(parse(CATALOGUE["lstm"].equations))
    found = apart(graph, "s", 5000)
    assert calls(lambda: apart(graph, "s", 5000)) < 15 * calls(lambda: apart(graph, "s", 500))
    assert lengths(found)[0] == 5000
    assert found.count > 10**1000
    assert found.log10_count == pytest.approx(log10(found.count))


def test_a_search_that_would_visit_too_much_is_refused() -> None:
    graph = graph_of("h[t] = tanh(W @ h[t-1])", h=3)
    with pytest.raises(TooManyPlacesError):
        apart(graph, "h", 500_000)


def counted(unfolded: Unfolded, source: Place, target: Place) -> list[int]:
    """The lengths of all paths, each walked by itself."""
    whole: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    whole.add_nodes_from(unfolded.nodes)
    whole.add_edges_from((one, other) for one, other, _ in unfolded.edges)
    if source not in whole or target not in whole:
        return []
    if source == target:
        return [0]
    return sorted(map(len, nx.all_simple_edge_paths(whole, source, target)))


def check(
    graph: FoldedGraph,
    source: Place,
    target: Place,
    steps: dict[str, int],
    trees: dict[str, Tree] | None = None,
) -> None:
    unfolded = unfold(graph, steps, trees)
    every = counted(unfolded, source, target)
    found = paths(graph, source, target, steps, trees)
    assert found.count == len(every)
    if every:
        assert lengths(found) == (every[0], every[-1])
        known = {(one, other) for one, other, _ in unfolded.edges}
        for way in (found.shortest, found.longest, found.straightest):
            assert way is not None
            assert set(zip(way.places, way.places[1:], strict=False)) <= known
            assert (way.places[0], way.places[-1]) == (source, target)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_path_of_the_catalogue_is_counted(name: str) -> None:
    graph = fold(parse(CATALOGUE[name].equations))
    if all(node.domains in ((), ("time",)) for node in graph.nodes):
        for node in graph.nodes:
            if node.kind == "variable":
                at = (3,) if node.domains else ()
                check(graph, ("h", (1,)), (node.id, at), {"time": 4})


@settings(parent=PROPERTY, max_examples=40)
@given(recurrences(size=4))
def test_every_path_of_any_text_is_counted(written: Written) -> None:
    graph = fold(parse(written.text), written.forcing)
    steps = dict.fromkeys(written.lengths, 3)
    nodes = [node for node in graph.nodes if node.kind in ("input", "variable")]
    for target in nodes[-2:]:
        for source in nodes[:3]:
            check(
                graph,
                (source.id, (1,) * len(source.domains)),
                (target.id, (3,) * len(target.domains)),
                steps,
            )


@pytest.mark.parametrize(("shape", "depth"), [(None, 3), ([[[[[[[0, 0], 0], 0], 0], 0], 0], 0], 7)])
def test_a_balanced_tree_is_as_deep_as_the_logarithm_and_a_chain_as_its_leaves(
    shape: Any, depth: int
) -> None:
    """§17: from the first leaf to the root ⌈log2 8⌉ = 3 edges, over a left chain 7."""
    example = EXAMPLES["tree"]
    graph = fold(parse(example.text, example.sizes))
    trees = {"tree": shape_of(shape)} if shape else None
    found = paths(graph, ("h", (1,)), ("h", (15,)), {"tree": 8}, trees)
    assert lengths(found) == (depth, depth)
    assert found.count == 1
    assert found.straightest is not None
    assert found.straightest.nonlinear == depth
    assert paths(graph, ("h", (15,)), ("h", (1,)), {"tree": 8}, trees).count == 0


TREES = {
    "several variables": """
x: 2
h: 2
s: 2
for n in tree:
    s[n] = where(leaf(n), x[n], s[left(n)] * h[right(n)] + z[n])
    h[n] = tanh(s[n]) + h[left(n)]
a = sum(h[left(n)], n) + sum(where(leaf(n), h[n], 0), n) + h[root]
""",
    "two indices": """
e: ()
x: ()
for n in tree:
    for m in tree:
        e[n, m] = where(leaf(n), x[m], e[left(n), m] + where(leaf(m), x[n], e[n, right(m)]))
o = e[root, root]
""",
    "a vector at the leaves": "c = tanh(b)\nc: 2\nfor n in tree:\n    h[n] = where(leaf(n), c, h[left(n)] + h[right(n)])\no = h[root]",
}


@pytest.mark.parametrize("shape", [[0, 0], [[0, [0, 0]], 0]])
@pytest.mark.parametrize("name", TREES)
def test_every_path_of_a_tree_is_counted(name: str, shape: Any) -> None:
    graph = fold(parse(TREES[name]))
    tree = shape_of(shape)
    nodes = unfold(graph, {}, {"tree": tree}).nodes
    for source in nodes[::2]:
        for target in nodes[::3]:
            check(graph, source, target, {"tree": tree.leaves}, {"tree": tree})
