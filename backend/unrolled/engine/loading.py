"""Before the first step: leaves, boundary values, and room for every variable at every step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from unrolled.engine.clamps import Clamp
from unrolled.engine.data import Given, stable_seed
from unrolled.engine.parameters import read_array
from unrolled.engine.plans import Plan
from unrolled.engine.problems import escape, refuse
from unrolled.engine.stages import Stage
from unrolled.engine.values import Pad, Values, allocate, pads_of
from unrolled.graph import Component, Instruction, Operand, Program
from unrolled.language import Position, listed


def make_room(values: Values, plan: Plan) -> None:
    """Tensors for all variables; those that one call computes or reads lie side by side."""
    fill_room(values, plan, pads_of(plan.program))


def fill_room(values: Values, plan: Plan, pads: Mapping[int, tuple[Pad, ...]]) -> None:
    """Tensors, with room beyond the steps, for all variables that have none."""
    for group in plan.together:
        if not any(identity in values.tensors for identity in group):
            _allocate_together(values, group, pads)
    for identity, beyond in pads.items():
        if identity not in values.tensors:
            allocate(values, identity, beyond)


def _allocate_together(
    values: Values, group: Sequence[int], pads: Mapping[int, tuple[Pad, ...]]
) -> None:
    instructions = [values.program.instructions[identity] for identity in group]
    before = max(pads[identity][0].before for identity in group)
    after = max(pads[identity][0].after for identity in group)
    length = before + values.length(instructions[0].indices[0]) + after
    width = sum(one.shape[0] for one in instructions)
    joint = torch.empty(length, values.batch, width, dtype=values.dtype)
    joint[:before].zero_()
    joint[length - after :].zero_()
    column = 0
    for one in instructions:
        values.tensors[one.identity] = joint.narrow(-1, column, one.shape[0])
        values.pads[one.identity] = (Pad(before, after),)
        column += one.shape[0]


def load_inputs(values: Values, inputs: Mapping[str, Given]) -> dict[str, list[str]]:
    """Copy the inputs into their room; the symbols of those that have any."""
    symbols: dict[str, list[str]] = {}
    for name, given in inputs.items():
        if values.program.recurrence.variables[name].kind == "input":
            values.own(values.program.variables[name], {}).copy_(given.values)
        if given.symbols is not None:
            symbols[name] = list(given.symbols)
    return symbols


@dataclass(frozen=True, slots=True)
class Leaves:
    """What a run was given besides its inputs: parameters, settings, and the seed of its noise.

    `caps`: at most how many steps each generated domain has. What stands at every step is laid out for so many.
    """

    parameters: Mapping[str, Tensor]
    settings: Mapping[str, float]
    seed: int
    clamps: Mapping[str, Clamp] = field(default_factory=dict[str, Clamp])
    caps: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def holds(self) -> dict[str, bool]:
        """What is held, and whether whole: as the program wants to know it."""
        return {name: one.is_whole for name, one in self.clamps.items()}


def load_leaves(values: Values, leaves: Leaves) -> None:
    """Parameters, constants, settings, numbers, step numbers and noise, in the run's number type.

    Leaves that are there already are given their new values where they lie.
    """
    for instruction in values.program.instructions.values():
        known = values.tensors.get(instruction.identity)
        if known is not None and instruction.function not in (
            "parameter",
            "setting",
            "noise",
            "held",
        ):
            continue
        leaf = _leaf(values, instruction, leaves)
        if leaf is not None and known is not None:
            known.copy_(leaf)
        elif leaf is not None:
            values.tensors[instruction.identity] = leaf


def _leaf(
    values: Values,
    instruction: Instruction,
    leaves: Leaves,
) -> Tensor | None:
    name = instruction.name or ""
    match instruction.function:
        case "parameter":
            return leaves.parameters[name]
        case "constant":
            rows = values.program.recurrence.constants[name].rows
            return torch.tensor(rows, dtype=values.dtype)
        case "setting":
            return torch.tensor(leaves.settings[name], dtype=values.dtype)
        case "number":
            return torch.tensor(instruction.number, dtype=values.dtype)
        case "leaf":
            index = instruction.indices[0]
            tree = values.trees[values.program.recurrence.index_domains[index]]
            nodes = torch.arange(1, tree.nodes + 1)
            return (nodes <= tree.leaves).to(values.dtype).unsqueeze(-1)
        case "index":
            return torch.arange(1, values.length(name) + 1, dtype=values.dtype).unsqueeze(-1)
        case "held":
            return _within(values, instruction, _held(values, instruction, leaves))
        case "noise":
            return _within(values, instruction, _noise(values, instruction, leaves))
        case _:
            return None


def _sizes(values: Values, instruction: Instruction, leaves: Leaves) -> list[int]:
    """The lengths of an instruction's domains; of those that end by `stop`, the most they may become."""
    domains = values.program.recurrence.index_domains
    return [leaves.caps.get(domains[index], values.length(index)) for index in instruction.indices]


