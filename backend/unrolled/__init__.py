"""Write a recurrence the way the book writes it; see it unfold, run, learn and explain itself.

import unrolled

model = unrolled.load("lstm")        # from the catalogue; or unrolled.parse(text)
run = model.run("hello")
run["f"]                             # the forget gate: torch tensor (time, batch, size)
run.gradient("h")                    # of the loss, at every step
model.latex, model.graph, model.module_source

service = unrolled.connect("http://127.0.0.1:8000")     # the same from a server
run = service.load("lstm").run("hello")
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from unrolled.client import RemoteError, RemoteModel, Service, connect
from unrolled.model import Model, Result, RunOptions

__version__ = "0.1.0"
__all__ = [
    "Model",
    "RemoteError",
    "RemoteModel",
    "Result",
    "RunOptions",
    "Service",
    "architectures",
    "connect",
    "load",
    "parse",
]


def load(identity: str, sizes: Mapping[str, int] | None = None) -> Model:
    """An architecture of the catalogue, such as `lstm` or `lstm/book`, with its defaults.

    `sizes` replaces sizes, as in `{"h": 16}`. Raises `KeyError` for an unknown id.

    >>> load("gru", sizes={"h": 4}).run("hi")["h"].shape
    torch.Size([2, 1, 4])
    """
    from unrolled.catalogue import ALPHABET, read_catalogue
    from unrolled.language import parse as read

    known = read_catalogue()
    found = known.find(identity)
    if found is None:
        near = get_close_matches(str(identity), list(known.architectures), 3)
        meant = f"did you mean {' or '.join(f'`{one}`' for one in near)}? " if near else ""
        raise KeyError(
            f"no architecture `{identity}`: {meant}`unrolled.architectures()` lists all of them"
        )
    own = found.defaults
    alphabet = None if found.alphabet == ALPHABET else found.alphabet
    recurrence = read(found.equations, {**own.sizes, **(sizes or {})})
    own_alphabet = {} if alphabet is None else {"alphabet": alphabet}
    defaults = {
        "inputs": {
            name: {**own_alphabet, **form} if isinstance(form, dict) and "text" in form else form
            for name, form in own.inputs.items()
        },
        "lengths": own.lengths,
        "boundary": own.boundary_of(recurrence),
        "forcing": own.forcing,
        "seed": own.seed,
        "settings": own.settings,
        "parameters": own.parameters_of(recurrence),
        "clamp": own.clamp,
    }
    return Model(recurrence, defaults, identity, found.titles["en"], alphabet)


def parse(text: str, sizes: Mapping[str, int] | None = None) -> Model:
    """A text of the recurrence language. Raises `unrolled.language.LanguageError` with line and column.

    >>> run = parse("h: 2\\nfor t in time:\\n    h[t] = tanh(W @ h[t-1])").run(lengths={"time": 7})
    >>> run["h"].shape
    torch.Size([7, 1, 2])
    """
    from unrolled.language import parse as read

    if not isinstance(text, str):
        raise TypeError(f"`text` is {type(text).__name__}, not a string")
    return Model(read(text, sizes))


def architectures() -> dict[str, str]:
    """Every architecture that `load` knows, variants among them: id to English title, in the book's order.

    >>> architectures()["lstm"]
    'Long short-term memory'
    """
    from unrolled.catalogue import read_catalogue

    return {name: one.titles["en"] for name, one in read_catalogue().architectures.items()}
