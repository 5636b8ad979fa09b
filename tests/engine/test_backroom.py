"""Small backward passes are replayed: the third one of the same sizes makes the calls of the second again."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import unrolled
from unrolled.engine import Run, prepare

TEXTS = ["lstm", "gru", "bidirectional-rnn", "attention", "deep-rnn/skip", "clockwork-rnn", "ntm"]


def computed(identity: str, seed: int, **more: object) -> Run:
    model = unrolled.load(identity)
    options = {**model.defaults, **more, "seed": seed}
    options.pop("parameters", None)
    run = prepare(model.recurrence, **options)
    run.complete()
    return run


def in_chunks(run: Run) -> dict[str, Tensor]:
    """The gradients of a pass that is never replayed."""
    backward = run.gradients(_scalar(run))
    for _ in backward.chunks():
        pass
    return backward.values


def _scalar(run: Run) -> str:
    if "loss" in run.recurrence.variables:
        return "loss"
    return next(
        f"{one.name}[end]" + "[0]" * len(one.shape)
        for one in reversed(list(run.recurrence.variables.values()))
        if one.kind == "equation" and len(one.domains) == 1
    )


@pytest.mark.parametrize("identity", TEXTS)
def test_replayed_gradients_are_those_of_a_pass_in_chunks(identity: str) -> None:
    for seed in range(5):
        run = computed(identity, seed, dtype="float64")
        expected = in_chunks(run)
        found = run.gradients(_scalar(run)).complete()
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-12, msg=name)


def test_gradients_stay_what_they_are_when_the_next_pass_runs() -> None:
    kept: list[tuple[dict[str, Tensor], dict[str, Tensor]]] = []
    for seed in range(4):
        found = computed("lstm", seed).gradients().complete()
        kept.append((found, {name: value.clone() for name, value in found.items()}))
    for found, then in kept:
        for name, value in then.items():
            assert torch.equal(found[name], value), name
    assert not torch.equal(kept[2][0]["W"], kept[3][0]["W"])


def test_other_sizes_and_targets_have_rooms_of_their_own() -> None:
    for batch, of in [(1, "loss"), (2, "loss"), (1, "L[2]"), (1, "loss"), (2, "L[2]"), (2, "loss")]:
        run = computed("gru", 1, batch=batch, dtype="float64")
        backward = run.gradients(of)
        for _ in backward.chunks():
            pass
        found = run.gradients(of).complete()
        for name, value in backward.values.items():
            torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-12, msg=name)
