"""What a run costs, known before it starts: from the schedule and the sizes alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

from unrolled.graph.program import LEAVES, Instruction, Program
from unrolled.graph.schedule import Component, Schedule
from unrolled.graph.trees import (
    BOTH,
    INNER,
    LEAF,
    Extent,
    Needed,
    Tree,
    extents,
    is_needed,
    leaf_condition,
    needs,
)
from unrolled.language import FUNCTIONS


@dataclass(frozen=True, slots=True)
class Cost:
    """`operations` are floating-point operations of the forward pass for one sequence; `bytes` the
    recorded trace (4 bytes a number); `critical_path` the operations that must follow each other;
    `steps` the steps of all domains together."""

    parameters: int
    operations: int
    bytes: int
    critical_path: int
    steps: int
    lengths: Mapping[str, int]


def cost(
    plan: Schedule, lengths: Mapping[str, int], trees: Mapping[str, Tree] | None = None
) -> Cost:
    """The cost of running a schedule once, with `lengths` steps a domain.

    Of a tree without a shape in `trees`, the length is the number of leaves of a balanced one.
    """
    program = plan.program
    recurrence = program.recurrence
    instructions = [
        program.instructions[one]
        for component in plan.components
        for one in component.all_instructions()
    ]
    sizes = extents(recurrence, lengths, trees)
    needed = needs(program)
    recorded = sum(
        prod(variable.shape) * prod(sizes[domain].steps for domain in variable.domains)
        for variable in recurrence.variables.values()
    )
    return Cost(
        parameters=sum(prod(parameter.shape) for parameter in recurrence.parameters.values()),
        operations=sum(_operations(program, one, sizes, needed) for one in instructions),
        bytes=4 * recorded,
        critical_path=_critical_path(program, plan.components, sizes, needed),
        steps=sum(one.steps for one in sizes.values()),
        lengths={domain: sizes[domain].steps for domain in recurrence.domains},
    )


def total_cost(forward: Cost, backward: Schedule, trees: Mapping[str, Tree] | None = None) -> Cost:
    """The cost of a run together with its backward pass (the schedule of an adjoint program).

    What the backward pass records: gradients, and what the steps send each other.
    """
    program, lengths = backward.program, forward.lengths
    domains = program.recurrence.domains
    leaves = {
        name: (n + 1) // 2 if domains[name].kind == "tree" else n for name, n in lengths.items()
    }
    own = cost(backward, leaves, trees)
    recorded = (program.instructions[one] for one in program.variables.values())
    return replace(
        forward,
        operations=forward.operations + own.operations,
        bytes=forward.bytes
        + 4 * sum(prod(one.shape) * _repeated(program, one.indices, lengths) for one in recorded),
        critical_path=forward.critical_path + own.critical_path,
    )


def _repeated(program: Program, indices: tuple[str, ...], lengths: Mapping[str, int]) -> int:
    """How often something with these indices is computed."""
    return prod(lengths[program.recurrence.index_domains[index]] for index in indices)


def _operations(
    program: Program,
    instruction: Instruction,
    sizes: Mapping[str, Extent],
    needed: Mapping[int, Needed | None],
) -> int:
    where = needed[instruction.identity]
    if where is None:
        return 0

    def repeated(indices: tuple[str, ...]) -> int:
        domains = program.recurrence.index_domains
        return prod(sizes[domains[one]].count(where.get(one, BOTH)) for one in indices)

    units = prod(instruction.shape) * repeated(instruction.indices)
    operands = [program.instructions[operand.value] for operand in instruction.operands]
    match instruction.function:
        case "copy":
            return 0
        case "where" if leaf_condition(instruction, program) is not None:
            return 0
        case "total":
            return units * (len(operands) - 1)
        case "matmul":
            return 2 * units * operands[0].shape[-1]
        case "outer_total" | "outer_over":
            return 2 * units * repeated(instruction.over)
        case "batch_total":
            return units * repeated(instruction.over)
        case name if name.startswith("vjp:"):
            name = name.split(":")[1]
            widest = max(
                (prod(one.shape) * repeated(one.indices) for one in operands), default=units
            )
            return 3 * (FUNCTIONS[name].operations if name in FUNCTIONS else 1) * max(units, widest)
        case "bilinear":
            return 2 * units * prod(operands[0].shape[1:])
        case "circular_convolve":
            return 2 * units * operands[0].shape[0]
        case name:
            row = FUNCTIONS[name]
            widest = max(
                (prod(one.shape) * repeated(one.indices) for one in operands), default=units
            )
            return row.operations * (units if row.is_elementwise else max(units, widest))


def _critical_path(
    program: Program,
    components: tuple[Component, ...],
    sizes: Mapping[str, Extent],
    needed: Mapping[int, Needed | None],
) -> int:
    """The longest chain of operations that wait for each other; a scan's inside counts once a step."""
    finish: dict[int, int] = {}

    def ready(identity: int, inside: set[int]) -> int:
        instruction = program.instructions[identity]
        return max(
            (
                finish.get(operand.value, 0)
                for operand in instruction.operands
                if operand.value not in inside
            ),
            default=0,
        )

    def depth(component: Component, where: Needed) -> int:
        """Inside a window that has these sides of its indices."""
        if component.kind == "scan":
            index = component.index or ""
            size = sizes[program.recurrence.index_domains[index]]
            if size.leaves is None:
                return size.depth * sum(depth(inner, where) for inner in component.body)
            leaf, inner = (
                sum(depth(one, {**where, index: side}) for one in component.body)
                for side in (LEAF, INNER)
            )
            return leaf + (size.depth - 1) * inner
        local: dict[int, int] = {}
        for identity in component.instructions:
            instruction = program.instructions[identity]
            if not is_needed(needed[identity], lambda one: where.get(one, BOTH)):
                continue
            own = _own_depth(program, instruction)
            local[identity] = own + max(
                (local.get(operand.value, 0) for operand in instruction.operands), default=0
            )
        return max(local.values(), default=0)

    for component in components:
        inside = set(component.all_instructions())
        start = max((ready(identity, inside) for identity in inside), default=0)
        if component.kind == "scan":
            finish.update(dict.fromkeys(inside, start + depth(component, {})))
            continue
        for identity in component.instructions:
            instruction = program.instructions[identity]
            finish[identity] = _own_depth(program, instruction) + max(
                (finish.get(operand.value, 0) for operand in instruction.operands), default=0
            )
    return max(finish.values(), default=0)


def _own_depth(program: Program, instruction: Instruction) -> int:
    """How many operations an instruction is, one after the other."""
    if instruction.function == "total":
        return max(1, len(instruction.operands) - 1)
    if instruction.function in (*LEAVES, "copy") or leaf_condition(instruction, program):
        return 0
    return 1
