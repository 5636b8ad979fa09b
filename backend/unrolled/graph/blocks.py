"""The building blocks of an adjoint program: its instructions, made once each, and values of the forward pass.

What the forward pass recorded is a leaf (`recorded`); what stood between is computed again from that, all steps
at once, and only where something asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from unrolled.graph.program import Operand, Program
from unrolled.language import Position, Shape

FIXED = ("start", "end", "root")


@dataclass
class Blocks:
    """A program that is being made. `recorded`: leaf to the variable whose values it stands for."""

    primal: Program
    program: Program
    lengths: Mapping[str, int]
    recorded: dict[int, str] = field(default_factory=dict[int, str])
    _values: dict[int, int] = field(default_factory=dict[int, int])
    _known: dict[tuple[object, ...], int] = field(default_factory=dict[tuple[object, ...], int])

    # the forward pass

    def variable_name(self, identity: int) -> str | None:
        """The variable or input that an instruction of the forward pass defines."""
        instruction = self.primal.instructions[identity]
        return instruction.variable or (
            instruction.name if instruction.function == "input" else None
        )

    def boundaries_of(self, identity: int) -> list[int]:
        """The equations of the boundary values of a variable."""
        name = self.variable_name(identity)
        return [one for one in self.primal.boundaries if self.primal.instructions[one].name == name]

    def length(self, index: str) -> int:
        return self.lengths[self.primal.recurrence.index_domains[index]]

    def count(self, over: Sequence[str]) -> int:
        """How many steps a sweep has."""
        count = 1
        for index in over:
            count *= self.length(index)
        return count

    def value(self, identity: int) -> Operand:
        """A value of the forward pass inside the adjoint program."""
        if identity not in self._values:
            instruction = self.primal.instructions[identity]
            name = self.variable_name(identity)
            if name is not None and instruction.boundary is None:
                made = self.program.new(
                    function="recorded", operands=(), shape=instruction.shape, indices=instruction.indices,
                    text=instruction.text, name=name,
                )  # fmt: skip
                self.recorded[made.identity] = name
            else:
                made = self.program.new(
                    function=instruction.function, operands=tuple(map(self.argument, instruction.operands)),
                    shape=instruction.shape, indices=instruction.indices, text=instruction.text, over=instruction.over,
                    signs=instruction.signs, number=instruction.number, name=instruction.name,
                    is_shared=instruction.is_shared,
                )  # fmt: skip
            self._values[identity] = made.identity
        return Operand(self._values[identity])

    def argument(self, operand: Operand) -> Operand:
        """An operand of the forward pass, with its positions."""
        return Operand(self.value(operand.value).value, operand.positions)

    # instructions

    def shape(self, operand: Operand) -> Shape:
        return self.program.instructions[operand.value].shape

    def indices(self, operand: Operand) -> tuple[str, ...]:
        """The running indices under which an operand is read."""
        if operand.positions:
            return self.running(operand.positions)
        return self.program.instructions[operand.value].indices

    def running(self, positions: Sequence[Position]) -> tuple[str, ...]:
        return self.program.order({one.index for one in positions if one.anchor not in FIXED})

    def labels(self, operand: Operand) -> tuple[str, ...]:
        """The running indices under which the forward pass reads one of its operands."""
        if operand.positions:
            return self.running(operand.positions)
        return self.primal.instructions[operand.value].indices

    def spread(self, *operands: Operand) -> tuple[str, ...]:
        """The running indices of several operands together."""
        return self.program.order({index for one in operands for index in self.indices(one)})

    def emit(
        self, function: str, operands: Sequence[Operand], shape: Shape, indices: tuple[str, ...],
        over: tuple[str, ...] = (), signs: tuple[int, ...] = (),
    ) -> Operand:  # fmt: skip
        """An instruction; the same one where it has been made already."""
        key = (function, tuple(operands), shape, indices, over, signs)
        if key not in self._known:
            shared = all(
                self.program.instructions[one.value].is_shared and not one.positions
                for one in operands
            )
            self._known[key] = self.program.new(
                function=function, operands=tuple(operands), shape=shape, indices=indices, text="", over=over,
                signs=signs, is_shared=shared,
            ).identity  # fmt: skip
        return Operand(self._known[key])

    def total_over(
        self, function: str, operands: Sequence[Operand], shape: Shape, over: tuple[str, ...]
    ) -> Operand:
        """A sum over steps and the batch: the same for every sequence."""
        made = self.program.new(
            function=function, operands=tuple(operands), shape=shape, indices=(), text="", over=over, is_shared=True
        )  # fmt: skip
        return Operand(made.identity)

    def number(self, value: float) -> Operand:
        return self._leaf("number", (), number=value, text=f"{value:g}")

    def index(self, index: str) -> Operand:
        """The number of the running step."""
        return self._leaf("index", (index,), name=index, text=index)

    def _leaf(self, function: str, indices: tuple[str, ...], **values: object) -> Operand:
        key = (function, indices, *values.items())
        if key not in self._known:
            self._known[key] = self.program.new(
                function=function, operands=(), shape=(), indices=indices, is_shared=True, **values
            ).identity
        return Operand(self._known[key])

    def named(
        self, name: str, operands: Sequence[Operand], shape: Shape, indices: tuple[str, ...]
    ) -> int:
        """A sum that holds all its steps, under a name."""
        made = self.program.new(
            function="total", operands=tuple(operands), signs=(1,) * len(operands), shape=shape, indices=indices,
            text="", variable=name,
        )  # fmt: skip
        self.program.variables[name] = made.identity
        return made.identity

    def times(self, *factors: Operand) -> Operand:
        result = factors[0]
        for factor in factors[1:]:
            shape = max(self.shape(result), self.shape(factor), key=len)
            result = self.emit("multiply", (result, factor), shape, self.spread(result, factor))
        return result

    def sum_of(self, operands: Sequence[Operand], signs: Sequence[int] | None = None) -> Operand:
        signs = signs or (1,) * len(operands)
        if len(operands) == 1 and signs[0] > 0:
            return operands[0]
        shape = max((self.shape(one) for one in operands), key=len)
        return self.emit("total", operands, shape, self.spread(*operands), signs=tuple(signs))

    def fitted(self, sent: Operand, shape: Shape, labels: tuple[str, ...]) -> Operand:
        """Summed over the units and the indices that the receiver does not have."""
        extra = tuple(index for index in self.indices(sent) if index not in labels)
        if extra:
            left = tuple(index for index in self.indices(sent) if index not in extra)
            sent = self.emit("sum", (sent,), self.shape(sent), left, over=extra)
        if len(self.shape(sent)) > len(shape):
            sent = self.emit("sum", (sent,), (), self.indices(sent))
        return sent
