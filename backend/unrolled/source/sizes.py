"""Sizes as a reader sets them: every shape as a sum of the text's sizes, found by reading it a little larger."""

from __future__ import annotations

from collections.abc import Iterator

from unrolled.language import LanguageError, Recurrence, Shape, parse


class Sizes:
    """`free`: the sizes that may change, with their defaults; `words` writes a shape with them."""

    def __init__(self, recurrence: Recurrence) -> None:
        self.free: dict[str, int] = {}
        self._recurrence = recurrence
        self._shapes = dict(_shapes(recurrence))
        self._larger: dict[str, dict[str, Shape]] = {}
        sizes = {name: one for name, one in recurrence.sizes.items() if isinstance(one, int)}
        for name, size in sizes.items():
            try:
                larger = parse(recurrence.text, {**sizes, name: size + 1})
            except LanguageError:
                continue  # tied to another size, or to a constant of the text
            self.free[name] = size
            self._larger[name] = dict(_shapes(larger))
        used = {word for name in self._shapes for terms, _ in self._sums(name) for word in terms}
        self.free = {name: size for name, size in self.free.items() if name in used}

    def _sums(self, name: str) -> list[tuple[dict[str, int], int]]:
        """Each dimension of a name: how often every free size is in it, and what is left."""
        found: list[tuple[dict[str, int], int]] = []
        for place, size in enumerate(self._shapes[name]):
            times = {
                free: shapes[name][place] - size
                for free, shapes in self._larger.items()
                if shapes[name][place] != size
            }
            found.append((times, size - sum(n * self.free[free] for free, n in times.items())))
        return found

    def words(self, name: str, prefix: str = "", suffix: str = "") -> list[str]:
        """The shape of a name, written: `["h", "x"]`, or `["self.h_size", "3"]`."""
        return [
            self._sum({f"{prefix}{one}{suffix}": n for one, n in times.items()}, rest)
            for times, rest in self._sums(name)
        ]

    def _sum(self, times: dict[str, int], rest: int) -> str:
        parts = [one if n == 1 else f"{n} * {one}" for one, n in times.items()]
        if rest or not parts:
            parts.append(str(rest))
        return " + ".join(parts)


def _shapes(recurrence: Recurrence) -> Iterator[tuple[str, Shape]]:
    for group in (recurrence.variables, recurrence.parameters, recurrence.constants):
        for name, one in group.items():
            yield name, one.shape
