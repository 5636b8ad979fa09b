"""A variant says only what it changes: its lines replace those with the same left side.

A line whose left side is new is inserted after the line above it, so that a variant reads in the
order of the text it changes. A block that opens a domain (`for t in time:`) is a whole text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Numbered = tuple[str, int]
"""A line, and its line number in the catalogue file."""

LEFT = re.compile(r"\s*([^\W\d]\w*\s*(?:\[[^\]]*\])?)\s*(=(?!=)|:)")
DOMAIN = re.compile(r"\s*for\s")


class ChangeError(Exception):
    """A changed line fits nowhere; carries its line number."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def is_whole(lines: Sequence[str]) -> bool:
    """Whether a block is a text of its own rather than a list of changes."""
    return any(DOMAIN.match(line) for line in lines)


def left_side(line: str) -> str | None:
    """`s[t]=` of `    s[t] = …`, `h:` of `h: 8`; None for other lines."""
    found = LEFT.match(line)
    return re.sub(r"\s", "", found.group(1)) + found.group(2) if found else None


def apply_changes(base: Sequence[Numbered], changes: Sequence[Numbered]) -> list[Numbered]:
    """The base with the changed lines in place. Raises `ChangeError`."""
    result = list(base)
    after = -1
    for line, number in changes:
        if not line.strip():
            continue
        left = left_side(line)
        if left is None:
            raise ChangeError(number, "a changed line begins with a left side, such as `h[t] =`")
        places = [i for i, (old, _) in enumerate(result) if left_side(old) == left]
        if places:
            after = places[0]
            result[after] = (indent_of(result[after][0]) + line.strip(), number)
        elif after < 0:
            raise ChangeError(
                number,
                f"the first recurrence has no `{left[:-1]}` to change; begin with one it has",
            )
        else:
            after += 1
            result.insert(after, (indent_of(result[after - 1][0]) + line.strip(), number))
    return result


def indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
