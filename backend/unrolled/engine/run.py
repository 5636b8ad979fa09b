"""A run: tensors for every variable at every step, computed in chunks as they are asked for.

`prepare` checks a request and makes the plan; `Run.chunks` computes. Everything runs under
`torch.inference_mode` with denormals flushed to zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from unrolled.engine.data import Given, lengths_of, read_inputs, stable_seed
from unrolled.engine.maps import MapPlan, consumers, plan_map, run_map
from unrolled.engine.operations import operation_values
from unrolled.engine.parameters import make_parameters, read_array
from unrolled.engine.problems import escape, refuse
from unrolled.engine.scan import Tape, gates_of, stack_ranks, tape_of
from unrolled.engine.stages import Stage, stages
from unrolled.engine.values import Pad, Values, Window, allocate, pads_of
from unrolled.graph import Component, Cost, Operand, Schedule, cost, operations, schedule
from unrolled.language import Position, Recurrence, Shape

DTYPES: Final = {"float32": torch.float32, "float64": torch.float64}
CHUNKS: Final = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Values of some steps of one domain: name to tensor (steps, [other domains,] batch, shape).

    The last chunk has no domain: scalars and parameters, without a dimension for steps.
    """

    domain: str | None
    first: int
    last: int
    values: Mapping[str, Tensor]


def prepare(
    recurrence: Recurrence,
    *,
    lengths: Mapping[str, int] | None = None,
    inputs: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    settings: Mapping[str, float] | None = None,
    boundary: Mapping[str, Any] | None = None,
    forcing: float = 1.0,
    variables: Sequence[str] | None = None,
    dtype: str = "float32",
    batch: int = 1,
    check: Callable[[Cost], None] | None = None,
) -> Run:
    """A run of a recurrence, checked and ready to be computed.

    `inputs`: name to a nested list or tensor (steps, size) or (steps, batch, size), classes,
    `{"text": …}`, `{"next": …}` or `{"generate": …}`. `boundary`: name to h[0], or to a mapping of positions
    ("0", "-1", "end+1"). `forcing`: probability of the target in `force`. `check` sees the cost before
    anything is allocated and may raise. Raises `RunError`, and `LanguageError` where the equations have no order.
    """
    if dtype not in DTYPES:
        raise refuse("/dtype", "dtype-unknown", name=str(dtype)[:30])
    if not 0 <= forcing <= 1:
        raise refuse("/forcing", "forcing-range")
    for domain in recurrence.domains.values():
        if domain.kind != "chain":
            code = "tree-run" if domain.kind == "tree" else "stop-run"
            raise refuse("/equations", code, domain=domain.name)
    plan = schedule(recurrence, forcing)
    names = _names(recurrence, variables)
    outside = lengths_of(recurrence, inputs or {}, lengths or {})
    if check is not None:
        check(cost(plan, outside))
    given, known = read_inputs(
        recurrence, inputs or {}, lengths or {}, batch=batch, dtype=DTYPES[dtype], seed=seed
    )
    _check_steps(recurrence, known)
    made = make_parameters(recurrence, parameters or {}, seed, DTYPES[dtype])
    values = Values(plan.program, known, batch, DTYPES[dtype])
    run = Run(recurrence, plan, values, names, forcing, seed)
    run.load(given, made, _settings(recurrence, settings or {}), boundary or {})
    return run


def _names(recurrence: Recurrence, variables: Sequence[str] | None) -> list[str]:
    if variables is None:
        return list(recurrence.variables)
    known = {*recurrence.variables, *recurrence.parameters}
    equations = {one.variable: one for one in recurrence.equations}
    names: list[str] = []
    for place, name in enumerate(variables):
        base, slash, part = name.partition("/")
        if name in known:
            names.append(name)
        elif slash and base in equations and part == "*":
            names += [identity for identity, _ in operations(recurrence, equations[base])]
        elif (
            slash
            and base in equations
            and name in {identity for identity, _ in operations(recurrence, equations[base])}
        ):
            names.append(name)
        else:
            raise refuse(
                f"/variables/{place}",
                "variable-unknown",
                name=name[:30],
                names=", ".join(recurrence.variables),
            )
    return list(dict.fromkeys(names))


def _check_steps(recurrence: Recurrence, lengths: Mapping[str, int]) -> None:
    for equation in (*recurrence.equations, *recurrence.boundaries):
        for term in equation.term.walk():
            for position in term.reference.positions if term.reference else ():
                length = lengths[position.domain]
                late = position.anchor == "start" and position.offset > length
                early = position.anchor == "end" and position.offset <= -length
                if late or early:
                    raise refuse(
                        f"/lengths/{escape(position.domain)}",
                        "step-outside",
                        reference=str(term.reference),
                        length=str(length),
                    )


