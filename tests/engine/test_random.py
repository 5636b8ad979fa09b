"""What is drawn: with the right frequencies, anew at every step, and the same however the run is consumed."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from unrolled.engine import prepare
from unrolled.language import parse

STEPS = 8000


def drawn(term: str, steps: int = STEPS, above: str = "", **options: Any) -> Tensor:
    """`y[t] = term` for many steps, as (steps, batch, units)."""
    recurrence = parse(f"{above}for t in time:\n    y[t] = {term}")
    options = {"dtype": "float64", **options}
    return prepare(recurrence, lengths={"time": steps}, **options).complete()["y"]


def within(count: int, probability: float) -> float:
    """Five standard deviations of a frequency among `count` draws."""
    return 5 * math.sqrt(probability * (1 - probability) / count) + 1e-12


P = "P = [0.1, 0.2, 0.7, 0]\n"


def test_a_sample_has_the_frequencies_of_its_probabilities() -> None:
    found = drawn("sample(P)", above=P)[:, 0]
    assert torch.equal(found.sum(-1), torch.ones(STEPS).double())
    for place, probability in enumerate([0.1, 0.2, 0.7, 0]):
        frequency = float(found[:, place].mean())
        assert abs(frequency - probability) <= within(STEPS, probability)


@pytest.mark.parametrize("probability", [0.0, 0.05, 0.5, 0.9, 1.0])
def test_a_coin_falls_as_often_as_it_should(probability: float) -> None:
    found = drawn(f"bernoulli({probability})")
    assert set(found.unique().tolist()) <= {0.0, 1.0}
    assert abs(float(found.mean()) - probability) <= within(STEPS, probability)


def test_a_coin_of_every_unit_has_its_own_probability() -> None:
    found = drawn("bernoulli(P)", above=P)[:, 0].mean(0)
    for place, probability in enumerate([0.1, 0.2, 0.7, 0]):
        assert abs(float(found[place]) - probability) <= within(STEPS, probability)


def test_a_normal_number_has_its_mean_and_deviation() -> None:
    found = drawn("normal(3, 0.5)")
    assert float(found.mean()) == pytest.approx(3, abs=5 * 0.5 / STEPS**0.5)
    assert float(found.std()) == pytest.approx(0.5, rel=0.05)
    share = float(((found - 3).abs() < 0.5).double().mean())
    assert abs(share - 0.6827) <= within(STEPS, 0.6827)


def test_a_deviation_of_zero_is_the_mean() -> None:
    assert drawn("normal(3, 0)", 5).unique().tolist() == [3]


@pytest.mark.parametrize("forcing", [0.25, 0.5, 0.75])
def test_force_takes_the_target_with_the_forcing_probability(forcing: float) -> None:
    text = "b: 2\nfor t in time:\n    y[t] = force(b, d)"
    values = {"b": [1.0, 2.0], "d": [3.0, 4.0]}
    recurrence = parse(text)
    found = prepare(
        recurrence, lengths={"time": STEPS}, parameters=values, forcing=forcing
    ).complete()["y"][:, 0]
    assert {tuple(row) for row in found.tolist()} == {(1, 2), (3, 4)}
    share = float((found[:, 0] == 1).double().mean())
    assert abs(share - forcing) <= within(STEPS, forcing)


@pytest.mark.parametrize("forcing", [0.0, 1.0])
def test_scheduled_sampling_has_its_ends_in_teacher_forcing_and_free_running(
    forcing: float,
) -> None:
    text = "x: 2\ny: 2\nh: 3\nfor t in time:\n    h[t] = tanh(W @ z[t-1] + U @ x[t])\n    o[t] = V @ h[t]\n    z[t] = force(y[t], o[t])"
    recurrence = parse(text)
    exact, near = (
        prepare(recurrence, lengths={"time": 9}, forcing=one, dtype="float64").complete()
        for one in (forcing, abs(forcing - 1e-12))
    )
    for name, value in exact.items():
        torch.testing.assert_close(near[name], value, rtol=1e-12, atol=1e-12)


TERMS = ["sample(P)", "bernoulli(P)", "normal(P, 1)", "force(P, normal(P, 1))"]


@pytest.mark.parametrize("term", TERMS)
def test_every_step_and_every_sequence_draws_anew(term: str) -> None:
    found = drawn(term, 200, P, batch=5, forcing=0.5).reshape(1000, -1)
    assert len({tuple(row) for row in found.tolist()}) > 1
    steps = drawn(term, 200, P, batch=5, forcing=0.5)
    assert not torch.equal(steps[:100], steps[100:])
    assert not torch.equal(steps[:, 0], steps[:, 1])


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("chunks", [(1,), (7,), None])
def test_chunks_change_no_draw(term: str, chunks: tuple[int, ...] | None) -> None:
    recurrence = parse(
        f"{P}for t in time:\n    y[t] = {term}\n    h[t] = tanh(h[t-1] + y[t])\nh: 4"
    )
    whole, parts = (
        prepare(recurrence, lengths={"time": 50}, forcing=0.5, seed=3) for _ in range(2)
    )
    for _ in parts.chunks(chunks):
        pass
    for name, value in whole.complete().items():
        assert torch.equal(parts.values[name], value)


@pytest.mark.parametrize("term", TERMS)
def test_a_seed_decides_every_draw(term: str) -> None:
    first, same, other = (drawn(term, 40, P, seed=seed, forcing=0.5) for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("term", TERMS[:2])
def test_number_types_change_no_draw(term: str) -> None:
    double, single = (drawn(term, 500, P, dtype=one) for one in ("float64", "float32"))
    assert torch.equal(double.float(), single)


def test_two_places_draw_independently() -> None:
    text = "for t in time:\n    a[t] = normal(0, 1)\n    b[t] = normal(0, 1)\n    c[t] = normal(0, 1) + normal(0, 1)"
    values = prepare(parse(text), lengths={"time": STEPS}, dtype="float64").complete()
    rows = torch.stack([values[name][:, 0] for name in "abc"])
    off = torch.corrcoef(rows) - torch.eye(3).double()
    assert off.abs().max() < 5 / STEPS**0.5
    assert float(values["c"].std()) == pytest.approx(2**0.5, rel=0.05)


def test_what_a_sum_sweeps_is_drawn_anew() -> None:
    text = "x: ()\nfor t in time:\n    y[t] = sum(normal(0, 1) * x[s], s)\nfor s in source:\n    z[s] = x[s]"
    lengths = {"time": 2000, "source": 25}
    found = prepare(
        parse(text), inputs={"x": torch.ones(25)}, lengths=lengths, dtype="float64"
    ).complete()["y"]
    assert float(found.std()) == pytest.approx(5, rel=0.1)


def test_a_sampled_symbol_is_what_the_next_step_reads() -> None:
    text = "h: 4\nfor t in time:\n    h[t] = tanh(R @ z[t-1])\n    z[t] = sample(softmax(5 * h[t]))\nz: 4"
    values = prepare(
        parse(text), lengths={"time": 30}, parameters={"R": torch.eye(4)}, dtype="float64"
    ).complete()
    previous = torch.cat([torch.zeros(1, 1, 4).double(), values["z"][:-1]])
    torch.testing.assert_close(values["h"], torch.tanh(previous), rtol=1e-12, atol=1e-12)


def test_sampled_sequences_have_the_probability_of_the_model() -> None:
    """§8: two symbols, three steps; frequencies of all eight sequences against the product of conditionals."""
    text = "y: 2\nfor t in time:\n    y[t] = sample(softmax(R @ y[t-1] + b))"
    batch = 20_000
    weights = {"R": [[1.0, -0.5], [0.2, 0.8]], "b": [0.3, -0.1]}
    values = prepare(
        parse(text), lengths={"time": 3}, parameters=weights, batch=batch, dtype="float64"
    ).complete()
    found = values["y"].argmax(-1)
    R, b = (torch.tensor(weights[name]).double() for name in ("R", "b"))
    for number in range(8):
        word = [number >> 2 & 1, number >> 1 & 1, number & 1]
        probability, previous = 1.0, torch.zeros(2).double()
        for symbol in word:
            row = torch.softmax(R @ previous + b, 0)
            probability *= float(row[symbol])
            previous = torch.eye(2).double()[symbol]
        frequency = float((torch.tensor(word) == found.T).all(1).double().mean())
        assert abs(frequency - probability) <= within(batch, probability)


def test_editing_another_line_leaves_every_draw() -> None:
    before = "for t in time:\n    y[t] = normal(0, 1) + normal(0, 1)\n    z[t] = bernoulli(0.5)"
    after = f"# a comment\n\nfor s in source:\n    a[s] = normal(0, 1)\n{before.replace('y[t] =', 'y[t]  =  0 *  t +')}"
    first, second = (
        prepare(parse(text), lengths=dict.fromkeys(parse(text).domains, 9)).complete()
        for text in (before, after)
    )
    assert torch.equal(first["y"], second["y"])
    assert torch.equal(first["z"], second["z"])
