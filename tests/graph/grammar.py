"""Valid texts at random: a grammar of recurrences that have an order, for property tests.

Equations come in clusters. A cluster may read every earlier cluster anywhere (any step, the end, a sum over
all steps); inside a cluster an equation reads earlier ones at its own step, and every one of them a few steps
back (or ahead, if the cluster goes backward). Such a text always has a schedule. The lines are shuffled.

Trees and domains that end by `stop` are in `grammar_kinds.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from graph.written import DOMAINS, SHAPES, Boundary, Cluster, Here, Name, Shape, Written, left

PROPERTY = settings(
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""The same texts every time; texts of this size are quicker to read than to shrink."""

UNARY = (
    "tanh({})", "sigmoid({})", "relu({})", "softplus({})", "-{}", "abs({})", "exp(-abs({}))",
    "sqrt(abs({}))", "log(1 + abs({}))", "tanh({}) ** 2",
)  # fmt: skip


@st.composite
def recurrences(
    draw: st.DrawFn,
    *,
    random: bool = False,
    size: int = 6,
    clamps: bool = False,
    smooth: bool = False,
) -> Written:
    """Texts over one or two chains; with `random`, functions that draw; with `clamps`, what a run holds.

    `smooth` texts have a finite slope everywhere.
    """
    return Writer(draw, random, size, smooth).write(clamps)


