"""What comes in over the wire: the bodies of requests, checked by pydantic.

Strict (a string is not a number) and closed (an unknown field is refused). What goes out is
described in `answers.py`; what a request means is worked out in `runs.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from unrolled.graph.nulls import has_null, without_nulls

MAX_NAME = 64
"""Characters a name (variable, domain, parameter, setting) may have on the wire."""

MAX_SEED = 2**63 - 1

MAX_NODES = 40_000
"""Nodes of a tree whose shape is sent."""


class Wire(BaseModel):
    """Base of every message: strict, closed, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def first_fault(value: object, shape: list[int], depth: int = 0) -> tuple[str, str] | None:
    """Where a nested list stops being a rectangular array of finite numbers, and why.

    `shape` is grown in place by the first row met at each depth. Returns a JSON pointer inside the
    value and a code (of `texts.FAULTS`: `not-a-number`, `ragged`, `too-deep`), or None when all is well.
    """
    if not isinstance(value, list):
        kind = type(value)
        good = (kind is float and isfinite(value)) or kind is int  # type: ignore[arg-type]
        return None if good else ("", "not-a-number")
    if depth == 8:
        return "", "too-deep"
    if depth == len(shape):
        shape.append(len(value))
    elif shape[depth] != len(value):
        return "", "ragged"
    kinds = set(map(type, value))
    if kinds <= {int, float} and (depth + 1 == len(shape)):
        return None
    if list in kinds and len(kinds) > 1:
        return next((f"/{i}", "ragged") for i, row in enumerate(value) if type(row) is not list)
    if list not in kinds and depth + 1 < len(shape):
        return "", "ragged"
    for index, row in enumerate(value):
        fault = first_fault(row, shape, depth + 1)
        if fault is not None:
            return f"/{index}{fault[0]}", fault[1]
    return None


def rectangular(value: Any) -> Any:
    """Refuse nested lists that are ragged or hold anything but numbers."""
    fault = first_fault(value, [])
    if fault is not None:
        raise PydanticCustomError("numbers", "{code}", {"within": fault[0], "code": fault[1]})
    return value


def rectangular_or_tree(value: Any) -> Any:
    """Numbers of an input: rectangular, or pairs of pairs of leaves (a tree); null where nothing was observed."""
    if isinstance(value, str):
        raise PydanticCustomError("numbers", "{code}", {"code": "text-form"})
    if is_tree(value):
        return value
    if has_null(value):
        rectangular(without_nulls(value))
        return value
    return rectangular(value)


def is_tree(value: object) -> bool:
    """Whether lists hold pairs down to leaves: finite numbers, or rectangles of one shape."""
    stack = [value]
    shapes: set[tuple[int, ...]] = set()
    while stack:
        one = stack.pop()
        if isinstance(one, list) and len(one) == 2 and any(isinstance(side, list) for side in one):
            stack += one
            continue
        shape: list[int] = []
        if first_fault(one, shape) is not None:
            return False
        shapes.add(tuple(shape))
    rows = shapes - {(), (2,)}
    return not rows or (shapes == rows and len(rows) == 1)


NUMBERS_SCHEMA = {"$ref": "#/components/schemas/Numbers"}
"""Numbers are a recursive schema that `openapi.py` adds: a number, or a list of the same."""

Numbers = Annotated[Any, AfterValidator(rectangular), WithJsonSchema(NUMBERS_SCHEMA)]
"""A number, or nested lists of numbers (rectangular)."""

