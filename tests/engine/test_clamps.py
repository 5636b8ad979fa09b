"""What is held is read by everyone; what is not computed has no gradient."""

from __future__ import annotations

import pytest
import torch

from unrolled.engine import prepare
from unrolled.graph import describe, schedule
from unrolled.language import parse

LSTM = """x: 2
h: 3
for t in time:
    f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1])
    g[t] = sigmoid(b_g + U_g @ x[t] + W_g @ h[t-1])
    s[t] = f[t] * s[t-1] + g[t] * tanh(b + U @ x[t] + W @ h[t-1])
    h[t] = tanh(s[t])
    n[t] = norm(h[t])
loss = sum(n)
"""
ATTENTION = """h: 3
v: 4
for s in source:
    h[s] = tanh(U @ x[s])
for t in target:
    for s in source:
        e[t, s] = v @ tanh(W @ d[t-1] + Q @ h[s])
        a[t, s] = softmax(e[t, s], s)
    d[t] = sum(a[t, s] * h[s], s)
loss = sum(norm(d[t]), t)
x: 2
"""
X = {"x": torch.randn(6, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))}


def run(text: str, **options: object) -> dict[str, torch.Tensor]:
    options = {"inputs": X, "dtype": "float64", "batch": 2, **options}
    return prepare(parse(text), **options).complete()  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0.0, 1.0, 0.25])
def test_a_variable_held_whole_is_the_text_with_that_equation(value: float) -> None:
    held = run(LSTM, clamp=[{"variable": "f", "value": value}])
    line = "    f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1])"
    other = LSTM.replace(line, f"    f[t] = {value}").replace("for t", "f: 3\nfor t", 1)
    written = run(other)
    for name in ("f", "g", "s", "h", "loss"):
        torch.testing.assert_close(held[name], written[name], rtol=0, atol=1e-15)


def test_no_edge_leads_into_what_is_held_whole_and_it_needs_no_loop() -> None:
    recurrence = parse(LSTM)
    edges = describe(recurrence, held=["f"])["graph"]["edges"]
    assert {edge["target"] for edge in edges if edge["cut"]} == {"f"}
    assert all(edge["cut"] for edge in edges if edge["target"] == "f")
    kinds = [one.kind for one in schedule(recurrence, 1.0, {"h": True}).components]
    assert "scan" in kinds  # s still carries itself on
    both = schedule(recurrence, 1.0, {"h": True, "s": True})
    assert {one.kind for one in both.components} == {"map"}


def test_steps_and_units_are_those_that_were_named() -> None:
    free = run(LSTM)
    held = run(LSTM, clamp=[{"variable": "s", "steps": [3, 4], "units": [0, 2], "value": [2, -1]}])
    torch.testing.assert_close(held["s"][:2], free["s"][:2], rtol=0, atol=0)
    assert (held["s"][2:4, :, 0] == 2).all()
    assert (held["s"][2:4, :, 2] == -1).all()
    torch.testing.assert_close(held["s"][2, :, 1], free["s"][2, :, 1], rtol=0, atol=0)
    torch.testing.assert_close(held["h"], held["s"].tanh(), rtol=0, atol=1e-15)
    assert (held["s"][3, :, 1] != free["s"][3, :, 1]).all()


def test_the_last_of_two_holds_wins_where_they_meet() -> None:
    both = [{"variable": "f", "value": 0}, {"variable": "f", "steps": [2, 2], "value": 1}]
    held = run(LSTM, clamp=both)["f"]
    assert held[:, 0, 0].tolist() == [0, 1, 0, 0, 0, 0]


def test_an_attention_weight_is_forced() -> None:
    one = {"variable": "a", "steps": {"target": [2, 2]}, "value": 0}
    other = {"variable": "a", "steps": {"target": [2, 2], "source": [5, 5]}, "value": 1}
    held = run(ATTENTION, clamp=[one, other], lengths={"target": 3})
    torch.testing.assert_close(held["d"][1], held["h"][4], rtol=0, atol=1e-15)
    assert held["a"].shape == (3, 6, 2)


@pytest.mark.parametrize(
    "clamp",
    [
        [{"variable": "f", "value": 0.5}],
        [{"variable": "s", "steps": [2, 3], "units": [1], "value": 0.3}],
        [{"variable": "h", "steps": [4, 4], "value": [0.1, 0.2, 0.3]}],
    ],
)
def test_gradients_do_not_pass_what_is_held(clamp: list[dict[str, object]]) -> None:
    recurrence = parse(LSTM)
    drawn = prepare(recurrence, inputs=X, dtype="float64", batch=2).parameters

    def loss(parameters: dict[str, torch.Tensor]) -> float:
        return float(run(LSTM, clamp=clamp, parameters=parameters)["loss"].sum())

    held = prepare(recurrence, inputs=X, dtype="float64", batch=2, clamp=clamp, parameters=drawn)
    held.complete()
    found = held.gradients("loss").complete()
    for name, value in drawn.items():
        direction = torch.randn(
            value.shape, dtype=value.dtype, generator=torch.Generator().manual_seed(2)
        )
        ahead, behind = ({**drawn, name: value + step * direction} for step in (1e-6, -1e-6))
        slope = (loss(ahead) - loss(behind)) / 2e-6
        assert float((found[name] * direction).sum()) == pytest.approx(slope, abs=1e-7), name


def test_the_next_run_of_a_text_holds_its_own_values() -> None:
    for value in (0.0, 0.5, 1.0, 0.25):
        clamp = [{"variable": "f", "steps": [2, 6], "value": value}]
        assert (run(LSTM, clamp=clamp)["f"][1:] == value).all()


def test_no_jacobian_passes_a_state_that_is_held() -> None:
    def beyond(clamp: list[dict[str, object]]) -> float:
        run = prepare(parse(LSTM), inputs=X, dtype="float64", batch=2, clamp=clamp)
        run.complete()
        return float(run.jacobians("h", "x").map().norms[3:, :3].max())

    held = {"variable": "s", "steps": [3, 3], "value": 0.5}
    assert beyond([held]) == 0
    assert beyond([{**held, "units": [0, 1]}]) > 0
    assert beyond([]) > 0
