"""Inputs in every form: text, classes, rows, tensors, generators, and what follows another input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from unrolled.engine import GENERATORS, LETTERS, Run, prepare
from unrolled.language import parse


def one_hot(size: int) -> str:
    return f"x: onehot({size})\nfor t in time:\n    h[t] = x[t]"


VECTOR = "x: 2\nfor t in time:\n    h[t] = x[t]"
SCALAR = "x: ()\nfor t in time:\n    h[t] = x[t]"


def given(text: str, form: Any, **options: Any) -> tuple[Run, Tensor]:
    """The run, and its input as (steps, size) of the first sequence."""
    run = prepare(parse(text), inputs={"x": form}, dtype="float64", **options)
    return run, run.complete()["x"][:, 0]


def classes(values: Tensor) -> list[int]:
    assert torch.equal(values.sum(-1), torch.ones(len(values)).double())
    return values.argmax(-1).tolist()


@pytest.mark.parametrize(
    ("size", "text", "places"),
    [
        (27, "hi z", [8, 9, 0, 26]),
        (128, "Hi!\n", [72, 105, 33, 10]),
        (256, "é", [0xC3, 0xA9]),
        (256, "中", [0xE4, 0xB8, 0xAD]),
    ],
)
def test_text_is_one_hot_in_the_usual_alphabet_of_its_size(
    size: int, text: str, places: list[int]
) -> None:
    run, values = given(one_hot(size), {"text": text})
    assert classes(values) == places
    assert run.lengths["time"] == len(places)


def test_the_usual_letters_are_space_and_a_to_z() -> None:
    assert len(LETTERS) == 27
    assert classes(given(one_hot(27), LETTERS)[1]) == list(range(27))


def test_text_may_bring_its_alphabet() -> None:
    run, values = given(one_hot(3), {"text": "好坏好", "alphabet": "好坏吗"})
    assert classes(values) == [0, 1, 0]
    assert run.symbols["x"] == ["好", "坏", "好"]


@pytest.mark.parametrize("form", [[1, 3, 0], np.array([1, 3, 0]), torch.tensor([1, 3, 0])])
def test_whole_numbers_are_classes_of_a_one_hot_input(form: Any) -> None:
    run, values = given(one_hot(4), form)
    assert classes(values) == [1, 3, 0]
    assert run.symbols["x"] == ["1", "3", "0"]


def test_rows_of_a_one_hot_input_need_not_be_one_hot() -> None:
    rows = [[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]]
    run, values = given(one_hot(3), rows)
    assert values.tolist() == rows
    assert "x" not in run.symbols


@pytest.mark.parametrize(
    "form",
    [[[1, 2], [3, 4], [5, 6]], np.arange(1, 7).reshape(3, 2), torch.arange(1.0, 7).reshape(3, 2)],
)
def test_rows_come_as_lists_arrays_or_tensors(form: Any) -> None:
    assert given(VECTOR, form)[1].tolist() == [[1, 2], [3, 4], [5, 6]]


def test_numbers_are_steps_of_a_scalar_or_of_a_vector_of_one() -> None:
    assert given(SCALAR, [1, 2, 3])[1].tolist() == [1, 2, 3]
    assert given(VECTOR.replace("2", "1"), [1, 2, 3])[1].tolist() == [[1], [2], [3]]


def test_a_batch_stands_between_steps_and_units() -> None:
    rows = torch.arange(12.0).reshape(3, 2, 2)
    run = prepare(parse(VECTOR), inputs={"x": rows}, batch=2)
    assert torch.equal(run.complete()["h"], rows)


def test_one_sequence_serves_a_whole_batch() -> None:
    run = prepare(parse(VECTOR), inputs={"x": [[1, 2], [3, 4]]}, batch=3)
    assert torch.equal(
        run.complete()["h"], torch.tensor([[1.0, 2], [3, 4]]).unsqueeze(1).expand(2, 3, 2)
    )


def test_an_input_without_an_index_is_one_value() -> None:
    text = "c: input(2)\nz: onehot(3)\nfor t in time:\n    h[t] = c * t\na = V @ z\nV: (2, 3)"
    run = prepare(
        parse(text), inputs={"c": [1, 2], "z": 2}, parameters={"V": [[1, 2, 3], [4, 5, 6]]}
    )
    values = run.complete()
    assert values["h"][2, 0].tolist() == [3, 6]
    assert values["a"][0].tolist() == [3, 6]


def test_an_input_over_two_domains_has_two_lengths() -> None:
    text = "x: 2\nfor i in rows:\n    for j in columns:\n        h[i, j] = x[i, j]"
    run = prepare(parse(text), inputs={"x": torch.zeros(4, 3, 2)})
    assert dict(run.lengths) == {"rows": 4, "columns": 3}


# generators


def test_a_sine_has_a_period_of_twelve_steps() -> None:
    steps = torch.arange(1, 25)
    want = torch.sin(2 * math.pi * steps / 12).double()
    torch.testing.assert_close(
        given(SCALAR, {"generate": "sine"}, lengths={"time": 24})[1], want, atol=1e-6, rtol=0
    )


def test_an_impulse_is_one_at_the_first_step() -> None:
    assert given(SCALAR, {"generate": "impulse"}, lengths={"time": 4})[1].tolist() == [1, 0, 0, 0]


def test_generated_symbols_are_one_hot() -> None:
    run, values = given(one_hot(5), {"generate": "symbols"}, lengths={"time": 50})
    assert set(classes(values)) == set(range(5))
    assert run.symbols["x"] == [str(one) for one in classes(values)]


def test_normal_numbers_are_normal() -> None:
    values = given(VECTOR, {"generate": "normal"}, lengths={"time": 4000})[1]
    assert abs(float(values.mean())) < 0.05
    assert abs(float(values.std()) - 1) < 0.05


@pytest.mark.parametrize("generator", ["normal", "symbols"])
def test_a_seed_decides_what_is_generated(generator: str) -> None:
    text = one_hot(9) if generator == "symbols" else VECTOR

    def made(**form: Any) -> Tensor:
        return given(text, {"generate": generator, **form}, lengths={"time": 30})[1]

    assert torch.equal(made(seed=1), made(seed=1))
    assert not torch.equal(made(seed=1), made(seed=2))


def test_what_is_not_given_is_generated_from_the_seed_of_the_run() -> None:
    first, same, other = (
        prepare(parse(VECTOR), seed=seed, lengths={"time": 9}).complete()["x"] for seed in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_generators_are_a_table() -> None:
    assert set(GENERATORS) == {"normal", "sine", "impulse", "symbols"}


# what follows


def test_the_next_symbol_is_the_target_of_a_language_model() -> None:
    text = "x: onehot(27)\ny: onehot(27)\nfor t in time:\n    L[t] = cross_entropy(x[t], y[t])"
    run = prepare(parse(text), inputs={"x": {"text": "abc"}, "y": {"next": "x"}}, dtype="float64")
    assert classes(run.complete()["y"][:, 0]) == [2, 3, 0]
    assert run.symbols["y"] == ["b", "c", " "]


def test_the_next_row_of_numbers_ends_in_zeros() -> None:
    text = "x: 2\ny: 2\nfor t in time:\n    L[t] = squared_error(x[t], y[t])"
    run = prepare(parse(text), inputs={"x": [[1, 2], [3, 4]], "y": {"next": "x"}})
    assert run.complete()["y"][:, 0].tolist() == [[3, 4], [0, 0]]


def test_what_follows_may_itself_be_generated() -> None:
    text = "x: 2\ny: 2\nfor t in time:\n    L[t] = squared_error(x[t], y[t])"
    run = prepare(parse(text), inputs={"y": {"next": "x"}}, lengths={"time": 5})
    values = run.complete()
    assert torch.equal(values["y"][:-1], values["x"][1:])
