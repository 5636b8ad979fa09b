"""A tree as a caller gives it, as its shape and the rows of its leaves, or an error with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unrolled.engine.problems import escape, refuse
from unrolled.graph import Tree
from unrolled.graph.nested import (
    BracketsError,
    Nested,
    brackets,
    is_flat,
    is_leaf,
    is_nested,
    tree_inputs,
)
from unrolled.language import Recurrence, Variable


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


def read_nested(form: Any, variable: Variable) -> Nested:
    """Pairs of pairs of leaves. Raises `RunError` with the place of a node that is no pair, or of a leaf."""
    pointer = f"/inputs/{escape(variable.name)}"
    try:
        found = brackets(form, lambda one: is_leaf(one, variable))
    except BracketsError as error:
        place = pointer + error.place
        if error.count is None:
            size = _shown(variable.shape)
            raise refuse(place, "tree-leaf", name=variable.name, size=size) from None
        raise _children(place, variable.name, error.count) from None
    places = tuple(pointer + place for place in found.places)
    rows = (_row(leaf, variable, place) for leaf, place in zip(found.leaves, places, strict=True))
    return Nested(found.tree, tuple(rows), places)


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
