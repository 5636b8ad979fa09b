"""Which components of a schedule can be computed chunk by chunk together.

A stage runs along one index in one direction: everything in it reads only steps that the stage has already
reached. A bidirectional network has three (forward states, backward states, what reads both); a language
model has one, so that its first outputs are there before its last states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from unrolled.graph import Component, Operand, Program, Schedule, phases
from unrolled.graph.schedule import Distance, distances_of, is_outside

_BOTH = frozenset({"forward", "backward"})


@dataclass(frozen=True, slots=True)
class Stage:
    """Components that go along `index` together (None: computed once); up a tree is forward.

    `phase` counts the generated domains whose ends are known before.
    """

    index: str | None
    is_forward: bool
    components: tuple[Component, ...]
    phase: int = 0

    def instructions(self) -> tuple[int, ...]:
        return tuple(one for component in self.components for one in component.all_instructions())


def stages(plan: Schedule) -> list[Stage]:
    """The components of a schedule as stages, in order."""
    program = plan.program
    groups = [*(one.instructions for one in phases(program)), None]
    pairs = [
        (piece, number)
        for component in plan.components
        for part, number in _phased(component, groups)
        for piece in _pieces(program, part)
    ]
    components = [piece for piece, _ in pairs]
    home = {
        one: number
        for number, component in enumerate(components)
        for one in component.all_instructions()
    }
    needs = [
        _needs(program, component, home, number) for number, component in enumerate(components)
    ]
    done: set[int] = set()
    built: list[Stage] = []
    for phase in range(len(groups)):
        remaining = [number for number, (_, own) in enumerate(pairs) if own == phase]
        built += _joined(program, components, needs, remaining, done, phase)
    return built


def _joined(
    program: Program,
    components: Sequence[Component],
    needs: Sequence[Mapping[int, set[Distance]]],
    remaining: list[int],
    done: set[int],
    phase: int,
) -> Iterator[Stage]:
    """Stages of the components that remain, when those that are done are there."""
    while remaining:
        first = next(number for number in remaining if set(needs[number]) <= done)
        index = components[first].index
        members: list[int] = []
        allowed = _BOTH
        for number in remaining:
            component = components[number]
            if component.index != index or not set(needs[number]) <= done | set(members):
                continue
            narrowed = _narrow(
                component,
                [needs[number][other] for other in members if other in needs[number]],
                allowed,
            )
            if narrowed:
                allowed = narrowed
                members.append(number)
        yield Stage(
            index, "forward" in allowed, tuple(components[number] for number in members), phase
        )
        done |= set(members)
        remaining = [number for number in remaining if number not in done]


def _phased(
    component: Component, groups: Sequence[frozenset[int] | None]
) -> Iterator[tuple[Component, int]]:
    """The parts of a component that belong to each phase; a scan is needed whole."""
    left = component.all_instructions()
    for number, group in enumerate(groups):
        own = [one for one in left if group is None or one in group]
        left = tuple(one for one in left if one not in own)
        if own and component.kind == "scan":
            yield component, number
            return
        if own:
            yield _part(component, own), number


def _part(component: Component, instructions: Sequence[int]) -> Component:
    """A map of some of the instructions of a map."""
    stacked = (tuple(one for one in stack if one in instructions) for stack in component.stacked)
    groups = tuple(stack for stack in stacked if len(stack) > 1)
    return replace(component, instructions=tuple(instructions), stacked=groups)


def _pieces(program: Program, component: Component) -> Iterator[Component]:
    """A map in pieces, each of which reads its own results at the same step only.

    A chunk has some steps of a piece; what reads other steps must be able to wait for them.
    """
    if component.kind == "scan" or component.index is None:
        yield component
        return
    pieces: list[list[int]] = [[]]
    for identity in component.instructions:
        if _reaches(program, component.index, identity, set(pieces[-1])):
            pieces.append([])
        pieces[-1].append(identity)
    for piece in pieces:
        yield _part(component, piece)


def _reaches(program: Program, index: str, identity: int, others: set[int]) -> bool:
    """Whether an instruction reads other steps of `index` of one of the others."""
    instruction = program.instructions[identity]
    return any(
        (
            operand.value in others
            and not is_outside(operand)
            and distances_of(program, instruction, operand).get(index, 0) != 0
        )
        or (operand.positions and others.intersection(_boundaries(program, operand)))
        for operand in instruction.operands
    )


def _needs(
    program: Program, component: Component, home: dict[int, int], own: int
) -> dict[int, set[Distance]]:
    """Other components that this one reads, with how far along its own index it reads them."""
    found: dict[int, set[Distance]] = {}
    for identity in component.all_instructions():
        instruction = program.instructions[identity]
        for operand in instruction.operands:
            producers = [
                *(() if is_outside(operand) else (operand.value,)),
                *(_boundaries(program, operand) if operand.positions else ()),
            ]
            for producer in producers:
                if producer in home and home[producer] != own:
                    distances = distances_of(program, instruction, operand)
                    distance = (
                        distances.get(component.index or "", 0)
                        if producer == operand.value
                        else "whole"
                    )
                    found.setdefault(home[producer], set()).add(distance)
    return found


def _boundaries(program: Program, operand: Operand) -> list[int]:
    name = program.instructions[operand.value].variable or program.instructions[operand.value].name
    return [one for one in program.boundaries if program.instructions[one].name == name]


def _narrow(
    component: Component, reads: list[set[Distance]], allowed: frozenset[str]
) -> frozenset[str]:
    """The directions in which a component can join a stage."""
    if component.direction is not None:
        allowed &= {"forward" if component.direction in ("forward", "up") else "backward"}
    for distance in (one for group in reads for one in group):
        if distance in ("child", "parent"):
            allowed &= {"forward" if distance == "child" else "backward"}
            continue
        if not isinstance(distance, int):
            return frozenset()
        if component.index is not None and distance:
            allowed &= {"forward"} if distance < 0 else {"backward"}
    return allowed
