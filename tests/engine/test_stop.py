"""Domains that end by `stop`: where they end, and that all else is the plain chain of that length."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.interpreter import Interpreter
from engine.parity import assert_parity, run_both
from unrolled.engine import Run, RunError, prepare
from unrolled.language import LanguageError, parse

TEXTS = {
    "a sampled end symbol": """
h: 3
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ y[t-1])
    o[t] = c + V @ h[t]
    y[t] = sample(softmax(o[t]))
    stop(E @ y[t] > 0.5)
E = [0, 0, 0, 1]
y[0] = concat(1, 0, 0, 0)
y: 4
loss = sum(l)
for t in time:
    l[t] = cross_entropy(o[t], y[t])
""",
    "a halting coin": """
h: 2
n: ()
x: input(2)
for t in time:
    h[t] = tanh(W @ h[t-1] + U @ x)
    p[t] = sigmoid(w @ h[t])
    e[t] = bernoulli(p[t])
    n[t] = n[t-1] + 1
    stop(e[t] > 0.5)
m = sum(h)
o = h[end] + mean(h)
""",
    "at the first step": "h: 2\nfor t in time:\n    h[t] = tanh(b + h[t-1])\n    stop(1 > 0)\no = h[end]",
    "by the number of the step": "h: 2\nfor t in time:\n    h[t] = tanh(b + h[t-1])\n    stop(t >= 5)\no = h[end]",
    "by a shared condition": """
h: 2
for t in time:
    h[t] = tanh(b + h[t-1]) + where(norm(h[t-1]) > 2, 1, 0.4)
    stop(norm(h[t-1]) > 2)
""",
    "never": "h: 2\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1])\n    stop(norm(h[t]) > 99)\no = h[end]",
    "two conditions": """
h: ()
for t in time:
    h[t] = 0.9 * h[t-1] + 1
    stop(h[t] > 4)
    stop(t > 7)
""",
    "back over what was generated": """
h: 2
g: 2
for t in time:
    h[t] = tanh(b + W @ h[t-1]) + 0.3 * t
    d[t] = h[t] - h[t+1]
    stop(norm(h[t]) > 2)
for t in time:
    g[t] = tanh(U @ g[t+1] + V @ h[t])
g[end+1] = h[end]
""",
    "attention over what was generated": """
h: 2
s: 2
for t in time:
    h[t] = tanh(b + W @ h[t-1]) + 0.3 * t
    stop(norm(h[t]) > 2)
for i in out:
    for t in time:
        a[i, t] = softmax(s[i-1] @ h[t], t)
    s[i] = tanh(c + U @ s[i-1] + sum(a[i, t] * h[t], t))
    stop(i >= 3)
""",
    "a domain that waits for another": """
h: 2
s: 2
for t in time:
    h[t] = tanh(b + W @ h[t-1]) + 0.3 * t
    stop(norm(h[t]) > 2)
for i in out:
    s[i] = 0.5 * s[i-1] + h[end]
    stop(norm(s[i]) > 3)
o = mean(s)
""",
    "an encoder before, columns inside": """
x: 2
k: 2
h: 2
for i in source:
    k[i] = tanh(A @ x[i] + B @ k[i-1])
for t in time:
    h[t] = 0.8 * h[t-1] + abs(k[end])
    for i in source:
        q[t, i] = h[t] @ k[i]
    stop(norm(h[t]) > 1)
r = sum(q)
""",
}
TEXTS["more of the phase after the condition"] = """
x: ()
e: ()
for t in time:
    e[t] = bernoulli(sigmoid(h[t-2, -1] + g[t, end+1] + 0.1 * t - 1))
    stop(e[t] > 0.5)
    for s in source:
        h[t, s] = squared_error(x[s+1], x[s-1])
        g[t, s] = sum(h[t, s] * h[t, s-1], s)
