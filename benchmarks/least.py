"""What nobody can leave out of a recurrence: its matrix products and its functions, without anything around them.

A product outside of every scan is one product for all steps; inside, one a step, those of one operand together.
A clockwork's are counted for all units, also where a clock takes only some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import prod

import torch

from unrolled.engine.kernels import UNARY
from unrolled.graph import Component, Instruction, Program, schedule
from unrolled.language import Recurrence

Work = Callable[[], object]


def products_of(recurrence: Recurrence, lengths: Mapping[str, int], batch: int) -> Work:
    """All products of a parameter with something of the run, on random numbers."""
    return _all(_products(recurrence, lengths, batch))


def products_and_functions_of(
    recurrence: Recurrence, lengths: Mapping[str, int], batch: int
) -> Work:
    """All products, and every sigmoid, tanh, … inside scans."""
    return _all([*_products(recurrence, lengths, batch), *_functions(recurrence, lengths, batch)])


def _all(works: list[tuple[int, Work]]) -> Work:
    def work() -> None:
        with torch.inference_mode():
            for times, one in works:
                for _ in range(times):
                    one()

    return work


def _products(
    recurrence: Recurrence, lengths: Mapping[str, int], batch: int
) -> list[tuple[int, Work]]:
    order = schedule(recurrence)
    program = order.program
    found: list[tuple[int, Work]] = []
    for component, index in _maps(order.components, None):
        stacked = {product for stack in component.stacked for product in stack}
        alone = [(one,) for one in component.instructions if one not in stacked]
        for stack in (*component.stacked, *alone):
            products = [program.instructions[one] for one in stack]
            left, right = (
                (program.instructions[one.value] for one in products[0].operands)
                if products[0].function == "matmul"
                else (None, None)
            )
            if left is None or right is None or left.function != "parameter":
                continue
            rows, times = _sizes(program, products[0], lengths, batch, index)
            columns = sum(one.shape[0] if one.shape else 1 for one in products)
            row = torch.randn(rows, right.shape[0])
            out = torch.empty(rows, columns)
            matrix = torch.randn(right.shape[0], columns)
            found.append((times, partial(torch.mm, row, matrix, out=out)))
    return found


def _functions(
    recurrence: Recurrence, lengths: Mapping[str, int], batch: int
) -> Iterator[tuple[int, Work]]:
    order = schedule(recurrence)
    for component, index in _maps(order.components, None):
        for one in (order.program.instructions[each] for each in component.instructions):
            if index is not None and one.function in UNARY:
                rows, times = _sizes(order.program, one, lengths, batch, index)
                value = torch.randn(rows, *one.shape)
                yield times, partial(UNARY[one.function], value, out=torch.empty_like(value))


def _maps(
    components: tuple[Component, ...] | list[Component], index: str | None
) -> Iterator[tuple[Component, str | None]]:
    """The maps of a schedule, with the index of the scan that each stands in."""
    for one in components:
        if one.kind == "scan":
            yield from _maps(one.body, one.index)
        else:
            yield one, index


def _sizes(
    program: Program,
    instruction: Instruction,
    lengths: Mapping[str, int],
    batch: int,
    index: str | None,
) -> tuple[int, int]:
    """How many rows a call has, and how many calls there are."""
    domains = program.recurrence.index_domains
    rows = prod(lengths[domains[one]] for one in instruction.indices if one != index)
    return batch * rows, lengths[domains[index]] if index else 1
