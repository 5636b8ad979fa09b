"""Whatever body is posted, the answer is what was asked for, or a problem that repeats nothing of it.

Ten thousand bodies, spread over every POST route of the interface: requests that work with one field
replaced by something else, requests put together from fields, JSON of any shape; a third of them then
damaged as bytes. They are the same each time (`seed`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from service.in_process import Answer, Client
from unrolled.service import schemas
from unrolled.service.answers import Problem
from unrolled.service.app import create_app
from unrolled.service.openapi import BODIES

TOTAL = 10_000
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

MARKER = "Zq7marker"
"""Stands in bodies as a value, never as a key: pointers name keys."""

PLACE = "@place@"

TEXT = """\
h: 2
x: 2
o: 1
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    o[t] = V @ h[t]
loss = sum(o)
"""

RUN: dict[str, Any] = {
    "equations": TEXT,
    "sizes": {"x": 2, "o": 1},
    "lengths": {"time": 3},
    "parameters": {"seed": 1, "values": {"b": [0.5, 1]}},
    "settings": {},
    "inputs": {"x": [[1, 2], [3, 4], [5, 6]]},
    "boundary": {"h": {"0": [1.0, 2.0]}},
    "forcing": 0.5,
    "clamp": [{"variable": "h", "value": 1.0, "steps": [2, 3], "units": [0]}],
    "variables": ["h", "o", "h/*"],
    "gradient": {"of": "o[2][0]", "variables": ["h", "W"], "parts": True, "contributions": True},
    "dtype": "float64",
}
NAMED: dict[str, Any] = {
    "architecture": "lstm",
    "inputs": {"x": {"text": "ab"}, "y": {"next": "x"}},
}
SOUND: dict[type, list[dict[str, Any]]] = {
    schemas.RecurrenceRequest: [
        {
            "equations": TEXT,
            "sizes": {"x": 2, "W": [2, 2]},
            "lengths": {"time": 3},
            "trees": {},
            "forcing": 0.5,
            "held": ["h"],
        },
        {
            "equations": "h: 2\nx: 2\nfor n in tree:\n    h[n] = where(leaf(n), x[n], W @ h[left(n)])",
            "trees": {"tree": [None, None, [1, 2]]},
        },
    ],
    schemas.PathsRequest: [
        {
            "equations": TEXT,
            "lengths": {"time": 4},
            "from": {"variable": "h", "at": [1]},
            "to": {"variable": "h", "at": [4]},
        }
    ],
    schemas.JacobianRequest: [
        {
            **{name: RUN[name] for name in RUN if name not in ("variables", "gradient")},
            "of": "h",
            "with_respect_to": "h",
            "norm": "spectral",
            "spectrum": {"step": 3, "source_step": 1},
        }
    ],
    schemas.RunRequest: [RUN, RUN, NAMED],
}
"""Per kind of request bodies that are answered with 200."""

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 1e-320, 1e308, -0.0]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=10),
    st.sampled_from(["", MARKER, f"{MARKER}é中\U0001f600", "\x00", "\x1b[31m", "lstm", "x", "h", "time"]),
    st.sampled_from([MARKER * 10, MARKER * 20_000]),
)  # fmt: skip
KEYS = st.sampled_from(["x", "y", "h", "text", "next", "generate", "seed", "variable", "value", "0", "", "é", "a/b~c"])  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)

MILD = st.sampled_from(
    [
        *[{}, [], [1], [2], [1, 3], [0.5, 1], [[1, 2], [3, 4]], {"h": 2}, {"x": [[1, 2]]}, None],
        *[True, 1, 2, 3, 0.5, "h", "x", "o", "W", "loss", "h[1][0]", "float32", "frobenius", TEXT],
    ]
)
"""What could stand somewhere in a request, and often does not fit where it is put."""

UNSOUND = [
    *[b"NaN", b"-NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e-999"],
    *[b"9" * 5_000, b"-" + b"9" * 5_000, b"0." + b"3" * 5_000, b"1E400", b"18446744073709551616"],
    *[b'"\\ud800"', b'"\\udc00\\ud800"', b'"a\\ud83d"', b'"\xed\xa0\x80"', b'"\xff"', b'"\xc3"'],
    *[b"[" * 50_000, b"[" * 50_000 + b"]" * 50_000, b'{"a":' * 50_000, b'{"a":' * 300 + b"1" + b"}" * 300],
    *[b"[" * 239 + b"]" * 239, b"[[[[[[[[[[1]]]]]]]]]]"],
    *[b"\x00", b'"\x00"', b'"\\u0000"', b'"\n"', b'"\\x41"', b'"\\u12"', b'"unfinished', b"'single'"],
    *[b"01", b"+1", b".5", b"1.", b"0x10", b"1_000", b"tru", b"TRUE", b"None", b"undefined", b""],
    *[b"[1,]", b"{,}", b'{"a" 1}', b"{1: 2}", b'{"x": 1, "x": 2}', b'[{"x": 1, "x": 1}]', b"/* */ 1", b"1 // 2"],
]  # fmt: skip

CONTENT_TYPES = [
    *["application/json"] * 80,
    *["application/json; charset=utf-8", "Application/JSON", "application/problem+json"],
    *["application/json; charset=utf-16", "application/json;charset=latin-1;a=\"b;c\""],
    *["", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"],
    *["application/jsonx", "/", ";", "application/", f"text/{MARKER}", MARKER * 500, "\xe9"],
]  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead there."""
    inside = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())  # fmt: skip
    yield ()
    for key, one in inside:
        for rest in places(one):
            yield (key, *rest)


