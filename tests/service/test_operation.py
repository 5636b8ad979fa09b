"""What keeps the service operable: request ids, metrics, readiness, limits of time, the end."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.in_process import Client
from unrolled.service.app import create_app
from unrolled.service.logs import JsonLines, TextLines, configuration, fields, request_id
from unrolled.service.state import State
from unrolled.settings import Settings

RUN: dict[str, Any] = {"architecture": "gru", "inputs": {"x": {"text": "hello"}}}
LONG: dict[str, Any] = {
    "architecture": "lstm",
    "sizes": {"h": 64},
    "inputs": {"x": {"text": "the quick brown fox " * 200}},
}


@pytest.fixture
def fresh() -> Iterator[Client]:
    """A client of an application of the test's own."""
    client = Client(create_app())
    yield client
    client.close()


def state(client: Client) -> State:
    return client.app.state.unrolled


def samples(client: Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of `/metrics` by name and labels, read by Prometheus' own parser."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


# request ids -------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["a", "lecture-7.q_3", "x" * 64])
@pytest.mark.parametrize("path", ["/healthz", "/v1/nothing", "/", "/v1/architectures/lstm"])
def test_an_id_that_is_given_comes_back(client: Client, path: str, given: str) -> None:
    assert client.get(path, headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a/b", "é".encode(), "<script>", "a\tb"])
def test_an_id_that_could_do_harm_is_replaced(client: Client, given: str | bytes) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-request-id"].isalnum()


def test_every_request_has_an_id_of_its_own(client: Client) -> None:
    ids = {client.get("/healthz").headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


def test_a_refusal_and_a_crash_have_an_id_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"X-Request-ID": "mine"}
    refused = client.post("/v1/runs", {}, headers=headers)
    assert (refused.status_code, refused.headers["x-request-id"]) == (422, "mine")
    stranger = client.get("/docs", headers={**headers, "host": "evil.example"})
    assert (stranger.status_code, stranger.headers["x-request-id"]) == (400, "mine")

    def crash(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("unrolled.service.routes.describe_equations", crash)
    crashed = client.post("/v1/recurrences", {"equations": "h: 2"}, headers=headers)
    assert (crashed.status_code, crashed.headers["x-request-id"]) == (500, "mine")


# logs --------------------------------------------------------------------------------------------


def test_a_request_is_one_line_with_its_route_and_nothing_of_its_content(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "unrolled"):
        client.get("/v1/architectures/lstm?lang=secret", headers={"X-Request-ID": "r-1"})
        client.post("/v1/runs?digits=2", {**RUN, "secret": "body"})
        client.get("/gru?secret=query")
        client.get("/secret")
        client.get("/secret/and/more")
    formatter = JsonLines()
    lines = [json.loads(formatter.format(one)) for one in caplog.records]
    assert [(one["method"], one["route"], one["status"]) for one in lines] == [
        ("GET", "/v1/architectures/{architecture}", 200),
        ("POST", "/v1/runs", 422),
        ("GET", "/{architecture}", 200 if state(client).static.is_dir() else 503),
        ("GET", "/{architecture}", 404),
        ("GET", "none", 404),
    ]
    assert all(one["bytes"] > 0 and one["seconds"] > 0 for one in lines)
    assert "secret" not in json.dumps(lines)


def test_polling_is_not_worth_a_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "unrolled"):
        client.get("/healthz")
        client.get("/metrics")
    assert caplog.records == []


def test_every_line_that_is_written_for_a_request_has_its_id(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    formatter, told = JsonLines(), []

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(json.loads(formatter.format(record)))

    def describe(*_: object) -> bytes:  # runs in a thread of its own
        logging.getLogger("unrolled.somewhere").warning("deep inside")
        return b"{}"

    monkeypatch.setattr("unrolled.service.routes.describe_equations", describe)
    handler = Told()
    logging.getLogger("unrolled").addHandler(handler)
    try:
        client.post("/v1/recurrences", {"equations": "h: 2"}, headers={"X-Request-ID": "deep"})
    finally:
        logging.getLogger("unrolled").removeHandler(handler)
    assert {
        "logger": "unrolled.somewhere",
        "message": "deep inside",
        "request": "deep",
    }.items() <= (told[0].items())


def test_a_line_of_json_has_a_time_in_utc_and_the_exception() -> None:
    try:
        raise ValueError("line\nbreak")
    except ValueError as error:
        record = logging.LogRecord(
            "unrolled.x", logging.ERROR, "", 1, "said %d", (5,), (type(error), error, None)
        )
    record.created = 0.25
    record.__dict__.update(fields(route="/x"))
    text = JsonLines().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert line["time"] == "1970-01-01T00:00:00.250+00:00"
    assert (line["level"], line["message"], line["route"]) == ("ERROR", "said 5", "/x")
    assert "ValueError: line\nbreak" in line["exception"]


def test_a_line_of_text_names_the_request() -> None:
    record = logging.LogRecord("unrolled.x", logging.WARNING, "", 1, "said", (), None)
    token = request_id.set("r-7")
    assert TextLines().format(record) == "WARNING unrolled.x: said [r-7]"
    request_id.reset(token)


@pytest.mark.parametrize("form", ["json", "text", "off", "auto"])
def test_every_form_of_the_log_can_be_configured(form: str) -> None:
    found = configuration(form)
    (handler,) = found["root"]["handlers"]
    assert handler == ("none" if form == "off" else "stderr")
    assert found["handlers"]["stderr"]["formatter"] == (
        "text" if form in ("text", "off") else "json"
    )
    assert all(one["propagate"] and not one["handlers"] for one in found["loggers"].values())


# metrics -----------------------------------------------------------------------------------------


def test_requests_runs_and_steps_are_counted(client: Client) -> None:
    before = samples(client)
    client.post("/v1/runs", RUN)
    client.post("/v1/runs", {})
    client.post("/v1/runs/stream", RUN)
    client.post("/v1/runs/stream?start=4", RUN)
    client.get("/v1/architectures/lstm/book?lang=secret")
    client.call("BREW", "/v1/runs")
    grown = {
        key: value - before.get(key, 0.0)
        for key, value in samples(client).items()
        if value != before.get(key, 0.0) and key[0].startswith("unrolled")
    }

    def requests(route: str, method: str, status: int) -> float:
        labels = {"route": route, "method": method, "status": str(status)}
        return grown.get(("unrolled_requests_total", frozenset(labels.items())), 0.0)

    none = frozenset[tuple[str, str]]()
    assert requests("/v1/runs", "POST", 200) == 1
    assert requests("/v1/runs", "POST", 422) == 1
    assert requests("/v1/runs", "other", 405) == 1
    assert requests("/v1/runs/stream", "POST", 200) == 2
    assert requests("/v1/architectures/{architecture}", "GET", 200) == 1
    assert grown["unrolled_steps_sent_total", none] == 5 + 5 + 2
    assert grown["unrolled_run_seconds_count", none] == 3
    assert grown["unrolled_run_seconds_sum", none] > 0
    runs = frozenset({("route", "/v1/runs")})
    assert grown["unrolled_request_seconds_count", runs] == 3
    assert "secret" not in str(grown)


def test_nothing_is_in_work_when_nothing_runs(client: Client) -> None:
    client.post("/v1/runs/stream", RUN)
    found = {name: value for (name, _), value in samples(client).items()}
    assert found["unrolled_streams"] == 0
    assert found["unrolled_pieces_waiting"] == 0
    assert found["unrolled_pieces_working"] == 0
    assert found["process_resident_memory_bytes"] > 2**20


def test_work_that_is_given_up_before_its_turn_is_not_waiting_for_ever(fresh: Client) -> None:
    import threading

    may_end = threading.Event()
    workers = state(fresh).workers

    async def crowd() -> float:
        held = [asyncio.create_task(workers.run(may_end.wait, 20)) for _ in range(2)]
        waiting = [asyncio.create_task(workers.run(int)) for _ in range(3)]
        await asyncio.sleep(0)
        during = {name: value for (name, _), value in (await read()).items()}
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        may_end.set()
        await asyncio.wait(held)
        return during["unrolled_pieces_waiting"] + during["unrolled_pieces_working"]

    async def read() -> dict[tuple[str, Any], float]:
        text = (await fresh.http.get("/metrics")).text
        return {
            (one.name, None): one.value
            for family in text_string_to_metric_families(text)
            for one in family.samples
        }

    assert fresh.runner.run(crowd()) == 5
    after = {name: value for (name, _), value in samples(fresh).items()}
    assert (after["unrolled_pieces_waiting"], after["unrolled_pieces_working"]) == (0, 0)


# readiness ---------------------------------------------------------------------------------------


def test_a_process_is_ready_once_torch_is_there_and_until_it_stops(fresh: Client) -> None:
    def ready() -> tuple[int, str]:
        answer = fresh.get("/readyz")
        document = answer.json()
        if answer.status_code == 200:
            return 200, document["status"]
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "1"
        assert document["type"] == "/problems/not-ready"
        return answer.status_code, document["errors"][0]["code"]

    async def warm() -> None:
        workers = state(fresh).workers
        workers.start()
        workers.page_served()
        while not workers.is_warm:
            await asyncio.sleep(0.01)

    assert ready() == (503, "starting")
    assert fresh.get("/healthz").status_code == 200
    fresh.runner.run(warm())
    assert ready() == (200, "ok")
    state(fresh).stopping.has_begun = True
    assert ready() == (503, "stopping")
    assert fresh.get("/healthz").status_code == 200


# limits of time, and the end ---------------------------------------------------------------------


@pytest.fixture
def hasty() -> Iterator[Client]:
    """A service on which a run may compute a thousandth of a second."""
    client = Client(create_app(Settings(max_seconds=0.001)))
    yield client
    client.close()


def test_a_whole_run_that_takes_too_long_is_a_problem(hasty: Client) -> None:
    answer = hasty.post("/v1/runs", LONG)
    assert answer.status_code == 422
    document = answer.json()
    assert document["type"] == "/problems/time-limit"
    assert "At most 0.001 s" in document["errors"][0]["hint"]


@pytest.mark.parametrize("path", ["/v1/runs/stream", "/v1/runs/frames"])
def test_a_stream_that_takes_too_long_ends_with_an_error_event(hasty: Client, path: str) -> None:
    answer = hasty.post(f"{path}?lang=zh", {**LONG, "variables": ["loss"]})
    assert answer.status_code == 200
    last = json.loads(answer.content.splitlines()[-1])
    assert last["event"] == "error"
    assert last["problem"]["type"] == "/problems/time-limit"
    assert "UNROLLED_MAX_SECONDS" in last["problem"]["errors"][0]["hint"]
    assert "秒" in last["problem"]["errors"][0]["detail"]


def test_when_all_has_to_end_a_request_is_a_problem_that_says_when_to_come_back(
    fresh: Client,
) -> None:
    state(fresh).stopping.end()
    answer = fresh.post("/v1/runs", RUN)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["type"] == "/problems/stopping"


def test_a_timeout_of_the_application_itself_is_not_taken_for_the_end(
    fresh: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr("unrolled.service.routes.describe_equations", late)
    answer = fresh.post("/v1/recurrences", {"equations": "h: 2"})
    assert answer.json()["type"] == "/problems/internal"
