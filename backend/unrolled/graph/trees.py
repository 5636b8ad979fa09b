"""Trees: their shape, and which part of a program is needed at leaves and which at inner nodes.

Nodes are numbered leaves first, from left to right, then the inner nodes by height: every child stands before
its parent, every level is a run of neighbours, and the root is last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


def shapes(
    domains: Iterable[str], lengths: Mapping[str, int], trees: Mapping[str, Tree] | None = None
) -> dict[str, Tree]:
    """The shape of each of these trees: as given, else balanced with `lengths[domain]` leaves."""
    return {
        name: (trees or {}).get(name) or balanced(lengths[name]) for name in dict.fromkeys(domains)
    }


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


Needed = Mapping[str, int]
"""At which nodes of each index of a tree a value is needed; at all of an index that is not named."""


def needs(program: Program) -> dict[int, Needed | None]:
    """Where on trees every instruction is needed: what only one side of `where(leaf(n), …, …)` reads; None: nowhere."""
    trees = {
        index
        for index, domain in program.recurrence.index_domains.items()
        if program.recurrence.domains[domain].kind == "tree"
    }
    found: dict[int, Needed | None] = dict.fromkeys(program.instructions)
    stack: list[tuple[int, Needed]] = [
        (identity, {})
        for identity, one in program.instructions.items()
        if one.variable is not None
        or one.boundary is not None
        or not trees.intersection(one.indices)
    ]
    stack += [(identity, {}) for identity in program.stops.values()]
    while stack:
        identity, where = stack.pop()
        known = found[identity]
        wider = where if known is None else _either(known, where)
        if known == wider:
            continue
        found[identity] = wider
        instruction = program.instructions[identity]
        for place, operand in enumerate(instruction.operands):
            own = {} if trees.intersection(instruction.over) else wider
            stack.append((operand.value, _needed(program, instruction, place, operand, own)))
    return found


def is_needed(where: Needed | None, side: Callable[[str], int]) -> bool:
    """Whether a value is needed anywhere in a window that has these sides of its indices."""
    return where is not None and all(nodes & side(index) for index, nodes in where.items())


def _either(first: Needed, second: Needed) -> Needed:
    both = {index: first[index] | second[index] for index in first if index in second}
    return {index: nodes for index, nodes in both.items() if nodes != BOTH}


def _needed(
    program: Program, reader: Instruction, place: int, operand: Operand, where: Needed
) -> Needed:
    """Where a reader that is needed at `where` needs an operand."""
    if operand.positions:
        return {}
    index = leaf_condition(reader, program)
    if index is not None and place:
        nodes = where.get(index, BOTH) & (LEAF if place == 1 else INNER)
        where = {**where, index: nodes}
    indices = program.instructions[operand.value].indices
    return {one: nodes for one, nodes in where.items() if one in indices}


def sides(term: Term) -> Iterator[tuple[Term, dict[str, int]]]:
    """Every term of an equation, and for each index of a tree at which nodes it is needed: at all that are not named."""
    stack: list[tuple[Term, dict[str, int]]] = [(term, {})]
    while stack:
        one, where = stack.pop()
        yield one, where
        inside = {index: nodes for index, nodes in where.items() if index not in one.over}
        for place, operand in reversed(list(enumerate(one.operands))):
            index, nodes = side(one, place)
            own = {**inside, index: inside.get(index, BOTH) & nodes} if nodes != BOTH else inside
            stack.append((operand, own))


def side(term: Term, place: int) -> tuple[str, int]:
    """At which nodes of which index a term reads its operand at `place`."""
    if term.function != "where" or not place or term.operands[0].function != "leaf":
        return "", BOTH
    return term.operands[0].operands[0].index or "", LEAF if place == 1 else INNER


def leaf_inputs(recurrence: Recurrence) -> set[str]:
    """Inputs over one tree, perhaps among chains, that are read at its leaves alone: the words of a sentence."""
    found: dict[str, int] = {}
    for line in (*recurrence.equations, *recurrence.boundaries, *recurrence.stops):
        for term, where in sides(line.term):
            reference = term.reference
            for position in reference.positions if reference is not None else ():
                if reference is not None and recurrence.domains[position.domain].kind == "tree":
                    own = where.get(position.index, BOTH) if _is_own(position) else BOTH
                    found[reference.name] = found.get(reference.name, 0) | own
    return {
        name
        for name, where in found.items()
        if where == LEAF
        and recurrence.variables[name].kind == "input"
        and _trees_of(recurrence, name) == 1
    }


def _trees_of(recurrence: Recurrence, name: str) -> int:
    return sum(
        recurrence.domains[domain].kind == "tree" for domain in recurrence.variables[name].domains
    )


def _is_own(position: Position) -> bool:
    return position.anchor == "shift" and not position.offset


def structure(tree: Tree) -> list[Any]:
    """A tree as plain data: null for a leaf, else the numbers of its two children."""
    return [None if pair is None else list(pair) for pair in tree.children]


def of_structure(rows: Sequence[Sequence[int] | None]) -> Tree:
    """A tree from plain data, as `structure` gives it. Raises `StructureError`."""
    leaves = next((place for place, row in enumerate(rows) if row is not None), len(rows))
    used: set[int] = set()
    heights = [0] * leaves
    for place in range(leaves, len(rows)):
        row = rows[place]
        if row is None or len(row) != 2 or len({*row}) != 2 or used.intersection(row):
            raise StructureError(place)
        if not all(1 <= child <= place for child in row):
            raise StructureError(place)
        used.update(row)
        heights.append(1 + max(heights[child - 1] for child in row))
        if heights[place] < heights[place - 1]:
            raise StructureError(place)
    if len(rows) != 2 * leaves - 1:
        raise StructureError(max(0, len(rows) - 1))
    return Tree(tuple(None if row is None else (row[0], row[1]) for row in rows))


class StructureError(ValueError):
    """Plain data that is no tree. `node` counts from 0."""

    def __init__(self, node: int) -> None:
        super().__init__(
            f"node {node + 1} does not fit: null for each leaf first, then for each inner node, by height, "
            "the numbers of its two children, each of them a child once"
        )
        self.node = node