class Writer:
    def __init__(self, draw: st.DrawFn, random: bool, size: int, smooth: bool) -> None:
        self.draw = draw
        self.random = random
        self.size = size
        self.aside = "0.137 + " if smooth else ""
        self.unary = (
            tuple(one.replace("sqrt(", "sqrt(0.1 + ") for one in UNARY) if smooth else UNARY
        )
        self.declared: dict[str, Shape] = {}
        self.extra: list[str] = []
        self.finished: list[Name] = []
        self.equations: list[tuple[tuple[str, ...], str]] = []
        self.boundaries: list[Boundary] = []
        self.counter = 0

    def pick(self, *choices: str | Callable[[], str]) -> str:
        """One of several; what is a function is called only if it is the one."""
        chosen = self.draw(st.sampled_from(choices))
        return chosen if isinstance(chosen, str) else chosen()

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) >= 100 - percent

    def fresh(self, letter: str) -> str:
        self.counter += 1
        return f"{letter}_{self.counter}"

    # the text

    def write(self, clamps: bool = False) -> Written:
        indices = self.draw(st.sampled_from([("t",), ("t", "s"), ("t", "k"), ("t", "s", "k")]))
        self.inputs(indices)
        for _ in range(self.draw(st.integers(1, self.size))):
            self.random_cluster(indices)
        text = self.text()
        lengths = {DOMAINS[index]: self.draw(st.integers(3, 5)) for index in indices}
        forcing = self.draw(st.integers(0, 1))
        return Written(text, lengths, forcing, tuple(self.clamps(lengths)) if clamps else ())

    def inputs(self, indices: tuple[str, ...]) -> None:
        for index in indices:
            for shape in self.draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=2)):
                name = self.fresh("x")
                self.declared[name] = shape
                self.finished.append(Name(name, (index,), shape))
                seen = Name(self.fresh("h"), (index,), shape)
                self.equations.append(((index,), f"{left(seen)} = {name}[{index}]"))
                self.finished.append(seen)
            self.cluster(Cluster(None, 0), [(index,)])

    def clamps(self, lengths: dict[str, int]) -> list[dict[str, Any]]:
        """None to two holds: of all steps and units of a variable, or of some."""
        held: list[dict[str, Any]] = []
        names = [name for name in self.finished if name.name.startswith("h")]
        for name in self.draw(st.lists(st.sampled_from(names), max_size=2)):
            form: dict[str, Any] = {
                "variable": name.name,
                "value": self.draw(st.sampled_from([0, 1, -0.5])),
            }
            for domain in dict.fromkeys(DOMAINS[index] for index in name.indices):
                if self.chance(60):
                    first = self.draw(st.integers(1, lengths[domain]))
                    form.setdefault("steps", {})[domain] = [
                        first,
                        self.draw(st.integers(first, lengths[domain])),
                    ]
            if name.shape and self.chance(40):
                form["units"] = [self.draw(st.integers(0, math.prod(name.shape) - 1))]
            held.append(form)
        return held

    def text(self) -> str:
        """What is used is declared, what is read has its boundary value; the order is anyone's."""
        blocks = [
            "\n".join(
                [f"{'    ' * depth}for {i} in {DOMAINS[i]}:" for depth, i in enumerate(indices)]
                + ["    " * len(indices) + equation]
            )
            for indices, equation in self.equations
        ]
        body = "\n".join(blocks)
        blocks += [one.text for one in self.boundaries if one.is_read(body)]
        body = "\n".join(blocks)
        lines = [line for line in self.extra if re.search(rf"\b{line.split(' ')[0]}\b", body)]
        for name, shape in self.declared.items():
            shown = "()" if not shape else str(shape[0]) if len(shape) == 1 else str(shape)
            if re.search(rf"\b{name}\b", body):
                lines.append(f"{name}: {shown}")
        return "\n".join([*lines, *self.draw(st.permutations(blocks))])

    def random_cluster(self, indices: tuple[str, ...]) -> None:
        index = self.draw(st.sampled_from(indices))
        others = [one for one in indices if one != index]
        frames: list[tuple[str, ...]] = [(index,)]
        for other in others:
            frames += [(index, other), (other, index)]
        is_cycle = self.chance(70)
        sign = self.draw(st.sampled_from([-1, -1, 1])) if is_cycle else 0
        count = self.draw(st.integers(1, 3))
        chosen = [
            self.draw(st.sampled_from(frames if is_cycle else [*frames, ()])) for _ in range(count)
        ]
        self.cluster(Cluster(index if is_cycle else None, sign), chosen)

    def cluster(self, cluster: Cluster, frames: list[tuple[str, ...]]) -> None:
        names = [
            Name(self.fresh("h"), frame, self.draw(st.sampled_from(SHAPES))) for frame in frames
        ]
        for name in names:
            self.declared[name.name] = name.shape
        if cluster.index is not None:
            cluster.members = names
        for place, name in enumerate(names):
            here = Here(name.indices, self.finished, cluster, names[:place], name)
            term = self.right(name, here) + self.lattice(name, cluster)
            self.equations.append((name.indices, f"{left(name)} = {term}"))
        before = list(self.finished)
        self.finished += names
        for name in names:
            for dimension in range(len(name.indices)):
                if self.chance(40):
                    self.boundary(name, dimension, self.draw(st.sampled_from([-1, 1])), before)

    def right(self, name: Name, here: Here) -> str:
        """The right side of an equation."""
        return self.term(name.shape, here, 3)

    def boundary(self, name: Name, dimension: int, side: int, before: list[Name]) -> None:
        written = list(name.indices)
        written[dimension] = "0" if side < 0 else "end + 1"
        running = tuple(index for place, index in enumerate(name.indices) if place != dimension)
        here = Here(running, before, Cluster(None, 0), [], None)
        left = f"{name.name}[{', '.join(written)}]"
        text = f"{left} = {self.term(name.shape, here, 2)}"
        self.boundaries.append(Boundary(name, dimension, side, text))

    def lattice(self, name: Name, cluster: Cluster) -> str:
        """Now and then, in a cycle over two indices: what lies one step back along each of them."""
        if cluster.index is None or len(name.indices) < 2 or not self.chance(30):
            return ""
        other = next(index for index in name.indices if index != cluster.index)
        step = {cluster.index: self.step(cluster, 1)}
        carried = ", ".join(step.get(index, index) for index in name.indices)
        across = ", ".join(
            self.before(other) if index == other else index for index in name.indices
        )
        return f" + 0.5 * {name.name}[{carried}] - 0.25 * {name.name}[{across}]"

    def step(self, cluster: Cluster, steps: int) -> str:
        """How a member of a cluster is read so many steps back along it (ahead, where it goes backward)."""
        return f"{cluster.index}{cluster.sign * steps:+d}"

    def before(self, index: str) -> str:
        """One step back along an index."""
        return f"{index}-1"

    # terms

    def term(self, shape: Shape, here: Here, depth: int) -> str:
        """An expression of a shape; scalars may stand for anything, as the language widens them."""
        if depth <= 0 or self.chance(15):
            return self.leaf(shape, here)
        if self.random and here.own is not None and self.chance(12) and len(shape) <= 1:
            if shape:
                return f"sample(softmax({self.exact(shape, here, depth - 1)}))"
            inner = self.term(shape, here, depth - 1)
            return self.pick(f"bernoulli(sigmoid({inner}))", f"normal({inner}, 0.3)")
        form = self.draw(st.sampled_from(["product", "sum", "unary", "shaped", "over", "choice"]))
        match form:
            case "sum":
                parts = [
                    self.term(shape, here, depth - 1) for _ in range(self.draw(st.integers(2, 3)))
                ]
                body = "".join(f"{self.pick(' + ', ' - ')}{part}" for part in parts[1:])
                return f"({parts[0]}{body})"
            case "unary":
                return self.pick(*self.unary).format(self.term(shape, here, depth - 1))
            case "product":
                return f"({self.product(shape, here, depth)})"
            case "choice":
                one, two = (self.term(shape, here, depth - 1) for _ in range(2))
                return self.pick(
                    f"minimum({one}, {self.aside}{two})",
                    f"maximum({one}, {self.aside}{two})",
                    lambda: f"where({self.condition(here)}, {one}, {two})",
                )
            case "shaped":
                return self.shaped(shape, here, depth)
            case _:
                return self.reduction(shape, here, depth)

    def product(self, shape: Shape, here: Here, depth: int) -> str:
        inner = depth - 1
        if self.chance(25):
            factor = self.term((), here, inner)
            return f"{factor} * {self.term(shape, here, inner)}"
        if self.chance(25):
            return f"{self.term(shape, here, inner)} / (2 + abs({self.term(shape, here, inner)}))"
        if self.chance(20):
            return f"{self.term(shape, here, inner)} * {self.term(shape, here, inner)}"
        size = self.draw(st.sampled_from([2, 3]))
        right = self.state(size, here) or self.exact((size,), here, inner)
        match shape:
            case ():
                return f"{self.exact((size,), here, inner)} @ {right}"
            case (rows,):
                if self.chance(80):
                    return f"{self.parameter('W', (rows, size))} @ {right}"
                if shape == (3,):
                    return f"{self.exact((2,), here, inner)} @ {self.exact((2, 3), here, inner)}"
                return f"{self.exact((2, 3), here, inner)} @ {self.exact((3,), here, inner)}"
            case (rows, columns):
                if self.chance(50):
                    return f"{self.parameter('W', (rows, size))} @ {self.parameter('W', (size, columns))}"
                return f"{self.exact((2, 2), here, inner)} @ {self.exact((2, 3), here, inner)}"
            case _:
                raise AssertionError(shape)

    def state(self, size: int, here: Here) -> str | None:
        """One step back (or ahead) of a vector of this cluster: what several products have in common."""
        cluster = here.cluster
        states = [
            name.name
            for name in cluster.members
            if name.indices == (cluster.index,) and name.shape == (size,)
        ]
        if not states or self.chance(40):
            return None
        return f"{self.draw(st.sampled_from(states))}[{self.step(cluster, 1)}]"

    def shaped(self, shape: Shape, here: Here, depth: int) -> str:
        """What changes shapes, and force, whose arguments must have one shape."""

        def part(*sizes: int) -> str:
            return self.exact(sizes, here, depth - 1)

        def scalar() -> str:
            return self.term((), here, depth - 1)

        if self.chance(15):
            return f"force({part(*shape)}, {part(*shape)})"
        match shape:
            case ():
                size = self.draw(st.sampled_from([(2,), (3,), (2, 3)]))
                return self.pick(
                    lambda: f"sum({part(*size)})",
                    lambda: f"mean({part(*size)})",
                    lambda: f"norm({part(*size)})",
                    lambda: f"squared_error({part(*size)}, {part(*size)})",
                    lambda: f"cosine({self.aside}{part(3)}, {self.aside}{part(3)})",
                    lambda: f"cross_entropy({part(3)}, softmax({part(3)}))",
                )
            case (2,):
                return self.pick(
                    lambda: f"cosine({self.aside}{part(3)}, {self.aside}{part(2, 3)})",
                    lambda: f"concat({scalar()}, {scalar()})",
                    lambda: f"bilinear({self.parameter('T', (2, 3, 2))}, {part(3)}, {part(2)})",
                    lambda: f"softmax({part(2)})",
                )
            case (3,):
                return self.pick(
                    lambda: f"concat({part(2)}, {scalar()})",
                    lambda: f"circular_convolve(softmax({part(3)}), {part(3)})",
                    lambda: f"sharpen(softmax({part(3)}), 1 + softplus({scalar()}))",
                    lambda: f"softmax({part(3)})",
                )
            case _:
                return self.pick(
                    lambda: f"outer({part(2)}, {part(3)})",
                    lambda: f"transpose(outer({part(3)}, {part(2)}))",
                )

    def reduction(self, shape: Shape, here: Here, depth: int) -> str:
        """A sum, a mean or a softmax over an index; one that runs already may be shadowed."""
        known = self.swept(here)
        if not known:
            return self.leaf(shape, here)
        index = self.draw(st.sampled_from(known))
        running = here.indices if index in here.indices else (*here.indices, index)
        order = tuple(one for one in DOMAINS if one in running)
        inside = Here(order, here.finished, Cluster(None, 0), [], None)
        over = [name for name in here.finished if index in name.indices and name.shape == shape]
        if not over:
            return self.leaf(shape, here)
        name = self.draw(st.sampled_from(over))
        body = f"{self.read(name, inside, {index: index})} * {self.term((), inside, depth - 2)}"
        function = self.draw(st.sampled_from(["sum", "mean", "softmax"]))
        if function == "softmax" and index not in here.indices:
            function = "sum"
        return f"{function}({body}, {index})"

    def swept(self, here: Here) -> list[str]:
        """Indices over which there may be a sum here."""
        return sorted({index for name in here.finished for index in name.indices})

    def exact(self, shape: Shape, here: Here, depth: int) -> str:
        """An expression that has a shape of its own, without widening."""
        if shape == (2, 2):
            return (
                f"outer({self.exact((2,), here, depth - 1)}, {self.exact((2,), here, depth - 1)})"
            )
        if depth <= 0 or self.chance(50):
            candidates = [name for name in here.readable() if name.shape == shape]
            if candidates and self.chance(80):
                return self.read(self.draw(st.sampled_from(candidates)), here)
            return self.parameter("b" if len(shape) == 1 else "W", shape)
        if self.chance(60):
            return (
                f"tanh({self.exact(shape, here, depth - 1)} + {self.term(shape, here, depth - 1)})"
            )
        return self.shaped(shape, here, depth)

    def condition(self, here: Here) -> str:
        if not here.indices:
            return self.pick("1", "0")
        index = self.draw(st.sampled_from(here.indices))
        return f"{index} {self.pick('== 1', '% 2 == 0', '% 3 != 1', '< 3', '>= 2', '!= 2', '<= 1', '> 4')}"

    def leaf(self, shape: Shape, here: Here) -> str:
        candidates = [name for name in here.readable() if name.shape in ((), shape)]
        kind = self.draw(
            st.sampled_from(["read"] * 5 + ["number", "index", "parameter", "setting", "constant"])
        )
        if kind == "read" and candidates:
            return self.read(self.draw(st.sampled_from(candidates)), here)
        if kind == "index" and here.indices:
            return f"0.1 * {self.draw(st.sampled_from(here.indices))}"
        if kind == "parameter":
            return self.parameter({0: "α", 1: "b", 2: "W"}[len(shape)], shape)
        if kind == "setting":
            return self.setting()
        if kind == "constant" and shape:
            return self.constant(shape)
        return self.pick("0.5", "2", "1e-1")

    def parameter(self, letter: str, shape: Shape) -> str:
        name = self.fresh(letter)
        self.declared[name] = shape
        return name

    def setting(self) -> str:
        name = self.fresh("ρ")
        self.extra.append(f"{name} = slider(0.5, 0, 1)")
        return name

    def constant(self, shape: Shape) -> str:
        name = self.fresh("P")
        row = "[0.5, -1]" if shape[-1] == 2 else "[1, 0, -0.5]"
        self.extra.append(f"{name} = {row if len(shape) == 1 else f'[{row}, {row}]'}")
        return name

    # reads

    def read(self, name: Name, here: Here, fixed: dict[str, str] | None = None) -> str:
        """A reference that is allowed here. `fixed` says how some indices of the name are written."""
        if not name.indices:
            return name.name
        cluster = here.cluster
        if name in cluster.members:
            written = self._read_inside(name, here, cluster)
        else:
            written = [
                (fixed or {}).get(index) or self.place(DOMAINS[index], here)
                for index in name.indices
            ]
        return f"{name.name}[{', '.join(written)}]"

    def _read_inside(self, name: Name, here: Here, cluster: Cluster) -> list[str]:
        carried = cluster.index or ""
        is_earlier = name in here.earlier
        own = name.indices
        others = [index for index in own if index != carried]
        may_stay = is_earlier and all(index in here.indices for index in others)
        if may_stay and self.chance(50):
            return [index if index in here.indices else "1" for index in own]
        if here.own == name and others and self.chance(40):
            return [carried if index == carried else self.before(index) for index in own]
        step = self.step(cluster, self.draw(st.integers(1, 3)))
        return [
            step if index == carried else self.place(DOMAINS[index], here, {carried})
            for index in own
        ]

    def place(self, domain: str, here: Here, without: set[str] | None = None) -> str:
        running = [
            index
            for index in here.indices
            if DOMAINS[index] == domain and index not in (without or ())
        ]
        if running and self.chance(80):
            index = self.draw(st.sampled_from(running))
            offset = self.draw(st.sampled_from([0, 0, 0, -1, 1, -2]))
            return f"{index}{offset:+d}" if offset else index
        return self.pick("1", "2", "end", "end-1", "0", "end+1", "-1")
