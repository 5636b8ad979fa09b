"""Domains that end by `stop`, over the wire: whole, as a stream, and what is known late."""

from __future__ import annotations

import json
from typing import Any

from service.in_process import Client

TEXT = """
h: 2
for t in time:
    h[t] = tanh(b + W @ h[t-1]) + 0.3 * t
    l[t] = norm(h[t])
    stop(norm(h[t]) > 2)
loss = sum(l)
"""
BODY: dict[str, Any] = {"equations": TEXT, "gradient": {"of": "loss"}}


def events(client: Client, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post("/v1/runs/stream", body)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_run_says_how_long_it_became(client: Client) -> None:
    run = client.post("/v1/runs", BODY).json()
    steps = run["lengths"]["time"]
    assert 3 < steps < 12
    assert run["cost"]["steps"] == 100
    outputs = {one["name"]: one for one in run["outputs"]}
    assert outputs["h"]["shape"] == outputs["grad/h"]["shape"] == [steps, 2]
    assert outputs["l"]["data"][-1] > 2
    assert all(one <= 2 for one in outputs["l"]["data"][:-1])
    assert abs(sum(outputs["l"]["data"]) - run["loss"]) < 1e-4


def test_a_stream_says_it_at_its_end(client: Client) -> None:
    run = client.post("/v1/runs", BODY).json()
    whole = {one["name"]: one["data"] for one in run["outputs"]}
    start, *middle, end = events(client, BODY)
    assert start["lengths"] == {"time": 100}
    assert end["lengths"] == run["lengths"] == {"time": end["steps"]}
    rows = [row for one in middle if one["event"] == "steps" for row in one["values"].get("h", [])]
    assert [number for row in rows for number in row] == whole["h"]
    assert end["values"]["loss"] == run["loss"]
    assert [one for row in end["values"]["grad/W"] for one in row] == whole["grad/W"]


def test_a_step_beyond_the_end_is_refused(client: Client) -> None:
    body = {**BODY, "equations": TEXT + "o = h[40]\n"}
    answer = client.post("/v1/runs", body)
    assert answer.status_code == 422
    assert [one["code"] for one in answer.json()["errors"]] == ["step-outside"]
    last = events(client, body)[-1]
    assert last["event"] == "error"
    assert [one["code"] for one in last["problem"]["errors"]] == ["step-outside"]


def test_a_condition_that_is_known_late_is_refused_in_both_languages(client: Client) -> None:
    body = {"equations": TEXT.replace("norm(h[t]) > 2", "norm(h[end]) > 2")}
    for language, word in (("en", "known only after the last step"), ("zh", "最后一步之后")):
        answer = client.post("/v1/runs", body, headers={"accept-language": language})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["code"], error["line"]) == ("stop-undetermined", 6)
        assert word in error["detail"]