"""
CAPS = {"time": 30, "out": 20, "source": 4}


def both(text: str, chunks: Any = None) -> tuple[Run, Interpreter]:
    recurrence = parse(text)
    lengths = {name: CAPS[name] for name in recurrence.domains}
    return run_both(recurrence, lengths, chunks=chunks, seed=3)


@pytest.mark.parametrize("chunks", [None, (1,), (100,)], ids=["usual", "single", "whole"])
@pytest.mark.parametrize("name", TEXTS)
def test_the_plain_interpreter_ends_there_too(name: str, chunks: Any) -> None:
    run, plain = both(TEXTS[name], chunks)
    assert dict(run.lengths) == dict(plain.lengths)
    assert_parity(run, plain)


def parts(text: str) -> tuple[str, str]:
    """A text, and the same without its conditions: a plain chain."""
    return text, "\n".join(line for line in text.split("\n") if "stop(" not in line)


PLAIN = """
h: 3
x: input(2)
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x) + 0.2 * t
    l[t] = squared_error(h[t], 2 * c)
    stop(norm(h[t]) > 2)
loss = sum(l) + norm(h[end])
h[0] = h_0
h_0 = parameter(3)
"""


def test_the_gradient_is_that_of_the_plain_chain() -> None:
    ended, chain = map(parse, parts(PLAIN))
    x = torch.randn(2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = prepare(ended, inputs={"x": x}, seed=2, dtype="float64", gradient={"of": "loss"})
    found.complete()
    steps = found.lengths["time"]
    assert 2 <= steps < 20
    plain = prepare(chain, inputs={"x": x}, seed=2, dtype="float64", lengths={"time": steps})
    plain.complete()
    asked = found.backward()
    assert asked is not None
    have, want = asked.complete(), plain.gradients("loss").complete()
    assert have.keys() == want.keys() >= {"h", "W", "U", "b", "h_0", "x"}
    for name, value in want.items():
        assert have[name].shape == value.shape
        torch.testing.assert_close(have[name], value, rtol=1e-12, atol=1e-12)


COIN = """
p = slider(0.25, 0, 1)
for t in time:
    e[t] = bernoulli(p)
    n[t] = n[t-1] + 1
    stop(e[t] > 0.5)
