"""What `load` and `parse` give: a model, and the runs it makes. Torch is imported by the first run, not before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from html import escape
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, Unpack

if TYPE_CHECKING:
    import networkx as nx
    import numpy as np
    from torch import Tensor, nn

    from unrolled.engine import Chunk, Run
    from unrolled.engine.jacobians import Jacobians, Norm
    from unrolled.graph import Cost, FoldedGraph, Schedule, Tree, Unfolded
    from unrolled.language import Recurrence


class RunOptions(TypedDict, total=False):
    """What a run may be told; everything else is as the text or the catalogue says.

    `inputs`: name to rows of numbers (steps, size), or (steps, batch, size) with `batch`, to classes of a one-hot input, to
    `{"text": "hello"}` (with `"alphabet": "helo"` for characters of your own), `{"next": "x"}` (the other input, one
    step ahead) or `{"generate": "sine"}`. A variable that is drawn may stand here too, as it was observed, None where
    it is drawn; the run then has its `log_p/y`.
    `lengths`: steps of a domain (default 12 where no input says). `parameters`: name to numbers. `seed`: of
    parameters, inputs and draws. `settings`: slider to number. `boundary`: name to h[0], or to values by position.
    `forcing`: probability of the target in `force`, from 0 to 1. `clamp`: held values. `variables`: what to
    record. `dtype`: "float32" or "float64". `batch`: sequences at once.
    """

    inputs: Mapping[str, Any]
    lengths: Mapping[str, int]
    parameters: Mapping[str, Any]
    seed: int
    settings: Mapping[str, float]
    boundary: Mapping[str, Any]
    forcing: float
    clamp: Sequence[Mapping[str, Any]]
    variables: Sequence[str]
    dtype: str
    batch: int


@dataclass(frozen=True)
class Model:
    """A recurrence with the run it opens with. `alphabet`: the characters of texts that bring none of their own.

    >>> model = parse("h: 3\\nx: 2\\nfor t in time:\\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])")
    >>> model
    Model(h from x; 18 parameters)
    >>> model.latex["h"]
    '\\\\boldsymbol{h}^{(t)} = \\\\tanh(\\\\boldsymbol{b} + \\\\boldsymbol{W} \\\\boldsymbol{h}^{(t-1)} + \\\\boldsymbol{U} \\\\boldsymbol{x}^{(t)})'
    """

    recurrence: Recurrence
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    name: str = "Recurrence"
    title: str | None = None
    alphabet: str | None = None

    def __repr__(self) -> str:
        variables = self.recurrence.variables.values()
        made = ", ".join(one.name for one in variables if one.kind == "equation")
        given = ", ".join(one.name for one in variables if one.kind == "input")
        start = f"{self.title}: " if self.title else ""
        source = f" from {given}" if given else ""
        return f"Model({start}{made}{source}; {self.cost().parameters:,} parameters)"

    def _repr_latex_(self) -> str:
        rows = r" \\ ".join(one.replace(" = ", " &= ", 1) for one in self.latex.values())
        return rf"$$\begin{{aligned}} {rows} \end{{aligned}}$$"

    # what follows from the text

    @property
    def text(self) -> str:
        """The text that was read."""
        return self.recurrence.text

    @cached_property
    def latex(self) -> dict[str, str]:
        """The typeset equations: by variable, and `h[0]` for a boundary value."""
        from unrolled.language import Reference
        from unrolled.language.latex import equation_latex

        return {
            str(Reference(one.variable, one.position or ())): equation_latex(self.recurrence, one)
            for one in (*self.recurrence.equations, *self.recurrence.boundaries)
        }

    @cached_property
    def graph(self) -> FoldedGraph:
        """The folded graph: a node per name, an edge per reference, with its delay and its parameter.

        >>> model = parse("h: 3\\nfor t in time:\\n    h[t] = tanh(W @ h[t-1])")
        >>> [(edge.source, edge.target, edge.parameter, edge.reads[0].delay) for edge in model.graph.edges]
        [('h', 'h', 'W', 1)]
        """
        from unrolled.graph import fold

        return fold(self.recurrence, self.defaults.get("forcing", 1.0))

    def network(self) -> nx.MultiDiGraph[str]:
        """The folded graph for networkx: node and edge attributes are those of `graph`.

        >>> parse("h: 3\\nfor t in time:\\n    h[t] = tanh(W @ h[t-1])").network().edges()
        OutMultiEdgeDataView([('h', 'h')])
        """
        from dataclasses import asdict

        import networkx

        made: nx.MultiDiGraph[str] = networkx.MultiDiGraph()
        for node in self.graph.nodes:
            made.add_node(node.id, **asdict(node))
        for edge in self.graph.edges:
            made.add_edge(edge.source, edge.target, edge.id, **asdict(edge))
        return made

    def unfolded(
        self,
        lengths: Mapping[str, int] | None = None,
        trees: Mapping[str, Any] | None = None,
    ) -> Unfolded:
        """The graph of a sequence or a tree: nodes and edges of every step. Default lengths: those of `defaults`, else 12.

        `trees`: domain to shape, as pairs of pairs of anything (`[[0, 0], 0]`). Without, the shape is that of the
        inputs in `defaults`, else balanced with `lengths` leaves.

        >>> net = load("recursive-net").unfolded(trees={"tree": [["very", "good"], "film"]})
        >>> len(net.nodes), len(net.edges)                # 3 τ + 2 and 3 τ + 1 for τ leaves
        (11, 10)
        >>> net.edges[3]                                  # a left child and its parent
        (('h', (1,)), ('h', (4,)), 'U')
        """
        from unrolled.graph import unfold

        return unfold(self.graph, self._lengths(lengths), self._trees(lengths, trees))

    @cached_property
    def schedule(self) -> Schedule:
        """What is computed for all steps at once, and what step by step.

        >>> model = parse("h: 2\\nx: 2\\nfor t in time:\\n    h[t] = tanh(W @ h[t-1] + U @ x[t])")
        >>> [one.kind for one in model.schedule.components]
        ['map', 'scan']
        """
        from unrolled.graph import schedule

        return schedule(self.recurrence, self.defaults.get("forcing", 1.0))

    def cost(
        self,
        lengths: Mapping[str, int] | None = None,
        trees: Mapping[str, Any] | None = None,
    ) -> Cost:
        """Floating-point operations, bytes recorded (float32), critical path, parameters: before anything runs.

        `lengths` and `trees` as for `unfolded`.
        """
        from unrolled.graph import cost

        return cost(self.schedule, self._lengths(lengths), self._trees(lengths, trees))

    def facts(
        self,
        lengths: Mapping[str, int] | None = None,
        trees: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Counts of both graphs with their formulas in the length, and what is parallel in time. Plain data.

        `lengths` and `trees` as for `unfolded`.

        >>> facts = load("recursive-net/chain").facts()
        >>> facts["unfolded"]["edges_formula"], facts["trees"]
        ('3 τ + 1', [{'domain': 'tree', 'leaves': 8, 'nodes': 15, 'edges': 14, 'depth': 7}])
        """
        from unrolled.graph import facts

        steps, shapes = self._lengths(lengths), self._trees(lengths, trees)
        return facts(self.recurrence, self.graph, self.schedule, steps, shapes)

    def description(self, **options: Any) -> dict[str, Any]:
        """Folded graph, LaTeX, schedule, cost: plain data. Options: `lengths`, `forcing`, `held`."""
        from unrolled.graph import describe

        return describe(self.recurrence, **options)

    @cached_property
    def module_source(self) -> str:
        """A stand-alone file of PyTorch with one `nn.Module` that computes what a run does.

        >>> print(parse("h: 3\\nfor t in time:\\n    h[t] = tanh(W @ h[t-1])").module_source[:8])
        \"\"\"Recur
        """
        from unrolled.source import module_source

        return module_source(self.recurrence, name=self.name, title=self.title)

    def module(self, **sizes: int) -> nn.Module:
        """An instance of the class in `module_source`; sizes by name, as in `module(h=16)`.

        >>> load("lstm").module(h=16)
        Lstm(x=27, h=16, y=27)
        """
        from torch import nn

        names: dict[str, Any] = {"__name__": "unrolled.generated"}
        exec(compile(self.module_source, f"<module of {self.name}>", "exec"), names)
        made = next(
            one
            for one in names.values()
            if isinstance(one, type) and issubclass(one, nn.Module) and one is not nn.Module
        )
        return made(**sizes)

    # running

    def chunks(self, text: str | None = None, **options: Unpack[RunOptions]) -> Iterator[Chunk]:
        """Compute chunk by chunk, as steps are finished; options as for `run`."""
        return _ordinary_chunks(self._prepare(text, options))

    def run(self, text: str | None = None, **options: Unpack[RunOptions]) -> Result:
        """Compute every variable at every step; `text` goes to the first one-hot input.

        Raises `unrolled.engine.RunError`, which names the part of the request and the cure.

        >>> run = load("lstm").run("hello")
        >>> run["f"].shape                                # (steps, batch, size)
        torch.Size([5, 1, 8])
        """
        run = self._prepare(text, options)
        values = _ordinary(run.complete() | _boundary(run))
        return Result(values, run.lengths, run.symbols, Here(run))

    def _lengths(self, lengths: Mapping[str, int] | None) -> dict[str, int]:
        for name, length in (lengths or {}).items():
            if name not in self.recurrence.domains:
                raise ValueError(_no("domain", name, self.recurrence.domains))
            if isinstance(length, bool) or not isinstance(length, Integral) or length < 1:
                raise ValueError(f"the length of `{name}` is {length!r}: not a number of steps")
        known = {**self.defaults.get("lengths", {}), **(lengths or {})}
        return {domain: known.get(domain, 12) for domain in self.recurrence.domains}

    def _trees(
        self, lengths: Mapping[str, int] | None, trees: Mapping[str, Any] | None
    ) -> dict[str, Tree]:
        """The shapes of trees, as given, else of the inputs in `defaults` where no length says otherwise."""
        from unrolled.graph import Tree, shape_of, trees_given

        known = {
            domain: tree
            for domain, tree in trees_given(
                self.recurrence, self.defaults.get("inputs", {})
            ).items()
            if domain not in (lengths or {})
        }
        asked = {
            domain: form if isinstance(form, Tree) else shape_of(form)
            for domain, form in (trees or {}).items()
        }
        return known | asked

    def _prepare(self, text: str | None, options: RunOptions) -> Run:
        from unrolled.engine import prepare

        check_options(text, options)
        given: dict[str, Any] = dict(options)
        own: Mapping[str, Any] = given.get("inputs", {})
        if text is not None:
            variables = self.recurrence.variables.values()
            names = [one.name for one in variables if one.one_hot and not one.is_target]
            own = with_text(own, text, names)
        inputs = {**self.defaults.get("inputs", {}), **own}
        merged = {
            key: {**self.defaults.get(key, {}), **given.get(key, {})}
            for key in ("settings", "parameters", "boundary")
        }
        usual = {} if own else self.defaults.get("lengths", {})
        merged["lengths"] = {**usual, **given.get("lengths", {})}
        merged["inputs"] = {name: self._with_alphabet(form) for name, form in inputs.items()}
        return prepare(self.recurrence, **{**self.defaults, **given, **merged})

    def _with_alphabet(self, form: Any) -> Any:
        """A text that brings no alphabet gets the architecture's, if that is not the usual one."""
        is_text = isinstance(form, Mapping) and "text" in form and "alphabet" not in form
        return {**form, "alphabet": self.alphabet} if is_text and self.alphabet else form


