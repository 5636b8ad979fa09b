"""Cost before running: parameters, floating-point operations, bytes, and what has to wait."""

from __future__ import annotations

import pytest

from unrolled.catalogue import read_catalogue
from unrolled.graph import Cost, cost, schedule
from unrolled.language import parse

CATALOGUE = read_catalogue().architectures
SIZES = {"x": 2, "h": 3, "y": 4}


def cost_of(
    text: str, steps: int = 5, sizes: dict[str, int] | None = None, forcing: float = 1.0
) -> Cost:
    recurrence = parse(text, sizes)
    return cost(schedule(recurrence, forcing), dict.fromkeys(recurrence.domains, steps))


@pytest.mark.parametrize(
    ("name", "read_out", "parameters"),
    [
        ("rnn-hidden-recurrence", 0, 34),
        ("lstm", 16, 72),
        ("lstm/book", 16, 72),
        ("lstm/peephole", 16, 72 + 9),
        ("gru", 16, 54),
        ("gru/book", 16, 54),
        ("gru/torch", 16, 54 + 3),
    ],
)
def test_parameters_are_as_many_as_in_appendix_a(name: str, read_out: int, parameters: int) -> None:
    """n_x = 2, n_h = 3, n_y = 4; the read-out V, c has 16, which the appendix counts for the RNN alone."""
    assert cost_of(CATALOGUE[name].equations, sizes=SIZES).parameters == parameters + read_out


@pytest.mark.parametrize("name", CATALOGUE)
def test_parameters_do_not_grow_with_the_steps(name: str) -> None:
    text = CATALOGUE[name].equations
    assert cost_of(text, 1).parameters == cost_of(text, 100).parameters


RNN = "x: 2\nh: 3\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])"


def test_operations_of_a_small_network_are_those_one_counts_by_hand() -> None:
    """A step: U x 2·3·2, W h 2·3·3, two sums of 3, tanh 6·3."""
    assert cost_of(RNN, 1).operations == 12 + 18 + 6 + 18
    assert cost_of(RNN, 7).operations == 7 * 54


@pytest.mark.parametrize(
    ("term", "operations"),
    [
        ("x[t] + x[t-1]", 3),
        ("x[t] * b", 3),
        ("W @ x[t]", 2 * 9),
        ("x[t] @ x[t-1]", 2 * 3),
        ("outer(x[t], x[t])", 9),
        ("bilinear(T, x[t], x[t])", 2 * 27),
        ("circular_convolve(x[t], x[t-1])", 2 * 9),
        ("softmax(x[t])", 6 * 3),
        ("sigmoid(x[t])", 4 * 3),
        ("sum(x[t])", 3),
        ("concat(x[t], x[t-1])", 0),
        ("x[t-1]", 0),
    ],
)
def test_operations_of_one_function_are_counted_from_its_sizes(term: str, operations: int) -> None:
    shapes = {"bilinear": "T: (3, 3, 3)", "W @": "W: (3, 3)"}
    above = [line for used, line in shapes.items() if used in term]
    text = "\n".join([*above, "x: 3", "for t in time:", f"    y[t] = {term}"])
    assert cost_of(text, 1).operations == operations


def test_operations_grow_with_every_domain_they_run_over() -> None:
    text = "x: 3\nz: 3\nfor t in time:\n    for s in source:\n        e[t, s] = x[t] @ z[s]"
    recurrence = parse(text)
    found = cost(schedule(recurrence), {"time": 4, "source": 7})
    assert found.operations == 4 * 7 * 6
    assert dict(found.lengths) == {"time": 4, "source": 7}
    assert found.steps == 11


def test_bytes_are_those_of_every_recorded_number() -> None:
    """x, h, o, y, L and the total, four bytes each."""
    text = CATALOGUE["rnn-hidden-recurrence"].equations
    assert cost_of(text, 10, SIZES).bytes == 4 * (10 * (2 + 3 + 4 + 4 + 4 + 1) + 1)


def test_work_that_is_shared_is_counted_once() -> None:
    twice = (
        "x: 3\nh: 3\ng: 3\nfor t in time:\n    h[t] = tanh(U @ x[t])\n    g[t] = sigmoid(U @ x[t])"
    )
    assert cost_of(twice, 1).operations == 18 + 18 + 12


def test_a_scan_waits_once_a_step_and_a_map_never() -> None:
    """Before the scan: the product U x and the sum with b. A step: W h, the sum, tanh."""
    assert [cost_of(RNN, steps).critical_path for steps in (1, 10, 100)] == [2 + 3, 2 + 30, 2 + 300]
    parallel = RNN.replace("h[t-1]", "x[t-1]").replace("x: 2", "x: 3")
    assert len({cost_of(parallel, steps).critical_path for steps in (1, 10, 100)}) == 1


def test_teacher_forcing_shortens_the_critical_path_and_not_the_work() -> None:
    text = CATALOGUE["teacher-forcing"].equations
    forced, free = cost_of(text, 50, forcing=1.0), cost_of(text, 50, forcing=0.0)
    assert forced.operations == free.operations
    assert forced.critical_path < 10
    assert free.critical_path > 50


def test_two_directions_do_not_wait_for_each_other() -> None:
    one = "x: 2\nh: 3\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t])"
    both = f"{one}\n    g[t] = tanh(W_g @ g[t+1] + U_g @ x[t])\ng: 3"
    assert cost_of(both, 20).critical_path == cost_of(one, 20).critical_path


def test_a_nested_scan_waits_for_both_of_its_lengths() -> None:
    text = (
        "e: ()\nfor t in time:\n    for s in source:\n        e[t, s] = tanh(e[t-1, s] + e[t, s-1])"
    )
    plan = schedule(parse(text))
    paths = [
        cost(plan, {"time": t, "source": s}).critical_path for t, s in ((1, 1), (3, 5), (6, 5))
    ]
    assert paths == [2, 2 * 15, 2 * 30]
