"""How parameters start: from the text, from the seed, from the caller."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from unrolled.catalogue import read_catalogue
from unrolled.engine import prepare
from unrolled.language import parse

CATALOGUE = read_catalogue().architectures


def started(text: str, seed: int = 0, **options: Any) -> dict[str, Tensor]:
    return dict(prepare(parse(text), seed=seed, dtype="float64", **options).parameters)


def text(form: str = "", size: int = 200) -> str:
    return f"{form}\nh: {size}\nfor t in time:\n    h[t] = tanh(b + γ * W @ h[t-1] + v * h[t-2])"


def test_weights_are_normal_with_the_inverse_root_of_their_inputs() -> None:
    weights = started("x: 50\nh: 400\nfor t in time:\n    h[t] = tanh(U @ x[t])")["U"]
    assert float(weights.std()) == pytest.approx(50**-0.5, rel=0.03)
    assert abs(float(weights.mean())) < 0.01


def test_biases_start_at_zero_and_scalars_at_one() -> None:
    values = started(text())
    assert values["b"].abs().max() == 0
    assert float(values["γ"]) == 1
    assert values["v"].std() > 0


def test_a_start_that_the_text_gives_is_kept() -> None:
    assert started(text("b = parameter(1.5)"))["b"].unique().tolist() == [1.5]
    assert started(CATALOGUE["lstm"].equations)["b_f"].unique().tolist() == [1.0]


@pytest.mark.parametrize("radius", [0.5, 0.9, 3.0])
def test_a_spectral_radius_is_that_of_the_matrix(radius: float) -> None:
    weights = started(text(f"W = parameter(spectral_radius={radius})", size=40))["W"]
    assert float(torch.linalg.eigvals(weights).abs().max()) == pytest.approx(radius, rel=1e-9)


def test_a_density_is_the_share_of_entries_that_are_not_zero() -> None:
    weights = started(
        text("W = parameter(spectral_radius=0.9, density=0.1, trained=False)", size=100)
    )["W"]
    assert float((weights != 0).double().mean()) == pytest.approx(0.1, abs=0.02)
    assert float(torch.linalg.eigvals(weights).abs().max()) == pytest.approx(0.9, rel=1e-9)


def test_a_seed_decides_what_is_drawn() -> None:
    first, same, other = (started(text(size=5), seed)["W"] for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_names_have_numbers_of_their_own() -> None:
    values = started("h: 5\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + V @ h[t-2])")
    assert not torch.equal(values["W"], values["V"])


def test_editing_one_equation_leaves_the_weights_of_the_others() -> None:
    before = CATALOGUE["lstm"].equations
    after = before.replace(
        "    q[t] =", "    k[t] = tanh(A @ x[t])\n    q[t] = 0 * k[t] + "
    ).replace("tanh(b + U", "tanh(d + b + U")
    first, second = started(before), started(after)
    assert set(second) - set(first) == {"A", "d"}
    for name, value in first.items():
        assert torch.equal(value, second[name])


def test_the_number_type_changes_no_weight_but_its_digits() -> None:
    double = prepare(parse(text(size=5)), dtype="float64").parameters["W"]
    single = prepare(parse(text(size=5)), dtype="float32").parameters["W"]
    assert torch.equal(double.float(), single)


def test_given_values_win_and_the_rest_is_drawn() -> None:
    given = torch.eye(5).tolist()
    values = started(text(size=5), parameters={"W": given})
    assert values["W"].tolist() == given
    assert torch.equal(values["v"], started(text(size=5))["v"])


def test_a_given_scalar_stays_a_scalar() -> None:
    recurrence = parse("for t in time:\n    h[t] = α * t\n")
    for value in (0.5, 0.25):  # the second run takes over what the first one left
        run = prepare(recurrence, lengths={"time": 2}, parameters={"α": value})
        assert run.parameters["α"].shape == ()
        assert run.complete()["h"].flatten().tolist() == [value, 2 * value]
