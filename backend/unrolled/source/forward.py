"""`forward`: what it is given, its loops over the steps, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence

from unrolled.graph import Node, fold
from unrolled.graph.folded import Boundary
from unrolled.language import Equation, Position, Recurrence, Stop, Variable

from .expressions import Expressions
from .lines import Lines, Widen
from .names import ModuleNames
from .order import Line, Loop, arrange
from .results import give_back
from .sizes import Sizes
from .values import Value, aligned, numeric

CAP = 100
STEPS = 12
RANDOM = ("sample", "bernoulli", "normal")


class Forward:
    """Writes `forward`. After `body`, `arguments` and `keywords` say what it takes."""

    def __init__(
        self, recurrence: Recurrence, names: ModuleNames, sizes: Sizes, size_of: str
    ) -> None:
        self.recurrence = recurrence
        self.names = names
        self.sizes = sizes
        self.size_of = size_of
        self.expressions = Expressions(recurrence, names)
        self.nodes = {node.id: node for node in fold(recurrence, 0.5).nodes}
        self.inputs = [one for one in recurrence.variables.values() if one.kind == "input"]
        self.given: dict[str, str] = {}
        self.outside: dict[tuple[str, int, str], str] = {}
        for name, node in self.nodes.items():
            for one in self._boundaries(name, node):
                self.outside[name, one.position, one.anchor] = names.temporary.new(
                    _outside_name(names.local[name], one)
                )
        for equation in recurrence.equations:
            if equation.term.function in RANDOM:
                name = names.local[equation.variable]
                self.given[equation.variable] = names.temporary.new(f"{name}_given")
        self.pairs = {
            name: names.temporary.new(name) if name != "tree" else "tree"
            for name, domain in recurrence.domains.items()
            if domain.kind == "tree"
        }

    def _boundaries(self, name: str, node: Node) -> tuple[Boundary, ...]:
        variable = self.recurrence.variables.get(name)
        if variable is None or len(variable.domains) != 1:
            return ()
        if self.recurrence.domains[variable.domains[0]].kind == "tree":
            return ()
        return node.boundary

    # the signature

    @property
    def arguments(self) -> list[str]:
        """Inputs, then children of trees."""
        found = [f"{self.names.local[one.name]}: Tensor" for one in self.inputs]
        return [*found, *(f"{one}: list[tuple[int, int]]" for one in self.pairs.values())]

    @property
    def keywords(self) -> list[tuple[str, str]]:
        """Everything with a default, and what it is."""
        names, used = self.names, self.expressions.used
        found: list[tuple[str, str]] = []
        for domain in self.recurrence.domains.values():
            if domain.kind == "generated" or (
                domain.kind == "chain" and self._carrier(domain.name) is None
            ):
                steps = CAP if domain.kind == "generated" else STEPS
                said = "at most so many steps" if domain.kind == "generated" else "so many steps"
                found.append((f"{names.length[domain.name]}: int = {steps}", said))
        if not self.inputs:
            found.append(("batch: int = 1", "so many sequences"))
        for one in self.recurrence.settings.values():
            said = f"from {one.minimum:g} to {one.maximum:g}"
            found.append((f"{names.local[one.name]}: float = {one.value!r}", said))
        if "forcing" in used:
            found.append(("forcing: float = 1.0", "probability of the target in `force`"))
        for (name, place, anchor), argument in self.outside.items():
            where = str(place) if anchor == "start" else f"end + {place}"
            variable = self.recurrence.variables[name]
            shape = ", ".join(["batch", *self.sizes.words(name)])
            said = f"{names.local[variable.name]} at step {where}, ({shape}); default: "
            said += "as the equations say" if self._equation_of(name, place, anchor) else "zeros"
            found.append((f"{argument}: Tensor | None = None", said))
        for name, argument in self.given.items():
            found.append(
                (
                    f"{argument}: Tensor | None = None",
                    f"holds {name} at these values, instead of drawing it",
                )
            )
        if "generator" in used:
            found.append(
                ("generator: torch.Generator | None = None", "where random numbers come from")
            )
        return found

    def _equation_of(self, name: str, place: int, anchor: str) -> Equation | None:
        for one in self.recurrence.boundaries:
            if (
                one.variable == name
                and one.position
                and (one.position[0].anchor, one.position[0].offset) == (anchor, place)
            ):
                return one
        return None

    def _carrier(self, domain: str) -> Variable | None:
        return next((one for one in self.inputs if domain in one.domains), None)

    # the body

    def body(self) -> list[str]:
        """The lines of the function."""
        loops = arrange(self.recurrence)
        inner = Lines(self.expressions, 2)
        for one in loops:
            self._item(inner, one)
        give_back(inner, self.recurrence, self.names)
        self.expressions.hoisted.clear()
        tables, head = Lines(self.expressions, 2), Lines(self.expressions, 2)
        self._tables(tables)
        self._lengths(head)
        self._trees(head)
        head.lines += tables.lines
        if "zero" in self.expressions.used:
            head.lines.insert(
                0,
                f"        zero = {self.like()}.new_zeros(())"
                if self.like()
                else "        zero = torch.zeros(())",
            )
        return [*head.lines, *inner.lines]

    def like(self) -> str | None:
        """A tensor of the module's number type and device."""
        if self.inputs:
            return self.names.local[self.inputs[0].name]
        own = [*self.recurrence.parameters, *self.recurrence.constants]
        return f"self.{self.names.own[own[0]]}" if own else None

    def zeros(self, name: str) -> str:
        sizes = ", ".join(["batch", *self.sizes.words(name, "self.", self.size_of)])
        self.expressions.used.add("batch")
        like = self.like()
        return f"{like}.new_zeros({sizes})" if like else f"torch.zeros({sizes})"

    def _lengths(self, lines: Lines) -> None:
        """Steps and batch, from the shapes of what is given."""
        names, known = self.names, set[str]()
        has_batch = not self.inputs
        for variable in self.inputs:
            own = names.local[variable.name]
            for place, domain in enumerate(variable.domains):
                kind = self.recurrence.domains[domain].kind
                if domain in known or kind != "chain":
                    continue
                known.add(domain)
                target = names.length[domain]
                if place == 0 and not has_batch and len(variable.domains) == 1:
                    lines.add(f"{target}, batch = {own}.shape[:2]")
                    has_batch = True
                else:
                    lines.add(f"{target} = {own}.shape[{place}]")
        if not has_batch and "batch" in self.expressions.used:
            first = self.inputs[0]
            lines.add(f"batch = {names.local[first.name]}.shape[{len(first.domains)}]")

    def _trees(self, lines: Lines) -> None:
        for name, pairs in self.pairs.items():
            lines.add(f"leaves = len({pairs}) + 1")
            nodes = self.names.length[name]
            lines.add(f"{nodes} = leaves + len({pairs})")
            for side, place in (("left", 0), ("right", 1)):
                if side in self.expressions.used:
                    lines.add(
                        f"{side} = {{n: 0 for n in range(1, leaves + 1)}}  # a leaf has no children"
                    )
                    lines.add(
                        f"{side} |= {{leaves + k: pair[{place}] for k, pair in enumerate({pairs}, start=1)}}"
                    )

    def _tables(self, lines: Lines) -> None:
        """A table a variable: its value at every step, from 1 as in the book, and around the steps."""
        for name, variable in self.recurrence.variables.items():
            if not variable.domains:
                continue
            held = self.names.steps.get(name, self.names.local[name])
            key = (
                "int"
                if len(variable.domains) == 1
                else f"tuple[{', '.join(['int'] * len(variable.domains))}]"
            )
            if variable.kind == "input":
                self._input_table(lines, variable, held)
            else:
                lines.add(f"{held}: dict[{key}, Tensor] = {{}}")
            for (owner, place, anchor), argument in self.outside.items():
                if owner == name and self._equation_of(name, place, anchor) is None:
                    step = self._place(variable, place, anchor)
                    value = f"{self.zeros(name)} if {argument} is None else {argument}"
                    if lines.fits(f"{held}[{step}] = {value}"):
                        lines.add(f"{held}[{step}] = {value}")
                    else:
                        lines.add(f"{held}[{step}] = {self.zeros(name)}")
                        lines.add(f"if {argument} is not None:")
                        lines.add(f"    {held}[{step}] = {argument}")
            if f"child {name}" in self.expressions.used:
                lines.add(f"{held}[0] = {self.zeros(name)}")
            if f"outside {name}" in self.expressions.used:
                lines.add(f"{held}_outside = {self.zeros(name)}")

    def _input_table(self, lines: Lines, variable: Variable, held: str) -> None:
        own = self.names.local[variable.name]
        domain = self.recurrence.domains[next(iter(variable.domains))]
        if len(variable.domains) > 1:
            places = [f"i{k}" for k in range(len(variable.domains))]
            ranges = [f"for {one} in range({own}.shape[{k}])" for k, one in enumerate(places)]
            keys = ", ".join(f"{place} + 1" for place in places)
            whole = f"{{({keys}): {own}[{', '.join(places)}] {' '.join(ranges)}}}"
            if lines.fits(f"{held} = {whole}"):
                lines.add(f"{held} = {whole}")
                return
            lines.add(f"{held} = {{")
            lines.add(f"    ({keys}): {own}[{', '.join(places)}]")
            for one in ranges:
                lines.add(f"    {one}")
            lines.add("}")
            return
        lines.add(f"{held} = dict(enumerate({own}, start=1))")
        if domain.kind == "tree":
            nodes = self.names.length[domain.name]
            lines.add(f"for n in range(len({own}) + 1, {nodes} + 1):")
            lines.add(f"    {held}[n] = torch.zeros_like({own}[0])")

    def _place(self, variable: Variable, place: int, anchor: str) -> str:
        if anchor == "start":
            return str(place)
        return f"{self.names.length[variable.domains[0]]} + {place}"

    def _item(self, lines: Lines, item: Line | Loop) -> None:
        if isinstance(item, Line):
            self._line(lines, item)
            return
        self._weights(lines, item)
        names = self.names
        length = names.length[self.recurrence.index_domains[item.index]]
        steps = f"range({length}, 0, -1)" if item.is_backward else f"range(1, {length} + 1)"
        lines.add(f"for {names.local[item.index]} in {steps}:")
        lines.depth += 1
        self.expressions.running.append(item.index)
        for one in item.body:
            self._item(lines, one)
        self.expressions.running.pop()
        lines.depth -= 1

    def _weights(self, lines: Lines, loop: Loop) -> None:
        """A softmax over the loop's own index is computed once, before the loop."""
        for one in loop.body:
            term = one.source.term if isinstance(one, Line) else None
            if term is None or term.function != "softmax" or term.over != (loop.index,):
                continue
            value = self.expressions.write(term)
            name = self.names.temporary.new_numbered("weights")
            index = f"[{self.names.local[loop.index]} - 1]"
            code = value.code.removesuffix(index)
            if lines.fits(f"{name} = {code}"):
                lines.add(f"{name} = {code}")
            elif (inside := code[len("torch.softmax(") : -1]) and lines.fits(inside, 1):
                lines.add(f"{name} = torch.softmax(")
                lines.add(f"    {inside}")
                lines.add(")")
            else:
                continue
            self.expressions.hoisted[id(term)] = Value(
                f"{name}{index}", kind=value.kind, rank=value.rank
            )

    def _line(self, lines: Lines, line: Line) -> None:
        source = line.source
        if isinstance(source, Stop):
            self._stop(lines, source)
            return
        variable = self.recurrence.variables[source.variable]
        own = self.names.local[source.variable]
        widen = self._widen(variable)
        if source.position is None:
            target = (
                f"{own}[{', '.join(self.names.local[i] for i in source.indices)}]"
                if source.indices
                else own
            )
            given = self.given.get(source.variable)
            if given is None:
                lines.assign(target, source.term, widen)
                return
            lines.add(f"if {given} is None:")
            lines.depth += 1
            lines.assign(target, source.term, widen)
            lines.depth -= 1
            lines.add("else:")
            steps = ", ".join(f"{self.names.local[i]} - 1" for i in source.indices)
            lines.add(f"    {target} = {given}[{steps}]" if steps else f"    {target} = {given}")
            return
        self._boundary(lines, source, source.position, variable, widen)

    def _boundary(
        self,
        lines: Lines,
        equation: Equation,
        position: Sequence[Position],
        variable: Variable,
        widen: Widen,
    ) -> None:
        own = self.names.local[variable.name]
        target = f"{own}[{', '.join(map(self.expressions.position, position))}]"
        first = next(iter(position))
        argument = self.outside.get((variable.name, first.offset, first.anchor))
        if argument is None or len(position) > 1:
            lines.assign(target, equation.term, widen)
            return
        lines.add(f"if {argument} is None:")
        lines.depth += 1
        lines.assign(argument, equation.term, widen)
        lines.depth -= 1
        lines.add(f"{target} = {argument}")

    def _stop(self, lines: Lines, stop: Stop) -> None:
        name = self.names.temporary.new_numbered("is_over")
        lines.assign(name, stop.term)
        value = self.expressions.write(stop.term)
        length = self.names.length[stop.domain]
        index = self.names.local[stop.index]
        if value.kind == "batched":
            ended = self.names.temporary.new_numbered("ended")
            lines.add(f"if {index} == 1:")
            lines.add(f"    {ended} = {name} != 0")
            lines.add("else:")
            lines.add(f"    {ended} = {ended} | ({name} != 0)")
            lines.add(f"if {ended}.all():")
        else:
            lines.add(f"if {name} != 0:")
        for name, place, anchor in self.outside:
            domains = self.recurrence.variables[name].domains
            is_ours = anchor == "end" and domains == (stop.domain,)
            if is_ours and self._equation_of(name, place, anchor) is None:
                own = self.names.local[name]
                lines.add(f"    {own}[{index} + {place}] = {own}[{length} + {place}]")
        lines.add(f"    {length} = {index}")
        lines.add("    break")

    def _widen(self, variable: Variable) -> Widen:
        """What an equation gives, as every sequence's value of the variable's shape."""
        rank = len(variable.shape)
        sizes = ", ".join(["batch", *self.sizes.words(variable.name, "self.", self.size_of)])

        def widen(value: Value) -> Value:
            value = numeric(value)
            if value.kind == "batched" and value.rank == rank:
                return value
            if value.kind == "number":
                return Value(
                    f"zero.new_full(({sizes}{',' if not rank else ''}), {_float(value.code)})"
                )
            return Value(f"{aligned(value, rank).within(6)}.expand({sizes})", rank=rank)

        return widen


def _outside_name(name: str, boundary: Boundary) -> str:
    if boundary.anchor == "end":
        return f"{name}_end_{boundary.position}"
    return (
        f"{name}_{boundary.position}"
        if boundary.position >= 0
        else f"{name}_minus_{-boundary.position}"
    )


def _float(code: str) -> str:
    return f"{code}.0" if code.lstrip("-").isdigit() else code
