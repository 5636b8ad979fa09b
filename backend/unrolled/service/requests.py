"""Pure ASGI middleware around every request: its id, its line in the log, its place in the metrics."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import metrics
from .logs import fields, request_id

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
POLLED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that machines ask every second: while all is well, they are not worth a line."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass
class Exchange:
    """What is known of a request while it is answered."""

    status: int = 500
    sent: int = 0
    is_complete: bool = False
    has_left: bool = False


class Requests:
    """Gives every request an id, counts it, and writes one line when it is over."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        exchange = Exchange()
        identity = id_of(scope)
        request_id.set(identity)  # not reset: the server's own words about this request follow it

        async def watched_receive() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not exchange.is_complete:
                exchange.has_left = True
            return message

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                MutableHeaders(scope=message)[HEADER] = identity
            elif message["type"] == "http.response.body":
                exchange.sent += len(message.get("body", b""))
                exchange.is_complete = not message.get("more_body", False)
            await send(message)

        try:
            await self.app(scope, watched_receive, watched_send)
        finally:
            tell(scope, exchange, perf_counter() - began)


def id_of(scope: Scope) -> str:
    """The id that the client, or a server before us, gave the request; else a new one."""
    given = Headers(scope=scope).get(HEADER, "")
    return given if GOOD_ID.fullmatch(given) else uuid4().hex


def tell(scope: Scope, exchange: Exchange, seconds: float) -> None:
    """Count a request and log it: its route's template, never its path, query or body."""
    route = template_of(scope)
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.request_answered(route, method, exchange.status, seconds)
    left = {"left": True} if exchange.has_left else {}
    log.log(
        logging.DEBUG if route in POLLED and exchange.status == 200 else logging.INFO,
        "%s %s %d",
        method,
        route,
        exchange.status,
        extra=fields(
            method=method,
            route=route,
            status=exchange.status,
            seconds=round(seconds, 6),
            bytes=exchange.sent,
            **left,
        ),
    )


def template_of(scope: Scope) -> str:
    """The path of the route as it is declared, `/v1/architectures/{architecture}`; `none` for no route."""
    if (path := getattr(scope.get("route"), "path", None)) is not None:
        return re.sub(r":\w+}", "}", path)
    if "endpoint" not in scope:
        return "none"
    if "app_root_path" in scope:  # below a mounted application
        return scope["root_path"]
    path = scope["path"]  # FastAPI names no route for a plain function; its parameters it does
    for name, value in scope["path_params"].items():
        path = path.replace(str(value), f"{{{name}}}")
    return path