def check_options(text: object, options: Mapping[str, Any]) -> None:
    """Refuse options that no run has. Raises `TypeError`."""
    for name in options:
        if name not in RunOptions.__annotations__:
            raise TypeError(_no("option", name, ["text", *RunOptions.__annotations__]))
    if text is not None and not isinstance(text, str):
        raise TypeError(f"`text` is {type(text).__name__}, not a string; numbers go into `inputs`")


def with_text(inputs: Mapping[str, Any], text: str, names: Sequence[str]) -> dict[str, Any]:
    """The given inputs and the text: for the first of the one-hot inputs, which may bring an alphabet."""
    if not names:
        raise ValueError("no input here is one-hot; give `inputs` with rows of numbers")
    own = inputs.get(names[0])
    if own is not None and not (isinstance(own, Mapping) and own.keys() <= {"alphabet"}):
        raise TypeError(f"`text` is for `{names[0]}`, which `inputs` gives too: leave one out")
    return {**inputs, names[0]: {**(own or {}), "text": text}}


class Computation(Protocol):
    """What a result asks of the run behind it, be that here or on a server (`unrolled.client`)."""

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The parameters it ran with, by name."""
        ...

    def gradients(
        self, of: str, names: Sequence[str] | None, *, parts: bool, contributions: bool
    ) -> dict[str, Tensor]:
        """The gradients of a scalar, by name."""
        ...

    def autograd(self, of: str, name: str) -> Tensor:
        """One gradient, by torch's autograd."""
        ...

    def jacobian(self, of: str, with_respect_to: str, norm: Norm) -> Tensor:
        """The norms of all Jacobians."""
        ...

    def jacobians(self, of: str, with_respect_to: str) -> Jacobians:
        """The Jacobians themselves."""
        ...


