"""Holding a variable over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from service.in_process import Client

STEPS = [1, 0, 0, 1, 1]
TEXT = "h: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t])\nx: 1\n"


def outputs(client: Client, **body: Any) -> dict[str, list[float]]:
    answer = client.post("/v1/runs", {"inputs": {"x": STEPS}, "equations": TEXT, **body})
    assert answer.status_code == 200, answer.text
    return {one["name"]: one["data"] for one in answer.json()["outputs"]}


def test_a_run_holds_what_it_is_asked_to(client: Client) -> None:
    clamp = [{"variable": "h", "steps": [2, 3], "units": [1], "value": 0.5}]
    held = outputs(client, clamp=clamp)["h"]
    free = outputs(client)["h"]
    assert held[3] == held[5] == 0.5
    assert held[:3] == free[:3]
    assert held[6:] != free[6:]
    spelled = [{"variable": "h", "steps": {"time": [2, 3]}, "units": [1], "value": [0.5]}]
    assert outputs(client, clamp=spelled)["h"] == held


def test_the_graph_says_which_edges_are_cut(client: Client) -> None:
    answer = client.post("/v1/recurrences", {"equations": TEXT, "held": ["h"]}).json()
    assert {edge["cut"] for edge in answer["graph"]["edges"]} == {True}
    assert {stage["kind"] for stage in answer["schedule"]} == {"map"}


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/v1/runs", {"clamp": [{"variable": "x", "value": 1}]}, "/clamp/0/variable"),
        ("/v1/runs", {"clamp": [{"variable": "h"}]}, "/clamp/0/value"),
        ("/v1/runs", {"clamp": [{"variable": "h", "value": "1"}]}, "/clamp/0/value"),
        ("/v1/runs", {"clamp": [{"variable": "h", "value": 1, "steps": [1]}]}, "/clamp/0/steps"),
        (
            "/v1/runs",
            {"clamp": [{"variable": "h", "value": 1, "steps": {"time": [0, 2]}}]},
            "/clamp/0/steps/time/0",
        ),
        ("/v1/runs", {"clamp": [{"variable": "h", "value": 1, "unit": 0}]}, "/clamp/0/unit"),
        ("/v1/recurrences", {"held": ["x"]}, "/held/0"),
    ],
)
def test_what_cannot_be_held_is_named(
    client: Client, path: str, body: dict[str, Any], pointer: str
) -> None:
    answer = client.post(path, {"equations": TEXT, **body})
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
