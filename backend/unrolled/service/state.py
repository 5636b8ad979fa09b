"""What the application holds while it runs, reached through the request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from unrolled.settings import Settings

from .admission import Admission
from .cache import Cache
from .library import Library
from .stopping import Stopping
from .workers import Workers


@dataclass(frozen=True)
class State:
    """Made once in `app.py`."""

    settings: Settings
    library: Library
    workers: Workers
    admission: Admission
    cache: Cache
    stopping: Stopping
    static: Path


def state_of(request: Request) -> State:
    """The state of the application that answers this request."""
    return request.app.state.unrolled
