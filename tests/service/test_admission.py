"""At most so many runs at once, and so many bytes: the others are told at once, and when to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from unrolled.service.admission import Admission
from unrolled.service.app import create_app
from unrolled.service.cache import Cache
from unrolled.service.problems import ProblemError
from unrolled.settings import Settings

RUN: dict[str, Any] = {"architecture": "gru", "inputs": {"x": {"text": "ab" * 400}}}
OTHERS: dict[str, dict[str, Any]] = {
    "/v1/runs": RUN,
    "/v1/runs/stream": RUN,
    "/v1/runs/frames": RUN,
    "/v1/runs/events": RUN,
    "/v1/jacobians": {"architecture": "gru", "of": "h", "with_respect_to": "h"},
    "/v1/paths": {
        "architecture": "gru",
        "from": {"variable": "h", "at": [1]},
        "to": {"variable": "h", "at": [3]},
    },
    "/v1/recurrences": {"equations": "h: 2\nfor t in time:\n    h[t] = tanh(h[t-1])\n"},
    "/v1/recurrences/module": {"equations": "h: 2\nfor t in time:\n    h[t] = tanh(h[t-1])\n"},
}


class Hall:
    """An application with few places, and clients that ask at the same moment."""

    def __init__(self, **settings: Any) -> None:
        self.app = create_app(Settings(cache_bytes=0, **settings))
        self.state = self.app.state.unrolled
        self.runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    def at_once(self, bodies: list[tuple[str, dict[str, Any]]]) -> list[httpx.Response]:
        async def together() -> list[httpx.Response]:
            return await asyncio.gather(
                *(self.http.post(path, json=body, timeout=60) for path, body in bodies)
            )

        return self.runner.run(together())

    def close(self) -> None:
        self.runner.run(self.http.aclose())
        self.runner.run(self.state.workers.stop())
        self.runner.close()


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall(max_runs=3)
    yield hall
    hall.close()


def seeded(seed: int) -> tuple[str, dict[str, Any]]:
    return "/v1/runs", RUN | {"parameters": {"seed": seed}}


def test_who_does_not_fit_is_told_when_to_come_back(hall: Hall) -> None:
    answers = hall.at_once([seeded(seed) for seed in range(12)])
    statuses = [one.status_code for one in answers]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 3
    for one in answers:
        if one.status_code == 503:
            assert one.headers["content-type"] == "application/problem+json"
            assert one.json()["type"] == "/problems/busy"
            assert 1 <= int(one.headers["retry-after"]) <= 30
    assert hall.state.admission.runs == 0
    assert hall.state.admission.bytes == 0
    assert hall.state.admission.refused == statuses.count(503)
    assert [one.status_code for one in hall.at_once([seeded(99)])] == [200]


def test_places_and_refusals_are_counted_for_whoever_watches(hall: Hall) -> None:
    def counted(name: str) -> float:
        return REGISTRY.get_sample_value(name) or 0.0

    before = counted("unrolled_refused_total")
    places = counted("unrolled_admitted")
    tickets = [hall.state.admission.enter() for _ in range(3)]
    assert counted("unrolled_admitted") - places == 3
    hall.at_once([seeded(1), seeded(2)])
    assert counted("unrolled_refused_total") - before == 2
    for ticket in tickets:
        ticket.leave()
    assert counted("unrolled_admitted") == places


@pytest.mark.parametrize("path", OTHERS)
def test_every_route_that_computes_waits_for_a_place_and_gives_it_back(
    hall: Hall, path: str
) -> None:
    tickets = [hall.state.admission.enter() for _ in range(3)]
    (refused,) = hall.at_once([(path, OTHERS[path])])
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/busy")
    tickets.pop().leave()
    for wrong in (OTHERS[path], {"architecture": "nothing"}, OTHERS[path]):
        hall.at_once([(path, wrong)])
        assert hall.state.admission.runs == 2
    (answer,) = hall.at_once([(path, OTHERS[path])])
    assert answer.status_code == 200
    assert (hall.state.admission.runs, hall.state.admission.bytes > 0) == (2, False)


def test_runs_that_together_record_too_much_come_one_by_one() -> None:
    body = RUN | {"sizes": {"h": 16}}
    hall = Hall()
    (answer,) = hall.at_once([("/v1/runs", body)])
    hall.close()
    needed = answer.json()["cost"]["bytes"]
    hall = Hall(max_total_bytes=needed * 2)
    try:
        answers = hall.at_once(
            [("/v1/runs", body | {"parameters": {"seed": seed}}) for seed in range(8)]
        )
        statuses = [one.status_code for one in answers]
        assert set(statuses) == {200, 503}
        assert statuses.count(200) >= 2
        assert hall.state.admission.bytes == 0
    finally:
        hall.close()


def test_one_run_alone_fits_whatever_it_records() -> None:
    admission = Admission(most_runs=4, most_bytes=100, threads=2)
    first = admission.enter()
    first.reserve(1_000)
    second = admission.enter()
    with pytest.raises(ProblemError):
        second.reserve(1)
    first.leave()
    first.leave()
    second.reserve(1)
    second.leave()
    assert (admission.runs, admission.bytes) == (0, 0)


@pytest.mark.parametrize(
    ("runs", "mean", "threads", "seconds"),
    [(64, 0.01, 2, 1), (64, 0.5, 2, 16), (10, 1.0, 4, 3), (64, 9.0, 1, 30)],
)
def test_the_wait_is_what_those_who_are_in_will_need(
    runs: int, mean: float, threads: int, seconds: int
) -> None:
    admission = Admission(runs, 1, threads)
    admission.runs, admission.mean_seconds = runs, mean
    with pytest.raises(ProblemError) as refused:
        admission.check()
    assert refused.value.headers == {"Retry-After": str(seconds)}


def test_the_cache_keeps_what_was_asked_for_last() -> None:
    cache = Cache(80)
    for name in "abcdefgh":
        cache.put(name, [name.encode() * 10])
    assert cache.bytes == 80
    assert cache.get("a") == (b"a" * 10,)
    cache.put("i", [b"i" * 5, b"i" * 5])
    assert [name for name in "abcdefghi" if cache.get(name)] == list("acdefghi")
    cache.put("j", [b"j" * 11])  # more than its share
    assert cache.get("j") is None
    assert cache.bytes == 80


def test_a_stream_that_was_left_is_not_kept() -> None:
    cache = Cache(1_000)

    async def three() -> AsyncGenerator[bytes]:
        for piece in (b"a", b"b", b"end"):
            yield piece

    async def all_of(tag: str, last: bytes) -> list[bytes]:
        return [one async for one in cache.keeping(tag, three(), lambda one: one == last)]

    async def left() -> None:
        pieces = cache.keeping("left", three(), lambda one: one == b"end")
        assert await anext(pieces) == b"a"
        await pieces.aclose()

    assert asyncio.run(all_of("whole", b"end")) == [b"a", b"b", b"end"]
    asyncio.run(all_of("broken", b"other"))
    asyncio.run(left())
    assert cache.get("whole") == (b"a", b"b", b"end")
    assert cache.get("broken") is None
    assert cache.get("left") is None