InputNumbers = Annotated[Any, AfterValidator(rectangular_or_tree), WithJsonSchema(NUMBERS_SCHEMA)]
"""Numbers of an input: also pairs of pairs, which are no rectangle."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Size = Annotated[int, Field(ge=1, le=10_000_000)]


def _size_kind(value: Any) -> str:
    return "<shape>" if isinstance(value, list) else "<size>"


Sizes = dict[
    Name,
    Annotated[
        Annotated[Size, Tag("<size>")]
        | Annotated[list[Size], Field(min_length=1, max_length=4), Tag("<shape>")],
        Discriminator(_size_kind),
    ],
]
"""A vector's size, or a matrix's rows and columns."""

Step = Annotated[int, Field(ge=1, le=1_000_000_000)]
Span = Annotated[list[Step], Field(min_length=2, max_length=2)]


def _span_kind(value: Any) -> str:
    return "<spans>" if isinstance(value, Mapping) else "<span>"


Spans = Annotated[
    Annotated[Span, Tag("<span>")] | Annotated[dict[Name, Span], Tag("<spans>")],
    Discriminator(_span_kind),
]
"""First and last step, or the same by domain."""

Unit = Annotated[int, Field(ge=0, le=10_000_000)]
Length = Annotated[int, Field(ge=1, le=1_000_000_000)]


class TextInput(Wire):
    """Text for a one-hot input: one character a step."""

    text: str = Field(description="One character per step.", examples=["hello"])
    alphabet: str | None = Field(
        default=None,
        description="The characters in the order of their one-hot positions. Default: the "
        "architecture's alphabet, or space and a to z.",
        examples=[" abcdefghijklmnopqrstuvwxyz"],
    )


class NextInput(Wire):
    """The same sequence as another input, one step ahead: the target of next-symbol prediction."""

    next: Name = Field(description="The input to look ahead in.", examples=["x"])


class GeneratedInput(Wire):
    """A sequence the server makes: the same for the same seed."""

    generate: Literal["normal", "sine", "impulse", "symbols"] = Field(
        description="What to make.", examples=["sine"]
    )
    seed: int = Field(default=0, ge=0, le=MAX_SEED, description="Seed of the generator.")


def _input_kind(value: Any) -> str | None:
    if isinstance(value, Mapping):
        found = [key for key in ("text", "next", "generate") if key in value]
        return f"<{found[0]}>" if len(found) == 1 else None
    fields = getattr(type(value), "model_fields", {})
    for key in ("text", "next", "generate"):
        if key in fields:
            return f"<{key}>"
    return "<numbers>"


def _boundary_kind(value: Any) -> str:
    return "<positions>" if isinstance(value, Mapping) else "<numbers>"


TAGS = frozenset(
    {
        "<size>",
        "<shape>",
        "<text>",
        "<next>",
        "<generate>",
        "<numbers>",
        "<positions>",
        "<span>",
        "<spans>",
    }
)
"""Names of union members; they appear in pydantic's locations and are left out of pointers."""

InputValue = Annotated[
    Annotated[TextInput, Tag("<text>")]
    | Annotated[NextInput, Tag("<next>")]
    | Annotated[GeneratedInput, Tag("<generate>")]
    | Annotated[InputNumbers, Tag("<numbers>")],
    Discriminator(_input_kind, custom_error_type="input_form", custom_error_message="input form"),
]
BoundaryValue = Annotated[
    Annotated[dict[Name, Numbers], Tag("<positions>")] | Annotated[Numbers, Tag("<numbers>")],
    Discriminator(_boundary_kind),
]


DIGEST = re.compile("[0-9a-f]{64}")


def is_digest(text: str) -> str:
    """Refuse what is no SHA-256 in lower-case hexadecimal digits."""
    if not DIGEST.fullmatch(text):
        raise PydanticCustomError("digest", "{code}", {"code": "not-a-digest"})
    return text


Digest = Annotated[
    str,
    AfterValidator(is_digest),
    WithJsonSchema({"type": "string", "pattern": f"^{DIGEST.pattern}$"}),
]
"""The SHA-256 of a file of weights."""


class Parameters(Wire):
    """How the parameters of a run get their values."""

    seed: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SEED,
        description="Seed of the random initial values. Default: the architecture's, else 0.",
    )
    values: dict[Name, Numbers] = Field(
        default_factory=dict,
        description="Values by name; what is not given is taken from the architecture's "
        "defaults, else drawn from the seed.",
        examples=[{"b": [0.1, 0.2, 0.3]}],
    )
    weights: Digest | None = Field(
        default=None,
        description="SHA-256 of a safetensors file that was put under `/v1/weights/{sha256}`: parameters by "
        "name. `values` win over it, it wins over defaults and seed.",
    )


Held = Annotated[
    Any,
    AfterValidator(rectangular),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]}),
]


