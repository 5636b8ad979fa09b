"""How one step depends on another: the answers of `POST /v1/paths` (graph alone) and `POST /v1/jacobians` (a run)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import orjson

import unrolled
from unrolled.catalogue import Catalogue
from unrolled.graph import Path, Place, TooManyPlacesError, extents, fold, paths, trees_given
from unrolled.language import Recurrence
from unrolled.settings import Settings

from .limits import check_equations
from .problems import Fault, ProblemError, escape_pointer
from .runs import WIDTHS, Plan, begin, find, read, run_problem, shapes
from .schemas import JacobianRequest, PathEnd, PathsRequest
from .streaming import ENCODING, array_of, plain

STEPS = 12
"""Steps of a domain that nothing fixes."""

MOST_MATRIX = 4_096
"""Numbers of a Jacobian that is sent itself."""

MOST_EXACT = 2**53


def paths_document(body: PathsRequest, catalogue: Catalogue, settings: Settings) -> bytes:
    """The answer of `POST /v1/paths`. Raises `ProblemError`."""
    architecture = find(body.architecture, catalogue)
    equations = architecture.equations if architecture else body.equations or ""
    check_equations(equations, settings)
    sizes = {**(architecture.defaults.sizes if architecture else {}), **body.sizes}
    recurrence = read(equations, sizes)
    unknown = [name for name in body.lengths if name not in recurrence.domains]
    if unknown:
        pointer = "/lengths/" + escape_pointer(unknown[0])
        raise ProblemError("invalid-request", [Fault("unknown-domain", pointer)])
    known = trees_given(recurrence, architecture.defaults.inputs if architecture else {})
    trees = {name: tree for name, tree in known.items() if name not in body.lengths}
    trees |= shapes(recurrence, body.trees)
    lengths = {name: body.lengths.get(name, STEPS) for name in recurrence.domains}
    for pointer, end in (("from", body.source), ("to", body.target)):
        for domain, step in zip(domains_of(recurrence, end, pointer), end.at, strict=True):
            is_tree = recurrence.domains[domain].kind == "tree"
            if domain not in (trees if is_tree else ()) and domain not in body.lengths:
                lengths[domain] = max(lengths[domain], step // 2 + 1 if is_tree else step)
    sizes = {name: one.steps for name, one in extents(recurrence, lengths, trees).items()}
    if sum(sizes.values()) > settings.max_steps:
        arguments = {"needed": sum(sizes.values()), "limit": settings.max_steps}
        raise ProblemError("too-expensive", [Fault("steps", "", arguments=arguments)])
    for pointer, end in (("from", body.source), ("to", body.target)):
        check_nodes(recurrence, end, pointer, sizes)
    source: Place = (body.source.variable, tuple(body.source.at))
    target: Place = (body.target.variable, tuple(body.target.at))
    try:
        found = paths(fold(recurrence, body.forcing), source, target, lengths, trees)
    except TooManyPlacesError as error:
        arguments = {"limit": str(error)}
        raise ProblemError(
            "too-expensive", [Fault("path-search", "", arguments=arguments)]
        ) from None
    return orjson.dumps(
        {
            "from": place(source),
            "to": place(target),
            "lengths": sizes,
            "count": found.count if found.count < MOST_EXACT else None,
            "log10_count": found.log10_count,
            "shortest": path(found.shortest),
            "longest": path(found.longest),
            "straightest": path(found.straightest),
        }
    )


def domains_of(recurrence: Recurrence, end: PathEnd, pointer: str) -> tuple[str, ...]:
    """The domains of one end of a path, as many as it has steps."""
    variable = recurrence.variables.get(end.variable)
    if variable is None or len(variable.domains) != len(end.at):
        raise no_node(recurrence, pointer)
    return variable.domains


def check_nodes(
    recurrence: Recurrence, end: PathEnd, pointer: str, sizes: Mapping[str, int]
) -> None:
    """Refuse an end that is no node of its tree; a chain has boundary values on both sides."""
    for domain, step in zip(recurrence.variables[end.variable].domains, end.at, strict=True):
        if recurrence.domains[domain].kind == "tree" and not 1 <= step <= sizes[domain]:
            raise no_node(recurrence, pointer)


def no_node(recurrence: Recurrence, pointer: str) -> ProblemError:
    names = ", ".join(
        f"{one.name}[{', '.join(one.indices)}]" if one.indices else one.name
        for one in recurrence.variables.values()
    )
    return ProblemError(
        "invalid-request", [Fault("path-end", f"/{pointer}", arguments={"names": names})]
    )


def place(one: Place) -> dict[str, Any]:
    return {"variable": one[0], "at": list(one[1])}


def path(one: Path | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "length": len(one.edges),
        "nonlinear": one.nonlinear,
        "nodes": [place(node) for node in one.places],
        "edges": list(one.edges),
    }


def jacobians_document(
    found: Plan,
    body: JacobianRequest,
    digits: int | None,
    reserve: Callable[[int], None] = lambda _: None,
) -> bytes:
    """The answer of `POST /v1/jacobians`. Runs torch: call it in a worker thread. Raises `ProblemError`.

    `reserve` is told the bytes that run and Jacobians take before they are taken, and may raise.
    """
    from unrolled.engine import RunError
    from unrolled.engine.jacobians import jacobian_cost

    run = begin(found, reserve)
    try:
        needs = jacobian_cost(
            found.recurrence, run.lengths, body.of, body.with_respect_to, found.forcing, run.holds
        )
        size = needs.bytes * WIDTHS[body.dtype] // 2
        check(needs.operations, size, found.settings)
        reserve(size)
        run.complete()
        wanted = run.jacobians(body.of, body.with_respect_to)
        norms = wanted.map(body.norm).norms
        spectrum = None
        if body.spectrum is not None:
            step = body.spectrum.step
            source = body.spectrum.source_step or step - 1
            one = wanted.spectrum(step, source)
            values = one.eigenvalues
            spectrum = {
                "step": step,
                "source_step": source,
                "matrix": plain(array_of(one.matrix, digits))
                if one.matrix.numel() <= MOST_MATRIX
                else None,
                "singular_values": plain(array_of(one.singular_values, digits)),
                "eigenvalues": None
                if values is None
                else [[value.real, value.imag] for value in values.tolist()],
            }
    except RunError as error:
        raise run_problem(error) from None
    return orjson.dumps(
        {
            "of": body.of,
            "with_respect_to": body.with_respect_to,
            "norm": body.norm,
            "norms": plain(array_of(norms, digits)),
            "spectrum": spectrum,
            "lengths": dict(run.lengths),
            "cost": asdict(needs),
            "version": unrolled.__version__,
        },
        option=ENCODING,
    )


def check(operations: int, size: int, settings: Settings) -> None:
    """Refuse Jacobians that cost more than a run may."""
    needs = {
        "operations": (operations, settings.max_operations),
        "bytes": (size, settings.max_bytes),
    }
    faults = [
        Fault(name, "", arguments={"needed": needed, "limit": limit})
        for name, (needed, limit) in needs.items()
        if needed > limit
    ]
    if faults:
        raise ProblemError("too-expensive", faults)
