"""What arrives at a value from readers at other steps: `h[t-1]` read at step t sends to step t-1.

What the readers of one offset send is gathered in a *gate*, a value that other steps can read; a cotangent
reads it with the offset turned around, and so does the cotangent of a boundary value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from unrolled.graph.blocks import FIXED, Blocks
from unrolled.graph.program import Operand
from unrolled.language import Position
from unrolled.language.terms import Anchor

Read = tuple[int, tuple[Position, ...]]
"""An instruction of the forward pass, and the positions at which it is read."""

Sent = Mapping[Read, Sequence[Operand]]
"""What is sent back to each read."""

_BACK: Mapping[str, Anchor] = {"left": "from_left", "right": "from_right"}
"""From which nodes of a tree a child hears."""


def arrivals(blocks: Blocks, identity: int, sent: Sent) -> list[Operand]:
    """What arrives at an instruction from all reads with positions."""
    found = (
        _arrived(blocks, identity, positions, operands)
        for (producer, positions), operands in sent.items()
        if producer == identity
    )
    return [one for one in found if one is not None]


def boundary_arrivals(
    blocks: Blocks, name: str, place: tuple[Position, ...], sent: Sent
) -> list[Operand]:
    """What arrives at a boundary value: from those steps whose offset reaches it."""
    found = (
        _reaching(blocks, gate(blocks, positions, operands), positions, place)
        for (producer, positions), operands in sent.items()
        if blocks.variable_name(producer) == name
    )
    return [one for one in found if one is not None]


def gate(blocks: Blocks, positions: tuple[Position, ...], sent: Sequence[Operand]) -> Operand:
    """All that readers with one offset send, as a value that holds all steps."""
    name = f"·{'+'.join(str(one.value) for one in sent)}@{', '.join(map(str, positions))}"
    if name not in blocks.program.variables:
        shape = max((blocks.shape(one) for one in sent), key=len)
        blocks.named(name, sent, shape, blocks.running(positions))
    return Operand(blocks.program.variables[name])


def _arrived(
    blocks: Blocks, identity: int, positions: tuple[Position, ...], sent: Sequence[Operand]
) -> Operand | None:
    held = gate(blocks, positions, sent)
    back: dict[str, Position] = {}
    fixed: list[tuple[str, int]] = []
    diagonal: list[tuple[Position, Position]] = []
    own = blocks.primal.instructions[identity].indices
    for index, position in zip(own, positions, strict=True):
        if position.anchor in FIXED:
            fixed.append((index, _step(blocks, position)))
        elif position.index in back:
            diagonal.append((back[position.index], _turned(position, index)))
        else:
            back[position.index] = _turned(position, index)
    labels = blocks.program.instructions[held.value].indices
    operand = Operand(held.value, tuple(back[label] for label in labels))
    for index, step in fixed:
        if not 1 <= step <= blocks.length(index):
            return None
        here = blocks.emit("equal", (blocks.index(index), blocks.number(float(step))), (), (index,))
        operand = _only_where(blocks, here, operand)
    return _on_diagonals(blocks, diagonal, operand)


def _turned(position: Position, index: str) -> Position:
    """From which steps of `index` something is sent back that is read at a position."""
    if position.anchor in _BACK:
        return Position(_BACK[position.anchor], index, position.domain)
    return replace(position, index=index, offset=-position.offset)


def _on_diagonals(
    blocks: Blocks, diagonal: Sequence[tuple[Position, Position]], operand: Operand
) -> Operand:
    """What reads `a[t, t]` sends to one step of the second index: that where both positions name one reader."""
    for pair in diagonal:
        steps = [_reader(blocks, position) for position in pair]
        here = blocks.emit("equal", steps, (), blocks.spread(*steps))
        operand = _only_where(blocks, here, operand)
    return operand


def _reader(blocks: Blocks, position: Position) -> Operand:
    """The number of the step that a turned position names; of the parent of a node, 0 for one that has none."""
    number = blocks.index(position.index)
    if position.anchor == "shift":
        offset = blocks.number(float(position.offset))
        return blocks.sum_of((number, offset)) if position.offset else number
    name = f"·{position.index}"
    if name not in blocks.program.variables:
        blocks.named(name, (number,), (), (position.index,))
    return Operand(blocks.program.variables[name], (position,))


def _only_where(blocks: Blocks, here: Operand, operand: Operand) -> Operand:
    choice = (here, operand, blocks.number(0.0))
    return blocks.emit("where", choice, blocks.shape(operand), blocks.spread(here, operand))


def _step(blocks: Blocks, position: Position) -> int:
    """The step that a fixed position reads."""
    if position.anchor == "start":
        return position.offset
    return blocks.lengths[position.domain] + position.offset


def _reaching(
    blocks: Blocks, held: Operand, positions: tuple[Position, ...], place: tuple[Position, ...]
) -> Operand | None:
    there: dict[str, Position] = {}
    only: list[tuple[str, int]] = []  # steps of the value's own index to which something is sent
    diagonal: list[tuple[Position, Position]] = []
    for read, given in sorted(
        zip(positions, place, strict=True), key=lambda pair: pair[1].anchor == "shift"
    ):
        if given.anchor == "shift":
            known = there.get(read.index)
            if read.anchor in FIXED:
                only.append((given.index, _step(blocks, read)))
            elif known is None:
                there[read.index] = _turned(read, given.index)
            elif known.anchor == "start":
                only.append((given.index, known.offset + read.offset))
            else:
                diagonal.append((known, _turned(read, given.index)))
            continue
        wanted = _step(blocks, given)
        if read.anchor == "shift":
            step = wanted - read.offset
            if not 1 <= step <= blocks.lengths[given.domain]:
                return None
            there[read.index] = Position("start", "", given.domain, step)
        elif _step(blocks, read) != wanted:
            return None
    labels = blocks.program.instructions[held.value].indices
    operand = Operand(held.value, tuple(there[label] for label in labels))
    for index, step in only:
        if not 1 <= step <= blocks.length(index):
            return None
        here = blocks.emit("equal", (blocks.index(index), blocks.number(float(step))), (), (index,))
        operand = _only_where(blocks, here, operand)
    return _on_diagonals(blocks, diagonal, operand)
