"""What the reference says must hold, of gates, clipping, information flow and memory: by the catalogue's texts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from unrolled.catalogue import read_catalogue
from unrolled.engine import prepare
from unrolled.language import parse

CATALOGUE = read_catalogue()
CLASSES = [3, 1, 4, 1, 5, 2, 6, 5, 3, 5]
TEXT = {"x": CLASSES, "y": CLASSES}


def run(
    architecture: str,
    pieces: Mapping[str, str] | None = None,
    held: Mapping[str, float] | None = None,
    **options: Any,
) -> Mapping[str, Tensor]:
    """An architecture with pieces of its text exchanged and gates held at a value, in float64, without a batch."""
    found = CATALOGUE.find(architecture)
    assert found is not None
    equations = found.equations
    for old, new in (pieces or {}).items():
        assert old in equations
        equations = equations.replace(old, new)
    for name, value in (held or {}).items():
        equations, found_lines = re.subn(
            rf"(?m)^( +{name}\[t\] = )(.*)$", rf"\g<1>{value} + 0 * \g<2>", equations
        )
        assert found_lines == 1
    recurrence = parse(equations)
    own = found.defaults
    inputs = {
        name: {**form, "alphabet": found.alphabet}
        if isinstance(form, dict) and "text" in form
        else form
        for name, form in own.inputs.items()
    }
    told = {"inputs": inputs, "lengths": own.lengths, "parameters": own.parameters_of(recurrence)}
    done = prepare(recurrence, dtype="float64", **{**told, **options})
    values = done.complete()
    return {
        name: value.select(len(recurrence.variables[name].domains), 0)
        for name, value in values.items()
        if name in recurrence.variables
    }


def test_an_lstm_with_open_forget_and_closed_input_gate_is_frozen() -> None:
    s = run("lstm", inputs=TEXT, boundary={"s": [0.3] * 8}, held={"f": 1, "g": 0})["s"]
    assert torch.equal(s, torch.full_like(s, 0.3))


def test_a_closed_forget_gate_erases_what_was_there() -> None:
    closed = {"f": 0}
    one = run("lstm", inputs=TEXT, boundary={"s": [5.0] * 8}, held=closed)["s"]
    two = run("lstm", inputs=TEXT, boundary={"s": [-5.0] * 8}, held=closed)["s"]
    assert torch.equal(one, two)


def test_a_closed_output_gate_hides_the_state_and_keeps_it() -> None:
    values = run("lstm", inputs=TEXT, held={"q": 0})
    assert not values["h"].any()
    assert values["s"].abs().min() > 0


def test_open_gates_integrate_the_cell_input() -> None:
    pieces = {
        "g[t] * tanh(b + U @ x[t] + W @ h[t-1])": "g[t] * a[t]",
        "    h[t] = tanh": "    a[t] = tanh(b + U @ x[t] + W @ h[t-1])\n    h[t] = tanh",
    }
    values = run("lstm", pieces, inputs=TEXT, held={"f": 1, "g": 1})
    torch.testing.assert_close(values["s"], values["a"].cumsum(0))


def test_the_output_of_an_lstm_stays_below_one() -> None:
    assert run("lstm", inputs=TEXT, parameters={"b": [50.0] * 8})["h"].abs().max() < 1


def test_the_printed_cell_input_never_counts_down() -> None:
    assert run("lstm/book", inputs=TEXT)["s"].min() >= 0


def test_peepholes_of_weight_zero_change_nothing() -> None:
    silent = {name: [0.0] * 8 for name in ("p_f", "p_g", "p_o")}
    peephole = run("lstm/peephole", inputs=TEXT, parameters=silent)["h"]
    torch.testing.assert_close(peephole, run("lstm", inputs=TEXT)["h"])


def test_the_forget_gates_of_a_silent_network_multiply_to_a_power() -> None:
    silent = {"U_f": [[0.0]] * 8, "W_f": [[0.0] * 8] * 8}
    for bias in (0.0, 1.0, 3.0):
        values = run("forget-bias", parameters=silent, settings={"b_f": bias})
        torch.testing.assert_close(values["k"][:, 0], values["m"])


GRU = {"x": CLASSES, "y": CLASSES}


def test_a_gru_with_its_gates_fixed_is_a_plain_network() -> None:
    plain = run("rnn-hidden-recurrence", inputs=GRU)
    gru = run("gru", inputs=GRU, held={"u": 0, "r": 1})
    torch.testing.assert_close(gru["h"], plain["h"])


def test_a_gru_with_a_constant_gate_is_a_leaky_unit() -> None:
    leaky = {
        "h[t] = tanh(b + W @ h[t-1] + U @ x[t])": "h[t] = 0.7 * h[t-1] + 0.3 * tanh(b + W @ h[t-1] + U @ x[t])"
    }
    wanted = run("rnn-hidden-recurrence", leaky, inputs=GRU)["h"]
    torch.testing.assert_close(run("gru", inputs=GRU, held={"u": 0.7, "r": 1})["h"], wanted)
    torch.testing.assert_close(run("gru/leaky", inputs=GRU, settings={"α": 0.7})["h"], wanted)


def test_a_gru_with_an_open_update_gate_is_frozen() -> None:
    h = run("gru", inputs=GRU, boundary={"h": [0.4] * 8}, held={"u": 1})["h"]
    assert torch.equal(h, torch.full_like(h, 0.4))


def test_a_gru_never_leaves_the_interval_it_starts_in() -> None:
    assert run("gru", inputs=GRU, boundary={"h": [0.99] * 8})["h"].abs().max() < 1


def test_the_place_of_the_reset_does_not_matter_to_a_diagonal_matrix() -> None:
    diagonal = torch.diag(torch.linspace(-1, 1, 8, dtype=torch.float64))
    options = {"inputs": GRU, "parameters": {"W": diagonal}}
    torch.testing.assert_close(run("gru/torch", **options)["h"], run("gru", **options)["h"])
    assert (run("gru/torch", inputs=GRU)["h"] - run("gru", inputs=GRU)["h"]).abs().max() > 1e-3


def test_the_printed_gru_is_the_usual_one_a_step_late() -> None:
    late = run(
        "gru/literal", {"x: onehot(27)": "x: 27"}, inputs={**GRU, "x": torch.eye(27)[CLASSES]}
    )
    first = torch.cat([torch.zeros(1, 27), torch.eye(27)[CLASSES][:-1]])
    usual = run("gru/book", {"x: onehot(27)": "x: 27"}, inputs={**GRU, "x": first})
    torch.testing.assert_close(late["h"], usual["h"])


@pytest.mark.parametrize("τ", [30, 50])
def test_gradient_over_curvature_of_a_chain_does_not_vanish(τ: int) -> None:
    values = run("optimization-long-term", lengths={"time": τ})
    assert abs(values["r"][-1].item() - 0.5 / (τ - 1)) < 1e-6
    assert values["g"][-1].abs() < 1e-6
    assert values["H"][-1] < 0
    power = 0.5**τ
    assert values["g"][-1].item() == pytest.approx((power - 1) * τ * power / 0.5)


def test_clipping_bounds_the_length_or_every_component() -> None:
    values = run("gradient-clipping/vectors", settings={"v": 0.8})
    g, c, e = values["g"], values["c"], values["e"]
    short = g.norm(dim=-1) <= 0.8
    assert 0 < short.sum() < len(short)
    assert torch.equal(c[short], g[short])
    torch.testing.assert_close(c[~short].norm(dim=-1), torch.full_like(c[~short][:, 0], 0.8))
    torch.testing.assert_close(values["q"], torch.ones_like(values["q"]))
    assert e.abs().max() <= 0.8
    assert 0 < values["s"].min() < 0.99


def test_the_cliff_has_the_gradient_of_the_closed_form() -> None:
    half = 1 / (1 + math.exp(-0.5))
    values = run("gradient-clipping", settings={"b": 0.5 - 5 * half})
    slope = half * (1 - half)
    ρ = 5 * slope
    wanted = 2 * (half - 0.7) * slope * (ρ**50 - 1) / (ρ - 1)
    assert values["g"][1].item() == pytest.approx(wanted, rel=1e-9)
    assert values["g"][0].item() == pytest.approx(wanted * half, rel=1e-9)


def test_clipping_keeps_a_walker_in_the_valley() -> None:
    values = run("gradient-clipping/descent")
    assert values["E"][-1, 0] == pytest.approx(0.09, abs=1e-4)
    assert values["E"][-1, 1] < 1e-3
    assert (values["w"][-1] - values["w"][0]).abs()[0] > 5


@pytest.mark.parametrize("gain", [0.5, 1.0, 1.5])
def test_the_regulariser_of_an_orthogonal_matrix_is_known(gain: float) -> None:
    orthogonal = torch.linalg.qr(
        torch.randn(8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    )[0]
    options = {
        "inputs": {"x": [0.0] * 12, "y": 1},
        "parameters": {"W": orthogonal},
        "settings": {"ρ": gain},
    }
    Ω = run("information-flow-regularizer", **options)["Ω"]
    assert Ω.item() == pytest.approx(12 * (gain - 1) ** 2, abs=1e-12)


HAND = {"s: onehot(8)": "s: 8"}


def by_hand(**changes: Any) -> Mapping[str, Tensor]:
    """One step of the memory, its head driven by hand."""
    usual = {
        "k": [[0.3, -0.2, 0.5, 0.1]],
        "g": [0.5],
        "s": [[0.6, 0.3, 0, 0, 0, 0, 0, 0.1]],
        "e": [[0.5, 0.2, 0.9, 0.4]],
        "a": [[1.0, -1.0, 0.5, 0.0]],
    }
    settings = {name: changes.pop(name) for name in ("β", "γ") if name in changes}
    memory = torch.randn(8, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    values = run(
        "ntm/copy",
        HAND,
        inputs={**usual, **{name: [value] for name, value in changes.items()}},
        settings=settings,
        boundary={"M": memory},
    )
    return {**values, "before": memory}


def test_all_stages_of_an_address_are_distributions() -> None:
    values = run("ntm")
    for name in ("c", "m", "z", "w", "c_r", "m_r", "z_r", "w_r"):
        assert values[name].min() >= 0
        torch.testing.assert_close(values[name].sum(-1), torch.ones(12, dtype=torch.float64))


def test_a_key_without_strength_finds_every_cell_alike() -> None:
    torch.testing.assert_close(by_hand(β=0.0)["c"], torch.full((1, 8), 0.125, dtype=torch.float64))


def test_a_head_moves_by_its_shift_alone() -> None:
    stay = [1.0, 0, 0, 0, 0, 0, 0, 0]
    one = [0, 1.0, 0, 0, 0, 0, 0, 0]
    assert by_hand(g=0.0, s=stay)["w"][0].tolist() == stay
    assert by_hand(g=0.0, s=one)["w"][0].tolist() == one


def test_strong_sharpening_leaves_the_largest_weight() -> None:
    values = run("ntm/copy", {**HAND, "slider(1, 1, 10)": "slider(1, 1, 500)"}, settings={"γ": 400.0}, inputs={
        "k": [[0.3, -0.2, 0.5, 0.1]], "g": [0.0], "s": [[0.5, 0.3, 0, 0, 0, 0, 0, 0.2]], "e": [[0.0] * 4], "a": [[0.0] * 4]
    })  # fmt: skip
    assert values["w"][0].max() > 1 - 1e-12


def test_writing_one_cell_leaves_the_others_bit_for_bit() -> None:
    values = by_hand(g=0.0, s=[0, 0, 1.0, 0, 0, 0, 0, 0], e=[1.0] * 4)
    assert values["M"][0, 2].tolist() == [1.0, -1.0, 0.5, 0.0]
    others = [0, 1, 3, 4, 5, 6, 7]
    assert torch.equal(values["M"][0, others], values["before"][others])


def test_the_hand_programmed_copy_repeats_every_pattern() -> None:
    values = run("ntm/copy")
    assert torch.equal(values["r"][5:10], values["a"][:5])
    torch.testing.assert_close(values["r"][10], values["a"][2], atol=1e-2, rtol=0)


def test_weights_of_a_memory_sum_to_one_and_know_no_order() -> None:
    story = {"q": {"text": "M", "alphabet": "MJAbkKGH"}}
    one = run("memory-network", inputs={"x": [0, 1, 2, 0, 1], "y": [3, 6, 7, 5, 4], **story})
    two = run("memory-network", inputs={"x": [1, 0, 2, 1, 0], "y": [4, 5, 7, 6, 3], **story})
    assert one["p"].sum().item() == pytest.approx(1)
    torch.testing.assert_close(one["o"], two["o"])
    assert one["p"][0] == one["p"][3]


def test_a_memory_of_one_cell_reads_it() -> None:
    values = run("memory-network", inputs={"x": [2], "y": [7], "q": 0})
    assert torch.equal(values["o"], values["c"][0])


def test_a_very_sharp_choice_is_the_hard_one() -> None:
    soft = run("memory-network", {"slider(4, 0, 20)": "slider(4, 0, 1000)"}, settings={"β": 900.0})
    hard = run("memory-network/hard")
    torch.testing.assert_close(soft["p"], hard["p"])
    assert hard["p"].tolist() == [0, 0, 1, 0, 0]


def test_the_hard_choice_is_the_first_of_equal_matches() -> None:
    hard = run("memory-network/hard", inputs={"x": [0, 1, 0, 2], "y": [3, 6, 5, 4], "q": 0})
    assert hard["p"].tolist() == [1, 0, 0, 0]


def test_two_hops_answer_what_no_single_fact_says() -> None:
    assert run("memory-network/hops")["a"].argmax() == 5
