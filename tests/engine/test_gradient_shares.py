"""Gradients taken apart: boundary values, what every reader sends back, what every step adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from catalogue.small import small_catalogue
from engine.test_gradients import ELMAN, FIXTURE, OTHERS, last_number
from golden.fixture import V, W, X, Y, h0
from unrolled.engine import Run, prepare
from unrolled.language import parse

CATALOGUE = small_catalogue()
MORE: dict[str, tuple[str, dict[str, Any]]] = {
    **OTHERS,
    "two uses, once and at every step": (
        "x: 2\nh: 3\nh[0] = tanh(U @ z)\nz: input(2)\nfor t in time:\n"
        "    h[t] = tanh((K * W) @ h[t-1] + U @ x[t] + α * b)\nK = [[1, 0, 1], [1, 1, 1], [0, 1, 1]]\n"
        "loss = norm(h[end] + b)\nα = slider(0.5, 0, 1)\n",
        {"time": 4},
    ),
    "a parameter turned around": (
        "x: 2\nh: 3\nz: input(4)\nR: (4, 3)\nfor t in time:\n"
        "    h[t] = tanh(transpose(R) @ z + W @ h[t-1] + x[t] @ v)\nloss = norm(h[end]) + norm(transpose(R) @ z)\n",
        {"time": 3},
    ),
    "one product for several gates": (
        "x: 2\nh: 3\nfor t in time:\n    f[t] = sigmoid(W @ h[t-1] + x[t] @ v)\n"
        "    g[t] = tanh(W @ h[t-1] - U @ x[t])\n    h[t] = f[t] * h[t-1] + (1 - f[t]) * g[t]\n"
        "loss = sum(h[end] * h[1])\n",
        {"time": 5},
    ),
    "one domain, two indices": (
        "x: 2\nfor t in time:\n    for k in time:\n        e[t, k] = (Q @ x[t]) @ (R @ x[k])\n"
        "        a[t, k] = softmax(e[t, k], k)\n    h[t] = sum(a[t, k] * (V @ x[k]), k)\n"
        "    L[t] = norm(h[t] + R @ x[t])\nloss = sum(L)\nQ: (3, 2)\nR: (3, 2)\nh: 3\n",
        {"time": 4},
    ),
}  # fmt: skip


def computed(
    text: str, lengths: Mapping[str, int], sizes: dict[str, int] | None = None, **options: Any
) -> Run:
    run = prepare(parse(text, sizes), lengths=lengths, dtype="float64", **options)
    run.complete()
    return run


def elman() -> Run:
    options = {"inputs": {"x": X, "y": Y}, "parameters": FIXTURE, "boundary": {"h": h0}}
    return computed(ELMAN, {}, **options)


def check_contributions(run: Run, of: str = "loss") -> int:
    """The shares of every parameter add up to its gradient; how many parameters have shares."""
    found = run.gradients(of, contributions=True).complete()
    count = 0
    for name in (*run.recurrence.parameters, *run.recurrence.settings):
        shares = [value for key, value in found.items() if key.startswith(f"{name}/")]
        if not shares:
            continue
        rank = found[name].dim()
        total = sum(
            (
                one.sum(tuple(range(one.dim() - rank))) if one.dim() > rank else one
                for one in shares
            ),
            torch.zeros(()),
        )
        assert (total - found[name]).abs().max() <= 1e-12 * (1 + found[name].abs().max()), name
        count += 1
    return count


def check_parts(run: Run, of: str = "loss") -> int:
    """What the readers of every variable send adds up to its gradient; how many parts there are."""
    found = run.gradients(of, parts=True).complete()
    count = 0
    for name in run.recurrence.variables:
        sent = [value for key, value in found.items() if key.startswith(f"{name}/")]
        count += len(sent)
        if name != of.split("[")[0]:
            total = sum(sent, torch.zeros(()))
            assert (total - found[name]).abs().max() <= 1e-12 * (1 + found[name].abs().max()), name
    return count


@pytest.mark.parametrize("name", CATALOGUE)
def test_shares_add_up_over_the_catalogue(name: str) -> None:
    text, sizes = CATALOGUE[name]
    recurrence = parse(text, sizes)
    lengths = dict(zip(recurrence.domains, (6, 4, 3), strict=False))
    of = last_number(recurrence)[1]
    run = computed(text, lengths, sizes=sizes)
    count = check_contributions(run, of) + check_parts(run, of)
    assert count >= 1


@pytest.mark.parametrize("name", MORE)
def test_shares_add_up_in_other_constructs(name: str) -> None:
    text, lengths = MORE[name]
    assert check_contributions(computed(text, lengths)) >= 1
    assert check_parts(computed(text, lengths)) >= 2


def test_what_a_step_adds_is_the_gradient_of_the_copy_used_at_that_step() -> None:
    """Equations 10.22 to 10.28, each before its sum over t."""
    found = elman().gradients(contributions=True).complete()
    values = elman_values = elman().values
    h = elman_values["h"][:, 0]
    before = torch.cat([torch.tensor(h0, dtype=torch.float64).unsqueeze(0), h[:-1]])
    slope = (1 - h.square()) * found["h"][:, 0]
    expected = {
        "c": found["o"][:, 0],
        "b": slope,
        "V": found["o"][:, 0].unsqueeze(-1) * h.unsqueeze(-2),
        "W": slope.unsqueeze(-1) * before.unsqueeze(-2),
        "U": slope.unsqueeze(-1) * values["x"][:, 0].unsqueeze(-2),
    }
    for name, copies in expected.items():
        assert torch.allclose(found[f"{name}/time"][:, 0], copies, atol=1e-15), name
        assert torch.allclose(found[name], copies.sum(0), atol=1e-14), name


def test_a_state_hears_from_its_output_and_from_the_next_state() -> None:
    """The two summands of equation 10.21."""
    found = elman().gradients(parts=True).complete()
    h = elman().values["h"][:, 0]
    V_, W_ = torch.tensor(V, dtype=torch.float64), torch.tensor(W, dtype=torch.float64)
    assert torch.allclose(found["h/o"][:, 0], found["o"][:, 0] @ V_, atol=1e-15)
    later = ((1 - h.square()) * found["h"][:, 0]) @ W_
    assert torch.allclose(found["h/h"][:-1, 0], later[1:], atol=1e-15)
    assert not found["h/h"][-1].any()
    assert torch.allclose(found["h[0]"][0], later[0], atol=1e-15)
    assert {key for key in found if "/" in key} == {"h/o", "h/h", "o/L", "x/h", "y/L", "L/loss"}


def test_one_product_for_two_gates_is_heard_from_each_apart() -> None:
    text, lengths = MORE["one product for several gates"]
    found = computed(text, lengths).gradients(parts=True).complete()
    assert {key for key in found if key.startswith("h/")} == {"h/f", "h/g", "h/h", "h/loss"}
    apart = computed(text.replace("tanh(W", "tanh(W_2"), lengths, parameters={"W": W, "W_2": W})
    same = computed(text, lengths, parameters={"W": W})
    expected = apart.gradients(parts=True).complete()
    for key, value in same.gradients(parts=True).complete().items():
        if key.startswith("h/"):
            assert torch.allclose(value, expected[key], atol=1e-14), key


def test_boundary_values_have_gradients_whether_given_computed_or_neither() -> None:
    text = "h: 2\nx: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + V @ h[t-2] + x[t+1])\nloss = norm(h[end])\n"
    rule = "h[0] = tanh(q)\n"
    given = {"h": {"0": [0.3, -0.2], "-1": [0.1, 0.4]}, "x": {"end+1": [0.5, 0.6]}}
    run = computed(text, {"time": 4}, boundary=given)
    found = run.gradients().complete()
    assert {"h[0]", "h[-1]", "x[end+1]"} < set(found)
    for name, places in given.items():
        for place, start in places.items():
            for unit in range(2):
                moved: list[float] = []
                for step in (1e-6, -1e-6):
                    value = [one + step * (number == unit) for number, one in enumerate(start)]
                    boundary = {**given, name: {**places, place: value}}
                    again = computed(text, {"time": 4}, boundary=boundary)
                    moved.append(again.values["loss"].item())
                slope = (moved[0] - moved[1]) / 2e-6
                assert found[f"{name}[{place}]"][0, unit].item() == pytest.approx(slope, abs=1e-8)
    free = computed(rule + text, {"time": 4}, parameters={"q": [0.2, 0.3]})
    gradients = free.gradients().complete()
    state = torch.tanh(torch.tensor([0.2, 0.3], dtype=torch.float64))
    assert torch.allclose(gradients["q"], gradients["h[0]"][0] * (1 - state.square()), atol=1e-15)
    assert gradients["q"].any()
    held = computed(rule + text, {"time": 4}, boundary={"h": [0.3, -0.2]})
    assert not held.gradients().complete()["q"].any()
    assert held.gradient("h[0]").any()


def test_shares_are_counted_before_a_run() -> None:
    def bytes_of(**more: bool) -> int:
        gradient = {"of": "loss", **more}
        return prepare(parse(ELMAN), lengths={"time": 100}, gradient=gradient).cost.bytes

    numbers = 34
    assert bytes_of(contributions=True) - bytes_of() == 4 * 100 * numbers
    assert bytes_of(parts=True) - bytes_of() >= 4 * 100 * (3 + 3 + 4)


def test_shares_come_in_chunks_with_the_steps() -> None:
    chunks = list(elman().gradients(parts=True, contributions=True).chunks((2,)))
    seen = [(one.first, one.last) for one in chunks if "W/time" in one.values]
    assert seen == [(4, 5), (2, 3), (1, 1)]
    assert [(one.first, one.last) for one in chunks if "h/h" in one.values] == seen
    assert "h[0]" in chunks[-1].values
