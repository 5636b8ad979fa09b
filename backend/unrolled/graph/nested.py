"""A tree as a caller gives it: pairs of pairs of leaves, and what of that is the shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from unrolled.graph.trees import Tree, tree_of
from unrolled.language import Recurrence, Variable

DEEP: Final = 4
"""More brackets than a leaf can have."""


@dataclass(frozen=True, slots=True)
class Nested:
    """The shape of a tree, and its leaves from left to right, each with its place in what was given."""

    tree: Tree
    leaves: tuple[Any, ...]
    places: tuple[str, ...]


class BracketsError(ValueError):
    """Something given is neither a leaf nor a pair. `place` is a JSON pointer into it; `count` how many it has."""

    def __init__(self, place: str, count: int | None) -> None:
        super().__init__(f"neither a leaf nor a pair: {place or 'the whole'}")
        self.place = place
        self.count = count


def brackets(form: Any, is_one: Callable[[Any], bool]) -> Nested:
    """Read pairs of pairs of what `is_one` leaf. Raises `BracketsError`."""
    leaves: list[Any] = []
    places: list[str] = []
    merges: list[tuple[int, int]] = []
    done: list[int] = []  # 0 for a pair whose children stand before it, else a leaf
    stack: list[tuple[Any, str]] = [(form, "")]
    while stack:
        one, place = stack.pop()
        if one is stack:
            done.append(0)
        elif is_one(one):
            leaves.append(one)
            places.append(place)
            done.append(len(leaves))
        elif not isinstance(one, list | tuple) or len(one) != 2:
            raise BracketsError(place, len(one) if isinstance(one, list | tuple) else None)
        else:
            stack += [(stack, place), (one[1], f"{place}/1"), (one[0], f"{place}/0")]
    numbers: list[int] = []
    for leaf in done:
        if not leaf:
            right, left = numbers.pop(), numbers.pop()
            merges.append((left, right))
        numbers.append(leaf or len(leaves) + len(merges))
    return Nested(tree_of(merges, len(leaves)), tuple(leaves), tuple(places))


def shape_of(form: Any) -> Tree:
    """The tree that pairs of pairs of anything stand for. Raises `BracketsError`."""
    return brackets(form, lambda one: not isinstance(one, list | tuple)).tree


def trees_given(recurrence: Recurrence, inputs: Mapping[str, Any]) -> dict[str, Tree]:
    """The shapes that inputs give, of each tree the first one that is well-formed."""
    found: dict[str, Tree] = {}
    for name, domain in tree_inputs(recurrence).items():
        variable = recurrence.variables[name]
        if domain not in found and is_nested(inputs.get(name), variable):
            try:
                found[domain] = brackets(inputs[name], lambda one, v=variable: is_leaf(one, v)).tree
            except BracketsError:
                continue
    return found


def tree_inputs(recurrence: Recurrence) -> dict[str, str]:
    """Inputs over a tree alone: name to domain."""
    return {
        name: variable.domains[0]
        for name, variable in recurrence.variables.items()
        if variable.kind == "input"
        and len(variable.domains) == 1
        and recurrence.domains[variable.domains[0]].kind == "tree"
    }


def is_nested(form: Any, variable: Variable) -> bool:
    """Whether something given is a tree of leaves, or one leaf alone."""
    if isinstance(form, list | tuple):
        return not is_flat(form, variable)
    if form is None or isinstance(form, str | Mapping):
        return False
    rank = getattr(form, "ndim", 0)
    return rank == len(variable.shape) or (variable.one_hot and not rank)


def is_flat(form: Sequence[Any], variable: Variable) -> bool:
    """Whether a list holds one entry a node (or a leaf) instead of pairs of pairs."""
    if len(form) in (0, 2) or not all(is_leaf(one, variable) for one in form):
        return False
    return variable.is_target or not is_leaf(form, variable)


def is_leaf(form: Any, variable: Variable) -> bool:
    """Whether something given is one leaf: a row of the input's rank, an array, a class where it is one-hot."""
    if getattr(form, "ndim", 0):
        return True
    rank = _rank(form)
    if not variable.one_hot:
        return rank == len(variable.shape)
    if rank != 1:
        return rank == 0
    is_pair = len(form) == 2 and all(isinstance(one, int) for one in form)
    return len(form) == variable.shape[0] and not is_pair


def _rank(form: Any) -> int:
    """How deep the lists go, as far as it matters; an empty one is deeper than any leaf."""
    rank = 0
    while isinstance(form, list | tuple) and rank < DEEP:
        rank, form = (rank + 1, form[0]) if form else (DEEP, form)
        if rank == DEEP:
            break
    return rank + getattr(form, "ndim", 0)
