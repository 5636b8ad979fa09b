"""The engine beside the plain interpreter, on one run with random numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.interpreter import Here, Interpreter, Steps
from unrolled.engine import Run, prepare
from unrolled.graph import operations
from unrolled.graph.nested import tree_inputs
from unrolled.graph.trees import leaf_inputs
from unrolled.language import Recurrence, Term

TOLERANCE = 1e-9
RANDOM = ("sample", "bernoulli", "normal")


def random_inputs(
    recurrence: Recurrence, lengths: Mapping[str, int], seed: int = 0
) -> dict[str, Tensor]:
    """Every input as (steps…, shape): classes for one-hot inputs, else normal numbers."""
    generator = torch.Generator().manual_seed(seed)
    made: dict[str, Tensor] = {}
    for name, variable in recurrence.variables.items():
        if variable.kind != "input":
            continue
        steps = [lengths[domain] for domain in variable.domains]
        if variable.one_hot:
            classes = torch.randint(variable.shape[0], steps, generator=generator)
            made[name] = torch.nn.functional.one_hot(classes, variable.shape[0]).double()
        else:
            made[name] = torch.randn(*steps, *variable.shape, generator=generator).double()
    return made


def random_parameters(recurrence: Recurrence, seed: int = 0) -> dict[str, Tensor]:
    """Every parameter, biases and scalars too, so that no zero or one hides a mistake."""
    generator = torch.Generator().manual_seed(seed + 1)
    return {
        name: 0.7 * torch.randn(parameter.shape, generator=generator).double()
        for name, parameter in recurrence.parameters.items()
    }


def random_terms(recurrence: Recurrence) -> dict[int, tuple[str, tuple[str, ...]]]:
    """`id` of every term that draws: the name of the operation, and the indices of its values."""
    return {
        id(term): (identity, equation.indices if term is equation.term else term.indices)
        for equation in recurrence.equations
        for identity, term in operations(recurrence, equation)
        if term.function in RANDOM
    }


def run_both(
    recurrence: Recurrence,
    lengths: Mapping[str, int],
    *,
    forcing: int = 1,
    boundary: Mapping[tuple[str, Steps], Tensor] | None = None,
    seed: int = 0,
    chunks: Sequence[int] | None = None,
    brackets: Any = None,
    clamp: Sequence[Mapping[str, Any]] = (),
    plainly: type[Interpreter] = Interpreter,
) -> tuple[Run, Interpreter]:
    """The same run twice: computed by the engine, and ready to be asked of the interpreter.

    `lengths` of a tree are leaves; `brackets` is its shape, pairs of pairs of anything, where it is not balanced.
    """
    kinds = {name: domain.kind for name, domain in recurrence.domains.items()}
    asked = dict(lengths)
    lengths = {name: 2 * n - 1 if kinds[name] == "tree" else n for name, n in lengths.items()}
    inputs = random_inputs(recurrence, lengths, seed)
    handed: dict[str, Any] = dict(inputs)
    words = leaf_inputs(recurrence) & tree_inputs(recurrence).keys()
    for name in words if brackets is not None else ():
        leaves = iter(inputs[name])
        handed[name] = _filled(brackets, leaves)
        inputs[name] = torch.cat(
            [inputs[name][: (n := (len(inputs[name]) + 1) // 2)], 0 * inputs[name][n:]]
        )
    parameters = random_parameters(recurrence, seed)
    drawn = random_terms(recurrence)
    given: dict[str, dict[str, Tensor]] = {}
    for (name, (step,)), value in (boundary or {}).items():
        length = lengths[recurrence.variables[name].domains[0]]
        place = str(step) if step <= 0 else f"end+{step - length}"
        given.setdefault(name, {})[place] = value
    run = prepare(
        recurrence,
        lengths=asked,
        inputs=handed,
        parameters=parameters,
        boundary=given,
        forcing=float(forcing),
        variables=[*recurrence.variables, *(name for name, _ in drawn.values())],
        dtype="float64",
        seed=seed,
        clamp=clamp,
    )
    for _ in run.chunks(chunks):
        pass
    values = run.values

    def draw(term: Term, here: Here) -> Tensor:
        name, indices = drawn[id(term)]
        value = values[name]
        for index in indices:
            value = value[here[index] - 1]
        return value[0].clone()  # no longer a tensor of inference mode

    plain = plainly(
        recurrence,
        lengths,
        inputs,
        parameters,
        boundary=boundary or {},
        forcing=forcing,
        draw=draw,
        trees={name: tree.children for name, tree in run.trees.items()},
        clamp=clamp,
    )
    return run, plain


def _filled(brackets: Any, leaves: Iterator[Tensor]) -> Any:
    """Brackets with a leaf's numbers in the place of each of their leaves."""
    if isinstance(brackets, list):
        left = _filled(brackets[0], leaves)
        return [left, _filled(brackets[1], leaves)]
    return next(leaves).numpy()


def differences(run: Run, plain: Interpreter) -> dict[str, float]:
    """The largest difference of every variable that an equation defines."""
    found: dict[str, float] = {}
    for name, variable in run.recurrence.variables.items():
        domains = len(variable.domains)
        have = run.values[name].select(domains, 0)
        want = plain.value(name)
        assert have.shape == want.shape, name
        worst = (have - want).abs().max() / (1 + want.abs().max())
        found[name] = float(worst)
    return found


def assert_parity(run: Run, plain: Interpreter) -> None:
    """Every variable at every step is what the interpreter says."""
    wrong = {name: one for name, one in differences(run, plain).items() if not one <= TOLERANCE}
    assert not wrong
