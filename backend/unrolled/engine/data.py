"""What a caller gives as input: text, numbers, classes, or a generator; as tensors (steps, batch, size)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from unrolled.engine.problems import escape, refuse
from unrolled.engine.trees import read_nested
from unrolled.graph import Tree
from unrolled.graph.nested import is_nested, tree_inputs
from unrolled.graph.nulls import has_null, where_given, without_nulls
from unrolled.graph.trees import leaf_inputs
from unrolled.language import Recurrence, Variable

DEFAULT_STEPS: Final = 12
MOST_STEPS: Final = 100
LETTERS: Final = " abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Given:
    """An input as a tensor (steps…, batch, size…), and the symbols of its steps where it has any.

    `stands`: at which steps it was given (1) or null (0); None: at all of them.
    """

    values: Tensor
    symbols: tuple[str, ...] | None = None
    alphabet: str | None = None
    stands: Tensor | None = None


def usual_alphabet(size: int) -> str | None:
    """27: space and a-z. 128: ASCII. 256: bytes, written as Latin-1."""
    return {
        27: LETTERS,
        128: "".join(map(chr, range(128))),
        256: "".join(map(chr, range(256))),
    }.get(size)


def read_inputs(
    recurrence: Recurrence,
    inputs: Mapping[str, Any],
    lengths: Mapping[str, int],
    *,
    batch: int,
    dtype: torch.dtype,
    seed: int,
    trees: Mapping[str, Tree] | None = None,
    observed: Mapping[str, Variable] | None = None,
) -> tuple[dict[str, Given], dict[str, int]]:
    """All inputs as tensors, and the length of every domain; of a tree, its nodes.

    `observed`: random variables that are given too. Lengths follow from what is given; domains that nothing
    fixes have 12 steps, at most 100 where they end by `stop`. Raises `RunError`.
    """
    expected = {name: one for name, one in recurrence.variables.items() if one.kind == "input"}
    if observed:
        expected |= observed
    reader = _Reader(recurrence, dict(inputs), batch, dtype, seed)
    trees = trees or {}
    over_trees = tree_inputs(recurrence)
    words = leaf_inputs(recurrence) & over_trees.keys()
    given: dict[str, Given] = {}
    later: list[str] = []
    for name, variable in expected.items():
        form = inputs.get(name)
        if form is None or (isinstance(form, Mapping) and ("generate" in form or "next" in form)):
            later.append(name)
        elif name in over_trees:
            given[name] = reader.over_tree(variable, form, trees[over_trees[name]])
        elif name in (observed or {}) and has_null(form):
            given[name] = reader.partial(variable, form)
        else:
            given[name] = reader.explicit(variable, form)
    _check_lengths(lengths)
    nodes = {domain: tree.nodes for domain, tree in trees.items()}
    known = _lengths(recurrence, given, {**lengths, **nodes})
    for name in sorted(
        later, key=lambda one: isinstance(inputs.get(one), Mapping) and "next" in inputs[one]
    ):
        given[name] = reader.derived(expected[name], inputs.get(name), known, given)
        if name in words:
            given[name] = reader.at_leaves(given[name], trees[over_trees[name]])
    return {name: given[name] for name in expected}, known


def lengths_of(
    recurrence: Recurrence, inputs: Mapping[str, Any], lengths: Mapping[str, int]
) -> dict[str, int]:
    """The length of every domain from the outside of what is given, before anything is made of it."""
    known = {
        domain: length
        for domain, length in lengths.items()
        if domain in recurrence.domains and length > 0
    }
    for name, form in inputs.items():
        variable = recurrence.variables.get(name)
        inner: Any = form.get("text") if isinstance(form, Mapping) else form
        if variable is not None and name in tree_inputs(recurrence):
            known.setdefault(variable.domains[0], _leaves(inner))
            continue
        for domain in variable.domains if variable is not None else ():
            if (
                inner is None
                or not hasattr(inner, "__len__")
                or isinstance(inner, Mapping)
                or not len(inner)
            ):
                break
            known.setdefault(domain, len(inner))
            inner = inner[0]
    return {
        domain: known.get(domain, usual_steps(recurrence, domain)) for domain in recurrence.domains
    }


def usual_steps(recurrence: Recurrence, domain: str) -> int:
    """Steps of a domain that nothing fixes; of one that ends by `stop`, the most it may have."""
    return MOST_STEPS if recurrence.domains[domain].kind == "generated" else DEFAULT_STEPS


def _leaves(form: Any) -> int:
    """Leaves of a balanced tree that a text, or an array with a row a node or a leaf, stands for."""
    has_rows = hasattr(form, "__len__") and getattr(form, "ndim", 1) > 0
    count = len(form) if has_rows and not isinstance(form, Mapping) else 0
    return count or DEFAULT_STEPS


def _check_lengths(lengths: Mapping[str, int]) -> None:
    for domain, length in lengths.items():
        if length < 1:
            raise refuse(f"/lengths/{escape(domain)}", "length-zero", domain=domain)


def _lengths(
    recurrence: Recurrence, given: Mapping[str, Given], lengths: Mapping[str, int]
) -> dict[str, int]:
    known = dict(lengths)
    source = dict.fromkeys(lengths, "lengths")
    for name, one in given.items():
        for place, domain in enumerate(recurrence.variables[name].domains):
            have = one.values.shape[place]
            if known.setdefault(domain, have) != have:
                raise refuse(
                    f"/inputs/{escape(name)}", "length-conflict", name=name, have=str(have), domain=domain,
                    want=str(known[domain]), by=source[domain],
                )  # fmt: skip
            source.setdefault(domain, name)
    return {
        domain: known.get(domain, usual_steps(recurrence, domain)) for domain in recurrence.domains
    }


class _Reader:
    def __init__(
        self,
        recurrence: Recurrence,
        inputs: dict[str, Any],
        batch: int,
        dtype: torch.dtype,
        seed: int,
    ) -> None:
        self.recurrence = recurrence
        self.inputs = inputs
        self.batch = batch
        self.dtype = dtype
        self.seed = seed

    def explicit(self, variable: Variable, form: Any) -> Given:
        """A list, an array, a tensor or a text."""
        pointer = f"/inputs/{escape(variable.name)}"
        if isinstance(form, Mapping):
            if isinstance(form.get("text"), str):
                return self._text(variable, form["text"], form.get("alphabet"), f"{pointer}/text")
            raise self._form(variable, pointer)
        if isinstance(form, str):
            return self._text(variable, form, None, pointer)
        if isinstance(form, Tensor):
            form = form.detach().to(torch.float64).numpy()
        try:
            array = np.asarray(form, dtype=np.float64)
        except (ValueError, TypeError, OverflowError):
            raise self._form(variable, pointer) from None
        if array.size == 0:
            raise refuse(pointer, "input-empty", name=variable.name)
        return self._array(variable, array, pointer)

    def partial(self, variable: Variable, form: Any) -> Given:
        """A list in which some steps are null."""
        domains = len(variable.domains)
        given = self.explicit(variable, without_nulls(form))
        try:
            mask = torch.tensor(where_given(form, domains), dtype=torch.float64)
        except (ValueError, TypeError):
            mask = torch.zeros(())
        if mask.shape != given.values.shape[:domains]:
            raise self._form(variable, f"/inputs/{escape(variable.name)}")
        return replace(given, symbols=None, stands=mask)

    def over_tree(self, variable: Variable, form: Any, tree: Tree) -> Given:
        """Leaves in pairs of pairs, a text of leaves, or one row a leaf or a node; rows of inner nodes are 0."""
        rows = form
        if is_nested(form, variable):
            rows = np.stack(read_nested(form, variable).leaves)
        given = self.explicit(variable, rows)
        count = given.values.shape[0]
        if count == tree.nodes:
            return given
        if count != tree.leaves:
            raise refuse(
                f"/inputs/{escape(variable.name)}", "tree-rows", name=variable.name, have=str(count),
                leaves=str(tree.leaves), nodes=str(tree.nodes),
            )  # fmt: skip
        inner = torch.zeros(tree.nodes - count, *given.values.shape[1:], dtype=self.dtype)
        return self.at_leaves(replace(given, values=torch.cat([given.values, inner])), tree)

    def at_leaves(self, given: Given, tree: Tree) -> Given:
        """A value a node, without what stands at inner nodes: zeros, and no symbols."""
        values = given.values.clone()
        values[tree.leaves :] = 0
        blank = ("",) * (tree.nodes - tree.leaves)
        symbols = None if given.symbols is None else (*given.symbols[: tree.leaves], *blank)
        return replace(given, values=values, symbols=symbols)

    def _form(self, variable: Variable, pointer: str) -> Exception:
        return refuse(
            pointer,
            "input-form",
            name=variable.name,
            size="×".join(map(str, variable.shape)) or "1",
        )

    def _array(
        self, variable: Variable, array: np.ndarray[Any, np.dtype[np.float64]], pointer: str
    ) -> Given:
        domains = len(variable.domains)
        if not np.isfinite(array).all():
            step = int(np.argwhere(~np.isfinite(array))[0][0]) + 1 if array.ndim else 1
            raise refuse(pointer, "input-finite", name=variable.name, step=str(step))
        if variable.one_hot and array.ndim == domains:
            return self._classes(variable, array, pointer)
        if array.ndim == domains and variable.shape == (1,):
            array = array[..., None]
        shape = array.shape[domains:]
        want = "×".join(map(str, variable.shape)) or "()"
        if len(shape) == len(variable.shape) + 1 and shape[1:] == variable.shape:
            if shape[0] == self.batch:
                return Given(torch.from_numpy(array).to(self.dtype))
            raise refuse(
                pointer, "input-batch", name=variable.name, have=str(shape[0]), want=want,
                batch=str(self.batch),
            )  # fmt: skip
        if shape != variable.shape or array.ndim < domains:
            have = "×".join(map(str, shape)) or "()"
            raise refuse(pointer, "input-shape", name=variable.name, have=have, want=want)
        return Given(self._spread(torch.from_numpy(array).to(self.dtype), domains))

    def _spread(self, tensor: Tensor, domains: int) -> Tensor:
        """A batch dimension after the domains."""
        tensor = tensor.unsqueeze(domains)
        sizes = [-1] * tensor.dim()
        sizes[domains] = self.batch
        return tensor.expand(*sizes)

    def _classes(
        self, variable: Variable, array: np.ndarray[Any, np.dtype[np.float64]], pointer: str
    ) -> Given:
        size = variable.shape[0]
        wrong = (array < 0) | (array >= size) | (array != np.floor(array))
        if wrong.any():
            flat = int(np.argmax(wrong.reshape(-1)))
            value = f"{array.reshape(-1)[flat]:g}"
            raise refuse(
                pointer,
                "symbol-range",
                name=variable.name,
                value=value,
                step=str(flat + 1),
                last=str(size - 1),
            )
        classes = torch.from_numpy(array.astype(np.int64))
        return self._one_hot(
            variable, classes, tuple(str(one) for one in array.astype(int).reshape(-1)), None
        )

    def _one_hot(
        self, variable: Variable, classes: Tensor, symbols: tuple[str, ...], alphabet: str | None
    ) -> Given:
        rows = torch.nn.functional.one_hot(classes, variable.shape[0]).to(self.dtype)
        return Given(
            self._spread(rows, classes.dim()), symbols if variable.domains else None, alphabet
        )

    def _text(self, variable: Variable, text: str, alphabet: Any, pointer: str) -> Given:
        name, size = variable.name, variable.shape[0] if variable.shape else 0
        if not variable.one_hot:
            raise refuse(pointer, "text-not-onehot", name=name)
        if not text:
            raise refuse(pointer, "input-empty", name=name)
        if alphabet is None:
            alphabet = usual_alphabet(size)
            if alphabet is None:
                raise refuse(pointer, "alphabet-missing", name=name, size=str(size))
            if size == 256:
                text = text.encode("utf-8", "replace").decode("latin-1")
        elif (
            not isinstance(alphabet, str)
            or len(set(alphabet)) != len(alphabet)
            or len(alphabet) != size
        ):
            have = str(len(set(alphabet))) if isinstance(alphabet, str) else "0"
            raise refuse(
                pointer.removesuffix("/text") + "/alphabet",
                "alphabet-size",
                name=name,
                have=have,
                size=str(size),
            )
        places = {character: place for place, character in enumerate(alphabet)}
        for place, character in enumerate(text, 1):
            if character not in places:
                shown = (
                    character
                    if character.isprintable() and not 0xD800 <= ord(character) <= 0xDFFF
                    else f"U+{ord(character):04X}"
                )
                raise refuse(
                    pointer, "character-unknown", name=name, character=f"“{shown}”", place=str(place),
                    alphabet=_shown(alphabet),
                )  # fmt: skip
        classes = torch.tensor([places[character] for character in text])
        if not variable.domains:
            classes = classes[0]
        return self._one_hot(variable, classes, tuple(text), alphabet)

    def derived(
        self, variable: Variable, form: Any, lengths: Mapping[str, int], given: Mapping[str, Given]
    ) -> Given:
        """What follows from another input, or from a generator."""
        pointer = f"/inputs/{escape(variable.name)}"
        if isinstance(form, Mapping) and "next" in form:
            return self._next(variable, form["next"], given, pointer)
        kind = "symbols" if variable.one_hot else "normal"
        seed = self.seed
        if isinstance(form, Mapping):
            kind = form["generate"] if isinstance(form["generate"], str) else "?"
            own = form.get("seed", seed)
            seed = own if isinstance(own, int) else seed
        if kind not in GENERATORS or (kind == "symbols" and len(variable.shape) != 1):
            raise refuse(
                f"{pointer}/generate",
                "generate-unknown",
                generator=kind[:30],
                names=", ".join(GENERATORS),
            )
        steps = [lengths[domain] for domain in variable.domains]
        generator = torch.Generator().manual_seed(stable_seed(seed, variable.name))
        values = GENERATORS[kind](tuple(steps), variable.shape, generator).to(self.dtype)
        symbols = (
            tuple(str(int(one)) for one in values.argmax(-1).reshape(-1))
            if kind == "symbols" and variable.domains
            else None
        )
        return Given(self._spread(values, len(steps)), symbols)

    def _next(
        self, variable: Variable, other: Any, given: Mapping[str, Given], pointer: str
    ) -> Given:
        source = self.recurrence.variables.get(other) if isinstance(other, str) else None
        if (
            source is None
            or other not in given
            or (source.domains, source.shape) != (variable.domains, variable.shape)
            or len(source.domains) != 1
            or other in tree_inputs(self.recurrence)
        ):
            raise refuse(f"{pointer}/next", "next-of", name=variable.name, other=str(other)[:30])
        one = given[other]
        last = torch.zeros_like(one.values[:1])
        if variable.one_hot:
            last[..., 0] = 1
        symbols = None
        if one.symbols is not None:
            symbols = (*one.symbols[1:], one.alphabet[0] if one.alphabet else "0")
        return Given(torch.cat([one.values[1:], last]), symbols, one.alphabet)


def _shown(alphabet: str) -> str | tuple[str, str]:
    if alphabet == LETTERS:
        return ("a-z, space", "a-z、空格")
    return alphabet if len(alphabet) <= 40 and alphabet.isprintable() else f"{alphabet[:37]!r}…"


def stable_seed(seed: int, name: str) -> int:
    """A seed for one name that does not change when other names come or go."""
    return int.from_bytes(
        blake2b(f"{seed}:{name}".encode("utf-8", "replace"), digest_size=7).digest(), "little"
    )


def _normal(steps: tuple[int, ...], shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(*steps, *shape, generator=generator, dtype=torch.float64)


def _sine(steps: tuple[int, ...], shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    units = math.prod(shape)
    time = torch.arange(1, math.prod(steps) + 1, dtype=torch.float64).unsqueeze(-1)
    phase = 2 * math.pi * torch.arange(units, dtype=torch.float64) / max(units, 1)
    return torch.sin(2 * math.pi * time / 12 + phase).reshape(*steps, *shape)


def _impulse(steps: tuple[int, ...], shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    values = torch.zeros(*steps, *shape, dtype=torch.float64)
    values[(0,) * len(steps)] = 1
    return values


def _symbols(steps: tuple[int, ...], shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    classes = torch.randint(shape[0], steps, generator=generator)
    return torch.nn.functional.one_hot(classes, shape[0]).to(torch.float64)


GENERATORS: dict[str, Callable[[tuple[int, ...], tuple[int, ...], torch.Generator], Tensor]] = {
    "normal": _normal,
    "sine": _sine,
    "impulse": _impulse,
    "symbols": _symbols,
}
