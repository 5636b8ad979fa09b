"""Weights in and out: `PUT`, `GET` and `HEAD` of `/v1/weights/{sha256}`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response, StreamingResponse

from .answering import has_tag
from .negotiation import accepts
from .parameters import known_parameters
from .problems import Fault, ProblemError
from .schemas import Digest
from .state import state_of
from .weights import store_of, too_large

SAFETENSORS = "application/vnd.safetensors"
MEDIA_TYPES = (SAFETENSORS, "application/octet-stream")
PIECE = 2**18
"""Bytes of a file that are sent at once."""

EMPTY = "9bbcbf73561f6bc5d0a17ea6a2081feed2d1304e87602d8c502d9a5c4bd85576"
"""The SHA-256 of the file without tensors: an example that everybody can make."""

router = APIRouter(dependencies=[Depends(known_parameters)])

Sha256 = Annotated[
    Digest,
    Path(
        description="SHA-256 of the file, 64 digits of 0-9 a-f.",
        openapi_examples={"no tensors": {"value": EMPTY}},
    ),
]


@router.put("/v1/weights/{sha256}", tags=["weights"], summary="Put weights here")
async def put_weights(request: Request, sha256: Sha256) -> Response:
    """A safetensors file, of floating-point tensors named as the parameters of a text.

    201 when it is new, 204 when it was here. A run then takes it by `"parameters": {"weights": sha256}`. It may be
    gone again when others have come and it was not used: putting it once more does no harm.
    """
    settings = state_of(request).settings
    if not settings.allow_weights:
        raise ProblemError("weights-off", [Fault("weights-off")])
    check_form(request)
    store = store_of(settings)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > store.most_bytes:
        raise too_large(store.most_bytes)
    with ExitStack() as stack:
        upload = await asyncio.to_thread(stack.enter_context, store.coming())
        async for part in request.stream():
            await asyncio.to_thread(upload.write, part)
        is_new = await asyncio.to_thread(upload.keep, sha256)
    headers = {"Location": f"/v1/weights/{sha256}", **tags(sha256)}
    return Response(status_code=201 if is_new else 204, headers=headers)


def check_form(request: Request) -> None:
    """Refuse what does not call itself safetensors, and what is compressed. Raises `ProblemError`."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        headers = {"Accept": ", ".join(MEDIA_TYPES)}
        raise ProblemError("unsupported-media-type", [Fault("weights-type")], headers)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        headers = {"Accept-Encoding": "identity"}
        raise ProblemError("unsupported-media-type", [Fault("weights-encoding")], headers)


@router.get(
    "/v1/weights/{sha256}",
    tags=["weights"],
    summary="Weights by their SHA-256",
    response_class=Response,
)
@router.head("/v1/weights/{sha256}", include_in_schema=False)
async def get_weights(request: Request, sha256: Sha256) -> Response:
    """The file as it was put here, byte for byte."""
    if not accepts(request, SAFETENSORS):
        raise ProblemError("not-acceptable", [Fault("accept", arguments={"offered": SAFETENSORS})])
    path = await asyncio.to_thread(store_of(state_of(request).settings).find, sha256)
    if path is None:
        raise ProblemError("not-found", [Fault("unknown-weights", parameter="sha256")])
    headers = tags(sha256)
    if has_tag(request, sha256):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(path.stat().st_size)
    headers["Content-Disposition"] = f'attachment; filename="{path.name}"'
    if request.method == "HEAD":
        return Response(headers=headers, media_type=SAFETENSORS)
    return StreamingResponse(pieces(path), headers=headers, media_type=SAFETENSORS)


def tags(sha256: str) -> dict[str, str]:
    """What is at this address never changes: the address is its content."""
    return {"ETag": f'"{sha256}"', "Cache-Control": "public, max-age=31536000, immutable"}


async def pieces(path: File) -> AsyncGenerator[bytes]:
    """A file, some at a time."""
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
