"""Writes docs/python.md, the page of the Python API, from the docstrings: `python docs/make_python.py > docs/python.md`.

A test checks that the page is current, and another runs its examples.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import unrolled
from unrolled import Model, RemoteError, RemoteModel, Result, RunOptions, Service

INTRODUCTION = """\
# Python

Made from the docstrings by `docs/make_python.py`; its examples are run by the tests. Tensors are torch's, shaped
(steps, batch, size); importing `unrolled` does not import torch, the first run does.
"""

CLIENT = """\
## On a server

```python
with unrolled.connect("http://127.0.0.1:8000") as service:
    run = service.load("lstm").run("hello")             # or service.run("lstm", "hello")
    run["f"], run.gradient("h"), run.jacobian("h", "h")
    for chunk in service.parse(text).chunks(lengths={"time": 10_000}):
        if chunk.domain is not None:                    # the last one holds what has no steps
            chunk.first, chunk.last, chunk.values["h"]  # as the steps are computed
```

The result is a `Result` like that of a local run, with the same names, shapes and types; where both machines have the
same torch and the same kind of processor, with the same bits, up to 200 million operations (`model.cost().operations`,
some three times as many with gradients). Beyond them a server computes in pieces, and the last digit may differ. It
computes in one thread: `torch.set_num_threads(1)`.

Every question about a run (`gradient`, `jacobian`, `parameters`) is a request of its own. A server runs one sequence at
a time (`batch` is 1), and sends neither Jacobians themselves (`jacobians`) nor gradients by torch's autograd. Other ways
of asking are in [recipes.md](recipes.md).
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "```python\n" + code(inspect.getdoc(unrolled) or "") + "\n```\n"]
    for function in (unrolled.load, unrolled.parse, unrolled.architectures):
        parts += section("unrolled", function.__name__, function, 2)
    for own in (Model, Result, RunOptions):
        parts.append(f"## `{own.__name__}`\n")
        parts.append(described(inspect.getdoc(own) or ""))
        for name, member in members(own):
            parts += section(own.__name__, name, member, 3)
    parts.append(CLIENT)
    parts += section("unrolled", "connect", unrolled.connect, 3)
    for own in (Service, RemoteModel, RemoteError):
        parts.append(f"### `{own.__name__}`\n")
        parts.append(described(inspect.getdoc(own) or ""))
        for name, member in members(own):
            parts += section(own.__name__, name, member, 4)
    return "\n".join(parts).rstrip() + "\n"


def members(own: type) -> Iterator[tuple[str, Any]]:
    """What is public and has words of its own, in the order of the source."""
    for name, member in vars(own).items():
        if name.startswith("_") and name != "__getitem__":
            continue
        if isinstance(member, property) or hasattr(member, "func") or inspect.isfunction(member):
            yield name, member


def section(owner: str, name: str, member: Any, depth: int) -> list[str]:
    """A heading with the signature, and the docstring."""
    function = getattr(member, "fget", None) or getattr(member, "func", None) or member
    said = inspect.getdoc(function)
    if not said:
        return []
    call = str(inspect.signature(function)) if function is member else ""
    call = call.replace("(self, ", "(").replace("(self)", "()").replace("'", "")
    title = f"{owner}.{name}{call}"
    return [f"{'#' * depth} `{title}`\n", described(said)]


def described(said: str) -> str:
    """A docstring: its words as they are, its examples as code."""
    words, _, example = said.partition("\n>>> ")
    if not example:
        return f"{words}\n"
    return f"{words.rstrip()}\n\n```python\n>>> {example.rstrip()}\n```\n"


def code(said: str) -> str:
    """The example of the package's docstring."""
    return said.split("\n\n", 1)[1]


if __name__ == "__main__":
    sys.stdout.write(page())
