"""Answers are what the OpenAPI document says, and the document is what is committed."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, TypeAdapter

from service.in_process import Client
from unrolled.catalogue import read_catalogue
from unrolled.service import answers, openapi
from unrolled.service.library import Library
from unrolled.service.runs import begin, plan
from unrolled.service.schemas import JacobianRequest, PathsRequest, RecurrenceRequest, RunRequest
from unrolled.settings import Settings

IDS = list(read_catalogue().architectures)


def test_the_committed_openapi_document_is_current(root: Path) -> None:
    committed = (root / "frontend" / "openapi.json").read_text(encoding="utf-8")
    assert committed == openapi.text(), (
        "write it anew: python -m unrolled.service.openapi > frontend/openapi.json"
    )


def test_every_reference_of_the_openapi_document_leads_somewhere(client: Client) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    references = {
        part.split('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]
    }
    assert references <= set(schemas)
    assert set(document["paths"]) == set(openapi.ANSWERS)


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/healthz", answers.Health),
        ("/v1/architectures", answers.Architectures),
        *((f"/v1/architectures/{name}", answers.Architecture) for name in IDS),
    ],
)
def test_an_answer_has_the_documented_form(
    client: Client, path: str, model: type[BaseModel]
) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    model.model_validate(answer.json())


@pytest.mark.parametrize(
    "request_model", [RecurrenceRequest, RunRequest, PathsRequest, JacobianRequest]
)
def test_every_example_of_a_request_is_true(client: Client, request_model: type[BaseModel]) -> None:
    extra = request_model.model_config.get("json_schema_extra")
    assert isinstance(extra, dict)
    examples: Any = extra["examples"]
    path, answer_model = {
        RecurrenceRequest: ("/v1/recurrences", answers.Recurrence),
        RunRequest: ("/v1/runs", answers.RunResult),
        PathsRequest: ("/v1/paths", answers.PathsAnswer),
        JacobianRequest: ("/v1/jacobians", answers.JacobianResult),
    }[request_model]
    for example in examples:
        answer = client.post(path, example)
        assert answer.status_code == 200, answer.text
        answer_model.model_validate(answer.json())


@pytest.mark.parametrize("name", IDS)
def test_every_architecture_runs_on_its_defaults_as_documented(client: Client, name: str) -> None:
    answer = client.post("/v1/runs", {"architecture": name})
    assert answer.status_code == 200
    run = answers.RunResult.model_validate(answer.json())
    has_loss = any(output.name == "loss" for output in run.outputs)
    assert (run.loss is not None and run.loss >= 0) == has_loss
    assert run.nonfinite.count == 0
    for output in run.outputs:
        size = 1
        for axis in output.shape:
            size *= axis
        assert len(output.data) == size


@pytest.mark.parametrize("name", IDS)
def test_every_event_of_a_stream_is_documented(client: Client, name: str) -> None:
    answer = client.post("/v1/runs/stream", {"architecture": name})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.text.endswith("\n")
    adapter = TypeAdapter(answers.StreamEvent)
    events = [adapter.validate_json(line) for line in answer.text.splitlines()]
    assert events[0].event == "start"
    assert events[-1].event == "end"
    assert {one.event for one in events[1:-1]} == {"steps"}


def test_a_token_is_the_request_again(client: Client) -> None:
    body = {
        "architecture": "lstm",
        "inputs": {"x": {"text": "hi"}},
        "variables": ["h"],
        "dtype": "float32",
    }
    token = client.post("/v1/runs", body).json()["run"]
    again = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    del body["dtype"]  # the default is left out
    assert again == body
    assert client.post("/v1/runs", again).json()["run"] == token


def test_a_long_request_has_no_token(client: Client) -> None:
    body = {"architecture": "lstm", "inputs": {"x": {"text": "a" * 2_000}}, "variables": ["L"]}
    assert client.post("/v1/runs", body).json()["run"] is None


def test_digits_round_and_full_precision_is_the_default(client: Client) -> None:
    body = {"architecture": "gru", "variables": ["h"], "dtype": "float64"}
    full = client.post("/v1/runs", body).json()["outputs"][-1]["data"]
    rounded = client.post("/v1/runs?digits=4", body).json()["outputs"][-1]["data"]
    assert rounded == [round(value, 4) for value in full]
    assert any(value != round(value, 12) for value in full)


LARGE = {
    "equations": "for t in time:\n    k[t] = exp(x[t])\n",
    "sizes": {"x": 4},
    "inputs": {"x": [[80.0, 88.0, -80.0, 0.5]]},
    "variables": ["k"],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("digits", [0, 4, 12, 17])
def test_rounding_leaves_large_numbers_as_they_are(client: Client, dtype: str, digits: int) -> None:
    body = {**LARGE, "dtype": dtype}
    full = client.post("/v1/runs", body).json()["outputs"][0]["data"]
    answer = client.post(f"/v1/runs?digits={digits}", body).json()
    single = np.float32 if dtype == "float32" else np.float64
    assert [single(one) for one in answer["outputs"][0]["data"]] == [
        single(round(value, digits)) for value in full
    ]
    assert answer["nonfinite"] == {"count": 0, "first": None}
    lines = client.post(f"/v1/runs/stream?digits={digits}", body).text.splitlines()
    assert json.loads(lines[1])["values"]["k"] == [answer["outputs"][0]["data"]]
    assert json.loads(lines[-1])["nonfinite"]["count"] == 0


def test_infinity_travels_as_null_and_is_counted(client: Client) -> None:
    body = {
        "equations": "for t in time:\n    h[t] = exp(x[t]) - 1\n    k[t] = h[t] * 2\n",
        "sizes": {"x": 2},
        "inputs": {"x": [[0, 0], [0, 999], [999, 0]]},
        "variables": ["h", "k"],
    }
    run = client.post("/v1/runs", body).json()
    assert run["outputs"][0]["data"] == [0, 0, 0, None, None, 0]
    assert run["nonfinite"] == {"count": 4, "first": "h[2][1]"}
    last = client.post("/v1/runs/stream", body).text.splitlines()[-1]
    assert json.loads(last)["nonfinite"]["count"] == 4


def test_asked_for_parameters_and_operations_come_along(client: Client) -> None:
    body = {
        "architecture": "lstm",
        "sizes": {"h": 2},
        "inputs": {"x": {"text": "ab"}},
        "variables": ["f", "h", "f/*", "W_f"],
    }
    outputs = {one["name"]: one for one in client.post("/v1/runs", body).json()["outputs"]}
    assert outputs["W_f"]["shape"] == [2, 2]
    assert outputs["f/0"]["data"] == outputs["f"]["data"]
    assert outputs["h[0]"]["data"] == [0, 0]


def test_boundary_values_are_taken_and_reported(client: Client) -> None:
    body = {"architecture": "gru", "sizes": {"h": 2}, "boundary": {"h": [0.5, -0.5]}}
    start = json.loads(client.post("/v1/runs/stream", body).text.splitlines()[0])
    assert start["boundary"] == {"h": {"0": [0.5, -0.5]}}


def kinds(stages: list[dict[str, Any]]) -> list[str]:
    return [stage["kind"] for stage in stages]


def test_teacher_forcing_needs_no_scan_and_free_running_one(client: Client) -> None:
    text = client.get("/v1/architectures/teacher-forcing").json()["equations"]
    forced = client.post("/v1/recurrences", {"equations": text, "forcing": 1}).json()
    free = client.post("/v1/recurrences", {"equations": text, "forcing": 0}).json()
    mixed = client.post("/v1/recurrences", {"equations": text, "forcing": 0.5}).json()
    assert kinds(forced["schedule"]).count("scan") == 0
    assert kinds(free["schedule"]).count("scan") == 1
    assert kinds(mixed["schedule"]).count("scan") == 1
    cut = {edge["id"]: edge["cut"] for edge in forced["graph"]["edges"]}
    assert [name for name, is_cut in cut.items() if is_cut]
    assert not any(edge["cut"] for edge in mixed["graph"]["edges"])


def test_the_input_products_of_the_lstm_are_outside_its_scan(client: Client) -> None:
    schedule = client.get("/v1/architectures/lstm").json()["recurrence"]["schedule"]
    before, scan = schedule[0], next(one for one in schedule if one["kind"] == "scan")
    assert before["kind"] == "map"
    assert any("U_f @ x[t]" in operation for operation in before["operations"])
    assert ["U_f", "U_g", "U_o", "U"] in before["stacked"]
    assert ["W_f", "W_g", "W_o", "W"] in scan["stacked"]
    assert not any("x[t]" in operation for operation in scan["operations"])


def test_graphs_are_compressed_and_streams_are_not(client: Client) -> None:
    headers = {"accept-encoding": "gzip"}
    equations = client.get("/v1/architectures/lstm").json()["equations"]
    graph = client.post("/v1/recurrences", {"equations": equations}, headers=headers)
    stream = client.post("/v1/runs/stream", {"architecture": "lstm"}, headers=headers)
    assert graph.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in stream.headers


def test_a_run_takes_what_it_is_not_told_from_the_defaults_of_its_architecture(
    tmp_path: Path,
) -> None:
    (tmp_path / "one.md").write_text(
        """---
