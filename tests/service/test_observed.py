"""Observing a random variable over the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.in_process import Client

TEXT = "y: 3\nfor t in time:\n    p[t] = softmax(b + W @ y[t-1])\n    y[t] = sample(p[t])\n"


def outputs(client: Client, **body: Any) -> dict[str, list[float]]:
    answer = client.post("/v1/runs", {"equations": TEXT, **body})
    assert answer.status_code == 200, answer.text
    return {one["name"]: one["data"] for one in answer.json()["outputs"]}


def test_a_run_says_how_probable_the_observed_symbols_are(client: Client) -> None:
    found = outputs(client, inputs={"y": [0, None, 2, 1]})
    assert found["y"][:3] == [1, 0, 0]
    assert found["y"][6:] == [0, 0, 1, 0, 1, 0]
    assert found["log_p/y"][1] == 0
    assert found["log_p/y"][0] == pytest.approx(-1.0986, abs=1e-3)  # no bias yet, no symbol before
    assert len(found["log_p/y"]) == 4
    assert "log_p/y" not in outputs(client, lengths={"time": 4})


def test_a_stream_sends_it_step_by_step(client: Client) -> None:
    body = {"equations": TEXT, "inputs": {"y": [0, 1, 2]}, "variables": ["log_p/y"]}
    lines = client.post("/v1/runs/stream", body).text.splitlines()
    events = [json.loads(line) for line in lines]
    steps = [one for one in events if one["event"] == "steps"]
    assert steps
    assert all("log_p/y" in one["values"] for one in steps)


@pytest.mark.parametrize(
    ("given", "code", "pointer"),
    [
        ({"p": [0, 1]}, "input-unknown", "/inputs/p"),
        ({"y": [0, 3]}, "symbol-range", "/inputs/y"),
        ({"y": [None, [1, 1, 0]]}, "observed-values", "/inputs/y"),
        ({"y": [0, "a"]}, "not-a-number", "/inputs/y/1"),
        ({"y": [None, [1, 0], [1]]}, "ragged", "/inputs/y/2"),
    ],
)
def test_values_that_do_not_fit_are_refused(
    client: Client, given: dict[str, Any], code: str, pointer: str
) -> None:
    answer = client.post("/v1/runs", {"equations": TEXT, "inputs": given})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["code"], error["pointer"]) == (code, pointer)
