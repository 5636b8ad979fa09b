"""What the catalogue holds: entries, their texts, and the run each one opens with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from unrolled.language import Recurrence

ALPHABET = " abcdefghijklmnopqrstuvwxyz"
"""The symbols of one-hot text inputs, in the order of their positions, unless an entry differs."""


class CatalogueError(Exception):
    """A catalogue file is wrong; says which file, which line, what, and what to write instead."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file, self.line, self.message = file, line, message


@dataclass(frozen=True)
class Defaults:
    """The run that an architecture opens with, in the forms of a run request."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
    boundary: Mapping[str, Any] = field(default_factory=dict)
    forcing: float = 1.0
    seed: int = 0
    settings: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    clamp: Sequence[Mapping[str, Any]] = ()

    @property
    def held(self) -> list[str]:
        """Variables that the run holds at every step and unit."""
        return [one["variable"] for one in self.clamp if not {"steps", "units"} & set(one)]

    def parameters_of(self, recurrence: Recurrence) -> dict[str, Any]:
        """The parameters' values that fit: with other sizes, or without the name, they are drawn."""
        shapes = {name: one.shape for name, one in recurrence.parameters.items()}
        return fitting(self.parameters, shapes)

    def boundary_of(self, recurrence: Recurrence) -> dict[str, Any]:
        """The boundary values whose size is that of their variable in this recurrence."""
        shapes = {name: one.shape for name, one in recurrence.variables.items()}
        return {
            name: form
            for name, form in self.boundary.items()
            if name in shapes
            and all(has_shape(one, shapes[name]) for one in positions(form).values())
        }


def positions(form: Any) -> Mapping[str, Any]:
    """A boundary's values by position; a bare value is the one at 0."""
    return form if isinstance(form, Mapping) else {"0": form}


def fitting(values: Mapping[str, Any], shapes: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """The values whose name is known and whose lists are as long as its shape says."""
    return {
        name: value
        for name, value in values.items()
        if name in shapes and has_shape(value, shapes[name])
    }


def has_shape(value: Any, shape: Sequence[int]) -> bool:
    """Whether a number or nested list has this shape."""
    if not shape:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != shape[0]:
        return False
    return all(has_shape(row, shape[1:]) for row in value)


@dataclass(frozen=True)
class Text:
    """One recurrence of an entry. `name` is empty for the first; `lines[i]` is the line of the
    catalogue file from which line i + 1 of `equations` comes."""

    name: str
    titles: Mapping[str, str]
    equations: str
    lines: tuple[int, ...]
    defaults: Defaults


@dataclass(frozen=True)
class Entry:
    """One file of the catalogue."""

    id: str
    order: float
    titles: Mapping[str, str]
    section: str
    figure: str | None
    equation_numbers: tuple[str, ...]
    papers: Mapping[str, str]
    alphabet: str
    legend: Mapping[str, Mapping[str, str]]
    prose: Mapping[str, str]
    texts: tuple[Text, ...]
    file: str


@dataclass(frozen=True)
class Architecture:
    """An entry with one of its texts chosen: what an id such as `lstm` or `lstm/book` names."""

    entry: Entry
    text: Text

    @property
    def id(self) -> str:
        return f"{self.entry.id}/{self.text.name}" if self.text.name else self.entry.id

    @property
    def titles(self) -> Mapping[str, str]:
        return self.text.titles

    @property
    def equations(self) -> str:
        return self.text.equations

    @property
    def defaults(self) -> Defaults:
        return self.text.defaults

    @property
    def alphabet(self) -> str:
        return self.entry.alphabet

    @property
    def variants(self) -> tuple[tuple[str, Mapping[str, str]], ...]:
        """Ids and titles of all texts of the entry except the first."""
        return tuple((f"{self.entry.id}/{t.name}", t.titles) for t in self.entry.texts if t.name)
