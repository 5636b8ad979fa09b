"""The order of a run: what is computed for all steps at once, and what step by step.

The strongly connected components of the instructions, in order. A component without a cycle is a
*map*; one with a cycle is a *scan* along the index that carries it, and its inside is scheduled again
without the edges that the scan carries (Allen & Kennedy's loop distribution, 1987). What a cycle adds to
but does not change is hoisted; products with one operand are stacked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import networkx as nx

from unrolled.graph.generated import phases
from unrolled.graph.program import (
    LEAVES,
    Holds,
    Instruction,
    Operand,
    Program,
    lower,
    replace_operands,
)
from unrolled.language import Diagnostic, LanguageError, Recurrence, Span

Direction = Literal["forward", "backward", "up", "down"]
Distance = int | Literal["whole", "child", "parent"]


@dataclass(frozen=True, slots=True)
class Component:
    """A map (all steps at once) or a scan (step by step along `index`).

    `instructions` are in order of execution; a scan holds them in `body`. `stacked` are groups of
    products with one operand, to be computed as one product.
    """

    kind: Literal["map", "scan"]
    index: str | None
    direction: Direction | None
    indices: tuple[str, ...]
    instructions: tuple[int, ...]
    body: tuple[Component, ...] = ()
    stacked: tuple[tuple[int, ...], ...] = ()

    def all_instructions(self) -> tuple[int, ...]:
        """Those of this component and of its body."""
        return self.instructions + tuple(
            one for inner in self.body for one in inner.all_instructions()
        )


@dataclass(frozen=True, slots=True, repr=False)
class Schedule:
    """Components in order, with the program that they order."""

    program: Program
    components: tuple[Component, ...]

    def __repr__(self) -> str:
        return f"Schedule({', '.join(map(self._said, self.components))})"

    def _said(self, component: Component) -> str:
        """`scan t: f, g, s` of one component: its variables, in the order of execution."""
        names = {identity: name for name, identity in self.program.variables.items()}
        found = [names[one] for one in component.all_instructions() if one in names]
        index = f" {', '.join(component.indices)}" if component.indices else ""
        return f"{component.kind}{index}: {', '.join(found) or '-'}"

    def scans(self) -> tuple[Component, ...]:
        return tuple(one for one in self.components if one.kind == "scan")


@dataclass(frozen=True, slots=True)
class _Edge:
    source: int
    target: int
    distances: Mapping[str, Distance]


def schedule(recurrence: Recurrence, forcing: float = 1.0, holds: Holds | None = None) -> Schedule:
    """The schedule of a recurrence, under a forcing probability and with what a run holds.

    Raises `LanguageError` where variables need each other at one step, need both directions, or need
    a whole domain before it is known; or where a domain would end by what is known only after its end.
    """
    program = lower(recurrence, forcing, holds)
    found = arrange(program)
    phases(program)
    return found


def arrange(program: Program) -> Schedule:
    """The schedule of a program; it may split the program's sums. Raises `LanguageError` as `schedule` does."""
    nodes = [
        one for one in program.instructions if program.instructions[one].function not in LEAVES
    ]
    return Schedule(program, tuple(_components(program, nodes, frozenset())))


def distances_of(
    program: Program, instruction: Instruction, operand: Operand
) -> dict[str, Distance]:
    """How far along each of its indices an operand reads."""
    producer = program.instructions[operand.value]
    distances: dict[str, Distance] = {}
    if operand.positions:
        for index, position in zip(producer.indices, operand.positions, strict=True):
            if position.anchor in ("left", "right"):
                distances[index] = "child" if position.index == index else "whole"
            elif position.anchor in ("from_left", "from_right"):
                distances[index] = "parent" if position.index == index else "whole"
            elif position.anchor == "shift" and position.index == index:
                distances[index] = position.offset
            else:
                distances[index] = "whole"
    else:
        distances = dict.fromkeys(producer.indices, 0)
    for index in instruction.over:
        if index in distances:
            distances[index] = "whole"
    return distances


def is_outside(operand: Operand) -> bool:
    """Whether an operand is a boundary value (`h[0]`): no step of the domain has to be computed for it."""
    return any(
        (position.anchor == "start" and position.offset < 1)
        or (position.anchor == "end" and position.offset > 0)
        for position in operand.positions
    )


