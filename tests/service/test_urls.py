"""Runs and their parts by URL: tokens, slices, parameters, tags."""

from __future__ import annotations

import io
import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from safetensors.numpy import load

from service.in_process import Client

BODY: dict[str, Any] = {
    "architecture": "lstm",
    "inputs": {"x": {"text": "hello"}, "y": {"next": "x"}},
    "gradient": {"of": "loss"},
    "parameters": {"seed": 3},
}


def token(body: dict[str, Any]) -> str:
    """A token as a script would write it: base64url of any JSON of the request."""
    return urlsafe_b64encode(json.dumps(body).encode()).decode()


def arrays(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        return dict(found)


@pytest.mark.parametrize("form", ["json", "npz", "csv", "arrow"])
def test_a_token_answers_what_the_request_answers(client: Client, form: str) -> None:
    posted = client.post(f"/v1/runs?format={form}", BODY)
    address = posted.headers["content-location"]
    answer = client.get(f"{address}?format={form}")
    assert answer.status_code == 200
    assert answer.content == posted.content
    assert answer.headers["content-type"] == posted.headers["content-type"]


def test_the_run_in_an_answer_is_its_token(client: Client) -> None:
    answer = client.post("/v1/runs", BODY)
    assert answer.headers["content-location"] == "/v1/runs/" + answer.json()["run"]


def test_a_token_may_be_written_by_hand_and_padded(client: Client) -> None:
    assert client.get(f"/v1/runs/{token(BODY)}").json() == client.post("/v1/runs", BODY).json()


def test_a_request_too_long_for_a_url_has_no_token(client: Client) -> None:
    body = {"architecture": "lstm", "inputs": {"x": {"text": "ab" * 1_500}}}
    answer = client.post("/v1/runs", body)
    assert answer.json()["run"] is None
    assert "content-location" not in answer.headers
    refused = client.get(f"/v1/runs/{token(body)}")
    assert refused.status_code in (404, 422)


@pytest.mark.parametrize("bad", ["%21%21", "aGVsbG8", "e30=e30", "%F0%9F%98%80", "_w", "a"])
def test_what_is_no_token_is_not_found(client: Client, bad: str) -> None:
    answer = client.get(f"/v1/runs/{bad}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "no-token"


def test_a_token_of_a_wrong_request_is_told_as_a_body_is(client: Client) -> None:
    body = {"architecture": "lstm", "seed": 3}
    told = client.get(f"/v1/runs/{token(body)}")
    assert told.status_code == 422
    assert told.json() == client.post("/v1/runs", body).json()


# slices ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "query", "place"),
    [
        ("h", "", np.s_[:]),
        ("h", "steps=2:4", np.s_[1:4]),
        ("h", "steps=1:5:2&units=3,7,3", np.s_[0:5:2, [3, 7, 3]]),
        ("h", "steps=4", np.s_[3:4]),
        ("h", "steps=:2", np.s_[:2]),
        ("h", "steps=4:", np.s_[3:]),
        ("h", "steps=3:999", np.s_[2:]),
        ("loss", "", np.s_[...]),
        ("h[0]", "units=1", np.s_[[1]]),
        ("grad/h", "steps=2:3&units=0", np.s_[1:3, [0]]),
        ("grad/W", "units=2", np.s_[[2]]),
        ("grad/h[0]", "", np.s_[:]),
        ("x", "steps=1&units=8", np.s_[0:1, [8]]),
        ("U_f", "units=0", np.s_[[0]]),
    ],
)
def test_a_slice_is_the_part_of_the_whole(
    client: Client, name: str, query: str, place: Any
) -> None:
    whole = arrays(client.post("/v1/runs?format=npz", BODY | {"variables": None}).content)
    if name == "U_f":
        whole = arrays(client.post("/v1/runs?format=npz", BODY | {"variables": ["U_f"]}).content)
    address = f"/v1/runs/{token(BODY)}/variables/{quote(name)}"
    for form in ("npz", "json"):
        answer = client.get(f"{address}?{query}{'&' if query else ''}format={form}")
        assert answer.status_code == 200, answer.text
        if form == "npz":
            found = arrays(answer.content)
            assert list(found) == [name]
            array = found[name]
        else:
            array = np.array(answer.json()["data"], "f4").reshape(answer.json()["shape"])
        assert np.array_equal(array, whole[name][place])


def test_every_output_is_at_its_own_address_with_the_same_numbers(client: Client) -> None:
    """Bit for bit, the parts of gradients and what steps contribute among them."""
    body = BODY | {"gradient": {"of": "loss", "parts": True, "contributions": True}}
    whole = arrays(client.post("/v1/runs?format=npz", body).content)
    assert {"grad/o/p", "grad/W/time", "h[0]"} <= whole.keys()
    for name, array in whole.items():
        answer = client.get(f"/v1/runs/{token(body)}/variables/{quote(name)}?format=npz")
        assert answer.status_code == 200, name
        assert arrays(answer.content)[name].tobytes() == array.tobytes(), name


def test_a_slice_says_which_steps_and_units_it_has(client: Client) -> None:
    answer = client.get(f"/v1/runs/{token(BODY)}/variables/h?steps=2:5:2&units=7,1").json()
    assert (answer["steps"], answer["units"]) == ({"time": [2, 4]}, [7, 1])
    assert answer["lengths"] == {"time": 5}
    rows = client.get(f"/v1/runs/{token(BODY)}/variables/h?steps=2:5:2&units=7,1&format=csv").text
    places = [line.split(",")[1:3] for line in rows.splitlines()[1:]]
    assert places == [["2", "7"], ["2", "1"], ["4", "7"], ["4", "1"]]


def test_a_slice_of_two_domains_has_a_range_for_each(client: Client) -> None:
    body = {"architecture": "attention"}
    whole = {one["name"]: one for one in client.post("/v1/runs", body).json()["outputs"]}
    name, domains = next(
        (name, one["domains"]) for name, one in whole.items() if len(one["domains"]) == 2
    )
    answer = client.get(f"/v1/runs/{token(body)}/variables/{name}?steps=2:3,1:2").json()
    assert answer["steps"] == dict(zip(domains, [[2, 3], [1, 2]], strict=True))
    array = np.array(whole[name]["data"]).reshape(whole[name]["shape"])
    assert answer["data"] == array[1:3, 0:2].reshape(-1).tolist()


def test_the_first_number_that_is_not_finite_is_told_by_its_step(client: Client) -> None:
    body = {
        "equations": "x: 2\nfor t in time:\n    y[t] = log(x[t])\n",
        "inputs": {"x": [[1.0, 1.0], [1.0, 1.0], [1.0, 0.0]]},
    }
    answer = client.get(f"/v1/runs/{token(body)}/variables/y?steps=2:").json()
    assert answer["nonfinite"] == {"count": 1, "first": "y[3][1]"}
    assert answer["data"][-1] is None


@pytest.mark.parametrize(
    ("path", "status", "code", "parameter"),
    [
        ("nothing", 404, "no-tensor", "name"),
        ("h[7]", 404, "no-tensor", "name"),
        ("grad/nothing", 404, "no-tensor", "name"),
        ("h?steps=6", 422, "slice-range", "steps"),
        ("h?steps=0:3", 422, "slice-steps-form", "steps"),
        ("h?steps=3:2", 422, "slice-steps-form", "steps"),
        ("h?steps=-1", 422, "slice-steps-form", "steps"),
        ("h?steps=1:3:0", 422, "slice-steps-form", "steps"),
        ("h?steps=", 422, "slice-steps-form", "steps"),
        ("h?steps=1:2,1:2", 422, "slice-domains", "steps"),
        ("h?units=8", 422, "slice-units", "units"),
        ("h?units=0:3", 422, "slice-units-form", "units"),
        ("loss?units=0", 422, "slice-scalar", "units"),
    ],
)
def test_a_slice_that_is_not_there_names_the_parameter(
    client: Client, path: str, status: int, code: str, parameter: str
) -> None:
    answer = client.get(f"/v1/runs/{token(BODY)}/variables/{quote(path, safe='/?=&')}")
    assert answer.status_code == status
    (error,) = answer.json()["errors"]
    assert (error["code"], error["parameter"]) == (code, parameter)


def test_a_gradient_has_to_be_asked_for_by_the_run(client: Client) -> None:
    answer = client.get(f"/v1/runs/{token({'architecture': 'gru'})}/variables/grad/h")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "no-gradient")


