"""uvicorn's HTTP connections, within reach of the application: ASGI has no word for hanging up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from .stopping import Stopping


class Connection(HttpToolsProtocol):
    """Shows the server's open connections to the application's `Stopping`, which may cut them."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        stopping: Stopping = self.app_state["stopping"]
        stopping.connections = self.connections
