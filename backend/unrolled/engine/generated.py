"""Where a generated domain ends, and the tensors of a run cut there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from unrolled.engine.loading import Leaves, keep_beyond, load_leaves, make_room
from unrolled.engine.plans import Plan
from unrolled.engine.stages import Stage
from unrolled.engine.values import Values


class Watch:
    """Looks, chunk by chunk, for the first step where the condition has held once for every sequence."""

    def __init__(self, values: Values, stop: int) -> None:
        self.stop = stop
        self.over: int | None = None
        self._values = values
        self._held = torch.zeros(values.batch, dtype=torch.bool)

    def look(self, first: int, last: int) -> int | None:
        """The step at which the domain ends, if it lies in this chunk."""
        (index,) = self._values.program.indices_of(self.stop)
        holds = self._values.own(self.stop, {index: (first, last)}) != 0
        ever = holds.expand(-1, self._values.batch).cumsum(0).bool() | self._held
        self._held = ever[-1]
        over = ever.all(1)
        self.over = first + int(over.to(torch.uint8).argmax()) if over.any() else None
        return self.over


def watch_of(values: Values, stage: Stage, ends: Sequence[str]) -> Watch | None:
    """What looks for the end of the domain that a phase generates, if this stage computes it."""
    for domain in ends:
        stop = values.program.stops[domain]
        if stop in stage.instructions() and stage.index in values.program.indices_of(stop):
            return Watch(values, stop)
    return None


def ended(values: Values, domain: str, watch: Watch | None) -> int:
    """How many steps a domain has, when all that tells it has been computed.

    Without a watch, the condition is the same at every step, or needs nothing but its number.
    """
    cap = values.lengths[domain]
    stop = values.program.stops[domain]
    if watch is None and values.program.indices_of(stop):
        watch = Watch(values, stop)
        return watch.look(1, cap) or cap
    if watch is None:
        return 1 if bool((values.own(stop, {}) != 0).all()) else cap
    return watch.over or cap


def cut(values: Values, plan: Plan, leaves: Leaves, domain: str, steps: int) -> Values:
    """The store of a run whose domain has only so many steps, with all that has been computed."""
    lengths = {**values.lengths, domain: steps}
    fresh = Values(values.program, lengths, values.batch, values.dtype, values.trees)
    fresh.fixed = values.fixed
    make_room(fresh, plan)
    load_leaves(fresh, leaves)
    keep_beyond(fresh, plan.stages, plan.readers)
    for identity, tensor in values.tensors.items():
        if identity in values.pads:
            fresh.tensors[identity].copy_(_shortened(values, identity, lengths))
        elif identity not in fresh.tensors and not values.windows.get(identity):
            fresh.tensors[identity] = tensor
    return fresh


def _shortened(values: Values, identity: int, lengths: Mapping[str, int]) -> Tensor:
    """A tensor without the steps beyond the end; the boundary values after them stay."""
    tensor = values.tensors[identity]
    domains = values.program.recurrence.index_domains
    indices = values.program.indices_of(identity)
    for place, (index, pad) in enumerate(zip(indices, values.pads[identity], strict=True)):
        kept = lengths[domains[index]]
        if kept < values.length(index):
            rows = torch.arange(tensor.shape[place])
            is_kept = (rows < pad.before + kept) | (rows >= pad.before + values.length(index))
            tensor = tensor.index_select(place, rows[is_kept])
    return tensor
