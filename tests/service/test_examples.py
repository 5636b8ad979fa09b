"""Every example of the OpenAPI document, sent as it stands: it is answered, and in the form that is described."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import pytest
import safetensors.numpy

from service.in_process import Client
from unrolled.service import openapi
from unrolled.service.app import create_app
from unrolled.settings import Settings

DOCUMENT = openapi.openapi(create_app())


NO_TENSORS = safetensors.numpy.save({})
"""The file of weights whose address is the example."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a service that has that file."""
    folder = tmp_path_factory.mktemp("weights")
    client = Client(create_app(Settings(allow_weights=True, weights_folder=folder)))
    client.call("PUT", f"/v1/weights/{sha256(NO_TENSORS).hexdigest()}", **sent(NO_TENSORS))
    yield client
    client.close()


def sent(body: Any) -> dict[str, Any]:
    """A body as arguments of a call."""
    if isinstance(body, bytes):
        return {"content": body, "headers": {"content-type": "application/vnd.safetensors"}}
    return {} if body is None else {"json": body}


def examples_of(parameter: dict[str, Any]) -> list[Any]:
    """The examples of a parameter, where it has any."""
    named = [one["value"] for one in parameter.get("examples", {}).values()]
    return named or parameter["schema"].get("examples", [])


def addresses(path: str, operation: dict[str, Any]) -> Iterator[str]:
    """The path with its examples put in; with each example of a query parameter, and with none."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            (example,) = examples_of(parameter)
            path = path.replace("{" + parameter["name"] + "}", quote(example))
    assert "{" not in path, path
    yield path
    for parameter in operation["parameters"]:
        if parameter["in"] == "query":
            for example in [*examples_of(parameter), *parameter["schema"].get("enum", [])]:
                yield f"{path}?{parameter['name']}={quote(str(example))}"


def bodies(operation: dict[str, Any]) -> list[Any]:
    """The examples of a body's schema; none for an operation without a body."""
    if "requestBody" not in operation:
        return [None]
    if "application/json" not in operation["requestBody"]["content"]:
        return [NO_TENSORS]
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return DOCUMENT["components"]["schemas"][reference.rsplit("/", 1)[-1]]["examples"]


CASES = [
    (method.upper(), path, address, body)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    for address in addresses(path, operation)
    for body in bodies(operation)
]


def test_every_operation_has_an_example() -> None:
    assert {path for _, path, _, _ in CASES} == set(openapi.ANSWERS)
    assert len(CASES) > 40


@pytest.mark.parametrize(
    ("method", "path", "address", "body"), CASES, ids=lambda one: str(one)[:60]
)
def test_an_example_is_answered_as_it_is_described(
    client: Client, method: str, path: str, address: str, body: Any
) -> None:
    model, media_type = openapi.ANSWERS[path]
    client.app.state.unrolled.workers.is_warm = True  # what `/readyz` waits for
    answer = client.call(method, address, **sent(body))
    if method == "PUT":
        assert answer.status_code == 204  # it was here
        return
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"].split(";")[0]
    forms = {media_type: model, **openapi.OTHER_FORMS.get(path, {})}
    assert kind in forms
    if kind == "application/json":
        model.model_validate_json(answer.content)
