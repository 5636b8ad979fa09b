"""Every route of the interface, in one file. The pages are in `pages.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

import unrolled
from unrolled.graph import describe
from unrolled.language import LanguageError
from unrolled.source import module_source

from .bodies import body_of
from .dependence import jacobians_document, paths_document
from .formats import MEDIA_TYPES, Encoding, Format, format_of
from .limits import check_equations
from .negotiation import accepts, language_of
from .parameters import known_parameters
from .problems import Fault, ProblemError, equations_problem, escape_pointer
from .results import Wanted, Work, answer
from .runs import begin, plan, read, shapes, unknown_architecture
from .schemas import JacobianRequest, PathsRequest, RecurrenceRequest, RunRequest
from .state import state_of
from .streaming import frames, lines

JSON = "application/json"
NDJSON = "application/x-ndjson"
FRAMES = "application/vnd.unrolled.frames"
PYTHON = "text/x-python"

router = APIRouter(dependencies=[Depends(known_parameters)])

Digits = Annotated[
    int | None,
    Query(ge=0, le=17, description="Decimals to round to; default: full precision."),
]
AskedFormat = Annotated[
    Format | None,
    Query(alias="format", description="Form of the answer, whatever `Accept` says."),
]
AskedEncoding = Annotated[
    Encoding,
    Query(
        alias="encoding_format",
        description="In JSON: `float`, numbers (null for NaN and infinity), or `base64`, one string of "
        "little-endian numbers, float32 or float64 as `datatype` says.",
    ),
]
Start = Annotated[
    int,
    Query(ge=1, le=10**9, description="Resume a stream that was cut: the first step to send."),
]


def json_answer(content: bytes) -> Response:
    return Response(content, media_type=JSON)


async def wants_json(request: Request) -> None:
    """Refuse a client that cannot take JSON."""
    if not accepts(request, JSON):
        raise ProblemError("not-acceptable", [Fault("accept", arguments={"offered": JSON})])


async def wants_python(request: Request) -> None:
    """Refuse a client that cannot take Python."""
    if not accepts(request, PYTHON):
        raise ProblemError("not-acceptable", [Fault("accept", arguments={"offered": PYTHON})])


def python_answer(content: bytes, name: str) -> Response:
    """Source to be shown or saved, under the name of its architecture."""
    file = name.replace("/", "_").replace("-", "_") + ".py"
    headers = {"Content-Disposition": f'inline; filename="{file}"'}
    return Response(content, media_type=f"{PYTHON}; charset=utf-8", headers=headers)


@router.get("/healthz", tags=["operation"], summary="Whether the service answers")
async def healthz() -> Response:
    return json_answer(orjson.dumps({"status": "ok", "version": unrolled.__version__}))


@router.get(
    "/v1/architectures",
    tags=["catalogue"],
    summary="The catalogue",
    dependencies=[Depends(wants_json)],
)
async def list_architectures(request: Request) -> Response:
    """Every entry: id, titles, section and figure of the book, equations, variants."""
    return json_answer(await asyncio.to_thread(state_of(request).library.listing))


@router.get(
    "/v1/architectures/{architecture:path}/module.py",
    tags=["catalogue"],
    summary="One architecture as PyTorch",
    response_class=Response,
    dependencies=[Depends(wants_python)],
)
@router.head("/v1/architectures/{architecture:path}/module.py", include_in_schema=False)
async def get_module(request: Request, architecture: str) -> Response:
    """A stand-alone file with one `nn.Module`; it needs torch only, and computes what a run does."""
    library = state_of(request).library
    found = library.catalogue.find(architecture)
    if found is None:
        raise ProblemError(
            "not-found", [unknown_architecture(architecture[:100], library.catalogue, None)]
        )
    return python_answer(await asyncio.to_thread(library.module, found), found.id)


@router.get(
    "/v1/architectures/{architecture:path}",
    tags=["catalogue"],
    summary="One architecture",
    dependencies=[Depends(wants_json)],
)
async def get_architecture(request: Request, architecture: str) -> Response:
    """Text, prose in both languages, typeset equations, folded graph, schedule, defaults."""
    library = state_of(request).library
    found = library.catalogue.find(architecture)
    if found is None:
        raise ProblemError(
            "not-found", [unknown_architecture(architecture[:100], library.catalogue, None)]
        )
    return json_answer(await asyncio.to_thread(library.detail, found))


@router.post("/v1/recurrences", tags=["recurrences"], summary="Read equations")
async def read_recurrence(
    request: Request,
    body: Annotated[RecurrenceRequest, Depends(body_of(RecurrenceRequest, JSON))],
) -> Response:
    """The folded graph, schedule, typeset equations and cost; or what is wrong, by line and column."""
    check_equations(body.equations, state_of(request).settings)
    return json_answer(await asyncio.to_thread(describe_equations, body))


@router.post(
    "/v1/recurrences/module",
    tags=["recurrences"],
    summary="Equations as PyTorch",
    response_class=Response,
)
async def write_module(
    request: Request,
    body: Annotated[RecurrenceRequest, Depends(body_of(RecurrenceRequest, PYTHON))],
) -> Response:
    """A stand-alone file with one `nn.Module` for a text of one's own; or what is wrong with the text."""
    check_equations(body.equations, state_of(request).settings)
    return python_answer(await asyncio.to_thread(module_of, body), "recurrence")


