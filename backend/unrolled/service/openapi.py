"""The OpenAPI document: FastAPI's paths, with the bodies and answers that this service writes itself.

`python -m unrolled.service.openapi > frontend/openapi.json` writes the file from which the page's
types are generated; a test checks that it is current.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field, RootModel
from pydantic.json_schema import models_json_schema

from . import answers, schemas
from .formats import MEDIA_TYPES
from .problems import MEDIA_TYPE
from .texts import PROBLEMS
from .weights_routes import MEDIA_TYPES as WEIGHTS_TYPES
from .weights_routes import SAFETENSORS


class StreamEvent(RootModel[answers.StreamEvent]):
    """A line of a stream. One with neither `end` nor `error` was cut: ask again with `start`."""


class Frames(RootModel[bytes]):
    """Lines of JSON, each an event of `/v1/runs/stream`. In `steps` and `gradients` each value is its shape,
    the steps first, and behind the line follow as many bytes as its `bytes` says: of its `datatype`, little-endian."""


class ServerSentEvent(BaseModel):
    """One event of `text/event-stream`, as a reader of such streams gives it."""

    event: Literal["start", "steps", "gradients", "end", "error"]
    data: str = Field(description="The event of `/v1/runs/stream` as JSON.")
    id: str | None = Field(
        default=None, description="To go on from: the last step in it, or `end`."
    )
    retry: int | None = Field(default=None, description="Milliseconds to wait before asking again.")


class Npz(RootModel[bytes]):
    """A zip file of numpy arrays, one for each tensor of the JSON answer and under its name."""


class Safetensors(RootModel[bytes]):
    """A safetensors file: a tensor for each of the JSON answer and under its name; the metadata hold `domains`
    as JSON, `run` (the token) and `version`."""


class Arrow(RootModel[bytes]):
    """A stream of Apache Arrow, a row per tensor: `name`, `domains`, `shape`, flat `data`."""


class Csv(RootModel[str]):
    """A line per number: variable, its steps from 1, its units from 0, value."""


class Source(RootModel[str]):
    """A stand-alone file of Python with one `torch.nn.Module`."""


class Weights(RootModel[bytes]):
    """A safetensors file: tensors of F64, F32, F16 or BF16, all numbers finite, named as the parameters of a text."""


class Metrics(RootModel[str]):
    """What the service counts, in Prometheus' text format."""


OPERATION = {"/healthz": {500}, "/readyz": {500, 503}, "/metrics": {500}}
"""What else than an answer comes from the routes for machines."""

BODIES: dict[str, type[BaseModel]] = {
    "/v1/recurrences": schemas.RecurrenceRequest,
    "/v1/paths": schemas.PathsRequest,
    "/v1/jacobians": schemas.JacobianRequest,
    "/v1/recurrences/module": schemas.RecurrenceRequest,
    "/v1/runs": schemas.RunRequest,
    "/v1/runs/stream": schemas.RunRequest,
    "/v1/runs/frames": schemas.RunRequest,
    "/v1/runs/events": schemas.RunRequest,
}
ANSWERS: dict[str, tuple[type[BaseModel], str]] = {
    "/healthz": (answers.Health, "application/json"),
    "/readyz": (answers.Health, "application/json"),
    "/metrics": (Metrics, "text/plain"),
    "/v1/architectures": (answers.Architectures, "application/json"),
    "/v1/architectures/{architecture}": (answers.Architecture, "application/json"),
    "/v1/architectures/{architecture}/module.py": (Source, "text/x-python"),
    "/v1/recurrences": (answers.Recurrence, "application/json"),
    "/v1/paths": (answers.PathsAnswer, "application/json"),
    "/v1/jacobians": (answers.JacobianResult, "application/json"),
    "/v1/recurrences/module": (Source, "text/x-python"),
    "/v1/runs": (answers.RunResult, "application/json"),
    "/v1/runs/stream": (StreamEvent, "application/x-ndjson"),
    "/v1/runs/frames": (Frames, "application/vnd.unrolled.frames"),
    "/v1/runs/events": (ServerSentEvent, "text/event-stream"),
    "/v1/runs/{token}": (answers.RunResult, "application/json"),
    "/v1/runs/{token}/variables/{name}": (answers.VariableResult, "application/json"),
    "/v1/runs/{token}/parameters": (answers.ParametersResult, "application/json"),
    "/v1/runs/{token}/events": (ServerSentEvent, "text/event-stream"),
    "/v1/weights/{sha256}": (Weights, SAFETENSORS),
}
"""Per path, what comes in and what goes out."""

FILES: dict[str, tuple[type[BaseModel], tuple[str, ...]]] = {
    "/v1/weights/{sha256}": (Weights, WEIGHTS_TYPES),
}
"""Per path, what may be put there, as it stands on a disk."""

