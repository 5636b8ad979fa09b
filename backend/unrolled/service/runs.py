"""From a run request to the engine: the one way, for the service and for the command line.

`plan` works out what is to run (catalogue, defaults, limits; no torch), `begin` prepares it in the
engine, `identity.py` names it. `streaming.py` and `results.py` turn the run into answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from unrolled.catalogue import ALPHABET, Architecture, Catalogue, Defaults
from unrolled.graph import Cost, StructureError, Tree, of_structure
from unrolled.graph.nulls import has_null
from unrolled.language import LanguageError, Recurrence, parse
from unrolled.settings import Settings

from .limits import check_cost, check_equations
from .problems import Fault, Found, ProblemError, equations_problem, escape_pointer
from .schemas import GeneratedInput, NextInput, RunRequest, TextInput, first_fault
from .weights import stored_parameters

if TYPE_CHECKING:
    from unrolled.engine import Run

WIDTHS = {"float32": 1, "float64": 2}
"""How much room a number takes, in units of float32."""


@dataclass(frozen=True)
class Plan:
    """A run that has been checked as far as it can be without torch."""

    request: RunRequest
    recurrence: Recurrence
    inputs: Mapping[str, Any]
    lengths: Mapping[str, int]
    seed: int
    boundary: Mapping[str, Any]
    forcing: float
    sliders: Mapping[str, float]
    parameters: Mapping[str, Any]
    clamp: Sequence[Mapping[str, Any]]
    settings: Settings


def plan(request: RunRequest, catalogue: Catalogue, settings: Settings) -> Plan:
    """What a request asks for, with the architecture's defaults filled in.

    Raises `ProblemError`: unknown architecture, equations that cannot be read, weights that do not fit.
    """
    architecture = find(request.architecture, catalogue)
    defaults = architecture.defaults if architecture else Defaults()
    alphabet = architecture.alphabet if architecture else ALPHABET
    equations = architecture.equations if architecture else request.equations or ""
    check_equations(equations, settings)
    recurrence = read(equations, {**defaults.sizes, **request.sizes})
    check_nulls(recurrence, request.inputs)
    given = {name: wire_input(value) for name, value in request.inputs.items()}
    inputs = {**defaults.inputs, **given}
    boundary = {name: positions(value) for name, value in request.boundary.items()}
    seed = request.parameters.seed
    return Plan(
        request=request,
        recurrence=recurrence,
        inputs={name: with_alphabet(value, alphabet) for name, value in inputs.items()},
        lengths={**({} if given else defaults.lengths), **request.lengths},
        seed=defaults.seed if seed is None else seed,
        boundary={**defaults.boundary_of(recurrence), **boundary},
        forcing=defaults.forcing if request.forcing is None else request.forcing,
        sliders={**defaults.settings, **request.settings},
        parameters={
            **defaults.parameters_of(recurrence),
            **stored_parameters(request, recurrence, settings),
            **request.parameters.values,
        },
        clamp=defaults.clamp if request.clamp is None else clamps_of(request),
        settings=settings,
    )


def check_nulls(recurrence: Recurrence, inputs: Mapping[str, Any]) -> None:
    """Only a random variable may be null at a step. Raises `ProblemError`."""
    for name, value in inputs.items():
        variable = recurrence.variables.get(name)
        fault = first_fault(value, []) if has_null(value) else None
        if fault is not None and (variable is None or variable.kind == "input"):
            pointer = f"/inputs/{name.replace('~', '~0').replace('/', '~1')}{fault[0]}"
            raise ProblemError("invalid-request", [Fault(fault[1], pointer)])


def clamps_of(request: RunRequest) -> list[dict[str, Any]]:
    return [one.model_dump(exclude_none=True) for one in request.clamp or ()]


def find(name: str | None, catalogue: Catalogue) -> Architecture | None:
    """The architecture of this id; None for no id. Raises `ProblemError` for an unknown one."""
    if name is None:
        return None
    architecture = catalogue.find(name)
    if architecture is None:
        raise ProblemError(
            "invalid-request", [unknown_architecture(name, catalogue, "/architecture")]
        )
    return architecture


def unknown_architecture(name: str, catalogue: Catalogue, pointer: str | None) -> Fault:
    """Says that the catalogue lacks this id, and which one is like it."""
    near = get_close_matches(name, list(catalogue.architectures), 1)
    nearest = f" ({near[0]}?)" if near else ""
    return Fault("unknown-architecture", pointer, arguments={"nearest": nearest})


def read(equations: str, sizes: Mapping[str, Any]) -> Recurrence:
    """Parse equations; what was read lately is not read again. Raises `ProblemError` with line and column."""
    known = tuple(
        sorted((name, tuple(one) if isinstance(one, list) else one) for name, one in sizes.items())
    )
    try:
        return _read(equations, known)
    except LanguageError as error:
        raise equations_problem(error) from None


@lru_cache(maxsize=256)
def _read(equations: str, sizes: tuple[tuple[str, Any], ...]) -> Recurrence:
    return parse(equations, sizes=dict(sizes))


def shapes(
    recurrence: Recurrence, structures: Mapping[str, Sequence[Sequence[int] | None]]
) -> dict[str, Tree]:
    """The trees that a request describes. Raises `ProblemError` at a node that does not fit."""
    found: dict[str, Tree] = {}
    for name, rows in structures.items():
        pointer = "/trees/" + escape_pointer(name)
        if name not in recurrence.domains or recurrence.domains[name].kind != "tree":
            raise ProblemError("invalid-request", [Fault("unknown-tree", pointer)])
        try:
            found[name] = of_structure(rows)
        except StructureError as error:
            fault = Fault("tree-structure", f"{pointer}/{error.node}" if rows else pointer)
            raise ProblemError("invalid-request", [fault]) from None
    return found


def wire_input(value: Any) -> Any:
    """An input of a request in the plain form that the engine takes."""
    if isinstance(value, TextInput | NextInput | GeneratedInput):
        return value.model_dump(exclude_none=True)
    return value


def with_alphabet(value: Any, alphabet: str) -> Any:
    """A text input that says nothing of its alphabet gets the architecture's.

    The usual alphabet is left to the engine, which knows those of other sizes too.
    """
    if alphabet == ALPHABET:
        return value
    if isinstance(value, Mapping) and "text" in value and "alphabet" not in value:
        return {**value, "alphabet": alphabet}
    return value


def positions(value: Any) -> Any:
    """Boundary values by position; a bare value is the one at 0."""
    return value if isinstance(value, Mapping) else {"0": value}


def begin(found: Plan, reserve: Callable[[int], None] = lambda _: None) -> Run:
    """Prepare a plan in the engine: cost checked, parameters drawn, inputs encoded, nothing computed.

    `reserve` is told the bytes that the run records before they are taken, and may raise.
    Runs torch: call it in a worker thread. Raises `ProblemError`.
    """
    from unrolled.engine import RunError, prepare

    request = found.request
    width = WIDTHS[request.dtype]

    def check(cost: Cost) -> None:
        check_cost(cost, width, found.settings)
        reserve(cost.bytes * width)

    try:
        return prepare(
            found.recurrence,
            lengths=found.lengths,
            inputs=found.inputs,
            parameters=found.parameters,
            seed=found.seed,
            settings=found.sliders,
            boundary=found.boundary,
            forcing=found.forcing,
            variables=request.variables,
            dtype=request.dtype,
            gradient=None if request.gradient is None else request.gradient.model_dump(),
            clamp=found.clamp,
            check=check,
        )
    except LanguageError as error:
        raise equations_problem(error) from None
    except RunError as error:
        raise run_problem(error) from None


def run_problem(error: Any) -> ProblemError:
    """What the engine found, each with its place in the request."""
    return ProblemError(
        "invalid-run", [Found(one, {"pointer": one.pointer}) for one in error.errors]
    )
