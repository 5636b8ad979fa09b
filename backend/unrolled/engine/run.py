"""A run: tensors for every variable at every step, computed in chunks as they are asked for.

`prepare` checks a request and makes the plan; `Run.chunks` computes. Everything runs under
`torch.inference_mode` with denormals flushed to zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

import torch
from torch import Tensor

from unrolled.engine.arithmetic import computing
from unrolled.engine.autograd import by_autograd
from unrolled.engine.checking import (
    asked_names,
    check_names,
    check_steps,
    check_whole,
    read_settings,
)
from unrolled.engine.chunks import CHUNKS, Chunk
from unrolled.engine.clamps import read_clamps
from unrolled.engine.data import lengths_of, read_inputs
from unrolled.engine.executor import Executor
from unrolled.engine.generated import Watch, cut, ended, watch_of
from unrolled.engine.gradients import Backward, plan_backward
from unrolled.engine.jacobians import Jacobians, Way
from unrolled.engine.loading import Leaves, boundary_places, fixed_places
from unrolled.engine.observed import as_held, as_inputs, observe
from unrolled.engine.operations import operation_values
from unrolled.engine.parameters import make_parameters
from unrolled.engine.plans import planned
from unrolled.engine.problems import refuse
from unrolled.engine.sessions import Session, session_of
from unrolled.engine.stages import Stage
from unrolled.engine.targets import Wanted, read_target, read_wanted
from unrolled.engine.trees import read_trees
from unrolled.graph import (
    Cost,
    Operand,
    Tree,
    balanced,
    cost,
    extents,
    operation_place,
    operations,
    total_cost,
)
from unrolled.language import Position, Recurrence, Shape

DTYPES: Final = {"float32": torch.float32, "float64": torch.float64}


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
    gradient: Mapping[str, Any] | None = None,
    clamp: Sequence[Mapping[str, Any]] = (),
    check: Callable[[Cost], None] | None = None,
) -> Run:
    """A run of a recurrence, checked and ready to be computed.

    `inputs`: name (of an input, or of a random variable that was observed) to a nested list or tensor (steps, size) or (steps, batch, size), classes,
    `{"text": …}`, `{"next": …}` or `{"generate": …}`. `boundary`: name to h[0], or to a mapping of positions
    ("0", "-1", "end+1"). `forcing`: probability of the target in `force`. `gradient`: the request's field of
    that name (`{"of": "loss"}`), for `Run.backward` and for the cost. `clamp`: what is held, as in
    `clamps.read_clamps`. `check` sees the cost before
    anything is allocated and may raise. Raises `RunError`, and `LanguageError` where the equations have no order.
    """
    if dtype not in DTYPES:
        raise refuse("/dtype", "dtype-unknown", name=str(dtype)[:30])
    check_whole("batch", batch, 1)
    check_whole("seed", seed, 0)
    if not 0 <= forcing <= 1:
        raise refuse("/forcing", "forcing-range")
    observed = observe(recurrence, inputs or {}, clamp)
    recurrence = observed.recurrence
    check_names(
        recurrence,
        inputs=inputs or {},
        lengths=lengths or {},
        parameters=parameters or {},
        settings=settings or {},
        variables=variables,
        observed=as_inputs(observed),
    )
    names = asked_names(recurrence, variables)
    trees = read_trees(recurrence, inputs or {}, lengths or {})
    outside = lengths_of(recurrence, inputs or {}, lengths or {})
    steps = {name: one.steps for name, one in extents(recurrence, outside, trees).items()}
    clamps = read_clamps(recurrence, steps, clamp)
    holds = {name: one.is_whole for name, one in clamps.items()} | {**observed.is_whole}
    plan = planned(recurrence, forcing, holds)
    fixed = fixed_places(boundary or {})
    wanted = None if gradient is None else read_wanted(recurrence, steps, gradient)
    backward = (
        None if wanted is None else plan_backward(recurrence, steps, wanted, forcing, fixed, holds)
    )
    needed = None
    if gradient is not None or check is not None:
        needed = cost(plan.schedule, outside, trees)
    if needed is not None and backward is not None:
        needed = total_cost(needed, backward.schedule, trees)
    if needed is not None and check is not None:
        check(needed)
    for domain in recurrence.domains.values():
        if domain.kind == "tree" and domain.name not in trees:
            trees[domain.name] = balanced(outside[domain.name])
    given, known = read_inputs(
        recurrence, inputs or {}, lengths or {}, batch=batch, dtype=DTYPES[dtype], seed=seed, trees=trees,
        observed=as_inputs(observed),
    )  # fmt: skip
    clamps |= as_held(observed, given)
    check_steps(recurrence, known)
    made = make_parameters(recurrence, parameters or {}, seed, DTYPES[dtype])
    caps = {domain: known[domain] for domain in plan.ends}
    leaves = Leaves(made, read_settings(recurrence, settings or {}), seed, clamps, caps)
    session = session_of(plan, known, batch, DTYPES[dtype], forcing, boundary or {}, trees)
    symbols = session.load(leaves, boundary or {}, given)
    run = Run(session, leaves, names, forcing, symbols)
    run.wanted = wanted
    if needed is not None:
        run.cost = needed
    return run


class Run:
    """One computation of a recurrence. Made by `prepare`; consumed by `chunks` or `complete`, once."""

    def __init__(
        self,
        session: Session,
        leaves: Leaves,
        names: list[str],
        forcing: float,
        symbols: dict[str, list[str]],
    ) -> None:
        plan, values = session.plan.schedule, session.values
        recurrence = plan.program.recurrence
        asked = {name: recurrence.variables[name] for name in names if name in recurrence.variables}
        self.recurrence = recurrence
        self.plan = plan
        self.lengths: Mapping[str, int] = values.lengths
        self.trees: Mapping[str, Tree] = values.trees
        self.wanted: Wanted | None = None
        self.symbols = symbols
        self.parameters = leaves.parameters
        self.shapes: dict[str, Shape] = {name: one.shape for name, one in asked.items()}
        self.domains: dict[str, tuple[str, ...]] = {
            name: one.domains for name, one in asked.items()
        }
        self._session = session
        self._executor = Executor(session.plan, values, forcing, keeps=False)
        self._values = values
        self._stages = session.plan.stages
        self._leaves = leaves
        self._names = names
        self._forcing = forcing
        self._next_stage = 0
        self._is_consumed = False
        self._operations: dict[str, Tensor] = {}
        self._sizes = dict(values.lengths)
        self._watch: Watch | None = None
        self._ended = 0
        self._waiting: list[str] = []

    @cached_property
    def cost(self) -> Cost:
        """What the run costs, from its schedule and sizes; with the most steps a generated domain may have."""
        leaves = {domain: tree.leaves for domain, tree in self.trees.items()}
        return cost(self.plan, {**self._sizes, **leaves}, self.trees)

    @property
    def goes_forward(self) -> bool:
        """Whether every pass goes from the first step to the last, none backward or up a tree."""
        return not self.trees and all(one.is_forward for one in self._stages if one.index)

    # computing

    @property
    def boundary(self) -> dict[str, dict[str, Tensor]]:
        """Boundary values, of what was asked for, that are known before the first step.

        Name to position to tensor (batch, shape).
        """
        with computing():
            self._begin()
        known: dict[str, dict[str, Tensor]] = {}
        for (name, place), position in boundary_places(self._values.program).items():
            if name in self._names and not self._is_pending_boundary(name):
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
        for stage in self._stages[self._next_stage :]:
            if stage.index is not None or stage.phase:
                return
            self._executor.advance(stage, {})
            self._next_stage += 1

    def chunks(self, sizes: Sequence[int] | None = None) -> Iterator[Chunk]:
        """Compute, chunk by chunk: 1, 2, 4, … 64 steps (or `sizes`, the last of which repeats)."""
        if self._is_consumed:
            raise RuntimeError("a run is computed once; prepare another")
        self._is_consumed = True
        with computing():
            self._begin()
        shown: set[str] = set()
        for stage in self._stages[self._next_stage :]:
            yield from self._end(stage.phase)
            self._next_stage += 1
            if stage.index is None:
                with computing():
                    self._executor.advance(stage, {})
                continue
            yield from self._stage(stage, shown, sizes or CHUNKS)
        yield from self._end(len(self._session.plan.ends))
        yield from self._inputs_left(shown)
        with computing():  # left before yielding: a stream resumes in any thread
            last = [*self._operation_chunks(), self._last()]
        yield from last

    def complete(self) -> dict[str, Tensor]:
        """Compute everything at once; the values by name, as `values`."""
        if self._next_stage or self._session.key is None:
            longest = max(self.lengths.values(), default=1)
            for _ in self.chunks((longest,)):
                pass
            return self.values
        if self._is_consumed:
            raise RuntimeError("a run is computed once; prepare another")
        self._is_consumed = True
        with computing():
            self._session.compute()
            self._values = self._session.leave(self._leaves)
            if wanted := self._operation_values():
                self._operations_with_domains(wanted)
        self._next_stage = len(self._stages)
        return self.values

    @property
    def holds(self) -> dict[str, bool]:
        """The variables that are held, and whether whole."""
        return self._leaves.holds

    @property
    def values(self) -> dict[str, Tensor]:
        """What was asked for: name to (steps of its domains…, batch, shape); parameters to their shape."""
        return {
            name: self._value(name)
            for name in self._names
            if name in self._operations or not self._is_operation(name)
        }

    def _is_operation(self, name: str) -> bool:
        return "/" in name and name not in self.recurrence.variables

    def _value(self, name: str) -> Tensor:
        if name in self._operations:
            return self._operations[name]
        if name in self.parameters:
            return self.parameters[name]
        return self._values.whole(self.plan.program.variables[name])

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
        ends = self._session.plan.ends[stage.phase : stage.phase + 1]
        watch = watch_of(self._values, stage, ends)
        self._watch = watch or self._watch  # another stage of the phase may follow
        if watch is None:
            later = [name for name in names if set(ends) & set(self.domains[name])]
            self._waiting += later
            names = [name for name in names if name not in later]
        for first, last in self._executor.windows(stage, CHUNKS if watch else sizes):
            with computing():
                self._executor.advance(stage, {index: (first, last)})
                over = watch.look(first, last) if watch else None
                last = over or last
                values = {name: self._narrowed(name, first, last) for name in names}
            if values:
                yield Chunk(domain, first, last, values)
            if over:
                return

    def _end(self, phase: int) -> Iterator[Chunk]:
        """Cut the domains that end before a phase, and hand out what waited for that."""
        while self._ended < phase:
            domain = self._session.plan.ends[self._ended]
            with computing():
                steps = ended(self._values, domain, self._watch)
                self._values = cut(self._values, self._session.plan, self._leaves, domain, steps)
                self._executor = Executor(
                    self._session.plan, self._values, self._forcing, keeps=False
                )
            self.lengths = self._values.lengths
            check_steps(self.recurrence, self.lengths)
            self._ended, self._watch = self._ended + 1, None
            waiting, self._waiting = self._waiting, []
            for name in waiting:
                first = self.domains[name][0]
                yield Chunk(first, 1, self.lengths[first], {name: self._value(name)})

    def _narrowed(self, name: str, first: int, last: int) -> Tensor:
        return self._value(name).narrow(0, first - 1, last - first + 1)

    def gradients(
        self,
        of: str = "loss",
        variables: Sequence[str] | None = None,
        *,
        parts: bool = False,
        contributions: bool = False,
    ) -> Backward:
        """The backward pass of this run, once it is computed, for a scalar: `loss`, `L[3]`, `o[5][2]`.

        `variables`: with respect to which variables, inputs, parameters, sliders and boundary values; default:
        all. `parts`: also what each reader sends back (`h/o`); `contributions`: also what each step adds
        (`W/time`). Raises `RunError` where `of` is not a scalar of the run.
        """
        form = {"of": of, "variables": variables, "parts": parts, "contributions": contributions}
        return self._gradients(read_wanted(self.recurrence, self.lengths, form))

    def gradient(self, name: str, of: str = "loss") -> Tensor:
        """The gradient of a scalar with respect to one name, in the layout of its value."""
        return self.gradients(of, [name]).complete()[name]

    def autograd(
        self, of: str = "loss", variables: Sequence[str] | None = None
    ) -> dict[str, Tensor]:
        """The gradients of a computed run by torch's autograd over every step: slow, and a second opinion.

        Names and layout are those of `gradients(…).complete()`. Raises `RunError`, also where the run is too long.
        """
        wanted = read_wanted(self.recurrence, self.lengths, {"of": of, "variables": variables})
        target = read_target(self.recurrence, self.lengths, wanted.of)
        names = wanted.variables or self._gradients(replace(wanted, variables=None)).names
        return by_autograd(self.plan, self._values, self._leaves, target, names, self._forcing)

    def jacobians(self, of: str, with_respect_to: str, way: Way = "best") -> Jacobians:
        """How a variable at every step changes with another at every step, once the run is computed.

        Of the first sequence of a batch; `with_respect_to` may be a boundary value, `h[0]`. `way`: products of
        one-step Jacobians wherever they are right ("chain"), never ("general"), or where they cost less ("best").
        Raises `RunError` where one of the names has no Jacobian.
        """
        program = self._session.plan.program
        leaves = self._leaves
        return Jacobians(program, self._values, leaves, of, with_respect_to, self._forcing, way)

    def backward(self) -> Backward | None:
        """The backward pass that `prepare` was asked for, once the run is computed."""
        return None if self.wanted is None else self._gradients(self.wanted)

    def _gradients(self, wanted: Wanted) -> Backward:
        program = self._session.plan.program
        names = {identity: name for name, identity in program.variables.items()}
        fixed = frozenset(
            (names[identity], ", ".join(map(str, positions)))
            for identity, positions in self._values.fixed
        )
        plan = plan_backward(
            self.recurrence, self.lengths, wanted, self._forcing, fixed, self._leaves.holds
        )
        return Backward(program, self._values, self._leaves, plan, self._forcing)

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

    def _operation_values(self) -> list[str]:
        """Compute the operations that were asked for; their names."""
        wanted = [name for name in self._names if self._is_operation(name)]
        if wanted:
            self._operations = operation_values(self._values, wanted, self._forcing)
        return wanted

    def _operation_chunks(self) -> Iterator[Chunk]:
        wanted = self._operation_values()
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
                    shape, domains = operation_place(self.recurrence, equation, term)
                    found[identity] = (self._operations[identity], domains)
                    self.shapes[identity] = shape
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
        for (name, place), position in boundary_places(self._values.program).items():
            if name in self._names:
                values[f"{name}[{place}]"] = self._at(name, position)
        return Chunk(None, 0, 0, values)
