"""Server-sent events: the stream's events, an id to go on from, and nothing behind the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.in_process import Client
from unrolled.service.answering import pinged
from unrolled.service.identity import token_of
from unrolled.service.schemas import RunRequest


def messages(text: str) -> list[dict[str, str]]:
    """A reader by the standard's rules (HTML, 9.2.6), as strict as this service needs it."""
    found: list[dict[str, str]] = []
    for block in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            assert name in ("", "id", "event", "data", "retry")
            assert name not in fields
            fields[name] = value.removeprefix(" ")
        found.append(fields)
    assert found.pop() == {"": ""}
    return [one for one in found if "data" in one]


@pytest.fixture(scope="module")
def body(client: Client) -> dict[str, Any]:
    """A run of several passes, with the inputs that its architecture has."""
    inputs = {"architecture": "bidirectional-rnn", "gradient": {"of": "loss"}}
    assert client.post("/v1/runs", inputs).status_code == 200
    return inputs


def read(client: Client, body: dict[str, Any], query: str = "", **headers: str) -> Any:
    return client.post(f"/v1/runs/events{query}", body, headers=headers)


def test_the_events_are_those_of_the_stream(client: Client, body: dict[str, Any]) -> None:
    answer = read(client, body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    sent = [json.loads(one["data"]) for one in messages(answer.text)]
    lines = [json.loads(one) for one in client.post("/v1/runs/stream", body).text.splitlines()]
    for one in (sent[-1], lines[-1]):
        del one["seconds"]
    assert sent == lines
    assert [one["event"] for one in messages(answer.text)] == [one["event"] for one in lines]
    assert answer.text.startswith("retry: 1000\n\n")
    assert messages(answer.text)[-1]["id"] == "end"


def rows(found: list[dict[str, str]]) -> dict[tuple[str, str, int], Any]:
    """Every number by event, variable and step, however the steps are divided among messages."""
    numbers: dict[tuple[str, str, int], Any] = {}
    for event in (json.loads(one["data"]) for one in found):
        turn = 1 if event["to"] >= event["from"] else -1
        for name, steps in event["values"].items():
            for place, row in enumerate(steps):
                key = (event["event"], name, event["from"] + turn * place)
                assert key not in numbers
                numbers[key] = row
    return numbers


def test_from_every_id_the_stream_goes_on_with_the_same_numbers(
    client: Client, body: dict[str, Any]
) -> None:
    whole = messages(read(client, body).text)
    ids = [one["id"] for one in whole if one.get("id", "end") != "end"]
    assert len(ids) > 2
    for last in ids:
        rest = messages(read(client, body, **{"last-event-id": last}).text)
        behind = max(place for place, one in enumerate(whole) if one.get("id") == last) + 1
        assert rows(rest[1:-1]) == rows(whole[behind:-1])
        assert rest[0]["data"] == whole[0]["data"]
        assert "id" not in rest[0]


def test_only_the_first_pass_has_ids_since_the_others_come_whole(
    client: Client, body: dict[str, Any]
) -> None:
    found = messages(read(client, body).text)
    numbered = [json.loads(one["data"]) for one in found if one.get("id", "end") != "end"]
    names = {tuple(one["values"]) for one in numbered}
    assert len(names) == 1
    assert all(one["event"] == "steps" for one in numbered)
    assert any(one["event"] == "gradients" and "id" not in one for one in found)


def test_behind_the_end_there_is_nothing(client: Client, body: dict[str, Any]) -> None:
    answer = read(client, body, **{"last-event-id": "end"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_browser_asks_by_get(client: Client, body: dict[str, Any]) -> None:
    token = token_of(RunRequest.model_validate(body))
    answer = client.get(f"/v1/runs/{token}/events", headers={"accept": "text/event-stream"})
    assert answer.text == read(client, body).text
    assert (
        client.get(f"/v1/runs/{token}/events", headers={"accept": "image/png"}).status_code == 406
    )


@pytest.mark.parametrize("last", ["-1", "1e3", "three", "1" * 10, ""])
def test_an_id_that_was_never_sent_is_refused(
    client: Client, body: dict[str, Any], last: str
) -> None:
    answer = read(client, body, **{"last-event-id": last})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_silence_is_filled_and_nothing_is_lost() -> None:
    """Pieces that come late have comments between them; a consumer that leaves closes the rest."""
    closed: list[bool] = []

    async def slow(gate: asyncio.Event) -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await gate.wait()
            yield b"two"
        finally:
            closed.append(True)

    async def everything() -> list[bytes]:
        gate, found = asyncio.Event(), []
        async for piece in pinged(slow(gate), every=0.01):
            found.append(piece)
            if found.count(b": ping\n\n") == 3:
                gate.set()
        return found

    async def leaves() -> None:
        pieces = pinged(slow(asyncio.Event()), every=0.01)
        assert await anext(pieces) == b"one"
        assert await anext(pieces) == b": ping\n\n"
        await pieces.aclose()

    found = asyncio.run(everything())
    assert [one for one in found if one != b": ping\n\n"] == [b"one", b"two"]
    assert found.count(b": ping\n\n") >= 3
    asyncio.run(leaves())
    assert closed == [True, True]
