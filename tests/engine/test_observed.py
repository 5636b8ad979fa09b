"""Random variables that were observed: read by everything, and as probable as the closed form says."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from unrolled.engine import Run, prepare
from unrolled.language import parse

MODEL = """
h: 3
y: 4
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ y[t-1])
    p[t] = softmax(c + V @ h[t])
    y[t] = sample(p[t])
"""
SYMBOLS = [0, 1, 1, 3, 2, 0]


def run(text: str = MODEL, **options: Any) -> Run:
    done = prepare(parse(text), **{"dtype": "float64", "seed": 3, **options})
    done.complete()
    return done


def values(text: str = MODEL, **options: Any) -> dict[str, Tensor]:
    return run(text, **options).values


def test_the_log_probabilities_add_up_to_the_likelihood_by_hand() -> None:
    done = run(inputs={"y": SYMBOLS})
    p = {name: one.clone() for name, one in done.parameters.items()}
    h, y, total = torch.zeros(3).double(), torch.zeros(4).double(), 0.0
    for symbol in SYMBOLS:
        h = torch.tanh(p["b"] + p["W"] @ h + p["U"] @ y)
        total += float(torch.log_softmax(p["c"] + p["V"] @ h, 0)[symbol])
        y = torch.eye(4).double()[symbol]
    assert done.values["log_p/y"].shape == (6, 1)
    assert float(done.values["log_p/y"].sum()) == pytest.approx(total, abs=1e-12)
    assert done.values["y"][:, 0].argmax(-1).tolist() == SYMBOLS


def test_what_is_observed_is_what_an_input_would_be() -> None:
    text = MODEL.replace("    y[t] = sample(p[t])\n", "    L[t] = -log(sum(p[t] * y[t]))\n")
    plain = values("y: onehot(4)\n" + text.replace("y: 4\n", ""), inputs={"y": SYMBOLS})
    found = values(inputs={"y": SYMBOLS})
    torch.testing.assert_close(found["h"], plain["h"], rtol=0, atol=1e-15)
    torch.testing.assert_close(found["log_p/y"], -plain["L"], rtol=0, atol=1e-15)


def test_a_symbol_in_the_middle_changes_only_later_steps() -> None:
    one = values(inputs={"y": SYMBOLS})
    other = values(inputs={"y": [0, 1, 2, 3, 2, 0]})
    for name in ("h", "p"):
        assert torch.equal(one[name][:3], other[name][:3])
        assert (one[name][3:] != other[name][3:]).all()
    assert torch.equal(one["log_p/y"][:2], other["log_p/y"][:2])


def test_steps_that_are_null_are_drawn_as_usual() -> None:
    free = values(lengths={"time": 6})
    assert "log_p/y" not in free
    some = values(inputs={"y": [None, None, 1, None, 2, None]})
    torch.testing.assert_close(some["y"][:2], free["y"][:2], rtol=0, atol=0)
    assert some["y"][[2, 4], 0].argmax(-1).tolist() == [1, 2]
    assert (some["log_p/y"][[0, 1, 3, 5]] == 0).all()
    expected = (some["p"] * some["y"]).sum(-1).log()
    torch.testing.assert_close(some["log_p/y"][[2, 4]], expected[[2, 4]], rtol=0, atol=1e-15)
    drawn = free["y"][:, 0].argmax(-1).tolist()
    again = values(inputs={"y": [None, None, drawn[2], None, drawn[4], None]})
    assert torch.equal(again["y"], free["y"])


@pytest.mark.parametrize("given", [[1, 0, 1], [1, None, 0]])
def test_a_coin_has_the_likelihood_of_its_two_sides(given: list[int | None]) -> None:
    text = "z: 2\nfor t in time:\n    z[t] = bernoulli(sigmoid(0.5 * t + b - z[t-1]))\n"
    rows = [None if one is None else [one, 1 - one] for one in given]
    found = values(text, inputs={"z": rows}, parameters={"b": [0.3, -0.2]})
    before = torch.zeros(2).double()
    for step, row in enumerate(rows, 1):
        x = found["z"][step - 1, 0]
        p = torch.sigmoid(0.5 * step + torch.tensor([0.3, -0.2]).double() - before)
        expected = 0.0 if row is None else float((x * p.log() + (1 - x) * (1 - p).log()).sum())
        assert float(found["log_p/z"][step - 1, 0]) == pytest.approx(expected, abs=1e-7)
        before = x


def test_a_coin_that_cannot_fall_otherwise_has_log_probability_zero() -> None:
    found = values("for t in time:\n    z[t] = bernoulli(t > 1)", inputs={"z": [0, 1, 1]})
    assert (found["log_p/z"] == 0).all()
    found = values("for t in time:\n    z[t] = bernoulli(t > 1)", inputs={"z": [1, 1, 1]})
    assert found["log_p/z"].flatten().tolist() == [-math.inf, 0, 0]


def test_a_normal_number_has_the_gaussian_density() -> None:
    text = "z: 2\nfor t in time:\n    z[t] = normal(0.9 * z[t-1], σ)\n"
    rows = torch.randn(4, 5, 2, generator=torch.Generator().manual_seed(0)).double()
    found = values(text, inputs={"z": rows}, parameters={"σ": 0.7}, batch=5)
    mean = torch.cat([torch.zeros(1, 5, 2).double(), 0.9 * rows[:-1]])
    expected = torch.distributions.Normal(mean, 0.7).log_prob(rows).sum(-1)
    assert found["log_p/z"].shape == (4, 5)
    torch.testing.assert_close(found["log_p/z"], expected, rtol=0, atol=1e-7)
    assert torch.equal(found["z"], rows)


def test_symbols_may_be_a_text_or_the_next_of_an_input() -> None:
    text = MODEL.replace("U @ y[t-1]", "U @ x[t]").replace("h: 3", "h: 3\nx: onehot(27)")
    text = text.replace("y: 4", "y: 27")
    written = run(text, inputs={"x": {"text": "hello"}, "y": {"text": "ello "}})
    ahead = run(text, inputs={"x": {"text": "hello"}, "y": {"next": "x"}})
    assert torch.equal(written.values["log_p/y"], ahead.values["log_p/y"])
    assert written.symbols["y"] == list("ello ")


def test_two_indices_are_observed_one_by_one() -> None:
    text = "for t in time:\n    for s in source:\n        z[t, s] = normal(t - s, 2)\n"
    found = values(text, inputs={"z": [[0.5, 1.0, 2.0], [None, 1.0, None]]})
    z, given = found["z"][..., 0], torch.tensor([[1, 1, 1], [0, 1, 0]]).double()
    mean = torch.tensor([[0, -1, -2], [1, 0, -1]]).double()
    expected = torch.distributions.Normal(mean, 2.0).log_prob(z) * given
    torch.testing.assert_close(found["log_p/z"][..., 0], expected, rtol=0, atol=1e-12)


def test_it_comes_step_by_step_and_may_be_asked_for_alone() -> None:
    done = prepare(
        parse(MODEL), inputs={"y": SYMBOLS}, variables=["log_p/y"], dtype="float64", seed=3
    )
    pieces = [chunk.values["log_p/y"] for chunk in done.chunks((2,)) if chunk.domain == "time"]
    assert [len(one) for one in pieces] == [2, 2, 2]
    torch.testing.assert_close(torch.cat(pieces), values(inputs={"y": SYMBOLS})["log_p/y"])


def test_a_log_probability_has_a_gradient() -> None:
    done = run(inputs={"y": [0, None, 1, 3]})
    found = done.gradients("log_p/y[4]").complete()
    W = done.parameters["W"].clone()
    for place in ((0, 0), (1, 2)):
        ends: list[float] = []
        for step in (1e-6, -1e-6):
            moved = W.clone()
            moved[place] += step
            drawn = run(inputs={"y": [0, None, 1, 3]}, parameters={**done.parameters, "W": moved})
            ends.append(float(drawn.values["log_p/y"][3]))
        assert float(found["W"][place]) == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)


def test_the_next_run_of_a_text_observes_its_own_values() -> None:
    for symbols in ([0, 1, 2], [3, 3, 3], [None, 2, 1], [1, None, 0], [2, 2, 0]):
        found = values(inputs={"y": symbols})
        for step, symbol in enumerate(symbols):
            if symbol is not None:
                assert int(found["y"][step, 0].argmax()) == symbol
        p = (found["p"] * found["y"]).sum(-1).log()[:, 0]
        expected = [0.0 if one is None else float(p[step]) for step, one in enumerate(symbols)]
        assert found["log_p/y"][:, 0].tolist() == pytest.approx(expected, abs=1e-12)


def test_what_is_drawn_inside_a_distribution_is_not_drawn_twice() -> None:
    text = "for t in time:\n    a[t] = normal(normal(0, 1), 0.5)\n"
    free, some = (
        values(text, inputs={"a": [0.1, None, None]} if given else {}, lengths={"time": 3})
        for given in (0, 1)
    )
    assert torch.equal(free["a"][1:], some["a"][1:])
