"""What `connect` gives: a server, its models, and the runs they make."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from unrolled.client.connection import Connection
from unrolled.client.errors import RemoteError, understood
from unrolled.client.streams import Trace, batched, follow
from unrolled.model import Result, RunOptions, check_options, with_text

if TYPE_CHECKING:
    from torch import Tensor

    from unrolled.engine import Chunk
    from unrolled.engine.jacobians import Jacobians, Norm

DATATYPES = {"float64": "FP64"}
"""How numbers of a `dtype` travel; all others as FP32."""

FIELDS = ("lengths", "settings", "boundary", "forcing", "clamp", "variables", "dtype")
"""Options of a run that are fields of a request under their own names."""


def connect(address: str, *, timeout: float = 60.0, tries: int = 5) -> Service:
    """A server of unrolled, at the address that `unrolled serve` shows. Its runs have the numbers of local ones.

    `timeout`: seconds to wait for more before the connection counts as broken; `tries`: how often in a row a
    request may fail in vain. Raises `RemoteError` where nothing of this kind answers.
    """
    from unrolled import __version__

    if not isinstance(address, str) or not address.startswith(("http://", "https://")):
        raise ValueError(f"`{address}` is no address: write it as in http://127.0.0.1:8000")
    return Service(Connection(address, timeout, tries, f"unrolled/{__version__}"))


class Service:
    """A server, of the `version` it says. Close it when done, or use it as `with connect(…) as service`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._models: dict[str, RemoteModel] = {}
        try:
            self.version = connection.version()
        except BaseException:
            connection.close()
            raise

    def __repr__(self) -> str:
        return f"Service({self._connection.address}, version {self.version})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def architectures(self) -> dict[str, str]:
        """Every architecture that `load` knows, variants among them: id to English title, in the book's order."""
        listed = self._connection.get("/v1/architectures")
        with understood():
            return {
                one["id"]: one["titles"]["en"]
                for entry in listed["architectures"]
                for one in (entry, *entry["variants"])
            }

    def load(self, identity: str, sizes: Mapping[str, int] | None = None) -> RemoteModel:
        """An architecture of the server's catalogue, as `unrolled.load` gives one. Raises `RemoteError`."""
        if identity not in self._models:
            found = self._connection.get(f"/v1/architectures/{quoted(identity)}")
            with understood():
                titles = {one["id"]: one["titles"]["en"] for one in (found, *found["variants"])}
                self._models[identity] = self._model(
                    {"architecture": identity}, found["recurrence"], identity, titles[identity]
                )
        known = self._models[identity]
        return known if not sizes else known._sized(sizes)

    def parse(self, text: str, sizes: Mapping[str, int] | None = None) -> RemoteModel:
        """A text of the recurrence language, as `unrolled.parse` reads one. Raises `RemoteError` with line and column."""
        source = {"equations": text, "sizes": dict(sizes or {})}
        found = self._connection.post("/v1/recurrences", encoded(source))
        with understood():
            return self._model(source, found, "Recurrence", None)

    def run(
        self,
        architecture: str,
        text: str | None = None,
        *,
        sizes: Mapping[str, int] | None = None,
        **options: Unpack[RunOptions],
    ) -> Result:
        """A run of an architecture: `load(architecture, sizes).run(text, …)`."""
        return self.load(architecture, sizes).run(text, **options)

    def _model(
        self,
        source: Mapping[str, Any],
        described: Mapping[str, Any],
        name: str,
        title: str | None,
    ) -> RemoteModel:
        nodes = described["graph"]["nodes"]
        return RemoteModel(
            self._connection,
            source,
            described["equations_text"],
            name,
            title,
            tuple(one["id"] for one in nodes if one["one_hot"] and one["role"] != "target"),
            tuple(one["name"] for one in described["parameters"]),
        )


@dataclass(frozen=True)
class RemoteModel:
    """A recurrence on a server. Its results are those of `Model.run`; a server runs one sequence at a time."""

    _connection: Connection = field(repr=False)
    _source: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)
    name: str
    title: str | None
    _one_hot: tuple[str, ...] = field(repr=False)
    _parameters: tuple[str, ...] = field(repr=False)

    def _sized(self, sizes: Mapping[str, int]) -> RemoteModel:
        """The same with other sizes."""
        source = {**self._source, "sizes": dict(sizes)}
        return RemoteModel(
            self._connection, source, self.text, self.name, self.title, self._one_hot, self._parameters
        )  # fmt: skip

    def run(self, text: str | None = None, **options: Unpack[RunOptions]) -> Result:
        """Compute every variable at every step; `text` and options as for `Model.run`. Raises `RemoteError`.

        The numbers are those of `Model.run` to the last bit, beyond 200 million operations to a rounding.

        A connection that breaks is made anew and gone on with where it broke; what cannot be had whole is an error.
        """
        run = RemoteRun(self._connection, self, self._request(text, options))
        trace = run.trace({}, is_whole=True)
        return Result(trace.values(options.get("variables")), trace.lengths, trace.symbols, run)

    def chunks(self, text: str | None = None, **options: Unpack[RunOptions]) -> Iterator[Chunk]:
        """Compute chunk by chunk, which arrive as steps are finished; options as for `run`. Raises `RemoteError`."""
        return RemoteRun(self._connection, self, self._request(text, options)).chunks()

    @property
    def _local(self) -> str:
        """The call that makes this model here."""
        if "architecture" in self._source:
            return f"unrolled.load({self._source['architecture']!r})"
        return "unrolled.parse(text)"

    def _request(self, text: str | None, options: RunOptions) -> dict[str, Any]:
        """The body of a run's request."""
        check_options(text, options)
        given: dict[str, Any] = dict(options)
        if given.get("batch", 1) != 1:
            raise RemoteError(
                "a server runs one sequence at a time: ask for one after the other, or run them here, "
                f"{self._local}.run(…, batch={given['batch']})"
            )
        inputs = given.get("inputs", {})
        if text is not None:
            inputs = with_text(inputs, text, self._one_hot)
        body = {
            **self._source,
            "inputs": {
                name: {"text": form} if isinstance(form, str) else form
                for name, form in inputs.items()
            },
            **{name: given[name] for name in FIELDS if name in given},
        }
        parameters = {"values": given.get("parameters", {})}
        if "seed" in given:
            parameters["seed"] = given["seed"]
        return {**body, "parameters": parameters}


