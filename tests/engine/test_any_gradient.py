"""Two hundred recurrences at random: gradients with respect to everything, beside autograd over the interpreter."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from engine.interpreter import Here, Interpreter, Steps
from engine.parity import run_both
from engine.test_any_recurrence import checked
from graph.written import Written
from unrolled.language import Recurrence, Term, parse

pytestmark = pytest.mark.timeout(600)  # texts are drawn until every feature occurred

TOLERANCE = 1e-6


class Traced(Interpreter):
    """An interpreter whose values autograd follows, each of them by itself."""

    def at(self, name: str, steps: Steps) -> Tensor:
        value = super().at(name, steps)
        if not value.requires_grad:
            self._known[name, steps] = value = value.detach().clone().requires_grad_()
        return value

    def term(self, term: Term, here: Here) -> Tensor:
        value = super().term(term, here)
        if term.function != "normal":
            return value
        mean, deviation = (self.term(one, here) for one in term.operands)
        return mean + deviation * ((value - mean) / deviation).detach()


def worst(have: Tensor, want: Tensor) -> float:
    assert have.shape == want.shape
    return float((have - want).abs().max() / (1 + want.abs().max()))


def gradients_by_torch(plain: Traced, of: str, names: list[str]) -> dict[str, Tensor]:
    """The gradient of a scalar with respect to variables at all their steps, parameters, sliders, boundary values."""
    recurrence = plain.recurrence
    of_value = plain.value(of)
    leaves: dict[str, list[Tensor]] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names:
        base, _, place = name.partition("[")
        if base in recurrence.variables and not place:
            variable = recurrence.variables[base]
            lengths = [plain.lengths[domain] for domain in variable.domains]
            steps = list(product(*(range(1, length + 1) for length in lengths)))
            shapes[name] = (*lengths, *variable.shape)
            leaves[name] = [plain.at(base, one) for one in steps]
        elif place:
            length = plain.lengths[recurrence.variables[base].domains[0]]
            step = length + int(place[3:-1]) if place.startswith("end") else int(place[:-1])
            shapes[name] = recurrence.variables[base].shape
            leaves[name] = [plain.at(base, (step,))]
        else:
            leaf = plain.parameters[name] if name in plain.parameters else plain.settings[name]
            assert isinstance(leaf, Tensor)
            shapes[name], leaves[name] = tuple(leaf.shape), [leaf]
    flat = [leaf for group in leaves.values() for leaf in group]
    found = iter(torch.autograd.grad(of_value, flat, allow_unused=True))
    return {
        name: torch.stack(
            [torch.zeros_like(leaf) if (own := next(found)) is None else own for leaf in group]
        ).reshape(shapes[name])
        for name, group in leaves.items()
    }


def with_a_scalar(text: str, recurrence: Recurrence) -> str:
    """The text with one more line: a number to which every variable adds."""
    parts: list[str] = []
    for name, variable in recurrence.variables.items():
        if variable.kind == "equation":
            index = f"[{', '.join(variable.indices)}]" if variable.indices else ""
            part = (
                f"sum(log(1 + {name}{index} * {name}{index}))"
                if variable.shape
                else f"log(1 + {name}{index} ** 2)"
            )
            for one in variable.indices:
                part = f"sum({part}, {one})"
            parts.append(part)
    return f"{text}\nq_0 = {' + '.join(parts)}"


def check_gradients(written: Written, recurrence: Recurrence) -> None:
    recurrence = parse(with_a_scalar(written.text, recurrence))
    run, plain = run_both(
        recurrence,
        written.lengths,
        forcing=written.forcing,
        clamp=written.clamp,
        brackets=written.brackets,
        plainly=Traced,
    )
    assert isinstance(plain, Traced)
    plain.parameters = {
        name: one.clone().requires_grad_() for name, one in plain.parameters.items()
    }
    plain.settings = {
        name: torch.tensor(one.value, dtype=torch.float64, requires_grad=True)
        for name, one in recurrence.settings.items()
    }
    found = run.gradients("q_0").complete()
    wanted = gradients_by_torch(plain, "q_0", list(found))
    wrong: dict[str, float] = {}
    for name, want in wanted.items():
        have = found[name]
        if name in recurrence.variables:
            have = have.select(len(recurrence.variables[name].domains), 0)
        elif "[" in name:
            have = have[0]
        if not worst(have, want) <= TOLERANCE:
            wrong[name] = worst(have, want)
    assert not wrong
    assert {*recurrence.variables, *recurrence.parameters, *recurrence.settings} <= set(found)


def test_two_hundred_recurrences_have_the_gradients_of_autograd() -> None:
    checked(check_gradients, random=False, size=3)


def test_two_hundred_random_recurrences_have_the_gradients_of_autograd() -> None:
    checked(check_gradients, random=True, size=2, count=60)