total = n[end]
n: ()
"""


def test_the_length_of_a_halting_coin_is_geometric() -> None:
    recurrence = parse(COIN)
    lengths = torch.empty(2000)
    for seed in range(2000):
        run = prepare(recurrence, seed=seed)
        run.complete()
        lengths[seed] = run.lengths["time"]
        assert float(run.values["total"]) == run.lengths["time"]
        assert run.values["e"][:, 0].tolist() == [0.0] * (run.lengths["time"] - 1) + [1.0]
    assert abs(float(lengths.mean()) - 4) < 0.25
    for step in range(1, 6):
        want = 0.25 * 0.75 ** (step - 1)
        assert abs(float((lengths == step).float().mean()) - want) < 0.03


def test_a_batch_ends_when_every_sequence_has_ended_once() -> None:
    run = prepare(parse(COIN), seed=4, batch=6)
    run.complete()
    coins = run.values["e"]
    first = [int(coins[:, one].argmax()) + 1 for one in range(6)]
    assert bool((coins.sum(0) >= 1).all())
    assert run.lengths["time"] == len(coins) == max(first)
    assert len(set(first)) > 2


def test_the_most_steps_are_100_or_what_is_asked_and_the_cost_counts_them() -> None:
    never = parse(
        "h: 2\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1])\n    stop(norm(h[t]) > 99)"
    )
    run = prepare(never)
    assert run.lengths["time"] == run.cost.steps == 100
    assert len(run.complete()["h"]) == 100
    soon = prepare(parse(COIN), lengths={"time": 9}, settings={"p": 1.0})
    soon.complete()
    assert (soon.lengths["time"], soon.cost.steps) == (1, 9)


@pytest.mark.parametrize("name", TEXTS)
def test_a_stream_hands_out_what_a_whole_run_has(name: str) -> None:
    recurrence = parse(TEXTS[name])
    lengths = {one: CAPS[one] for one in recurrence.domains}
    whole = prepare(recurrence, lengths=lengths, seed=5, dtype="float64")
    values = whole.complete()
    run = prepare(recurrence, lengths=lengths, seed=5, dtype="float64")
    rows: dict[str, list[torch.Tensor]] = {}
    for chunk in run.chunks():
        for one, value in chunk.values.items():
            if chunk.domain is not None:
                assert len(value) == chunk.last - chunk.first + 1
                rows.setdefault(one, []).insert(
                    len(rows.get(one, ())) if chunk.first > 1 else 0, value.clone()
                )
    assert dict(run.lengths) == dict(whole.lengths)
    for one, pieces in rows.items():
        if one == "g":  # from the last step to the first
            pieces = [pieces[0], *pieces[:0:-1]]
        torch.testing.assert_close(torch.cat(pieces), values[one], rtol=1e-10, atol=1e-12)
    assert {one for one in values if recurrence.variables[one].domains} == rows.keys()


def test_the_steps_come_before_the_end_is_known() -> None:
    run = prepare(parse("h: ()\nfor t in time:\n    h[t] = h[t-1] + 1\n    stop(h[t] > 9)"))
    spans = [(chunk.first, chunk.last) for chunk in run.chunks() if chunk.domain]
    assert spans == [(1, 1), (2, 3), (4, 7), (8, 10)]


def test_operations_and_jacobians_have_the_length_too() -> None:
    recurrence = parse(PLAIN)
    run = prepare(recurrence, seed=2, dtype="float64", variables=["h", "l", "l/*"])
    values = run.complete()
    steps = run.lengths["time"]
    assert {len(values[name]) for name, domains in run.domains.items() if domains} == {steps}
    assert sum(name.startswith("l/") for name in values) > 2
    assert run.jacobians("h", "h").map().norms.shape == (steps, steps)


def test_a_held_variable_and_a_given_boundary_value_stay() -> None:
    clamp = [{"variable": "h", "steps": [3, 60], "units": [0], "value": 0.5}]
    run = prepare(
        parse(PLAIN.replace("h[0] = h_0\nh_0 = parameter(3)\n", "")),
        boundary={"h": [1, 2, 3]},
        clamp=clamp,
    )
    values = run.complete()
    assert 3 <= run.lengths["time"] < 100
    assert values["h"][2:, 0, 0].tolist() == [0.5] * (run.lengths["time"] - 2)
    assert run.boundary["h"]["0"][0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (
            "g: 2\nfor t in time:\n    g[t] = tanh(W @ g[t+1] + t)\n    stop(norm(g[t]) > 1)",
            "g[t+1]",
        ),
        ("h: 2\nfor t in time:\n    h[t] = tanh(b + h[t-1])\n    stop(norm(h[end]) > 1)", "h[end]"),
        (
            "h: ()\nfor t in time:\n    h[t] = 1 + h[t-1]\n    p[t] = softmax(h[t], t)\n    stop(p[t] > 1)",
            "h",
        ),
        ("h: ()\nm = sum(h)\nfor t in time:\n    h[t] = 1 + h[t-1]\n    stop(h[t] > m)", "h"),
        (
            "h: ()\ng: ()\nfor t in time:\n    h[t] = 1 + h[t-1]\n    stop(h[t] > g[1])\n"
            "for s in other:\n    g[s] = 1 + g[s-1]\n    stop(g[s] > h[1])",
            "h[t] > g[1]",
        ),
    ],
    ids=["reverse", "end", "softmax", "sum", "each other"],
)
def test_a_condition_must_be_known_at_its_step(text: str, read: str) -> None:
    with pytest.raises(LanguageError) as raised:
        prepare(parse(text))
    (found,) = raised.value.diagnostics
    assert found.code == "stop-undetermined"
    assert f"`{read}`" in found.detail("en")
    assert f"`{read}`" in found.detail("zh")
    assert text.split("\n")[found.line - 1].strip().startswith("stop(")
    assert "time" in found.detail("en")


def test_a_fixed_step_beyond_the_end_is_refused_when_the_end_is_known() -> None:
    text = "h: ()\nfor t in time:\n    h[t] = 1 + h[t-1]\n    stop(h[t] > 2)\no = h[7]"
    with pytest.raises(RunError) as raised:
        prepare(parse(text)).complete()
    assert [one.code for one in raised.value.errors] == ["step-outside"]