@dataclass(frozen=True)
class RemoteRun:
    """A computation on a server. The request is the run: each question about it is the run once more."""

    connection: Connection
    model: RemoteModel
    request: Mapping[str, Any]

    @property
    def datatype(self) -> str:
        return DATATYPES.get(self.request.get("dtype", "float32"), "FP32")

    def trace(self, more: Mapping[str, Any], *, is_whole: bool) -> Trace:
        """The run, asked for something else or more."""
        body = encoded({**self.request, **more})
        return Trace(follow(self.connection, body, self.datatype, is_whole=is_whole), self.datatype)

    def chunks(self) -> Iterator[Chunk]:
        """The steps as they come, each once."""
        from unrolled.engine import Chunk

        trace = Trace(iter(()), self.datatype)
        waiting: list[tuple[int, int, Mapping[str, Any], str]] = []
        body = encoded(self.request)
        for frame in follow(self.connection, body, self.datatype, is_whole=False):
            if frame.event in ("start", "end"):
                trace.add(frame)
            if frame.event == "steps":
                line = frame.line
                waiting.append((line["from"], line["to"], frame.values, line["domain"]))
            known = trace.end or trace.start
            while waiting and waiting[0][2].keys() <= known["domains"].keys():
                first, last, arrays, domain = waiting.pop(0)
                values = {
                    name: batched(array.copy(), known["domains"][name])
                    for name, array in arrays.items()
                }
                yield Chunk(domain, first, last, values)
        yield Chunk(None, 0, 0, trace.whole())

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        return self._drawn

    @cached_property
    def _drawn(self) -> Mapping[str, Tensor]:
        names = self.model._parameters
        if not names:
            return {}
        found = self.trace({"variables": names}, is_whole=True).values(names)
        return {name: found[name] for name in names}

    def gradients(
        self, of: str, names: Sequence[str] | None, *, parts: bool, contributions: bool
    ) -> dict[str, Tensor]:
        wanted = {"of": of, "variables": names, "parts": parts, "contributions": contributions}
        return self.trace({"variables": [], "gradient": wanted}, is_whole=True).gradients()

    def autograd(self, of: str, name: str) -> NoReturn:
        self._refuse("torch's autograd", f"gradient({name!r}, {of!r}, way='autograd')")

    def jacobian(self, of: str, with_respect_to: str, norm: Norm) -> Tensor:
        import torch

        asked = {"of": of, "with_respect_to": with_respect_to, "norm": norm}
        answer = self.connection.post("/v1/jacobians", encoded({**self.request, **asked}))
        with understood():
            norms = answer["norms"]
            is_finite = all(one is not None for row in norms for one in row)
        if not is_finite:
            call = f"jacobian({of!r}, {with_respect_to!r}, {norm!r})"
            self._refuse("a norm that is not finite", call)
        dtype = torch.float64 if self.datatype == "FP64" else torch.float32
        return torch.tensor(norms, dtype=dtype)

    def jacobians(self, of: str, with_respect_to: str) -> Jacobians:
        self._refuse("the Jacobians themselves", f"jacobians({of!r}, {with_respect_to!r})")

    def _refuse(self, what: str, call: str) -> NoReturn:
        raise RemoteError(
            f"a server does not send {what}: run it here, {self.model._local}.run(…).{call}"
        )


def encoded(body: Mapping[str, Any]) -> bytes:
    """A request as JSON. Raises `ValueError` for NaN and infinity, `TypeError` for what is no data."""
    try:
        return json.dumps(body, allow_nan=False, default=plain).encode()
    except ValueError as error:
        if "JSON compliant" not in str(error):
            raise
        raise ValueError(
            "a number of the request is NaN or infinite: replace it, or write None where a random variable "
            "was not observed"
        ) from None


def plain(value: Any) -> Any:
    """Arrays, tensors and other collections as lists; mappings as dicts."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be sent: give numbers, lists, arrays or text")


def quoted(identity: str) -> str:
    """An id as a part of a path."""
    from urllib.parse import quote

    return quote(str(identity))
