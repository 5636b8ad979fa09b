"""What goes out over the wire, as documentation: the service writes these objects with orjson.

The description of a recurrence is made in `unrolled.graph` (`describe`), the numbers of a run in
`streaming.py` and `runs.py`; tests check real answers against the models here. One file, since it is a table of documents.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .schemas import Numbers


class Answer(BaseModel):
    """Base of every answer: closed, so that a test notices a field that is not documented."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Titles(Answer):
    """One line, in both languages."""

    en: str
    zh: str


class Domain(Answer):
    """An index domain: `for t in time:`."""

    name: str
    index: str
    kind: Literal["chain", "tree", "generated"]


class Setting(Answer):
    """A scalar the reader may move: `α = slider(0.9, 0, 1)`."""

    name: str
    value: float
    minimum: float
    maximum: float


class Read(Answer):
    """How a reference reads one domain: `delay` k reads index − k; else a fixed position."""

    domain: str
    delay: int | None = None
    position: int | str | None = Field(
        default=None, description="A number, or all, end, left, right, root."
    )
    offset: int | None = Field(default=None, description="Added to `end`: `g[end + 1]` has 1.")


class BoundaryPosition(Answer):
    """A position outside the domain that some equation reads."""

    domain: str
    position: int
    anchor: Literal["start", "end"] = Field(description="What `position` is counted from.")


class Node(Answer):
    """A node of the folded graph: an input, a variable, a parameter, a constant or a setting."""

    id: str
    kind: Literal["input", "variable", "parameter", "constant", "setting"]
    role: Literal[
        "input",
        "target",
        "state",
        "hidden",
        "gate",
        "output",
        "probability",
        "loss",
        "attention",
        "memory",
        "parameter",
    ]
    domains: list[str] = Field(description="Outermost first; empty: no index.")
    shape: list[int] = Field(description="Empty: a scalar.")
    one_hot: bool = False
    latex: str
    line: int | None = None
    boundary: list[BoundaryPosition] = Field(default_factory=list)
    trained: bool | None = None
    initial: str | None = None


class Edge(Answer):
    """A reference: `target`'s equation reads `source`, perhaps through a parameter."""

    id: str
    source: str
    target: str
    parameter: str | None
    reads: list[Read]
    operation: str
    cut: bool = Field(default=False, description="Not used with this run's `forcing`.")
    at: list[BoundaryPosition] | None = Field(
        default=None, description="The boundary value it leads into, if it does."
    )


class Graph(Answer):
    """The folded graph."""

    nodes: list[Node]
    edges: list[Edge]


class Operation(Answer):
    """One operation inside an equation, in preorder; `f/0` is the whole right-hand side."""

    id: str
    function: str
    operands: list[str]
    latex: str
    shape: list[int]
    domains: list[str]
    reference: str | None = None
    reads: list[Read] = Field(default_factory=list)


class Equation(Answer):
    """One equation: its text, its typeset forms, its operations."""

    variable: str
    line: int
    column: int
    text: str
    latex: str
    marked: str = Field(description="With each symbol wrapped in \\htmlData.")
    numbers: str = Field(description="For one unit, with a slot per operation.")
    end_line: int | None = None
    boundary: BoundaryPosition | None = None
    operations: list[Operation]


class Stage(Answer):
    """A stage of the schedule: a map (all steps at once) or a scan (step by step)."""

    kind: Literal["map", "scan"]
    domain: str | None
    direction: Literal["forward", "backward", "up"] | None = None
    variables: list[str]
    operations: list[str]
    stacked: list[list[str]] = Field(default_factory=list)
    body: list[Stage] = Field(default_factory=list)


class ParameterInfo(Answer):
    """A parameter, its shape and how many numbers it holds."""

    name: str
    shape: list[int]
    count: int
    trained: bool


class Cost(Answer):
    """What a run costs, known before it runs; with `gradient`, together with its backward pass."""

    parameters: int
    steps: int
    operations: int = Field(description="Floating-point operations.")
    bytes: int = Field(description="Bytes of the recorded values.")
    critical_path: int = Field(description="Length of the longest chain of operations.")
    lengths: dict[str, int]


class Count(Answer):
    """A number, and its formula in the lengths of the domains, if it has one: `5 τ + 2`."""

    count: int
    formula: str | None


class FoldedCounts(Answer):
    """Inputs and variables, and the references between them; parameters are labels."""

    nodes: int
    edges: int


class UnfoldedCounts(Answer):
    """Counts of the unfolded graph, boundary values among them."""

    nodes: int
    edges: int
    nodes_formula: str
    edges_formula: str


class TreeFacts(Answer):
    """A tree by itself: `edges` from children to parents, `depth` of them from the deepest leaf to the root."""

    domain: str
    leaves: int
    nodes: int
    edges: int
    depth: int


class ParameterFormula(Answer):
    """How many numbers a parameter holds, in the sizes of the variables: `n_h n_x`."""

    name: str
    shape: list[int]
    count: int
    formula: str


