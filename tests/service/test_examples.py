"""Every example of the OpenAPI document, sent as it stands: it is answered, and in the form that is described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from service.in_process import Client
from unrolled.service import openapi
from unrolled.service.app import create_app

DOCUMENT = openapi.openapi(create_app())


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
    answer = client.call(method, address, **({} if body is None else {"json": body}))
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"].split(";")[0]
    forms = {media_type: model, **openapi.OTHER_FORMS.get(path, {})}
    assert kind in forms
    if kind == "application/json":
        model.model_validate_json(answer.content)
