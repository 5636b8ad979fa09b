"""What a scan leaves out, overwrites and joins: the same values and gradients as step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
import torch
from torch import Tensor

from engine.parity import assert_parity, random_inputs, random_parameters, run_both
from engine.test_any_gradient import check_gradients
from graph.grammar import Written
from unrolled.engine import Run, prepare, selections
from unrolled.engine.scan import tape_of
from unrolled.engine.selections import Selection
from unrolled.engine.tape import Call, Tape
from unrolled.language import parse

STEP = "x: 2\nh: 5\nfor t in time:\n    "
KNOWN = {
    "clocks": "P = [1, 1, 2, 2, 4]\n" + STEP + "h[t] = where(t % P == 0, tanh(b + W @ h[t-1] + U @ x[t]), h[t-1])\n",
    "clocks in pieces": "P = [1, 2, 3, 2, 1]\n" + STEP + "h[t] = where(t % P == 0, tanh(b + W @ h[t-1] + U @ x[t]), h[t-1])\n",
    "clocks the other way round": "P = [1, 1, 2, 2, 4]\n" + STEP + "h[t] = where(t % P, h[t-1], tanh(b + W @ h[t-1] + U @ x[t]))\n",
    "a clock for all units": STEP + "h[t] = where(t % 3 == 0, tanh(b + W @ h[t-1] + U @ x[t]), h[t-1])\n",
    "both sides computed": "P = [2, 2, 2, 1, 1]\n" + STEP + "h[t] = where(t % P == 0, tanh(b + W @ h[t-1] + U @ x[t]), 0.5 * h[t-1] - tanh(V @ h[t-2]))\n",
    "a number on one side": "P = [1, 1, 2, 2, 4]\n" + STEP + "h[t] = where(t % P == 0, tanh(b + W @ h[t-1] + U @ x[t]), 0.25)\n",
    "the taken side mixes": "P = [1, 1, 2, 2, 4]\n" + STEP + "h[t] = where(t % P == 0, a * h[t-1] + (1 - a) * tanh(b + W @ h[t-1] + U @ x[t]), h[t-1])\n",
    "the sum is taken": "P = [1, 1, 2, 2, 4]\n" + STEP + "h[t] = where(t % P == 0, b + W @ h[t-1] + U @ x[t] - V @ h[t-2], 0.9 * h[t-1])\n",
    "another reads what is left out": "P = [1, 1, 2, 2, 4]\ng: 5\n" + STEP
    + "g[t] = tanh(b + W @ h[t-1] + U @ x[t])\n    h[t] = where(t % P == 0, g[t], h[t-1])\n",
    "a stack beside it": "P = [1, 1, 2, 2, 4]\ng: 5\n" + STEP
    + "g[t] = sigmoid(c + V @ h[t-1])\n    h[t] = where(t % P == 0, g[t] * tanh(b + W @ h[t-1] + U @ x[t]), h[t-1])\n",
    "one where in another": "P = [1, 1, 2, 2, 4]\n" + STEP
    + "h[t] = where(t % P == 0, where(t > 2, tanh(W @ h[t-1] + U @ x[t]), h[t-1]), 0.5 * h[t-1])\n",
    "backwards": "P = [1, 1, 2, 2, 4]\n" + STEP + "h[t] = where(t % P == 0, tanh(b + W @ h[t+1] + U @ x[t]), h[t+1])\n",
    "a clock of a matrix": "x: 2\nM: (2, 2)\nfor t in time:\n    M[t] = where(t % 2 == 0, tanh(M[t-1] + outer(x[t], x[t])), M[t-1])\n",
}  # fmt: skip
SUMS = {
    "the hoisted sum is read twice": "x: 2\nh: 3\ng: 3\nfor t in time:\n"
    "    h[t] = tanh(U @ x[t] + W @ h[t-1])\n    g[t] = tanh(U @ x[t] - V @ g[t-1])\n",
    "only a bias is hoisted": "h: 3\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1])\n",
    "an input is added": "x: 3\nh: 3\nfor t in time:\n    h[t] = tanh(x[t] + W @ h[t-1])\no = h[end] * x[1]\n",
    "a variable is added": "x: 2\nz: 3\nh: 3\nfor t in time:\n    z[t] = U @ x[t]\n    h[t] = tanh(z[t] + W @ h[t-1])\n",
    "a state without a function": "x: 2\nh: 3\nfor t in time:\n    h[t] = b + U @ x[t] + W @ h[t-1] - V @ h[t-2]\n",
    "numbers that make one": "x: 2\nh: 3\nfor t in time:\n    h[t] = 0.9 * h[t-1] + 0.1 * tanh(W @ h[t-1] + U @ x[t])\n",
    "numbers that do not": "x: 2\nh: 3\nfor t in time:\n    h[t] = 0.9 * h[t-1] + 0.2 * tanh(W @ h[t-1] + U @ x[t])\n",
    "numbers beyond one": "x: 2\nh: 3\nfor t in time:\n    h[t] = 1.5 * tanh(h[t-1]) + -0.5 * tanh(W @ h[t-1] + U @ x[t])\n",
    "a rate for each unit": "x: 2\nh: 3\nr: 3\nfor t in time:\n"
    "    h[t] = r * h[t-1] + (1 - r) * tanh(p * h[t-1] + W @ h[t-1] + U @ x[t])\np: 3\n",
    "a gate for all units": "x: 2\nh: 3\ng: ()\nv: 3\nfor t in time:\n    g[t] = sigmoid(v @ h[t-1])\n"
    "    h[t] = g[t] * h[t-1] + (1 - g[t]) * tanh(W @ h[t-1] + U @ x[t])\n",
}  # fmt: skip
ATTENTION = """\
x: 2
z: 3
d: 4
c: 3
v: 4
for t in time:
    for s in source:
        e[t, s] = v @ tanh(W_a @ d[t-1] + U_a @ z[s])
        a[t, s] = softmax(e[t, s], s)
    c[t] = sum(a[t, s] * z[s], s)
    d[t] = tanh(b + W @ d[t-1] + C @ c[t] + U @ x[t])
