"""Write a recurrence the way the book writes it; see it unfold, run, learn and explain itself.

import unrolled

model = unrolled.load("lstm")        # from the catalogue; or unrolled.parse(text)
run = model.run(text="hello")
run["f"]                             # the forget gate: torch tensor (time, batch, size)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from unrolled.engine import Chunk
    from unrolled.language import Recurrence

__version__ = "0.1.0"
__all__ = ["Model", "Result", "load", "parse"]


@dataclass(frozen=True)
class Result:
    """A computed run, read as `run["h"]`.

    `values`: name to tensor (steps, batch, size); `lengths`: steps a domain; `symbols`: the characters
    or classes of one-hot inputs.
    """

    values: Mapping[str, Tensor]
    lengths: Mapping[str, int]
    symbols: Mapping[str, list[str]]

    def __getitem__(self, name: str) -> Tensor:
        return self.values[name]


@dataclass(frozen=True)
class Model:
    """A recurrence with the run it opens with. Made by `load` or `parse`."""

    recurrence: Recurrence
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def description(self, **options: Any) -> dict[str, Any]:
        """Folded graph, LaTeX, schedule, cost: plain data. Options: `lengths`, `forcing`."""
        from unrolled.graph import describe

        return describe(self.recurrence, **options)

    def chunks(self, *, text: str | None = None, **options: Any) -> Iterator[Chunk]:
        """Compute chunk by chunk, as steps are finished; options as for `run`."""
        return self._prepare(text, options).chunks()

    def run(self, *, text: str | None = None, **options: Any) -> Result:
        """Compute every variable at every step.

        `text` goes to the first one-hot input. Options are those of `unrolled.engine.prepare`:
        `inputs`, `lengths`, `parameters` (name to numbers), `seed`, `settings`, `boundary`, `forcing`
        (probability from 0 to 1), `variables`, `dtype` ("float32" or "float64"), `batch`.
        Raises `unrolled.engine.RunError`, which names the part of the request and the cure.
        """
        run = self._prepare(text, options)
        return Result(run.complete(), run.lengths, run.symbols)

    def _prepare(self, text: str | None, options: Mapping[str, Any]) -> Any:
        from unrolled.engine import prepare

        known = {**self.defaults, **options}
        inputs: dict[str, Any] = {**self.defaults.get("inputs", {}), **options.get("inputs", {})}
        if text is not None:
            variables = self.recurrence.variables.values()
            names = [one.name for one in variables if one.one_hot and not one.is_target]
            if not names:
                raise ValueError("no input here is one-hot; give `inputs` with rows of numbers")
            known_text = inputs.get(names[0])
            inputs[names[0]] = {
                **(known_text if isinstance(known_text, dict) else {}),
                "text": text,
            }
        merged = {
            key: {**self.defaults.get(key, {}), **options.get(key, {})}
            for key in ("settings", "parameters")
        }
        return prepare(self.recurrence, **{**known, **merged, "inputs": inputs})


def load(identity: str, sizes: Mapping[str, int] | None = None) -> Model:
    """An architecture of the catalogue, such as `lstm` or `lstm/book`, with its defaults.

    `sizes` replaces sizes, as in `{"h": 16}`. Raises `KeyError` for an unknown id.
    """
    from unrolled.catalogue import ALPHABET, read_catalogue
    from unrolled.language import parse as read

    catalogue = read_catalogue()
    found = catalogue.find(identity)
    if found is None:
        raise KeyError(
            f"no architecture `{identity}`; there are: {', '.join(catalogue.architectures)}"
        )
    own = found.defaults
    alphabet = {} if found.alphabet == ALPHABET else {"alphabet": found.alphabet}
    inputs = {
        name: {**alphabet, **form} if isinstance(form, dict) and "text" in form else form
        for name, form in own.inputs.items()
    }
    recurrence = read(found.equations, {**own.sizes, **(sizes or {})})
    rest = {
        "lengths": own.lengths,
        "boundary": own.boundary_of(recurrence),
        "forcing": own.forcing,
        "seed": own.seed,
        "settings": own.settings,
        "parameters": own.parameters_of(recurrence),
        "clamp": own.clamp,
    }
    return Model(recurrence, {"inputs": inputs, **rest})


def parse(text: str, sizes: Mapping[str, int] | None = None) -> Model:
    """A text of the recurrence language. Raises `unrolled.language.LanguageError` with line and column."""
    from unrolled.language import parse as read

    return Model(read(text, sizes))
