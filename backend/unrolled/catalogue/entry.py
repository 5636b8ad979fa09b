"""What the catalogue holds: entries, their texts, and the run each one opens with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    paper: str
    alphabet: str
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
