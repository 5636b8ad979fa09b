"""Calls an application in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx
import orjson
from fastapi import FastAPI

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers (names in lower case), body."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return orjson.loads(self.content)


class Client:
    """Calls an application in this process, without sockets, on an event loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.http.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.call("POST", path, json=body, **options)

    def send(self, path: str, content: bytes) -> httpx.Response:
        """Post bytes that call themselves JSON."""
        return self.call("POST", path, content=content, headers=JSON)

    def exchange(
        self, method: str, target: str, content: bytes = b"", headers: Mapping[str, str] = JSON
    ) -> Answer:
        """One request and its answer without httpx, for tests that send thousands.

        `target`: path and query as they stand on the wire, in ASCII. An exception behind a complete
        answer is not raised here, as it would not reach a client.
        """
        return self.runner.run(exchange(self.app, method, target, content, headers))

    def close(self) -> None:
        self.runner.run(self.http.aclose())
        self.runner.run(self.app.state.unrolled.workers.stop())
        self.runner.close()


async def exchange(
    app: FastAPI, method: str, target: str, content: bytes, headers: Mapping[str, str]
) -> Answer:
    """Call an ASGI application once; the client stays until the answer is complete."""
    path, _, query = target.partition("?")
    named = {"host": "localhost", **{name.lower(): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    requested = [{"type": "http.request", "body": content, "more_body": False}]
    complete = asyncio.Event()
    start: dict[str, Any] = {}
    parts: list[bytes] = []

    async def receive() -> Mapping[str, Any]:
        if requested:
            return requested.pop()
        await complete.wait()
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                complete.set()

    try:
        await app(scope, receive, send)  # pyright: ignore[reportArgumentType]
    except Exception:
        if not complete.is_set():  # there is no answer that could be looked at
            raise
    found = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], found, b"".join(parts))
