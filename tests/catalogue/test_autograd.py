"""The derived backward pass of every text of the catalogue beside torch's autograd, which shares only the vocabulary with it.

Also of those that have no finite differences: spiking units, and the descent down a cliff.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import unrolled
from unrolled.catalogue import read_catalogue
from unrolled.engine import Run, RunError
from unrolled.engine.targets import scalars
from unrolled.model import Here

IDENTITIES = list(read_catalogue().architectures)


def assert_equal(
    derived: dict[str, Tensor], by_autograd: dict[str, Tensor], tolerance: float
) -> None:
    """Equal up to `tolerance` of the largest number of each gradient."""
    assert derived.keys() == by_autograd.keys()
    for name, expected in by_autograd.items():
        assert derived[name].shape == expected.shape, name
        largest = max(expected.abs().max().item() if expected.numel() else 0.0, 1e-6)
        torch.testing.assert_close(
            derived[name], expected, rtol=0, atol=tolerance * largest, msg=name
        )


def computed(result: unrolled.Result) -> Run:
    """The engine's run behind a result."""
    assert isinstance(result._run, Here)
    return result._run.run


@pytest.mark.parametrize("identity", IDENTITIES)
def test_the_derived_gradients_of_everything_are_those_of_autograd(identity: str) -> None:
    run = computed(unrolled.load(identity).run(dtype="float64"))
    targets = scalars(run.recurrence, run.lengths)
    for of in dict.fromkeys((targets[0], targets[-1])):
        assert_equal(run.gradients(of).complete(), run.autograd(of), 1e-7)


@pytest.mark.parametrize("identity", ["lstm", "gru", "rnn-hidden-recurrence"])
@pytest.mark.parametrize("batch", [1, 3])
def test_in_float32_they_agree_too_for_the_recognised_cells(identity: str, batch: int) -> None:
    run = computed(unrolled.load(identity).run(batch=batch))
    assert_equal(run.gradients().complete(), run.autograd(), 2e-6)


HELD: list[dict[str, Any]] = [
    {"clamp": [{"variable": "f", "value": 1.0, "steps": [2, 4]}]},
    {"boundary": {"h": [0.5] * 8}},
    {"boundary": {"s": [0.5] * 8, "h": [-0.5] * 8}, "batch": 2},
]


@pytest.mark.parametrize("options", HELD)
def test_they_agree_with_what_is_held_or_given_before_the_first_step(
    options: dict[str, Any],
) -> None:
    run = computed(unrolled.load("lstm").run(dtype="float64", **options))
    assert_equal(run.gradients().complete(), run.autograd(), 1e-9)


def test_a_run_that_is_too_long_for_autograd_is_refused_before_it_is_tried() -> None:
    run = unrolled.parse("h: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1])").run(
        lengths={"time": 30_000}
    )
    with pytest.raises(RunError, match='way="derived"'):
        run.gradient("h", of="h[30000][0]", way="autograd")
