"""Gradients on the wire: outputs `grad/…` of a whole run, events `gradients` of a stream, and their limits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from golden.fixture import GOLDEN
from golden.rows_gates import ELMAN, START, request
from service.in_process import Client
from unrolled.service import answers
from unrolled.service.app import create_app
from unrolled.settings import Settings

BODY = {
    **request("rnn-hidden-recurrence", ELMAN, **START),
    "dtype": "float64",
    "gradient": {"of": "loss"},
}
BIDIRECTIONAL = {
    "equations": "x: 2\nh: 3\ng: 3\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t])\n"
    "    g[t] = tanh(W_g @ g[t+1] + U_g @ x[t])\n    L[t] = norm(h[t] + g[t])\nloss = sum(L)\n",
    "lengths": {"time": 7},
    "dtype": "float64",
    "gradient": {"of": "loss"},
}


def outputs(document: Any) -> dict[str, np.ndarray]:
    return {
        one["name"]: np.array(one["data"], dtype=np.float64).reshape(one["shape"])
        for one in document["outputs"]
    }


def stream(client: Client, body: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/runs/stream", body)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_whole_run_has_a_gradient_beside_every_output(client: Client) -> None:
    answer = client.post("/v1/runs", BODY)
    document = answer.json()
    answers.RunResult.model_validate(document)
    found = outputs(document)
    plain = outputs(client.post("/v1/runs", {**BODY, "gradient": None}).json())
    assert {name for name in found if not name.startswith("grad/")} == set(plain)
    for name in ("x", "y", "h", "o", "p", "L", "loss"):
        assert found[f"grad/{name}"].shape == plain[name].shape
    domains = {one["name"]: one["domains"] for one in document["outputs"]}
    assert domains["grad/h"] == ["time"]
    assert domains["grad/W"] == domains["grad/loss"] == []
    np.testing.assert_allclose(found["grad/W"], GOLDEN["rnn_h2h"]["grad_W"], rtol=0, atol=1e-9)
    assert found["grad/loss"] == 1


def test_a_stream_sends_gradients_after_the_steps_from_the_last_to_the_first(
    client: Client,
) -> None:
    whole = outputs(client.post("/v1/runs", BODY).json())
    events = stream(client, BODY)
    kinds = [one["event"] for one in events]
    first = kinds.index("gradients")
    assert "steps" not in kinds[first:]
    assert kinds[-1] == "end"
    for one, model in zip(
        (events[first], events[-1]), (answers.GradientsEvent, answers.EndEvent), strict=True
    ):
        model.model_validate(one)
    for name in ("h", "o", "x"):
        passes = [one for one in events[first:-1] if name in one["values"]]
        assert [(one["from"], one["to"]) for one in passes] == [(5, 5), (4, 3), (2, 1)]
        rows = [row for one in passes for row in one["values"][name]]
        np.testing.assert_allclose(rows[::-1], whole[f"grad/{name}"], rtol=0, atol=1e-14)
    end = events[-1]
    np.testing.assert_allclose(end["values"]["grad/W"], whole["grad/W"], rtol=0, atol=1e-14)
    norms = GOLDEN["rnn_h2h"]["grad_norm"]
    assert set(end["parameter_gradients"]) == set(ELMAN)
    for name, norm in end["parameter_gradients"].items():
        assert norm == pytest.approx(norms[name], abs=1e-9)


def test_what_goes_backward_has_gradients_that_go_forward(client: Client) -> None:
    whole = outputs(client.post("/v1/runs", BIDIRECTIONAL).json())
    events = [one for one in stream(client, BIDIRECTIONAL) if one["event"] == "gradients"]
    for name, turn in (("h", -1), ("g", 1)):
        passes = [one for one in events if name in one["values"]]
        assert [one["from"] > one["to"] for one in passes[1:]] == [turn < 0] * (len(passes) - 1)
        rows = [row for one in passes for row in one["values"][name]]
        np.testing.assert_allclose(rows[::turn], whole[f"grad/{name}"], rtol=0, atol=1e-14)


def test_only_what_is_asked_for_is_sent(client: Client) -> None:
    body = {
        **BODY,
        "variables": ["loss"],
        "gradient": {"of": "o[end][2]", "variables": ["h", "V", "y"]},
    }
    found = outputs(client.post("/v1/runs", body).json())
    assert set(found) == {"loss", "grad/h", "grad/h[0]", "grad/V", "grad/y"}
    assert not found["grad/y"].any()
    np.testing.assert_allclose(found["grad/h"][-1], ELMAN["V"][2], rtol=0, atol=1e-15)
    end = stream(client, body)[-1]
    assert set(end["parameter_gradients"]) == {"V"}
    assert set(end["values"]) == {"loss", "grad/h[0]", "grad/V"}


def test_parts_and_contributions_are_sent_with_their_steps(client: Client) -> None:
    gradient = {"of": "loss", "variables": ["h", "W"], "parts": True, "contributions": True}
    body = {**BODY, "gradient": gradient}
    found = outputs(client.post("/v1/runs", body).json())
    names = {"grad/h", "grad/h/o", "grad/h/h", "grad/W", "grad/W/time", "grad/h[0]"}
    assert {name for name in found if name.startswith("grad/")} == names
    assert found["grad/W/time"].shape == (5, 3, 3)
    np.testing.assert_allclose(found["grad/W/time"].sum(0), found["grad/W"], rtol=0, atol=1e-12)
    parts = found["grad/h/o"] + found["grad/h/h"]
    np.testing.assert_allclose(parts, found["grad/h"], rtol=0, atol=1e-15)
    events = [one for one in stream(client, body) if one["event"] == "gradients"]
    for name in ("h/o", "W/time"):
        rows = [row for one in events if name in one["values"] for row in one["values"][name]]
        np.testing.assert_allclose(rows[::-1], found[f"grad/{name}"], rtol=0, atol=1e-14)


def test_contributions_that_are_too_large_are_refused_before_anything_runs(client: Client) -> None:
    body = {
        "architecture": "lstm",
        "sizes": {"h": 200},
        "inputs": {"x": {"text": "hello world " * 40}},
        "variables": ["loss"],
        "gradient": {"of": "loss", "variables": ["W"]},
    }
    assert client.post("/v1/runs", body).status_code == 200
    body["gradient"] = {"of": "loss", "contributions": True}
    answer = client.post("/v1/runs/stream", body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["code"] == "bytes"


def test_digits_round_gradients_too(client: Client) -> None:
    answer = client.post("/v1/runs?digits=3", BODY).json()
    found = outputs(answer)["grad/W"]
    np.testing.assert_array_equal(found, np.round(found, 3))
    events = client.post("/v1/runs/stream?digits=3", BODY).text.splitlines()
    norms = json.loads(events[-1])["parameter_gradients"]
    assert all(norm == round(norm, 3) for norm in norms.values())


def test_a_gradient_that_is_not_finite_travels_as_null_and_is_counted(client: Client) -> None:
    body = {
        "equations": "for t in time:\n    h[t] = sqrt(x[t])\nx: ()\nloss = sum(h)\n",
        "inputs": {"x": [4.0, 0.0, 1.0]},
        "gradient": {"of": "loss"},
    }
    document = client.post("/v1/runs", body).json()
    data = next(one["data"] for one in document["outputs"] if one["name"] == "grad/x")
    assert data == [0.25, None, 0.5]
    assert document["nonfinite"] == {"count": 1, "first": "grad/x[2]"}
    end = stream(client, body)[-1]
    assert end["nonfinite"] == {"count": 1, "first": "grad/x[2]"}


def test_a_norm_that_is_not_finite_travels_as_null(client: Client) -> None:
    body = {
        "equations": "for t in time:\n    h[t] = sqrt(α - 1)\nh: ()\nloss = sum(h)\n",
        "lengths": {"time": 2},
        "gradient": {"of": "loss"},
    }
    end = stream(client, body)[-1]
    assert end["parameter_gradients"] == {"α": None}
    assert end["values"]["grad/α"] is None


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/stream"])
@pytest.mark.parametrize(
    ("gradient", "pointer", "code"),
    [
        ({"of": "h"}, "/gradient/of", "gradient-of"),
        ({"of": "L[9]"}, "/gradient/of", "gradient-outside"),
        ({"of": "loss", "variables": ["h", "no"]}, "/gradient/variables/1", "gradient-variable"),
        ({"of": 3}, "/gradient/of", "not-text"),
        ({"of": "loss", "more": 1}, "/gradient/more", "unknown-field"),
    ],
)
def test_what_has_no_gradient_is_refused_before_the_stream_begins(
    client: Client, path: str, gradient: Any, pointer: str, code: str
) -> None:
    answer = client.post(path, {**BODY, "gradient": gradient})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    if code == "gradient-of":
        assert "loss" in error["hint"]


def test_the_cost_counts_the_backward_pass_and_can_be_too_high(client: Client) -> None:
    plain = client.post("/v1/runs", {**BODY, "gradient": None}).json()["cost"]
    whole = client.post("/v1/runs", BODY).json()["cost"]
    assert whole["operations"] > 2 * plain["operations"]
    assert whole == stream(client, BODY)[0]["cost"]
    settings = Settings(max_operations=(plain["operations"] + whole["operations"]) // 2)
    narrow = Client(create_app(settings))
    try:
        assert narrow.post("/v1/runs", {**BODY, "gradient": None}).status_code == 200
        for path in ("/v1/runs", "/v1/runs/stream"):
            answer = narrow.post(path, BODY)
            assert answer.status_code == 422
            assert answer.json()["type"] == "/problems/too-expensive"
    finally:
        narrow.close()
