"""Wires the application; no work is done here.

`unrolled.service.app:app` is what uvicorn runs; `create_app` makes another one for tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI

import unrolled
from unrolled.catalogue import read_catalogue
from unrolled.settings import Settings, read_settings

from . import health, openapi, pages, routes, weights_routes
from .admission import Admission
from .cache import Cache
from .library import Library
from .problems import install_handlers
from .requests import Requests
from .security import KnownHosts, SecurityHeaders, compressed
from .state import State
from .stopping import Endable, Stopping
from .workers import Workers


def create_app(settings: Settings | None = None, static: Path = pages.STATIC) -> FastAPI:
    """The application, with the settings in force unless others are given.

    `static`: the folder into which vite builds the page.
    """
    settings = settings or read_settings()
    stopping = Stopping(settings.grace, settings.drain)
    workers = Workers(settings.threads)
    state = State(
        settings,
        Library(read_catalogue()),
        workers,
        Admission(settings.max_runs, settings.max_total_bytes, settings.threads),
        Cache(settings.cache_bytes),
        stopping,
        static,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Stopping]]:
        workers.start()
        with stopping.watching():
            yield {"stopping": stopping}
        await workers.stop()

    app = FastAPI(
        title="unrolled",
        version=unrolled.__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.unrolled = state
    app.openapi = partial(openapi.openapi, app)
    install_handlers(app)
    app.include_router(health.router)
    app.include_router(routes.router)
    app.include_router(weights_routes.router)
    pages.mount(app, static)
    app.add_middleware(compressed)
    app.add_middleware(KnownHosts, hosts=settings.hosts)
    app.add_middleware(Endable, stopping=stopping)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Requests)
    return app


app = create_app()
