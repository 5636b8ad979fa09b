"""Trees over the wire: pairs of pairs in, the structure and the values of every node out."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.in_process import Client
from unrolled.service import answers

NET = (
    "x: 2\nh: 2\nfor n in tree:\n"
    "    h[n] = where(leaf(n), x[n], tanh(U @ h[left(n)] + W @ h[right(n)]))\nC = h[root]\n"
)


def body(tree: Any) -> dict[str, Any]:
    return {"equations": NET, "inputs": {"x": tree}, "dtype": "float64"}


def test_a_run_says_how_its_tree_branches(client: Client) -> None:
    answer = client.post("/v1/runs", body([[1, 2], [[3, 4], [5, 6]]]))
    found = answer.json()
    assert answer.status_code == 200
    assert found["trees"] == {"tree": [None, None, None, [2, 3], [1, 4]]}
    assert found["lengths"] == {"tree": 5}
    h = next(one for one in found["outputs"] if one["name"] == "h")
    assert (h["shape"], h["data"][:6]) == ([5, 2], [1, 2, 3, 4, 5, 6])


def test_a_stream_goes_up_a_tree(client: Client) -> None:
    tree: Any = [0.5, 0.25]
    for _ in range(199):
        tree = [tree, [0.5, -0.25]]
    answer = client.post("/v1/runs/stream", body(tree))
    events = [orjson.loads(line) for line in answer.content.splitlines()]
    assert events[0]["trees"]["tree"][200] == [1, 2]
    steps = [one for one in events if one["event"] == "steps"]
    assert (steps[0]["from"], steps[0]["to"], steps[-1]["to"]) == (1, 200, 399)
    assert events[-1]["event"] == "end"


@pytest.mark.parametrize(
    ("tree", "pointer", "code"),
    [
        ([[1, 2], [1, 2], [1, 2]], "/inputs/x", "tree-children"),
        ([[[1, 2]], [[1, 2]]], "/inputs/x/0", "tree-children"),
        ([[1, 2], []], "/inputs/x/1", "ragged"),
        ([[1, 2], [1, 2, 3]], "/inputs/x/1", "ragged"),
    ],
)
def test_a_malformed_tree_is_refused_at_its_node(
    client: Client, tree: Any, pointer: str, code: str
) -> None:
    answer = client.post("/v1/runs", body(tree))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


def test_a_text_over_a_tree_is_counted_and_a_run_says_its_shape(client: Client) -> None:
    structure = client.post("/v1/runs", body([[[[1, 2], [3, 4]], [5, 6]], [7, 8]])).json()["trees"]
    chain = client.post("/v1/recurrences", {"equations": NET, "trees": structure})
    assert chain.status_code == 200, chain.text
    even = client.post("/v1/recurrences", {"equations": NET, "lengths": {"tree": 4}})
    for answer, depth in ((chain, 3), (even, 2)):
        found = answers.Recurrence.model_validate(answer.json()).facts
        assert found.unfolded is not None
        assert (found.unfolded.nodes, found.unfolded.edges) == (4 + 7 + 1, 4 + 6 + 1)
        assert (found.unfolded.nodes_formula, found.unfolded.edges_formula) == ("3 τ", "3 τ - 1")
        assert [one.depth for one in found.trees] == [depth]
    wrong = client.post("/v1/recurrences", {"equations": NET, "trees": {"trie": [None]}})
    assert wrong.json()["errors"][0]["code"] == "unknown-tree"


def test_an_architecture_is_counted_with_the_tree_it_opens_with(client: Client) -> None:
    for name, depth in (("recursive-net", 3), ("recursive-net/chain", 7)):
        facts = client.get(f"/v1/architectures/{name}").json()["recurrence"]["facts"]
        assert (facts["unfolded"]["nodes"], facts["trees"][0]["depth"]) == (26, depth)
