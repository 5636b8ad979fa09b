"""Query parameters that no route knows are refused: a slip such as `?fromat=csv` must not pass unseen."""

from __future__ import annotations

from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes

from .problems import Fault, ProblemError

EVERYWHERE = ("lang",)
"""What every route knows (`negotiation.language_of`)."""

MOST_FAULTS = 20


async def known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not know. Raises `ProblemError`."""
    known = known_to(request)
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        raise ProblemError(
            "invalid-request", [unknown_parameter(name, known) for name in unknown[:MOST_FAULTS]]
        )


def known_to(request: Request) -> list[str]:
    """The query parameters of the route that answers this request."""
    fields = get_flat_params(request.scope["route"].dependant)
    own = [one.alias for one in fields if getattr(one.field_info, "in_", None) is ParamTypes.query]
    return [*own, *EVERYWHERE]


def unknown_parameter(name: str, known: list[str]) -> Fault:
    """Says which parameters there are; the one that was given is not repeated."""
    near = get_close_matches(name, known, 1)
    meant = f"`{near[0]}`? " if near else ""
    return Fault(
        "unknown-parameter",
        parameter=near[0] if near else None,
        arguments={"nearest": meant, "names": ", ".join(f"`{one}`" for one in known)},
    )
