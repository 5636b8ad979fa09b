"""What a scan sweeps at a step (a source, a memory), as torch calls into place: weights, their sums, scores.

Attention is a softmax over a domain, a sum over it of scalars times vectors, and scores v @ …: one call each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from unrolled.engine.maps import leading_labels, swept_ranks
from unrolled.engine.patterns import Patterns
from unrolled.engine.registers import Registers, changed
from unrolled.engine.tape import Call
from unrolled.engine.values import Values, is_static
from unrolled.graph import Instruction


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The instructions of a scan that have a call into place of their own."""

    values: Values
    patterns: Patterns
    registers: Registers

    def weighted(self) -> dict[int, int]:
        """Products of a scalar and a vector that only a sum over one index reads, with that sum."""
        found: dict[int, int] = {}
        for identity in self.patterns.inside:
            product = self.patterns.program.instructions[identity]
            total = self.patterns.only_reader(product)
            if total is not None and self._is_weighted(product, total):
                found[identity] = total.identity
        return found

    def _is_weighted(self, product: Instruction, total: Instruction) -> bool:
        factors = [self.patterns.program.instructions[one.value] for one in product.operands]
        return (
            (product.function, total.function) == ("multiply", "sum")
            and len(total.over) == 1
            and self.patterns.labels(product) == total.over
            and not self.patterns.labels(total)
            and not self.registers.is_kept(product)
            and sorted(len(one.shape) for one in factors) == [0, 1]
            and not any(map(is_static, factors))
        )

    def weighted_sum(self, product: Instruction, total: Instruction) -> Call:
        """Σ_s a[s] z[s] as a product of a row of weights and a matrix, one for each sequence of the batch."""
        program, batch = self.patterns.program, self.values.batch
        steps = self.values.length(total.over[0])
        units = total.shape[0]
        weights, vectors = sorted(
            product.operands, key=lambda one: len(program.instructions[one.value].shape)
        )
        row = changed(
            self.registers.argument(weights, product),
            lambda view: view.squeeze(-1).expand(steps, batch).mT,
        )
        matrix = changed(
            self.registers.argument(vectors, product),
            lambda view: view.expand(steps, batch, units).transpose(0, 1),
        )
        out = self.registers.out(total)
        if batch == 1:
            return Call(torch.mm, (row, changed(matrix, lambda view: view[0])), out)
        return Call(
            torch.bmm,
            (changed(row, _as_row), matrix),
            changed(out, partial(torch.unsqueeze, dim=1)),
        )

    def call(self, instruction: Instruction) -> Call | None:
        """A call into place for a softmax, a sum, a mean or a score v @ x[s]; None for all else."""
        if instruction.function == "matmul":
            return self._score(instruction)
        if instruction.function not in ("softmax", "sum", "mean"):
            return None
        (operand,) = instruction.operands
        own = self.patterns.program.instructions[operand.value]
        wanted = leading_labels(self.patterns.program, instruction)
        rest = tuple(label for label in wanted if label != self.patterns.index)
        ranks = swept_ranks(self.values, (len(own.shape),), instruction.over, rest)
        lengths = dict(zip(ranks.over, ranks.lengths, strict=True))

        def swept(view: Tensor) -> Tensor:
            return view.expand([lengths.get(place, n) for place, n in enumerate(view.shape)])

        source = changed(self.registers.argument(operand, instruction), swept)
        units = tuple(range(-len(own.shape), 0))
        if instruction.function == "softmax":
            function = partial(torch.softmax, dim=ranks.over[0] if ranks.over else -1)
            return self._into(function, (source,), instruction)
        if not (ranks.over or units):
            return None
        function = torch.sum if instruction.function == "sum" else torch.mean
        return self._into(partial(function, dim=ranks.over or units), (source,), instruction)

    def _into(
        self, function: Callable[..., Any], arguments: Sequence[Any], instruction: Instruction
    ) -> Call:
        return Call(function, tuple(arguments), self.registers.out(instruction))

    def _score(self, instruction: Instruction) -> Call | None:
        program = self.patterns.program
        left, right = (program.instructions[one.value] for one in instruction.operands)
        labels = self.patterns.labels(instruction)
        is_score = (
            is_static(left)
            and len(left.shape) == len(right.shape) == 1
            and right.identity in self.patterns.inside
            and self.patterns.labels(right) == labels
            and not instruction.operands[1].positions
        )
        if not is_score or not (self._is_solid(instruction) and self._is_solid(right)):
            return None
        units = right.shape[0]
        rows = self.registers.argument(instruction.operands[1], instruction)
        return Call(
            torch.mv,
            (
                changed(rows, lambda view: view.view(-1, units)),
                self.registers.argument(instruction.operands[0], instruction),
            ),
            changed(self.registers.out(instruction), lambda view: view.view(-1)),
        )

    def _is_solid(self, instruction: Instruction) -> bool:
        """Whether each step of a result lies in one piece."""
        if not self.registers.is_kept(instruction):
            return True
        pads = self.values.pads[instruction.identity]
        return (
            instruction.indices[0] == self.patterns.index
            and self.values.tensors[instruction.identity].is_contiguous()
            and not any(pad.before or pad.after for pad in pads[1:])
        )


def _as_row(weights: Tensor) -> Tensor:
    """Weights (batch, steps) as matrices of one row; strides that the library takes without a copy (a tenth)."""
    batch, steps = weights.shape
    return weights.as_strided(
        (batch, 1, steps),
        (weights.stride(0), 1, weights.stride(1)),
        weights.storage_offset(),
    )
