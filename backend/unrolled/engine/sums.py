"""Sums of products, `A x + B y + …`, as one product: where x, y, … lie side by side, so do the matrices."""

from __future__ import annotations

from collections.abc import Mapping

from unrolled.engine.values import is_static
from unrolled.graph import Component, Instruction, Program


def summed_together(
    program: Program, scan: Component, readers: Mapping[int, list[int]]
) -> list[list[int]]:
    """Variables whose products with matrices are added up at each step of a scan: they should lie side by side."""
    found: list[list[int]] = []
    for identity in scan.all_instructions():
        total = program.instructions[identity]
        if total.function == "total":
            found += [
                [program.instructions[product].operands[1].value for product in group]
                for group in product_groups(program, total, scan.index or "", readers)
            ]
    return found


def product_groups(
    program: Program, total: Instruction, index: str, readers: Mapping[int, list[int]]
) -> list[list[int]]:
    """Products among the summands, of different variables read at one distance, that only this sum reads."""
    groups: dict[object, list[int]] = {}
    for operand, sign in zip(total.operands, total.signs, strict=True):
        product = program.instructions[operand.value]
        if (
            sign > 0
            and not operand.positions
            and _is_product(program, product, total, index, readers)
        ):
            groups.setdefault(product.operands[1].positions, []).append(product.identity)
    return [group for group in groups.values() if len(group) > 1]


def _is_product(
    program: Program,
    product: Instruction,
    total: Instruction,
    index: str,
    readers: Mapping[int, list[int]],
) -> bool:
    if product.function != "matmul" or product.variable or len(readers[product.identity]) != 1:
        return False
    matrix, vector = (program.instructions[one.value] for one in product.operands)
    return (
        product.indices == total.indices == vector.indices == (index,)
        and product.shape == total.shape
        and is_static(matrix)
        and len(matrix.shape) == 2
        and len(vector.shape) == 1
        and vector.variable is not None
        and not vector.is_shared
        and all(
            one.anchor == "shift" and one.index == index for one in product.operands[1].positions
        )
    )


def side_by_side(groups: list[list[int]]) -> list[list[int]]:
    """The groups that can be: no variable lies in two places."""
    taken: set[int] = set()
    kept: list[list[int]] = []
    for group in groups:
        if len(set(group)) == len(group) and taken.isdisjoint(group):
            kept.append(group)
            taken.update(group)
    return kept