def _edges(program: Program, nodes: Iterable[int], carried: frozenset[str]) -> list[_Edge]:
    inside = set(nodes)
    edges: list[_Edge] = []
    boundaries: dict[str, list[int]] = {}
    for identity in program.boundaries:
        if identity in inside:
            boundaries.setdefault(str(program.instructions[identity].name), []).append(identity)
    for identity in inside:
        instruction = program.instructions[identity]
        for operand in instruction.operands:
            producer = program.instructions[operand.value]
            if operand.positions:
                name = producer.variable or producer.name
                for boundary in boundaries.get(str(name), ()):
                    edges.append(_Edge(boundary, identity, {}))
            if operand.value in inside and not is_outside(operand):
                distances = distances_of(program, instruction, operand)
                if not any(distances.get(index, 0) not in (0, "whole") for index in carried):
                    edges.append(_Edge(operand.value, identity, distances))
    return edges


def _components(program: Program, nodes: Sequence[int], carried: frozenset[str]) -> list[Component]:
    """Map and scan components of a set of instructions, in an order that respects every edge."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    edges = _edges(program, nodes, carried)
    graph.add_edges_from((edge.source, edge.target) for edge in edges)
    own = {edge.source for edge in edges if edge.source == edge.target}
    groups = [sorted(group) for group in nx.strongly_connected_components(graph)]
    place = {node: number for number, group in enumerate(groups) for node in group}
    waits: list[set[int]] = [set() for _ in groups]
    for edge in edges:
        if place[edge.source] != place[edge.target]:
            waits[place[edge.target]].add(place[edge.source])

    def is_scan(number: int) -> bool:
        return len(groups[number]) > 1 or groups[number][0] in own

    built: list[Component] = []
    remaining = set(range(len(groups)))
    done: set[int] = set()
    batch: list[int] = []
    batch_indices: tuple[str, ...] = ()

    def flush() -> None:
        if batch:
            _append(program, built, _map(program, batch, batch_indices))
            batch.clear()

    while remaining:
        ready = [number for number in remaining if waits[number] <= done]
        alike = (
            [
                n
                for n in ready
                if not is_scan(n) and program.indices_of(groups[n][0]) == batch_indices
            ]
            if batch
            else []
        )
        maps = [number for number in ready if not is_scan(number)]
        chosen = min(alike or maps or ready, key=lambda number: groups[number][0])
        if is_scan(chosen):
            flush()
            for component in _scan(program, groups[chosen], edges, carried):
                _append(program, built, component)
        else:
            indices = program.indices_of(groups[chosen][0])
            if batch and indices != batch_indices:
                flush()
            batch_indices = indices
            batch.append(groups[chosen][0])
        remaining.discard(chosen)
        done.add(chosen)
    flush()
    return built


def _append(program: Program, built: list[Component], component: Component) -> None:
    """Add a component; two neighbouring maps over the same indices become one."""
    last = built[-1] if built else None
    if (
        last is not None
        and last.kind == component.kind == "map"
        and last.indices == component.indices
    ):
        built[-1] = _map(program, [*last.instructions, *component.instructions], last.indices)
    else:
        built.append(component)


def _map(program: Program, nodes: Sequence[int], indices: tuple[str, ...]) -> Component:
    return Component(
        "map",
        indices[0] if indices else None,
        None,
        indices,
        tuple(nodes),
        (),
        _stacks(program, nodes),
    )


def _stacks(program: Program, nodes: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Products of parameter matrices with one operand."""
    groups: dict[Operand, list[int]] = {}
    for node in nodes:
        instruction = program.instructions[node]
        if instruction.function != "matmul" or instruction.variable is not None:
            continue
        left, right = (program.instructions[operand.value] for operand in instruction.operands)
        if (
            left.is_shared
            and not left.indices
            and len(left.shape) == 2
            and len(right.shape) == 1
            and not right.is_shared
        ):
            groups.setdefault(instruction.operands[1], []).append(node)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _scan(
    program: Program, group: list[int], edges: list[_Edge], carried: frozenset[str]
) -> list[Component]:
    inside = set(group)
    internal = [edge for edge in edges if edge.source in inside and edge.target in inside]
    index, direction = _carrier(program, group, internal, carried)
    hoisted = _hoist(program, group)
    body = _components(program, group, carried | {index})
    scan = Component("scan", index, direction, (index,), (), tuple(body))
    return [*(_components(program, hoisted, carried) if hoisted else []), scan]


