"""Tensors of a run by instruction, and how an instruction sees its operands.

A value is laid out as (its indices, outermost first; batch; the shape of one step). Variables hold their
boundary values in the same tensor, before and after the steps, so that `h[t-1]` is a view. Values that
nothing of the run enters (parameters) have no batch; with indices, a batch of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from unrolled.graph import Instruction, Operand, Program, Tree
from unrolled.graph.trees import BOTH, INNER, LEAF
from unrolled.language import FUNCTIONS, Position

Window = Mapping[str, tuple[int, int]]
RELATIVES = ("left", "right", "from_left", "from_right")


@dataclass(frozen=True, slots=True)
class Pad:
    """How many boundary values stand before the first and after the last step."""

    before: int = 0
    after: int = 0


@dataclass
class Values:
    """The store of a run.

    `tensors` by instruction; `pads` of those that hold all steps, per index; `windows` of those that
    hold only some; `fixed` boundary values, which the caller gave; `fresh` results that wait
    to take the place of a tensor when the run is handed out. `trees` are the shapes of domains that
    are trees; their `lengths` are nodes.
    """

    program: Program
    lengths: Mapping[str, int]
    batch: int
    dtype: torch.dtype
    trees: Mapping[str, Tree] = field(default_factory=dict[str, Tree])
    tensors: dict[int, Tensor] = field(default_factory=dict[int, Tensor])
    pads: dict[int, tuple[Pad, ...]] = field(default_factory=dict[int, tuple[Pad, ...]])
    windows: dict[int, Window] = field(default_factory=dict[int, Window])
    fresh: dict[int, Tensor] = field(default_factory=dict[int, Tensor])
    fixed: set[tuple[int, tuple[Position, ...]]] = field(
        default_factory=set[tuple[int, tuple[Position, ...]]]
    )

    _relatives: dict[tuple[str, str], Tensor] = field(default_factory=dict[tuple[str, str], Tensor])

    def relatives(self, domain: str, anchor: str) -> Tensor:
        """Per node of a tree the node that `left(n)`, `right(n)` or their inverses read; 0 where there is none."""
        if (domain, anchor) not in self._relatives:
            tree = self.trees[domain]
            inverse = {"from_left": "left", "from_right": "right"}
            nodes = tree.parent(inverse[anchor]) if anchor in inverse else tree.child(anchor)
            self._relatives[domain, anchor] = torch.tensor(nodes)
        return self._relatives[domain, anchor]

    def side(self, index: str, window: Window) -> int:
        """At which nodes of the tree of an index a window lies: a set of `LEAF` and `INNER`."""
        tree = self.trees.get(self.program.recurrence.index_domains[index])
        if tree is None or index not in window:
            return BOTH
        first, last = window[index]
        return LEAF * (first <= tree.leaves) | INNER * (last > tree.leaves)

    def length(self, index: str) -> int:
        """Steps of the domain that an index runs over."""
        return self.lengths[self.program.recurrence.index_domains[index]]

    def range(self, index: str, window: Window) -> tuple[int, int]:
        """First and last step of an index inside a window."""
        return window.get(index) or (1, self.length(index))

    def view(self, operand: Operand, window: Window) -> tuple[Tensor, tuple[str, ...]]:
        """An operand inside a window of steps, with the labels of its leading dimensions."""
        identity = operand.value
        instruction = self.program.instructions[identity]
        tensor = self.tensors[identity]
        held = self.windows.get(identity, {})
        pads = self.pads.get(identity)
        labels: list[str] = []
        dimension = 0
        positions: Sequence[Position | None] = operand.positions or [None] * len(
            instruction.indices
        )
        for place, (index, position) in enumerate(zip(instruction.indices, positions, strict=True)):
            before = pads[place].before if pads else 0
            start = held[index][0] if index in held else 1
            offset = 0
            label = index
            if position is not None and position.anchor in ("start", "end", "root"):
                step = (
                    position.offset
                    if position.anchor == "start"
                    else self.length(index) + position.offset
                )
                tensor = tensor.select(dimension, before + step - start)
                continue
            if position is not None:
                label, offset = position.index, position.offset
            first, last = self.range(label, window)
            if position is not None and position.anchor in RELATIVES:
                nodes = self.relatives(position.domain, position.anchor)[first - 1 : last]
                tensor = tensor.index_select(dimension, nodes + (before - start))
            else:
                low = before + first + offset - start
                if low or last - first + 1 != tensor.shape[dimension]:
                    tensor = tensor.narrow(dimension, low, last - first + 1)
            if label in labels:
                tensor = _diagonal(tensor, labels.index(label), dimension)
                continue
            labels.append(label)
            dimension += 1
        return tensor, tuple(labels)

    def own(self, identity: int, window: Window) -> Tensor:
        """The part of a value that lies inside a window."""
        return self.view(Operand(identity), window)[0]

    def whole(self, identity: int) -> Tensor:
        """All steps of a value, without what stands before and after them."""
        if identity in self.windows:
            return self.own(identity, {})
        tensor, pads = self.tensors[identity], self.pads.get(identity)
        for dimension, index in enumerate(self.program.instructions[identity].indices):
            before, length = pads[dimension].before if pads else 0, self.length(index)
            if before or length != tensor.shape[dimension]:
                tensor = tensor.narrow(dimension, before, length)
        return tensor


def _diagonal(tensor: Tensor, first: int, second: int) -> Tensor:
    """`a[t, t]`: two dimensions with one index become one, in the place of the first."""
    return tensor.diagonal(0, first, second).movedim(-1, first)


def allocate(values: Values, identity: int, pads: tuple[Pad, ...]) -> Tensor:
    """A tensor for all steps of a variable and its boundary values; the boundary is zero."""
    instruction = values.program.instructions[identity]
    leading = [
        pad.before + values.length(index) + pad.after
        for index, pad in zip(instruction.indices, pads, strict=True)
    ]
    tensor = torch.empty(*leading, values.batch, *instruction.shape, dtype=values.dtype)
    for dimension, pad in enumerate(pads):
        if pad.before:
            tensor.narrow(dimension, 0, pad.before).zero_()
        if pad.after:
            tensor.narrow(dimension, tensor.shape[dimension] - pad.after, pad.after).zero_()
    values.tensors[identity] = tensor
    values.pads[identity] = pads
    return tensor


def pads_of(program: Program) -> dict[int, tuple[Pad, ...]]:
    """The boundary values that a text reads, per variable and index; also where the forcing cuts the read."""
    recurrence = program.recurrence
    found: dict[str, list[Pad]] = {
        name: [Pad()] * len(variable.domains) for name, variable in recurrence.variables.items()
    }
    for line in (*recurrence.equations, *recurrence.boundaries, *recurrence.stops):
        for term in line.term.walk():
            for place, position in enumerate(term.reference.positions if term.reference else ()):
                pads = found[term.reference.name if term.reference else ""]
                pads[place] = widened(pads[place], position)
    return {program.variables[name]: tuple(pads) for name, pads in found.items()}


def widened(pad: Pad, position: Position) -> Pad:
    """Room for one more position."""
    match position.anchor:
        case "shift":
            return Pad(max(pad.before, -position.offset), max(pad.after, position.offset))
        case "left" | "right" | "from_left" | "from_right":
            return Pad(
                max(pad.before, 1), pad.after
            )  # a row of zeros for a child that is not there
        case "start":
            return Pad(max(pad.before, 1 - position.offset), pad.after)
        case "end":
            return Pad(pad.before, max(pad.after, position.offset))
        case _:
            return pad


def is_unit_by_unit(function: str) -> bool:
    """Whether scalars among the arguments must be widened to the rank of the result."""
    if function in ("total", "copy"):
        return True
    row = FUNCTIONS.get(function)
    return row is not None and row.is_elementwise


def aligned(
    tensor: Tensor,
    labels: tuple[str, ...],
    wanted: tuple[str, ...],
    rank: int,
    widen_to: int,
    is_static: bool,
) -> Tensor:
    """A view whose leading dimensions are `wanted` (then batch), widened from `rank` to `widen_to`.

    `is_static`: no indices and no batch (a parameter); only its rank may need widening.
    """
    if is_static:
        if rank == 0 or rank >= widen_to:
            return tensor
        return tensor.reshape(tensor.shape + (1,) * (widen_to - rank))
    if labels != wanted:
        order = [label for label in wanted if label in labels]
        if list(labels) != order:
            permutation = [labels.index(label) for label in order]
            tensor = tensor.permute(*permutation, *range(len(labels), tensor.dim()))
        for place, label in enumerate(wanted):
            if label not in labels:
                tensor = tensor.unsqueeze(place)
    if 0 == rank < widen_to:
        tensor = tensor.reshape(tensor.shape + (1,) * widen_to)
    return tensor


def operand_labels(program: Program, operand: Operand) -> tuple[str, ...]:
    """The running indices under which an operand is read."""
    if operand.positions:
        return tuple(position.index for position in operand.positions if position.index)
    return program.instructions[operand.value].indices


def is_static(instruction: Instruction) -> bool:
    """No indices and nothing of the run in it: laid out without a batch."""
    return instruction.is_shared and not instruction.indices
