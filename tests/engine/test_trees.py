"""Runs over a tree: golden numbers, the plain interpreter, gradients, the chain, the cost."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.parity import assert_parity, run_both
from engine.test_any_gradient import check_gradients
from golden.fixture import P, V, X, c
from graph.written import Written
from unrolled.engine import Run, prepare
from unrolled.graph import balanced, cost, schedule
from unrolled.language import parse

NET = """
x: 2
h: 3
for n in tree:
    h[n] = where(leaf(n), V @ x[n], tanh(b + U @ h[left(n)] + W @ h[right(n)]))
o = c + R @ h[root]
loss = cross_entropy(o, y)
y: onehot(4)
"""
WEIGHTS = {"V": P(38, 3, 2), "U": P(39, 3, 3), "W": P(40, 3, 3), "b": P(41, 3), "R": V, "c": c}
LEAVES = X[:4]
BALANCED = [[LEAVES[0], LEAVES[1]], [LEAVES[2], LEAVES[3]]]
CHAIN = [[[LEAVES[0], LEAVES[1]], LEAVES[2]], LEAVES[3]]

TEXTS = {
    "the net": NET,
    "targets at every node": """
h: 3
x: onehot(5)
for n in tree:
    h[n] = where(leaf(n), V @ x[n], tanh(b + U @ h[left(n)] + W @ h[right(n)]))
    o[n] = c + R @ h[n]
    L[n] = cross_entropy(o[n], y[n])
loss = sum(L) + mean(L)
y: onehot(3)
""",
    "a tensor at every node": """
x: 2
h: 2
for n in tree:
    k[n] = where(leaf(n), 0 * concat(x[n], x[n]), concat(h[left(n)], h[right(n)]))
    h[n] = where(leaf(n), x[n], tanh(bilinear(T, k[n], k[n]) + W @ k[n]))
""",
    "leaf cases that are never taken": """
x: 2
k: 2
y: 2
for m in tree:
    for n in tree:
        k[m, n] = where(leaf(n), where(m <= 1, k[left(m), n], k[m, right(n)]), x[m])
for m in tree:
    for n in tree:
        y[m, n] = where(leaf(n), 1, where(leaf(n), x[left(m)] + k[m, left(n)], k[m, n]))
loss = sum(y[root, root])
""",
    "several variables, and children that are not there": """
x: 2
z: 2
s: 2
h: 2
for n in tree:
    f[n] = sigmoid(U @ z[n] + W @ h[left(n)] + V @ h[right(n)])
    s[n] = f[n] * (s[left(n)] + s[right(n)]) + where(leaf(n), x[n], z[n] * n)
    h[n] = tanh(s[n])
    d[n] = where(leaf(n), 0, 1 + maximum(d[left(n)], d[right(n)]))
    g[n] = h[left(n)] - h[root] * leaf(n)
d: ()
best = sum(softmax(norm(h[n]), n) * h[n], n)
""",
    "attention over the nodes": """
x: 2
h: 3
z: 2
d: 3
A: (2, 3)
for n in tree:
    h[n] = where(leaf(n), tanh(V @ x[n]), tanh(U @ h[left(n)] + W @ h[right(n)]))
for t in time:
    for n in tree:
        e[t, n] = v @ tanh(A @ d[t-1] + B @ h[n])
        a[t, n] = softmax(e[t, n], n)
    q[t] = sum(a[t, n] * h[n], n)
    d[t] = tanh(D @ d[t-1] + C @ q[t] + E @ z[t])
""",
    "a leaf of one index reads a node of another": """
x: 2
z: 2
for n in tree:
    for m in tree:
        e[n, m] = where(leaf(n), x[m], 2) * where(leaf(m), z[n], x[left(m)])
""",
    "a leaf reads all nodes": """
x: 2
for n in tree:
    a[n] = where(leaf(n), sum(x[n], n), 0)
""",
    "a chain at every leaf": """
x: 2
h: 2
for n in tree:
    for t in time:
        h[n, t] = where(leaf(n), tanh(x[n, t] + W @ h[n, t-1]), h[left(n), t] * h[right(n), t-1])
""",
    "children one step back": """
x: 3
h: 3
for t in time:
    for n in tree:
        h[t, n] = tanh(x[n] + h[t-1, left(n)] - h[t-2, right(n)])