def _hoist(program: Program, group: list[int]) -> list[int]:
    """Take the summands that do not depend on the cycle out of its sums; returns the new instructions."""
    inside = set(group)
    hoisted: list[int] = []
    for identity in group:
        instruction = program.instructions[identity]
        if instruction.function != "total":
            continue
        pairs = list(zip(instruction.operands, instruction.signs, strict=True))
        outside = [pair for pair in pairs if pair[0].value not in inside]
        within = [pair for pair in pairs if pair[0].value in inside]
        if len(outside) < 2:
            continue
        operands = tuple(operand for operand, _ in outside)
        found = {
            index
            for operand in operands
            for index in (
                {position.index for position in operand.positions if position.index}
                if operand.positions
                else program.indices_of(operand.value)
            )
        }
        shape = max((program.instructions[operand.value].shape for operand in operands), key=len)
        lifted = program.new(
            function="total",
            operands=operands,
            signs=tuple(sign for _, sign in outside),
            shape=shape,
            indices=program.order(found),
            text=_sum_text(program, outside),
            is_shared=all(program.instructions[operand.value].is_shared for operand in operands),
            span=instruction.span,
        )
        hoisted.append(lifted.identity)
        program.instructions[identity] = replace_operands(
            instruction,
            (Operand(lifted.identity), *(operand for operand, _ in within)),
            (1, *(sign for _, sign in within)),
        )
    return hoisted


def _sum_text(program: Program, pairs: Sequence[tuple[Operand, int]]) -> str:
    text = ""
    for operand, sign in pairs:
        one = operand_text(program, operand)
        text += f" {'-' if sign < 0 else '+'} {one}" if text else (f"-{one}" if sign < 0 else one)
    return text


def operand_text(program: Program, operand: Operand) -> str:
    """An operand in the reader's own words."""
    producer = program.instructions[operand.value]
    name = producer.variable or producer.name
    if name and (producer.variable or producer.function in LEAVES):
        if operand.positions:
            return f"{name}[{', '.join(map(str, operand.positions))}]"
        return (
            f"{name}[{', '.join(producer.indices)}]"
            if producer.indices and producer.function != "index"
            else name
        )
    return producer.text


# which index carries a cycle


def _carrier(
    program: Program, group: list[int], internal: list[_Edge], carried: frozenset[str]
) -> tuple[str, Direction]:
    common = [
        index
        for index in program.recurrence.index_domains
        if index not in carried and all(index in program.indices_of(node) for node in group)
    ]
    failures: dict[str, str] = {}
    for index in common:
        distances = {edge.distances.get(index, 0) for edge in internal}
        if "whole" in distances:
            failures.setdefault("whole", index)
        elif {"child", "parent"} <= distances:
            failures.setdefault("direction", index)
        elif "child" in distances:
            return index, "up"
        elif "parent" in distances:
            return index, "down"
        else:
            steps = [distance for distance in distances if isinstance(distance, int)]
            if min(steps) < 0 < max(steps):
                failures.setdefault("direction", index)
            elif min(steps) < 0:
                return index, "forward"
            elif max(steps) > 0:
                return index, "backward"
    for edge in internal:
        for index, distance in edge.distances.items():
            if distance == "whole":
                failures.setdefault("whole", index)
    failure = "whole" if "whole" in failures else next(iter(failures), "same")
    raise LanguageError([_cycle(program, group, internal, failure, failures.get(failure))])


def _cycle(
    program: Program, group: list[int], internal: list[_Edge], failure: str, index: str | None
) -> Diagnostic:
    """What is wrong with a group that no index carries; `index` is the one that comes nearest."""
    named = [node for node in group if program.instructions[node].variable]
    first = program.instructions[min(named or group)]
    span = first.span or Span(1, 1, 1, 1)
    names = _cycle_names(program, internal, failure, index)
    shown = names[:8] if len(names) <= 8 else [*names[:7], "…", names[0]]
    arguments: dict[str, str | tuple[str, str]] = {
        "cycle": " → ".join(shown),
        "name": str(first.variable or first.name),
    }
    if failure == "same":
        return Diagnostic("cycle" if first.indices else "cycle-static", span, arguments)
    arguments["domain"] = program.recurrence.index_domains[index or ""]
    return Diagnostic(f"cycle-{failure}", span, arguments)


def _cycle_names(
    program: Program, internal: list[_Edge], failure: str, index: str | None
) -> list[str]:
    """The variables of a circle that shows the failure, each feeding the next; the first again at the end."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from((edge.source, edge.target) for edge in internal)
    wrong = [edge for edge in internal if _shows(edge, failure, index)]
    edge = min(wrong, key=lambda one: (one.source, one.target))
    nodes = nx.shortest_path(graph, edge.target, edge.source)
    found = sorted(node for node in nodes if program.instructions[node].variable)
    if not found:
        return []
    turn = nodes.index(found[0])
    names = [program.instructions[node].variable for node in (*nodes[turn:], *nodes[:turn])]
    kept = [name for name in names if name]
    return [*kept, kept[0]]


def _shows(edge: _Edge, failure: str, index: str | None) -> bool:
    distance = edge.distances.get(index or "", 0)
    match failure:
        case "whole":
            return distance == "whole"
        case "direction":
            return distance == "parent" or (isinstance(distance, int) and distance > 0)
        case _:
            return True