def put(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The body with another value in a place."""
    if not place:
        return value
    copy = deepcopy(body)
    inside = copy
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return copy


@st.composite
def replaced(draw: st.DrawFn, sound: list[dict[str, Any]]) -> bytes:
    """A sound request with something else in one or two of its places, as bytes."""
    body: Any = draw(st.sampled_from(sound))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        body = put(body, draw(st.sampled_from(list(places(body)))), draw(JSON | MILD | MILD))
    if draw(st.integers(0, 2)) < 2:
        return json.dumps(body).encode()
    written = json.dumps(put(body, draw(st.sampled_from(list(places(body)))), PLACE)).encode()
    return written.replace(f'"{PLACE}"'.encode(), draw(st.sampled_from(UNSOUND)))


SMALL = st.integers(1, 6)
SENSIBLE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"architecture": st.sampled_from(["lstm", "gru", "rnn-single-output", "teacher-forcing"])},
    optional={
        "sizes": st.dictionaries(st.sampled_from(["x", "h", "y", "q"]), SMALL, max_size=3),
        "lengths": st.dictionaries(st.sampled_from(["time", "t"]), SMALL, max_size=1),
        "inputs": st.dictionaries(
            st.sampled_from(["x", "y", "h"]),
            st.one_of(
                st.fixed_dictionaries({"text": st.text("ab é", max_size=6)}),
                st.fixed_dictionaries({"next": st.sampled_from(["x", "y", "z"])}),
                st.fixed_dictionaries({"generate": st.sampled_from(["normal", "sine", "symbols"])}),
                st.lists(st.lists(st.floats(-2, 2), min_size=2, max_size=2), max_size=4),
                st.lists(st.integers(-1, 7), max_size=5),
            ),
            max_size=2,
        ),
        "parameters": st.fixed_dictionaries({}, optional={"seed": st.integers(0, 9), "values": JSON}),
        "boundary": st.dictionaries(st.sampled_from(["h", "s", "x"]), JSON, max_size=1),
        "forcing": st.floats(0, 1),
        "variables": st.lists(st.sampled_from(["h", "x", "f/*", "h/0", "W", "loss", "h/99", "/"]), max_size=3),
        "dtype": st.sampled_from(["float32", "float64", "float16"]),
    },
)  # fmt: skip


def gathered(sound: list[dict[str, Any]]) -> st.SearchStrategy[Any]:
    """Some of the fields that the request knows, or do not, with any values."""
    fields = sorted({name for body in sound for name in body} | {"architecture", "unknown"})
    return st.dictionaries(st.sampled_from(fields), JSON, max_size=5)


@st.composite
def damaged(draw: st.DrawFn, written: st.SearchStrategy[bytes]) -> bytes:
    """Bytes of JSON, a third of the time with something done to them."""
    content = draw(written)
    if draw(st.integers(0, 2)) < 2:
        return content
    at = draw(st.integers(0, len(content)))
    done = draw(st.integers(0, 8))
    encoding = draw(st.sampled_from(["utf-16", "utf-32", "utf-16-be", "cp037", "utf-7"]))
    noise = draw(st.binary(min_size=1, max_size=3))
    return [
        content[:at],
        b"\xef\xbb\xbf" + content,
        content[:at] + b"\x00" + content[at:],
        content[:at] + noise + content[at:],
        content[:at] + noise + content[at + len(noise) :],
        content.decode("utf-8", "replace").encode(encoding, "replace"),
        content + content[:at],
        content.replace(b"{", b'{"equations": "", "equations": "",', 1),
        b" " * 70_000 + content,
    ][done]


def bodies_for(path: str) -> st.SearchStrategy[bytes]:
    """Bodies to be posted to a path."""
    sound = SOUND[BODIES[path]]
    dumped = st.one_of(SENSIBLE, gathered(sound), JSON).map(lambda one: json.dumps(one).encode())
    return st.one_of(
        damaged(st.one_of(replaced(sound), replaced(sound), dumped)), st.binary(max_size=200)
    )


@pytest.fixture(scope="module")
def app_client() -> Iterator[Client]:
    client = Client(create_app())
    yield client
    client.close()


def check(answer: Answer, path: str, content: bytes) -> None:
    """What was asked for, or a problem with everything that problems have and nothing of the body."""
    if answer.status_code == 200:
        assert answer.content
        if answer.headers["content-type"] == "application/x-ndjson":
            assert orjson.loads(answer.content.splitlines()[-1])["event"] in ("end", "error")
        return
    assert answer.status_code in (400, 413, 415, 422), (answer.status_code, path, content[:2_000])
    assert answer.headers["content-type"] == "application/problem+json"
    document = Problem.model_validate_json(answer.content)
    assert document.status == answer.status_code
    assert document.type.startswith("/problems/")
    assert document.title
    assert document.detail
    assert document.errors
    for error in document.errors:
        assert error.code
        assert error.detail
        assert error.hint
    assert MARKER not in answer.text, (path, content[:2_000])


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("number", "path"), list(enumerate(BODIES)))
def test_any_body_gives_what_was_asked_for_or_a_problem(
    app_client: Client, report: list[str], number: int, path: str
) -> None:
    statuses: dict[int, int] = {}

    @seed(number)
    @settings(
        max_examples=-(-TOTAL // len(BODIES)),
        database=None,
        deadline=None,
        suppress_health_check=QUIET,
    )
    @given(content=bodies_for(path), content_type=st.sampled_from(CONTENT_TYPES))
    def each(content: bytes, content_type: str) -> None:
        answer = app_client.exchange("POST", path, content, {"content-type": content_type})
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        check(answer, path, content)

    each()
    assert sum(statuses.values()) >= TOTAL / len(BODIES)
    assert {200, 400, 415, 422} <= statuses.keys()
    report.append(f"{sum(statuses.values())} bodies to {path}: {statuses}")


@pytest.mark.parametrize("path", BODIES)
def test_the_bodies_that_are_changed_are_answered(app_client: Client, path: str) -> None:
    for body in SOUND[BODIES[path]]:
        answer = app_client.exchange("POST", path, orjson.dumps(body))
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("size", [5_000_000, 4 * 2**20 + 1])
def test_a_huge_body_is_refused_whatever_it_holds(app_client: Client, path: str, size: int) -> None:
    for content in (
        b"[" * size,
        b'{"equations": "' + MARKER.encode() * (size // 9 + 1),
        b"9" * size,
    ):
        answer = app_client.exchange("POST", path, content)
        assert answer.status_code == 413
        check(answer, path, content)
