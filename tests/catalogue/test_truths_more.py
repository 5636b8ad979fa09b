"""What must hold of sections 1 to 15, 24 and 26, asked of the catalogue's texts at small sizes and random weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import unrolled
from golden.fixture import SIZES, P, X, Y
from graph.notation import edges_of
from unrolled.catalogue import read_catalogue
from unrolled.engine import Run, prepare
from unrolled.graph import fold, restricted, unfold
from unrolled.language import parse

CATALOGUE = read_catalogue().architectures
FIXTURE = {"x": X, "y": Y}
EXACT: dict[str, Any] = {"rtol": 0, "atol": 0}
CLOSE: dict[str, Any] = {"rtol": 0, "atol": 1e-15}


def computed(name: str, sizes: dict[str, int], more: str = "", **options: Any) -> Run:
    """A text of the catalogue in float64, all its parameters drawn; `more` is added to the text."""
    text = CATALOGUE[name].equations + more
    run = prepare(parse(text, sizes), **{"dtype": "float64", "seed": 3, **options})
    run.complete()
    return run


def rows(run: Run, name: str) -> Tensor:
    """A variable's values without the batch dimension."""
    return run.values[name].squeeze(len(run.recurrence.variables[name].domains))


# §1


@pytest.mark.parametrize("steps", [1, 5, 30])
def test_a_longer_sequence_has_a_larger_history_and_the_same_circuit(steps: int) -> None:
    graph = fold(parse(CATALOGUE["unfolding"].equations))
    assert edges_of(graph) == {"x -> h : U", "h -> h : W @1"}
    whole = unfold(graph, {"time": steps})
    found = restricted(whole, lambda name, _: name in {"x", "h"})
    assert (len(found.nodes), len(found.edges)) == (2 * steps + 1, 2 * steps)


def test_a_system_of_so_many_states_applies_its_function_one_time_less() -> None:
    """(10.2) and (10.3): three states s^(1), s^(2), s^(3), and f applied twice."""
    start = torch.tensor([0.8, -0.3], dtype=torch.float64)
    run = computed("unfolding/system", {}, lengths={"time": 2}, boundary={"s": start.tolist()})
    W, b = run.parameters["W"], run.parameters["b"]
    third = torch.tanh(b + W @ torch.tanh(b + W @ start))
    torch.testing.assert_close(rows(run, "s")[-1], third, **CLOSE)


# §6


@pytest.mark.parametrize("way", ["", "/initial", "/both"])
def test_a_network_that_is_always_right_may_as_well_read_itself(way: str) -> None:
    model = unrolled.load(f"vector-to-sequence{way}")
    forced, free = (model.run(forcing=one, dtype="float64") for one in (1.0, 0.0))
    assert torch.equal(forced["p"].argmax(-1), forced["y"].argmax(-1))
    for name in ("h", "o", "z", "L"):
        torch.testing.assert_close(free[name], forced[name], rtol=0, atol=1e-14)


# §10


def test_a_writer_stops_where_its_end_is_drawn() -> None:
    for name in ("", "/halt", "/predicted", "/cut"):
        model = unrolled.load(f"sequence-length{name}")
        for seed in range(5):
            found = model.run(seed=seed)
            ends = {
                "": lambda one: one["z"][:, 0, 0],
                "/halt": lambda one: one["m"].flatten(),
            }.get(name, lambda one: (one["r"] < 0.5).flatten())(found)
            assert [bool(one) for one in ends] == [False] * (len(ends) - 1) + [True]
            assert found.lengths["time"] == len(ends)


def test_told_of_the_end_it_closes_its_sentence_and_untold_it_breaks_off() -> None:
    for seed in range(5):
        told, untold = (
            unrolled.load(f"sequence-length/{name}").run(seed=seed) for name in ("predicted", "cut")
        )
        assert told["z"][:, 0].argmax(-1).tolist()[-1] == 0
        assert 0 not in told["z"][:-1, 0].argmax(-1).tolist()
        assert 0 not in untold["z"][:, 0].argmax(-1).tolist()
        assert float(told["τ"]) == told.lengths["time"] == untold.lengths["time"]


