"""The linear form of adjoint programs: what a step of a backward scan is left with. That the numbers stay is
held by the tests of gradients (golden numbers, finite differences, a plain interpreter)."""

from __future__ import annotations

import pytest

import unrolled
from unrolled.graph import Request, Target, adjoint, arrange, lower
from unrolled.graph.program import Instruction, Program

RNN = "h[t] = tanh(b + W @ h[t-1] + U @ x[t])"
LSTM = """f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1])
    g[t] = sigmoid(b_g + U_g @ x[t] + W_g @ h[t-1])
    q[t] = sigmoid(b_o + U_o @ x[t] + W_o @ h[t-1])
    s[t] = f[t] * s[t-1] + g[t] * tanh(b + U @ x[t] + W @ h[t-1])
    h[t] = tanh(s[t]) * q[t]"""
GRU = """u[t] = sigmoid(b_u + U_u @ x[t] + W_u @ h[t-1])
    r[t] = sigmoid(b_r + U_r @ x[t] + W_r @ h[t-1])
    h_tilde[t] = tanh(b + U @ x[t] + W @ (r[t] * h[t-1]))
    h[t] = u[t] * h[t-1] + (1 - u[t]) * h_tilde[t]"""


def scanned(lines: str, wanted: frozenset[str] | None = None) -> tuple[Program, list[Instruction]]:
    """The adjoint program of a text with a loss on every state, and what its only scan does at each step."""
    text = f"x: 3\nh: 3\nfor t in time:\n    {lines}\n    L[t] = squared_error(h[t], y[t])\nloss = sum(L)\n"
    recurrence = unrolled.parse(text).recurrence
    found = adjoint(lower(recurrence), Request(Target("loss"), wanted), {"time": 5}).program
    (scan,) = arrange(found).scans()
    return found, [found.instructions[one] for one in scan.all_instructions()]


@pytest.mark.parametrize(
    ("lines", "products", "sums", "matrices"), [(RNN, 1, 1, 1), (LSTM, 6, 2, 4), (GRU, 5, 2, 3)]
)
def test_a_step_multiplies_each_cotangent_once_by_what_is_known(
    lines: str, products: int, sums: int, matrices: int
) -> None:
    _, inside = scanned(lines)
    functions = [one.function for one in inside]
    assert functions.count("multiply") == products
    assert functions.count("total") == sums
    assert functions.count("matmul") == matrices
    assert len(functions) == products + sums + matrices


def test_gradients_of_gates_are_maps_that_leave_the_scan() -> None:
    found, inside = scanned(LSTM)
    for gate in ("f", "g", "q"):
        assert found.variables[f"∇{gate}"] not in {one.identity for one in inside}


def test_two_ways_from_one_state_are_one_product() -> None:
    """u * h[t-1] + (1 - u) * h_tilde: the gate hears from both ends, by one factor h[t-1] - h_tilde."""
    _, inside = scanned("u[t] = sigmoid(W @ h[t-1])\n    h[t] = u[t] * h[t-1] + (1 - u[t]) * x[t]")
    assert [one.function for one in inside].count("multiply") == 2


def test_a_sum_of_products_is_not_taken_apart_to_be_multiplied() -> None:
    found, inside = scanned("h[t] = x[t] * tanh(W @ h[t-1] + V @ h[t-1])")
    factors = [
        one
        for one in inside
        if one.function == "multiply"
        and any(found.instructions[operand.value].function == "matmul" for operand in one.operands)
    ]
    assert factors == []


def test_what_no_result_needs_is_not_there() -> None:
    """Only the states are asked for: the products that make the gradients of parameters are gone."""
    found, _ = scanned(LSTM, frozenset({"h"}))
    reached = set(found.variables.values())
    stack = list(reached)
    while stack:
        new = {one.value for one in found.instructions[stack.pop()].operands} - reached
        reached |= new
        stack += new
    functions = {one.function for one in found.instructions.values()}
    assert not functions & {"outer_total", "batch_total"}
    assert set(found.instructions) == reached


def test_a_long_chain_within_one_step_has_a_form_too() -> None:
    """Each equation is read by the next: a recursion over them would be far too deep."""
    lines = ["z1[t] = a * h[t-1]", *(f"z{n}[t] = a * z{n - 1}[t] + x[t]" for n in range(2, 180))]
    _, inside = scanned("\n    ".join([*lines, "h[t] = tanh(z179[t])"]))
    assert [one.function for one in inside].count("matmul") == 0
    assert len(inside) <= 4
