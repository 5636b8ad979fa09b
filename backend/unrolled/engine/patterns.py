"""Products and complements inside a scan that need no call of their own: what reads them computes them on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrolled.engine.values import is_static
from unrolled.graph import Instruction, Operand, Program


@dataclass(frozen=True, slots=True)
class Patterns:
    """The instructions of a scan over `index`, with who reads them."""

    program: Program
    index: str
    inside: frozenset[int]
    readers: Mapping[int, list[int]]

    def labels(self, instruction: Instruction) -> tuple[str, ...]:
        """The indices of an instruction besides the scan's."""
        return tuple(label for label in instruction.indices if label != self.index)

    def only_reader(self, instruction: Instruction) -> Instruction | None:
        """What alone reads a result without a name, inside the scan."""
        readers = self.readers.get(instruction.identity, ())
        if instruction.variable is not None or len(readers) != 1 or readers[0] not in self.inside:
            return None
        return self.program.instructions[readers[0]]

    def is_absorbed(self, identity: int) -> bool:
        """A product that its only reader, a sum inside the scan, computes on the way."""
        instruction = self.program.instructions[identity]
        total = self.only_reader(instruction)
        if (
            total is None
            or total.function != "total"
            or total.indices != instruction.indices
            or total.shape != instruction.shape
        ):
            return False
        if instruction.function == "matmul":
            return self.is_plain_product(instruction)
        return instruction.function == "multiply" and self._is_full_product(instruction)

    def is_plain_product(self, instruction: Instruction) -> bool:
        """A matrix of the run times a vector."""
        left, right = (self.program.instructions[operand.value] for operand in instruction.operands)
        return (
            is_static(left)
            and len(left.shape) == 2
            and len(right.shape) == 1
            and not self.labels(instruction)
            and not right.is_shared
        )

    def _is_full_product(self, instruction: Instruction) -> bool:
        """A factor has the full layout of the result, so that `addcmul` may run in place."""
        factors = [self.program.instructions[operand.value] for operand in instruction.operands]
        return not self.labels(instruction) and any(
            one.shape == instruction.shape and not one.is_shared for one in factors
        )

    def is_interpolated(self, instruction: Instruction) -> bool:
        """1 - u that only an interpolation reads is not computed at all."""
        if instruction.signs != (1, -1):
            return False
        reader = self.only_reader(instruction)
        if reader is None or not self.is_absorbed(reader.identity):
            return False
        total = self.program.instructions[self.readers[reader.identity][0]]
        products = [self.program.instructions[operand.value] for operand in total.operands]
        if (
            len(products) != 2
            or total.signs != (1, 1)
            or any(operand.positions for operand in total.operands)
        ):
            return False
        return any(
            self.is_complement(Operand(instruction.identity), weight)
            for product in products
            if product.identity != reader.identity
            and product.function == "multiply"
            and product.identity in self.inside
            and self.is_absorbed(product.identity)
            for weight in product.operands
        )

    def is_complement(self, operand: Operand, weight: Operand) -> bool:
        """Whether an operand is 1 - weight; numbers may be written out, as 0.9 and 0.1 are."""
        total = self.program.instructions[operand.value]
        other = self.program.instructions[weight.value]
        if total.function == other.function == "number":
            one, rest = other.number or 0, total.number or 0
            return 0 < one < 1 and one + rest == 1
        if operand.positions or total.function != "total" or total.signs != (1, -1):
            return False
        one = self.program.instructions[total.operands[0].value]
        return one.function == "number" and one.number == 1 and total.operands[1] == weight
