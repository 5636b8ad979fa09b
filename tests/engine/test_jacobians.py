"""Jacobians: closed forms of the chapter, autograd, and what cannot depend on what."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from unrolled.catalogue import read_catalogue
from unrolled.engine import RunError, prepare
from unrolled.engine.jacobians import Jacobians, jacobian_cost, norms_of
from unrolled.engine.run import Run
from unrolled.language import parse

CATALOGUE = read_catalogue().architectures
LINEAR = "for t in time:\n    h[t] = W @ h[t-1] + x[t]\n"


def computed(text: str, sizes: dict[str, int], **options: Any) -> Run:
    run = prepare(parse(text, sizes), dtype="float64", **{"lengths": {"time": 8}, **options})
    run.complete()
    return run


def orthogonal(size: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0]


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5])
def test_an_orthogonal_matrix_scales_by_its_factor_every_step(factor: float) -> None:
    """§18: W = λ·orthogonal, linear: ‖∂h^(t)/∂h^(s)‖₂ = λ^(t-s)."""
    run = computed(LINEAR, {"h": 4}, parameters={"W": (factor * orthogonal(4)).tolist()})
    norms = run.jacobians("h", "h").map("spectral").norms
    for t in range(8):
        for s in range(8):
            assert float(norms[t, s]) == pytest.approx(
                factor ** (t - s) if s <= t else 0, abs=1e-12
            )
    one = run.jacobians("h", "h").spectrum(4, 3)
    assert one.eigenvalues is not None
    assert one.eigenvalues.abs().tolist() == pytest.approx([factor] * 4)
    assert one.singular_values.tolist() == pytest.approx([factor] * 4)
    assert torch.allclose(one.matrix, factor * orthogonal(4))


def test_a_tanh_network_contracts_at_least_as_its_largest_singular_value() -> None:
    """§18: ‖∂h^(t)/∂h^(k)‖ ≤ σ_max(W)^(t-k)."""
    run = computed("for t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n", {"h": 5, "x": 3})
    largest = float(torch.linalg.matrix_norm(run.parameters["W"], 2))
    norms = run.jacobians("h", "h").map("spectral").norms
    for t in range(8):
        for s in range(t + 1):
            assert float(norms[t, s]) <= largest ** (t - s) * (1 + 1e-12)


def test_each_direction_is_blind_on_one_side_exactly() -> None:
    """§13: ∂h^(t)/∂x^(s) = 0 for s > t, ∂g^(t)/∂x^(s) = 0 for s < t; o depends on all."""
    run = computed(
        "for t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t])\n    g[t] = tanh(W_g @ g[t+1] + U_g @ x[t])\n"
        "    o[t] = V @ h[t] + V_g @ g[t]\nx: 2\nh: 3\ng: 3\no: 2\n", {},
    )  # fmt: skip
    forward = run.jacobians("h", "x").map().norms
    backward = run.jacobians("g", "x").map().norms
    assert torch.equal(forward, forward.tril())
    assert torch.equal(backward, backward.triu())
    assert bool((forward.tril() + torch.ones(8, 8).triu(1) > 0).all())
    assert bool((run.jacobians("o", "x").map().norms > 0).all())


def scalar(*summands: str) -> Run:
    text = f"h: ()\nx: ()\nfor t in time:\n    h[t] = {' + '.join(summands)} + x[t]\n"
    return computed(text, {}, lengths={"time": 41})


@pytest.mark.parametrize(
    ("summands", "expected"),
    [
        (("0.9 * h[t-5]",), 0.9**8),
        (("0.9 * h[t-1]",), 0.0147808829),
        (("0.9 * h[t-1]", "0.9 * h[t-5]"), 4629.84),
    ],
)
def test_skips_carry_and_explode_as_the_book_says(
    summands: tuple[str, ...], expected: float
) -> None:
    """§21: over τ = 40 with d = 5: 0.9^8 = 0.43046721, plain 0.9^40, both 4629.84."""
    norms = scalar(*summands).jacobians("h", "h").map().norms
    assert float(norms[40, 0]) == pytest.approx(expected, rel=1e-6)
    if summands == ("0.9 * h[t-5]",):
        assert float(norms[39, 0]) == 0


def test_a_leaky_unit_forgets_by_alpha_a_step() -> None:
    """§22: ∂μ^(t+k)/∂μ^(t) = α^k."""
    norms = scalar("0.8 * h[t-1]").jacobians("h", "h").map("spectral").norms
    assert norms[:, 0].tolist() == pytest.approx([0.8**k for k in range(41)], rel=1e-12)


def cell(s: Tensor, h: Tensor, x: Tensor, w: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    def affine(end: str) -> Tensor:
        return w[f"b{end}"] + w[f"U{end}"] @ x + w[f"W{end}"] @ h

    f, g, q = (torch.sigmoid(affine(end)) for end in ("_f", "_g", "_o"))
    s = f * s + g * torch.tanh(affine(""))
    return s, torch.tanh(s) * q


@pytest.mark.parametrize("start", [0, 3])
def test_an_lstm_step_moves_one_of_its_pair_alone(start: int) -> None:
    """Moving h^(s) leaves s^(s); moving s^(s) takes h^(s) along. Against autograd over a loop."""
    text, sizes = CATALOGUE["lstm"].equations, {"h": 3, "x": 2, "y": 2}
    given = torch.randn(6, 2, dtype=torch.float64)
    run = computed(text, sizes, inputs={"x": given.tolist()}, lengths={})
    weights, x = dict(run.parameters), run.values["x"][:, 0]
    q, h_0, s_0 = (run.values[name][start, 0] for name in "qhs")

    def later(s: Tensor, h: Tensor) -> Tensor:
        for t in range(start + 1, 6):
            s, h = cell(s, h, x[t], weights)
        return torch.stack([*s, *h])

    of_h = torch.func.jacrev(lambda h: later(s_0, h))(h_0)
    of_s = torch.func.jacrev(lambda s: later(s, torch.tanh(s) * q))(s_0)
    for of, rows in (("s", slice(0, 3)), ("h", slice(3, 6))):
        for name, expected in (("h", of_h), ("s", of_s)):
            found = run.jacobians(of, name).matrices()[5, start]
            assert torch.allclose(found, expected[rows], rtol=1e-12, atol=1e-12)


def test_the_direct_path_of_an_lstm_is_the_product_of_its_forget_gates() -> None:
    """§24: with the recurrent weights zero, ∂s^(τ)/∂s^(1) = diag(Π f)."""
    zero = {name: torch.zeros(3, 3).tolist() for name in ("W", "W_f", "W_g", "W_o")}
    text, sizes = CATALOGUE["lstm"].equations, {"h": 3, "x": 2, "y": 2}
    run = computed(text, sizes, parameters=zero)
    expected = torch.diag(run.values["f"][1:, 0].prod(0))
    assert torch.allclose(run.jacobians("s", "s").matrices()[7, 0], expected, rtol=1e-12, atol=0)


def test_a_vector_that_enters_every_step_keeps_its_influence() -> None:
    """§11: ∂h^(t)/∂x for an x without an index, against finite differences."""
    text = "x: input(2)\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + R @ x)\n"

    def last(x: list[float]) -> Run:
        return computed(text, {"h": 3}, inputs={"x": x}, seed=1)

    found = last([0.3, -0.2]).jacobians("h", "x").matrices()
    assert found.shape == (8, 1, 3, 2)
    for unit in range(2):
        ends = [
            last([0.3 + e * (unit == 0), -0.2 + e * (unit == 1)]).values["h"] for e in (1e-6, -1e-6)
        ]
        difference = (ends[0] - ends[1])[:, 0] / 2e-6
        assert torch.allclose(found[:, 0, :, unit], difference, atol=1e-8)


DEEP = """
for t in time:
    m[t] = {f}(W_m @ h[t-1])
    h[t] = {f}(W @ m[t])
