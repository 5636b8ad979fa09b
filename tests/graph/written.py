"""What a text that is written at random is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Shape = tuple[int, ...]
SHAPES: tuple[Shape, ...] = ((), (2,), (3,), (2, 3))
DOMAINS = {"t": "time", "s": "source", "k": "time", "n": "tree", "m": "tree"}


@dataclass(frozen=True)
class Written:
    """A text, and a run that it can have. `lengths` of a tree are its leaves, `brackets` its shape."""

    text: str
    lengths: dict[str, int]
    forcing: int
    clamp: tuple[dict[str, Any], ...] = ()
    brackets: Any = None


@dataclass(frozen=True)
class Name:
    """A variable or an input of a text that is being written."""

    name: str
    indices: tuple[str, ...]
    shape: Shape


@dataclass
class Cluster:
    """Equations that may depend on each other along `index`; sign -1 reads the past, 1 the future."""

    index: str | None
    sign: int
    members: list[Name] = field(default_factory=list[Name])


@dataclass(frozen=True)
class Boundary:
    name: Name
    dimension: int
    side: int
    text: str

    def is_read(self, body: str) -> bool:
        """Whether something reaches over this end of the domain."""
        reach = re.compile(r"[a-z]-\d+" if self.side < 0 else r"[a-z]\+\d+")
        edge = "0" if self.side < 0 else "end+1"
        for found in re.finditer(rf"\b{self.name.name}\[([^\]]*)\]", body):
            written = found[1].split(", ")[self.dimension]
            if written == edge or reach.fullmatch(written):
                return True
        return False


@dataclass
class Here:
    """Where an expression stands: the indices that run, and what may be read."""

    indices: tuple[str, ...]
    finished: list[Name]
    cluster: Cluster
    earlier: list[Name]
    own: Name | None

    def readable(self) -> list[Name]:
        return [*self.finished, *self.cluster.members]


def left(name: Name) -> str:
    return f"{name.name}[{', '.join(name.indices)}]" if name.indices else name.name
