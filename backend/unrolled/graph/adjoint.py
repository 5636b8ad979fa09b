"""The backward pass of a program, as another program.

For every instruction that a scalar depends on there is its cotangent, the gradient of the scalar with
respect to it. A cotangent is the sum of what its readers send back (`transposed.py`); a reader one step later
sends it one step back (`arrivals.py`), so the adjoint of a scan is a scan in the other direction, and the same
schedule, the same hoisting and the same tapes serve both. Values of the forward pass are leaves or computed
again from them (`blocks.py`). `shares.py` takes gradients apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from unrolled.graph.arrivals import Read, arrivals, boundary_arrivals
from unrolled.graph.blocks import Blocks
from unrolled.graph.linear import linear
from unrolled.graph.program import LEAVES, Instruction, Operand, Program
from unrolled.graph.shares import contributions, parts
from unrolled.graph.transposed import FLAT, accumulated, passes, sent_back
from unrolled.language import Position, Shape

_CONSTANT = ("number", "constant", "index", "noise", "held")
_STATIC = ("parameter", "setting")


@dataclass(frozen=True, slots=True)
class Target:
    """A scalar of a run: a variable, a step of each of its domains (from 1), a place in its shape (from 0)."""

    name: str
    steps: tuple[int, ...] = ()
    unit: tuple[int, ...] = ()

    def __str__(self) -> str:
        steps = f"[{', '.join(map(str, self.steps))}]" if self.steps else ""
        unit = f"[{', '.join(map(str, self.unit))}]" if self.unit else ""
        return f"{self.name}{steps}{unit}"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be differentiated with respect to.

    `wanted`: names of variables, inputs, parameters and sliders, or of boundary values such as `h[0]`; None: all.
    A variable brings its boundary values along. `parts` and `contributions`: see `shares.py`. `fixed`: the
    boundary values that the caller gave, by name and place, so that no equation stands behind them.
    """

    target: Target
    wanted: frozenset[str] | None = None
    parts: bool = False
    contributions: bool = False
    fixed: frozenset[tuple[str, str]] = frozenset()

    def is_wanted(self, name: str) -> bool:
        return self.wanted is None or name in self.wanted


@dataclass
class Adjoint:
    """An adjoint program, and where to find the gradient of what.

    `variables`: names of variables and inputs, boundary values (`h[0]`), parts (`h/o`) and contributions
    (`W/time`) to the instruction of their gradient; `parameters` (sliders among them) likewise; `recorded`:
    leaf to the variable whose values of the forward pass it stands for; `seed`: the leaf that is 1 at the
    target and 0 elsewhere, where the target is part of a variable.
    """

    program: Program
    target: Target
    variables: dict[str, int] = field(default_factory=dict[str, int])
    parameters: dict[str, int] = field(default_factory=dict[str, int])
    recorded: dict[int, str] = field(default_factory=dict[int, str])
    seed: int | None = None


def adjoint(primal: Program, request: Request, lengths: Mapping[str, int]) -> Adjoint:
    """The adjoint of a program for a scalar (summed over a batch).

    What the scalar does not depend on has a gradient too: zero.
    """
    return _Builder(primal, request, lengths).build()


