"""The operations inside equations, at every step: what stands in an opened node.

Computed after a run from the recorded variables, term by term, without any of the run's shortcuts. It is
thereby also a second, plain way to compute every equation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.engine.kernels import call
from unrolled.engine.maps import swept_ranks
from unrolled.engine.values import Values, aligned, is_unit_by_unit
from unrolled.graph import Operand, operations
from unrolled.graph.program import NOISE
from unrolled.language import Term


@dataclass(frozen=True, slots=True)
class _Value:
    """A tensor with the labels of its leading dimensions; `is_static` means no batch either."""

    tensor: Tensor
    labels: tuple[str, ...]
    is_static: bool

    def with_batch(self) -> _Value:
        return _Value(self.tensor.unsqueeze(0), (), False) if self.is_static else self


def operation_values(values: Values, wanted: Sequence[str], forcing: float) -> dict[str, Tensor]:
    """Operations by id, as (steps of their domains…, batch, shape).

    An operation that the run's forcing never used (a sample that was not drawn) is left out.
    """
    names = set(wanted)
    found: dict[str, Tensor] = {}
    evaluator = _Evaluator(values, forcing)
    recurrence = values.program.recurrence
    for equation in recurrence.equations:
        for identity, term in operations(recurrence, equation):
            if identity not in names:
                continue
            if term is equation.term:
                found[identity] = values.own(values.program.variables[equation.variable], {})
                continue
            value = evaluator.value(term)
            if value is not None:
                sizes = [values.length(index) for index in term.indices]
                rank = len(term.shape)
                tensor = aligned(
                    value.tensor, value.labels, term.indices, rank, rank, value.is_static
                )
                found[identity] = tensor.expand(*sizes, values.batch, *term.shape)
    return found


class _Evaluator:
    def __init__(self, values: Values, forcing: float) -> None:
        self._values = values
        self._forcing = forcing
        self._noise = {
            one.name: one for one in values.program.instructions.values() if one.function == "noise"
        }

    def value(self, term: Term) -> _Value | None:
        """A term, or None where it was not computed."""
        values = self._values
        if term.function == "number":
            return _Value(torch.tensor(term.value, dtype=values.dtype), (), True)
        if term.index is not None:
            steps = torch.arange(1, values.length(term.index) + 1, dtype=values.dtype)
            return _Value(steps.unsqueeze(-1), (term.index,), False)
        if term.reference is not None:
            return self._reference(term)
        if term.function == "leaf":
            index = term.operands[0].index or ""
            tree = values.trees[values.program.recurrence.index_domains[index]]
            nodes = torch.arange(1, tree.nodes + 1)
            return _Value((nodes <= tree.leaves).to(values.dtype).unsqueeze(-1), (index,), False)
        if term.function == "force" and self._forcing in (0.0, 1.0):
            return self.value(term.operands[0 if self._forcing == 1.0 else 1])
        operands = [self.value(operand) for operand in term.operands]
        known = [operand for operand in operands if operand is not None]
        if len(known) != len(operands):
            return None
        ranks = [len(operand.shape) for operand in term.operands]
        if term.function in NOISE:
            noise = self._noise.get(values.program.noise[term.span])
            if noise is None:
                return None
            known.append(_Value(values.tensors[noise.identity], noise.indices, False))
            ranks.append(len(noise.shape))
        return self._apply(term, known, ranks)

    def _apply(self, term: Term, operands: list[_Value], ranks: list[int]) -> _Value:
        labels = {label for operand in operands for label in operand.labels}
        wanted = self._values.program.order(labels)
        widen_to = len(term.shape) if is_unit_by_unit(term.function) else 0
        if term.over:
            wanted = self._values.program.order(labels | set(term.over))
            operands = [operand.with_batch() for operand in operands]
        tensors = [
            aligned(
                operand.tensor, operand.labels, wanted, rank, max(widen_to, rank), operand.is_static
            )
            for operand, rank in zip(operands, ranks, strict=True)
        ]
        told = swept_ranks(self._values, tuple(ranks), term.over, wanted)
        result = call(term.function, tensors, told, self._forcing)
        left = (
            wanted
            if term.function == "softmax"
            else tuple(label for label in wanted if label not in term.over)
        )
        return _Value(result, left, all(operand.is_static for operand in operands))

    def _reference(self, term: Term) -> _Value | None:
        values, reference = self._values, term.reference
        assert reference is not None
        identity = values.program.variables.get(reference.name)
        if identity is not None:
            tensor, labels = values.view(Operand(identity, reference.positions), {})
            return _Value(tensor, labels, False)
        leaves = (
            one
            for one in values.program.instructions.values()
            if one.name == reference.name and one.is_shared
        )
        leaf = next(leaves, None)
        return None if leaf is None else _Value(values.tensors[leaf.identity], (), True)