""",
    "a first state at every node": """
x: 3
h: 3
for t in time:
    for n in tree:
        h[t, n] = tanh(b + h[t-1, left(n)] + h[t-2, n] + h[t-1, root])
h[0, n] = where(leaf(n), b, x[n])
h[-1, n] = x[left(n)]
""",
    "a pair of a node and its child": """
x: 3
for m in tree:
    for n in tree:
        e[m, n] = x[m] * n
    g[m] = e[left(m), m] + e[left(m), right(m)] - e[root, right(m)]
""",
    "a map alone": "x: 2\nfor n in tree:\n    h[n] = where(leaf(n), x[n], 2)\nC = sum(h)",
}
SHAPES: dict[str, Any] = {
    "one leaf": 0,
    "a pair": [0, 0],
    "balanced": [[0, 0], [0, 0]],
    "leaning left": [[[[0, 0], 0], 0], 0],
    "leaning right": [0, [0, [0, [0, 0]]]],
    "uneven": [[0, [0, 0]], [[[0, 0], 0], [0, 0]]],
}


def count(brackets: Any) -> int:
    return sum(map(count, brackets)) if isinstance(brackets, list) else 1


def net(tree: Any, **more: Any) -> Run:
    return prepare(
        parse(NET), inputs={"x": tree, "y": 1}, parameters=WEIGHTS, dtype="float64", **more
    )


def root(tree: Any) -> torch.Tensor:
    return net(tree).complete()["h"][-1, 0]


@pytest.mark.parametrize("shape", ["one leaf", "a pair", "uneven"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_over_a_tree_has_the_gradient_of_autograd(name: str, shape: str) -> None:
    recurrence = parse(TEXTS[name])
    leaves = {"tree": count(SHAPES[shape]), "time": 3}
    lengths = {domain: leaves[domain] for domain in recurrence.domains}
    check_gradients(Written(TEXTS[name], lengths, 1, (), SHAPES[shape]), recurrence)


@pytest.mark.parametrize("chunks", [None, (100,)])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_over_a_tree_computes_what_it_says(
    name: str, shape: str, chunks: tuple[int, ...] | None
) -> None:
    lengths = {"tree": count(SHAPES[shape]), "time": 3}
    recurrence = parse(TEXTS[name])
    lengths = {domain: lengths[domain] for domain in recurrence.domains}
    assert_parity(*run_both(recurrence, lengths, brackets=SHAPES[shape], chunks=chunks))


def test_golden_roots_of_the_balanced_tree_and_of_the_chain() -> None:
    expected = torch.tensor([0.0124731301, -0.6907143556, 0.2292166891]).double()
    assert torch.allclose(root(BALANCED), expected, atol=1e-9)
    expected = torch.tensor([-0.2049992149, -0.3845765823, -0.1884236355]).double()
    assert torch.allclose(root(CHAIN), expected, atol=1e-9)
    assert abs(float(net(BALANCED).complete()["loss"]) - 1.8980634863) < 1e-9


def test_nodes_stand_leaves_first_then_children_before_parents() -> None:
    run = net([[LEAVES[0], [LEAVES[1], LEAVES[2]]], LEAVES[3]])
    assert run.trees["tree"].children == (None, None, None, None, (2, 3), (1, 5), (6, 4))
    assert run.lengths == {"tree": 7}
    x = run.complete()["x"][:, 0]
    assert x[:4].tolist() == LEAVES
    assert not x[4:].any()


def test_a_tree_streams_level_by_level() -> None:
    chunks = [(one.first, one.last) for one in net(CHAIN).chunks((1,)) if one.domain]
    assert chunks == [(1, 4), (5, 5), (6, 6), (7, 7)]


def test_a_plain_list_and_a_length_make_a_balanced_tree() -> None:
    run = net(LEAVES, lengths={"tree": 4})
    assert torch.equal(run.complete()["h"][-1, 0], root(BALANCED))


def test_a_text_has_a_leaf_for_each_character() -> None:
    text = NET.replace("x: 2", "x: onehot(27)")
    run = prepare(parse(text), inputs={"x": {"text": "trees"}})
    assert (run.trees["tree"].leaves, run.symbols["x"]) == (5, [*"trees", "", "", "", ""])


def test_a_chain_of_200_leaves_is_the_recurrent_network() -> None:
    generator = torch.Generator().manual_seed(1)
    x = 0.5 * torch.randn(200, 2, generator=generator).double()
    tree: Any = x[0].tolist()
    for leaf in x[1:]:
        tree = [tree, leaf.tolist()]
    run = net(tree)
    values = run.complete()
    matrix = {name: torch.tensor(one, dtype=torch.float64) for name, one in WEIGHTS.items()}
    state = matrix["V"] @ x[0]
    for leaf in x[1:]:
        state = torch.tanh(matrix["b"] + matrix["U"] @ state + matrix["W"] @ (matrix["V"] @ leaf))
    assert (values["h"][-1, 0] - state).abs().max() < 1e-12
    assert run.lengths == {"tree": 399}


def test_one_tree_serves_a_batch() -> None:
    x = torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(2)).double()
    leaves = [one.numpy() for one in x]
    tree = [[[leaves[0], leaves[1]], leaves[2]], leaves[3]]
    together = net(tree, batch=3).complete()["h"]
    for place in range(3):
        alone = [one[place].tolist() for one in x]
        values = net([[[alone[0], alone[1]], alone[2]], alone[3]]).complete()["h"]
        assert (together[:, place] - values[:, 0]).abs().max() < 1e-12


@pytest.mark.parametrize("tree", [BALANCED, CHAIN, LEAVES[0]], ids=["balanced", "chain", "leaf"])
def test_the_gradient_of_a_tree_is_that_of_finite_differences(tree: Any) -> None:
    run = net(tree, gradient={"of": "loss"})
    run.complete()
    found = run.gradients("loss").complete()

    def loss(name: str, row: int, unit: int, change: float) -> float:
        weights = {key: torch.tensor(one, dtype=torch.float64) for key, one in WEIGHTS.items()}
        weights[name][row, unit] += change
        again = prepare(parse(NET), inputs={"x": tree, "y": 1}, parameters=weights, dtype="float64")
        return float(again.complete()["loss"])

    for name in ("U", "W", "V") if isinstance(tree[0], list) else ("V",):
        for row, unit in ((0, 0), (2, 1)):
            slope = (loss(name, row, unit, 1e-5) - loss(name, row, unit, -1e-5)) / 2e-5
            assert abs(float(found[name][row, unit]) - slope) < 1e-8, name


def test_the_cost_of_a_tree_follows_its_shape() -> None:
    wide, deep = net(BALANCED).cost, net(CHAIN).cost
    # 4 leaves of 12 operations; 3 inner nodes of two products, two sums and a tanh of one operation or more
    assert wide.operations == deep.operations
    assert wide.bytes == deep.bytes == 4 * (4 * 7 // 4 * 2 + 3 * 7 + 4 + 4 + 1)
    node = (deep.critical_path - wide.critical_path) // (3 - 2)
    assert wide.critical_path < deep.critical_path
    plan = schedule(parse(NET))
    eight, sixteen = (cost(plan, {"tree": leaves}) for leaves in (8, 16))
    assert sixteen.critical_path - eight.critical_path == node
    assert cost(plan, {"tree": 8}, {"tree": balanced(8)}) == eight
    assert (eight.steps, sixteen.steps) == (15, 31)


def test_a_leaf_computes_nothing_of_an_inner_node() -> None:
    text = "x: ()\nh: ()\nfor n in tree:\n    h[n] = where(leaf(n), x[n], log(h[left(n)]) + 1 / h[right(n)])"
    run = prepare(parse(text), inputs={"x": [[1, 2], 4]}, dtype="float64")
    run.complete()
    found = run.values["h"].flatten().tolist()
    assert found[:3] == [1, 2, 4]
    assert found[3:] == [0.5, pytest.approx(-0.6931471805599453 + 0.25)]


def test_a_scalar_leaf_alone_may_be_an_array() -> None:
    run = prepare(
        parse("x: ()\nfor n in tree:\n    h[n] = 2 * x[n]\n"), inputs={"x": torch.tensor(3.0)}
    )
    assert run.complete()["h"].flatten().tolist() == [6]
