"""Gradients taken apart: what every reader of a variable sends it, and what every step adds to a parameter's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from unrolled.graph.arrivals import Read, arrivals
from unrolled.graph.blocks import Blocks
from unrolled.graph.program import Instruction, Operand
from unrolled.graph.transposed import is_product, passes, sent_back
from unrolled.language import Position

ONCE = "once"
"""The share of a parameter's gradient that no step has: from uses outside every loop."""


def parts(
    blocks: Blocks, cotangents: Mapping[int, int], variables: Mapping[str, int]
) -> Iterator[tuple[str, int]]:
    """Per variable and equation that reads it (`h/o`, `d/e`, `h/d[0]`) what the equation sends back.

    The parts of a variable add up to its gradient (where it is not itself the target).
    """
    program = blocks.primal
    receivers = {identity: name for name, identity in variables.items() if identity in cotangents}
    for root in (*program.variables.values(), *program.boundaries):
        instruction = program.instructions[root]
        if root not in cotangents or not instruction.operands:
            continue
        reader = blocks.variable_name(root) or instruction.name or ""
        if instruction.boundary is not None:
            reader += f"[{', '.join(map(str, instruction.boundary))}]"
        inside = _Inside(blocks, cotangents, root)
        for receiver, name in receivers.items():
            sent = inside.sent(receiver)
            if sent:
                own = program.instructions[receiver]
                key = f"{name}/{reader}"
                yield key, blocks.named(f"∇{key}", sent, own.shape, own.indices)


class _Inside:
    """The instructions of one equation, and the cotangents that they have from it alone."""

    def __init__(self, blocks: Blocks, cotangents: Mapping[int, int], root: int) -> None:
        self.blocks = blocks
        self.instructions = blocks.primal.instructions
        self.named = set(blocks.primal.variables.values())
        self.readers: dict[int, list[tuple[Instruction, int]]] = {}
        self._cotangents = {root: Operand(cotangents[root])}
        found = {root}
        stack = [root]
        while stack:
            reader = self.instructions[stack.pop()]
            for place, operand in enumerate(reader.operands):
                if passes(reader, place):
                    self.readers.setdefault(operand.value, []).append((reader, place))
                    if operand.value not in found and operand.value not in self.named:
                        found.add(operand.value)
                        stack.append(operand.value)

    def cotangent(self, identity: int) -> Operand:
        """What an instruction inside the equation receives from the rest of it."""
        if identity not in self._cotangents:
            own = self.instructions[identity]
            sent = [
                self.blocks.fitted(
                    sent_back(self.blocks, reader, place, self.cotangent(reader.identity)),
                    own.shape,
                    own.indices,
                )
                for reader, place in self.readers[identity]
            ]
            self._cotangents[identity] = self.blocks.sum_of(sent)
        return self._cotangents[identity]

    def sent(self, receiver: int) -> list[Operand]:
        """What the equation sends back to a variable."""
        blocks, own = self.blocks, self.instructions[receiver]
        plain: list[Operand] = []
        reads: dict[Read, list[Operand]] = {}
        for reader, place in self.readers.get(receiver, ()):
            operand = reader.operands[place]
            sent = sent_back(blocks, reader, place, self.cotangent(reader.identity))
            sent = blocks.fitted(sent, own.shape, blocks.labels(operand))
            if operand.positions:
                reads.setdefault((receiver, operand.positions), []).append(sent)
            else:
                plain.append(sent)
        return [*plain, *arrivals(blocks, receiver, reads)]


def contributions(
    blocks: Blocks, cotangents: Mapping[int, int], parameters: Mapping[str, int]
) -> Iterator[tuple[str, int]]:
    """Per parameter and domain (`W/time`) what every step adds to its gradient, for each sequence of a batch.

    A use under two indices counts for the outer one. What is used outside every loop is `W/once`, where
    there are steps beside it.
    """
    uses = _Uses(blocks, cotangents)
    recurrence = blocks.primal.recurrence
    for name, identity in parameters.items():
        if identity not in cotangents:
            continue
        by_domain: dict[str, list[Operand]] = {}
        shape = blocks.primal.instructions[identity].shape
        for index, sent in uses.by_index(identity).items():
            domain = ONCE if index is None else recurrence.index_domains[index]
            by_domain.setdefault(domain, []).extend(sent)
        if set(by_domain) <= {ONCE}:
            continue
        for domain, sent in by_domain.items():
            key = f"{name}/{domain}"
            index = next((i for i, own in recurrence.index_domains.items() if own == domain), "")
            aligned = [_under(blocks, one, index, domain, f"∇{key}") for one in sent]
            indices = () if domain == ONCE else (index,)
            yield key, blocks.named(f"∇{key}", aligned, shape, indices)


def _under(blocks: Blocks, operand: Operand, index: str, domain: str, name: str) -> Operand:
    """A value under the domain's first index, where it runs under another one."""
    have = blocks.indices(operand)
    if have in ((), (index,)):
        return operand
    own = blocks.named(f"{name}:{have[0]}:{operand.value}", [operand], blocks.shape(operand), have)
    return Operand(own, (Position("shift", index, domain, 0),))


class _Uses:
    """What the uses of parameters send, apart by the outermost index of the use."""

    def __init__(self, blocks: Blocks, cotangents: Mapping[int, int]) -> None:
        self.blocks = blocks
        self.cotangents = cotangents
        self.readers: dict[int, list[tuple[Instruction, int]]] = {}
        for reader in blocks.primal.instructions.values():
            for place, operand in enumerate(reader.operands):
                if reader.identity in cotangents and passes(reader, place):
                    self.readers.setdefault(operand.value, []).append((reader, place))

    def by_index(self, identity: int) -> dict[str | None, list[Operand]]:
        """Per outermost index of a use (None: used outside every loop) what arrives, one value a step."""
        found: dict[str | None, list[Operand]] = {}
        for reader, place in self.readers.get(identity, ()):
            if reader.is_shared and not reader.indices:
                incoming: dict[str | None, list[Operand]] = self.by_index(reader.identity)
            else:
                own = self.cotangents[reader.identity]
                index = reader.indices[0] if reader.indices else None
                incoming = {index: [Operand(own)]}
            for index, values in incoming.items():
                sent = self._sent(reader, place, self.blocks.sum_of(values), index)
                found.setdefault(index, []).append(sent)
        return found

    def _sent(self, reader: Instruction, place: int, g: Operand, index: str | None) -> Operand:
        blocks = self.blocks
        shape = blocks.primal.instructions[reader.operands[place].value].shape
        labels = () if index is None else (index,)
        if is_product(reader, place, shape):
            other = blocks.argument(reader.operands[1])
            over = tuple(one for one in blocks.spread(g, other) if one not in labels)
            if over:
                return blocks.emit("outer_over", (g, other), shape, labels, over=over)
        return blocks.fitted(sent_back(blocks, reader, place, g), shape, labels)
