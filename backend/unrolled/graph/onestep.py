"""One step of a recurrence on its own: what is read across steps becomes a leaf.

The adjoint of such a program has no cycle, so it is computed for all steps at once; the gradients of its leaves
are the one-step Jacobians.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from unrolled.graph.program import LEAVES, Instruction, Operand, Program
from unrolled.graph.transposed import passes
from unrolled.language import Position


@dataclass(frozen=True, slots=True)
class OneStep:
    """`reads`: leaf to the variable it stands for and the delay; `is_forward`: whether delays look back."""

    program: Program
    reads: Mapping[str, tuple[str, int]]
    is_forward: bool

    @property
    def state(self) -> tuple[str, ...]:
        """The variables that are read with a delay."""
        return tuple(dict.fromkeys(name for name, _ in self.reads.values()))

    @property
    def delays(self) -> tuple[int, ...]:
        return tuple(sorted({delay for _, delay in self.reads.values()}))


def one_step(primal: Program, of: str, source: str) -> OneStep | None:
    """The step that carries `source` to `of`; None where more than delays along one chain carries it."""
    own = primal.instructions[primal.variables[of]]
    if len(own.indices) != 1:
        return None
    inside = _between(primal, primal.variables[source], own.identity)
    program = replace(
        primal, instructions=dict(primal.instructions), variables=dict(primal.variables)
    )
    reads: dict[str, tuple[str, int]] = {}
    directions: set[bool] = set()
    for identity in inside:
        reader = primal.instructions[identity]
        if reader.boundary is not None or reader.indices != own.indices or reader.over:
            return None
        operands = list(reader.operands)
        for place, operand in enumerate(operands):
            if operand.value not in inside or not operand.positions or not passes(reader, place):
                continue
            offset = _offset(operand.positions, own.indices[0])
            if not offset:
                return None
            directions.add(offset < 0)
            producer = primal.instructions[operand.value]
            name = _name(producer)
            leaf = f"{name}@{abs(offset)}"
            reads[leaf] = (name, abs(offset))
            operands[place] = Operand(_leaf(program, leaf, producer))
        program.instructions[identity] = replace(reader, operands=tuple(operands))
    if len(directions) != 1:
        return None
    return OneStep(program, reads, directions.pop())


def _offset(positions: tuple[Position, ...], index: str) -> int:
    """How many steps a read looks along the chain; 0 where it reads otherwise."""
    (position, *more) = positions
    return (
        position.offset
        if position.anchor == "shift" and position.index == index and not more
        else 0
    )


def _name(producer: Instruction) -> str:
    return producer.variable or producer.name or ""


def _leaf(program: Program, name: str, producer: Instruction) -> int:
    if name not in program.variables:
        made = program.new(
            function="input", operands=(), shape=producer.shape, indices=producer.indices, text=name, name=name
        )  # fmt: skip
        program.variables[name] = made.identity
    return program.variables[name]


def _between(program: Program, source: int, target: int) -> list[int]:
    """All that depends on the source and that the target depends on, in the order of the program."""
    reads: dict[int, set[int]] = {}
    for reader in program.instructions.values():
        if reader.function in LEAVES:
            continue
        for place, operand in enumerate(reader.operands):
            if not passes(reader, place):
                continue
            behind = [
                one
                for one in program.boundaries
                if operand.positions
                and program.instructions[one].name == _name(program.instructions[operand.value])
            ]
            reads.setdefault(reader.identity, set()).update([operand.value, *behind])
    readers: dict[int, set[int]] = {}
    for reader, found in reads.items():
        for one in found:
            readers.setdefault(one, set()).add(reader)
    return sorted(_reached(reads, target) & _reached(readers, source))


def _reached(edges: Mapping[int, set[int]], start: int) -> set[int]:
    found: set[int] = set()
    stack = [start]
    while stack:
        one = stack.pop()
        if one not in found:
            found.add(one)
            stack.extend(edges.get(one, ()))
    return found
