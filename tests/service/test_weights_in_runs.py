"""A run takes its parameters from weights that were put: the same numbers, or a word about which do not fit."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

import unrolled
from service.in_process import Client
from unrolled.catalogue import read_catalogue
from unrolled.service.app import create_app
from unrolled.settings import Settings

TEXT = "x: 2\nh: 3\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n"
INPUTS = {"x": [[1.0, -0.5], [0.25, 2.0], [-1.0, 0.0]]}
SEED = 5


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("weights")
    client = Client(create_app(Settings(allow_weights=True, weights_folder=folder)))
    yield client
    client.close()


def put(client: Client, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    headers = {"content-type": "application/vnd.safetensors"}
    answer = client.call("PUT", f"/v1/weights/{digest}", content=content, headers=headers)
    assert answer.status_code in (201, 204), answer.text
    return digest


def put_tensors(client: Client, **tensors: torch.Tensor) -> str:
    return put(client, safetensors.torch.save(tensors))


def run(client: Client, **body: Any) -> dict[str, np.ndarray]:
    """All tensors of a run, to the last bit."""
    answer = client.post("/v1/runs?format=safetensors", body)
    assert answer.status_code == 200, answer.text
    tensors = safetensors.torch.load(answer.content)
    return {name: one.numpy() for name, one in tensors.items()}


def are_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


def text(**more: Any) -> dict[str, Any]:
    return {"equations": TEXT, "inputs": INPUTS, **more}


def errors(client: Client, kind: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post("/v1/runs", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == f"/problems/{kind}"
    return answer.json()["errors"]


@pytest.mark.parametrize("name", list(read_catalogue().architectures))
def test_the_parameters_of_a_run_put_as_weights_give_the_run_again(
    client: Client, name: str
) -> None:
    for dtype in ("float32", "float64"):
        body = {"architecture": name, "dtype": dtype, "parameters": {"seed": SEED}}
        token = client.post("/v1/runs", body).json()["run"]
        file = client.get(f"/v1/runs/{token}/parameters?format=safetensors")
        assert file.status_code == 200
        digest = put(client, file.content)
        from_file = {**body, "parameters": {"seed": SEED, "weights": digest}}
        assert are_same(run(client, **from_file), run(client, **body))


def test_without_the_seed_the_numbers_are_those_of_the_file(client: Client) -> None:
    seeded = run(client, **text(parameters={"seed": SEED}))
    other = run(client, **text(parameters={"seed": SEED + 1}))
    token = client.post("/v1/runs", text(parameters={"seed": SEED})).json()["run"]
    digest = put(client, client.get(f"/v1/runs/{token}/parameters?format=safetensors").content)
    assert are_same(run(client, **text(parameters={"seed": SEED + 1, "weights": digest})), seeded)
    assert not are_same(seeded, other)


def test_values_win_over_weights_and_weights_over_the_seed(client: Client) -> None:
    W, b = torch.full((3, 3), 0.25), torch.full((3,), -1.0)
    digest = put_tensors(client, W=W, b=b)
    found = run(
        client,
        **text(parameters={"weights": digest, "values": {"b": [1, 2, 3]}, "seed": SEED}),
        variables=["W", "b", "U"],
    )
    drawn = run(client, **text(parameters={"seed": SEED}), variables=["U"])
    assert found["W"].tolist() == W.tolist()
    assert found["b"].tolist() == [1, 2, 3]
    assert found["U"].tobytes() == drawn["U"].tobytes()


def test_weights_win_over_the_defaults_of_an_architecture(client: Client) -> None:
    for name, architecture in read_catalogue().architectures.items():
        own = architecture.defaults.parameters_of(unrolled.load(name).recurrence)
        if own:
            break
    else:
        pytest.fail("no architecture has parameters of its own")
    first = next(iter(own))
    digest = put_tensors(client, **{first: torch.zeros(np.shape(own[first]))})
    found = run(client, architecture=name, parameters={"weights": digest}, variables=[first])
    assert np.any(np.asarray(own[first]))
    assert not found[first].any()


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_kind_of_number_becomes_that_of_the_run(
    client: Client, kind: torch.dtype, dtype: str
) -> None:
    W = torch.randn(3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(kind)
    digest = put_tensors(client, W=W)
    found = run(client, **text(parameters={"weights": digest}, dtype=dtype, variables=["W", "h"]))
    wanted = W.to(getattr(torch, dtype))
    assert found["W"].tobytes() == wanted.numpy().tobytes()
    given = text(parameters={"values": {"W": wanted.tolist()}}, dtype=dtype, variables=["W", "h"])
    assert are_same(found, run(client, **given))


def test_numbers_too_large_for_the_run_are_refused(client: Client) -> None:
    digest = put_tensors(client, b=torch.tensor([1e39, 0, 0], dtype=torch.float64))
    (error,) = errors(client, "invalid-run", text(parameters={"weights": digest}))
    assert (error["pointer"], error["code"]) == ("/parameters/weights", "weights-range")
    assert "`b`" in error["detail"]
    found = run(client, **text(parameters={"weights": digest}, dtype="float64", variables=["b"]))
    assert found["b"].tolist() == [1e39, 0, 0]


def test_the_error_names_parameter_and_shapes(client: Client) -> None:
    digest = put_tensors(client, W=torch.zeros(4, 4), b=torch.zeros(3), Q=torch.zeros(()))
    found = errors(client, "invalid-run", text(parameters={"weights": digest}))
    assert {one["pointer"] for one in found} == {"/parameters/weights"}
    by_code = {one["code"]: one for one in found}
    assert by_code.keys() == {"weights-unknown-name", "weights-other-shape"}
    assert "`Q`" in by_code["weights-unknown-name"]["detail"]
    assert "`U`" in by_code["weights-unknown-name"]["hint"]
    said = by_code["weights-other-shape"]["detail"]
    assert all(part in said for part in ("`W`", "3×3", "4×4"))


@pytest.mark.parametrize(
    "path", ["/v1/runs", "/v1/runs/stream", "/v1/runs/frames", "/v1/jacobians"]
)
def test_unknown_weights_are_told_before_anything_runs(client: Client, path: str) -> None:
    more = {"of": "h", "with_respect_to": "h"} if "jacobians" in path else {}
    answer = client.post(path, text(parameters={"weights": "0" * 64}, **more))
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/unknown-weights"
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/parameters/weights"
    assert "PUT /v1/weights/" in error["hint"]


@pytest.mark.parametrize("wrong", ["", "0" * 63, "A" * 64, "lstm/latch", 5, None])
def test_what_is_no_digest_is_refused(client: Client, wrong: Any) -> None:
    body = text(parameters={"weights": wrong})
    if wrong is None:
        assert client.post("/v1/runs", body).status_code == 200
        return
    (error,) = errors(client, "invalid-request", body)
    assert error["pointer"] == "/parameters/weights"
    assert error["code"] == ("not-text" if wrong == 5 else "not-a-digest")


def test_the_token_holds_the_digest_as_it_is(client: Client) -> None:
    digest = put_tensors(client, b=torch.ones(3))
    body = text(parameters={"weights": digest})
    token = client.post("/v1/runs", body).json()["run"]
    assert json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4))) == body
    again = client.get(f"/v1/runs/{token}?format=safetensors")
    assert (
        safetensors.torch.load(again.content)["h"].numpy().tobytes()
        == run(client, **body)["h"].tobytes()
    )
    other = put_tensors(client, b=torch.zeros(3))
    tags = [
        client.post("/v1/runs", text(parameters={"weights": one})).headers["etag"]
        for one in (digest, other)
    ]
    assert tags[0] != tags[1]


def test_gradients_and_jacobians_are_those_of_the_weights(client: Client) -> None:
    W = torch.randn(3, 3, generator=torch.Generator().manual_seed(2))
    digest = put_tensors(client, W=W)
    more = {"of": "h", "with_respect_to": "h"}
    by_file = client.post("/v1/jacobians", text(parameters={"weights": digest}, **more)).json()
    by_value = client.post(
        "/v1/jacobians", text(parameters={"values": {"W": W.tolist()}}, **more)
    ).json()
    assert by_file["norms"] == by_value["norms"]


def test_a_module_trained_elsewhere_computes_here_what_it_computes_there(client: Client) -> None:
    torch.manual_seed(0)
    module = unrolled.load("lstm").module()
    digest = put(client, safetensors.torch.save(module.state_dict()))
    characters = [8, 5, 12, 12, 15]
    x = torch.nn.functional.one_hot(torch.tensor(characters), 27).float()
    values = module(x[:, None], y=x[:, None])
    found = run(
        client,
        architecture="lstm",
        parameters={"weights": digest},
        inputs={"x": characters, "y": characters},
    )
    hidden = values["h"] if isinstance(values, dict) else values.h
    assert np.allclose(found["h"], hidden.detach()[:, 0].numpy(), atol=1e-6)
