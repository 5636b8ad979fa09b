"""Recurrences at random over trees, and that end by `stop`: beside the plain interpreter, values and gradients."""

from __future__ import annotations

import pytest

from engine.features import STOP_FEATURES, TREE_FEATURES, features, tree_features
from engine.parity import assert_parity, run_both
from engine.test_any_gradient import check_gradients
from engine.test_any_recurrence import checked_all
from graph.grammar_kinds import MOST_STEPS, stopped_recurrences, tree_recurrences
from graph.written import Written
from unrolled.engine import Run
from unrolled.language import Recurrence

pytestmark = pytest.mark.timeout(600)  # texts are drawn until every feature occurred

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
    texts = tree_recurrences(size=3, clamps=True, smooth=True)
    checked_all(check, texts, 60, dict.fromkeys(TREE_FEATURES, FEWEST), tree_features)


def test_recurrences_that_stop_end_where_they_say() -> None:
    """What is drawn the interpreter takes from the run; where it ends it finds itself."""
    ends: list[int] = []

    def ended(written: Written, recurrence: Recurrence) -> None:
        ends.append(check(written, recurrence).lengths["time"])

    def of(recurrence: Recurrence, written: Written) -> set[str]:
        end = {1: "at once", MOST_STEPS: "at the most"}.get(ends[-1], "in between")
        coin = {"a coin"} if "bernoulli" in written.text else set[str]()
        return {*features(recurrence, written), end, *coin}

    fixed, drawn = (
        stopped_recurrences(size=2, random=random, clamps=True, smooth=True)
        for random in (False, True)
    )
    checked_all(ended, fixed | drawn, 80, dict.fromkeys(STOP_FEATURES, FEWEST), of)


def test_recurrences_over_trees_have_the_gradients_of_autograd() -> None:
    checked_all(check_gradients, tree_recurrences(size=2, clamps=True, smooth=True), 24)


@pytest.mark.parametrize("random", [False, True])
def test_recurrences_that_stop_have_the_gradients_of_autograd(random: bool) -> None:
    texts = stopped_recurrences(size=2, random=random, clamps=True, smooth=True)
    checked_all(check_gradients, texts, 15)