def test_lengths_come_as_often_as_their_law_says() -> None:
    """The first of many coins that says stop: P(τ = n) = q_n Π (1 - q_t), and 2, 5, 9 by design."""
    text = CATALOGUE["sequence-length/halt"].equations
    model = unrolled.load("sequence-length/halt")
    options: dict[str, Any] = {**model.defaults, "batch": 20_000}
    drawn = unrolled.parse(text.replace("    stop(m[t] > 0.5)\n", "")).run(**options)
    first = drawn["m"].reshape(12, -1).argmax(0) + 1
    shares = torch.bincount(first, minlength=13)[1:] / 20_000
    law = drawn["d"].reshape(12, -1)[:, 0]
    torch.testing.assert_close(shares, law, rtol=0, atol=0.015)
    survival = 1 - law.cumsum(0)
    torch.testing.assert_close(drawn["S"].reshape(12, -1)[:, 0], survival, rtol=0, atol=1e-6)
    wanted = torch.zeros(12)
    wanted[[1, 4, 8]] = torch.tensor([0.5, 0.3, 0.2])
    torch.testing.assert_close(law, wanted, rtol=0, atol=1e-3)


def test_an_end_symbol_is_a_halt_unit_inside_the_softmax() -> None:
    """q = σ(o_end - log Σ exp(o_others)), whatever the logits."""
    held = [{"variable": "z", "value": [0, 1, 0]}]
    found = computed("sequence-length", {}, lengths={"time": 7}, clamp=held)
    o = rows(found, "o")
    halt = torch.sigmoid(o[:, 0] - torch.logsumexp(o[:, 1:], 1))
    torch.testing.assert_close(rows(found, "q").flatten(), halt, **CLOSE)
    assert float(rows(found, "d").sum()) < 1
    total = rows(found, "d").sum() + rows(found, "S")[-1]
    torch.testing.assert_close(total.squeeze(), torch.ones((), dtype=torch.float64))


# §11 and §12


@pytest.mark.parametrize("way", ["", "/initial", "/both"])
def test_no_weights_from_the_vector_make_it_unheard(way: str) -> None:
    silent = {"R": [[0.0] * 3] * 2, "R_0": [[0.0] * 2] * 3}
    known = parse(CATALOGUE[f"vector-to-sequence{way}"].equations).parameters
    options: dict[str, Any] = {
        "parameters": {name: value for name, value in silent.items() if name in known}
    }
    one, two, heard, other = (
        computed(f"vector-to-sequence{way}", SIZES, inputs={"x": x, "y": Y}, **given)
        for x, given in (
            ([1, 2], options), ([-3, 0.5], options), ([1, 2], {}), ([-3, 0.5], {}),
        )
    )  # fmt: skip
    torch.testing.assert_close(one.values["o"], two.values["o"], **EXACT)
    assert bool((heard.values["o"] != other.values["o"]).all())


def test_without_the_edge_from_the_answer_it_is_the_first_pattern() -> None:
    weights = {"U": P(1, 3, 2), "W": P(2, 3, 3), "V": P(3, 4, 3), "b": P(4, 3), "c": P(5, 4)}
    options: dict[str, Any] = {"inputs": FIXTURE, "boundary": {"h": P(6, 3)}}
    plain = computed("rnn-hidden-recurrence", SIZES, parameters=weights, **options)
    silent = {**weights, "R": [[0.0] * 4] * 3}
    with_edge = computed("conditional-rnn", SIZES, parameters=silent, **options)
    for name in ("h", "o", "p", "L", "loss"):
        torch.testing.assert_close(with_edge.values[name], plain.values[name], **EXACT)


# §13


def bidirectional() -> Run:
    return computed("bidirectional-rnn", {**SIZES, "g": 3}, inputs=FIXTURE)