"""
SWEEPS = {
    "attention": ATTENTION,
    "scores are looked at beyond": ATTENTION + "o = e[1, end+1] + a[end, 0]\n",
    "scores as a dot product": ATTENTION.replace("v @ tanh(W_a @ d[t-1] + U_a @ z[s])", "v @ d[t-1] + d[t-1] @ (U_a @ z[s])"),
    "what is weighted changes": ATTENTION.replace("a[t, s] * z[s]", "a[t, s] * (mean(d[t-1]) * z[s])"),
    "means": ATTENTION.replace("sum(a[t, s] * z[s], s)", "mean(a[t, s] * z[s], s)"),
    "a softmax of units": "x: 3\nh: 3\nfor t in time:\n    h[t] = softmax(W @ h[t-1] + x[t]) * sum(h[t-1]) + mean(x[t] * h[t-1])\n",
}  # fmt: skip
TEXTS = {**KNOWN, **SUMS, **SWEEPS}


@pytest.fixture(params=["narrowed", "whole"])
def least(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if small tensors were worth narrowing, and as it is."""
    if request.param == "narrowed":
        monkeypatch.setattr(selections, "LEAST_NUMBERS", 0)


@pytest.mark.usefixtures("least")
@pytest.mark.parametrize("chunks", [(9,), (1, 2, 4), (3,)])
@pytest.mark.parametrize("name", TEXTS)
def test_values_equal_the_interpreters(name: str, chunks: Sequence[int]) -> None:
    recurrence = parse(TEXTS[name])
    lengths = {domain: 9 if domain == "time" else 4 for domain in recurrence.domains}
    assert_parity(*run_both(recurrence, lengths, chunks=chunks))


@pytest.mark.usefixtures("least")
@pytest.mark.parametrize("name", TEXTS)
def test_gradients_equal_those_of_autograd(name: str) -> None:
    recurrence = parse(TEXTS[name])
    lengths = {domain: 7 if domain == "time" else 3 for domain in recurrence.domains}
    check_gradients(Written(TEXTS[name], lengths, forcing=1), recurrence)


