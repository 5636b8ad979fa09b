"""Problem documents (RFC 9457): one shape for everything that can go wrong.

`PROBLEMS` names the kinds, `texts.py` holds every sentence in both languages, and the handlers at
the end turn exceptions into answers. The input is never repeated in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, get_args

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from unrolled.language import LanguageError, spoken

from .logs import request_id
from .negotiation import Language, language_of
from .schemas import TAGS
from .texts import FAULTS, PROBLEMS, PYDANTIC

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
"""How many errors one problem document lists."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a request. `code` is a key of `FAULTS`."""

    code: str
    pointer: str | None = None
    parameter: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def document(self, language: Language) -> dict[str, Any]:
        detail, hint = FAULTS[self.code][language]
        place = {"pointer": self.pointer} if self.pointer is not None else {}
        if self.parameter is not None:
            place["parameter"] = self.parameter
        words = spoken(self.arguments, language)
        return {
            **place,
            "code": self.code,
            "detail": detail.format(**words),
            "hint": hint.format(**words),
        }


@dataclass(frozen=True)
class Found:
    """One thing that the language or the engine found, which bring their own sentences.

    `source` has `.code`, `.detail(language)` and `.hint(language)`; `place` says where.
    """

    source: Any
    place: Mapping[str, Any]

    def document(self, language: Language) -> dict[str, Any]:
        return {
            **self.place,
            "code": self.source.code,
            "detail": self.source.detail(language),
            "hint": self.source.hint(language),
        }


class ProblemError(Exception):
    """Ends a request with a problem document. `kind` is a key of `PROBLEMS`."""

    def __init__(
        self,
        kind: str,
        faults: Sequence[Fault | Found] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind)
        self.kind, self.faults, self.headers = kind, tuple(faults), dict(headers or {})

    def document(self, language: Language) -> dict[str, Any]:
        """`{type, title, status, detail, errors}`."""
        return problem_document(self.kind, language, self.faults)


def problem_document(
    kind: str, language: Language, faults: Sequence[Fault | Found] = ()
) -> dict[str, Any]:
    """The problem document of a kind, with its first errors."""
    status, texts = PROBLEMS[kind]
    title, detail = texts[language]
    return {
        "type": f"/problems/{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": [fault.document(language) for fault in faults[:MOST_ERRORS]],
    }


def equations_problem(error: LanguageError) -> ProblemError:
    """What the language found, each with its place in the text."""
    return ProblemError(
        "invalid-equations",
        [
            Found(
                one,
                {
                    "pointer": "/equations",
                    "line": one.line,
                    "column": one.column,
                    "end_line": one.end_line,
                    "end_column": one.end_column,
                },
            )
            for one in error.diagnostics
        ],
    )


def faults_of(errors: Sequence[Any], model: type[BaseModel] | None = None) -> list[Fault]:
    """Pydantic's errors as ours; nothing of the input but its keys is taken over.

    `model`: what the input was to be, whose fields misspelt ones are compared with.
    """
    return [fault_of(error, model) for error in errors[:MOST_ERRORS]]


def fault_of(error: Any, model: type[BaseModel] | None = None) -> Fault:
    place = [str(part) for part in error["loc"] if str(part) not in TAGS]
    context = error.get("ctx", {})
    code = context.get("code") or PYDANTIC.get(error["type"], "invalid")
    limits = {
        k: context[k] for k in ("ge", "le", "gt", "lt", "max_length", "min_length") if k in context
    }
    arguments = {"limit": next(iter(limits.values()), ""), "expected": context.get("expected", "")}
    if place and place[0] in ("query", "path", "header"):
        return Fault(code, parameter=place[-1], arguments=arguments)
    if place and place[0] == "body":
        place = place[1:]
    pointer = "".join("/" + escape_pointer(part) for part in place) + context.get("within", "")
    if code == "unknown-field":
        near = get_close_matches(place[-1], fields_at(model, place[:-1]), 1)
        arguments["nearest"] = (
            (f"Did you mean `{near[0]}`? ", f"是否想写 `{near[0]}`？") if near else ""
        )
    return Fault(code, pointer=pointer, arguments=arguments)


def fields_at(model: object, place: Sequence[str]) -> list[str]:
    """The names of the fields of a model at a place within it; of a union those of all its members."""
    models = list(models_in(model))
    for part in place:
        fields = [fields[part] for one in models if part in (fields := by_alias(one))]
        if fields:  # else an index or a key: what it leads to stands in the annotation already
            models = [one for field in fields for one in models_in(field.annotation)]
    return [name for one in models for name in by_alias(one)]


def by_alias(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The models that an annotation is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def escape_pointer(part: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901), cut where it is absurdly long."""
    part = part if len(part) <= 64 else part[:63] + "…"
    return part.replace("~", "~0").replace("/", "~1")


def answer(
    document: Mapping[str, Any], language: Language, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem document as a response."""
    return Response(
        orjson.dumps(document),
        status_code=document["status"],
        media_type=MEDIA_TYPE,
        headers={"Content-Language": language, "Cache-Control": "no-store", **(headers or {})},
    )


BY_STATUS = {status: kind for kind, (status, _) in reversed(PROBLEMS.items())}
"""The first kind of each status, for exceptions that only know a status."""


async def on_problem(request: Request, error: Exception) -> Response:
    """Handler of everything a client did wrong."""
    assert isinstance(error, ProblemError)
    language = language_of(request)
    return answer(error.document(language), language, error.headers)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Handler of the framework's own exceptions: 404, 405, 413, …"""
    assert isinstance(error, HTTPException)
    language = language_of(request)
    kind = BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "not-json")
    return answer(problem_document(kind, language), language, error.headers)


async def on_validation_error(request: Request, error: Exception) -> Response:
    """Handler of query and path parameters that do not fit."""
    assert isinstance(error, RequestValidationError)
    return await on_problem(request, ProblemError("invalid-request", faults_of(error.errors())))


LEFT = 499
"""The status, as other servers count it too, of a request whose client left before it was there."""


async def on_departure(request: Request, error: Exception) -> Response:
    """Handler of a body that was cut off; nobody reads the answer, and it is no fault of ours."""
    del request, error
    return Response(status_code=LEFT)


async def on_crash(request: Request, error: Exception) -> Response:
    """Handler of what nobody foresaw: answered without a word about the inside.

    Starlette raises the exception again once this is sent, so that the server logs it.
    """
    del error
    language = language_of(request)
    headers = {"X-Request-ID": identity} if (identity := request_id.get()) else {}
    return answer(problem_document("internal", language), language, headers)


def install_handlers(app: FastAPI) -> None:
    """Register every handler with the application."""
    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(ClientDisconnect, on_departure)
    app.add_exception_handler(Exception, on_crash)