def test_two_directions_are_torchs_two_directions() -> None:
    run = bidirectional()
    layer = torch.nn.RNN(2, 3, bidirectional=True, dtype=torch.float64)
    with torch.no_grad():
        for ours, theirs in (("", ""), ("_g", "_reverse")):
            getattr(layer, f"weight_ih_l0{theirs}").copy_(run.parameters[f"U{ours}"])
            getattr(layer, f"weight_hh_l0{theirs}").copy_(run.parameters[f"W{ours}"])
            getattr(layer, f"bias_ih_l0{theirs}").copy_(run.parameters[f"b{ours}"])
            getattr(layer, f"bias_hh_l0{theirs}").zero_()
        found = layer(torch.as_tensor(X, dtype=torch.float64))[0]
    both = torch.cat([rows(run, "h"), rows(run, "g")], 1)
    torch.testing.assert_close(both, found, **CLOSE)


def test_each_direction_hears_one_side_and_the_output_both() -> None:
    run = bidirectional()
    forward, backward, both = (run.jacobians(name, "x").map().norms for name in "hgo")
    assert torch.equal(forward, forward.tril())
    assert torch.equal(backward, backward.triu())
    assert bool((both > 0).all())


# §14


@pytest.mark.parametrize("design", ["", "/initial"])
def test_a_constant_context_makes_the_decoder_deaf_to_the_source(design: str) -> None:
    sizes = {"x": 2, "h": 3, "s": 3, "y": 4}
    options: dict[str, Any] = {"inputs": {"x": X, "y": [2, 0, 3]}}
    heard = computed(f"encoder-decoder{design}", sizes, **options)
    assert bool((heard.jacobians("o", "x").map().norms > 0).all())
    assert bool((heard.gradient("x") != 0).all())
    clamp = [{"variable": "C", "value": [0.3, -0.2, 0.9]}]
    held = computed(f"encoder-decoder{design}", sizes, clamp=clamp, **options)
    for output in ("loss", "o[1][0]", "o[3][2]"):
        assert bool((held.gradient("x", output) == 0).all())


# §15

ATTENTION = {"x": 2, "h": 3, "s": 3, "y": 4}
TRANSLATED: dict[str, Any] = {"inputs": {"x": X, "y": [2, 0, 3]}}


@pytest.mark.parametrize("place", [1, 3, 5])
def test_all_the_attention_on_one_place_reads_that_place(place: int) -> None:
    hard = [
        {"variable": "α", "value": 0},
        {"variable": "α", "steps": {"source": [place, place]}, "value": 1},
    ]
    run = computed("attention/forward", ATTENTION, clamp=hard, **TRANSLATED)
    there = rows(run, "h")[place - 1]
    torch.testing.assert_close(rows(run, "r"), there.expand(3, 3), **EXACT)


def test_the_gradient_of_what_is_read_by_a_weight_is_the_annotation() -> None:
    """No way back into later scores: W_a is zero. A place that is hardly looked at hears little."""
    more = "\nw = [0.7, -1.2, 0.4]\na = sum(sum(w * r[i]), i)\n"
    silent = {"W_a": [[0.0] * 3] * 2}
    run = computed("attention/forward", ATTENTION, more, parameters=silent, **TRANSLATED)
    w = torch.tensor([0.7, -1.2, 0.4], dtype=torch.float64)
    found = run.gradient("α", "a").squeeze()
    torch.testing.assert_close(found, (rows(run, "h") @ w).expand(3, 5), **CLOSE)


# §24


def lstm(*held: tuple[str, float], **options: Any) -> Run:
    clamp = [{"variable": name, "value": value} for name, value in held]
    return computed("lstm", SIZES, inputs=FIXTURE, clamp=clamp, **options)


def test_full_keeping_and_no_adding_freeze_the_state() -> None:
    start = [0.4, -1.3, 2.0]
    run = lstm(("f", 1), ("g", 0), boundary={"s": start})
    expected = torch.tensor(start, dtype=torch.float64).expand(5, 3)
    torch.testing.assert_close(rows(run, "s"), expected, **EXACT)


def test_a_closed_forget_gate_erases_the_state() -> None:
    one, two = (lstm(("f", 0), boundary={"s": start}) for start in ([0, 0, 0], [9, -9, 3]))
    torch.testing.assert_close(one.values["s"], two.values["s"], **EXACT)
    open_, other = (lstm(boundary={"s": start}) for start in ([0, 0, 0], [9, -9, 3]))
    assert bool((open_.values["s"] != other.values["s"]).all())


