"""Looks that the front matter of an entry speaks of names that stand in its texts."""

from __future__ import annotations

from collections.abc import Sequence

from unrolled.language import Recurrence

from .entry import CatalogueError, Entry, Text


def names_of(recurrence: Recurrence) -> set[str]:
    """Every name that a reader meets: variables, parameters, constants, settings."""
    return {
        *recurrence.variables,
        *recurrence.parameters,
        *recurrence.constants,
        *recurrence.settings,
    }


def check_names(entry: Entry, texts: Sequence[tuple[Text, Recurrence]]) -> None:
    """Legend and defaults of an entry. Raises `CatalogueError`.

    Defaults of the entry hold for all its texts, so a name must stand in one of them, and a value
    of a parameter or of a boundary must have the shape that one of them gives it.
    """
    everywhere: set[str] = set()
    for _, recurrence in texts:
        everywhere |= names_of(recurrence)
    for name in entry.legend:
        if name not in everywhere:
            raise CatalogueError(entry.file, 1, f"`legend`: no equation has `{name}`")
    for text, _ in texts:
        defaults = text.defaults
        settings = {name for _, one in texts for name in one.settings}
        fit = {name for _, one in texts for name in defaults.parameters_of(one)}
        bounded = {name for _, one in texts for name in defaults.boundary_of(one)}
        for key, names, known in (
            ("settings", set(defaults.settings), settings),
            ("parameters", set(defaults.parameters), fit),
            ("boundary", set(defaults.boundary), bounded),
            ("clamp", {str(one.get("variable")) for one in defaults.clamp}, everywhere),
        ):
            wrong = sorted(names - known)
            if wrong:
                raise CatalogueError(
                    entry.file,
                    1,
                    f"`{key}` of the defaults: `{wrong[0]}` is in no equation, or has another shape",
                )
