"""A tree as a caller gives it: pairs of pairs of leaves, as its shape and the rows of its leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from unrolled.engine.problems import escape, refuse
from unrolled.graph import Tree, tree_of
from unrolled.language import Recurrence, Variable

DEEP: Final = 4
"""More brackets than a leaf can have."""


@dataclass(frozen=True, slots=True)
class Nested:
    """The shape of a tree, and its leaves from left to right, each with its place in what was given."""

    tree: Tree
    leaves: tuple[Any, ...]
    places: tuple[str, ...]


def tree_inputs(recurrence: Recurrence) -> dict[str, str]:
    """Inputs over a tree alone: name to domain."""
    return {
        name: variable.domains[0]
        for name, variable in recurrence.variables.items()
        if variable.kind == "input"
        and len(variable.domains) == 1
        and recurrence.domains[variable.domains[0]].kind == "tree"
    }


def read_trees(
    recurrence: Recurrence, inputs: Mapping[str, Any], lengths: Mapping[str, int]
) -> dict[str, Tree]:
    """The shape of every tree that an input gives. Raises `RunError` where a shape is none, or two differ."""
    found: dict[str, tuple[str, Tree]] = {}
    flat: list[tuple[str, str, int]] = []
    for name, domain in tree_inputs(recurrence).items():
        form, variable = inputs.get(name), recurrence.variables[name]
        if isinstance(form, list | tuple) and is_flat(form, variable):
            flat.append((name, domain, len(form)))
        if not is_nested(form, variable):
            continue
        tree = read_nested(form, variable).tree
        first, known = found.setdefault(domain, (name, tree))
        if known != tree:
            raise refuse(f"/inputs/{escape(name)}", "tree-differs", name=name, other=first)
    for name, domain, count in flat:
        leaves = found[domain][1].leaves if domain in found else lengths.get(domain)
        if leaves is None:
            raise _children(f"/inputs/{escape(name)}", name, count)
        if count not in (leaves, 2 * leaves - 1):
            raise refuse(
                f"/inputs/{escape(name)}", "tree-rows", name=name, have=str(count),
                leaves=str(leaves), nodes=str(2 * leaves - 1),
            )  # fmt: skip
    for domain, (name, tree) in found.items():
        asked = lengths.get(domain, tree.leaves)
        if asked != tree.leaves:
            raise refuse(
                f"/inputs/{escape(name)}", "tree-leaves", name=name, have=str(tree.leaves),
                want=str(asked), domain=domain,
            )  # fmt: skip
    return {domain: tree for domain, (_, tree) in found.items()}


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


def read_nested(form: Any, variable: Variable) -> Nested:
    """Pairs of pairs of leaves. Raises `RunError` with the place of a node that is no pair, or of a leaf."""
    leaves: list[Any] = []
    places: list[str] = []
    merges: list[tuple[int, int]] = []
    done: list[int] = []  # 0 for a pair whose children stand before it, else a leaf
    stack: list[tuple[Any, str]] = [(form, f"/inputs/{escape(variable.name)}")]
    while stack:
        one, place = stack.pop()
        if one is stack:
            done.append(0)
        elif is_leaf(one, variable):
            leaves.append(_row(one, variable, place))
            places.append(place)
            done.append(len(leaves))
        elif not isinstance(one, list | tuple):
            raise refuse(place, "tree-leaf", name=variable.name, size=_shown(variable.shape))
        elif len(one) != 2:
            raise _children(place, variable.name, len(one))
        else:
            stack += [(stack, place), (one[1], f"{place}/1"), (one[0], f"{place}/0")]
    numbers: list[int] = []
    for leaf in done:
        if not leaf:
            right, left = numbers.pop(), numbers.pop()
            merges.append((left, right))
        numbers.append(leaf or len(leaves) + len(merges))
    return Nested(tree_of(merges, len(leaves)), tuple(leaves), tuple(places))


def _row(leaf: Any, variable: Variable, place: str) -> Any:
    """A leaf as an array. Raises `RunError` where it has another shape than the input."""
    try:
        array = np.asarray(leaf, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise refuse(place, "tree-leaf", name=variable.name, size=_shown(variable.shape)) from None
    is_class = variable.one_hot and array.ndim == 0
    if not is_class and array.shape[-len(variable.shape) or array.ndim :] != variable.shape:
        raise refuse(
            place,
            "input-shape",
            name=variable.name,
            have=_shown(array.shape),
            want=_shown(variable.shape),
        )
    return array


def _shown(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "1"


def _children(pointer: str, name: str, count: int) -> Exception:
    if not count:
        return refuse(pointer, "tree-empty", name=name)
    return refuse(pointer, "tree-children", name=name, count=str(count))