def test_a_closed_output_gate_hides_the_state_and_keeps_it() -> None:
    closed = [{"variable": "q", "steps": [2, 4], "value": 0}]
    run = computed("lstm", SIZES, inputs=FIXTURE, clamp=closed, boundary={"s": [3, -3, 2]})
    hidden, state = rows(run, "h"), rows(run, "s")
    assert bool((hidden[1:4] == 0).all())
    assert bool((hidden[[0, 4]] != 0).all())
    kept = rows(run, "f")[1:4] * state[:3]
    added = state[1:4] - kept
    assert bool((kept != 0).all())
    own = run.parameters
    step = own["b"] + torch.as_tensor(X, dtype=torch.float64)[2:4] @ own["U"].T
    torch.testing.assert_close(added[1:], rows(run, "g")[2:4] * torch.tanh(step), **CLOSE)


def test_open_gates_add_up_everything() -> None:
    run = lstm(("f", 1), ("g", 1), parameters={"W": [[0.0] * 3] * 3})
    own = run.parameters
    added = torch.tanh(own["b"] + torch.as_tensor(X, dtype=torch.float64) @ own["U"].T)
    torch.testing.assert_close(rows(run, "s"), added.cumsum(0), rtol=0, atol=1e-14)


# §18


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_three_by_three_the_corrected_form_is_the_state_and_the_printed_one_is_far_off(
    steps: int,
) -> None:
    """(10.39): with W = Q Λ Qᵀ the state is Q Λᵗ Qᵀ h^(0); printed is Qᵀ Λᵗ Q h^(0)."""
    generator = torch.Generator().manual_seed(1)
    numbers = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    Q, Λ = torch.linalg.qr(numbers)[0], torch.tensor([1.2, 0.9, -0.7], dtype=torch.float64)
    W, start = Q @ torch.diag(Λ) @ Q.T, torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    run = computed(
        "long-term-dependencies", {"h": 3}, lengths={"time": steps}, settings={"λ": 1.0},
        parameters={"W": W}, boundary={"h": start},
    )  # fmt: skip
    state, powers = rows(run, "h")[-1], torch.diag(Λ**steps)
    torch.testing.assert_close(Q @ powers @ Q.T @ start, state, rtol=0, atol=1e-12)
    assert (Q.T @ powers @ Q @ start - state).norm() > 1


# §26


def test_the_reset_after_the_product_is_torchs_cell() -> None:
    run = computed("gru/torch", SIZES, inputs=FIXTURE)
    own = run.parameters
    layer = torch.nn.GRU(2, 3, dtype=torch.float64)
    order = ("_r", "_u", "")
    with torch.no_grad():
        for theirs, ours in (("weight_ih", "U"), ("weight_hh", "W"), ("bias_ih", "b")):
            stacked = torch.cat([own[f"{ours}{gate}"] for gate in order])
            getattr(layer, f"{theirs}_l0").copy_(stacked)
        second = torch.cat([torch.zeros(6, dtype=torch.float64), own["b_hn"]])
        getattr(layer, "bias_hh_l0").copy_(second)  # noqa: B009
        found = layer(torch.as_tensor(X, dtype=torch.float64))[0]
    torch.testing.assert_close(rows(run, "h"), found, **CLOSE)


def test_the_place_of_the_reset_matters_unless_the_matrix_is_diagonal() -> None:
    for matrix, are_equal in ((torch.eye(3) * 0.7, True), (torch.tensor(P(8, 3, 3)), False)):
        given = {"W": matrix.tolist()}
        before = computed("gru", SIZES, inputs=FIXTURE, parameters=given)
        shared = {name: one.tolist() for name, one in before.parameters.items()}
        after = computed(
            "gru/torch", SIZES, inputs=FIXTURE, parameters={**shared, "b_hn": [0, 0, 0]}
        )
        difference = float((before.values["h"] - after.values["h"]).abs().max())
        assert (difference < 1e-15) == are_equal
