"""The request is the run: its canonical form, its token, and the tag by which equal answers are known."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import cache
from hashlib import sha256
from importlib.metadata import version

import orjson

import unrolled
from unrolled.catalogue import Catalogue

from .schemas import RunRequest

MOST_TOKEN = 2_048
"""Characters of a run's token; a longer one is not given out."""


def canonical(request: RunRequest) -> bytes:
    """The request as JSON without what it leaves to defaults, keys sorted: equal for equal requests."""
    document = request.model_dump(exclude_defaults=True, exclude_none=True)
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def token_of(request: RunRequest) -> str | None:
    """The run as a token: base64url of the canonical request; None when that is too long."""
    token = urlsafe_b64encode(canonical(request)).rstrip(b"=")
    return token.decode() if len(token) <= MOST_TOKEN else None


def tag_of(request: RunRequest, catalogue: Catalogue, *form: object) -> str:
    """What an answer depends on, as a hash: the request, the text it runs, the form, this software and torch.

    Known before anything runs. Runs are deterministic, so equal tags are equal answers.
    """
    architecture = catalogue.find(request.architecture) if request.architecture else None
    text = (
        repr((architecture.equations, architecture.defaults, architecture.alphabet))
        if architecture
        else ""
    )
    software = (unrolled.__version__, torch_version())
    parts = (canonical(request), text.encode(), repr((software, form)).encode())
    return sha256(b"\0".join(sha256(part).digest() for part in parts)).hexdigest()[:32]


@cache
def torch_version() -> str:
    """Without importing torch."""
    return version("torch")
