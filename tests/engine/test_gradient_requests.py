"""What a gradient may be asked of: a scalar of the run, with respect to some names; and what that costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from golden.fixture import U, V, W, X, Y, b, c, h0
from unrolled.engine import Run, RunError, prepare
from unrolled.graph import Cost
from unrolled.language import parse

ELMAN = """
x: 2
h: 3
y: 4
for t in time:
    h[t] = tanh(b + W @ h[t-1] + γ * (U @ x[t]))
    o[t] = c + V @ h[t]
    p[t] = softmax(o[t])
    L[t] = cross_entropy(o[t], y[t])
loss = sum(L)
k = h[end]
γ = slider(1, 0, 2)
"""
Steps = list[torch.Tensor]
Scalar = Callable[[Steps, Steps, Steps], torch.Tensor]
"""A scalar of the states h[0], h[1], …, the outputs and the losses."""

FIXTURE: dict[str, Any] = {"U": U, "W": W, "V": V, "b": b, "c": c}


def elman(**options: Any) -> Run:
    run = prepare(
        parse(ELMAN),
        inputs={"x": X, "y": Y},
        parameters=FIXTURE,
        boundary={"h": h0},
        dtype="float64",
        **options,
    )
    run.complete()
    return run


def by_torch(scalar: Scalar) -> dict[str, torch.Tensor]:
    """The same net in plain torch, the gradient of an expression in its values."""

    def leaf(value: Any) -> torch.Tensor:
        return torch.tensor(value, dtype=torch.float64, requires_grad=True)

    p = {name: leaf(value) for name, value in FIXTURE.items()}
    x, slider, state = leaf(X), leaf(1.0), leaf(h0)
    h: Steps = [state]
    o: Steps = []
    L: Steps = []
    for step in range(len(X)):
        h.append(torch.tanh(p["b"] + p["W"] @ h[-1] + slider * (p["U"] @ x[step])))
        o.append(p["c"] + p["V"] @ h[-1])
        L.append(-torch.log_softmax(o[-1], 0)[Y[step]])
    value = scalar(h, o, L)
    wanted = {**p, "x": x, "γ": slider, "h[0]": state}
    found = torch.autograd.grad(value, list(wanted.values()), allow_unused=True)
    return {
        name: torch.zeros_like(one) if gradient is None else gradient
        for (name, one), gradient in zip(wanted.items(), found, strict=True)
    }


@pytest.mark.parametrize(
    ("of", "scalar"),
    [
        ("loss", lambda h, o, L: torch.stack(L).sum()),
        ("L[3]", lambda h, o, L: L[2]),
        ("L[end]", lambda h, o, L: L[4]),
        ("L[ end - 1 ]", lambda h, o, L: L[3]),
        ("o[5][2]", lambda h, o, L: o[4][2]),
        ("o[2, 0]", lambda h, o, L: o[1][0]),
        ("h[end][end]", lambda h, o, L: h[5][2]),
        ("k[1]", lambda h, o, L: h[5][1]),
    ],
)
def test_any_scalar_of_a_run_has_a_gradient(of: str, scalar: Scalar) -> None:
    found = elman().gradients(of).complete()
    for name, expected in by_torch(scalar).items():
        gradient = found[name][:, 0] if name == "x" else found[name]
        gradient = gradient[0] if name == "h[0]" else gradient
        assert gradient.shape == expected.shape, name
        assert torch.allclose(gradient, expected, atol=1e-12), name


def test_what_the_scalar_does_not_depend_on_has_the_gradient_zero() -> None:
    found = elman().gradients("L[3]").complete()
    assert set(found) == {"x", "y", "h", "o", "p", "L", "loss", "k", "γ", "h[0]", *FIXTURE}
    for name in ("p", "loss", "k"):
        assert not found[name].any()
    assert not found["h"][3:].any()
    assert found["h"][:3].all()
    assert found["L"].flatten().tolist() == [0, 0, 1, 0, 0]


def test_only_what_is_asked_for_is_computed() -> None:
    whole, few = elman().gradients().complete(), elman().gradients(variables=["o", "c"])
    found = few.complete()
    assert set(found) == {"o", "c"}
    assert torch.equal(found["o"], whole["o"])
    assert torch.equal(found["c"], whole["c"])
    without_scan = elman().gradients(variables=["L"])
    assert without_scan.complete()["L"].flatten().tolist() == [1] * 5


@pytest.mark.parametrize(
    ("of", "code", "words"),
    [
        ("h", "gradient-of", "loss, L[5], k[2], h[5][2], o[5][3], p[5][3]"),
        ("x[1][0]", "gradient-of", "loss"),
        ("W[0][0]", "gradient-of", "loss"),
        ("L", "gradient-of", "loss"),
        ("L[1][0]", "gradient-of", "loss"),
        ("L[t]", "gradient-of", "loss"),
        ("L[-1]", "gradient-of", "loss"),
        ("nothing", "gradient-of", "loss"),
        ("", "gradient-of", "loss"),
        ("L[6]", "gradient-outside", "Steps go from 1 to 5"),
        ("L[0]", "gradient-outside", "Steps go from 1 to 5"),
        ("L[end-5]", "gradient-outside", "Steps go from 1 to 5"),
        ("o[5][4]", "gradient-outside", "Units go from 0 to 3"),
    ],
)
def test_a_gradient_needs_a_scalar_and_the_error_names_those_there_are(
    of: str, code: str, words: str
) -> None:
    with pytest.raises(RunError) as caught:
        elman(gradient={"of": of})
    (problem,) = caught.value.errors
    assert (problem.pointer, problem.code) == ("/gradient/of", code)
    assert words in problem.hint("en")
    with pytest.raises(RunError):
        elman().gradients(of)


def test_the_cost_of_a_run_with_gradients_counts_both_and_is_known_before() -> None:
    class Stop(Exception):
        pass

    seen: list[Cost] = []

    def check(cost: Cost) -> None:
        seen.append(cost)
        raise Stop

    for gradient in (None, {"of": "loss"}, {"of": "loss", "variables": ["L"]}):
        with pytest.raises(Stop):
            prepare(parse(ELMAN), lengths={"time": 5}, gradient=gradient, check=check)
    alone, whole, few = seen
    assert 2 * alone.operations < whole.operations < 6 * alone.operations
    assert whole.bytes > 2 * alone.bytes
    assert alone.operations <= few.operations < 1.1 * alone.operations
    assert whole.critical_path > alone.critical_path
    assert prepare(parse(ELMAN), lengths={"time": 5}, gradient={"of": "loss"}).cost == whole


def test_what_the_forcing_cuts_out_has_the_gradient_zero() -> None:
    text = "for t in time:\n    h[t] = tanh(force(a, b) + cosine(a, a) * h[t-1])\nloss = sum(sum(h))\nh: 2\na: 2\nb: 2"
    run = prepare(parse(text), lengths={"time": 3}, forcing=1.0, dtype="float64")
    run.complete()
    found = run.gradients().complete()
    assert found["b"].tolist() == [0, 0]
    assert found["a"].all()


def test_a_product_of_parameters_alone_has_a_gradient() -> None:
    text = "for t in time:\n    h[t] = softplus(norm(α)) * t\nloss = sum(h)\nα: ()"
    run = prepare(parse(text), lengths={"time": 3}, parameters={"α": 2.0}, dtype="float64")
    run.complete()
    expected = 6 / (1 + torch.exp(torch.tensor(-2.0, dtype=torch.float64)))
    assert torch.allclose(run.gradients().complete()["α"], expected, atol=1e-12)


def test_the_diagonal_of_two_indices_hears_only_from_its_own_steps() -> None:
    text = (
        "for t in time:\n    for k in time:\n        a[t, k] = t * x[k]\n    d[t] = a[t, t] + 2 * a[t-1, t]\n"
        "loss = sum(d)\na: ()\nx: ()\n"
    )
    run = prepare(parse(text), lengths={"time": 3}, dtype="float64")
    run.complete()
    found = run.gradients().complete()
    assert found["a"][..., 0].tolist() == [[1, 2, 0], [0, 1, 2], [0, 0, 1]]
    assert found["x"][:, 0].tolist() == [1, 2 + 2, 3 + 2 * 2]