FORMS: dict[str, type[BaseModel]] = {
    MEDIA_TYPES["npz"]: Npz,
    MEDIA_TYPES["safetensors"]: Safetensors,
    MEDIA_TYPES["arrow"]: Arrow,
    MEDIA_TYPES["csv"]: Csv,
}
OTHER_FORMS: dict[str, dict[str, type[BaseModel]]] = {
    "/v1/runs": FORMS,
    "/v1/runs/{token}": FORMS,
    "/v1/runs/{token}/variables/{name}": FORMS,
    "/v1/runs/{token}/parameters": FORMS,
}
"""In what other forms a path answers."""

NUMBERS = {
    "title": "Numbers",
    "description": "A number, or nested lists of numbers, all rows of one length; null stands for "
    "NaN and infinity in answers.",
    "anyOf": [
        {"type": "number"},
        {"type": "null"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Numbers"}},
    ],
}

LANGUAGE = {
    "name": "lang",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "examples": ["en", "zh"]},
    "description": "Language of problem documents, `en` or `zh`; default: `Accept-Language`.",
}

DESCRIPTION = """\
Write a recurrence the way the book writes it; see it unfold, run, learn and explain itself.

The service is stateless: the request *is* the run. Errors are `application/problem+json`
(RFC 9457) with a place and a cure for each; `?lang=en` or `?lang=zh`, else `Accept-Language`.

Numbers too small for full precision are flushed: in float32 a magnitude below 1.2e-38 (in float64 below
2.2e-308) reads 0. Vanishing gradients end there.
"""


def openapi(app: FastAPI) -> dict[str, Any]:
    """The document, made once; the application serves it at `/openapi.json`."""
    if app.openapi_schema is None:
        app.openapi_schema = build(app)
    return app.openapi_schema


def build(app: FastAPI) -> dict[str, Any]:
    """FastAPI's paths with our bodies, answers and problems put in."""
    document = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes
    )
    models = {*BODIES.values(), *(model for model, _ in ANSWERS.values()), answers.Problem}
    models |= {model for forms in OTHER_FORMS.values() for model in forms.values()}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, definitions = models_json_schema(
        [(model, "validation") for model in ordered],
        ref_template="#/components/schemas/{model}",
    )
    components = {**definitions["$defs"], "Numbers": NUMBERS}
    document["components"] = {"schemas": dict(sorted(components.items()))}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            (complete_put if method == "put" else complete)(path.replace(":path", ""), operation)
    return document


def complete_put(path: str, operation: dict[str, Any]) -> None:
    """Put the file that may be put at a path, and the problems of that, into its operation."""
    model, media_types = FILES[path]
    body = {
        kind: one for media_type in media_types for kind, one in content(model, media_type).items()
    }
    operation["requestBody"] = {"required": True, "content": body}
    location = {"description": "Its address", "schema": {"type": "string"}}
    responses = {
        "201": {"description": "It is new here", "headers": {"Location": location}},
        "204": {"description": "It was here", "headers": {"Location": location}},
    }
    add_rest(operation, responses, {403, 413, 415, 422, 500, 503})


def complete(path: str, operation: dict[str, Any]) -> None:
    """Put the body, the answer and the problems of a path into its operation."""
    model, media_type = ANSWERS[path]
    responses: dict[str, Any] = {
        "200": {"description": "The answer", "content": content(model, media_type)}
    }
    for other_type, other in OTHER_FORMS.get(path, {}).items():
        responses["200"]["content"] |= content(other, other_type)
    statuses = {422} | OPERATION.get(path, {406, 500})  # 422: unknown parameters
    if "{" in path:
        statuses |= {404}
    if path.startswith("/v1/runs/{"):
        statuses |= {503}
    if path not in {*BODIES, *OPERATION} and media_type != "text/event-stream":
        responses["304"] = {"description": "The client has this answer (`If-None-Match`)"}
    if media_type == "text/event-stream":
        responses["204"] = {"description": "The client has the whole stream (`Last-Event-ID: end`)"}
    if path in BODIES:
        statuses |= {400, 413, 415, 503}
        operation["requestBody"] = {
            "required": True,
            "content": content(BODIES[path], "application/json"),
        }
    add_rest(operation, responses, statuses)


def add_rest(operation: dict[str, Any], responses: dict[str, Any], statuses: set[int]) -> None:
    """Put answers and, by their statuses, problems into an operation."""
    for status in sorted(statuses):
        titles = [texts["en"][0] for code, texts in PROBLEMS.values() if code == status]
        responses[str(status)] = {
            "description": " · ".join(titles),
            "content": content(answers.Problem, MEDIA_TYPE),
        }
    operation["responses"] = responses
    parameters = operation.get("parameters", [])
    operation["parameters"] = [*map(without_null, parameters), LANGUAGE]


def without_null(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out, not one that may be null: an address and a header know no null."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return parameter
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**parameter, "schema": {**kinds[0], **rest}}


def content(model: type[BaseModel], media_type: str) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}


def text() -> str:
    """The document as it stands in `frontend/openapi.json`."""
    from .app import create_app

    return json.dumps(create_app().openapi(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