@dataclass(frozen=True)
class Here:
    """The computation of a run on this machine."""

    run: Run

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        return self.run.parameters

    def gradients(
        self, of: str, names: Sequence[str] | None, *, parts: bool, contributions: bool
    ) -> dict[str, Tensor]:
        backward = self.run.gradients(of, names, parts=parts, contributions=contributions)
        return _ordinary(backward.complete())

    def autograd(self, of: str, name: str) -> Tensor:
        return self.run.autograd(of, [name])[name]

    def jacobian(self, of: str, with_respect_to: str, norm: Norm) -> Tensor:
        return self.run.jacobians(of, with_respect_to).map(norm).norms

    def jacobians(self, of: str, with_respect_to: str) -> Jacobians:
        return self.run.jacobians(of, with_respect_to)


@dataclass(frozen=True, repr=False)
class Result:
    """A computed run, read as `run["h"]`.

    `values`: name to tensor (steps, batch, size), and `h[0]` to the boundary value, (batch, size); `lengths`:
    steps a domain; `symbols`: the characters or classes of one-hot inputs.

    The tensors are the run's own memory: `clone()` one before you write into it and still ask for gradients.

    >>> run = load("lstm").run("hello")
    >>> run
    Result(x, y, f, g, q, s, h, o, p, L, loss, s[0], h[0]; time 5)
    >>> run.symbols["x"]
    ['h', 'e', 'l', 'l', 'o']
    """

    values: Mapping[str, Tensor]
    lengths: Mapping[str, int]
    symbols: Mapping[str, list[str]]
    _run: Computation = field(repr=False)

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.values:
            raise KeyError(_no("value", name, self.values))
        return self.values[name]

    def __repr__(self) -> str:
        steps = ", ".join(f"{domain} {length}" for domain, length in self.lengths.items())
        return (
            f"Result({', '.join(self.values)}; {steps})"
            if steps
            else f"Result({', '.join(self.values)})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{' × '.join(map(str, value.shape))}</td></tr>"
            for name, value in self.values.items()
        )
        return f"<table><tr><th>variable</th><th>shape</th></tr>{rows}</table>"

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The parameters it ran with, by name."""
        return dict(self._run.parameters)

    def numpy(self) -> dict[str, np.ndarray[Any, Any]]:
        """All values as arrays of numpy."""
        return {name: value.numpy() for name, value in self.values.items()}

    def gradient(
        self, name: str, of: str = "loss", way: Literal["derived", "autograd"] = "derived"
    ) -> Tensor:
        """The gradient of a scalar (`loss`, `L[3]`, `o[5][2]`), in the layout of the value of `name`.

        `way`: by the backward pass that is derived from the equations, or by torch's autograd over every step:
        slower, for short runs, a second opinion. Raises `unrolled.engine.RunError` where `of` is not a scalar of the run.

        >>> run = load("lstm").run("hello")
        >>> run.gradient("h").shape, run.gradient("W").shape
        (torch.Size([5, 1, 8]), torch.Size([8, 8]))
        >>> bool(run.gradient("h", of="L[3]")[3:].any())        # no later state feeds this loss
        False
        """
        if way == "autograd":
            return self._run.autograd(of, name)
        return self._run.gradients(of, [name], parts=False, contributions=False)[name]

    def gradients(
        self,
        of: str = "loss",
        names: Sequence[str] | None = None,
        *,
        parts: bool = False,
        contributions: bool = False,
    ) -> dict[str, Tensor]:
        """The gradients of a scalar with respect to several names, in one backward pass; default: all.

        A variable brings the gradients of its boundary values (`h[0]`) along.
        `parts`: also what each reader sends back to a variable, as `h/o`; they add up to the gradient of `h`.
        `contributions`: also what each step adds to a parameter, as `W/time` (steps, *shape); they add up to its own.

        >>> run = load("lstm").run("hello")
        >>> found = run.gradients("loss", ["h", "W"], parts=True, contributions=True)
        >>> sorted(found)
        ['W', 'W/time', 'h', 'h/f', 'h/g', 'h/o', 'h/q', 'h/s', 'h[0]']
        >>> bool(abs(found["W/time"].sum(0) - found["W"]).max() < 1e-6)
        True
        """
        return self._run.gradients(of, names, parts=parts, contributions=contributions)

    def jacobian(self, of: str, with_respect_to: str, norm: Norm = "frobenius") -> Tensor:
        """‖∂of^(t)/∂with_respect_to^(s)‖ at [t-1, s-1], of the first sequence; norms "frobenius", "spectral".

        >>> load("lstm").run("hello").jacobian("h", "h").shape
        torch.Size([5, 5])
        """
        return self._run.jacobian(of, with_respect_to, norm)

    def jacobians(self, of: str, with_respect_to: str) -> Jacobians:
        """Every Jacobian of one variable with respect to another: their `matrices()`, and the `spectrum(t, s)` of one.

        Those of the first sequence. `with_respect_to` may be a boundary value, `h[0]`. Raises
        `unrolled.engine.RunError` where one of the names has no Jacobian.

        >>> jacobians = load("lstm").run("hello").jacobians("s", "s")
        >>> jacobians.matrices().shape                    # (steps of s, steps of s, size, size)
        torch.Size([5, 5, 8, 8])
        >>> jacobians.spectrum(5, 2).singular_values.shape
        torch.Size([8])
        """
        return self._run.jacobians(of, with_respect_to)


def _ordinary(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    from unrolled.engine.arithmetic import ordinary

    return {name: ordinary(value) for name, value in values.items()}


def _ordinary_chunks(run: Run) -> Iterator[Chunk]:
    for chunk in run.chunks():
        yield replace(chunk, values=_ordinary(chunk.values))


def _boundary(run: Run) -> dict[str, Tensor]:
    """Boundary values as `h[0]`."""
    return {
        f"{name}[{place}]": one for name, at in run.boundary.items() for place, one in at.items()
    }


def _no(kind: str, name: str, known: Collection[str]) -> str:
    """That there is no such name, and which one may have been meant."""
    near = get_close_matches(str(name), known, 1)
    meant = f"did you mean `{near[0]}`? " if near else ""
    return f"there is no {kind} `{name}`: {meant}known are {', '.join(known) or '-'}"