id: one
order: 1
titles: {en: One, zh: 一}
section: "10.1"
figure: null
equation_numbers: []
paper: nobody
legend:
  h: {en: state, zh: 状态}
defaults:
  inputs: {x: [1, 1]}
  seed: 7
  settings: {α: 0.25}
  parameters: {w: 2.0}
  boundary: {h: [4.0]}
---

```recurrence
x: ()
h: 1
w: ()
α = slider(0.5, 0, 1)
for t in time:
    h[t] = α * h[t-1] + w * x[t] + b
```

## en

English.

## zh

中文。
""",
        encoding="utf-8",
    )
    catalogue = read_catalogue(tmp_path)

    def h(**more: Any) -> list[float]:
        request = RunRequest.model_validate({"architecture": "one", **more})
        run = begin(plan(request, catalogue, Settings()))
        return run.complete()["h"].flatten().tolist()

    detail = json.loads(Library(catalogue).detail(catalogue.entries[0]))
    assert h() == [3.0, 2.75]
    assert h(settings={"α": 0.5}) == [4.0, 4.0]
    assert h(parameters={"values": {"b": [1.0]}}) == [4.0, 4.0]
    assert h(parameters={"values": {"w": 0.0}}) == [1.0, 0.25]
    assert h(sizes={"h": 2}, boundary={"h": [4.0, 0.0]}) == [3.0, 2.0, 2.75, 2.5]
    assert h(sizes={"h": 2}) == [2.0, 2.0, 2.5, 2.5]
    assert detail["defaults"]["parameters"] == {"w": 2.0}
    assert detail["recurrence"]["settings"][0]["value"] == 0.25
    assert detail["legend"] == {"h": {"en": "state", "zh": "状态"}}


@pytest.mark.parametrize("seed", [0, 3])
def test_the_token_of_a_run_keeps_its_seed(client: Client, seed: int) -> None:
    body = {"architecture": "lstm", "parameters": {"seed": seed}}
    token = client.post("/v1/runs", body).json()["run"]
    assert json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4))) == body


def test_a_long_output_is_written_in_parts_and_reads_as_one(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"architecture": "gru", "gradient": {"of": "loss"}}
    for query in ("", "?encoding_format=base64", "?digits=3"):
        whole = client.post(f"/v1/runs{query}", body | {"parameters": {"seed": 71}})
        client.app.state.unrolled.cache._answers.clear()
        with monkeypatch.context() as patch:
            patch.setattr("unrolled.service.results.NUMBERS", 7)
            parts = client.post(f"/v1/runs{query}", body | {"parameters": {"seed": 71}})
        client.app.state.unrolled.cache._answers.clear()
        assert parts.content == whole.content
        assert parts.json() == whole.json()
