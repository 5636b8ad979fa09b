"""What a run hands out: the values of some steps, and how many steps at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from torch import Tensor

CHUNKS: Final = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Values of some steps of one domain: name to tensor (steps, [other domains,] batch, shape).

    `is_forward` says whether the chunks of its pass come in the order of the steps. The last chunk has no domain: scalars and parameters, without a dimension for steps.
    """

    domain: str | None
    first: int
    last: int
    values: Mapping[str, Tensor]
    is_forward: bool = True


def windows(length: int, sizes: Sequence[int], *, is_forward: bool) -> Iterator[tuple[int, int]]:
    """First and last step of each chunk; `sizes` in turn, the last of which repeats."""
    done = number = 0
    while done < length:
        size = min(sizes[min(number, len(sizes) - 1)], length - done)
        first = done + 1 if is_forward else length - done - size + 1
        yield first, first + size - 1
        done += size
        number += 1
