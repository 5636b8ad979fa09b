"""Calls an application in the test's own process."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI


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
        headers = {"content-type": "application/json"}
        return self.call("POST", path, content=content, headers=headers)

    def close(self) -> None:
        self.runner.run(self.http.aclose())
        self.runner.run(self.app.state.unrolled.workers.stop())
        self.runner.close()
