"""The backward pass: golden numbers, finite differences for everything, order and chunks."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from catalogue.small import small_catalogue
from golden.fixture import GOLDEN, U, V, W, X, Y, b, c, h0
from unrolled.engine import Run, prepare
from unrolled.language import Recurrence, parse

ELMAN = """
x: 2
h: 3
y: 4
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    o[t] = c + V @ h[t]
    L[t] = cross_entropy(o[t], y[t])
loss = sum(L)
"""
FIXTURE: dict[str, Any] = {"U": U, "W": W, "V": V, "b": b, "c": c}
STEP = 1e-6


def run_of(recurrence: Recurrence, **options: Any) -> Run:
    run = prepare(recurrence, dtype="float64", **options)
    run.complete()
    return run


def elman() -> Run:
    return run_of(parse(ELMAN), inputs={"x": X, "y": Y}, parameters=FIXTURE, boundary={"h": h0})


def test_back_propagation_through_time_reaches_the_golden_numbers() -> None:
    found = elman().gradients().complete()
    reference = GOLDEN["rnn_h2h"]
    norms = found["h"].norm(dim=-1).flatten()
    assert norms.tolist() == pytest.approx(reference["nabla_h_norms"], abs=1e-9)
    assert found["W"].flatten().tolist() == pytest.approx(
        [number for row in reference["grad_W"] for number in row], abs=1e-9
    )
    for name, norm in reference["grad_norm"].items():
        if name in FIXTURE:
            assert found[name].norm().item() == pytest.approx(norm, abs=1e-9)
    assert found["o"].sum(-1).abs().max().item() < 1e-15  # each softmax sums to one


def test_one_loss_at_the_end_sends_its_gradient_through_every_step() -> None:
    text = ELMAN.replace("    o[t] = c + V @ h[t]\n    L[t] = cross_entropy(o[t], y[t])\n", "")
    text = text.replace("loss = sum(L)", "o = c + V @ h[end]\nloss = cross_entropy(o, y)")
    run = run_of(parse(text), inputs={"x": X, "y": Y[-1]}, parameters=FIXTURE, boundary={"h": h0})
    norms = run.gradients().complete()["h"].norm(dim=-1).flatten().flip(0)
    reference = GOLDEN["rnn_single"]["nabla_h_norm_t5_to_1"]
    assert norms.tolist() == pytest.approx(reference, abs=1e-9)


CATALOGUE = small_catalogue()
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "a boundary value of many steps, read at one": (
        "α: ()\nβ: ()\nx: ()\nh: ()\nfor i in rows:\n    for j in columns:\n        h[i, j] = tanh(h[i-1, 2] + x[i])\n"
        "        g[i, j] = h[i, 1] * g[i-1, j] + β * g[i-1, end]\nh[0, j] = α * j\ng[0, j] = β + j\n"
        "loss = sum(sum(h[i, j] * g[i, j], i), j)\ng: ()\n",
        {"rows": 3, "columns": 4},
    ),
    "two directions": (
        "x: 2\nh: 3\ng: 3\no: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t])\n"
        "    g[t] = tanh(W_g @ g[t+1] + U_g @ x[t])\n    o[t] = V @ h[t] + V_g @ g[t]\n"
        "    L[t] = squared_error(o[t], y[t])\nloss = sum(L)\n",
        {"time": 4},
    ),
    "attention": (
        "x: 2\nh: 3\nd: 3\ny: 4\nv: 2\nfor s in source:\n    h[s] = tanh(W @ h[s-1] + U @ x[s])\n"
        "d[0] = tanh(D @ h[1])\nfor t in target:\n    for s in source:\n"
        "        e[t, s] = v @ tanh(W_a @ d[t-1] + U_a @ h[s])\n        a[t, s] = softmax(e[t, s], s)\n"
        "    k[t] = sum(a[t, s] * h[s], s)\n    d[t] = tanh(W_d @ d[t-1] + R @ y[t-1] + C @ k[t])\n"
        "    L[t] = cross_entropy(V @ d[t] + V_c @ h[end], y[t])\nloss = sum(L)\n",
        {"source": 4, "target": 3},
    ),
    "a matrix as state": (
        "M: (4, 3)\nx: 2\nh: 3\ny: 3\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t] + R @ r[t-1])\n"
        "    w[t] = softmax((1 + softplus(v @ h[t])) * cosine(tanh(W_k @ h[t]), M[t-1]))\n"
        "    r[t] = w[t] @ M[t-1]\n"
        "    M[t] = M[t-1] * (1 - outer(w[t], sigmoid(W_e @ h[t]))) + outer(w[t], tanh(W_a @ h[t]))\n"
        "    L[t] = squared_error(r[t], y[t])\nloss = sum(L) + 0.1 * norm(M[end])\n",
        {"time": 4},
    ),
    "clocks and skips": (
        "x: 2\nh: 3\ny: 3\nP = [1, 2, 3]\nfor t in time:\n"
        "    h[t] = where(t % P == 0, tanh(b + W @ h[t-1] + W_d @ h[t-3] + U @ x[t]), h[t-1])\n"
        "    L[t] = squared_error(h[t], y[t])\nloss = mean(L)\n",
        {"time": 7},
    ),
    "two indices": (
        "x: 2\ne: 3\nfor t in rows:\n    for s in columns:\n"
        "        e[t, s] = tanh(A @ e[t-1, s] + B @ e[t, s-1] + U @ x[t, s])\nloss = norm(e[end, end])\n",
        {"rows": 3, "columns": 4},
    ),
}  # fmt: skip


def last_number(recurrence: Recurrence) -> tuple[str, str]:
    """A scalar to differentiate: the loss, or else unit 0 of the last variable at its last step."""
    if "loss" in recurrence.variables:
        return "loss", "loss"
    last = recurrence.variables[recurrence.equations[-1].variable]
    places = [*("end" for _ in last.domains), *(0 for _ in last.shape)]
    return last.name, last.name + "".join(f"[{place}]" for place in places)


def last_value(run: Run, name: str) -> float:
    """A variable's unit 0 at its last step."""
    variable = run.recurrence.variables[name]
    value = run.values[name][(-1,) * len(variable.domains)][0]
    return value[(0,) * len(variable.shape)].item()


