"""What a run may cost, checked on the folded graph before anything runs."""

from __future__ import annotations

from collections.abc import Sequence

from unrolled.graph import Cost
from unrolled.settings import Settings

from .problems import Fault, ProblemError

PIECE = 200_000_000
"""Operations that are done at once: some tenths of a second, after which others have their turn."""


def check_equations(equations: str, settings: Settings) -> None:
    """Refuse a text that is longer than the service reads. Raises `ProblemError`."""
    if len(equations) > settings.max_equations:
        arguments = {"needed": len(equations), "limit": settings.max_equations}
        raise ProblemError(
            "too-expensive", [Fault("equations-length", "/equations", arguments=arguments)]
        )


def check_cost(cost: Cost, width: int, settings: Settings) -> None:
    """Refuse a run whose cost passes a limit; says what it needs and what is allowed.

    `width`: how much room a number takes, in units of float32. Raises `ProblemError`.
    """
    needs = {
        "parameters": (cost.parameters, settings.max_parameters),
        "steps": (cost.steps, settings.max_steps),
        "operations": (cost.operations, settings.max_operations),
        "bytes": (cost.bytes * width, settings.max_bytes),
    }
    faults = [
        Fault(name, pointer="", arguments={"needed": needed, "limit": limit})
        for name, (needed, limit) in needs.items()
        if needed > limit
    ]
    if faults:
        raise ProblemError("too-expensive", faults)


SMALL_STEPS = 256
SMALL_OPERATIONS = 20_000_000
"""A run of at most so many steps and operations is done in milliseconds, and not worth to be divided."""


def is_small(cost: Cost) -> bool:
    """Whether a run is computed and written in one go: dividing it would take longer than the run."""
    return cost.steps <= SMALL_STEPS and cost.operations <= SMALL_OPERATIONS


def in_pieces(sizes: Sequence[int], cost: Cost) -> tuple[int, ...]:
    """Sizes of chunks, none of which does more than `PIECE` operations (a step is never divided)."""
    most = max(1, PIECE * max(cost.steps, 1) // max(cost.operations, 1))
    return tuple(min(size, most) for size in sizes)
