"""Anything may be typed into the editor and sent to the service: never a crash, always a place.

Ten thousand texts, half of them the catalogue's and the manual's with a few edits, half of them
strung together, in parts that several processes can share. They are the same each time (`seed`); what
was measured is printed at the end of the tests. Bodies that are no such texts are in `test_bodies.py`.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from functools import partial
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from service.in_process import Answer, Client
from unrolled.catalogue import read_catalogue
from unrolled.graph import describe
from unrolled.language import LanguageError, parse
from unrolled.service.answers import Problem
from unrolled.service.app import create_app
from work import calls

TEXTS = 10_000
PARTS = 4

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
@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_texts_give_a_graph_that_runs_or_a_place(
    fuzzed: Client, report: list[str], part: int
) -> None:
    seconds: list[float] = []
    suspects: list[str] = []
    graphs = 0

    @seed(part)
    @settings(
        max_examples=TEXTS // PARTS, database=None, deadline=None, suppress_health_check=QUIET
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
            run = post(fuzzed, "/v1/runs", {"equations": text, "variables": []})
            assert run.status_code in (200, 422), (run.status_code, text)

    each()
    assert len(seconds) >= TEXTS // PARTS
    assert graphs > TEXTS // PARTS / 50
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


def post(client: Client, path: str, body: Any) -> Answer:
    return client.exchange("POST", path, orjson.dumps(body))


def timed(client: Client, text: str) -> tuple[Answer, float]:
    """The answer to a text and the processor time it took, in seconds."""
    began = time.process_time()
    answer = post(client, "/v1/recurrences", {"equations": text})
    return answer, time.process_time() - began


def check_answer(answer: Answer, text: str) -> None:
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
