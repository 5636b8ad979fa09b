"""A recording: a run as a flat list of torch calls, each bound to its tensors, to be made again in place.

Small runs spend their time on finding views, not on numbers. What a first run of some sizes found is noted,
and the next one copies its inputs into the same tensors and makes the same calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor

Again = Callable[[], object]
Recording = list[Again]


def is_view(result: Tensor, sources: list[Tensor]) -> bool:
    """Whether a result lies in the memory of what it was made from: it changes with it."""
    place = result.untyped_storage().data_ptr()
    return any(place == one.untyped_storage().data_ptr() for one in sources)


def note_copy(recording: Recording | None, target: Tensor, source: Tensor) -> None:
    """Copy, now and again."""
    target.copy_(source)
    if recording is not None:
        recording.append(partial(target.copy_, source))
