"""What must hold of sections 1 to 15, asked of the catalogue's own texts."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import log
from typing import Any

import pytest
import torch
from torch import Tensor

import unrolled

GENERATOR_SEED = 5


loaded = cache(unrolled.load)


def run(name: str, **options: Any) -> dict[str, Tensor]:
    """A run of an architecture in float64, its batch of one taken out."""
    model = loaded(name)
    found = model.run(dtype="float64", **options).values
    indexed = {n for n, v in model.recurrence.variables.items() if v.domains}
    out = {}
    for key, value in found.items():
        places = len(model.recurrence.variables[key].domains) if key in indexed else 0
        out[key] = value.select(places, 0)
    return out


def numbers(*shape: int) -> list[Any]:
    generator = torch.Generator().manual_seed(GENERATOR_SEED)
    return torch.randn(shape, generator=generator, dtype=torch.float64).tolist()


def test_what_comes_later_changes_nothing_before() -> None:
    rows = numbers(9, 1)
    whole, part = (
        run("unfolding", inputs={"x": one}, lengths={"time": len(one)})["h"]
        for one in (rows, rows[:5])
    )
    torch.testing.assert_close(whole[:5], part, rtol=0, atol=1e-15)


def test_the_shared_detector_fires_anywhere_and_the_unshared_where_it_was_trained() -> None:
    for text, unshared in (("nepal in 2009", 0.0), ("in 2009 nepal", 1.0)):
        model = unrolled.load("parameter-sharing")
        alphabet = {"text": text, "alphabet": model.defaults["inputs"]["x"]["alphabet"]}
        fired = run("parameter-sharing", inputs={"x": alphabet})["d"].max()
        alone = run("parameter-sharing/unshared", inputs={"x": alphabet})["d"].max()
        assert float(fired) > 0.99
        assert abs(float(alone) - unshared) < 1e-4


def test_the_gradient_of_what_is_shared_is_the_sum_over_its_copies() -> None:
    steps = 13
    rows = {"x": [[0.3, -0.2, 0.5, 0.1, 0.9, -0.4, 0.2, 0.6, -0.1, 0.4]] * steps}
    own = numbers(10)
    gradients = {}
    for name, weights in (
        ("parameter-sharing", {"u": own, "w": 0.7}),
        ("parameter-sharing/unshared", {"K": [own] * steps, "w": [0.7] * steps}),
    ):
        model = unrolled.load(name)
        text = model.recurrence.text + "\nloss = sum(d)\n"
        made = unrolled.parse(text)
        handle = made._prepare(None, {"inputs": rows, "parameters": weights, "dtype": "float64"})
        handle.complete()
        gradients[name] = handle.gradients("loss").complete()
    shared, copies = gradients.values()
    torch.testing.assert_close(copies["K"].sum(0), shared["u"])
    torch.testing.assert_close(copies["w"].sum(0), shared["w"])


def test_forcing_at_its_ends_is_the_truth_and_the_prediction() -> None:
    forced, free = (run("teacher-forcing", forcing=value) for value in (1.0, 0.0))
    torch.testing.assert_close(forced["z"], forced["y"], rtol=0, atol=0)
    torch.testing.assert_close(free["z"], free["o"], rtol=0, atol=0)


def test_the_exposure_gap_opens_while_the_truth_is_missing() -> None:
    """Fitted under forcing, good with the truth, lost without it; a coin says truth and it is back."""
    forced, free, mixed = (
        run(f"teacher-forcing{name}") for name in ("", "/free-running", "/scheduled-sampling")
    )
    assert float(forced["L"].max()) < 0.05
    assert float(free["L"][:15].max()) < 0.05
    assert float(free["L"][-1]) > 0.7
    is_truth = (mixed["z"] == mixed["y"]).all(-1)
    assert float(mixed["L"].max()) > 0.2
    assert float(mixed["L"][1:][is_truth[:-1]].max()) < 0.05
    both = run("teacher-forcing/together")
    torch.testing.assert_close(both["L"], forced["L"], rtol=0, atol=1e-15)
    torch.testing.assert_close(both["D"], free["L"], rtol=0, atol=1e-15)


@pytest.mark.parametrize("steps", [1, 5, 10])
def test_the_probabilities_of_all_sequences_sum_to_one(steps: int) -> None:
    """§8 (c): all 2^τ of them as one batch."""
    every = torch.tensor(list(product((0, 1), repeat=steps))).T
    given = torch.nn.functional.one_hot(every, 2).double()
    model = loaded("rnn-graphical-model/observed")
    loss = model.run(dtype="float64", inputs={"y": given}, batch=2**steps).values["loss"]
    assert loss.shape == (2**steps,)
    assert float(torch.exp(-loss).sum()) == pytest.approx(1, abs=1e-12)


def test_sampled_sequences_come_as_often_as_their_probability_says() -> None:
    model = unrolled.load("rnn-graphical-model")
    drawn = model.run(lengths={"time": 3}, batch=20_000, dtype="float64")["y"][..., 0]
    for symbols in product("ab", repeat=3):
        given = {"text": "".join(symbols), "alphabet": "ab"}
        loss = run("rnn-graphical-model/observed", inputs={"y": given})["loss"]
        wanted = torch.tensor([[1.0 if s == "a" else 0.0] for s in symbols], dtype=torch.float64)
        share = float((drawn == wanted).all(0).double().mean())
        assert share == pytest.approx(float(torch.exp(-loss)), abs=0.015)


def test_time_as_input_is_right_up_to_step_20_and_wrong_afterwards() -> None:
    found = run("time-as-input")
    right = found["p"].argmax(-1) == found["y"].argmax(-1)
    assert bool(right[:20].all())
    assert not bool(right[20:].all())
    without = run("time-as-input/without")
    right = without["p"].argmax(-1) == without["y"].argmax(-1)
    assert int(right[:20].sum()) == 10


def test_a_weight_of_zero_on_the_time_is_the_plain_network() -> None:
    plain = {"W": numbers(2, 2), "U": numbers(2, 1), "b": numbers(2)}
    with_time = run("time-as-input", parameters={**plain, "u": [0, 0]})["h"]
    without = run("time-as-input/without", parameters=plain)["h"]
    torch.testing.assert_close(with_time, without)


def test_a_vector_at_every_step_is_another_bias() -> None:
    x, R, b = numbers(3), numbers(3, 4), numbers(4)
    moved = (torch.tensor(b) + torch.tensor(R).T @ torch.tensor(x)).tolist()
    given = run("vector-to-sequence", inputs={"x": x}, parameters={"R": R, "b": b}, forcing=1.0)
    plain = run(
        "vector-to-sequence",
        parameters={"R": [[0.0] * 4] * 3, "b": moved},
        forcing=1.0,
    )
    torch.testing.assert_close(given["o"], plain["o"], rtol=0, atol=1e-6)


def test_twin_coins_cost_one_coin_with_the_edge_and_two_without() -> None:
    with_edge = run("conditional-rnn", forcing=1.0)["L"].reshape(8, 2).sum(1)
    without = run("conditional-rnn/independent", forcing=1.0)["L"].reshape(8, 2).sum(1)
    assert float(with_edge.mean()) == pytest.approx(log(2), abs=0.01)
    assert float(without.mean()) == pytest.approx(2 * log(2), abs=0.01)
    drawn = run("conditional-rnn", forcing=0.0)["z"].reshape(8, 2, 2)
    torch.testing.assert_close(drawn[:, 0], drawn[:, 1])


def test_no_feedback_weights_make_the_plain_network() -> None:
    zero = {"R": [[0, 0], [0, 0]]}
    torch.testing.assert_close(
        run("conditional-rnn", parameters=zero)["o"], run("conditional-rnn/independent")["o"]
    )


def test_the_backward_chain_is_a_forward_chain_on_the_reversed_input() -> None:
    rows = numbers(7, 1)
    weights = {"U_g": [[0.5]], "W_g": [[-0.8]]}
    backward = run("bidirectional-rnn", inputs={"x": rows, "y": [0] * 7}, parameters=weights)["g"]
    forward = run(
        "bidirectional-rnn/forward",
        inputs={"x": rows[::-1], "y": [0] * 7},
        parameters={"U": [[0.5]], "W": [[-0.8]]},
    )["h"]
    torch.testing.assert_close(backward, forward.flip(0), rtol=0, atol=1e-15)


def test_the_source_reaches_the_decoder_through_the_context_only() -> None:
    """The fourth letter from the end has left the shelf: same context, same answer."""
    one, two = (
        run("encoder-decoder", inputs={"x": {"text": text, "alphabet": "ent"}})
        for text in ("enet", "nnet")
    )
    torch.testing.assert_close(one["C"], two["C"], rtol=0, atol=0)
    torch.testing.assert_close(one["o"], two["o"], rtol=0, atol=0)
    assert run("encoder-decoder")["z"].argmax(-1).tolist() == [2, 0, 1]


def test_attention_rows_sum_to_one_and_read_the_source_backwards() -> None:
    found = run("attention", forcing=1.0)
    torch.testing.assert_close(found["α"].sum(1), torch.ones(5, dtype=torch.float64))
    assert found["α"].argmax(1).tolist() == [4, 3, 2, 1, 0]
    assert found["p"].argmax(-1).tolist() == found["y"].argmax(-1).tolist()


def test_forward_annotations_copy() -> None:
    found = run("attention/forward")
    assert found["α"].argmax(1).tolist() == [0, 1, 2, 3, 4]
    assert found["z"].argmax(-1).tolist() == found["x"].argmax(-1).tolist()


def test_equal_scores_read_the_mean_and_an_order_of_annotations_does_not_matter() -> None:
    flat = run("attention/forward", parameters={"v_a": [0, 0]})
    torch.testing.assert_close(flat["r"], flat["h"].mean(0).expand_as(flat["r"]))
    weights = {"W": [[0.0] * 6] * 6, "W_0": [[0.0] * 6] * 2}
    one, two = (
        run(
            "attention/forward",
            inputs={"x": {"text": text, "alphabet": "ehlo"}},
            parameters=weights,
            forcing=1.0,
        )
        for text in ("hello", "olleh")
    )
    torch.testing.assert_close(one["α"].flip(1), two["α"])
    torch.testing.assert_close(one["r"], two["r"])
