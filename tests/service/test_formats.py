"""A whole run as npz and as CSV holds what it holds as JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from safetensors import safe_open
from safetensors.numpy import load

from service.in_process import Client

RUNS: dict[str, dict[str, Any]] = {
    "gradients": {"architecture": "lstm", "gradient": {"of": "loss"}},
    "attention": {"architecture": "attention"},
    "matrices": {"architecture": "ntm"},
    "float64": {"architecture": "gru", "dtype": "float64"},
    "tree": {"architecture": "recursive-net"},
    "infinite": {
        "equations": "x: 1\nfor t in time:\n    y[t] = log(x[t])\n",
        "inputs": {"x": [[0.0], [-1.0], [1.0]]},
    },
    "unlucky names": {
        "equations": "x: 2\nfor t in time:\n    file[t] = tanh(x[t])\n    β[t] = 2 * file[t]\n",
        "inputs": {"x": [[1.0, 2.0]]},
    },
}


@pytest.fixture(params=RUNS)
def body(request: pytest.FixtureRequest) -> dict[str, Any]:
    return RUNS[request.param]


def numbers(data: list[float | None]) -> np.ndarray:
    return np.array([math.nan if value is None else value for value in data])


def finite_equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Equal where finite; JSON holds null for all else."""
    finite = np.isfinite(one)
    return (
        bool(np.array_equal(one[finite], other[finite])) and not np.isfinite(other[~finite]).any()
    )


def test_npz_holds_every_output_under_its_name(client: Client, body: dict[str, Any]) -> None:
    outputs = client.post("/v1/runs", body).json()["outputs"]
    answer = client.post("/v1/runs", body, headers={"accept": "application/x-npz"})
    assert answer.headers["content-type"] == "application/x-npz"
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as arrays:
        assert list(arrays) == [output["name"] for output in outputs]
        for output in outputs:
            array = arrays[output["name"]]
            assert list(array.shape) == output["shape"]
            assert array.dtype == {"FP32": "float32", "FP64": "float64"}[output["datatype"]]
            assert finite_equal(array.reshape(-1), numbers(output["data"]).astype(array.dtype))
    assert client.post("/v1/runs?format=npz", body).content == answer.content


def test_csv_holds_every_number_at_its_place(client: Client, body: dict[str, Any]) -> None:
    answer = client.post("/v1/runs", body).json()
    text = client.post("/v1/runs?format=csv", body)
    assert text.headers["content-type"].startswith("text/csv")
    lines = csv.DictReader(io.StringIO(text.text))
    found = {name: np.full(shape, 7e77) for name, shape in shapes(answer["outputs"])}
    domains = {output["name"]: output["domains"] for output in answer["outputs"]}
    for line in lines:
        own = domains[line["variable"]]
        assert all(
            line[domain] == ""
            for domain in answer["lengths"]
            if domain not in own and domain in line
        )
        places = [int(line[domain]) - 1 for domain in own]
        units = [int(line[key]) for key in ("unit", "column", "axis_2") if line.get(key)]
        found[line["variable"]][(*places, *units)] = float(line["value"])
    for output in answer["outputs"]:
        assert finite_equal(found[output["name"]].reshape(-1), numbers(output["data"]))
    assert not any((array == 7e77).any() for array in found.values())


def shapes(outputs: list[dict[str, Any]]) -> list[tuple[str, list[int]]]:
    return [(output["name"], output["shape"]) for output in outputs]


def test_rounding_holds_for_every_form(client: Client) -> None:
    body = {"architecture": "gru", "variables": ["h"]}
    text = client.post("/v1/runs?format=csv&digits=2", body).text
    assert all(len(line.rpartition(",")[2]) <= 5 for line in text.splitlines()[1:])


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/csv;q=0.5, application/x-npz", "application/x-npz"),
        ("*/*", "application/json"),
        ("application/*, text/csv;q=0.1", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
    ],
)
def test_the_form_is_the_one_that_is_preferred(
    client: Client, accept: str, content_type: str
) -> None:
    answer = client.post("/v1/runs", {"architecture": "gru"}, headers={"accept": accept})
    assert answer.headers["content-type"] == content_type


def test_a_form_that_is_not_offered_is_refused(client: Client) -> None:
    body = {"architecture": "gru"}
    assert client.post("/v1/runs", body, headers={"accept": "image/png"}).status_code == 406
    refused = client.post("/v1/runs?format=pickle", body)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"


def arrays_of_npz(client: Client, body: dict[str, Any], query: str = "") -> dict[str, np.ndarray]:
    answer = client.post(f"/v1/runs?format=npz{query}", body)
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as arrays:
        return dict(arrays)


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """The same names and, bit for bit, the same numbers."""
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype
        and one[name].shape == other[name].shape
        and one[name].tobytes() == other[name].tobytes()
        for name in one
    )


def test_safetensors_holds_what_npz_holds(
    client: Client, body: dict[str, Any], tmp_path: Path
) -> None:
    answer = client.post("/v1/runs", body, headers={"accept": "application/vnd.safetensors"})
    assert answer.headers["content-type"] == "application/vnd.safetensors"
    assert same(load(answer.content), arrays_of_npz(client, body))
    file = tmp_path / "run.safetensors"
    file.write_bytes(answer.content)
    whole = client.post("/v1/runs", body).json()
    with safe_open(file, "np") as opened:
        about = opened.metadata()
    assert json.loads(about["domains"]) == {one["name"]: one["domains"] for one in whole["outputs"]}
    assert (about["run"], about["version"]) == (whole["run"], whole["version"])


def test_arrow_holds_what_npz_holds(client: Client, body: dict[str, Any]) -> None:
    accept = "application/vnd.apache.arrow.stream"
    answer = client.post("/v1/runs", body, headers={"accept": accept})
    assert answer.headers["content-type"] == accept
    read = pyarrow.ipc.open_stream(answer.content).read_all()
    whole = client.post("/v1/runs", body).json()
    assert read.schema.metadata[b"run"].decode() == whole["run"]
    rows = read.to_pylist()
    assert [(one["name"], one["domains"], one["shape"]) for one in rows] == [
        (one["name"], one["domains"], one["shape"]) for one in whole["outputs"]
    ]
    data = read.column("data").chunk(0)
    arrays = {
        row["name"]: data[place].values.to_numpy().reshape(row["shape"])
        for place, row in enumerate(rows)
    }
    assert same(arrays, arrays_of_npz(client, body))


def test_arrow_that_is_not_installed_is_said_to_be(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unrolled.service.formats.find_spec", lambda _: None)
    answer = client.post("/v1/runs?format=arrow", {"architecture": "gru"})
    assert answer.status_code == 406
    assert "unrolled[arrow]" in answer.json()["errors"][0]["hint"]


def test_base64_holds_what_npz_holds(client: Client, body: dict[str, Any]) -> None:
    answer = client.post("/v1/runs?encoding_format=base64", body).json()
    kinds = {"FP32": "<f4", "FP64": "<f8"}
    arrays = {
        one["name"]: np.frombuffer(b64decode(one["data"]), kinds[one["datatype"]]).reshape(
            one["shape"]
        )
        for one in answer["outputs"]
    }
    assert same(arrays, arrays_of_npz(client, body))
    plain = client.post("/v1/runs", body).json()
    for one in (answer, plain):
        del one["outputs"]
    assert answer == plain