def test_the_parameters_are_those_the_run_computes_with(client: Client) -> None:
    body = {
        "architecture": "lstm/book",
        "inputs": {"x": {"text": "hello"}},
        "parameters": {"seed": 5},
    }
    answer = client.get(f"/v1/runs/{token(body)}/parameters?format=safetensors")
    values = {name: array.tolist() for name, array in load(answer.content).items()}
    assert values
    again = client.post("/v1/runs", body | {"parameters": {"values": values, "seed": 99}}).json()
    assert again["outputs"] == client.post("/v1/runs", body).json()["outputs"]
    told = client.get(f"/v1/runs/{token(body)}/parameters").json()["outputs"]
    assert {one["name"]: one["data"] for one in told} == {
        name: [pytest.approx(one, rel=1e-7) for one in np.ravel(value)]
        for name, value in values.items()
    }


# tags --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/runs/{token(BODY)}",
        f"/v1/runs/{token(BODY)}/variables/h?steps=1:2",
        f"/v1/runs/{token(BODY)}/parameters",
        "/v1/architectures",
        "/v1/architectures/lstm/book",
        "/v1/architectures/gru/module.py",
    ],
)
def test_who_has_the_answer_is_told_so_and_nothing_runs(client: Client, path: str) -> None:
    answer = client.get(path)
    tag = answer.headers["etag"]
    assert tag.startswith('W/"')
    computed = client.app.state.unrolled.workers.computed
    for given in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = client.get(path, headers={"if-none-match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.app.state.unrolled.workers.computed == computed
    assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def test_what_changes_the_answer_changes_the_tag(client: Client) -> None:
    """And what does not, does not: other spellings of the same request have the same tag."""
    address = f"/v1/runs/{token(BODY)}"
    asked = [
        address,
        f"{address}?digits=3",
        f"{address}?format=csv",
        f"{address}?encoding_format=base64",
        f"{address}/variables/h",
        f"{address}/variables/h?units=1",
        f"{address}/parameters",
        f"/v1/runs/{token(BODY | {'parameters': {'seed': 4}})}",
    ]
    tags = [client.get(one).headers["etag"] for one in asked]
    assert len(set(tags)) == len(tags)
    spelt = dict(reversed(BODY.items())) | {"dtype": "float32", "clamp": None}
    assert client.get(f"/v1/runs/{token(spelt)}").headers["etag"] == tags[0]
    assert client.post("/v1/runs", BODY).headers["etag"] == tags[0]


def test_an_equal_run_is_not_computed_again(client: Client) -> None:
    state = client.app.state.unrolled
    body = BODY | {"parameters": {"seed": 77}}
    first = client.post("/v1/runs", body)
    computed, hits = state.workers.computed, state.cache.hits
    assert client.post("/v1/runs", body).content == first.content
    assert client.get(first.headers["content-location"]).content == first.content
    assert (state.workers.computed, state.cache.hits) == (computed, hits + 2)
