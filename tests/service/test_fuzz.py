"""Anything may be typed into the editor and sent to the service: never a crash, always a place.

Ten thousand texts, half of them the catalogue's and the manual's with a few edits, half of them
strung together; and bodies that are JSON but not what was asked for. Runs are the same each time
(`derandomize`); what was measured is printed at the end of the tests.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.in_process import Client
from unrolled.catalogue import read_catalogue
from unrolled.graph import describe
from unrolled.language import LanguageError, parse
from unrolled.service.answers import Problem
from unrolled.service.app import create_app
from work import calls

TEXTS = 10_000
BODIES = 2_000

SUSPECT = 0.1
"""Seconds of processor time from which a text's calls are counted."""

ALLOWED = 2_000_000
"""Calls that reading and describing a text may take: about a fifth of a second."""

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

OTHER_TEXTS = [
    """\
for s in source:
    h[s] = tanh(b + W @ h[s-1] + U @ x[s])
    g[s] = tanh(b_r + W_r @ g[s+1] + U_r @ x[s])
for t in target:
    for s in source:
        e[t, s] = v @ tanh(W_a @ d[t-1] + U_a @ h[s] + V_a @ g[s])
        a[t, s] = softmax(e[t, s], s)
    c[t] = sum(a[t, s] * concat(h[s], g[s]), s)
    d[t] = tanh(b_d + W_d @ d[t-1] + C @ c[t] + R @ z[t-1])
    o[t] = b_o + V @ d[t]
    z[t] = force(y[t], sample(softmax(o[t])))
    L[t] = cross_entropy(o[t], y[t])
loss = sum(L)
""",
    """\
h: 4
for n in tree:
    h[n] = where(leaf(n), V @ x[n], tanh(b + W_l @ h[left(n)] + W_r @ h[right(n)]))
o = c + U @ h[root]
loss = cross_entropy(o, y)
""",
    """\
M: (16, 6)
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t] + R @ r[t-1])
    k[t] = tanh(W_k @ h[t])
    content[t] = softmax((1 + softplus(w_b @ h[t])) * cosine(k[t], M[t-1]))
    gate[t] = sigmoid(w_g @ h[t])
    mixed[t] = gate[t] * content[t] + (1 - gate[t]) * w[t-1]
    shifted[t] = circular_convolve(mixed[t], softmax(W_s @ h[t]))
    w[t] = sharpen(shifted[t], 1 + softplus(w_y @ h[t]))
    r[t] = w[t] @ M[t-1]
    M[t] = M[t-1] * (1 - outer(w[t], sigmoid(W_e @ h[t]))) + outer(w[t], tanh(W_a @ h[t]))
""",
    """\
α = slider(0.9, 0, 1)
K = [[1, 1], [0, 1]]
W = parameter(spectral_radius=0.9, density=0.1, trained=False)
for t in time:
    h[0] = b
    h[t] = α * h[t-1] + (K * W) @ h[t-2] * t % 2 + x[t]
    stop(h[t] @ h[t] > 0.5)
""",
]
SEEDS = [*(one.equations for one in read_catalogue().architectures.values()), *OTHER_TEXTS]

TOKENS = [
    *"hxotsLWUVbcyzα0129.,:=+-*/%@()[]{}<>\"'#\\;!?~^&|_ \n\t",
    *[
        "for",
        "in",
        "time",
        "tree",
        "end",
        "root",
        "left(n)",
        "leaf(n)",
        "t-1",
        "t+1",
        "t",
        "n",
        "s",
    ],
    *["tanh(", "sigmoid(", "softmax(", "sum(", "where(", "force(", "outer(", "cosine(", "argmax("],
    *["parameter(", "slider(0.5, 0, 1)", "onehot(3)", "stop(", "sample(", "cross_entropy("],
    *["h[t]", "h[t-1]", "x[t]", "h[0]", "g[end + 1]", "h: 3\n", "W: (2, 3)\n", "1e999", "10**9"],
    *["    ", "\n    ", "for t in time:\n", "import os", "lambda", "None", "True", "__class__"],
    *["é", "中", "\u0301", "\u200b", "\x00", "\x1b", "\U0001f600", "²", "ﬁ", "π", "Ω", "σ"],
]


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A text that works, with one to four edits: a piece cut out, put in, doubled or swapped."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 4]))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.sampled_from([0, 0, 1, 1, 2, 5, 20])))
        put = draw(st.sampled_from(["", "token", "double", "other"]))
        piece = {
            "": "",
            "token": draw(st.sampled_from(TOKENS)),
            "double": text[begin:end] * 2,
            "other": draw(st.sampled_from(SEEDS))[begin:end],
        }[put]
        text = text[:begin] + piece + text[end:]
    return text


