"""What goes wrong with a server: refusals in its own words, and connections that break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class RemoteError(Exception):
    """A server refused a request, broke off or cannot be reached; the message names the place and the cure.

    `problem`: the server's problem document (RFC 9457: type, title, status, detail, errors), if it sent one.
    """

    def __init__(self, message: str, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.problem = problem


class Cut(Exception):
    """A stream that broke or was damaged on the way: to be asked for again. The message says how."""


class Busy(Exception):
    """A server that asks for patience; `wait`: seconds, if it says how many."""

    def __init__(self, message: str, wait: float | None) -> None:
        super().__init__(message)
        self.wait = wait


@contextmanager
def understood() -> Iterator[None]:
    """Around the reading of an answer: what is not there, or of another form, is told. Raises `RemoteError`."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise RemoteError(
            f"the server's answer cannot be understood ({type(error).__name__}: {error}): "
            "it is of a version that this client does not know; install the same here and there"
        ) from error


def refusal(problem: Mapping[str, Any]) -> RemoteError:
    """A problem document as an exception."""
    return RemoteError(told(problem), problem)


def told(problem: Mapping[str, Any]) -> str:
    """A problem document in a sentence or a few: of every error the place, what is wrong, and the cure."""
    errors = problem.get("errors") or []
    whole = f"{problem.get('title')}: {problem.get('detail')}"
    return "\n".join(sentence(one) for one in errors) or whole


def sentence(error: Mapping[str, Any]) -> str:
    """One error of a problem document, as the same error of a local run would say it."""
    place = error.get("pointer") or error.get("parameter") or ""
    if error.get("line") is not None:
        place = f"line {error['line']}, column {error.get('column')}"
    start = f"{place}: " if place else ""
    return f"{start}{error.get('detail')} {error.get('hint')}"
