"""Parameters: given values checked against their shapes, the rest drawn from a seed.

A name's numbers depend on the seed and the name alone, so that editing one equation leaves the
weights of the others as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unrolled.engine.data import stable_seed
from unrolled.engine.problems import escape, refuse
from unrolled.language import Parameter, Recurrence, Shape


def read_array(pointer: str, name: str, form: Any, shape: Shape, dtype: torch.dtype) -> Tensor:
    """Numbers of a given shape, as a tensor. Raises `RunError` at the pointer."""
    want = "×".join(map(str, shape)) or "()"
    if isinstance(form, Tensor):
        array = form.detach().to(torch.float64).numpy()
    else:
        try:
            array = np.asarray(form, dtype=np.float64)
        except (ValueError, TypeError, OverflowError):
            raise refuse(pointer, "parameter-form", name=name, want=want) from None
    if array.shape != shape:
        raise refuse(
            pointer,
            "parameter-shape",
            name=name,
            want=want,
            have="×".join(map(str, array.shape)) or "()",
        )
    if not np.isfinite(array).all():
        raise refuse(pointer, "parameter-finite", name=name)
    return torch.from_numpy(np.ascontiguousarray(array)).reshape(shape).to(dtype)


def make_parameters(
    recurrence: Recurrence, given: Mapping[str, Any], seed: int, dtype: torch.dtype
) -> dict[str, Tensor]:
    """All parameters of a recurrence. Raises `RunError` for wrong shapes."""
    biases = _biases(recurrence)
    made: dict[str, Tensor] = {}
    for name, parameter in recurrence.parameters.items():
        if name in given:
            made[name] = read_array(
                f"/parameters/values/{escape(name)}", name, given[name], parameter.shape, dtype
            )
        else:
            made[name] = initial(parameter, seed, name in biases).to(dtype)
    return made


def initial(parameter: Parameter, seed: int, is_bias: bool) -> Tensor:
    """The start of a parameter, float64.

    A constant where the text says so; zero for a bias; 1 for a scalar; else normal with standard
    deviation 1/√(fan-in). `spectral_radius` rescales, `density` keeps that share of the entries.
    """
    start = parameter.initial
    if start.constant is not None:
        return torch.full(parameter.shape, start.constant, dtype=torch.float64)
    is_plain = start.spectral_radius is None and start.density is None
    if is_plain and not parameter.shape:
        return torch.ones((), dtype=torch.float64)
    if is_plain and is_bias:
        return torch.zeros(parameter.shape, dtype=torch.float64)
    generator = torch.Generator().manual_seed(stable_seed(seed, parameter.name))
    fan_in = prod(parameter.shape[1:]) if len(parameter.shape) > 1 else prod(parameter.shape)
    values = (
        torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        / max(fan_in, 1) ** 0.5
    )
    if start.density is not None:
        values = values * (
            torch.rand(parameter.shape, generator=generator, dtype=torch.float64) < start.density
        )
    if (
        start.spectral_radius is not None
        and len(parameter.shape) == 2
        and parameter.shape[0] == parameter.shape[1]
    ):
        radius = torch.linalg.eigvals(values).abs().max()
        if radius > 0:
            values = values * (start.spectral_radius / radius)
    return values


def _biases(recurrence: Recurrence) -> set[str]:
    """Parameters that only ever stand as a summand."""
    summands: set[str] = set()
    others: set[str] = set()
    for equation in (*recurrence.equations, *recurrence.boundaries):
        if equation.term.reference is not None:
            summands.add(equation.term.reference.name)
        for term in equation.term.walk():
            for operand in term.operands:
                if operand.reference is not None:
                    (summands if term.function in ("add", "subtract") else others).add(
                        operand.reference.name
                    )
    return summands - others
