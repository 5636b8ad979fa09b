"""Runs of one size share their room; no run sees what another was given or found."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from engine.parity import assert_parity, random_inputs, random_parameters, run_both
from language.examples import EXAMPLES
from unrolled.engine import Run, prepare
from unrolled.language import parse

TEXTS = {
    **{name: (one.text, one.sizes) for name, one in EXAMPLES.items() if name != "tree"},
    "two dimensions": (
        "h: 3\nx: 2\nfor i in rows:\n    for j in columns:\n"
        "        h[i, j] = tanh(b + W @ h[i-1, j] + V @ h[i, j-1] + U @ x[i, j])\no = h[end, end]\n",
        {},
    ),
    "computed boundary": ("h: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1])\nh[0] = k * b\n", {}),
}
STEPS = {"time": 5, "source": 4, "target": 3, "rows": 3, "columns": 4}


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", TEXTS)
def test_a_replayed_run_equals_the_interpreter(name: str) -> None:
    recurrence = parse(*TEXTS[name])
    lengths = {domain: STEPS[domain] for domain in recurrence.domains}
    for seed in range(5):
        inputs, parameters = (
            random_inputs(recurrence, lengths, seed),
            random_parameters(recurrence, seed),
        )
        options = {"inputs": inputs, "parameters": parameters, "lengths": lengths, "seed": seed}
        now = prepare(recurrence, **options, dtype="float64").complete()
        run, plain = run_both(recurrence, lengths, seed=seed)
        assert_parity(run, plain)
        for key, value in now.items():
            assert (value - run.values[key]).abs().max() <= 1e-12, key


def lstm(seed: int) -> Run:
    recurrence = parse(EXAMPLES["lstm"].text, {"x": 2, "h": 3})
    lengths = {"time": 6}
    return prepare(
        recurrence,
        inputs=random_inputs(recurrence, lengths, seed),
        parameters=random_parameters(recurrence, seed),
        dtype="float64",
    )


def test_results_stay_as_they_were_when_other_runs_follow() -> None:
    runs = [lstm(seed) for seed in (1, 1, 2)]
    found = [run.complete() for run in runs]
    kept = [{name: value.clone() for name, value in one.items()} for one in found]
    parameters = {name: value.clone() for name, value in runs[0].parameters.items()}
    for seed in range(3, 8):
        lstm(seed).complete()
    assert all(same(one, other) for one, other in zip(found, kept, strict=True))
    assert same(found[0], found[1])
    assert not same(found[0], found[2])
    assert same(parameters, runs[0].parameters)


def test_a_replayed_run_streams_and_differentiates_like_the_first() -> None:
    text = "x: 2\nh: 3\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\nloss = norm(h[end])\n"
    recurrence = parse(text)
    x = torch.randn(6, 2, dtype=torch.float64)

    def run() -> Run:
        return prepare(recurrence, inputs={"x": x}, dtype="float64")

    first = run()
    values, gradients = first.complete(), first.gradients().complete()
    for _ in range(4):
        again = run()
        assert same(again.complete(), values)
        assert same(again.gradients().complete(), gradients)
        streamed = run()
        rows = [chunk.values["h"] for chunk in streamed.chunks((1, 2)) if chunk.domain]
        assert (torch.cat(rows) - values["h"]).abs().max() <= 1e-12


def test_a_boundary_value_of_one_run_is_gone_in_the_next() -> None:
    recurrence = parse("h: 2\nfor t in time:\n    h[t] = h[t-1]\n")
    for value in (None, [1.0, 2.0], None, [3.0, 4.0], None):
        boundary = {} if value is None else {"h": value}
        found = prepare(recurrence, boundary=boundary).complete()["h"][-1, 0]
        assert found.tolist() == (value or [0.0, 0.0])


def test_noise_follows_the_seed_of_each_run() -> None:
    recurrence = parse("h: 3\nfor t in time:\n    h[t] = normal(h[t-1], 1)\n")
    first = [prepare(recurrence, seed=seed).complete()["h"] for seed in range(4)]
    second = [prepare(recurrence, seed=seed).complete()["h"] for seed in range(4)]
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
    assert not torch.equal(first[0], first[1])