class ClampRequest(Wire):
    """A variable held at a value, over some steps and units: the reader's experiment, or an ablation."""

    variable: Name = Field(description="A variable with an equation.", examples=["f"])
    value: Held = Field(description="One number, or one for each unit.", examples=[1.0])
    steps: Spans | None = Field(
        default=None,
        description="First and last step, counted from 1, of the variable's first domain; or by domain, "
        '`{"target": [1, 1], "source": [3, 3]}`. Default: all.',
        examples=[[3, 6]],
    )
    units: Annotated[list[Unit], Field(min_length=1, max_length=100_000)] | None = Field(
        default=None,
        description="Counted from 0; of a matrix in row-major order. Default: all.",
        examples=[[0]],
    )


Clamps = Annotated[list[ClampRequest], Field(max_length=100)]


Structures = Annotated[
    dict[Name, Annotated[list[list[int] | None], Field(max_length=MAX_NODES)]],
    Field(
        description="Per tree the children of every node, from 1, and null for a leaf, as a run says it. "
        "Default: balanced, with `lengths` leaves."
    ),
]


class RecurrenceRequest(Wire):
    """A text to be read: its graph, schedule, typeset equations and cost come back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "equations": "h: 3\n"
                    "for t in time:\n"
                    "    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n",
                    "sizes": {"x": 2},
                    "lengths": {"time": 5},
                }
            ]
        }
    )

    equations: str = Field(description="The recurrence, in the language of `docs/language.md`.")
    sizes: Sizes = Field(
        default_factory=dict, description="Sizes of vectors; they override those in the text."
    )
    lengths: dict[Name, Length] = Field(
        default_factory=dict,
        description="Steps per domain, for the cost; leaves of a tree. Default: 12 each.",
    )
    trees: Structures = Field(default_factory=dict)
    forcing: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Probability of the target in `force(target, prediction)`.",
    )
    held: list[Name] = Field(
        default_factory=list[str],
        max_length=1_000,
        description="Variables that a run holds at every step and unit: the edges into them are cut.",
    )


class GradientRequest(Wire):
    """A backward pass after the run: the gradient of one scalar with respect to everything."""

    of: Annotated[str, Field(min_length=1, max_length=MAX_NAME + 40)] = Field(
        default="loss",
        description="A scalar of the run: a variable without an index, one step of a scalar variable, or "
        "one unit at one step. Steps count from 1 (or `end`), units from 0.",
        examples=["loss", "L[3]", "o[5][2]"],
    )
    variables: list[Name] | None = Field(
        default=None,
        max_length=1_000,
        description="With respect to what: variables, inputs (with their boundary values, such as `h[0]`), "
        "parameters and sliders. Default: all of them. What the scalar does not depend on has the gradient zero.",
        examples=[["h", "W"]],
    )
    parts: bool = Field(
        default=False,
        description="Also what each equation that reads a variable sends back to it: `grad/h/o` and `grad/h/h` "
        "add up to `grad/h`.",
    )
    contributions: bool = Field(
        default=False,
        description="Also what each step adds to a parameter's gradient: the steps of `grad/W/time` add up to "
        "`grad/W`.",
    )


class RunRequest(Wire):
    """A run: which recurrence, on what, from where. Exactly one of architecture and equations."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"architecture": "lstm", "inputs": {"x": {"text": "hello"}}, "variables": ["h"]},
                {
                    "equations": "h: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + U @ x[t])\n",
                    "sizes": {"x": 1},
                    "inputs": {"x": [[1.0], [0.0], [0.0]]},
                    "parameters": {"values": {"W": [[0.5, 0], [0, 0.5]], "U": [[1], [-1]]}},
                },
            ]
        }
    )

    architecture: Annotated[str, Field(max_length=100)] | None = Field(
        default=None,
        description="Id of a catalogue entry or of one of its variants.",
        examples=["lstm", "lstm/book"],
    )
    equations: str | None = Field(default=None, description="Or a text of your own.")
    sizes: Sizes = Field(default_factory=dict, description="Sizes of vectors.")
    lengths: dict[Name, Length] = Field(
        default_factory=dict, description="Steps per domain, where no input gives them."
    )
    parameters: Parameters = Field(default_factory=lambda: Parameters())
    settings: dict[Name, float] = Field(default_factory=dict, description="Values of the sliders.")
    inputs: dict[Name, InputValue] = Field(
        default_factory=dict,
        description="Values by input: rows of numbers, integers or text for one-hot inputs, "
        "`next` or `generate`; of a random variable what was observed (null: nothing); over a tree pairs of pairs of leaves. What is not given is taken from the architecture's defaults.",
    )
    boundary: dict[Name, BoundaryValue] = Field(
        default_factory=dict,
        description="Values before the first step (`h[0]`), or by position: "
        '`{"h": {"0": […], "end+1": […]}}`. Default: zeros.',
        examples=[{"h": [0.0, 0.0, 0.0]}],
    )
    forcing: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Probability of the target in `force(target, prediction)`; default 1.",
    )
    clamp: Clamps | None = Field(
        default=None,
        description="What is held at given values. What reads a variable reads the held value, and "
        "gradients do not pass through it. Default: what the architecture's defaults hold.",
    )
    variables: list[Annotated[str, Field(min_length=1, max_length=MAX_NAME + 8)]] | None = Field(
        default=None,
        max_length=1_000,
        description="What to send: names of variables, inputs and parameters, `f/3` for one "
        "operation of an equation, `f/*` for all of them. Default: every variable and input.",
        examples=[["f", "h"]],
    )
    gradient: GradientRequest | None = Field(
        default=None,
        description="Ask for gradients: they come after the steps, from the last step to the first. "
        "Denormal numbers are flushed: in float32 a gradient below 1.2e-38 reads 0.",
        examples=[{"of": "loss"}],
    )
    dtype: Literal["float32", "float64"] = Field(
        default="float32", description="Precision of the run."
    )

    @model_validator(mode="after")
    def _one_source(self) -> RunRequest:
        if (self.architecture is None) == (self.equations is None):
            raise PydanticCustomError("one_source", "exactly one of architecture and equations")
        return self