class ParameterCounts(Answer):
    """All parameters together, and each."""

    count: int
    formula: str
    each: list[ParameterFormula]


class InOrder(Answer):
    """Variables that are computed one step after another."""

    variables: list[str]
    domain: str
    direction: Literal["forward", "backward", "up"]
    steps: int


class Parallel(Answer):
    """What can be computed at all steps at once, and what waits for another step."""

    at_once: list[str]
    in_order: list[InOrder]
    sequential_steps: int = Field(description="Steps that must follow each other.")
    words: Titles


class Facts(Answer):
    """What the graph alone says, before anything runs."""

    folded: FoldedCounts
    unfolded: UnfoldedCounts | None = Field(
        description="Null where it repeats itself only after very many steps."
    )
    trees: list[TreeFacts]
    parameters: ParameterCounts
    operations: Count
    bytes: Count
    critical_path: Count
    parallel: Parallel


class PathPlace(Answer):
    """A node of the unfolded graph."""

    variable: str
    at: list[int] = Field(description="Its steps (nodes of a tree), one a domain; empty: no index.")


class PathAnswer(Answer):
    """One path: its nodes in order, the edges of the folded graph between them."""

    length: int = Field(description="Edges.")
    nonlinear: int = Field(description="Nonlinear functions on the way.")
    nodes: list[PathPlace]
    edges: list[str] = Field(description="Ids of edges of the folded graph, one between two nodes.")


class PathsAnswer(Answer):
    """The paths between two nodes of the unfolded graph; all null where there is none."""

    source: PathPlace = Field(alias="from")
    target: PathPlace = Field(alias="to")
    lengths: dict[str, int]
    count: int | None = Field(description="How many; null from 2^53 on.")
    log10_count: float | None = Field(description="Null where there is none.")
    shortest: PathAnswer | None
    longest: PathAnswer | None
    straightest: PathAnswer | None = Field(
        description="The one with the fewest nonlinear functions, among those the shortest."
    )


class Misspelt(Answer):
    """An input that no line declares, nearly of the name of a variable that has an equation."""

    name: str
    line: int = Field(description="Where it is read first.")
    meant: str


class Recurrence(Answer):
    """Everything derived from the text: graph, typeset equations, schedule, cost."""

    equations_text: str
    domains: list[Domain]
    sizes: dict[str, int | list[int]]
    settings: list[Setting]
    graph: Graph
    equations: list[Equation]
    schedule: list[Stage]
    parameters: list[ParameterInfo]
    cost: Cost
    facts: Facts
    has_forcing: bool = Field(default=False, description="Whether `force` occurs in the text.")
    is_random: bool = Field(default=False, description="Whether something is drawn while it runs.")
    misspelt: list[Misspelt] = Field(
        default_factory=list[Misspelt],
        description="Inputs that may be slips of the pen; they run, on numbers drawn from the seed.",
    )


class Variant(Answer):
    """Another text of the same entry."""

    id: str
    titles: Titles


class ArchitectureSummary(Answer):
    """A line of the catalogue."""

    id: str
    titles: Titles
    section: str
    figure: str | None
    equations: str
    variables: list[str]
    variants: list[Variant]


class Architectures(Answer):
    """The catalogue."""

    architectures: list[ArchitectureSummary]


class Prose(Answer):
    """The text of the section, as HTML; `span.math` carries `data-latex` and `data-node`."""

    en: str
    zh: str


class Defaults(Answer):
    """The run the page opens with."""

    inputs: dict[str, Any]
    sizes: dict[str, int | list[int]]
    lengths: dict[str, int]
    forcing: float
    seed: int
    boundary: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, float]
    parameters: dict[str, Numbers]
    clamp: list[dict[str, Any]]


class Architecture(Answer):
    """One entry of the catalogue, or one variant of it."""

    id: str
    titles: Titles
    section: str
    figure: str | None
    equation_numbers: list[str]
    papers: Titles = Field(description="Who and when, with remarks in each language.")
    variants: list[Variant]
    prose: Prose
    equations: str
    recurrence: Recurrence
    defaults: Defaults
    alphabet: str
    legend: dict[str, Titles] = Field(
        description="What each variable and parameter means here; letters are used again."
    )


class NonFinite(Answer):
    """NaN and infinity, which travel as null."""

    count: int
    first: str | None = Field(description="Where the first was: `h[3][0]`.")


class Output(Answer):
    """One tensor of a run, flat and row-major, as in the Open Inference Protocol."""

    name: str = Field(
        description="A variable, `h[0]` for a boundary value, a parameter; `grad/…`: a gradient, "
        "`grad/h/o` the part of it that o sends back, `grad/W/time` what each step adds to it."
    )
    domains: list[str]
    shape: list[int] = Field(description="Steps first, then the variable's own shape.")
    datatype: Literal["FP32", "FP64"]
    data: list[float | None] | str = Field(
        description="Null for NaN and infinity; with `?encoding_format=base64` a string: the numbers' bytes, "
        "little-endian, in base64."
    )