def _settings(recurrence: Recurrence, given: Mapping[str, float]) -> dict[str, float]:
    for name, value in given.items():
        if name not in recurrence.settings:
            names = ", ".join(recurrence.settings) or "-"
            raise refuse(
                f"/settings/{escape(name)}", "setting-unknown", name=name[:30], names=names
            )
        setting = recurrence.settings[name]
        if not setting.minimum <= value <= setting.maximum:
            raise refuse(
                f"/settings/{escape(name)}", "setting-range", name=name, minimum=f"{setting.minimum:g}", maximum=f"{setting.maximum:g}"
            )  # fmt: skip
    return {name: given.get(name, one.value) for name, one in recurrence.settings.items()}


class Run:
    """One computation of a recurrence. Made by `prepare`; consumed by `chunks` or `complete`, once."""

    def __init__(
        self,
        recurrence: Recurrence,
        plan: Schedule,
        values: Values,
        names: list[str],
        forcing: float,
        seed: int,
    ) -> None:
        self.recurrence = recurrence
        self.plan = plan
        self.lengths: Mapping[str, int] = values.lengths
        self.cost: Cost = cost(plan, values.lengths)
        self.symbols: dict[str, list[str]] = {}
        self.shapes: dict[str, Shape] = {
            name: one.shape for name, one in recurrence.variables.items() if name in names
        }
        self.domains: dict[str, tuple[str, ...]] = {
            name: one.domains for name, one in recurrence.variables.items() if name in names
        }
        self._values = values
        self._names = names
        self._forcing = forcing
        self._seed = seed
        self._readers = consumers(plan.program)
        self._stages = stages(plan)
        self._maps: dict[int, MapPlan] = {}
        self._tapes: dict[int, Tape | None] = {}
        self._next_stage = 0
        self._is_consumed = False
        self._operations: dict[str, Tensor] = {}

    # loading

    def load(
        self,
        inputs: Mapping[str, Given],
        parameters: Mapping[str, Tensor],
        settings: Mapping[str, float],
        boundary: Mapping[str, Any],
    ) -> None:
        """Put leaves, boundary values and the room for all variables in place."""
        values, program = self._values, self.plan.program
        pads = pads_of(program)
        ranks: dict[int, int] = {}
        for component in self.plan.components:
            if component.kind == "scan":
                ranks.update(stack_ranks(program, component, self._readers))
                for group in gates_of(program, component, self._readers):
                    self._allocate_together(group, pads)
        self._ranks = ranks
        for name, identity in program.variables.items():
            if identity not in values.tensors:
                allocate(values, identity, pads[identity])
            if name in inputs:
                values.own(identity, {}).copy_(inputs[name].values)
                symbols = inputs[name].symbols
                if symbols is not None:
                    self.symbols[name] = list(symbols)
        for instruction in program.instructions.values():
            match instruction.function:
                case "parameter":
                    values.tensors[instruction.identity] = parameters[instruction.name or ""]
                case "constant":
                    rows = self.recurrence.constants[instruction.name or ""].rows
                    values.tensors[instruction.identity] = torch.tensor(rows, dtype=values.dtype)
                case "setting":
                    values.tensors[instruction.identity] = torch.tensor(
                        settings[instruction.name or ""], dtype=values.dtype
                    )
                case "number":
                    values.tensors[instruction.identity] = torch.tensor(
                        instruction.number, dtype=values.dtype
                    )
                case "index":
                    steps = torch.arange(
                        1, values.length(instruction.name or "") + 1, dtype=values.dtype
                    )
                    values.tensors[instruction.identity] = steps.unsqueeze(-1)
                case "noise":
                    values.tensors[instruction.identity] = self._noise(
                        instruction.name or "", instruction.indices, instruction.shape
                    )
                case _:
                    continue
        self.parameters = dict(parameters)
        self._load_boundary(boundary)
        self._keep_across_stages()

    def _allocate_together(self, group: list[int], pads: dict[int, tuple[Pad, ...]]) -> None:
        """Room for several gates side by side, so that one call computes them."""
        values, program = self._values, self.plan.program
        instructions = [program.instructions[identity] for identity in group]
        pad = Pad(
            max(pads[identity][0].before for identity in group),
            max(pads[identity][0].after for identity in group),
        )
        length = pad.before + values.length(instructions[0].indices[0]) + pad.after
        joint = torch.empty(
            length, values.batch, sum(one.shape[0] for one in instructions), dtype=values.dtype
        )
        joint[: pad.before].zero_()
        joint[length - pad.after :].zero_()
        column = 0
        for one in instructions:
            values.tensors[one.identity] = joint.narrow(-1, column, one.shape[0])
            values.pads[one.identity] = (pad,)
            column += one.shape[0]

    def _noise(self, name: str, indices: tuple[str, ...], shape: Shape) -> Tensor:
        values = self._values
        generator = torch.Generator().manual_seed(stable_seed(self._seed, name))
        sizes = (*(values.length(index) for index in indices), values.batch, *shape)
        if name.startswith("normal"):
            return torch.randn(sizes, generator=generator, dtype=torch.float64).to(values.dtype)
        uniform = torch.rand(sizes, generator=generator, dtype=torch.float64)
        if name.startswith("gumbel"):
            uniform = -(-uniform.clamp_min(1e-300).log()).log()
        return uniform.to(values.dtype)

    def _load_boundary(self, boundary: Mapping[str, Any]) -> None:
        program, values = self.plan.program, self._values
        for name, form in boundary.items():
            variable = self.recurrence.variables.get(name)
            pointer = f"/boundary/{escape(name)}"
            readable = self._boundary_places()
            for place, given in form.items() if isinstance(form, Mapping) else [("0", form)]:
                if variable is None or (name, place) not in readable:
                    names = ", ".join(f"{one}[{where}]" for one, where in readable) or "-"
                    raise refuse(
                        pointer,
                        "boundary-unknown",
                        name=name[:30],
                        position=str(place)[:12],
                        names=names,
                    )
                array = read_array(pointer, f"{name}[{place}]", given, variable.shape, values.dtype)
                identity = program.variables[name]
                position = readable[(name, place)]
                values.view(Operand(identity, (position,)), {})[0].copy_(array)
                values.fixed.add((identity, (position,)))

    def _boundary_places(self) -> dict[tuple[str, str], Position]:
        """Boundary values of chains that some equation reads, by name and written position."""
        places: dict[tuple[str, str], Position] = {}
        for name, identity in self.plan.program.variables.items():
            variable = self.recurrence.variables[name]
            if len(variable.domains) != 1:
                continue
            (pad,) = self._values.pads[identity]
            wanted = pads_of(self.plan.program)[identity][0]
            for back in range(min(pad.before, wanted.before)):
                places[(name, str(-back))] = Position("start", "", variable.domains[0], -back)
            for ahead in range(1, min(pad.after, wanted.after) + 1):
                places[(name, f"end+{ahead}")] = Position("end", "", variable.domains[0], ahead)
        return places

    def _keep_across_stages(self) -> None:
        """Values without a name that a later stage reads need room for all steps."""
        stage_of = {
            one: number for number, stage in enumerate(self._stages) for one in stage.instructions()
        }
        for identity, number in stage_of.items():
            instruction = self.plan.program.instructions[identity]
            if instruction.variable is not None or not instruction.indices:
                continue
            if any(
                stage_of.get(reader, number) != number for reader in self._readers.get(identity, ())
            ):
                allocate(self._values, identity, (Pad(),) * len(instruction.indices))

    # computing

    @property
    def boundary(self) -> dict[str, dict[str, Tensor]]:
        """Boundary values that are known before the first step: name to position to (batch, shape)."""
        with torch.inference_mode():
            self._begin()
        known: dict[str, dict[str, Tensor]] = {}
        for (name, place), position in self._boundary_places().items():
            if not self._is_pending_boundary(name):
                known.setdefault(name, {})[place] = self._at(name, position)
        return known

    def _at(self, name: str, position: Position) -> Tensor:
        return self._values.view(Operand(self.plan.program.variables[name], (position,)), {})[0]

    def _is_pending_boundary(self, name: str) -> bool:
        pending = {
            one for stage in self._stages[self._next_stage :] for one in stage.instructions()
        }
        return any(
            one in pending and self.plan.program.instructions[one].name == name
            for one in self.plan.program.boundaries
        )

    def _begin(self) -> None:
        """What is computed once before the first step: boundary values, products of parameters."""
        torch.set_flush_denormal(True)
        while self._next_stage < len(self._stages) and self._stages[self._next_stage].index is None:
            for component in self._stages[self._next_stage].components:
                self._execute(component, {})
            self._next_stage += 1

    def chunks(self, sizes: Sequence[int] | None = None) -> Iterator[Chunk]:
        """Compute, chunk by chunk: 1, 2, 4, … 64 steps (or `sizes`, the last of which repeats)."""
        if self._is_consumed:
            raise RuntimeError("a run is computed once; prepare another")
        self._is_consumed = True
        with torch.inference_mode():
            self._begin()
        shown: set[str] = set()
        for stage in self._stages[self._next_stage :]:
            self._next_stage += 1
            if stage.index is None:
                with torch.inference_mode():
                    for component in stage.components:
                        self._execute(component, {})
                continue
            yield from self._stage(stage, shown, sizes or CHUNKS)
        yield from self._inputs_left(shown)
        with torch.inference_mode():
            yield from self._operation_chunks()
            yield self._last()

    def complete(self) -> dict[str, Tensor]:
        """Compute everything at once; the values by name, as `values`."""
        longest = max(self.lengths.values(), default=1)
        for _ in self.chunks((longest,)):
            pass
        return self.values

    @property
    def values(self) -> dict[str, Tensor]:
        """What was asked for: name to (steps of its domains…, batch, shape); parameters to their shape."""
        return {
            name: self._value(name)
            for name in self._names
            if name in self._operations or "/" not in name
        }

    def _value(self, name: str) -> Tensor:
        if name in self._operations:
            return self._operations[name]
        if name in self.parameters:
            return self.parameters[name]
        return self._values.own(self.plan.program.variables[name], {})

    def _stage(self, stage: Stage, shown: set[str], sizes: Sequence[int]) -> Iterator[Chunk]:
        index = stage.index or ""
        domain = self.recurrence.index_domains[index]
        inside = set(stage.instructions())
        program = self.plan.program
        names = [
            name
            for name in self._names
            if name in program.variables
            and name not in shown
            and self.recurrence.variables[name].domains[:1] == (domain,)
            and (
                program.variables[name] in inside or self.recurrence.variables[name].kind == "input"
            )
        ]
        shown |= set(names)
        length = self._values.length(index)
        done = number = 0
        while done < length:
            size = min(sizes[min(number, len(sizes) - 1)], length - done)
            first = done + 1 if stage.is_forward else length - done - size + 1
            window = {index: (first, first + size - 1)}
            with torch.inference_mode():
                torch.set_flush_denormal(True)
                for component in stage.components:
                    self._execute(component, window)
                values = {name: self._narrowed(name, first, size) for name in names}
            done += size
            number += 1
            if values:
                yield Chunk(domain, first, first + size - 1, values)

    def _narrowed(self, name: str, first: int, size: int) -> Tensor:
        return self._value(name).narrow(0, first - 1, size)

    def _inputs_left(self, shown: set[str]) -> Iterator[Chunk]:
        """Inputs of domains along which nothing was computed."""
        for name in self._names:
            variable = self.recurrence.variables.get(name)
            if variable is not None and variable.domains and name not in shown:
                shown.add(name)
                yield Chunk(
                    variable.domains[0],
                    1,
                    self.lengths[variable.domains[0]],
                    {name: self._value(name)},
                )

    def _operation_chunks(self) -> Iterator[Chunk]:
        wanted = [name for name in self._names if "/" in name]
        self._operations = operation_values(self._values, wanted, self._forcing)
        by_domain: dict[str, dict[str, Tensor]] = {}
        for name, (tensor, domains) in self._operations_with_domains(wanted).items():
            if domains:
                by_domain.setdefault(domains[0], {})[name] = tensor
        for domain, values in by_domain.items():
            yield Chunk(domain, 1, self.lengths[domain], values)

    def _operations_with_domains(
        self, wanted: Sequence[str]
    ) -> dict[str, tuple[Tensor, tuple[str, ...]]]:
        found: dict[str, tuple[Tensor, tuple[str, ...]]] = {}
        for equation in self.recurrence.equations:
            for identity, term in operations(self.recurrence, equation):
                if identity in self._operations and identity in wanted:
                    domains = tuple(self.recurrence.index_domains[index] for index in term.indices)
                    found[identity] = (self._operations[identity], domains)
                    self.shapes[identity] = term.shape
                    self.domains[identity] = domains
        return found

    def _last(self) -> Chunk:
        values: dict[str, Tensor] = {}
        for name in self._names:
            if (
                name in self.parameters
                or (name in self._operations and not self.domains.get(name))
                or (
                    name in self.recurrence.variables
                    and not self.recurrence.variables[name].domains
                )
            ):
                values[name] = self._value(name)
        for (name, place), position in self._boundary_places().items():
            if name in self._names:
                values[f"{name}[{place}]"] = self._at(name, position)
        return Chunk(None, 0, 0, values)

    def _execute(self, component: Component, window: Window) -> None:
        if component.kind == "map":
            run_map(self._values, self._map(component), window, self._forcing)
            return
        tape = self._tape(component) if set(window) == {component.index} else None
        if tape is not None:
            tape.play(window)
            return
        index = component.index or ""
        first, last = self._values.range(index, window)
        steps = (
            range(first, last + 1)
            if component.direction == "forward"
            else range(last, first - 1, -1)
        )
        for step in steps:
            for inner in component.body:
                self._execute(inner, {**window, index: (step, step)})

    def _map(self, component: Component) -> MapPlan:
        key = id(component)
        if key not in self._maps:
            self._maps[key] = plan_map(self.plan.program, component, self._ranks, self._readers)
        return self._maps[key]

    def _tape(self, component: Component) -> Tape | None:
        key = id(component)
        if key not in self._tapes:
            self._tapes[key] = tape_of(self._values, component, self._readers, self._forcing)
        return self._tapes[key]
