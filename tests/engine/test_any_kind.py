"""Recurrences at random over trees, and that end by `stop`: beside the plain interpreter, values and gradients."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.features import STOP_FEATURES, TREE_FEATURES, features, tree_features
from engine.parity import assert_parity, run_both
from engine.test_any_gradient import check_gradients
from engine.test_any_recurrence import checked_all
from graph.grammar_kinds import MOST_STEPS, stopped_recurrences, tree_recurrences
from graph.written import Written
from unrolled.engine import Run
from unrolled.language import Recurrence

FEWEST = 3


def check(written: Written, recurrence: Recurrence) -> Run:
    chunks = (None, (1,), (2, 3))[len(written.text) % 3]
    run, plain = run_both(
        recurrence, written.lengths, forcing=written.forcing, chunks=chunks, clamp=written.clamp,
        brackets=written.brackets,
    )  # fmt: skip
    assert dict(run.lengths) == dict(plain.lengths)
    assert_parity(run, plain)
    return run


def test_recurrences_over_trees_compute_what_they_say() -> None:
    seen: Counter[str] = Counter()

    def counted(written: Written, recurrence: Recurrence) -> None:
        check(written, recurrence)
        seen.update(tree_features(recurrence, written))

    checked_all(counted, tree_recurrences(size=3, clamps=True, smooth=True), 60)
    assert {name: seen[name] for name in TREE_FEATURES if seen[name] < FEWEST} == {}


def test_recurrences_that_stop_end_where_they_say() -> None:
    """What is drawn the interpreter takes from the run; where it ends it finds itself."""
    seen: Counter[str] = Counter()

    def counted(written: Written, recurrence: Recurrence) -> None:
        steps = check(written, recurrence).lengths["time"]
        seen.update(features(recurrence, written))
        seen[
            "at once" if steps == 1 else "at the most" if steps == MOST_STEPS else "in between"
        ] += 1
        seen["a coin"] += "bernoulli" in written.text

    for random in (False, True):
        texts = stopped_recurrences(size=2, random=random, clamps=True, smooth=True)
        checked_all(counted, texts, 40)
    assert {name: seen[name] for name in STOP_FEATURES if seen[name] < FEWEST} == {}


def test_recurrences_over_trees_have_the_gradients_of_autograd() -> None:
    checked_all(check_gradients, tree_recurrences(size=2, clamps=True, smooth=True), 24)


@pytest.mark.parametrize("random", [False, True])
def test_recurrences_that_stop_have_the_gradients_of_autograd(random: bool) -> None:
    texts = stopped_recurrences(size=2, random=random, clamps=True, smooth=True)
    checked_all(check_gradients, texts, 15)