class RunResult(Answer):
    """A whole run."""

    run: str | None = Field(description="The run as a token; null when it is past 2 KiB.")
    outputs: list[Output]
    lengths: dict[str, int]
    trees: dict[str, list[list[int] | None]] = Field(
        default_factory=dict,
        description="Per tree the children of every node, from 1; null for a leaf.",
    )
    symbols: dict[str, list[str]]
    loss: float | None
    cost: Cost
    version: str
    nonfinite: NonFinite


class VariableResult(Output):
    """One tensor of a run, or some steps and units of it."""

    run: str | None = Field(description="The token of the whole run.")
    lengths: dict[str, int] = Field(description="Steps of every domain of the whole run.")
    steps: dict[str, list[int]] = Field(description="By domain, the steps that are here, from 1.")
    units: list[int] | None = Field(
        description="The units that are here, from 0; null where all are."
    )
    version: str
    nonfinite: NonFinite


class ParametersResult(Answer):
    """What a run computes with."""

    run: str | None
    outputs: list[Output]
    version: str


class JacobianSpectrum(Answer):
    """One Jacobian, taken apart."""

    step: int
    source_step: int
    matrix: list[Numbers] | None = Field(
        description="Units of `of` by units of `with_respect_to`; null past 4096 numbers."
    )
    singular_values: list[float | None]
    eigenvalues: list[list[float | None]] | None = Field(
        description="Real and imaginary parts; null where the matrix is not square."
    )


class JacobianCost(Answer):
    """What the Jacobians cost beside the run."""

    operations: int
    bytes: int


class JacobianResult(Answer):
    """How large the Jacobians of a run are."""

    of: str
    with_respect_to: str
    norm: Literal["spectral", "frobenius"]
    norms: list[Numbers] = Field(
        description="A row per step of `of`, a column per step of `with_respect_to`."
    )
    spectrum: JacobianSpectrum | None
    lengths: dict[str, int]
    cost: JacobianCost
    version: str


class StartEvent(Answer):
    """First line of a stream."""

    event: Literal["start"]
    run: str | None
    lengths: dict[str, int]
    trees: dict[str, list[list[int] | None]] = Field(
        default_factory=dict,
        description="Per tree the children of every node, from 1; null for a leaf.",
    )
    shapes: dict[str, list[int]]
    domains: dict[str, list[str]]
    symbols: dict[str, list[str]]
    boundary: dict[str, dict[str, Numbers]] = Field(description="Values by name and position.")
    cost: Cost
    version: str


class StepsEvent(Answer):
    """Values of the steps `from` to `to`, both included, counted from 1."""

    event: Literal["steps"]
    domain: str
    first: int = Field(alias="from")
    last: int = Field(alias="to")
    values: dict[str, list[Numbers]] = Field(description="Per name, a list over the steps.")


class GradientsEvent(Answer):
    """Gradients of the steps `from` to `to`, after all steps: from the last step to the first (`from` ≥ `to`).

    Where the text itself goes backward, its gradients go forward, and `from` is the smaller.
    """

    event: Literal["gradients"]
    domain: str
    first: int = Field(alias="from")
    last: int = Field(alias="to")
    values: dict[str, list[Numbers]] = Field(
        description="Per name, a list over the steps, beginning with the step `from`."
    )


class EndEvent(Answer):
    """Last line of a stream that ran to its end."""

    event: Literal["end"]
    steps: int
    lengths: dict[str, int] = Field(
        description="Steps of every domain; where `stop` ended one, those it has, and not the most it might have had."
    )
    values: dict[str, Numbers | None] = Field(
        description="What has no index (the loss), and the parameters that were asked for; under `grad/W` the "
        "gradients of what has no steps."
    )
    domains: dict[str, list[str]] = Field(
        description="The domains of everything that was sent, gradients and operations too, except parameters "
        "and their gradients."
    )
    parameter_gradients: dict[str, float | None] | None = Field(
        default=None,
        description="The norm of every parameter's and slider's gradient, if asked for.",
    )
    nonfinite: NonFinite
    seconds: float


class ErrorDetail(Answer):
    """One thing that is wrong: where, what, and what to write instead."""

    pointer: str | None = Field(default=None, description="JSON pointer into the request's body.")
    parameter: str | None = Field(default=None, description="Or the name of a query parameter.")
    line: int | None = Field(default=None, description="Line in `equations`, from 1.")
    column: int | None = Field(default=None, description="Column in characters, from 1.")
    end_line: int | None = None
    end_column: int | None = None
    code: str
    detail: str
    hint: str


class Problem(Answer):
    """RFC 9457 problem details; the input is never repeated in them."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ErrorDetail]


class ErrorEvent(Answer):
    """Last line of a stream that broke."""

    event: Literal["error"]
    problem: Problem


StreamEvent = Annotated[
    StartEvent | StepsEvent | GradientsEvent | EndEvent | ErrorEvent, Field(discriminator="event")
]
"""A line of a stream. One with neither `end` nor `error` was cut: ask again with `start`."""


class Health(Answer):
    """The service answers."""

    status: Literal["ok"]
    version: str
