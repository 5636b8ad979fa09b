"""Reads JSON that strangers send.

orjson is already strict (no NaN, nothing past a double, no lone surrogates, no bad UTF-8); what it
lets pass, deep nesting and repeated keys, is checked here.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from .problems import Fault, ProblemError

MOST_DEPTH = 240
"""Levels of brackets in a body: a tree that leans to one side has as many as leaves."""


def parse_json(body: bytes) -> Any:
    """JSON by RFC 8259, without repeated keys, at most `MOST_DEPTH` deep. Raises `ProblemError`."""
    if not body:
        raise ProblemError("not-json", [Fault("empty-body")])
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        deep = "depth" in error.msg
        fault = too_deep() if deep else Fault("json-syntax", arguments=place)
        raise ProblemError("not-json", [fault]) from None
    if is_deeper(value, MOST_DEPTH):
        raise ProblemError("not-json", [too_deep()])
    json.loads(body, object_pairs_hook=refuse_repeated_keys, parse_float=len, parse_int=len)
    return value


def too_deep() -> Fault:
    return Fault("json-depth", arguments={"limit": MOST_DEPTH})


def is_deeper(value: object, depth: int) -> bool:
    """Whether a JSON value has more than `depth` levels of objects and lists."""
    if isinstance(value, dict):
        inside: Any = value.values()
    elif isinstance(value, list):
        kinds = set(map(type, value))
        if not kinds & {list, dict}:
            return depth < 1
        inside = value
    else:
        return False
    return depth < 1 or any(is_deeper(one, depth - 1) for one in inside)


def refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> None:
    """Hook for the standard reader, whose result is thrown away."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise ProblemError("not-json", [Fault("json-duplicate")])
