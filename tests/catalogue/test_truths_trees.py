"""What the reference calls ground truth in §17, asked of the recursive net of the catalogue."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from unrolled.catalogue import read_catalogue
from unrolled.engine import Run, prepare
from unrolled.language import parse

CATALOGUE = read_catalogue().architectures


def normal(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


WEIGHTS = {
    "V": normal(3, 2, seed=1),
    "U": normal(3, 3, seed=2),
    "W": normal(3, 3, seed=3),
    "b": normal(3, seed=4),
}
X = normal(8, 2, seed=5)


def run_of(leaves: Any, name: str = "recursive-net", **weights: Tensor) -> Run:
    recurrence = parse(CATALOGUE[name].equations, {"x": 2, "h": 3, "y": 4})
    run = prepare(
        recurrence, inputs={"x": leaves, "y": 1}, parameters={**WEIGHTS, **weights}, dtype="float64"
    )
    run.complete()
    return run


def root(run: Run) -> Tensor:
    return run.values["h"][-1, 0]


def chain(rows: list[list[float]]) -> Any:
    found: Any = rows[0]
    for row in rows[1:]:
        found = [found, row]
    return found


def balanced(rows: list[Any]) -> Any:
    half = len(rows) // 2
    return rows[0] if len(rows) == 1 else [balanced(rows[:half]), balanced(rows[half:])]


def mirrored(leaves: Any) -> Any:
    is_leaf = isinstance(leaves[0], float)
    return leaves if is_leaf else [mirrored(leaves[1]), mirrored(leaves[0])]


def levels(leaves: Any) -> int:
    return 0 if isinstance(leaves[0], float) else 1 + max(levels(leaves[0]), levels(leaves[1]))


LEAVES = X.tolist()


def test_a_chain_is_a_recurrent_network_with_input_matrix_w_v() -> None:
    h = WEIGHTS["V"] @ X[0]
    for row in X[1:]:
        h = torch.tanh(WEIGHTS["b"] + WEIGHTS["U"] @ h + WEIGHTS["W"] @ (WEIGHTS["V"] @ row))
    torch.testing.assert_close(root(run_of(chain(LEAVES))), h, rtol=0, atol=1e-15)


def test_a_balanced_tree_is_three_levels_deep_and_a_chain_seven() -> None:
    """And the root of the one is what three levels of joints make of the leaves."""
    assert (levels(balanced(LEAVES)), levels(chain(LEAVES))) == (3, 7)
    level = [WEIGHTS["V"] @ row for row in X]
    while len(level) > 1:
        level = [
            torch.tanh(WEIGHTS["b"] + WEIGHTS["U"] @ left + WEIGHTS["W"] @ right)
            for left, right in zip(level[::2], level[1::2], strict=True)
        ]
    torch.testing.assert_close(root(run_of(balanced(LEAVES))), level[0], rtol=0, atol=1e-15)


def test_with_equal_matrices_a_mirror_image_has_the_same_root() -> None:
    same = {"W": WEIGHTS["U"]}
    for leaves in (balanced(LEAVES), chain(LEAVES)):
        here = root(run_of(leaves, "recursive-net", **same))
        there = root(run_of(mirrored(leaves), "recursive-net", **same))
        torch.testing.assert_close(here, there, rtol=0, atol=1e-15)
        assert not torch.allclose(root(run_of(leaves)), root(run_of(mirrored(leaves))))


def test_a_tensor_of_zeros_leaves_the_plain_node() -> None:
    leaves = balanced(LEAVES)
    plain = root(run_of(leaves))
    nothing = root(run_of(leaves, "recursive-net/tensor", T=torch.zeros(3, 6, 6)))
    torch.testing.assert_close(nothing, plain, rtol=0, atol=0)
    T = normal(3, 6, 6, seed=6)
    pair = torch.cat([WEIGHTS["V"] @ X[0], WEIGHTS["V"] @ X[1]])
    joined = torch.tanh(
        torch.einsum("i,kij,j->k", pair, T, pair)
        + WEIGHTS["b"] + WEIGHTS["U"] @ pair[:3] + WEIGHTS["W"] @ pair[3:]
    )  # fmt: skip
    found = root(run_of(balanced(LEAVES[:2]), "recursive-net/tensor", T=T))
    torch.testing.assert_close(found, joined, rtol=0, atol=1e-14)


def test_on_the_chain_the_first_leaf_hears_least_of_the_loss() -> None:
    """What the prose says of the runs that the page opens with."""
    norms = {}
    for name in ("recursive-net", "recursive-net/chain"):
        own = CATALOGUE[name].defaults
        run = prepare(
            parse(CATALOGUE[name].equations),
            inputs=dict(own.inputs),
            seed=own.seed,
            dtype="float64",
        )
        run.complete()
        norms[name] = run.gradients("loss").complete()["h"][:8, 0].norm(dim=-1)
    even, uneven = norms["recursive-net"], norms["recursive-net/chain"]
    assert even.max() / even.min() < 3
    assert uneven[-1] / uneven[0] > 30


def test_gradients_over_a_tree_agree_with_finite_differences() -> None:
    for name in ("recursive-net", "recursive-net/tensor"):
        leaves, step = chain(LEAVES[:3]), 1e-6
        run = run_of(leaves, name)
        found = run.gradients("loss").complete()
        for parameter, values in run.parameters.items():
            moved = torch.zeros(values.numel(), dtype=torch.float64)
            moved[values.numel() // 2] = step
            move = moved.reshape(values.shape)
            rest = dict(run.parameters)
            up = run_of(leaves, name, **{**rest, parameter: values + move}).values["loss"]
            down = run_of(leaves, name, **{**rest, parameter: values - move}).values["loss"]
            slope = ((up - down) / (2 * step)).item()
            assert abs(slope - found[parameter].flatten()[values.numel() // 2].item()) < 1e-6
