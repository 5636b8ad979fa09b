"""Every function of the vocabulary in torch, against numbers from its definition; and the two tables side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from unrolled.engine import prepare
from unrolled.engine.kernels import BINARY, GENERAL, UNARY, Spike
from unrolled.language import FUNCTIONS, parse

A = [0.5, -1.25, 2.0]
B = [-0.75, 0.4, 1.5]
P = [0.2, 0.5, 0.3]
ROWS = [[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]]
a, b, p, m = (np.array(one) for one in (A, B, P, ROWS))
T = np.arange(12.0).reshape(2, 3, 2) / 10 - 0.4
C = [0.3, -0.8]
c = np.array(C)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any) -> Any:
    return np.exp(x) / np.exp(x).sum()


def cosine(x: Any, y: Any) -> Any:
    return x @ y / np.sqrt((x @ x) * (y @ y))


EXPECTED: dict[str, list[tuple[str, Any]]] = {
    "add": [("a + b", [-0.25, -0.85, 3.5]), ("a + 1", [1.5, -0.25, 3])],
    "subtract": [("a - b", [1.25, -1.65, 0.5]), ("1 - a", [0.5, 2.25, -1])],
    "multiply": [("a * b", [-0.375, -0.5, 3]), ("2 * a", [1, -2.5, 4])],
    "divide": [("a / b", [0.5 / -0.75, -3.125, 2 / 1.5]), ("1 / a", [2, -0.8, 0.5])],
    "power": [("a ** 2", [0.25, 1.5625, 4]), ("2 ** a", [2**0.5, 2**-1.25, 4]), ("abs(a) ** b", np.abs(a) ** b)],
    "modulo": [("7 % 3", 1), ("-7 % 3", 2), ("7.5 % 2", 1.5)],
    "negative": [("-a", [-0.5, 1.25, -2])],
    "matmul": [("M @ a", [4, -1.75]), ("a @ b", -0.375 - 0.5 + 3), ("d @ M", c @ m), ("M @ transpose(M)", [[5.25, -5.5], [-5.5, 10]])],
    "equal": [("a == 2", [0, 0, 1])],
    "not_equal": [("a != 2", [1, 1, 0])],
    "less": [("a < b", [0, 1, 0])],
    "less_equal": [("a <= 0.5", [1, 1, 0])],
    "greater": [("a > 0.5", [0, 0, 1])],
    "greater_equal": [("a >= 0.5", [1, 0, 1])],
    "sigmoid": [("sigmoid(a)", sigmoid(a)), ("sigmoid(0)", 0.5), ("sigmoid(800)", 1), ("sigmoid(-800)", 0)],
    "tanh": [("tanh(a)", np.tanh(a)), ("tanh(800)", 1)],
    "relu": [("relu(a)", [0.5, 0, 2])],
    "softplus": [("softplus(a)", np.log1p(np.exp(a))), ("softplus(800)", 800), ("softplus(0)", math.log(2))],
    "exp": [("exp(a)", np.exp(a))],
    "log": [("log(p)", np.log(p))],
    "abs": [("abs(a)", [0.5, 1.25, 2])],
    "sqrt": [("sqrt(p)", np.sqrt(p))],
    "minimum": [("minimum(a, b)", [-0.75, -1.25, 1.5]), ("minimum(a, 0)", [0, -1.25, 0])],
    "maximum": [("maximum(a, b)", [0.5, 0.4, 2]), ("maximum(a, 0)", [0.5, 0, 2])],
    "where": [("where(a > 0, a, b)", [0.5, 0.4, 2]), ("where(1, a, b)", A), ("where(0, a, b)", B), ("where(a > 0, 1, 0)", [1, 0, 1])],
    "spike": [("spike(a)", [1, 0, 1]), ("spike(0)", 1)],
    "softmax": [("softmax(a)", softmax(a)), ("softmax(a + 800)", softmax(a))],
    "sum": [("sum(a)", 1.25), ("sum(M)", 3.5)],
    "mean": [("mean(a)", 1.25 / 3), ("mean(M)", 3.5 / 6)],
    "norm": [("norm(a)", math.sqrt(0.25 + 1.5625 + 4)), ("norm(M)", math.sqrt(15.25)), ("norm(-2)", 2)],
    "cosine": [("cosine(a, b)", cosine(a, b)), ("cosine(a, M)", [cosine(a, m[0]), cosine(a, m[1])]), ("cosine(a, 0 * b)", 0)],
    "concat": [("concat(a, d)", [*A, *C]), ("concat(1, a, 2)", [1, *A, 2])],
    "outer": [("outer(a, d)", np.outer(a, c))],
    "transpose": [("transpose(M)", m.T)],
    "bilinear": [("bilinear(T, a, d)", [a @ T[0] @ c, a @ T[1] @ c])],
    "circular_convolve": [
        ("circular_convolve(p, concat(1, 0, 0))", P),
        ("circular_convolve(p, concat(0, 1, 0))", [0.3, 0.2, 0.5]),
        ("circular_convolve(p, concat(0, 0, 1))", [0.5, 0.3, 0.2]),
        ("circular_convolve(a, b)", [sum(a[j] * b[(i - j) % 3] for j in range(3)) for i in range(3)]),
    ],
    "sharpen": [("sharpen(p, 2)", p**2 / (p**2).sum()), ("sharpen(p, 1)", P)],
    "argmax": [("argmax(a)", [0, 0, 1]), ("argmax(p)", [0, 1, 0])],
    "sample": [("sample(concat(0, 1, 0))", [0, 1, 0])],
    "bernoulli": [("bernoulli(0)", 0), ("bernoulli(1)", 1)],
    "normal": [("normal(a, 0)", A)],
    "force": [("force(a, b)", A)],
    "cross_entropy": [("cross_entropy(a, concat(0, 1, 0))", -math.log(softmax(a)[1])), ("cross_entropy(a, p)", -(p * np.log(softmax(a))).sum()),
                      ("cross_entropy(800 * a, concat(0, 0, 1))", 0)],
    "squared_error": [("squared_error(a, b)", 1.25**2 + 1.65**2 + 0.25), ("squared_error(M, 0 * M)", 15.25)],
}  # fmt: skip

CASES = [case for cases in EXPECTED.values() for case in cases]
GIVEN: dict[str, Any] = {"a": A, "b": B, "p": P, "d": C, "M": ROWS, "T": T.tolist()}
SHAPES = {"a": "3", "b": "3", "p": "3", "d": "2", "M": "(2, 3)", "T": "(2, 3, 2)"}


def test_the_vocabulary_has_a_torch_implementation_row_by_row() -> None:
    """Trees are not run yet, so `leaf` has none; `copy` is no word of the language."""
    implemented = {*UNARY, *BINARY, *GENERAL, "force"} - {"copy"}
    assert implemented == set(FUNCTIONS) - {"leaf"}
    assert not set(UNARY) & set(BINARY)
    assert not set(UNARY) & set(GENERAL)


def test_the_vocabulary_is_held_against_numbers_row_by_row() -> None:
    assert set(EXPECTED) == set(FUNCTIONS) - {"leaf"}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("place", ["alone", "at every step", "in a cycle"])
@pytest.mark.parametrize(("term", "expected"), CASES, ids=[term for term, _ in CASES])
def test_a_function_is_its_definition(term: str, expected: Any, place: str, dtype: str) -> None:
    """Of parameters alone, of inputs at every step, and step by step inside a scan."""
    used = [one for one in SHAPES if one in _names(term)]
    declared = "".join(f"{one}: {SHAPES[one]}\n" for one in used)
    shape = "()" if np.ndim(expected) == 0 else str(np.shape(expected))
    body = {
        "alone": f"y = {term}",
        "at every step": f"for t in time:\n    y[t] = {_indexed(term, used)}",
        "in a cycle": f"k: ()\nfor t in time:\n    y[t] = {_carried(term)}\n    k[t] = 0 * sum(y[t])",
    }[place]
    recurrence = parse(f"{declared}y: {shape}\n{body}")
    inputs = {one: GIVEN[one] for one in used if one in recurrence.variables}
    for one, value in inputs.items():
        inputs[one] = [value] * 3 if recurrence.variables[one].domains else value
    run = prepare(
        recurrence,
        inputs=inputs,
        parameters={one: GIVEN[one] for one in used if one not in inputs},
        lengths=dict.fromkeys(recurrence.domains, 3),
        dtype=dtype,
    )
    found = run.complete()["y"]
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    for row in found.reshape(-1, *np.shape(expected)):
        np.testing.assert_allclose(row.numpy(), expected, rtol=tolerance, atol=tolerance)


def _names(term: str) -> set[str]:
    return {word for word in _words(term) if word in SHAPES}


def _words(term: str) -> list[str]:
    return "".join(letter if letter.isalnum() or letter == "_" else " " for letter in term).split()


def _indexed(term: str, names: list[str]) -> str:
    """Every name read at step t."""
    found = ""
    for place, letter in enumerate(term):
        before = term[place - 1] if place else " "
        after = term[place + 1] if place + 1 < len(term) else " "
        is_name = letter in names and not (
            before.isalnum() or before == "_" or after.isalnum() or after in "_("
        )
        found += f"{letter}[t]" if is_name else letter
    return found


def _carried(term: str) -> str:
    """The first name or number of a term plus what is zero, but known only step by step."""
    for place, letter in enumerate(term):
        before = term[place - 1] if place else " "
        after = term[place + 1] if place + 1 < len(term) else " "
        is_name = letter in SHAPES and not (
            before.isalnum() or before == "_" or after.isalnum() or after in "_("
        )
        if is_name:
            return f"{term[:place]}({letter} + k[t-1]){term[place + 1 :]}"
    return f"{term} + 0 * k[t-1]"


def test_a_spike_has_the_derivative_of_a_fast_sigmoid() -> None:
    value = torch.tensor([-0.3, 0.0, 0.2], requires_grad=True)
    Spike.apply(value).sum().backward()
    assert value.grad is not None
    torch.testing.assert_close(value.grad, 1 / (1 + 10 * value.detach().abs()) ** 2)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("sum(x[t], t)", [4, 6]),
        ("mean(x[t], t)", [2, 3]),
        ("sum(x)", 10),
        ("mean(x)", 2.5),
        ("sum(x[t] * x[t-1], t)", [3, 8]),
        ("x[1] + x[end]", [4, 6]),
        ("norm(x[end])", 5),
    ],
)
def test_functions_over_all_steps_are_their_definition(term: str, expected: Any) -> None:
    text = f"x: 2\nfor t in time:\n    h[t] = x[t]\nz = {term}"
    run = prepare(parse(text), inputs={"x": [[1, 2], [3, 4]]}, dtype="float64")
    np.testing.assert_allclose(run.complete()["z"][0].numpy(), expected, atol=1e-12)


def test_a_softmax_over_steps_sums_to_one_over_them() -> None:
    text = "x: 2\nfor t in time:\n    a[t] = softmax(x[t], t)"
    found = prepare(
        parse(text), inputs={"x": [[1, 2], [3, 4], [5, 0]]}, dtype="float64"
    ).complete()["a"][:, 0]
    want = np.exp([[1, 2], [3, 4], [5, 0]])
    np.testing.assert_allclose(found.numpy(), want / want.sum(0), atol=1e-12)
