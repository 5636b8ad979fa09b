"""How one step depends on another, over the wire: paths from the graph, Jacobians from a run."""

from __future__ import annotations

import numpy as np
import pytest

from service.in_process import Client
from unrolled.service import answers

SKIP = "h: ()\nx: ()\nfor t in time:\n    h[t] = 0.9 * h[t-1] + 0.9 * h[t-5] + x[t]\n"


def test_a_path_comes_with_what_a_page_has_to_light(client: Client) -> None:
    body = {
        "equations": SKIP,
        "from": {"variable": "h", "at": [1]},
        "to": {"variable": "h", "at": [41]},
    }
    answer = client.post("/v1/paths", body)
    assert answer.status_code == 200, answer.text
    found = answers.PathsAnswer.model_validate(answer.json())
    assert found.lengths == {"time": 41}
    assert found.shortest is not None
    assert found.shortest.length == 8
    assert [one.at[0] for one in found.shortest.nodes] == list(range(1, 42, 5))
    assert found.shortest.edges == ["h-h-+5"] * 8
    assert found.longest is not None
    assert found.longest.length == 40
    assert found.count == 38740
    assert found.log10_count == pytest.approx(np.log10(found.count))


def test_very_many_paths_are_counted_by_their_logarithm(client: Client) -> None:
    ends = {"from": {"variable": "h", "at": [1]}, "to": {"variable": "h", "at": [400]}}
    found = client.post("/v1/paths", {"architecture": "lstm", **ends}).json()
    assert found["count"] is None
    assert found["log10_count"] > 100


def test_where_there_is_no_path_all_is_null(client: Client) -> None:
    ends = {"from": {"variable": "h", "at": [4]}, "to": {"variable": "h", "at": [2]}}
    found = client.post("/v1/paths", {"architecture": "lstm", **ends}).json()
    answers.PathsAnswer.model_validate(found)
    assert (found["count"], found["shortest"], found["longest"]) == (0, None, None)


def ends(first: int, last: int) -> dict[str, object]:
    return {"from": {"variable": "h", "at": [first]}, "to": {"variable": "h", "at": [last]}}


CHAIN = [None, None, None, None, [1, 2], [5, 3], [6, 4]]


def test_paths_go_up_a_tree(client: Client) -> None:
    """§17: ⌈log2 τ⌉ edges on a balanced tree, τ - 1 on a chain."""
    for more, nodes, length in [
        ({"architecture": "recursive-net"}, 15, 3),
        ({"architecture": "recursive-net/chain"}, 15, 7),
        ({"architecture": "recursive-net", "lengths": {"tree": 16}}, 31, 4),
        ({"architecture": "recursive-net", "trees": {"tree": CHAIN}}, 7, 3),
        ({"equations": "h: 2\nfor n in tree:\n    h[n] = 1 + h[left(n)] + h[right(n)]\n"}, 23, 4),
    ]:
        answer = client.post("/v1/paths", {**more, **ends(1, nodes)})
        assert answer.status_code == 200, answer.text
        found = answers.PathsAnswer.model_validate(answer.json())
        assert found.lengths == {"tree": nodes}
        assert found.shortest is not None
        assert (found.count, found.shortest.length) == (1, length)


def test_a_tree_grows_to_the_node_that_is_asked_for(client: Client) -> None:
    text = "h: 2\nfor n in tree:\n    h[n] = 1 + h[left(n)] + h[right(n)]\n"
    found = client.post("/v1/paths", {"equations": text, **ends(1, 41)}).json()
    assert found["lengths"]["tree"] >= 41
    shorter = {"equations": text, **ends(1, 1), "lengths": {"tree": 1}}
    assert client.post("/v1/paths", shorter).json()["lengths"] == {"tree": 1}


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        (ends(1, 16), "/to", "path-end"),
        (ends(0, 15), "/from", "path-end"),
        ({**ends(1, 3), "trees": {"time": [None]}}, "/trees/time", "unknown-tree"),
        ({**ends(1, 3), "trees": {"tree": []}}, "/trees/tree", "tree-structure"),
        ({**ends(1, 3), "trees": {"tree": [None, None]}}, "/trees/tree/1", "tree-structure"),
        ({**ends(1, 3), "trees": {"tree": [None, None, [1, 1]]}}, "/trees/tree/2", "tree-structure"),
        ({**ends(1, 3), "trees": {"tree": [None, None, [1, 3]]}}, "/trees/tree/2", "tree-structure"),
        ({**ends(1, 3), "trees": {"tree": [None, None, [1, 2, 2]]}}, "/trees/tree/2", "tree-structure"),
        ({**ends(1, 3), "trees": {"tree": [None, None, None, [1, 2], [1, 3]]}}, "/trees/tree/4", "tree-structure"),
        ({**ends(1, 3), "trees": {"tree": [None, None, [1, 2], None, [3, 4]]}}, "/trees/tree/3", "tree-structure"),
    ],
)  # fmt: skip
def test_what_is_no_node_or_no_tree_is_refused(
    client: Client, more: dict[str, object], pointer: str, code: str
) -> None:
    answer = client.post("/v1/paths", {"architecture": "recursive-net", **more})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


def test_jacobians_come_with_their_norms_and_one_of_them_apart(client: Client) -> None:
    """§21: 4629.84 over 40 steps."""
    body = {
        "equations": SKIP, "lengths": {"time": 41}, "dtype": "float64", "of": "h", "with_respect_to": "h",
        "spectrum": {"step": 41, "source_step": 1},
    }  # fmt: skip
    answer = client.post("/v1/jacobians", body)
    assert answer.status_code == 200, answer.text
    found = answers.JacobianResult.model_validate(answer.json())
    norms = np.array(found.norms)
    assert norms.shape == (41, 41)
    assert norms[40, 0] == pytest.approx(4629.84, abs=0.005)
    assert found.spectrum is not None
    assert found.spectrum.singular_values == pytest.approx([norms[40, 0]])
    assert found.spectrum.eigenvalues == [[pytest.approx(norms[40, 0]), 0]]


def test_complex_eigenvalues_are_pairs(client: Client) -> None:
    body = {
        "equations": "for t in time:\n    h[t] = W @ h[t-1] + x[t]\n", "sizes": {"h": 2}, "dtype": "float64",
        "parameters": {"values": {"W": [[0, -0.5], [0.5, 0]]}}, "of": "h", "with_respect_to": "h",
        "norm": "spectral", "spectrum": {"step": 3},
    }  # fmt: skip
    found = client.post("/v1/jacobians", body).json()
    assert sorted(found["spectrum"]["eigenvalues"]) == [
        [0, pytest.approx(-0.5)],
        [0, pytest.approx(0.5)],
    ]
    assert found["spectrum"]["matrix"] == [[0, -0.5], [0.5, 0]]
    assert found["norms"][5][0] == pytest.approx(0.5**5)
    assert found["norms"][0][5] == 0