def _within(values: Values, instruction: Instruction, tensor: Tensor) -> Tensor:
    """The steps that the run has, of those that it might have had."""
    for place, index in enumerate(instruction.indices):
        tensor = tensor.narrow(place, 0, values.length(index))
    return tensor


def _held(values: Values, instruction: Instruction, leaves: Leaves) -> Tensor:
    """Where a variable is held, or at which value, for every sequence of the batch."""
    part, _, name = (instruction.name or "").partition(":")
    clamp = leaves.clamps[name]
    given = clamp.place if part == "place" else clamp.value
    steps = _sizes(values, instruction, leaves)
    is_for_batch = given.dim() == len(steps) + 1 + len(instruction.shape)
    one = given if is_for_batch else given.reshape(*steps, 1, *instruction.shape)
    return one.to(values.dtype).expand(*steps, values.batch, *instruction.shape).contiguous()


def _noise(values: Values, instruction: Instruction, leaves: Leaves) -> Tensor:
    """Drawn for all steps at once, in float64, so that neither chunks nor number types change it."""
    name = instruction.name or ""
    generator = torch.Generator().manual_seed(stable_seed(leaves.seed, name))
    steps = _sizes(values, instruction, leaves)
    sizes = (*steps, values.batch, *instruction.shape)
    if name.startswith("normal"):
        return torch.randn(sizes, generator=generator, dtype=torch.float64).to(values.dtype)
    uniform = torch.rand(sizes, generator=generator, dtype=torch.float64)
    if name.startswith("gumbel"):
        uniform = -(-uniform.clamp_min(1e-300).log()).log()
    return uniform.to(values.dtype)


def boundary_places(program: Program) -> dict[tuple[str, str], Position]:
    """Boundary values of chains that some equation reads, by name and written position."""
    places: dict[tuple[str, str], Position] = {}
    wanted = pads_of(program)
    for name, identity in program.variables.items():
        domains = program.recurrence.variables[name].domains
        if len(domains) != 1 or program.recurrence.domains[domains[0]].kind == "tree":
            continue
        pad = wanted[identity][0]
        for back in range(pad.before):
            places[(name, str(-back))] = Position("start", "", domains[0], -back)
        for ahead in range(1, pad.after + 1):
            places[(name, f"end+{ahead}")] = Position("end", "", domains[0], ahead)
    return places


def fixed_places(boundary: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The boundary values that a caller gives, by name and place."""
    return frozenset(
        (name, str(place))
        for name, form in boundary.items()
        for place in (form if isinstance(form, Mapping) else ("0",))
    )


def load_boundary(values: Values, boundary: Mapping[str, Any]) -> None:
    """The caller's boundary values; they win over computed ones. Raises `RunError`."""
    readable = boundary_places(values.program)
    for name, form in boundary.items():
        pointer = f"/boundary/{escape(name)}"
        for place, given in form.items() if isinstance(form, Mapping) else [("0", form)]:
            if (name, place) not in readable:
                names = listed(f"{one}[{where}]" for one, where in readable)
                where = str(place)[:12]
                raise refuse(
                    pointer, "boundary-unknown", name=name[:30], position=where, names=names
                )
            shape = values.program.recurrence.variables[name].shape
            array = read_array(pointer, f"{name}[{place}]", given, shape, values.dtype)
            operand = Operand(values.program.variables[name], (readable[(name, place)],))
            values.view(operand, {})[0].copy_(array)
            values.fixed.add((operand.value, operand.positions))


def keep_beyond(values: Values, stages: Sequence[Stage], readers: Mapping[int, list[int]]) -> None:
    """Values without a name that a later stage reads, or that leave their scan, need room for all steps."""
    home: dict[int, tuple[int, tuple[int, ...]]] = {}
    for number, stage in enumerate(stages):
        for identity, scans in _scans(stage.components):
            home[identity] = (number, scans)
    for identity, (number, scans) in home.items():
        instruction = values.program.instructions[identity]
        if instruction.variable is not None or not instruction.indices:
            continue
        others = [home.get(reader, (number, scans)) for reader in readers.get(identity, ())]
        is_watched = identity in values.program.stops.values() and scans
        if is_watched or any(
            other != number or path[: len(scans)] != scans for other, path in others
        ):
            allocate(values, identity, (Pad(),) * len(instruction.indices))


def _scans(
    components: Sequence[Component], within: tuple[int, ...] = ()
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every instruction with the scans it stands in, outermost first, as places among their siblings."""
    for place, component in enumerate(components):
        if component.kind == "scan":
            yield from _scans(component.body, (*within, place))
        else:
            yield from ((identity, within) for identity in component.instructions)
