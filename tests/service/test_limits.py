"""The limits at their very edge, and the arithmetic of who is let in; nothing runs here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from unrolled.graph import Cost
from unrolled.service import admission
from unrolled.service.admission import MEMORY, MOST_WAIT, Admission, Ticket
from unrolled.service.limits import (
    PIECE,
    SMALL_OPERATIONS,
    SMALL_STEPS,
    check_cost,
    check_equations,
    in_pieces,
    is_small,
)
from unrolled.service.problems import Fault, ProblemError
from unrolled.settings import Settings

FREE = Cost(parameters=0, operations=0, bytes=0, critical_path=0, steps=1, lengths={})
LIMITS = {"parameters": 10, "steps": 20, "operations": 30, "bytes": 40}
SETTINGS = Settings(
    max_parameters=10, max_steps=20, max_operations=30, max_bytes=40, max_equations=100
)


def refused(error: ProblemError) -> list[tuple[str, str | None, object, object]]:
    assert error.kind == "too-expensive"
    found = []
    for fault in error.faults:
        assert isinstance(fault, Fault)
        needed, limit = fault.arguments["needed"], fault.arguments["limit"]
        found.append((fault.code, fault.pointer, needed, limit))
    return found


@pytest.mark.parametrize(("what", "limit"), LIMITS.items())
def test_what_is_allowed_is_let_through_and_one_more_is_not(what: str, limit: int) -> None:
    check_cost(replace(FREE, **{what: limit}), 1, SETTINGS)
    with pytest.raises(ProblemError) as caught:
        check_cost(replace(FREE, **{what: limit + 1}), 1, SETTINGS)
    assert refused(caught.value) == [(what, "", limit + 1, limit)]


def test_bytes_count_as_wide_as_the_numbers_are() -> None:
    check_cost(replace(FREE, bytes=20), 2, SETTINGS)
    with pytest.raises(ProblemError) as caught:
        check_cost(replace(FREE, bytes=21), 2, SETTINGS)
    assert refused(caught.value) == [("bytes", "", 42, 40)]


def test_all_that_is_too_much_is_told_at_once() -> None:
    with pytest.raises(ProblemError) as caught:
        check_cost(replace(FREE, parameters=11, steps=21, operations=31, bytes=41), 1, SETTINGS)
    assert [one[0] for one in refused(caught.value)] == list(LIMITS)


def test_a_text_may_be_as_long_as_the_limit() -> None:
    check_equations("x" * 100, SETTINGS)
    with pytest.raises(ProblemError) as caught:
        check_equations("x" * 101, SETTINGS)
    assert refused(caught.value) == [("equations-length", "/equations", 101, 100)]


def test_small_is_few_steps_and_few_operations() -> None:
    assert is_small(replace(FREE, steps=SMALL_STEPS, operations=SMALL_OPERATIONS))
    assert not is_small(replace(FREE, steps=SMALL_STEPS + 1, operations=SMALL_OPERATIONS))
    assert not is_small(replace(FREE, steps=SMALL_STEPS, operations=SMALL_OPERATIONS + 1))


def test_a_piece_does_no_more_than_its_operations_and_at_least_a_step() -> None:
    heavy = replace(FREE, steps=100, operations=10 * PIECE)  # ten steps make a piece
    assert in_pieces([1, 8, 256], heavy) == (1, 8, 10)
    assert in_pieces([5], replace(FREE, steps=3, operations=300 * PIECE)) == (1,)
    assert in_pieces([256], replace(FREE, steps=100, operations=3 * PIECE)) == (33,)
    assert in_pieces([7], FREE) == (7,)
    assert in_pieces([4, 9], replace(FREE, steps=0, operations=PIECE // 4)) == (4, 4)
    assert in_pieces([PIECE * 3], replace(FREE, operations=0)) == (PIECE,)


def wait(error: ProblemError) -> int:
    assert error.kind == "busy"
    return int(error.headers["Retry-After"])


def test_the_last_place_is_given_away_and_the_next_one_is_refused() -> None:
    one = Admission(most_runs=2, most_bytes=100, threads=1)
    first, _ = one.enter(), one.enter()
    assert one.runs == 2
    with pytest.raises(ProblemError):
        one.check()
    with pytest.raises(ProblemError):
        one.enter()
    assert (one.runs, one.refused) == (2, 2)
    first.leave()
    one.check()
    assert one.runs == 1


def test_a_place_is_left_once_even_if_it_is_left_twice_or_fails() -> None:
    one = Admission(most_runs=2, most_bytes=100, threads=1)
    held: list[Ticket] = []

    def fails() -> None:
        with one.inside() as ticket:
            held.append(ticket)
            ticket.reserve(30)
            assert (one.runs, one.bytes) == (1, 30)
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert (one.runs, one.bytes) == (0, 0)
    mean = one.mean_seconds
    held[0].leave()
    assert (one.runs, one.bytes, one.mean_seconds) == (0, 0, mean)


def test_bytes_are_counted_together_and_one_run_alone_always_fits() -> None:
    one = Admission(most_runs=9, most_bytes=100, threads=1)
    large, other = one.enter(), one.enter()
    large.reserve(1000)
    with pytest.raises(ProblemError):
        other.reserve(1)
    assert (one.bytes, other.bytes) == (1000, 0)
    large.leave()
    other.reserve(60)
    other.reserve(40)
    with pytest.raises(ProblemError):
        other.reserve(1)
    assert (one.bytes, other.bytes) == (100, 100)


@pytest.mark.parametrize(
    ("runs", "mean", "threads", "seconds"),
    [
        (8, 0.5, 2, 2),
        (9, 0.5, 2, 3),  # 2.25, rounded up
        (1, 0.01, 4, 1),  # a second at least
        (64, 10.0, 1, MOST_WAIT),
        (0, 0.0, 1, 1),
    ],
)
def test_who_is_refused_is_told_how_long_the_others_take(
    runs: int, mean: float, threads: int, seconds: int
) -> None:
    one = Admission(most_runs=64, most_bytes=1, threads=threads)
    one.runs, one.mean_seconds = runs, mean
    assert wait(one.busy()) == seconds


def test_the_mean_moves_a_tenth_of_the_way_to_the_newest_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "perf_counter", lambda: 105.0)
    one = Admission(most_runs=1, most_bytes=1, threads=1)
    one.runs = 1
    assert one.mean_seconds == 0.1
    Ticket(one, began=103.0).leave()  # a run of two seconds
    assert one.mean_seconds == pytest.approx(0.1 + MEMORY * (2.0 - 0.1))
    assert MEMORY == 0.1
