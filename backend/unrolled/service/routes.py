"""Every route of the interface, in one file. The pages are in `pages.py`, what machines ask in `health.py`."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from unrolled.graph import describe
from unrolled.language import LanguageError
from unrolled.source import module_source

from .answering import PARAMETERS, fixed, of_variable, pinged, stream, whole
from .bodies import body_of, request_of
from .dependence import jacobians_document, paths_document
from .formats import MEDIA_TYPES, Encoding, Format, format_of
from .identity import MOST_TOKEN
from .limits import check_equations
from .negotiation import accepts, language_of
from .parameters import known_parameters
from .problems import Fault, ProblemError, equations_problem, escape_pointer
from .results import Wanted
from .runs import plan, read, shapes, unknown_architecture
from .schemas import JacobianRequest, PathsRequest, RecurrenceRequest, RunRequest
from .slices import read_part
from .state import state_of
from .streaming import END, Datatype, frames, lines, messages

JSON = "application/json"
NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
FRAMES = "application/vnd.unrolled.frames"
PYTHON = "text/x-python"
PYTHON_TEXT = f"{PYTHON}; charset=utf-8"

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
Identity = Annotated[
    str,
    Path(
        description="Id of an entry of the catalogue, or of one of its variants.",
        openapi_examples={"variant": {"value": "lstm/book"}},
    ),
]
Start = Annotated[
    int,
    Query(ge=1, le=10**9, description="Resume a stream that was cut: the first step to send."),
]

AskedDatatype = Annotated[
    Datatype,
    Query(description="Numbers of four bytes, or of eight: a run in float64 to its last digit."),
]
Whole = Annotated[
    bool,
    Query(
        description="Compute all steps before the first is sent: the numbers of a whole run to the last digit, "
        "which a product over many steps may round otherwise than one over few."
    ),
]


LastEvent = Annotated[
    str | None,
    Header(
        pattern=r"^(end|[0-9]{1,9})$",
        description="The `id` of the last event that the client has; a browser sends it by itself.",
    ),
]
Token = Annotated[
    str,
    Path(
        max_length=MOST_TOKEN,
        description="`run` of an answer: base64url of a request's JSON.",
        openapi_examples={"gru": {"value": "eyJhcmNoaXRlY3R1cmUiOiJncnUifQ"}},
    ),
]
TensorName = Annotated[
    str,
    Path(
        max_length=200,
        description="As in `outputs` of the whole run: `h`, `h[0]`, `f/3`, `grad/W`.",
        openapi_examples={"state": {"value": "h"}},
    ),
]
AskedSteps = Annotated[
    str | None,
    Query(
        max_length=200,
        description="`7`, `3:9`, `3:`, `:9`, `1:50:2`: first and last step, both included, counted from 1, and "
        "every how many; a range for each domain, with commas.",
        openapi_examples={"every second": {"value": "1:8:2"}},
    ),
]
AskedUnits = Annotated[
    str | None,
    Query(
        max_length=10_000,
        description="Units of the first axis behind the steps, counted from 0, with commas: `3,7`.",
        openapi_examples={"two": {"value": "0,1"}},
    ),
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


def disposition(name: str) -> dict[str, str]:
    """Under what name a source may be saved: that of its architecture."""
    file = name.replace("/", "_").replace("-", "_") + ".py"
    return {"Content-Disposition": f'inline; filename="{file}"'}


@router.get(
    "/v1/architectures",
    tags=["catalogue"],
    summary="The catalogue",
    dependencies=[Depends(wants_json)],
)
async def list_architectures(request: Request) -> Response:
    """Every entry: id, titles, section and figure of the book, equations, variants."""
    return fixed(request, await asyncio.to_thread(state_of(request).library.listing), JSON)


@router.get(
    "/v1/architectures/{architecture:path}/module.py",
    tags=["catalogue"],
    summary="One architecture as PyTorch",
    response_class=Response,
    dependencies=[Depends(wants_python)],
)
@router.head("/v1/architectures/{architecture:path}/module.py", include_in_schema=False)
async def get_module(request: Request, architecture: Identity) -> Response:
    """A stand-alone file with one `nn.Module`; it needs torch only, and computes what a run does."""
    library = state_of(request).library
    found = library.catalogue.find(architecture)
    if found is None:
        raise ProblemError(
            "not-found", [unknown_architecture(architecture[:100], library.catalogue, None)]
        )
    content = await asyncio.to_thread(library.module, found)
    return fixed(request, content, PYTHON_TEXT, disposition(found.id))


@router.get(
    "/v1/architectures/{architecture:path}",
    tags=["catalogue"],
    summary="One architecture",
    dependencies=[Depends(wants_json)],
)
async def get_architecture(request: Request, architecture: Identity) -> Response:
    """Text, prose in both languages, typeset equations, folded graph, schedule, defaults."""
    library = state_of(request).library
    found = library.catalogue.find(architecture)
    if found is None:
        raise ProblemError(
            "not-found", [unknown_architecture(architecture[:100], library.catalogue, None)]
        )
    return fixed(request, await asyncio.to_thread(library.detail, found), JSON)


@router.post("/v1/recurrences", tags=["recurrences"], summary="Read equations")
async def read_recurrence(
    request: Request,
    body: Annotated[RecurrenceRequest, Depends(body_of(RecurrenceRequest, JSON))],
) -> Response:
    """The folded graph, schedule, typeset equations and cost; or what is wrong, by line and column."""
    state = state_of(request)
    check_equations(body.equations, state.settings)
    with state.admission.inside():
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
    state = state_of(request)
    check_equations(body.equations, state.settings)
    with state.admission.inside():
        content = await asyncio.to_thread(module_of, body)
    return Response(content, media_type=PYTHON_TEXT, headers=disposition("recurrence"))


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
    with state.admission.inside():
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
    with state.admission.inside() as ticket:
        found = await asyncio.to_thread(plan, body, state.library.catalogue, state.settings)
        return json_answer(
            await state.workers.run(jacobians_document, found, body, digits, ticket.reserve)
        )


RunBody = Annotated[RunRequest, Depends(body_of(RunRequest, *MEDIA_TYPES.values()))]
StreamBody = Annotated[RunRequest, Depends(body_of(RunRequest, NDJSON))]
FramesBody = Annotated[RunRequest, Depends(body_of(RunRequest, FRAMES))]
EventsBody = Annotated[RunRequest, Depends(body_of(RunRequest, EVENTS))]


async def wanted_form(
    request: Request,
    digits: Digits = None,
    asked: AskedFormat = None,
    encoding: AskedEncoding = "float",
) -> Wanted:
    """In what form the answer is wanted. Raises `ProblemError`."""
    return Wanted(format_of(request, asked), digits, encoding)


WantedForm = Annotated[Wanted, Depends(wanted_form)]


async def run_of_token(request: Request, token: Token) -> RunRequest:
    """The run that the token in the URL stands for. Raises `ProblemError`."""
    state_of(request).admission.check()
    return request_of(token)


TokenRun = Annotated[RunRequest, Depends(run_of_token)]


@router.post("/v1/runs", tags=["runs"], summary="Run, and answer when done")
async def run_whole(
    request: Request,
    body: RunBody,
    wanted: WantedForm,
) -> Response:
    """The whole run at once: JSON, npz (`numpy.load`), safetensors, Arrow, or CSV with a line per number.

    `Content-Location` is its address for `GET`, where the request is short enough to be one.
    """
    return await whole(request, body, wanted)


@router.post("/v1/runs/stream", tags=["runs"], summary="Run, and send the steps as they come")
async def run_stream(
    request: Request, body: StreamBody, start: Start = 1, digits: Digits = None
) -> Response:
    """One event a line: `start`, `steps` in chunks of 1, 2, 4 … 64, then `end` or `error`.

    With `gradient`, events `gradients` follow the steps, from the last step to the first.

    A stream with neither `end` nor `error` was cut: ask again with `start`, one past the last step.
    """
    make = partial(lines, start=start, digits=digits, language=language_of(request))
    return await stream(request, body, NDJSON, make, start, digits, last=b'{"event":"end"')


@router.post("/v1/runs/frames", tags=["runs"], summary="Run, and send the steps as raw numbers")
async def run_frames(
    request: Request,
    body: FramesBody,
    start: Start = 1,
    datatype: AskedDatatype = "FP32",
    whole: Whole = False,
) -> Response:
    """The events of `/v1/runs/stream` for programs that draw: a line of JSON each, ended by a line feed.

    In `steps` and `gradients`, `values` are shapes (the steps first) and `bytes` is how many bytes follow the
    line: of the `datatype`, little-endian, variable after variable in the order of `values`. NaN and infinity are
    themselves; of values in the other lines they stand under `exact`. `crc32` ends every line: it is that of the line
    before the comma in front of it, and of the bytes behind the line.
    """
    make = partial(
        frames, start=start, language=language_of(request), datatype=datatype, whole=whole
    )
    form = (start, datatype, whole)
    return await stream(request, body, FRAMES, make, *form, last=b'{"event":"end"')


@router.post(
    "/v1/runs/events", tags=["runs"], summary="Run, and send the steps as server-sent events"
)
async def run_events(
    request: Request,
    body: EventsBody,
    start: Start = 1,
    digits: Digits = None,
    last_event_id: LastEvent = None,
) -> Response:
    """The events of `/v1/runs/stream` as `text/event-stream`: `event` is their name, `data` the document.

    `id` is the last step that a client has, or `end`; with `Last-Event-ID` the stream goes on behind it, and is
    empty (204) behind `end`, so that a browser does not ask again. A comment comes every 15 s without an event.
    """
    return await sent_events(request, body, start, digits, last_event_id)


@router.get("/v1/runs/{token}", tags=["runs by URL"], summary="A run by its token")
async def get_run(
    request: Request,
    body: TokenRun,
    wanted: WantedForm,
) -> Response:
    """What `POST /v1/runs` answers to the request that is the token; `If-None-Match` costs nothing (304)."""
    return await whole(request, body, wanted)


@router.get(
    "/v1/runs/{token}/variables/{name:path}",
    tags=["runs by URL"],
    summary="One variable of a run, or some steps and units of it",
)
async def get_variable(
    request: Request,
    body: TokenRun,
    name: TensorName,
    wanted: WantedForm,
    steps: AskedSteps = None,
    units: AskedUnits = None,
) -> Response:
    """A tensor of the run, by the name it has in `outputs`; only what it needs is recorded."""
    making = of_variable(read_part(name, steps, units))
    return await whole(request, body, wanted, making)


@router.get("/v1/runs/{token}/parameters", tags=["runs by URL"], summary="The parameters of a run")
async def get_parameters(
    request: Request,
    body: TokenRun,
    wanted: WantedForm,
) -> Response:
    """What the run computes with, given or drawn from its seed. Nothing is run."""
    return await whole(request, body, wanted, PARAMETERS)


@router.get(
    "/v1/runs/{token}/events", tags=["runs by URL"], summary="A run as server-sent events, by URL"
)
async def get_events(
    request: Request,
    body: TokenRun,
    start: Start = 1,
    digits: Digits = None,
    last_event_id: LastEvent = None,
) -> Response:
    """For a browser's `EventSource`, which only knows GET: what `POST /v1/runs/events` sends."""
    if not accepts(request, EVENTS):
        raise ProblemError("not-acceptable", [Fault("accept", arguments={"offered": EVENTS})])
    return await sent_events(request, body, start, digits, last_event_id)


async def sent_events(
    request: Request, body: RunRequest, start: int, digits: int | None, last: str | None
) -> Response:
    """A run as server-sent events, behind the last one that the client has."""
    if last == END:
        return Response(status_code=204)
    if last is not None:
        start = int(last) + 1
    make = partial(messages, start=start, digits=digits, language=language_of(request))
    return await stream(
        request, body, EVENTS, make, start, digits, last=b"id: end\nevent: end", transform=pinged
    )
