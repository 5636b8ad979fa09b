"""Domains that end by `stop`: in which order they end, and what has to be computed to know where.

What a condition needs is computed first, beyond the end if need be; everything else afterwards, when the
length is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unrolled.graph.program import Operand, Program
from unrolled.language import Diagnostic, LanguageError


@dataclass(frozen=True, slots=True)
class Phase:
    """A generated domain, and the instructions that tell where it ends, without those of earlier phases."""

    domain: str
    instructions: frozenset[int]


def phases(program: Program) -> tuple[Phase, ...]:
    """The generated domains in the order in which they end.

    Raises `LanguageError` where a condition needs steps that come after its own.
    """
    needed = {domain: _needed(program, stop) for domain, stop in program.stops.items()}
    for domain, instructions in needed.items():
        for identity in instructions:
            late = next(_late(program, identity, domain), None)
            if late is not None:
                raise _undetermined(program, domain, late)
    found: list[Phase] = []
    done: set[int] = set()
    while needed:
        ready = next((one for one in needed if not _waits(program, needed, one)), None)
        if ready is None:
            first = next(iter(needed))
            raise _undetermined(program, first, Operand(program.stops[first]))
        instructions = needed.pop(ready)
        found.append(Phase(ready, frozenset(instructions - done)))
        done |= instructions
    return tuple(found)


def _needed(program: Program, stop: int) -> set[int]:
    """A condition and all that it needs, boundary values too."""
    found: set[int] = set()
    stack = [stop]
    while stack:
        identity = stack.pop()
        if identity in found:
            continue
        found.add(identity)
        for operand in program.instructions[identity].operands:
            stack.append(operand.value)
            producer = program.instructions[operand.value]
            if operand.positions:
                name = producer.variable or producer.name
                stack += [
                    one for one in program.boundaries if program.instructions[one].name == name
                ]
    return found


def _late(program: Program, identity: int, domain: str) -> Iterator[Operand]:
    """What an instruction reads that is known only when the domain has ended."""
    domains = program.recurrence.index_domains
    instruction = program.instructions[identity]
    if [domains[index] for index in instruction.indices].count(domain) > 1:
        yield Operand(identity)
    for operand in instruction.operands:
        labels = (
            {position.index for position in operand.positions}
            if operand.positions
            else set(program.indices_of(operand.value))
        )
        is_swept = any(index in labels and domains[index] == domain for index in instruction.over)
        is_ahead = any(
            position.domain == domain
            and (position.anchor == "end" or (position.anchor == "shift" and position.offset > 0))
            for position in operand.positions
        )
        if is_swept or is_ahead:
            yield operand


def _waits(program: Program, needed: dict[str, set[int]], domain: str) -> bool:
    """Whether a condition needs another domain that has not ended."""
    domains = program.recurrence.index_domains
    others = needed.keys() - {domain}
    return any(
        domains[index] in others
        for identity in needed[domain]
        for index in program.instructions[identity].indices
    )


def _undetermined(program: Program, domain: str, operand: Operand) -> LanguageError:
    producer = program.instructions[operand.value]
    name = producer.variable or producer.name or producer.text
    if operand.positions:
        name = f"{name}[{', '.join(map(str, operand.positions))}]"
    stop = next(one for one in program.recurrence.stops if one.domain == domain)
    return LanguageError(
        [Diagnostic("stop-undetermined", stop.span, {"domain": domain, "read": name})]
    )
