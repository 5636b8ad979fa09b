"""Pure ASGI middleware: security headers, known hosts, compression of all but runs."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from functools import lru_cache

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .negotiation import by_quality, language_of
from .problems import answer, problem_document

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # KaTeX places symbols by style attributes
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
"""No `frame-ancestors`: notebooks and course pages may frame the page."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds `HEADERS` to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


HEALTH = frozenset({"/healthz", "/readyz"})
"""Whether the service is well is said under any name: whoever watches over it asks by an address of its own."""


class KnownHosts:
    """Answers only to the given host names (a page elsewhere could rebind its own to loopback), but for `HEALTH`."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower().strip("[]") for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] != "http" or "*" in self.hosts or scope["path"] in HEALTH
        if is_open or host_of(scope) in self.hosts:
            await self.app(scope, receive, send)
            return
        language = language_of(Request(scope))
        await answer(problem_document("unknown-host", language), language)(scope, receive, send)


def host_of(scope: Scope) -> str:
    """The host name of a request, without port and without the brackets of IPv6."""
    host = Headers(scope=scope).get("host", "").lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def compressed(app: ASGIApp) -> ASGIApp:
    """Gzip for words: pages, the catalogue, graphs. Not for runs: numbers hardly shrink, and would wait for it.

    What already is compressed (`answering.fixed`, static files) stays as it is.
    """
    words = GZipMiddleware(app, minimum_size=1_000, compresslevel=5)

    async def answer_words_or_numbers(scope: Scope, receive: Receive, send: Send) -> None:
        is_run = scope["type"] != "http" or scope["path"].startswith(("/v1/runs", "/v1/weights"))
        await (app if is_run or not takes_gzip(Request(scope)) else words)(scope, receive, send)

    return answer_words_or_numbers


@lru_cache(maxsize=512)
def gzipped(content: bytes) -> bytes:
    """Bytes that are sent again and again, compressed once."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def takes_gzip(request: Request) -> bool:
    """Whether the client says that it reads gzip."""
    encodings = dict(by_quality(request.headers.get("accept-encoding", ""), keep_refused=True))
    return encodings.get("gzip", 0) > 0