@pytest.mark.usefixtures("least")
@pytest.mark.parametrize("name", TEXTS)
def test_a_replayed_batch_equals_its_sequences(name: str) -> None:
    recurrence = parse(TEXTS[name])
    lengths = {domain: 9 if domain == "time" else 4 for domain in recurrence.domains}
    for seed in range(4):
        parameters = random_parameters(recurrence, seed)
        inputs = [random_inputs(recurrence, lengths, seed + 10 * one) for one in range(3)]

        def run(inputs: Mapping[str, Tensor], batch: int) -> dict[str, Tensor]:
            own = {"inputs": inputs, "parameters": parameters, "batch": batch}  # noqa: B023
            return prepare(recurrence, lengths=lengths, **own, dtype="float64").complete()

        steps = {one: len(recurrence.variables[one].domains) for one in recurrence.variables}
        joint = {
            one: torch.stack([each[one] for each in inputs], dim=steps[one]) for one in inputs[0]
        }
        found = run(joint, 3)
        for place, each in enumerate(inputs):
            alone = run(each, 1)
            for key, count in steps.items():
                have, want = found[key].select(count, place), alone[key].select(count, 0)
                assert (have - want).abs().max() <= 1e-12, key


def tape_and_run(text: str, **lengths: int) -> tuple[Tape, Run]:
    """The tape of a text's only scan, and the run that it is bound to."""
    recurrence = parse(text)
    run = prepare(recurrence, lengths=lengths, inputs=random_inputs(recurrence, lengths))
    (scan,) = run.plan.scans()
    run.complete()
    session = run._session
    tape = tape_of(session.values, scan, session.plan.readers, 1.0)
    assert tape is not None
    return tape, run


@pytest.mark.parametrize(
    ("name", "numbers"), [("clocks", [2, 4, 2, 5]), ("a clock for all units", [0, 0, 5, 0])]
)
def test_only_units_that_are_taken_are_computed(
    name: str, numbers: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "LEAST_NUMBERS", 0)
    tape, _ = tape_and_run(KNOWN[name], time=4)
    (selection,) = tape.calls
    assert isinstance(selection, Selection)
    for calls, units in zip(selection.bind({"t": (1, 4)}), numbers, strict=True):
        computed = [one for one in calls if one.func is torch.tanh]  # type: ignore[attr-defined]
        assert sum(one.keywords["out"].numel() for one in computed) == units  # type: ignore[attr-defined]


def test_nothing_is_left_out_that_another_reads() -> None:
    tape, _ = tape_and_run(KNOWN["another reads what is left out"], time=4)
    functions = [one.function for one in tape.calls if isinstance(one, Call)]
    assert torch.tanh in functions


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        (ATTENTION, "mm addmm add tanh mv softmax mm addmm tanh"),
        (SUMS["numbers that make one"], "addmm tanh lerp"),
        (SUMS["a rate for each unit"], "addcmul addmm tanh lerp"),
    ],
)
def test_a_step_takes_few_calls(text: str, functions: str) -> None:
    tape, _ = tape_and_run(text, **dict.fromkeys(parse(text).domains, 4))
    calls = [one for one in tape.calls if isinstance(one, Call)]
    names = [getattr(one.function, "func", one.function).__name__ for one in calls]
    assert len(calls) == len(tape.calls)
    assert sorted(names) == sorted(functions.split())


def test_a_state_that_is_handed_out_is_not_added_to_by_the_next_run() -> None:
    recurrence = parse("x: 2\nh: 3\nfor t in time:\n    h[t] = tanh(b + U @ x[t] + W @ h[t-1])\n")
    x = torch.randn(6, 2)
    runs = [prepare(recurrence, inputs={"x": x}).complete()["h"] for _ in range(5)]
    assert all(torch.equal(one, runs[0]) for one in runs)
    assert torch.equal(x, prepare(recurrence, inputs={"x": x}).complete()["x"][:, 0])