STRUNG = st.lists(st.sampled_from(TOKENS), max_size=60).map("".join)
LINES = st.lists(
    st.tuples(st.sampled_from(["h", "x", "o", "W"]), STRUNG).map(
        lambda pair: "    {}[t] = {}".format(*pair)
    ),
    max_size=5,
).map(lambda rows: "for t in time:\n" + "\n".join(rows))
ANY_TEXT = st.one_of(edited(), edited(), STRUNG, LINES, st.text(max_size=200))


@pytest.fixture(scope="module")
def fuzzed() -> Any:
    client = Client(create_app())
    yield client
    client.close()


@pytest.mark.timeout(600)
def test_ten_thousand_texts_give_a_graph_that_runs_or_a_place(
    fuzzed: Client, report: list[str]
) -> None:
    seconds: list[float] = []
    suspects: list[str] = []
    graphs = 0

    @settings(
        max_examples=TEXTS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=QUIET,
    )
    @given(text=ANY_TEXT)
    def each(text: str) -> None:
        nonlocal graphs
        answer, took = timed(fuzzed, text)
        if took > SUSPECT:  # the test's own garbage was collected meanwhile, or it is true
            suspects.append(text)
        seconds.append(took)
        graphs += answer.status_code == 200
        check_answer(answer, text)
        if answer.status_code == 200:
            run = fuzzed.post("/v1/runs", {"equations": text, "variables": []})
            assert run.status_code in (200, 422), (run.status_code, text)

    each()
    assert len(seconds) >= TEXTS
    assert graphs > TEXTS / 50
    report.append(
        f"{len(seconds)} texts, {graphs} graphs, {sum(seconds):.0f} s of processor time, mean "
        f"{1e3 * sum(seconds) / len(seconds):.1f} ms, slowest {1e3 * max(seconds):.0f} ms "
        f"({len(suspects)} counted)"
    )
    assert [text for text in suspects if calls(partial(read, text)) > ALLOWED] == []


def read(text: str) -> None:
    """Read and describe a text, as the service does."""
    with suppress(LanguageError):
        describe(parse(text))


def timed(client: Client, text: str) -> tuple[Any, float]:
    """The answer to a text and the processor time it took, in seconds."""
    began = time.process_time()
    answer = client.post("/v1/recurrences", {"equations": text})
    return answer, time.process_time() - began


def check_answer(answer: Any, text: str) -> None:
    """A graph, or a problem whose errors all have line and column inside the text."""
    if answer.status_code == 200:
        document = answer.json()
        assert document["graph"]["nodes"]
        assert document["equations"]
        assert document["schedule"]
        assert document["equations_text"] == text
        return
    assert answer.status_code == 422, (answer.status_code, text)
    document = answer.json()
    Problem.model_validate(document)
    assert document["type"] == "/problems/invalid-equations"
    assert document["errors"]
    lines = re.split("\r\n|\r|\n", text)
    for error in document["errors"]:
        assert 1 <= error["line"] <= len(lines) + 1, text
        assert error["column"] >= 1, text
        assert error["line"] > len(lines) or error["column"] <= len(lines[error["line"] - 1]) + 1, (
            text
        )
        assert (error["end_line"], error["end_column"]) >= (error["line"], error["column"]), text
        assert error["detail"]
        assert error["hint"]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=10), st.sampled_from(["lstm", "gru", "x", "h", "time", "float64", "normal"]),
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["x", "y", "h", "text", "next", "seed", "0", "é"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)
FIELDS = [
    "architecture", "equations", "sizes", "lengths", "parameters", "settings", "inputs", "boundary",
    "forcing", "variables", "dtype", "unknown",
]  # fmt: skip
SMALL = st.integers(1, 6)
SENSIBLE = st.fixed_dictionaries(
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
WILD = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/stream"])
def test_any_body_gives_a_run_or_a_problem(fuzzed: Client, report: list[str], path: str) -> None:
    statuses: dict[int, int] = {}

    @settings(
        max_examples=BODIES // 2,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=QUIET,
    )
    @given(body=st.one_of(SENSIBLE, SENSIBLE, WILD, JSON))
    def each(body: Any) -> None:
        answer = fuzzed.send(path, json.dumps(body).encode())
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        assert answer.status_code in (200, 422), (answer.status_code, body)
        if answer.status_code == 422:
            Problem.model_validate(answer.json())
            assert answer.json()["errors"]
        elif path.endswith("stream"):
            assert '"event":"end"' in answer.text, body

    each()
    assert statuses[200] > BODIES / 50
    report.append(f"{sum(statuses.values())} bodies to {path}: {statuses}")


@pytest.mark.timeout(600)
def test_any_bytes_give_a_problem(fuzzed: Client) -> None:
    @settings(max_examples=500, derandomize=True, database=None, deadline=None)
    @given(content=st.binary(max_size=200))
    def each(content: bytes) -> None:
        answer = fuzzed.send("/v1/runs", content)
        assert answer.status_code in (400, 422)
        Problem.model_validate(answer.json())

    each()
