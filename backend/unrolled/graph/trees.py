"""Trees: their shape, and which part of a program is needed at leaves and which at inner nodes.

Nodes are numbered leaves first, from left to right, then the inner nodes by height: every child stands before
its parent, every level is a run of neighbours, and the root is last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from unrolled.graph.program import Instruction, Operand, Program
from unrolled.language import Position, Recurrence, Term

Children = tuple[tuple[int, int] | None, ...]

LEAF: Final = 1
INNER: Final = 2
BOTH: Final = 3
"""Where a value is needed: a set of two bits."""


@dataclass(frozen=True)
class Tree:
    """`children`: per node, from 1, its left and right child; None for a leaf."""

    children: Children

    @property
    def nodes(self) -> int:
        return len(self.children)

    @property
    def leaves(self) -> int:
        return (len(self.children) + 1) // 2

    @cached_property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """First and last node of every level, leaves first."""
        heights: list[int] = []
        for pair in self.children:
            heights.append(
                0 if pair is None else 1 + max(heights[pair[0] - 1], heights[pair[1] - 1])
            )
        starts = [1 + heights.index(height) for height in range(heights[-1] + 1)]
        return tuple(zip(starts, [*(start - 1 for start in starts[1:]), self.nodes], strict=True))

    def child(self, side: str) -> list[int]:
        """Per node its `left` or `right` child; 0 for a leaf."""
        place = 0 if side == "left" else 1
        return [0 if pair is None else pair[place] for pair in self.children]

    def parent(self, side: str) -> list[int]:
        """Per node its parent, where it is the `left` or `right` child of it; else 0."""
        found = [0] * self.nodes
        for parent, child in enumerate(self.child(side), 1):
            if child:
                found[child - 1] = parent
        return found


def tree_of(merges: Sequence[tuple[int, int]], leaves: int) -> Tree:
    """A tree from what it joins, in any order that has children first.

    `merges[i]` are the two nodes that node `leaves + 1 + i` joins; they are numbered anew by height.
    """
    heights = [0] * leaves
    for left, right in merges:
        heights.append(1 + max(heights[left - 1], heights[right - 1]))
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    number = {old + 1: new for new, old in enumerate(order, 1)}
    pairs = [merges[old - leaves] for old in order[leaves:]]
    inner = tuple((number[left], number[right]) for left, right in pairs)
    return Tree((None,) * leaves + inner)


def balanced(leaves: int) -> Tree:
    """The tree that joins neighbours until one is left: ⌈log₂ leaves⌉ levels above the leaves."""
    merges: list[tuple[int, int]] = []
    level = list(range(1, leaves + 1))
    while len(level) > 1:
        joined: list[int] = []
        for place in range(0, len(level) - 1, 2):
            merges.append((level[place], level[place + 1]))
            joined.append(leaves + len(merges))
        level = joined + level[len(level) - len(level) % 2 :]
    return tree_of(merges, leaves)


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a domain is: its steps, and how many of them wait for each other; of a tree, its leaves."""

    steps: int
    depth: int
    leaves: int | None = None

    def count(self, where: int) -> int:
        """Nodes at which a value is needed."""
        if self.leaves is None or where == BOTH:
            return self.steps
        return self.leaves if where == LEAF else self.steps - self.leaves


def extents(
    recurrence: Recurrence, lengths: Mapping[str, int], trees: Mapping[str, Tree] | None = None
) -> dict[str, Extent]:
    """The extent of every domain; `lengths` of a tree without a shape are the leaves of a balanced one."""
    found: dict[str, Extent] = {}
    for name, domain in recurrence.domains.items():
        tree = (trees or {}).get(name)
        if domain.kind != "tree":
            found[name] = Extent(lengths[name], lengths[name])
        elif tree is not None:
            found[name] = Extent(tree.nodes, len(tree.levels), tree.leaves)
        else:
            leaves = lengths[name]
            found[name] = Extent(2 * leaves - 1, 1 + (leaves - 1).bit_length(), leaves)
    return found


# leaves and inner nodes


def leaf_condition(instruction: Instruction, program: Program) -> str | None:
    """The index n of `where(leaf(n), …, …)`; None for anything else."""
    if instruction.function != "where":
        return None
    condition = program.instructions[instruction.operands[0].value]
    return condition.indices[0] if condition.function == "leaf" else None


def needs(program: Program) -> dict[int, int]:
    """Where on a tree every instruction is needed: what only one side of `where(leaf(n), …, …)` reads."""
    trees = {
        index
        for index, domain in program.recurrence.index_domains.items()
        if program.recurrence.domains[domain].kind == "tree"
    }
    found = dict.fromkeys(program.instructions, 0)
    stack: list[tuple[int, int]] = [
        (identity, BOTH)
        for identity, one in program.instructions.items()
        if one.variable is not None
        or one.boundary is not None
        or not trees.intersection(one.indices)
    ]
    stack += [(identity, BOTH) for identity in program.stops.values()]
    while stack:
        identity, where = stack.pop()
        if found[identity] & where == where:
            continue
        found[identity] |= where
        instruction = program.instructions[identity]
        index = leaf_condition(instruction, program)
        for place, operand in enumerate(instruction.operands):
            stack.append((operand.value, _needed(instruction, place, operand, where, index, trees)))
    return found


def _needed(
    reader: Instruction,
    place: int,
    operand: Operand,
    where: int,
    index: str | None,
    trees: set[str],
) -> int:
    """Where a reader that is needed at `where` needs an operand."""
    if (
        operand.positions
        or trees.intersection(reader.over)
        or not trees.intersection(reader.indices)
    ):
        return BOTH
    if index is not None and place:
        return where & (LEAF if place == 1 else INNER)
    return where


def sides(term: Term, index: str | None = None) -> Iterator[tuple[Term, int]]:
    """Every term of an equation with the nodes at which it is needed."""
    stack: list[tuple[Term, int]] = [(term, BOTH)]
    while stack:
        one, where = stack.pop()
        yield one, where
        for place, operand in reversed(list(enumerate(one.operands))):
            stack.append((operand, where & side(one, place)))


def side(term: Term, place: int) -> int:
    """At which nodes a term reads its operand at `place`."""
    if term.function != "where" or not place or term.operands[0].function != "leaf":
        return BOTH
    return LEAF if place == 1 else INNER


def leaf_inputs(recurrence: Recurrence) -> set[str]:
    """Inputs over a tree that are read at leaves alone: the words of a sentence."""
    found: dict[str, int] = {}
    for line in (*recurrence.equations, *recurrence.stops):
        for term, where in sides(line.term):
            if term.reference is not None and term.reference.positions:
                plain = all(_is_own(one) for one in term.reference.positions)
                found[term.reference.name] = found.get(term.reference.name, 0) | (
                    where if plain else BOTH
                )
    return {
        name
        for name, where in found.items()
        if where == LEAF and recurrence.variables[name].kind == "input"
    }


def _is_own(position: Position) -> bool:
    return position.anchor == "shift" and not position.offset


def structure(tree: Tree) -> list[Any]:
    """A tree as plain data: null for a leaf, else the numbers of its two children."""
    return [None if pair is None else list(pair) for pair in tree.children]