h: 16
m: 16
"""
PLAIN = "for t in time:\n    h[t] = {f}(W @ h[t-1])\nh: 16\n"


def decay(text: str, function: str, parameters: dict[str, Any]) -> Tensor:
    """‖∂h^(t)/∂h^(0)‖₂ from a small h^(0)."""
    generator = torch.Generator().manual_seed(11)
    small = 0.1 * torch.randn(16, generator=generator, dtype=torch.float64)
    run = computed(
        text.format(f=function), {}, lengths={"time": 40}, parameters=parameters, boundary={"h": small.tolist()}
    )  # fmt: skip
    return run.jacobians("h", "h[0]").map("spectral").norms[:, 0]


def test_a_network_in_the_transition_doubles_the_exponent() -> None:
    """§16: blocks γ·orthogonal: γ^k plain, γ^2k with one hidden layer between. With tanh, from h^(0) of standard
    normal numbers times 0.1, no input and no bias, n_h = 16, γ = 0.9: the measured 0.343 and 0.119 at k = 10, to two digits."""
    generator = torch.Generator().manual_seed(5)
    one, other = (
        (0.9 * torch.linalg.qr(torch.randn(16, 16, generator=generator, dtype=torch.float64))[0]).tolist()
        for _ in range(2)
    )  # fmt: skip
    plain, deep = {"W": one}, {"W": one, "W_m": other}
    for text, given, base in ((PLAIN, plain, 0.9), (DEEP, deep, 0.81)):
        expected = [base**k for k in range(1, 41)]
        assert decay(text, "", given).tolist() == pytest.approx(expected, rel=1e-12)
    assert round(float(decay(PLAIN, "tanh", plain)[9]), 2) == 0.34
    assert round(float(decay(DEEP, "tanh", deep)[9]), 2) == 0.12


def test_a_vector_that_enters_as_the_first_state_decays_with_the_product() -> None:
    """§11 (c): ∂h^(t)/∂x = Π diag(1 - h²) W · ∂h^(0)/∂x, and ∂h^(0)/∂x = diag(1 - h^(0)²) R_0."""
    text = CATALOGUE["vector-to-sequence/initial"].equations
    run = computed(text, {})
    h, weights = run.values["h"][:, 0], run.parameters
    first = torch.tanh(weights["R_0"] @ run.values["x"][0])
    expected = torch.diag(1 - first**2) @ weights["R_0"]
    found = run.jacobians("h", "x").matrices()
    carried = run.jacobians("h", "h[0]").matrices()
    for t in range(8):
        expected = torch.diag(1 - h[t] ** 2) @ weights["W"] @ expected
        assert torch.allclose(found[t, 0], expected, rtol=1e-10, atol=1e-14)
        product = carried[t, 0] @ torch.diag(1 - first**2) @ weights["R_0"]
        assert torch.allclose(found[t, 0], product, rtol=1e-10, atol=1e-14)


def test_blocks_of_unit_vectors_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    run = computed(CATALOGUE["gru"].equations, {"h": 4, "x": 3, "y": 3})
    whole = run.jacobians("h", "h").matrices()
    monkeypatch.setattr("unrolled.engine.jacobians.BLOCK", 200)
    assert torch.equal(run.jacobians("h", "h").matrices(), whole)


def test_norms_are_those_of_torch_and_do_not_underflow() -> None:
    matrices = (
        torch.randn(7, 4, 6, dtype=torch.float64) * torch.logspace(-200, 10, 7)[:, None, None]
    )
    spectral = torch.linalg.matrix_norm(matrices, 2)
    assert torch.allclose(norms_of(matrices, "spectral"), spectral, rtol=1e-12, atol=0)
    frobenius = torch.linalg.matrix_norm(matrices, "fro")
    assert torch.allclose(norms_of(matrices, "frobenius"), frobenius, rtol=1e-12, atol=0)
    assert norms_of(torch.zeros(2, 2), "spectral") == 0


def test_the_cost_is_known_before_and_grows_with_the_square_of_the_steps() -> None:
    recurrence = parse(LINEAR, {"h": 4})
    costs = [jacobian_cost(recurrence, {"time": steps}, "h", "h").operations for steps in (10, 20)]
    assert 3 < costs[1] / costs[0] < 5


def test_what_has_no_jacobian_is_named() -> None:
    run = computed(CATALOGUE["lstm"].equations, {"h": 3, "x": 2, "y": 2})
    for of, source in (("loss", "h"), ("x", "h"), ("h", "W"), ("h", "nothing")):
        with pytest.raises(RunError, match="has no Jacobian"):
            run.jacobians(of, source)
    one: Jacobians = run.jacobians("h", "h")
    with pytest.raises(RunError, match="no Jacobian of step 9"):
        one.spectrum(9, 8)


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
def test_of_what_a_variable_does_not_read_its_jacobians_are_zero(norm: Any) -> None:
    text = "for t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t])\n    o[t] = V @ h[t]\n"
    jacobians = computed(text, {"h": 3, "x": 2, "o": 4}).jacobians("h", "o")
    assert torch.equal(jacobians.map(norm).norms, torch.zeros(8, 8, dtype=torch.float64))
    assert torch.equal(jacobians.matrices(), torch.zeros(8, 8, 3, 4, dtype=torch.float64))
    assert jacobians.spectrum(3, 1).singular_values.tolist() == [0, 0, 0]