class Spectrum(Wire):
    """One Jacobian of the map, to be taken apart."""

    step: int = Field(ge=1, description="Step of `of`.")
    source_step: int | None = Field(
        default=None, ge=1, description="Step of `with_respect_to`; default: the step before."
    )


class JacobianRequest(RunRequest):
    """A run, and which Jacobians of it. `variables` and `gradient` of the run are not used."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "architecture": "lstm",
                    "inputs": {"x": {"text": "hello"}, "y": {"next": "x"}},
                    "of": "h",
                    "with_respect_to": "s",
                    "norm": "spectral",
                    "spectrum": {"step": 3},
                }
            ]
        }
    )

    of: Name = Field(description="The variable that changes.", examples=["h"])
    with_respect_to: Name = Field(
        description="The variable or input that is moved, alone, at one step: what is computed from "
        "it follows, all else at its step and before stays.",
        examples=["h"],
    )
    norm: Literal["spectral", "frobenius"] = Field(
        default="frobenius", description="Largest singular value, or root of the sum of squares."
    )
    spectrum: Spectrum | None = Field(
        default=None,
        description="Also the matrix, singular values and eigenvalues of one pair of steps.",
    )


class PathEnd(Wire):
    """A node of the unfolded graph."""

    variable: Name
    at: list[int] = Field(
        default_factory=list,
        max_length=4,
        description="Its steps, one a domain; 0 is before the first.",
    )


class PathsRequest(Wire):
    """Two nodes of the unfolded graph of a text. Exactly one of architecture and equations."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "architecture": "lstm",
                    "from": {"variable": "s", "at": [1]},
                    "to": {"variable": "h", "at": [9]},
                }
            ]
        }
    )

    architecture: Annotated[str, Field(max_length=100)] | None = None
    equations: str | None = None
    sizes: Sizes = Field(default_factory=dict)
    lengths: dict[Name, Length] = Field(
        default_factory=dict,
        description="Steps per domain, leaves of a tree. Default: 12, or as many as the two ends need.",
    )
    trees: Structures = Field(default_factory=dict)
    forcing: float = Field(default=1.0, ge=0, le=1)
    source: PathEnd = Field(alias="from")
    target: PathEnd = Field(alias="to")

    @model_validator(mode="after")
    def _one_source(self) -> PathsRequest:
        if (self.architecture is None) == (self.equations is None):
            raise PydanticCustomError("one_source", "exactly one of architecture and equations")
        return self
