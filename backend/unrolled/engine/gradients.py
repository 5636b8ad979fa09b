"""The backward pass of a run: the gradient of a scalar with respect to everything, from the last step on.

It is a run itself, of the adjoint program (`graph/adjoint.py`), through the same maps and tapes. What the
forward pass recorded is read where it lies. Gradients below 1.2e-38 (float32) read 0, since denormals are
flushed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from unrolled.engine.arithmetic import computing
from unrolled.engine.chunks import CHUNKS, Chunk, windows
from unrolled.engine.executor import Executor
from unrolled.engine.loading import Leaves, keep_beyond, load_leaves
from unrolled.engine.stages import Stage
from unrolled.engine.values import Pad, Values, allocate
from unrolled.graph import Adjoint, Program, adjoint, arrange, lower


class Backward:
    """The gradients of one scalar. Made by `Run.gradients`; consumed by `chunks` or `complete`, once."""

    def __init__(self, forward: Executor, leaves: Leaves, of: str, forcing: float) -> None:
        recurrence = forward.plan.program.recurrence
        variable = recurrence.variables.get(of)
        if variable is None or variable.kind == "input" or variable.domains or variable.shape:
            scalars = [
                one.name
                for one in recurrence.variables.values()
                if one.kind == "equation" and not one.domains and not one.shape
            ]
            raise ValueError(
                f"`{of[:30]}` is not a scalar of the whole run, so it has no gradient here; "
                f"ask for one of: {', '.join(scalars) or '-'}"
            )
        done = forward.values
        self.recurrence = recurrence
        self.of = of
        self._adjoint: Adjoint = adjoint(lower(recurrence, forcing), of, done.lengths)
        program = self._adjoint.program
        plan = arrange(program)
        self._values = Values(program, done.lengths, done.batch, done.dtype)
        for identity, name in self._adjoint.recorded.items():
            recorded = forward.plan.program.variables[name]
            self._values.tensors[identity] = done.tensors[recorded]
            self._values.pads[identity] = done.pads[recorded]
        load_leaves(self._values, leaves)
        for identity, pads in _reach(program).items():
            allocate(self._values, identity, pads)
        self._executor = Executor(plan, self._values, forcing)
        keep_beyond(self._values, self._executor.stages, self._executor.readers)
        self._is_consumed = False

    def chunks(self, sizes: Sequence[int] | None = None) -> Iterator[Chunk]:
        """Compute, chunk by chunk: per variable and step the gradient, from the last step to the first.

        The last chunk has no domain: the gradients of parameters, and of what has no index.
        """
        if self._is_consumed:
            raise RuntimeError("a backward pass is computed once; ask for another")
        self._is_consumed = True
        for stage in self._executor.stages:
            if stage.index is None:
                self._execute(stage, {})
                continue
            names = self._names_of(stage)
            domain = self.recurrence.index_domains[stage.index]
            length = self._values.length(stage.index)
            for first, last in windows(length, sizes or CHUNKS, is_forward=stage.is_forward):
                self._execute(stage, {stage.index: (first, last)})
                values = {
                    name: self._values.own(identity, {}).narrow(0, first - 1, last - first + 1)
                    for name, identity in names.items()
                }
                if values:
                    yield Chunk(domain, first, last, values)
        yield Chunk(None, 0, 0, self._whole())

    def complete(self) -> dict[str, Tensor]:
        """Compute everything at once; the gradients by name, as `values`."""
        longest = max(self._values.lengths.values(), default=1)
        for _ in self.chunks((longest,)):
            pass
        return self.values

    @property
    def values(self) -> dict[str, Tensor]:
        """Name of a variable, input or parameter to its gradient, in the layout of its value."""
        found = {**self._adjoint.variables, **self._adjoint.parameters}
        return {name: self._values.own(identity, {}) for name, identity in found.items()}

    def _names_of(self, stage: Stage) -> dict[str, int]:
        inside = set(stage.instructions())
        return {
            name: identity
            for name, identity in self._adjoint.variables.items()
            if identity in inside
        }

    def _whole(self) -> dict[str, Tensor]:
        """What has no index: parameters, and variables of the whole run."""
        program = self._adjoint.program
        return {
            name: value
            for name, value in self.values.items()
            if name in self._adjoint.parameters
            or not program.instructions[self._adjoint.variables[name]].indices
        }

    def _execute(self, stage: Stage, window: Mapping[str, tuple[int, int]]) -> None:
        with computing(inference=False):
            for component in stage.components:
                self._executor.execute(component, window)


def _reach(program: Program) -> dict[int, tuple[Pad, ...]]:
    """Room beyond the steps, filled with zeros, for what is read across them."""
    found = {
        identity: [Pad()] * len(program.instructions[identity].indices)
        for identity in program.variables.values()
    }
    for instruction in program.instructions.values():
        for operand in instruction.operands:
            pads = found.get(operand.value)
            if pads is None:
                continue
            for place, position in enumerate(operand.positions):
                if position.anchor == "shift":
                    before = max(pads[place].before, -position.offset)
                    pads[place] = Pad(before, max(pads[place].after, position.offset))
    return {identity: tuple(pads) for identity, pads in found.items()}
