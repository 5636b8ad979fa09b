"""Products of one-step Jacobians equal the general way, wherever they are taken; boundary values as columns."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from catalogue.small import small_catalogue
from unrolled.engine import prepare
from unrolled.engine.jacobians import jacobian_cost
from unrolled.engine.run import Run
from unrolled.language import parse

CATALOGUE = small_catalogue()
CHAINS = {
    "lstm", "gru", "deep-rnn", "leaky-units", "clockwork-rnn", "time-skip-connections", "rnn-hidden-recurrence",
    "rnn-single-output", "parameter-sharing",
}  # fmt: skip
"""Entries that must take products for some pair."""
SKIPS = (
    "for t in time:\n    h[t] = tanh(b + W @ h[t-1] + W_d @ h[t-3] + U @ x[t] + U_2 @ x[t-2])\n    o[t] = V @ h[t] + Q @ h[t-2]\n"
    "h: 3\nx: 2\no: 2\n"
)
BACKWARD = (
    "for t in time:\n    g[t] = tanh(W @ g[t+1] + U @ x[t] + U_2 @ x[t+2])\n    o[t] = V @ g[t] + x[t+1]\n"
    "g: 3\nx: 2\no: 2\n"
)
TEXTS: dict[str, tuple[str, dict[str, int]]] = {
    **CATALOGUE,
    "two delays": (SKIPS, {}),
    "delays without the first": (
        "for t in time:\n    h[t] = tanh(W_d @ h[t-3] + x[t])\nh: 3\n",
        {},
    ),
    "backward": (BACKWARD, {}),
}


def computed(text: str, sizes: dict[str, int], **options: Any) -> Run:
    recurrence = parse(text, sizes)
    options = {"lengths": dict.fromkeys(recurrence.domains, 7), "seed": 2, **options}
    run = prepare(recurrence, dtype="float64", **options)
    run.complete()
    return run


def memory_of(text: str, sizes: dict[str, int]) -> dict[str, Any]:
    """A first memory that is not zero: there the cosine is singular, 1e12 cancels, and no digit left is right."""
    if "cosine(" not in text or "M[t-1]" not in text:
        return {}
    rows, columns = parse(text, sizes).variables["M"].shape
    return {"M": torch.linspace(-1, 1, rows * columns).reshape(rows, columns).tolist()}


def is_close(found: Tensor, expected: Tensor) -> bool:
    """To 1e-9 of the greatest number of each Jacobian, or to 1e-12."""
    greatest = expected.abs().amax((-2, -1), keepdim=True)
    return bool(((found - expected).abs() <= 1e-12 + 1e-9 * greatest).all())


def pairs(run: Run) -> list[tuple[str, str]]:
    """Variables with one index over a chain, and what they may be taken with respect to; some 16 of them."""
    recurrence = run.recurrence
    chains = [
        one
        for one in recurrence.variables.values()
        if len(one.domains) == 1 and recurrence.domains[one.domains[0]].kind == "chain"
    ]
    boundaries = [
        f"{name}[{place}]"
        for name, places in run.boundary.items()
        if recurrence.variables[name] in chains
        for place in places
    ]
    found = [
        (one.name, source)
        for one in chains
        if one.kind == "equation"
        for source in (*(other.name for other in chains), *boundaries)
    ]
    return found[:: max(1, len(found) // 16)]


@pytest.mark.parametrize("name", TEXTS)
def test_products_of_one_step_jacobians_equal_the_general_way(name: str) -> None:
    text, sizes = TEXTS[name]
    run = computed(text, sizes, boundary=memory_of(text, sizes))
    chained = 0
    for of, source in pairs(run):
        found = run.jacobians(of, source, "chain")
        if not found.is_chained:
            continue
        chained += 1
        expected = run.jacobians(of, source, "general").matrices()
        assert is_close(found.matrices(), expected), (of, source)
        last, middle = len(expected), min(4, expected.shape[1])
        one = found.spectrum(last, middle).matrix
        assert is_close(one, expected[last - 1, middle - 1])
    assert chained or name not in CHAINS


def test_the_named_texts_are_taken_as_chains() -> None:
    assert set(TEXTS) >= CHAINS
    run = computed(*TEXTS["two delays"])
    assert all(run.jacobians(of, source).is_chained for of, source in (("h", "h"), ("o", "x")))
    assert computed(*TEXTS["backward"]).jacobians("o", "x").is_chained


@pytest.mark.parametrize("norm", ["spectral", "frobenius"])
@pytest.mark.parametrize("source", ["h", "x", "h[0]", "h[-2]"])
def test_maps_are_the_norms_of_the_general_way_in_blocks_too(
    norm: Any, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = computed(SKIPS, {})
    for of in ("h", "o"):
        expected = run.jacobians(of, source, "general").map(norm).norms
        with monkeypatch.context() as patch:
            patch.setattr("unrolled.engine.chains.BLOCK", 30)
            blocks = run.jacobians(of, source, "chain").map(norm).norms
        whole = run.jacobians(of, source, "chain").map(norm).norms
        assert torch.allclose(whole, expected, rtol=1e-9, atol=1e-12)
        assert torch.allclose(blocks, expected, rtol=1e-9, atol=1e-12)


def test_what_is_held_passes_no_jacobian_in_products_either() -> None:
    text, sizes = CATALOGUE["lstm"]
    clamp = [{"variable": "f", "value": 1.0, "steps": [2, 4], "units": [0]}]
    run = computed(text, sizes, clamp=[*clamp, {"variable": "s", "value": 0.5, "steps": [5, 5]}])
    for of, source in (("h", "h"), ("h", "s"), ("s", "x")):
        found = run.jacobians(of, source, "chain")
        assert found.is_chained
        expected = run.jacobians(of, source, "general").matrices()
        assert torch.allclose(found.matrices(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("way", ["chain", "general"])
@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_a_boundary_value_is_a_column(factor: float, way: Any) -> None:
    """§18: W = λ·orthogonal, linear: ‖∂h^(t)/∂h^(0)‖₂ = λ^t."""
    generator = torch.Generator().manual_seed(3)
    matrix = torch.linalg.qr(torch.randn(4, 4, generator=generator, dtype=torch.float64))[0]
    run = computed(
        "for t in time:\n    h[t] = W @ h[t-1] + x[t]\n", {"h": 4},
        parameters={"W": (factor * matrix).tolist()}, boundary={"h": [1, 2, 3, 4]},
    )  # fmt: skip
    norms = run.jacobians("h", "h[0]", way).map("spectral").norms
    assert norms.shape == (7, 1)
    assert norms[:, 0].tolist() == pytest.approx([factor**t for t in range(1, 8)], rel=1e-12)


def test_what_falls_below_the_floor_is_left_zero_and_nothing_else() -> None:
    run = computed(
        "h: ()\nx: ()\nfor t in time:\n    h[t] = 0.1 * h[t-1] + x[t]\n", {}, lengths={"time": 20}
    )
    whole, cut = (run.jacobians("h", "h", "chain").map(floor=one).norms for one in (0.0, 1e-12))
    assert float(whole[19, 0]) == pytest.approx(1e-19)
    assert torch.equal(cut, torch.where(whole < 1e-12, 0.0, whole))


def test_products_are_counted_before() -> None:
    """T(T-1)/2 products of H by H matrices are counted, 2 H³ operations each, and spectral norms."""
    recurrence = parse("for t in time:\n    h[t] = tanh(W @ h[t-1] + x[t])\n", {"h": 32})
    found = jacobian_cost(recurrence, {"time": 100}, "h", "h")
    products = 100 * 99 // 2 * 2 * 32**3
    assert products < found.operations < 3.5 * products
