"""What does not depend on a run: the schedule of a recurrence, and how its components are executed.

A plan is made once for a recurrence and a forcing, and kept for the next run of the same text; so are the
sessions (`sessions.py`) of runs with the same sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from unrolled.engine.lstm import Lstm, recognise
from unrolled.engine.maps import MapPlan, consumers, plan_map
from unrolled.engine.stacks import gates_of, stack_ranks
from unrolled.engine.stages import Stage, stages
from unrolled.engine.sums import side_by_side, summed_together
from unrolled.graph import Component, Program, Schedule, phases, schedule
from unrolled.graph.trees import Needed, needs
from unrolled.language import Recurrence

if TYPE_CHECKING:
    from unrolled.engine.backroom import Backroom
    from unrolled.engine.sessions import Session

_SESSIONS = Lock()


@dataclass
class Plan:
    """A schedule with everything that follows from it alone.

    `lstms`: scans, by their `id`, that the library's layer can run. `needed`: at which nodes of a tree each
    value is needed; `together`: variables that should lie side by side; `readers`: who reads each instruction; `ranks`: in
    which order scans want their hoisted sums; `ends`: the generated domains in the order in which they end.
    """

    schedule: Schedule
    stages: list[Stage]
    readers: Mapping[int, list[int]]
    ranks: Mapping[int, int]
    together: list[list[int]]
    needed: Mapping[int, Needed | None]
    lstms: Mapping[int, Lstm]
    ends: tuple[str, ...] = ()
    _maps: dict[tuple[int, frozenset[int]], MapPlan] = field(
        default_factory=dict[tuple[int, frozenset[int]], MapPlan]
    )
    _waiting: list[tuple[object, Session | Backroom]] = field(default_factory=list[Any])

    @property
    def program(self) -> Program:
        return self.schedule.program

    @property
    def is_replayable(self) -> bool:
        """Whether what is computed depends on sizes alone, not on values."""
        chains = all(one.kind == "chain" for one in self.program.recurrence.domains.values())
        return chains and not self.program.stops

    def take(self, key: object) -> Session | Backroom | None:
        """A session that waits under a key; only the caller has it then."""
        with _SESSIONS:
            for place, (known, session) in enumerate(self._waiting):
                if known == key:
                    del self._waiting[place]
                    return session
        return None

    def give_back(self, key: object, session: Session | Backroom, most: int = 2) -> None:
        """Let a session wait for the next run; at `most` so many do, the oldest leaves."""
        with _SESSIONS:
            self._waiting.append((key, session))
            del self._waiting[:-most]

    def forget(self) -> None:
        """Let no session wait any longer."""
        with _SESSIONS:
            self._waiting.clear()

    def map_of(self, component: Component, without: frozenset[int] = frozenset()) -> MapPlan:
        """How a map of this schedule is executed, `without` instructions that nobody will read."""
        key = (id(component), without)
        if key not in self._maps:
            kept = tuple(one for one in component.instructions if one not in without)
            stacks = (tuple(one for one in stack if one in kept) for stack in component.stacked)
            part = replace(
                component,
                instructions=kept,
                stacked=tuple(stack for stack in stacks if len(stack) > 1),
            )
            self._maps[key] = plan_map(self.program, part, self.ranks, self.readers)
        return self._maps[key]


def plan_of(order: Schedule) -> Plan:
    """The plan of a schedule."""
    program = order.program
    readers = consumers(program)
    ranks: dict[int, int] = {}
    gates: list[list[int]] = []
    sums: list[list[int]] = []
    lstms: dict[int, Lstm] = {}
    for scan in order.scans():
        ranks.update(stack_ranks(program, scan, readers))
        gates += gates_of(program, scan, readers)
        sums += summed_together(program, scan, readers)
        lstm = recognise(program, scan, readers)
        if lstm is not None:
            lstms[id(scan)] = lstm
    ends = tuple(one.domain for one in phases(program))
    together = side_by_side([*gates, *sums])
    return Plan(order, stages(order), readers, ranks, together, needs(program), lstms, ends)


class Key:
    """A recurrence as a key: found by its text and sizes, then compared whole."""

    def __init__(
        self, recurrence: Recurrence, forcing: float, holds: Mapping[str, bool] | None = None
    ) -> None:
        self.recurrence = recurrence
        self.forcing = forcing
        self.holds = dict(holds or {})
        held = frozenset(self.holds.items())
        self._hash = hash((recurrence.text, tuple(recurrence.sizes.items()), forcing, held))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Key)
            and self.forcing == other.forcing
            and self.holds == other.holds
            and (self.recurrence is other.recurrence or self.recurrence == other.recurrence)
        )


def planned(
    recurrence: Recurrence, forcing: float, holds: Mapping[str, bool] | None = None
) -> Plan:
    """The plan of a recurrence under a forcing and with what is held, made once. Raises `LanguageError` where its equations have no order."""
    return _planned(Key(recurrence, forcing, holds))


@lru_cache(maxsize=32)
def _planned(key: Key) -> Plan:
    return plan_of(schedule(key.recurrence, key.forcing, key.holds))
