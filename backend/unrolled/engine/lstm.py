"""Equations that are an LSTM's, run by the library's own layer, with every gate and state read from its workspace.

Recognised by what the equations do, not by names; one term more or less and the tape runs them. The layout of
the workspace is undocumented, so it is checked once a shape, on random numbers, against the equations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import torch
from torch import Tensor

from unrolled.engine.values import Pad, Values, Window, is_static
from unrolled.graph import Component, Instruction, Operand, Program

LEAST_STEPS: Final = 4
_PAGE: Final = 1024  # numbers of float32


@dataclass(frozen=True, slots=True)
class Gate:
    """σ(b + U x + W h): its result, its matrices and its biases."""

    result: int
    input: Operand
    matrix: int
    recurrent: int
    biases: tuple[int, ...]
    hoisted: frozenset[int]


@dataclass(frozen=True, slots=True)
class Lstm:
    """A scan that is an LSTM. `gates` in the library's order: input, forget, candidate, output.

    `hoisted`: instructions outside the scan that nothing else reads, which the library computes too;
    `is_last`: nothing else reads what the scan computes.
    """

    index: str
    gates: tuple[Gate, Gate, Gate, Gate]
    state: int
    output: int
    hoisted: frozenset[int]
    is_last: bool


def recognise(program: Program, scan: Component, readers: Mapping[int, list[int]]) -> Lstm | None:
    """The LSTM that a scan is, or None."""
    if scan.direction != "forward" or any(inner.kind != "map" for inner in scan.body):
        return None
    inside = set(scan.all_instructions())
    for identity in sorted(inside):
        found = _Reader(program, scan.index or "", inside, readers).cell(identity)
        if found is not None:
            return found
    return None


class _Reader:
    def __init__(
        self, program: Program, index: str, inside: set[int], readers: Mapping[int, list[int]]
    ) -> None:
        self.program = program
        self.index = index
        self.inside = inside
        self.readers = readers
        self.used: set[int] = set()

    def _of(self, operand: Operand, function: str) -> Instruction | None:
        """The instruction that an operand reads at its own step, if it is this function, in the scan."""
        found = self.program.instructions[operand.value]
        if operand.positions or operand.value not in self.inside or found.function != function:
            return None
        self.used.add(found.identity)
        return found

    def _is_before(self, operand: Operand, value: int) -> bool:
        position = operand.positions[0] if len(operand.positions) == 1 else None
        return (
            operand.value == value
            and position is not None
            and (position.anchor, position.index, position.offset) == ("shift", self.index, -1)
        )

    def cell(self, identity: int) -> Lstm | None:
        """h = tanh(s) * o with s = f * s[t-1] + i * c, from h."""
        h = self.program.instructions[identity]
        if h.function != "multiply" or h.variable is None or len(h.shape) != 1:
            return None
        self.used.add(identity)
        for left, right in (h.operands, h.operands[::-1]):
            squashed, out = self._of(left, "tanh"), self._of(right, "sigmoid")
            if squashed is None or out is None:
                continue
            s = self._of(squashed.operands[0], "total")
            if s is None or s.variable is None or s.signs != (1, 1):
                continue
            parts = [self._of(one, "multiply") for one in s.operands]
            for kept, new in (parts, parts[::-1]):
                if kept is None or new is None:
                    continue
                forget = self._kept(kept, s.identity)
                pair = self._new(new)
                if forget is not None and pair is not None:
                    return self._whole(h, s, (pair[0], forget, pair[1], out))
        return None

    def _kept(self, product: Instruction, s: int) -> Instruction | None:
        for gate, state in (product.operands, product.operands[::-1]):
            if self._is_before(state, s):
                return self._of(gate, "sigmoid")
        return None

    def _new(self, product: Instruction) -> tuple[Instruction, Instruction] | None:
        for first, second in (product.operands, product.operands[::-1]):
            gate, candidate = self._of(first, "sigmoid"), self._of(second, "tanh")
            if gate is not None and candidate is not None:
                return gate, candidate
        return None

    def _whole(self, h: Instruction, s: Instruction, results: Sequence[Instruction]) -> Lstm | None:
        gates = [self._gate(one, h.identity) for one in results]
        if any(gate is None for gate in gates) or self.used != self.inside:
            return None
        i, f, c, o = (gate for gate in gates if gate is not None)
        one_shape = {self.program.instructions[gate.result].shape for gate in (i, f, c, o)}
        if one_shape != {h.shape} or s.shape != h.shape or len({g.input for g in (i, f, c, o)}) > 1:
            return None
        anonymous = (one for one in self.inside if self.program.instructions[one].variable is None)
        if any(set(self.readers.get(one, ())) - self.inside for one in anonymous):
            return None
        hoisted: set[int] = set().union(*(gate.hoisted for gate in (i, f, c, o)))
        own = hoisted | self.inside
        while kept := {one for one in hoisted if set(self.readers.get(one, ())) - own}:
            hoisted -= kept
            own -= kept
        is_last = not any(set(self.readers.get(one, ())) - self.inside for one in self.inside)
        return Lstm(self.index, (i, f, c, o), s.identity, h.identity, frozenset(hoisted), is_last)

    def _gate(self, result: Instruction, h: int) -> Gate | None:
        total = self._of(result.operands[0], "total")
        if total is None or total.variable is not None:
            return None
        parts: dict[str, list[int]] = {"U": [], "W": [], "b": [], "hoisted": []}
        inputs: set[Operand] = set()
        if not self._summands(total, h, parts, inputs):
            return None
        if len(parts["U"]) != 1 or len(parts["W"]) != 1:
            return None
        return Gate(
            result.identity,
            inputs.pop(),
            parts["U"][0],
            parts["W"][0],
            tuple(parts["b"]),
            frozenset(parts["hoisted"]),
        )

    def _summands(
        self, total: Instruction, h: int, parts: dict[str, list[int]], inputs: set[Operand]
    ) -> bool:
        """Sort the summands of a gate; False where one is none of b, U x, W h[t-1]."""
        if any(sign < 0 for sign in total.signs):
            return False
        for operand in total.operands:
            one = self.program.instructions[operand.value]
            if operand.positions:
                return False
            if one.function == "matmul" and one.variable is None:
                matrix = self.program.instructions[one.operands[0].value]
                source = self.program.instructions[one.operands[1].value]
                if not is_static(matrix) or len(matrix.shape) != 2 or len(source.shape) != 1:
                    return False
                if self._is_before(one.operands[1], h) and operand.value in self.inside:
                    self.used.add(one.identity)
                    parts["W"].append(matrix.identity)
                    continue
                plain = not one.operands[1].positions and source.identity not in self.inside
                if not plain or source.indices != (self.index,) or source.is_shared:
                    return False
                inputs.add(one.operands[1])
                parts["U"].append(matrix.identity)
                parts["hoisted"].append(one.identity)
            elif is_static(one) and one.shape == total.shape:
                parts["b"].append(one.identity)
            elif (
                one.function == "total" and one.variable is None and one.identity not in self.inside
            ):
                parts["hoisted"].append(one.identity)
                if not self._summands(one, h, parts, inputs):
                    return False
            else:
                return False
        return True


def can_run(values: Values, lstm: Lstm, window: Window) -> bool:
    """Whether the library may run this window: all steps at once, float32, and a layout that holds."""
    steps = values.length(lstm.index)
    if set(window) != {lstm.index} or window[lstm.index] != (1, steps) or steps < LEAST_STEPS:
        return False
    if values.dtype != torch.float32 or not torch.backends.mkldnn.is_available():
        return False
    program = values.program
    size = program.instructions[lstm.gates[0].input.value].shape[0]
    return holds(steps, values.batch, size, program.instructions[lstm.output].shape[0])


def joined(lstm: Lstm) -> list[list[int]]:
    """Matrices and biases of the four gates that the library wants as one."""
    groups = [[gate.matrix for gate in lstm.gates], [gate.recurrent for gate in lstm.gates]]
    if all(len(gate.biases) == 1 for gate in lstm.gates):
        groups.append([gate.biases[0] for gate in lstm.gates])
    return [group for group in groups if len(set(group)) == len(group)]


def bind_lstm(values: Values, lstm: Lstm, *, in_place: bool) -> Callable[[], None]:
    """A call that computes all steps, every gate and state, from and into the tensors there are now.

    `in_place`: these tensors stay; what nothing else reads is then left in `values.fresh`.
    """
    tensors = values.tensors
    window = {lstm.index: (1, values.length(lstm.index))}
    x = values.own(lstm.gates[0].input.value, window)
    inward = _stack([tensors[gate.matrix] for gate in lstm.gates])
    across = _stack([tensors[gate.recurrent] for gate in lstm.gates])
    bias = _biases(values, lstm, x)
    h, s = (
        tensors[one][values.pads[one][0].before - 1].unsqueeze(0)
        for one in (lstm.output, lstm.state)
    )
    layer = _Layer(x.shape[0], x.shape[1], h.shape[-1])
    waits = in_place and lstm.is_last
    is_whole = waits and values.pads[lstm.output] == (Pad(1),)
    kept: list[tuple[int, int]] = []  # a result that takes the place of a tensor, and which
    copied: list[tuple[Tensor, int, int]] = []  # a tensor, the result and its first row
    pads = [(gate.result, Pad()) for gate in lstm.gates] + [(lstm.state, Pad(1))]
    for place, (identity, pad) in enumerate(pads):
        there = values.pads.get(identity)
        if there is None:
            continue
        if there != (pad,) or (in_place and not waits):
            copied.append((values.own(identity, window), place, pad.before))
        else:
            kept.append((identity, place))
    outputs = None if is_whole else values.own(lstm.output, window)
    room = values.fresh if waits else tensors

    def again() -> None:
        output, results = layer(x.contiguous(), inward(), across(), bias(), h, s)
        if outputs is None:
            room[lstm.output] = torch.cat([h, output])
        else:
            outputs.copy_(output)
        for tensor, place, first in copied:
            tensor.copy_(results[place][first:])
        for identity, place in kept:
            room[identity] = results[place]

    return again


def _stack(parts: list[Tensor]) -> Callable[[], Tensor]:
    """Tensors one above the other: a view where they lie so, else a copy at every call."""
    first, place, rows = parts[0], parts[0].data_ptr(), 0
    storage = first.untyped_storage().data_ptr()
    for part in parts:
        lies_next = part.data_ptr() == place and part.untyped_storage().data_ptr() == storage
        if not lies_next or not part.is_contiguous():
            return partial(torch.cat, parts)
        place += part.numel() * part.element_size()
        rows += part.shape[0]
    whole = first.as_strided((rows, *first.shape[1:]), first.stride(), first.storage_offset())
    return lambda: whole


def _biases(values: Values, lstm: Lstm, x: Tensor) -> Callable[[], Tensor]:
    """The biases of all gates; a gate may have several, or none."""
    biases = [[values.tensors[one] for one in gate.biases] for gate in lstm.gates]
    if all(len(some) == 1 for some in biases):
        return _stack([some[0] for some in biases])
    none = x.new_zeros(values.tensors[lstm.gates[0].recurrent].shape[0])
    return lambda: torch.cat([sum(some[1:], some[0]) if some else none for some in biases])


class _Layer:
    """The library's layer for one shape, and the views of its workspace."""

    def __init__(self, steps: int, batch: int, units: int) -> None:
        self.units = units
        self.steps = steps
        row = _leading(4 * units)
        self._gates = (4, steps, batch, units), (units, batch * row, row, 1)
        self._states = (steps + 1, batch, units), (batch * units, units, 1)
        self._states_at = _states_at(steps, batch, units)
        self._none = torch.zeros(4 * units)

    def __call__(
        self, x: Tensor, inward: Tensor, across: Tensor, bias: Tensor, h: Tensor, s: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Outputs; and as views of the workspace the gates, then the states with the first one before them."""
        units = self.units
        with torch.enable_grad():  # without it the library keeps no workspace
            output, _, last, space = torch.ops.aten.mkldnn_rnn_layer(
                x, inward, across, bias, self._none, h, s,
                False, [], 2, units, 1, True, False, False, True,
            )  # fmt: skip
        numbers = space.view(torch.float32)
        gates = numbers.as_strided(*self._gates, 0).unbind()
        states = numbers.as_strided(*self._states, self._states_at)
        states.narrow(0, 0, 1).copy_(s)
        states.narrow(0, self.steps, 1).copy_(last)
        return output, [*gates, states]


def _leading(units: int) -> int:
    """How long a row of the workspace is: whole cache lines, no power of two."""
    lines = -(-units // 16) * 16
    return lines + 16 if lines % 256 == 0 else lines


def _states_at(steps: int, batch: int, units: int) -> int:
    """Where the states begin: after gates, products and outputs, each from a page's start."""
    row = _leading(units)
    parts = (
        steps * batch * _leading(4 * units),
        steps * batch * row,
        2 * (steps + 1) * batch * row,
    )
    return sum(-(-part // _PAGE) * _PAGE for part in parts) + (steps + 1) * batch * units


@lru_cache(maxsize=512)
def holds(steps: int, batch: int, size: int, units: int) -> bool:
    """Whether the layout of the workspace is as expected, for one shape: three steps of a random run."""
    numbers = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=numbers) / max(shape[-1], 1) ** 0.5

    x, inward, across = draw(steps, batch, size), draw(4 * units, size), draw(4 * units, units)
    bias, h, s = draw(4 * units), draw(1, batch, units), draw(1, batch, units)
    try:
        output, (*gates, states) = _Layer(steps, batch, units)(x, inward, across, bias, h, s)
    except (RuntimeError, AttributeError, NotImplementedError):
        return False
    outputs = torch.cat([h, output])
    for step in (0, steps // 2, steps - 1):
        z = (bias + x[step] @ inward.mT + outputs[step] @ across.mT).chunk(4, -1)
        i, f, o = (torch.sigmoid(z[place]) for place in (0, 1, 3))
        c = torch.tanh(z[2])
        state = f * states[step] + i * c
        want = (i, f, c, o, state, o * torch.tanh(state))
        have = (*(gate[step] for gate in gates), states[step + 1], output[step])
        if not all(torch.allclose(a, b, atol=1e-5) for a, b in zip(have, want, strict=True)):
            return False
    return True