def module_of(body: RecurrenceRequest) -> bytes:
    """The source of a text's module. Raises `ProblemError`."""
    try:
        return module_source(read(body.equations, body.sizes)).encode()
    except LanguageError as error:
        raise equations_problem(error) from None


def describe_equations(body: RecurrenceRequest) -> bytes:
    """All that follows from a text, as JSON. Raises `ProblemError`."""
    recurrence = read(body.equations, body.sizes)
    unknown = [name for name in body.lengths if name not in recurrence.domains]
    if unknown:
        raise ProblemError(
            "invalid-request", [Fault("unknown-domain", "/lengths/" + escape_pointer(unknown[0]))]
        )
    for place, name in enumerate(body.held):
        if name not in {one.variable for one in recurrence.equations}:
            raise ProblemError("invalid-request", [Fault("unknown-variable", f"/held/{place}")])
    trees = shapes(recurrence, body.trees)
    try:
        described = describe(recurrence, body.lengths, body.forcing, body.held, trees)
    except LanguageError as error:
        raise equations_problem(error) from None
    return orjson.dumps(described)


@router.post("/v1/paths", tags=["recurrences"], summary="Paths through the unfolded graph")
async def find_paths(
    request: Request, body: Annotated[PathsRequest, Depends(body_of(PathsRequest, JSON))]
) -> Response:
    """Shortest and longest path between two nodes, the one with the fewest nonlinear steps, and how many there are."""
    state = state_of(request)
    return json_answer(
        await asyncio.to_thread(paths_document, body, state.library.catalogue, state.settings)
    )


@router.post("/v1/jacobians", tags=["runs"], summary="Run, and say how steps depend on steps")
async def run_jacobians(
    request: Request,
    body: Annotated[JacobianRequest, Depends(body_of(JacobianRequest, JSON))],
    digits: Digits = None,
) -> Response:
    """The norms of a variable's Jacobians for all pairs of steps, and one of them taken apart."""
    state = state_of(request)
    found = await asyncio.to_thread(plan, body, state.library.catalogue, state.settings)
    return json_answer(await state.workers.run(jacobians_document, found, body, digits))


RunBody = Annotated[RunRequest, Depends(body_of(RunRequest, *MEDIA_TYPES.values()))]
StreamBody = Annotated[RunRequest, Depends(body_of(RunRequest, NDJSON))]
FramesBody = Annotated[RunRequest, Depends(body_of(RunRequest, FRAMES))]


@router.post("/v1/runs", tags=["runs"], summary="Run, and answer when done")
async def run_whole(
    request: Request,
    body: RunBody,
    digits: Digits = None,
    asked: AskedFormat = None,
    encoding: AskedEncoding = "float",
) -> Response:
    """The whole run at once: JSON, npz (`numpy.load`), safetensors, Arrow, or CSV with a line per number."""
    wanted = Wanted(format_of(request, asked), digits, encoding)
    state = state_of(request)
    found = await asyncio.to_thread(plan, body, state.library.catalogue, state.settings)
    run = await state.workers.run(begin, found)
    work = Work(found, run)
    async for _ in state.workers.follow(work.pieces()):
        if await request.is_disconnected():
            return Response(status_code=204)
    content = await state.workers.run(answer, work, wanted)
    return Response(content, media_type=MEDIA_TYPES[wanted.form])


@router.post("/v1/runs/stream", tags=["runs"], summary="Run, and send the steps as they come")
async def run_stream(
    request: Request, body: StreamBody, start: Start = 1, digits: Digits = None
) -> Response:
    """One event a line: `start`, `steps` in chunks of 1, 2, 4 … 64, then `end` or `error`.

    With `gradient`, events `gradients` follow the steps, from the last step to the first.

    A stream with neither `end` nor `error` was cut: ask again with `start`, one past the last step.
    """
    state = state_of(request)
    found = await asyncio.to_thread(plan, body, state.library.catalogue, state.settings)
    run = await state.workers.run(begin, found)
    events = lines(found, run, start=start, digits=digits, language=language_of(request))
    return streamed(state.workers.follow(events), NDJSON)


@router.post("/v1/runs/frames", tags=["runs"], summary="Run, and send the steps as raw numbers")
async def run_frames(request: Request, body: FramesBody, start: Start = 1) -> Response:
    """The events of `/v1/runs/stream` for programs that draw: a line of JSON each, ended by a line feed.

    In `steps` and `gradients`, `values` are shapes (the steps first) and `bytes` is how many bytes follow the
    line: float32, little-endian, variable after variable in the order of `values`. NaN and infinity are
    themselves.
    """
    state = state_of(request)
    found = await asyncio.to_thread(plan, body, state.library.catalogue, state.settings)
    run = await state.workers.run(begin, found)
    events = frames(found, run, start=start, language=language_of(request))
    return streamed(state.workers.follow(events), FRAMES)


def streamed(events: AsyncIterator[bytes], media_type: str) -> Response:
    """An answer that leaves as it is made: nothing on the way keeps it."""
    return StreamingResponse(
        events,
        media_type=media_type,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
