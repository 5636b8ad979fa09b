"""From a run request to an answer, whole or as a stream: what it depends on, whether it is known, a place, the run.

The tag of an answer is known before anything runs (`identity.py`): a client that has it is told so (304), and an
answer that was given lately is given again from the cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from .admission import Ticket
from .bodies import LARGE
from .cache import replay
from .formats import MEDIA_TYPES
from .identity import tag_of, token_of
from .limits import is_small
from .problems import ProblemError
from .results import Wanted, Work, answer, parameters_of, part_of
from .runs import Plan, begin, plan
from .schemas import RunRequest
from .security import gzipped, takes_gzip
from .slices import Part, told_of_the_part
from .state import State, state_of

if TYPE_CHECKING:
    from unrolled.engine import Run

PING = 15.0
"""Seconds without an event after which a comment is sent."""

VARY = "Accept"

Events = Callable[[Plan, "Run"], Iterator[bytes]]
"""Makes the pieces of a stream from a plan and its run; in a worker thread."""


@dataclass(frozen=True)
class Known:
    """What is known of an answer before it is made."""

    tag: str
    token: str | None

    @property
    def headers(self) -> dict[str, str]:
        """Weak, since compression changes the bytes and not what they say."""
        return {"ETag": f'W/"{self.tag}"', "Cache-Control": "no-cache", "Vary": VARY}


@dataclass(frozen=True)
class Making:
    """What is made of a run: `narrowed` says what of it is recorded, `write` makes the bytes.

    `key`: what tells one from another. `told`: a refusal of the narrowed request, in terms of the one that came.
    """

    key: object
    write: Callable[[Work, Wanted, str | None], bytes]
    narrowed: Callable[[RunRequest], RunRequest] = lambda request: request
    told: Callable[[ProblemError], ProblemError] = lambda error: error
    is_run: bool = True


WHOLE = Making("whole", lambda work, wanted, _: answer(work, wanted))


def of_variable(part: Part) -> Making:
    """A part of a run."""
    return Making(part, partial(part_of, part), part.narrowed, told_of_the_part)


def without_variables(request: RunRequest) -> RunRequest:
    return request.model_copy(update={"variables": [], "gradient": None})


PARAMETERS = Making("parameters", parameters_of, without_variables, is_run=False)


async def whole(
    request: Request, body: RunRequest, wanted: Wanted, making: Making = WHOLE
) -> Response:
    """A run, or what is made of it, in the form that is wanted. Raises `ProblemError`."""
    state = state_of(request)
    known = await know(request, body, making.key, wanted)
    if request.method == "GET" and has_tag(request, known.tag):
        return Response(status_code=304, headers=known.headers)
    headers = {**known.headers, **located(request, known)}
    media_type = MEDIA_TYPES[wanted.form]
    kept = state.cache.get(known.tag)
    if kept is not None:
        return Response(kept[0], headers=headers, media_type=media_type)
    with state.admission.inside() as ticket:
        content = await computed(request, body, wanted, making, ticket)
    if content is None:
        return Response(status_code=204)  # nobody is there to read it
    state.cache.put(known.tag, [content])
    return Response(content, headers=headers, media_type=media_type)


async def know(request: Request, body: RunRequest, *form: object) -> Known:
    """The tag and the token of an answer; of a long request in a thread."""
    catalogue = state_of(request).library.catalogue
    length = request.headers.get("content-length", "0" if request.method == "GET" else "")
    if length.isdecimal() and int(length[:20]) < LARGE:
        return Known(tag_of(body, catalogue, *form), token_of(body))
    return await asyncio.to_thread(lambda: Known(tag_of(body, catalogue, *form), token_of(body)))


def located(request: Request, known: Known) -> dict[str, str]:
    """Where the answer to a POST can be had by GET."""
    if request.method != "POST" or known.token is None:
        return {}
    return {"Content-Location": f"/v1/runs/{known.token}"}


async def computed(
    request: Request, body: RunRequest, wanted: Wanted, making: Making, ticket: Ticket
) -> bytes | None:
    """Run and write; None when the client has left meanwhile."""
    state = state_of(request)
    token = token_of(body)

    def at_once() -> Work | bytes:
        """The answer of a small run; of a large one, the work that is still to be done."""
        work = Work(*prepare(state, making.narrowed(body), ticket))
        if making.is_run:
            if not is_small(work.run.cost):
                return work
            work.complete()
        return making.write(work, wanted, token)

    try:
        made = await state.workers.run(at_once)
        if isinstance(made, bytes):
            return made
        if not await is_computed(request, made):
            return None
        return await state.workers.run(making.write, made, wanted, token)
    except ProblemError as error:
        raise making.told(error) from None


async def is_computed(request: Request, work: Work) -> bool:
    """Compute; False when the client has left meanwhile."""
    pieces = state_of(request).workers.follow(work.pieces())
    try:
        async for _ in pieces:
            if await request.is_disconnected():
                return False
    finally:
        await close(pieces)
    return True


def prepare(state: State, body: RunRequest, ticket: Ticket) -> tuple[Plan, Run]:
    """A run that is ready to be computed, with room for what it records; in a worker thread. Raises `ProblemError`."""
    found = plan(body, state.library.catalogue, state.settings)
    return found, begin(found, ticket.reserve)


async def stream(
    request: Request,
    body: RunRequest,
    media_type: str,
    events: Events,
    *form: object,
    last: bytes,
    transform: Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]] | None = None,
) -> Response:
    """The pieces of a run as they are made. `form`: what they depend on besides the run.

    `last`: what the last piece of a stream begins with that ran to its end; only such a one is kept.
    `transform`: what becomes of the pieces on their way, kept ones too.
    """
    state = state_of(request)
    known = await know(request, body, media_type, *form)
    kept = state.cache.get(known.tag)
    if kept is not None:
        pieces, ticket = replay(kept), None
    else:
        ticket = state.admission.enter()

        def at_once() -> list[bytes] | Iterator[bytes]:
            """The pieces of a small run; of a large one, what makes them."""
            found, run = prepare(state, body, ticket)
            made = events(found, run)
            return list(made) if is_small(run.cost) else made

        try:
            made = await state.workers.run(at_once)
        except BaseException:
            ticket.leave()
            raise
        coming = replay(made) if isinstance(made, list) else state.workers.follow(made)
        pieces = state.cache.keeping(known.tag, coming, lambda piece: piece.startswith(last))
    if transform is not None:
        pieces = transform(pieces)
    return Streamed(pieces, media_type, ticket)


class Streamed(StreamingResponse):
    """An answer that leaves as it is made: nothing on the way keeps it. Its place is given up when it ends.

    Also when the client has left before the first piece: a generator that never began has no `finally`.
    """

    def __init__(
        self, pieces: AsyncIterator[bytes], media_type: str, ticket: Ticket | None
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(pieces, media_type=media_type, headers=headers)
        self.ticket = ticket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.ticket is not None:
                self.ticket.leave()
            await close(self.body_iterator)


async def close(pieces: Any) -> None:
    """Close an asynchronous generator that may have been left in the middle."""
    await pieces.aclose()


def fixed(
    request: Request, content: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that stays as it is while the service runs, or 304 for a client that has it."""
    known = Known(sha256(content).hexdigest()[:32], None)
    if has_tag(request, known.tag):
        return Response(status_code=304, headers=known.headers)
    given = {**known.headers, **(headers or {})}
    if takes_gzip(request):
        content = gzipped(content)
        given["Content-Encoding"] = "gzip"
    given["Vary"] = f"{VARY}, Accept-Encoding"
    return Response(content, headers=given, media_type=media_type)


def has_tag(request: Request, tag: str) -> bool:
    """Whether the client says that it has the answer with this tag."""
    given = request.headers.get("if-none-match", "")[:4_000]
    tags = {one.strip().removeprefix("W/").strip('"') for one in given.split(",")}
    return tag in tags or "*" in tags


async def pinged(pieces: AsyncIterator[bytes], every: float = PING) -> AsyncGenerator[bytes]:
    """Server-sent events, with a comment wherever none comes for a while: proxies end silent connections."""

    def next_piece() -> asyncio.Future[bytes | None]:
        return asyncio.ensure_future(anext(pieces, None))

    waiting = next_piece()
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=every)
            piece = waiting.result() if done else b": ping\n\n"
            if piece is None:
                return
            yield piece
            if done:
                waiting = next_piece()
    finally:
        waiting.cancel()
        await asyncio.wait({waiting})
        await close(pieces)