def differences(
    recurrence: Recurrence, options: dict[str, Any], of: tuple[str, str] = ("loss", "loss")
) -> float:
    """The largest distance of a parameter's gradient from its finite difference.

    What lies before a spike is left out: its gradient is a substitute, and no difference shows it.
    """
    run = run_of(recurrence, **options)
    found = run.gradients(of[1]).complete()
    is_spiking = any(
        term.function == "spike" for one in recurrence.equations for term in one.term.walk()
    )
    worst = 0.0
    for name, values in run.parameters.items():
        if is_spiking and name not in ("V", "c"):
            continue
        flat = values.flatten()
        for place in range(0, flat.numel(), max(1, flat.numel() // 3)):
            ends: list[float] = []
            for sign in (1, -1):
                moved = flat.clone()
                moved[place] += sign * STEP
                changed = {**run.parameters, name: moved.reshape(values.shape)}
                moved_run = run_of(recurrence, **{**options, "parameters": changed})
                ends.append(last_value(moved_run, of[0]))
            slope = (ends[0] - ends[1]) / (2 * STEP)
            worst = max(worst, abs(slope - found[name].flatten()[place].item()))
    return worst


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_catalogue_agrees_with_finite_differences(name: str) -> None:
    recurrence = parse(*CATALOGUE[name])
    lengths = dict(zip(recurrence.domains, (6, 4, 3), strict=False))
    assert differences(recurrence, {"lengths": lengths}, last_number(recurrence)) < 1e-6


@pytest.mark.parametrize("name", OTHERS)
def test_other_constructs_agree_with_finite_differences(name: str) -> None:
    text, lengths = OTHERS[name]
    assert differences(parse(text), {"lengths": lengths}) < 1e-6


def test_inputs_and_gates_have_gradients_equal_to_torchs_own() -> None:
    run = elman()
    x = torch.tensor(X, dtype=torch.float64, requires_grad=True)
    p = {name: torch.tensor(value, dtype=torch.float64) for name, value in FIXTURE.items()}
    h = torch.tensor(h0, dtype=torch.float64)
    loss = torch.zeros((), dtype=torch.float64)
    for step in range(len(X)):
        h = torch.tanh(p["b"] + p["W"] @ h + p["U"] @ x[step])
        logits = p["c"] + p["V"] @ h
        loss = loss - torch.log_softmax(logits, 0)[Y[step]]
    (expected,) = torch.autograd.grad(loss, x)
    assert torch.allclose(run.gradients().complete()["x"][:, 0], expected, atol=1e-12)


def test_the_gradient_comes_from_the_last_step_to_the_first_whatever_the_chunks() -> None:
    whole = elman().gradients().complete()
    seen: list[tuple[int, int]] = []
    pieces: dict[int, torch.Tensor] = {}
    for chunk in elman().gradients().chunks((1, 2)):
        if "h" in chunk.values:
            seen.append((chunk.first, chunk.last))
            for offset, row in enumerate(chunk.values["h"]):
                pieces[chunk.first + offset] = row.clone()
    assert seen == [(5, 5), (3, 4), (1, 2)]
    joined = torch.stack([pieces[step] for step in range(1, 6)])
    assert torch.allclose(joined, whole["h"], atol=1e-15)


def test_a_variable_that_runs_along_its_inner_index_is_sent_whole() -> None:
    text = (
        "h: 2\ng: 2\nfor t in time:\n    for s in source:\n        g[t, s] = tanh(W @ h[s-1, t])\n"
        "for s in source:\n    for t in time:\n        h[s, t] = tanh(g[t, s] + b)\nloss = sum(sum(h))\n"
    )
    lengths = {"time": 3, "source": 4}
    run = run_of(parse(text), lengths=lengths)
    names = [(one.domain, set(one.values)) for one in run.gradients().chunks((2,))]
    assert ("time", {"g"}) in names
    assert ("source", {"h"}) in names
    assert differences(parse(text), {"lengths": lengths}) < 1e-6


def test_the_gradient_through_a_softmax_over_steps_streams() -> None:
    text = (
        "x: 3\nfor t in time:\n    a[t] = softmax(x[t] * t, t)\nloss = sum(sum(a[t] * x[t], t))\n"
    )
    run = prepare(parse(text), lengths={"time": 5}, dtype="float64")
    run.complete()
    whole = run.gradients("loss").complete()["x"]
    rows = [one.values["x"] for one in run.gradients("loss").chunks((1,)) if "x" in one.values]
    assert torch.equal(torch.cat(rows).sort(0)[0], whole.sort(0)[0])


def test_a_boundary_value_that_a_short_run_does_not_reach_has_the_gradient_zero() -> None:
    """Its equation widens a scalar to a matrix; at length 1 nothing reads h[0]."""
    text = "W: (2, 3)\nh: (2, 3)\nb: ()\nfor t in time:\n    g[t] = h[t-2]\n    h[t] = W\nh[0] = b\nloss = sum(sum(g)) + sum(sum(h))\n"
    for steps, slope in ((1, 0), (3, 6)):
        run = prepare(parse(text), lengths={"time": steps}, dtype="float64")
        run.complete()
        assert float(run.gradients("loss").complete()["b"]) == slope
