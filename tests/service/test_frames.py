"""Frames: the events of a stream with raw numbers behind their lines. The stream of lines is the oracle."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import torch

import unrolled
from service.in_process import Client
from service.test_gradients import BIDIRECTIONAL, BODY
from unrolled.catalogue import read_catalogue
from unrolled.language import parse

IDS = list(read_catalogue().architectures)


TYPES = {"FP32": "<f4", "FP64": "<f8"}


def frames(client: Client, body: Any, query: str = "") -> list[dict[str, Any]]:
    """The events, their values as arrays; fails where bytes are missing, changed or left over."""
    answer = client.post(f"/v1/runs/frames{query}", body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.unrolled.frames"
    rest, events = answer.content, []
    while rest:
        line, newline, rest = rest.partition(b"\n")
        assert newline
        event = json.loads(line)
        own, rest = rest[: event.get("bytes", 0)], rest[event.pop("bytes", 0) :]
        assert event.pop("crc32") == crc32(line.rpartition(b',"crc32":')[0] + own)
        if event["event"] in ("steps", "gradients"):
            dtype = np.dtype(TYPES[event.pop("datatype")])
            for name, shape in event["values"].items():
                size = dtype.itemsize * int(np.prod(shape))
                event["values"][name] = np.frombuffer(own[:size], dtype=dtype).reshape(shape)
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
            expected_array = np.array(other["values"][name], dtype=array.dtype)
            np.testing.assert_array_equal(array, expected_array)


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


@pytest.mark.parametrize("name", IDS)
def test_numbers_of_eight_bytes_are_those_of_float64(client: Client, name: str) -> None:
    body = {"architecture": name, "dtype": "float64"}
    assert_same(frames(client, body, "?datatype=FP64"), lines(client, body))


@pytest.mark.parametrize(
    "name", ["lstm", "gru/literal", "attention", "bidirectional-rnn", "sequence-length/halt"]
)
@pytest.mark.parametrize(("dtype", "datatype"), [("float32", "FP32"), ("float64", "FP64")])
def test_a_whole_run_has_the_numbers_of_python_to_the_last_digit(
    client: Client, name: str, dtype: str, datatype: str
) -> None:
    body = {"architecture": name, "dtype": dtype}
    found = frames(client, body, f"?whole=true&datatype={datatype}")
    expected = unrolled.load(name).run(dtype=dtype)
    steps = {name: len(one) for name, one in found[-1]["domains"].items() if one}
    assert steps
    for variable, domains in steps.items():
        array = torch.from_numpy(joined(found, variable))
        assert torch.equal(array, expected[variable].select(domains, 0))


def test_a_whole_run_is_sent_in_as_many_pieces(client: Client) -> None:
    text = {"text": "hello " * 20}
    body = {"architecture": "lstm", "inputs": {"x": text}, "gradient": {"of": "loss"}}
    query = "?whole=true"
    found = frames(client, body, query)
    pieces = [
        (one["event"], one["from"], one["to"]) for one in found if "h" in one.get("values", {})
    ]
    starts = [2**i for i in range(6)]
    sent = [("steps", start, 2 * start - 1) for start in starts] + [("steps", 64, 120)]
    assert pieces[:7] == [("steps", 1, 1), *sent[1:]]
    assert pieces[7:10] == [
        ("gradients", 120, 120),
        ("gradients", 119, 118),
        ("gradients", 117, 114),
    ]
    for name in ("f", "p"):
        rest = joined(frames(client, body, f"{query}&start=40"), name)
        assert len(rest) == 81
        assert np.array_equal(rest, joined(found, name)[-81:])


def test_of_a_whole_run_that_goes_both_ways_the_second_pass_is_sent_again(client: Client) -> None:
    rest = frames(client, {"architecture": "bidirectional-rnn"}, "?whole=true&start=5")
    assert len(joined(rest, "h")) == 13 - 4
    assert len(joined(rest, "g")) == 13


def joined(events: list[dict[str, Any]], name: str) -> np.ndarray:
    """All steps of a variable."""
    chunks = [one["values"] for one in events if one["event"] == "steps"]
    return np.concatenate([values[name] for values in chunks if name in values])


def test_the_end_names_the_domains_of_all_that_was_sent(client: Client) -> None:
    body = {
        "architecture": "lstm",
        "variables": ["h", "W", "f/*"],
        "gradient": {"of": "loss", "parts": True, "contributions": True},
    }
    end = frames(client, body)[-1]
    outputs = client.post("/v1/runs", body).json()["outputs"]
    parameters = {"W"} | {f"grad/{name}" for name in end["parameter_gradients"]}
    expected = {one["name"]: one["domains"] for one in outputs if one["name"] not in parameters}
    assert end["domains"] == expected


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


@pytest.mark.parametrize(("datatype", "dtype"), [("FP32", "float32"), ("FP64", "float64")])
def test_what_json_cannot_hold_stands_exactly_in_the_end(
    client: Client, datatype: str, dtype: str
) -> None:
    body = {
        "equations": "x: 3\nh: ()\nh[0] = exp(1000)\nfor t in time:\n    h[t] = h[t-1] + 1\na = exp(x)\nb = 2 * x\n",
        "parameters": {"values": {"x": [1, 5000, 2]}},
        "lengths": {"time": 2},
        "dtype": dtype,
    }
    start, *_, end = frames(client, body, f"?datatype={datatype}")
    assert list(end["exact"]) == ["a"]
    a = np.frombuffer(b64decode(end["exact"]["a"]), dtype=TYPES[datatype])
    assert a[1] == np.inf
    assert a[[0, 2]].tolist() == np.array(end["values"]["a"])[[0, 2]].astype(a.dtype).tolist()
    h = np.frombuffer(b64decode(start["exact"]["h[0]"]), dtype=TYPES[datatype])
    assert h.tolist() == [np.inf]


def test_a_refusal_is_a_problem_document(client: Client) -> None:
    answer = client.post("/v1/runs/frames", {"architecture": "no-such"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
