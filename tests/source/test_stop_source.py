"""A generated module of a text with `stop` ends where our run ends, with the same values."""

from __future__ import annotations

import pytest
import torch

from engine.parity import random_inputs
from engine.test_stop import CAPS, TEXTS
from source.modules import run_module
from unrolled.engine import prepare
from unrolled.language import parse

SOURCES = [name for name, text in TEXTS.items() if "sample" not in text and "bernoulli" not in text]


@pytest.mark.parametrize("name", SOURCES)
def test_a_module_ends_at_the_same_step(name: str) -> None:
    recurrence = parse(TEXTS[name])
    lengths = {one: CAPS[one] for one in recurrence.domains}
    inputs = {
        one: torch.stack([value, -value], len(recurrence.variables[one].domains))
        for one, value in random_inputs(recurrence, lengths, 3).items()
    }
    run = prepare(recurrence, lengths=lengths, inputs=inputs, batch=2, dtype="float64", seed=3)
    values = run.complete()
    caps = {one.domain: lengths[one.domain] for one in recurrence.stops}
    _, found = run_module(run, recurrence, settings={}, forcing=1.0, dtype=torch.float64, caps=caps)
    for one, value in found.items():
        torch.testing.assert_close(value.expand_as(values[one]), values[one], rtol=1e-8, atol=1e-9)
