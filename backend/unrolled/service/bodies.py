"""Reads a request, from a body or a token: size, media type, JSON, schema, each refused in its own words.

The parts that take time for a large body run in a thread.
"""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from .identity import MOST_TOKEN
from .negotiation import accepts
from .problems import Fault, ProblemError, faults_of
from .schemas import RunRequest
from .state import state_of
from .strict_json import parse_json

LARGE = 64 * 1024
"""Bytes from which a body is read in a thread."""

Model = TypeVar("Model", bound=BaseModel)


def body_of(model: type[Model], *offered: str) -> Callable[[Request], Awaitable[Model]]:
    """A dependency that reads the body as `model`; `offered` are the media types of the answer.

    Raises `ProblemError` with 406, 415, 503, 413, 400 or 422, before anything runs.
    """

    async def read(request: Request) -> Model:
        if not any(accepts(request, media_type) for media_type in offered):
            raise ProblemError(
                "not-acceptable", [Fault("accept", arguments={"offered": offered[0]})]
            )
        check_content_type(request)
        state_of(request).admission.check()
        body = await read_bytes(request, state_of(request).settings.max_body_bytes)
        if len(body) < LARGE:
            return parse_body(body, model)
        return await asyncio.to_thread(parse_body, body, model)

    return read


def check_content_type(request: Request) -> None:
    """Refuse what does not call itself JSON."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        return
    raise ProblemError(
        "unsupported-media-type", [Fault("content-type")], {"Accept": "application/json"}
    )


async def read_bytes(request: Request, limit: int) -> bytes:
    """The body, refused as soon as it is longer than `limit` bytes, or says that it will be."""
    declared = request.headers.get("content-length", "")
    too_large = ProblemError("too-large", [Fault("body-size", arguments={"limit": limit})])
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
    return b"".join(parts)


def parse_body(body: bytes, model: type[Model]) -> Model:
    """The body as a model. Raises `ProblemError`."""
    try:
        return model.model_validate(parse_json(body))
    except ValidationError as error:
        faults = faults_of(error.errors(include_url=False, include_input=False), model)
        raise ProblemError("invalid-request", faults) from None


def request_of(token: str) -> RunRequest:
    """The run that a token stands for. Raises `ProblemError`: 404 where it is no token, 422 as for a body."""
    try:
        if len(token) > MOST_TOKEN:
            raise ValueError
        padded = token + "=" * (-len(token) % 4)
        body = b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise no_token() from None
    try:
        return parse_body(body, RunRequest)
    except ProblemError as error:
        if error.kind == "not-json":
            raise no_token() from None
        raise


def no_token() -> ProblemError:
    return ProblemError("not-found", [Fault("no-token", arguments={"limit": MOST_TOKEN})])
