"""The catalogue: one Markdown file per architecture, and nothing else that knows architectures.

`read_catalogue()` reads the files beside this module; `Catalogue.find("lstm/book")` gives one
architecture; `describe_architecture` adds what is derived from its text. The format of the files is
described in `docs/catalogue.md`, the work is in `reading.py`, `variants.py` and `prose.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from unrolled.language import LanguageError, Recurrence, parse

from .checking import check_names
from .entry import ALPHABET, Architecture, CatalogueError, Defaults, Entry, Text
from .prose import Symbol, render
from .reading import read_entry

__all__ = [
    "ALPHABET",
    "Architecture",
    "Catalogue",
    "CatalogueError",
    "Defaults",
    "Entry",
    "Symbol",
    "Text",
    "check",
    "read_catalogue",
    "read_entry",
    "render",
]

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Catalogue:
    """All architectures by id, in the order of the book; variants follow their entry."""

    architectures: Mapping[str, Architecture]

    @property
    def entries(self) -> tuple[Architecture, ...]:
        """The first architecture of each entry."""
        return tuple(a for a in self.architectures.values() if not a.text.name)

    def find(self, name: str) -> Architecture | None:
        return self.architectures.get(name)


def read_catalogue(folder: Path | None = None) -> Catalogue:
    """Read every `*.md` file of a folder; the project's own, once a process. Raises `CatalogueError` for the first that is wrong."""
    return _own() if folder is None else _read(folder)


@cache
def _own() -> Catalogue:
    return _read(FOLDER)


def _read(folder: Path) -> Catalogue:
    entries = [
        read_entry(file.read_text(encoding="utf-8"), file.name)
        for file in sorted(folder.glob("*.md"))
    ]
    found: dict[str, Architecture] = {}
    for entry in sorted(entries, key=lambda e: (e.order, e.id)):
        if entry.id in found:
            raise CatalogueError(entry.file, 1, f"another file already has the id `{entry.id}`")
        for text in entry.texts:
            architecture = Architecture(entry, text)
            found[architecture.id] = architecture
    return Catalogue(found)


def check(entry: Entry) -> None:
    """Parse every text of an entry, and look that its front matter speaks of what stands in them.

    Raises `CatalogueError` at the line of the file.
    """
    found: list[tuple[Text, Recurrence]] = []
    for text in entry.texts:
        try:
            found.append((text, parse(text.equations, sizes=text.defaults.sizes)))
        except LanguageError as error:
            first = error.diagnostics[0]
            line = text.lines[min(first.line, len(text.lines)) - 1]
            message = f"{first.detail('en')} {first.hint('en')}"
            raise CatalogueError(entry.file, line, message) from error
    check_names(entry, found)
