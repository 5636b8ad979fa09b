"""Two hundred recurrences at random: the engine beside the plain interpreter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from engine.features import FEATURES, features
from engine.parity import assert_parity, run_both
from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from unrolled.language import Recurrence, parse

FEWEST = 5


def checked(
    check: Callable[[Written, Recurrence], None], *, random: bool, size: int, count: int = 200
) -> Counter[str]:
    """Check texts over chains, no two alike; how often each feature occurred among them."""
    texts = recurrences(size=size, random=random, clamps=True, smooth=True)
    return checked_all(check, texts, count)


def checked_all(
    check: Callable[[Written, Recurrence], None], strategy: SearchStrategy[Written], count: int
) -> Counter[str]:
    """The same of texts of any kind."""
    seen: Counter[str] = Counter()
    texts: set[str] = set()

    @settings(parent=PROPERTY, max_examples=3 * count)
    @given(strategy)
    def one(written: Written) -> None:
        if written.text in texts or len(texts) == count:
            return
        texts.add(written.text)
        recurrence = parse(written.text)
        check(written, recurrence)
        seen.update(["texts", *features(recurrence, written)])

    one()
    assert seen["texts"] == count
    return seen


def test_two_hundred_recurrences_compute_what_they_say() -> None:
    def check(written: Written, recurrence: Recurrence) -> None:
        chunks = (None, (1,), (2, 3))[len(written.text) % 3]
        run, plain = run_both(
            recurrence, written.lengths, forcing=written.forcing, chunks=chunks, clamp=written.clamp
        )
        assert_parity(run, plain)

    seen = checked(check, random=False, size=4)
    assert {name: seen[name] for name in FEATURES if seen[name] < FEWEST} == {}


def test_two_hundred_random_recurrences_compute_what_they_draw() -> None:
    """The interpreter takes the drawn values from the run, and computes the rest."""

    def check(written: Written, recurrence: Recurrence) -> None:
        assert_parity(
            *run_both(recurrence, written.lengths, forcing=written.forcing, clamp=written.clamp)
        )

    checked(check, random=True, size=3, count=60)
