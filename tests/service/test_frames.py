"""Frames: the events of a stream with raw numbers behind their lines. The stream of lines is the oracle."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from service.in_process import Client
from service.test_gradients import BIDIRECTIONAL, BODY
from unrolled.catalogue import read_catalogue
from unrolled.language import parse

IDS = list(read_catalogue().architectures)


def frames(client: Client, body: Any, query: str = "") -> list[dict[str, Any]]:
    """The events, their values as arrays; fails where bytes are missing or left over."""
    answer = client.post(f"/v1/runs/frames{query}", body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.unrolled.frames"
    rest, events = answer.content, []
    while rest:
        line, newline, rest = rest.partition(b"\n")
        assert newline
        event = json.loads(line)
        if event["event"] in ("steps", "gradients"):
            own, rest = rest[: event["bytes"]], rest[event.pop("bytes") :]
            for name, shape in event["values"].items():
                size = 4 * int(np.prod(shape))
                event["values"][name] = np.frombuffer(own[:size], dtype="<f4").reshape(shape)
                own = own[size:]
            assert own == b""
        events.append(event)
    return events


def lines(client: Client, body: Any, query: str = "") -> list[dict[str, Any]]:
    answer = client.post(f"/v1/runs/stream{query}", body)
    return [json.loads(line) for line in answer.text.splitlines()]


def assert_same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert [one["event"] for one in found] == [one["event"] for one in expected]
    for own, other in zip(found, expected, strict=True):
        if own["event"] not in ("steps", "gradients"):
            assert {**own, "seconds": 0} == {**other, "seconds": 0}
            continue
        assert {**own, "values": list(own["values"])} == {**other, "values": list(other["values"])}
        for name, array in own["values"].items():
            np.testing.assert_array_equal(array, np.array(other["values"][name], dtype=np.float32))


@pytest.mark.parametrize("name", IDS)
def test_every_operation_of_the_catalogue_is_computed(client: Client, name: str) -> None:
    equations = read_catalogue().architectures[name].equations
    variables = [one.variable for one in parse(equations).equations]
    body = {"architecture": name, "variables": [f"{one}/*" for one in variables]}
    *_, end = frames(client, body)
    assert end["event"] == "end"
    outputs = {one["name"] for one in client.post("/v1/runs", body).json()["outputs"]}
    assert {f"{one}/0" for one in variables} <= outputs


@pytest.mark.parametrize("name", IDS)
def test_frames_hold_what_lines_hold(client: Client, name: str) -> None:
    body = {"architecture": name}
    assert_same(frames(client, body), lines(client, body))


@pytest.mark.parametrize("body", [BODY, BIDIRECTIONAL], ids=["forward", "both ways"])
def test_gradients_follow_as_in_lines(client: Client, body: Any) -> None:
    found = frames(client, body)
    assert "gradients" in {one["event"] for one in found}
    assert_same(found, lines(client, body))


def test_a_cut_is_resumed_at_a_step(client: Client) -> None:
    body = {"architecture": "lstm", "inputs": {"x": {"text": "hello hello"}}}
    assert_same(frames(client, body, "?start=5"), lines(client, body, "?start=5"))


def test_what_json_cannot_hold_travels_as_itself(client: Client) -> None:
    body = {
        "equations": "for t in time:\n    h[t] = exp(x[t]) - 1\n    k[t] = h[t] - h[t]\n",
        "sizes": {"x": 2},
        "inputs": {"x": [[0, 0], [0, 999]]},
    }
    values = [one["values"] for one in frames(client, body) if one["event"] == "steps"]
    h = np.concatenate([one["h"] for one in values if "h" in one])
    k = np.concatenate([one["k"] for one in values if "k" in one])
    assert np.isposinf(h[1, 1])
    assert np.isnan(k[1, 1])
    assert np.isfinite(h[0]).all()


def test_a_refusal_is_a_problem_document(client: Client) -> None:
    answer = client.post("/v1/runs/frames", {"architecture": "no-such"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
