"""What the reference calls ground truth in §16 to §23, asked of the catalogue's own texts."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from unrolled.catalogue import read_catalogue
from unrolled.engine import Run, prepare
from unrolled.language import parse

CATALOGUE = read_catalogue().architectures


def computed(
    name: str,
    sizes: dict[str, int] | None = None,
    changes: dict[str, str] | None = None,
    **options: Any,
) -> Run:
    """A complete run of a catalogue text in float64; `changes` replaces pieces of the text."""
    text = CATALOGUE[name].equations
    for old, new in (changes or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    run = prepare(parse(text, sizes or {}), dtype="float64", **options)
    run.complete()
    return run


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def rows(run: Run, name: str) -> Tensor:
    """A variable's values without the batch dimension."""
    return run.values[name].squeeze(1)


def elman(x: Tensor, U: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """The plain tanh network, written out."""
    h = torch.zeros(len(b), dtype=torch.float64)
    found: list[Tensor] = []
    for step in x:
        h = torch.tanh(b + W @ h + U @ step)
        found.append(h)
    return torch.stack(found)


CELL = {"U": normal(3, 2, seed=1), "W": normal(3, 3, seed=2), "b": normal(3, seed=3)}
X = normal(9, 2, seed=4)


# §16


def test_a_stacked_network_equals_torchs_of_two_layers() -> None:
    y = [0, 1, 2, 3, 0, 1, 2, 3, 0]
    run = computed("deep-rnn", inputs={"x": X, "y": y}, seed=2)
    torch_net = torch.nn.RNN(2, 8, num_layers=2, dtype=torch.float64)
    own = run.parameters
    with torch.no_grad():
        for layer, number in ((0, "1"), (1, "2")):
            getattr(torch_net, f"weight_ih_l{layer}").copy_(own[f"U_{number}"])
            getattr(torch_net, f"weight_hh_l{layer}").copy_(own[f"W_{number}"])
            getattr(torch_net, f"bias_ih_l{layer}").copy_(own[f"b_{number}"])
            getattr(torch_net, f"bias_hh_l{layer}").zero_()
        found = torch_net(X)[0]
    torch.testing.assert_close(rows(run, "z"), found, rtol=0, atol=1e-15)


def test_the_skip_alone_is_the_plain_network() -> None:
    y = [0] * 9
    run = computed(
        "deep-rnn/skip",
        inputs={"x": X, "y": y},
        parameters={"W": torch.zeros(8, 8), "b": normal(8)},
    )
    own = run.parameters
    plain = elman(rows(run, "e"), own["A"], own["S"], own["b"])
    torch.testing.assert_close(rows(run, "h"), plain, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("name", "power"), [("deep-rnn", 1), ("deep-rnn/mlp", 2)])
def test_orthogonal_linear_blocks_shrink_once_or_twice_a_step(name: str, power: int) -> None:
    gain = 0.9
    turn = torch.linalg.qr(normal(8, 8))[0]
    linear = {"tanh(": "("}
    weights = {"W_1": gain * turn} if power == 1 else {"W_m": gain * turn, "W": gain * turn.T}
    steps = 12
    y = [0] * steps
    x = torch.zeros(steps, 2)
    start = torch.ones(8, dtype=torch.float64) / math.sqrt(8)
    run = computed(
        name, changes=linear, inputs={"x": x, "y": y}, parameters=weights, boundary={"h": start}
    )
    expected = gain ** (power * torch.arange(1, steps + 1, dtype=torch.float64))
    torch.testing.assert_close(rows(run, "h").norm(dim=-1), expected, rtol=1e-12, atol=0)


def test_a_knock_fades_soonest_with_a_network_in_the_loop_and_latest_with_a_skip() -> None:
    """What the prose says of the run that the page opens with."""
    last = {}
    for name in ("deep-rnn", "deep-rnn/mlp", "deep-rnn/skip"):
        own = CATALOGUE[name].defaults
        last[name] = computed(name, inputs=dict(own.inputs), seed=own.seed)
    h = {name: rows(run, "h")[-1].norm().item() for name, run in last.items()}
    assert h["deep-rnn/mlp"] < 0.1 * h["deep-rnn"]
    assert h["deep-rnn"] < h["deep-rnn/skip"]
    assert rows(last["deep-rnn"], "z")[-1].norm() > 3 * h["deep-rnn"]


# §18


@pytest.mark.parametrize("stretch", [0.5, 0.9, 1.0, 1.1, 1.5])
def test_the_state_and_the_gradient_are_powers(stretch: float) -> None:
    own = CATALOGUE["long-term-dependencies"].defaults
    run = computed(
        "long-term-dependencies",
        lengths={"time": 24}, boundary=dict(own.boundary), parameters=dict(own.parameters), settings={"λ": stretch},
    )  # fmt: skip
    steps = torch.arange(1, 25, dtype=torch.float64)
    torch.testing.assert_close(rows(run, "n"), stretch**steps, rtol=1e-12, atol=0)
    gradient = run.gradients("loss").complete()["h"].squeeze(1).norm(dim=-1)
    torch.testing.assert_close(gradient, stretch ** (24 - steps), rtol=1e-12, atol=0)


def test_the_corrected_closed_form_is_the_state_and_the_printed_one_is_not() -> None:
    run = computed("long-term-dependencies/eigen", lengths={"time": 24})
    torch.testing.assert_close(rows(run, "e"), rows(run, "h"), rtol=0, atol=1e-14)
    assert (rows(run, "f") - rows(run, "h")).norm(dim=-1).min() > 0.3


def test_what_is_not_along_the_leading_eigenvector_is_discarded() -> None:
    run = computed("long-term-dependencies/eigen", lengths={"time": 24})
    cosine = rows(run, "a")
    tangent = torch.sqrt(1 - cosine[:12] ** 2) / cosine[:12]
    torch.testing.assert_close(
        tangent[1:] / tangent[:-1], torch.full((11,), 0.7, dtype=torch.float64)
    )
    assert cosine[9] == pytest.approx(0.98, abs=0.005)


def test_the_variance_of_a_product_of_independent_weights_is_a_power() -> None:
    """The weights are drawn anew for each of 20 000 sequences; three steps, σ² = 0.81."""
    run = computed(
        "long-term-dependencies/independent", lengths={"time": 3}, batch=20_000, settings={"σ": 0.9}
    )
    variance = run.values["r"].flatten(1).var(dim=-1)
    expected = 0.81 ** torch.arange(1, 4, dtype=torch.float64)
    torch.testing.assert_close(variance, expected, rtol=0.05, atol=0)


def test_a_tanh_network_never_stretches_more_than_its_largest_singular_value() -> None:
    W = normal(2, 2, seed=5)
    ends = [
        computed("long-term-dependencies/tanh", lengths={"time": 9}, boundary={"h": h}, parameters={"W": W}, settings={"λ": 1.0})
        for h in ([0.3, -0.2], [0.5, 0.1])
    ]  # fmt: skip
    distance = (rows(ends[0], "h") - rows(ends[1], "h")).norm(dim=-1)
    largest = torch.linalg.matrix_norm(W, 2).item()
    bound = math.hypot(0.2, 0.3) * largest ** torch.arange(1, 10, dtype=torch.float64)
    assert (distance <= bound * (1 + 1e-12)).all()


# §19

RESERVOIR = np.random.RandomState(0).randn(100, 100)
RADIUS = np.abs(np.linalg.eigvals(RESERVOIR)).max()


def two_sines(steps: int) -> Tensor:
    t = torch.arange(1, steps + 1, dtype=torch.float64)
    return (torch.sin(0.2 * t) + torch.sin(0.311 * t))[:, None]


def distance(strength: float, radius: float) -> float:
    """How far two copies of the reference's reservoir of 100 are apart after 600 steps."""
    run = computed(
        "echo-state-network/copies", {"h": 100, "g": 100},
        inputs={"x": two_sines(600)}, settings={"ρ": radius, "k": strength},
        parameters={"W": RESERVOIR / RADIUS, "U": normal(100, 1, seed=9).uniform_(-0.5, 0.5, generator=torch.Generator().manual_seed(9))},
        variables=["d"],
    )  # fmt: skip
    return run.values["d"][-1].item()


def test_the_reservoir_is_the_one_of_the_reference() -> None:
    assert np.linalg.norm(RESERVOIR, 2) / RADIUS == pytest.approx(1.895384, abs=5e-7)


@pytest.mark.parametrize(
    ("strength", "radius", "low", "high"),
    [
        (0, 0.5, 0, 1e-13), (0, 0.9, 0, 1e-13), (0, 1.5, 3, 20), (0, 3, 5, 20), (1, 0.9, 0, 1e-12),
        (1, 3, 5, 20), (10, 0.9, 0, 1e-13), (10, 1.5, 0, 1e-12),
    ],
)  # fmt: skip
def test_copies_meet_where_the_table_says_so(
    strength: float, radius: float, low: float, high: float
) -> None:
    assert low <= distance(strength, radius) <= high


def test_below_a_largest_singular_value_of_one_copies_meet_at_least_so_fast() -> None:
    largest = 0.8
    W = RESERVOIR / np.linalg.norm(RESERVOIR, 2)
    run = computed(
        "echo-state-network/copies", {"h": 100, "g": 100},
        inputs={"x": two_sines(60)}, settings={"ρ": largest}, parameters={"W": W},
    )  # fmt: skip
    start = (2 * run.parameters["p"]).norm()
    bound = start * largest ** torch.arange(1, 61, dtype=torch.float64)
    assert (run.values["d"].flatten() <= bound * (1 + 1e-9)).all()


def test_three_starts_of_the_counterexample_never_meet() -> None:
    """Zero and a pair of opposite points, which the printed matrix exchanges at every step; they are
    three fixed points of the map with -W, whose spectral radius is the same."""
    starts = {"h": [1.0, 1.0], "g": [-1.0, -1.0], "q": [0.3, 0.25]}
    run = computed("echo-state-network/apart", lengths={"time": 600}, boundary=starts)
    point = torch.tensor([0.982, 0.912], dtype=torch.float64)
    assert (rows(run, "h")[-1] - point).abs().max() < 1e-3
    assert (rows(run, "h")[-2] + point).abs().max() < 1e-3
    assert torch.equal(rows(run, "g"), -rows(run, "h"))
    assert rows(run, "q")[-1].norm() < 1e-12
    W = torch.tensor([[2.248, -4.986], [1.824, -3.651]], dtype=torch.float64)
    assert torch.linalg.eigvals(W).abs().max().item() == pytest.approx(0.942, abs=5e-4)
    end = rows(run, "h")[-1]
    torch.testing.assert_close(torch.tanh(-W @ end), end, rtol=0, atol=1e-12)


def reservoir_states(x: Tensor) -> Tensor:
    run = computed(
        "echo-state-network", {"h": 30}, inputs={"x": x, "y": torch.zeros(len(x), 1)},
        changes={"a * tanh(": "a * ("}, settings={"k": 0.1},
    )  # fmt: skip
    return rows(run, "h").clone()


def test_a_ridge_read_out_is_where_the_gradient_is_zero() -> None:
    x = normal(400, 1, seed=6)
    states = reservoir_states(x)[100:-1]
    ridge, target = 1e-3, x[101:, 0]
    V = torch.linalg.solve(states.T @ states + ridge * torch.eye(30), states.T @ target)
    V.requires_grad_()
    ((states @ V - target).square().sum() + ridge * V.square().sum()).backward()
    assert V.grad is not None
    assert V.grad.abs().max() < 1e-8


def test_a_linear_reservoir_remembers_no_more_than_it_has_units() -> None:
    x = normal(3000, 1, seed=7)
    states = reservoir_states(x)[200:]
    q = torch.linalg.qr(states - states.mean(0))[0]
    capacity = 0.0
    for lag in range(1, 91):
        past = x[200 - lag : 3000 - lag, 0]
        past = past - past.mean()
        capacity += ((q.T @ past).square().sum() / past.square().sum()).item()
    chance = 90 * 30 / 2800
    assert 5 < capacity - chance <= 30


# §20


def liquid(**more: Any) -> Run:
    own = CATALOGUE["liquid-state-machine"].defaults
    return computed("liquid-state-machine", inputs=dict(own.inputs), seed=own.seed, **more)


def test_spikes_are_zero_or_one_and_silence_fades_by_lambda() -> None:
    run = liquid()
    z, r = rows(run, "z"), rows(run, "r")
    assert set(z.unique().tolist()) == {0.0, 1.0}
    silent = z[1:] == 0
    torch.testing.assert_close(r[1:][silent], 0.8 * r[:-1][silent], rtol=1e-15, atol=0)
    assert torch.equal(z, rows(liquid(), "z"))


def test_without_input_and_loop_a_membrane_only_leaks() -> None:
    start = torch.full((24,), 0.4, dtype=torch.float64)
    run = liquid(
        parameters={"U": torch.zeros(24, 2), "W": torch.zeros(24, 24)}, boundary={"v": start}
    )
    steps = torch.arange(1, 37, dtype=torch.float64)
    torch.testing.assert_close(
        rows(run, "v"), 0.4 * (0.9**steps)[:, None].expand(36, 24), rtol=1e-13, atol=0
    )
    assert rows(run, "z").abs().max() == 0


def test_one_pulse_separates_two_liquids_and_then_fades() -> None:
    own = CATALOGUE["liquid-state-machine/separation"].defaults
    run = computed("liquid-state-machine/separation", inputs=dict(own.inputs), seed=own.seed)
    d = run.values["d"].flatten()
    assert d[:2].max() == 0
    assert d[2:6].min() > 2
    assert d[-1] < 0.05


# §21


def test_no_weight_on_the_skip_is_the_plain_network() -> None:
    weights = {**CELL, "W_d": torch.zeros(3, 3)}
    run = computed(
        "time-skip-connections", {"x": 2, "h": 3}, inputs={"x": X, "y": [0.0]}, parameters=weights
    )
    torch.testing.assert_close(rows(run, "h"), elman(X, **CELL), rtol=0, atol=1e-15)


def test_short_and_long_edges_together_grow_at_the_largest_root() -> None:
    run = computed("time-skip-connections/linear", lengths={"time": 400}, boundary={"h": 1.0})
    h = run.values["h"].flatten()
    root = np.abs(np.roots([1, -0.9, 0, 0, 0, -0.9])).max()
    assert root > 1
    assert (h[-1] / h[-2]).item() == pytest.approx(root, rel=1e-10)


def test_the_jacobian_of_a_skip_obeys_its_recursion() -> None:
    settings = {"w": 0.7, "v": 0.8}
    run = computed(
        "time-skip-connections/linear", lengths={"time": 30}, boundary={"h": 1.0}, settings=settings
    )
    gradient = run.gradients("loss").complete()["h"].flatten().flip(0)
    expected = [1.0]
    for step in range(1, 30):
        expected.append(0.7 * expected[-1] + (0.8 * expected[step - 5] if step >= 5 else 0.0))
    assert gradient.tolist() == pytest.approx(expected, rel=1e-12)


# §22


def test_a_running_average_has_its_closed_form() -> None:
    x = normal(30, seed=8)
    run = computed("leaky-units/average", inputs={"x": x}, boundary={"μ": [1.0] * 6})
    α = torch.tensor([0, 0.5, 0.75, 0.9, 0.95, 0.99], dtype=torch.float64)
    for t in (1, 7, 30):
        weights = (1 - α) * α ** (t - torch.arange(1, t + 1, dtype=torch.float64))[:, None]
        closed = α**t + (weights * x[:t, None]).sum(0)
        torch.testing.assert_close(rows(run, "μ")[t - 1], closed, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("α", "half"), [(0.9, 6.58), (0.99, 68.97)])
def test_an_impulse_fades_with_its_half_life(α: float, half: float) -> None:
    constant = {"α = [0, 0.5, 0.75, 0.9, 0.95, 0.99]": f"α = [{α}]"}
    run = computed("leaky-units/average", changes=constant, inputs={"x": [1.0] + [0.0] * 79})
    μ = run.values["μ"].flatten()
    k = torch.arange(80, dtype=torch.float64)
    torch.testing.assert_close(μ, (1 - α) * α**k, rtol=1e-12, atol=0)
    assert math.log(2) / -math.log(α) == pytest.approx(half, abs=0.006)
    whole = int(half)
    assert μ[whole + 1] < μ[0] / 2 < μ[whole]


def test_without_a_leak_the_layer_is_plain_and_at_one_it_is_frozen() -> None:
    options: dict[str, Any] = {"inputs": {"x": X}, "parameters": CELL}
    plain = computed("leaky-units", {"x": 2, "h": 3}, settings={"α": 0.0}, **options)
    torch.testing.assert_close(rows(plain, "h"), elman(X, **CELL), rtol=0, atol=1e-15)
    start = [0.1, -0.2, 0.3]
    frozen = computed(
        "leaky-units", {"x": 2, "h": 3}, settings={"α": 1.0}, boundary={"h": start}, **options
    )
    assert rows(frozen, "h").tolist() == [start] * len(X)


def test_a_gru_with_fixed_gates_is_the_leaky_layer() -> None:
    x = torch.cat([X, torch.zeros(9, 25)], 1)
    U = torch.cat([CELL["U"], torch.zeros(3, 25)], 1)
    gates = {"u[t] = sigmoid(b_u + U_u @ x[t] + W_u @ h[t-1])": "u[t] = 0.9", "r[t] = sigmoid(b_r + U_r @ x[t] + W_r @ h[t-1])": "r[t] = 1"}  # fmt: skip
    gru = computed(
        "gru", {"h": 3}, gates, inputs={"x": x, "y": [0] * 9}, parameters={**CELL, "U": U}
    )
    leaky = computed("leaky-units", {"x": 2, "h": 3}, inputs={"x": X}, parameters=CELL)
    torch.testing.assert_close(rows(gru, "h"), rows(leaky, "h"), rtol=0, atol=1e-15)


# §23

TEXT = CATALOGUE["clockwork-rnn"].equations
ALWAYS = {
    re.findall(r"^P = .*$", TEXT, re.MULTILINE)[0]: "P = [1, 1, 1]",
    re.findall(r"^K = .*$", TEXT, re.MULTILINE)[0]: "K = [[1, 1, 1], [1, 1, 1], [1, 1, 1]]",
}


def test_clocks_that_always_tick_are_the_plain_network() -> None:
    run = computed(
        "clockwork-rnn", {"x": 2, "h": 3}, ALWAYS,
        inputs={"x": X, "y": torch.zeros(9, 1)}, parameters=CELL,
    )  # fmt: skip
    torch.testing.assert_close(rows(run, "h"), elman(X, **CELL), rtol=0, atol=1e-15)


def test_a_module_copies_between_its_ticks_and_copies_its_gradient() -> None:
    """Period 8, fed by nothing but itself: from step 9 to 15 value and gradient stand still."""
    run = computed("clockwork-rnn", inputs={"x": normal(16, 1)})
    h = rows(run, "h")
    for unit, period in enumerate([1, 1, 2, 2, 4, 4, 8, 8]):
        for step in range(2, 17):
            if step % period:
                assert h[step - 1, unit] == h[step - 2, unit]
    gradient = run.gradients("h[15][7]").complete()["h"].squeeze(1)
    assert gradient[7:15, 7].tolist() == [1.0] * 8
    assert gradient[7:15, :7].abs().max() == 0


def test_the_mask_keeps_the_blocks_of_slower_modules() -> None:
    recurrence = parse(TEXT)
    periods = np.array(recurrence.constants["P"].rows)
    mask = np.array(recurrence.constants["K"].rows)
    assert (mask == (periods[None, :] >= periods[:, None])).all()
    groups = len(set(periods.tolist()))
    assert mask.sum() == len(periods) ** 2 * (groups + 1) / (2 * groups)
    three = np.array([1, 2, 4])
    assert (three[None, :] >= three[:, None]).sum() == 6
    assert (1 / periods).mean() == pytest.approx(0.47, abs=0.005)
