"""What a run may cost, checked on the folded graph before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unrolled.settings import Settings

from .problems import Fault, ProblemError


def check_equations(equations: str, settings: Settings) -> None:
    """Refuse a text that is longer than the service reads. Raises `ProblemError`."""
    if len(equations) > settings.max_equations:
        arguments = {"needed": len(equations), "limit": settings.max_equations}
        raise ProblemError(
            "too-expensive", [Fault("equations-length", "/equations", arguments=arguments)]
        )


def check_cost(cost: Mapping[str, Any], settings: Settings) -> None:
    """Refuse a run whose `cost` passes a limit; says what it needs and what is allowed."""
    limits = {
        "parameters": settings.max_parameters,
        "steps": settings.max_steps,
        "operations": settings.max_operations,
        "bytes": settings.max_bytes,
    }
    faults = [
        Fault(name, pointer="", arguments={"needed": cost[name], "limit": limit})
        for name, limit in limits.items()
        if cost[name] > limit
    ]
    if faults:
        raise ProblemError("too-expensive", faults)
