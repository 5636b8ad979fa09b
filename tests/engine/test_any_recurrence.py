"""Two hundred recurrences at random: the engine beside the plain interpreter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from engine.features import FEATURES, features
from engine.parity import assert_parity, run_both
from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from unrolled.language import Recurrence, parse

pytestmark = pytest.mark.timeout(600)  # texts are drawn until every feature occurred

FEWEST = 5


def checked(
    check: Callable[[Written, Recurrence], object],
    *,
    random: bool,
    size: int,
    count: int = 200,
    fewest: Mapping[str, int] | None = None,
) -> None:
    """Check texts over chains, no two alike, and some more until each feature occurred as often as it should."""
    checked_all(
        check, recurrences(size=size, random=random, clamps=True, smooth=True), count, fewest
    )


def checked_all(
    check: Callable[[Written, Recurrence], object],
    strategy: SearchStrategy[Written],
    count: int,
    fewest: Mapping[str, int] | None = None,
    of: Callable[[Recurrence, Written], Iterable[str]] = features,
) -> None:
    """The same of texts of any kind. Which texts are drawn depends on the modules that are loaded beside."""
    seen: Counter[str] = Counter()
    texts: set[str] = set()

    def lacking() -> dict[str, int]:
        return {name: seen[name] for name, least in (fewest or {}).items() if seen[name] < least}

    @settings(parent=PROPERTY, max_examples=8 * count)
    @given(strategy)
    def one(written: Written) -> None:
        if written.text in texts or (len(texts) >= count and not lacking()):
            return
        recurrence = parse(written.text)
        check(written, recurrence)
        texts.add(written.text)
        seen.update(of(recurrence, written))

    one()
    assert len(texts) >= count
    assert lacking() == {}


def test_two_hundred_recurrences_compute_what_they_say() -> None:
    def check(written: Written, recurrence: Recurrence) -> None:
        chunks = (None, (1,), (2, 3))[len(written.text) % 3]
        run, plain = run_both(
            recurrence, written.lengths, forcing=written.forcing, chunks=chunks, clamp=written.clamp
        )
        assert_parity(run, plain)

    checked(check, random=False, size=4, fewest=dict.fromkeys(FEATURES, FEWEST))


def test_two_hundred_random_recurrences_compute_what_they_draw() -> None:
    """The interpreter takes the drawn values from the run, and computes the rest."""

    def check(written: Written, recurrence: Recurrence) -> None:
        assert_parity(
            *run_both(recurrence, written.lengths, forcing=written.forcing, clamp=written.clamp)
        )

    checked(check, random=True, size=3, count=60)
