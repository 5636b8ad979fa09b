"""A generated module beside our run of the same text: the same parameters, inputs and draws."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.engine import Run
from unrolled.graph import operations
from unrolled.language import Recurrence
from unrolled.source import module_source

RANDOM = ("sample", "bernoulli", "normal", "force")


def random_operations(recurrence: Recurrence) -> list[tuple[str, int, str, str | None]]:
    """What is drawn, as operations of a run: function, rank, its own id, and the id of its first argument."""
    found: list[tuple[str, int, str, str | None]] = []
    for equation in recurrence.equations:
        known = operations(recurrence, equation)
        identities = {id(term): identity for identity, term in known}
        for identity, term in known:
            if term.function in RANDOM:
                argument = identities.get(id(term.operands[0]))
                found.append((term.function, len(term.shape), identity, argument))
    return found


def load_module(
    recurrence: Recurrence, dtype: torch.dtype = torch.float64
) -> tuple[nn.Module, dict[str, Any]]:
    """The class of a generated source, made with its defaults, and the names of its file."""
    names: dict[str, Any] = {"__name__": "generated"}
    exec(compile(module_source(recurrence, name="Generated"), "generated.py", "exec"), names)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        return names["Generated"](), names
    finally:
        torch.set_default_dtype(before)


def run_module(
    run: Run,
    recurrence: Recurrence,
    *,
    settings: Mapping[str, float],
    forcing: float,
    dtype: torch.dtype,
    keywords: Mapping[str, Any] | None = None,
    caps: Mapping[str, int] | None = None,
) -> tuple[nn.Module, dict[str, Tensor]]:
    """The module's values on a computed run's inputs, parameters, boundary values and draws."""
    module, names = load_module(recurrence, dtype)
    module.load_state_dict({**module.state_dict(), **run.parameters})
    known = run.values
    for function in RANDOM:
        is_drawn = function != "force" or 0 < forcing < 1
        if function in names and is_drawn:
            names[function] = _drawn(function, known, recurrence, names[function])
    takes = inspect.signature(module.forward).parameters
    inputs = [one for one in recurrence.variables.values() if one.kind == "input"]
    given: dict[str, Any] = {**settings, **(keywords or {})}
    for name, length in {**run.lengths, **(caps or {})}.items():
        if name in takes:
            given[name] = length
    if "forcing" in takes:
        given["forcing"] = forcing
    arguments = [known[one.name].clone() for one in inputs]
    for name, tree in run.trees.items():
        given[name] = [pair for pair in tree.children if pair is not None]
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        return module, module(*arguments, **given)
    finally:
        torch.set_default_dtype(before)


def _drawn(
    function: str,
    known: Mapping[str, Tensor],
    recurrence: Recurrence,
    otherwise: Callable[..., Tensor],
) -> Callable[..., Tensor]:
    """What the run drew for the same argument; what was never drawn there is drawn here."""
    rows: list[tuple[Tensor, Tensor]] = []
    for one, rank, identity, argument in random_operations(recurrence):
        if one != function or not argument or identity not in known or argument not in known:
            continue
        values, arguments = known[identity], known[argument]
        steps = values.dim() - rank - 1
        own = arguments.shape[arguments.dim() - rank :] if arguments.dim() > rank else ()
        told = arguments.expand(*values.shape[: steps + 1], *own)
        flat = values.reshape(-1, *values.shape[steps:])
        rows += zip(told.reshape(-1, *told.shape[steps:]), flat, strict=True)

    def draw(p: Tensor, *rest: Any) -> Tensor:
        for place, (argument, value) in enumerate(rows):
            if argument.shape == p.shape and torch.allclose(
                argument, p.detach(), rtol=0, atol=1e-6
            ):
                del rows[place]
                if function == "force":
                    return torch.where(value == p, p, rest[0])
                return value.clone()
        return otherwise(p, *rest)

    return draw
