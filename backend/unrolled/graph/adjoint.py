"""The backward pass of a program, as another program.

For every instruction that a scalar depends on there is its cotangent, the gradient of the scalar with
respect to it. A cotangent is the sum of what its readers send back; a reader one step later sends it one
step back, so the adjoint of a scan is a scan in the other direction, and the same schedule, the same
hoisting and the same tapes serve both. Values of the forward pass are leaves (`recorded`) or computed again
from them, all steps at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from unrolled.graph.program import LEAVES, Instruction, Operand, Program
from unrolled.language import FUNCTIONS, Position, Shape

_CONSTANT = ("number", "constant", "index", "noise")
_FLAT = (
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "leaf",
    "argmax",
    "sample",
    "bernoulli",
)
_Read = tuple[int, tuple[Position, ...]]


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


@dataclass
class Adjoint:
    """An adjoint program, and where to find the gradient of what.

    `variables` (inputs among them) and `parameters` (sliders among them): name to the instruction of its
    cotangent; `recorded`: leaf to the variable whose values of the forward pass it stands for; `seed`: the
    leaf that is 1 at the target and 0 elsewhere, where the target is part of a variable.
    """

    program: Program
    target: Target
    variables: dict[str, int] = field(default_factory=dict[str, int])
    parameters: dict[str, int] = field(default_factory=dict[str, int])
    recorded: dict[int, str] = field(default_factory=dict[int, str])
    seed: int | None = None


def adjoint(
    primal: Program,
    target: Target,
    lengths: Mapping[str, int],
    wanted: Collection[str] | None = None,
) -> Adjoint:
    """The adjoint of a program for a scalar (summed over a batch).

    `wanted`: names of variables, inputs, parameters and sliders; None: all. What the scalar does not depend
    on has a gradient too: zero.
    """
    return _Builder(primal, target, lengths, wanted).build()


class _Builder:
    def __init__(
        self,
        primal: Program,
        target: Target,
        lengths: Mapping[str, int],
        wanted: Collection[str] | None,
    ) -> None:
        self.primal = primal
        self.target = target
        self.of = primal.variables[target.name]
        self.lengths = lengths
        self.wanted = self._wanted(wanted)
        self.program = Program(primal.recurrence)
        self.result = Adjoint(self.program, target)
        self.values: dict[int, int] = {}
        self.cotangents: dict[int, int] = {}
        self.plain: dict[int, list[Operand]] = {}
        self.shared: dict[int, list[Operand]] = {}
        self.reads: dict[_Read, list[Operand]] = {}
        self._known: dict[tuple[object, ...], int] = {}

    def build(self) -> Adjoint:
        above, below = self._ancestors(), self._dependants()
        inside = [identity for identity in above if identity in below]
        for identity in sorted({*inside, *self.wanted.values()}):
            self.cotangents[identity] = self._reserve(identity)
        for identity in inside:
            instruction = self.primal.instructions[identity]
            if instruction.function not in LEAVES:
                for place in range(len(instruction.operands)):
                    self._send(instruction, place)
        for identity in list(self.cotangents):
            self._gather(identity)
        self._name()
        return self.result

    def _wanted(self, names: Collection[str] | None) -> dict[str, int]:
        """The instructions of what is asked for, by name."""
        found = dict(self.primal.variables)
        for instruction in self.primal.instructions.values():
            if instruction.function in ("parameter", "setting"):
                found[instruction.name or ""] = instruction.identity
        return {name: one for name, one in found.items() if names is None or name in names}

    def _dependants(self) -> set[int]:
        """Everything that depends on something that is asked for."""
        readers: dict[int, list[int]] = {}
        for instruction in self.primal.instructions.values():
            for operand in instruction.operands:
                readers.setdefault(operand.value, []).append(instruction.identity)
                if operand.positions:
                    for boundary in self._boundaries_of(operand.value):
                        readers.setdefault(boundary, []).append(instruction.identity)
        found: set[int] = set()
        stack = list(self.wanted.values())
        while stack:
            identity = stack.pop()
            if identity not in found:
                found.add(identity)
                stack.extend(readers.get(identity, ()))
        return found

    def _ancestors(self) -> list[int]:
        """Everything differentiable that the scalar depends on."""
        found: dict[int, None] = {}
        stack = [self.of]
        while stack:
            identity = stack.pop()
            instruction = self.primal.instructions[identity]
            if identity in found or instruction.function in _CONSTANT:
                continue
            if instruction.function in _FLAT and instruction.variable is None:
                continue
            found[identity] = None
            if instruction.function in _FLAT:
                continue
            for operand in instruction.operands:
                stack.append(operand.value)
                if operand.positions:
                    stack.extend(self._boundaries_of(operand.value))
        return sorted(found)

    def _boundaries_of(self, identity: int) -> list[int]:
        name = self._variable_name(identity)
        return [one for one in self.primal.boundaries if self.primal.instructions[one].name == name]

    def _variable_name(self, identity: int) -> str | None:
        instruction = self.primal.instructions[identity]
        return instruction.variable or (
            instruction.name if instruction.function == "input" else None
        )

    def _reserve(self, identity: int) -> int:
        instruction = self.primal.instructions[identity]
        name = self._variable_name(identity)
        shared = instruction.is_shared and not instruction.indices
        made = self.program.new(
            function="pending", operands=(), shape=instruction.shape, indices=instruction.indices,
            text="", is_shared=shared, variable=f"∇{name}" if name in self.wanted and instruction.boundary is None else None,
        )  # fmt: skip
        return made.identity

    # forward values

    def _value(self, identity: int) -> Operand:
        """A value of the forward pass inside the adjoint program."""
        if identity not in self.values:
            instruction = self.primal.instructions[identity]
            if self._variable_name(identity) is not None and instruction.boundary is None:
                made = self.program.new(
                    function="recorded", operands=(), shape=instruction.shape, indices=instruction.indices,
                    text=instruction.text, name=self._variable_name(identity),
                )  # fmt: skip
                self.result.recorded[made.identity] = self._variable_name(identity) or ""
                self.values[identity] = made.identity
            else:
                operands = tuple(
                    Operand(self._value(one.value).value, one.positions)
                    for one in instruction.operands
                )
                made = self.program.new(
                    function=instruction.function, operands=operands, shape=instruction.shape, indices=instruction.indices,
                    text=instruction.text, over=instruction.over, signs=instruction.signs, number=instruction.number,
                    name=instruction.name, is_shared=instruction.is_shared,
                )  # fmt: skip
                self.values[identity] = made.identity
        return Operand(self.values[identity])

    def _argument(self, operand: Operand) -> Operand:
        """An operand of the forward pass, with its positions."""
        return Operand(self._value(operand.value).value, operand.positions)

    # building blocks

    def _emit(
        self, function: str, operands: Sequence[Operand], shape: Shape, indices: tuple[str, ...],
        over: tuple[str, ...] = (), signs: tuple[int, ...] = (), name: str | None = None,
    ) -> Operand:  # fmt: skip
        key = (function, tuple(operands), shape, indices, over, signs, name)
        if key not in self._known:
            shared = all(
                self.program.instructions[one.value].is_shared and not one.positions
                for one in operands
            )
            made = self.program.new(
                function=function, operands=tuple(operands), shape=shape, indices=indices, text="", over=over,
                signs=signs, name=name, is_shared=shared,
            )  # fmt: skip
            self._known[key] = made.identity
        return Operand(self._known[key])

    def _number(self, value: float) -> Operand:
        key = ("number", value)
        if key not in self._known:
            made = self.program.new(
                function="number",
                operands=(),
                shape=(),
                indices=(),
                text=f"{value:g}",
                number=value,
                is_shared=True,
            )
            self._known[key] = made.identity
        return Operand(self._known[key])

    def _shape(self, operand: Operand) -> Shape:
        return self.program.instructions[operand.value].shape

    def _indices(self, operand: Operand) -> tuple[str, ...]:
        if operand.positions:
            return self.program.order(
                {one.index for one in operand.positions if one.anchor == "shift"}
            )
        return self.program.instructions[operand.value].indices

    def _times(self, *factors: Operand) -> Operand:
        result = factors[0]
        for factor in factors[1:]:
            shape = max(self._shape(result), self._shape(factor), key=len)
            indices = self.program.order({*self._indices(result), *self._indices(factor)})
            result = self._emit("multiply", (result, factor), shape, indices)
        return result

    def _sum_of(self, operands: Sequence[Operand], signs: Sequence[int]) -> Operand:
        shape = max((self._shape(one) for one in operands), key=len)
        indices = self.program.order({index for one in operands for index in self._indices(one)})
        return self._emit("total", operands, shape, indices, signs=tuple(signs))

    # what a reader sends back

    def _send(self, reader: Instruction, place: int) -> None:
        operand = reader.operands[place]
        producer = self.primal.instructions[operand.value]
        is_condition = reader.function == "where" and place == 0
        if operand.value not in self.cotangents or reader.function in _FLAT or is_condition:
            return
        incoming = Operand(self.cotangents[reader.identity])
        if producer.is_shared and not producer.indices:
            self.shared.setdefault(operand.value, []).append(
                self._accumulated(reader, place, incoming)
            )
            return
        sent = self._rule(reader, place, incoming)
        if sent is None:
            return
        sent = self._fitted(sent, producer.shape, self._labels(operand))
        if operand.positions:
            self.reads.setdefault((operand.value, operand.positions), []).append(sent)
        else:
            self.plain.setdefault(operand.value, []).append(sent)

    def _labels(self, operand: Operand) -> tuple[str, ...]:
        if operand.positions:
            return self.primal.order(
                {one.index for one in operand.positions if one.anchor == "shift"}
            )
        return self.primal.instructions[operand.value].indices

    def _fitted(self, sent: Operand, shape: Shape, labels: tuple[str, ...]) -> Operand:
        """Summed over the units and the indices that the producer does not have."""
        extra = tuple(index for index in self._indices(sent) if index not in labels)
        if extra:
            left = tuple(index for index in self._indices(sent) if index not in extra)
            sent = self._emit("sum", (sent,), self._shape(sent), left, over=extra)
        if len(self._shape(sent)) > len(shape):
            sent = self._emit("sum", (sent,), (), self._indices(sent))
        return sent

    def _accumulated(self, reader: Instruction, place: int, incoming: Operand) -> Operand:
        """What a parameter receives: summed over all steps and the batch."""
        producer = self.primal.instructions[reader.operands[place].value]
        if reader.is_shared and not reader.indices:
            sent = self._rule(reader, place, incoming)
            assert sent is not None
            return self._fitted(sent, producer.shape, ())
        if (
            reader.function == "matmul"
            and len(producer.shape) == 2
            and place == 0
            and len(reader.shape) == 1
        ):
            other = self._argument(reader.operands[1])
            over = self.program.order({*reader.indices, *self._indices(other)})
            return self._shared_emit("outer_total", (incoming, other), producer.shape, over)
        sent = self._rule(reader, place, incoming)
        assert sent is not None
        if len(self._shape(sent)) > len(producer.shape):
            sent = self._emit("sum", (sent,), (), self._indices(sent))
        return self._shared_emit("batch_total", (sent,), producer.shape, self._indices(sent))

    def _shared_emit(
        self, function: str, operands: Sequence[Operand], shape: Shape, over: tuple[str, ...]
    ) -> Operand:
        made = self.program.new(
            function=function,
            operands=tuple(operands),
            shape=shape,
            indices=(),
            text="",
            over=over,
            is_shared=True,
        )
        return Operand(made.identity)

    def _rule(self, reader: Instruction, place: int, g: Operand) -> Operand | None:
        """The product of an incoming cotangent with one Jacobian of an instruction."""
        value = Operand(self._value(reader.identity).value) if reader.boundary is None else None
        arguments = [self._argument(one) for one in reader.operands]
        one = self._number(1.0)
        match reader.function:
            case "copy":
                return g
            case "total":
                return (
                    g
                    if reader.signs[place] > 0
                    else self._emit("negative", (g,), self._shape(g), self._indices(g))
                )
            case "multiply":
                return self._times(g, arguments[1 - place])
            case "sigmoid" if value is not None:
                return self._times(g, self._times(value, self._sum_of((one, value), (1, -1))))
            case "tanh" if value is not None:
                return self._times(g, self._sum_of((one, self._times(value, value)), (1, -1)))
            case "matmul":
                return self._matmul(reader, place, g, arguments)
            case "sum" | "mean" if reader.over:
                return (
                    g
                    if reader.function == "sum"
                    else self._times(g, self._number(1 / self._count(reader.over)))
                )
            case "sum":
                return g
            case "force":
                return self._emit(
                    f"vjp:force:{place}", (g, *arguments), reader.shape, self._spread(g, arguments)
                )
            case _:
                shape = self._shape(arguments[place])
                row = FUNCTIONS.get(reader.function)
                widened = row is not None and row.is_elementwise
                return self._emit(
                    f"vjp:{reader.function}:{place}",
                    (g, *arguments),
                    reader.shape if widened else shape,
                    self._spread(g, arguments),
                    over=reader.over,
                )

    def _count(self, over: Sequence[str]) -> int:
        count = 1
        for index in over:
            count *= self.lengths[self.primal.recurrence.index_domains[index]]
        return count

    def _spread(self, g: Operand, arguments: Sequence[Operand]) -> tuple[str, ...]:
        return self.program.order(
            {index for one in (g, *arguments) for index in self._indices(one)}
        )

    def _matmul(
        self, reader: Instruction, place: int, g: Operand, arguments: list[Operand]
    ) -> Operand:
        left, right = arguments
        indices = self._spread(g, arguments)
        ranks = len(self._shape(left)), len(self._shape(right))
        if ranks == (2, 1):
            if place == 0:
                return self._emit("outer", (g, right), self._shape(left), indices)
            turned = self._emit("transpose", (left,), self._shape(left)[::-1], self._indices(left))
            return self._emit("matmul", (turned, g), self._shape(right), self._spread(g, [left]))
        if ranks == (1, 1):
            return self._times(g, arguments[1 - place])
        if ranks == (1, 2):
            if place == 0:
                return self._emit("matmul", (right, g), self._shape(left), indices)
            return self._emit("outer", (left, g), self._shape(right), indices)
        other = arguments[1 - place]
        turned = self._emit("transpose", (other,), self._shape(other)[::-1], self._indices(other))
        pair = (g, turned) if place == 0 else (turned, g)
        return self._emit("matmul", pair, self._shape(arguments[place]), indices)

    # sums of what arrives

    def _gather(self, identity: int) -> None:
        """A cotangent: what plain readers send, and what readers at other steps send back over the steps."""
        operands = [*self.plain.get(identity, ()), *self.shared.get(identity, ())]
        if identity == self.of:
            operands.append(self._seed())
        for (producer, positions), sent in self.reads.items():
            if producer == identity:
                operands += self._arrived(identity, positions, sent)
        instruction = self.primal.instructions[identity]
        if instruction.boundary is not None:
            operands += self._boundary_arrivals(instruction)
        operands = operands or [self._number(0.0)]
        own = self.program.instructions[self.cotangents[identity]]
        self.program.instructions[own.identity] = replace(
            own, function="total", operands=tuple(operands), signs=(1,) * len(operands)
        )

    def _seed(self) -> Operand:
        """One at the target, zero elsewhere."""
        if not self.target.steps and not self.target.unit:
            return self._number(1.0)
        own = self.primal.instructions[self.of]
        made = self.program.new(
            function="recorded", operands=(), shape=own.shape, indices=own.indices, text=str(self.target), name="1"
        )  # fmt: skip
        self.result.seed = made.identity
        return Operand(made.identity)

    def _gate(self, positions: tuple[Position, ...], sent: list[Operand]) -> Operand:
        """All that readers with one offset send, as a value that other steps can read."""
        key = ("gate", positions, tuple(sent))
        if key not in self._known:
            labels = self.program.order({one.index for one in positions if one.anchor == "shift"})
            made = self.program.new(
                function="total", operands=tuple(sent), shape=max((self._shape(one) for one in sent), key=len),
                indices=labels, text="", signs=(1,) * len(sent),
            )  # fmt: skip
            name = f"·{made.identity}"
            self.program.instructions[made.identity] = replace(made, variable=name)
            self.program.variables[name] = made.identity
            self._known[key] = made.identity
        return Operand(self._known[key])

    def _arrived(
        self, identity: int, positions: tuple[Position, ...], sent: list[Operand]
    ) -> list[Operand]:
        gate = self._gate(positions, sent)
        own = self.primal.instructions[identity].indices
        back: dict[str, Position] = {}
        fixed: list[tuple[str, Position]] = []
        for index, position in zip(own, positions, strict=True):
            if position.anchor == "shift":
                back[position.index] = Position("shift", index, position.domain, -position.offset)
            elif position.anchor in ("start", "end"):
                fixed.append((index, position))
        labels = self.program.instructions[gate.value].indices
        there = tuple(back[label] for label in labels)
        operand = Operand(gate.value, there) if there else gate
        for index, position in fixed:
            operand = self._only_at(operand, index, position)
            if operand is None:
                return []
        return [operand]

    def _only_at(self, operand: Operand, index: str, position: Position) -> Operand | None:
        length = self.lengths[position.domain]
        step = position.offset if position.anchor == "start" else length + position.offset
        if not 1 <= step <= length:
            return None
        running = self.program.new(
            function="index",
            operands=(),
            shape=(),
            indices=(index,),
            text=index,
            name=index,
            is_shared=True,
        )
        here = self._emit(
            "equal", (Operand(running.identity), self._number(float(step))), (), (index,)
        )
        return self._emit(
            "where",
            (here, operand, self._number(0.0)),
            self._shape(operand),
            self.program.order({index, *self._indices(operand)}),
        )

    def _boundary_arrivals(self, boundary: Instruction) -> list[Operand]:
        """What the readers of a boundary value send it: those steps whose offset reaches it."""
        found: list[Operand] = []
        place = boundary.boundary or ()
        for (producer, positions), sent in self.reads.items():
            if self._variable_name(producer) != boundary.name:
                continue
            gate = self._gate(positions, sent)
            operand = self._reaching(gate, positions, place)
            if operand is not None:
                found.append(operand)
        return found

    def _reaching(
        self, gate: Operand, positions: tuple[Position, ...], place: tuple[Position, ...]
    ) -> Operand | None:
        there: dict[str, Position] = {}
        for read, given in zip(positions, place, strict=True):
            if given.anchor == "shift":
                if read.anchor != "shift":
                    return None
                there[read.index] = replace(given, offset=-read.offset)
                continue
            length = self.lengths[given.domain]
            wanted = given.offset if given.anchor == "start" else length + given.offset
            if read.anchor == "shift":
                step = wanted - read.offset
                if not 1 <= step <= length:
                    return None
                there[read.index] = Position("start", "", given.domain, step)
            elif (read.offset if read.anchor == "start" else length + read.offset) != wanted:
                return None
        labels = self.program.instructions[gate.value].indices
        return Operand(gate.value, tuple(there[label] for label in labels)) if labels else gate

    # names

    def _name(self) -> None:
        for name, identity in self.wanted.items():
            own = self.cotangents[identity]
            if self.primal.instructions[identity].function in ("parameter", "setting"):
                self.result.parameters[name] = own
            else:
                self.result.variables[name] = own
                self.program.variables[f"∇{name}"] = own