class _Builder:
    def __init__(self, primal: Program, request: Request, lengths: Mapping[str, int]) -> None:
        self.primal = primal
        self.request = request
        self.of = primal.variables[request.target.name]
        self.program = Program(primal.recurrence)
        self.blocks = Blocks(primal, self.program, lengths)
        self.result = Adjoint(self.program, request.target, recorded=self.blocks.recorded)
        self.cotangents: dict[int, int] = {}
        self.plain: dict[int, list[Operand]] = {}
        self.reads: dict[Read, list[Operand]] = {}

    def build(self) -> Adjoint:
        variables, parameters = self._wanted()
        above, below = self._ancestors(), self._dependants({**variables, **parameters}.values())
        inside = [identity for identity in above if identity in below]
        self._reserve(inside, {**variables, **parameters})
        for identity in inside:
            instruction = self.primal.instructions[identity]
            if instruction.function not in LEAVES:
                for place in range(len(instruction.operands)):
                    self._send(instruction, place)
        for identity in list(self.cotangents):
            self._gather(identity)
        kept = {name: one for name, one in variables.items() if self.request.is_wanted(name)}
        self.result.variables.update({name: self.cotangents[one] for name, one in kept.items()})
        self.result.variables.update(self._boundaries(variables))
        self.result.parameters.update(
            {name: self.cotangents[one] for name, one in parameters.items()}
        )
        self.result.parameters.update(self._unread(parameters))
        if self.request.parts:
            self.result.variables.update(parts(self.blocks, self.cotangents, kept))
        if self.request.contributions:
            shares = contributions(self.blocks, self.cotangents, parameters)
            self.result.variables.update(shares)
        results = {*self.result.variables.values(), *self.result.parameters.values()}
        linear(self.blocks, self.cotangents.values(), results)
        return self.result

    def _unread(self, known: Mapping[str, int]) -> dict[str, int]:
        """The zero gradients of parameters and sliders that the run never reads: the forcing cut them out."""
        recurrence = self.primal.recurrence
        shapes: dict[str, Shape] = {name: one.shape for name, one in recurrence.parameters.items()}
        shapes |= dict.fromkeys(recurrence.settings, ())
        zero = (self.blocks.number(0.0),)
        return {
            name: self.program.new(
                function="total", operands=zero, signs=(1,), shape=shape, indices=(), text="", is_shared=True
            ).identity
            for name, shape in shapes.items()
            if name not in known and self.request.is_wanted(name)
        }  # fmt: skip

    # what has a cotangent

    def _wanted(self) -> tuple[dict[str, int], dict[str, int]]:
        """The variables (asked for, or boundary values of which are) and the parameters, by name."""
        wanted = self.request.wanted
        names = None if wanted is None else {name.split("[")[0] for name in wanted}
        variables = {
            name: identity
            for name, identity in self.primal.variables.items()
            if names is None or name in names
        }
        parameters = {
            one.name or "": one.identity
            for one in self.primal.instructions.values()
            if one.function in _STATIC and self.request.is_wanted(one.name or "")
        }
        return variables, parameters

    def _equations_behind(self, operand: Operand) -> list[int]:
        """The boundary equations that a read with positions may reach."""
        if not operand.positions:
            return []
        found = self.blocks.boundaries_of(operand.value)
        return [one for one in found if not self._is_fixed(self.primal.instructions[one])]

    def _is_fixed(self, boundary: Instruction) -> bool:
        place = ", ".join(map(str, boundary.boundary or ()))
        return (boundary.name or "", place) in self.request.fixed

    def _dependants(self, wanted: Collection[int]) -> set[int]:
        """Everything that depends on something that is asked for."""
        readers: dict[int, list[int]] = {}
        for instruction in self.primal.instructions.values():
            for operand in instruction.operands:
                for read in (operand.value, *self._equations_behind(operand)):
                    readers.setdefault(read, []).append(instruction.identity)
        found: set[int] = set()
        stack = list(wanted)
        while stack:
            identity = stack.pop()
            if identity not in found:
                found.add(identity)
                stack.extend(readers.get(identity, ()))
        return found

    def _ancestors(self) -> list[int]:
        """Everything differentiable that the scalar depends on."""
        found: set[int] = set()
        stack = [self.of]
        while stack:
            identity = stack.pop()
            instruction = self.primal.instructions[identity]
            if identity in found or instruction.function in _CONSTANT:
                continue
            if instruction.function in FLAT and instruction.variable is None:
                continue
            found.add(identity)
            for place, operand in enumerate(instruction.operands):
                if passes(instruction, place):
                    stack += [operand.value, *self._equations_behind(operand)]
        return sorted(found)

    def _reserve(self, inside: Collection[int], wanted: Mapping[str, int]) -> None:
        """A place for every cotangent; those that are asked for hold all their steps."""
        for identity in sorted({*inside, *wanted.values()}):
            instruction = self.primal.instructions[identity]
            name = self.blocks.variable_name(identity)
            is_kept = name in wanted and instruction.boundary is None
            made = self.program.new(
                function="pending", operands=(), shape=instruction.shape, indices=instruction.indices, text="",
                is_shared=instruction.is_shared and not instruction.indices, variable=f"∇{name}" if is_kept else None,
            )  # fmt: skip
            self.cotangents[identity] = made.identity
            if is_kept:
                self.program.variables[f"∇{name}"] = made.identity

    # what they are

    def _send(self, reader: Instruction, place: int) -> None:
        operand = reader.operands[place]
        producer = self.primal.instructions[operand.value]
        if operand.value not in self.cotangents or not passes(reader, place):
            return
        incoming = Operand(self.cotangents[reader.identity])
        if producer.is_shared and not producer.indices:
            sent = accumulated(self.blocks, reader, place, incoming)
        else:
            sent = sent_back(self.blocks, reader, place, incoming)
            sent = self.blocks.fitted(sent, producer.shape, self.blocks.labels(operand))
        if operand.positions:
            self.reads.setdefault((operand.value, operand.positions), []).append(sent)
        else:
            self.plain.setdefault(operand.value, []).append(sent)

    def _gather(self, identity: int) -> None:
        """A cotangent: what plain readers send, and what readers at other steps send back over the steps."""
        operands = [*self.plain.get(identity, ()), *arrivals(self.blocks, identity, self.reads)]
        if identity == self.of:
            operands.append(self._seed())
        boundary = self.primal.instructions[identity].boundary
        if boundary is not None:
            name = self.primal.instructions[identity].name or ""
            operands += boundary_arrivals(self.blocks, name, boundary, self.reads)
        operands = operands or [self.blocks.number(0.0)]
        own = self.cotangents[identity]
        self.program.instructions[own] = replace(
            self.program.instructions[own], function="total", operands=tuple(operands), signs=(1,) * len(operands)
        )  # fmt: skip

    def _seed(self) -> Operand:
        """One at the target, zero elsewhere."""
        target = self.request.target
        if not target.steps and not target.unit:
            return self.blocks.number(1.0)
        own = self.primal.instructions[self.of]
        made = self.program.new(
            function="recorded", operands=(), shape=own.shape, indices=own.indices, text=str(target), name="1"
        )  # fmt: skip
        self.result.seed = made.identity
        return Operand(made.identity)

    def _boundaries(self, variables: Mapping[str, int]) -> dict[str, int]:
        """The gradients of the boundary values of chains that some equation reads, by name: `h[0]`."""
        found: dict[str, int] = {}
        for name, identity in variables.items():
            instruction = self.primal.instructions[identity]
            for place in boundary_positions(self.primal, instruction):
                key = f"{name}[{place}]"
                if self.request.is_wanted(name) or self.request.is_wanted(key):
                    sent = boundary_arrivals(self.blocks, name, (place,), self.reads)
                    sent = sent or [self.blocks.number(0.0)]
                    found[key] = self.blocks.named(f"∇{key}", sent, instruction.shape, ())
        return found


def boundary_positions(program: Program, variable: Instruction) -> list[Position]:
    """The positions before the first and after the last step of a chain at which a program reads a variable."""
    if len(variable.indices) != 1:
        return []
    domain = program.recurrence.index_domains[variable.indices[0]]
    if program.recurrence.domains[domain].kind == "tree":
        return []
    before = after = 0
    for reader in program.instructions.values():
        for operand in reader.operands:
            if operand.value == variable.identity and operand.positions:
                (position,) = operand.positions
                before = max(before, _reach(position, "start"))
                after = max(after, _reach(position, "end"))
    return [
        *(Position("start", "", domain, -back) for back in range(before)),
        *(Position("end", "", domain, ahead) for ahead in range(1, after + 1)),
    ]


def _reach(position: Position, end: str) -> int:
    """How many boundary values at one end a read can need."""
    if position.anchor == "shift":
        return -position.offset if end == "start" else position.offset
    if position.anchor != end:
        return 0
    return 1 - position.offset if end == "start" else position.offset
