"""What machines ask about the service: whether it lives, whether it takes work, what it counts."""

from __future__ import annotations

import asyncio

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

import unrolled

from . import metrics
from .problems import Fault, ProblemError
from .state import state_of

router = APIRouter(tags=["operation"])

NO_STORE = {"Cache-Control": "no-store"}


def status_answer(status: str) -> Response:
    content = orjson.dumps({"status": status, "version": unrolled.__version__})
    return Response(content, media_type="application/json", headers=NO_STORE)


@router.get("/healthz", summary="Whether the service answers")
async def healthz() -> Response:
    return status_answer("ok")


@router.get("/readyz", summary="Whether the service takes runs")
async def readyz(request: Request) -> Response:
    """Ready once torch is imported, and until the process is told to stop."""
    state = state_of(request)
    if state.stopping.has_begun:
        raise ProblemError("not-ready", [Fault("stopping")], {"Retry-After": "1"})
    if not state.workers.is_warm:
        raise ProblemError("not-ready", [Fault("starting")], {"Retry-After": "1"})
    return status_answer("ok")


@router.get("/metrics", summary="What the service counts", response_class=Response)
async def show_metrics(request: Request) -> Response:
    """Prometheus' text format, of all processes together."""
    accept = request.headers.get("accept", "")
    content, media_type = await asyncio.to_thread(metrics.exposition, accept)
    return Response(content, headers={"Content-Type": media_type, **NO_STORE})
