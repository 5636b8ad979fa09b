"""The engine beside a plain interpreter: the same values for every variable at every step, to 1e-9."""

from __future__ import annotations

import pytest
import torch

from catalogue.small import small_catalogue
from engine.interpreter import DEFINITIONS
from engine.parity import RANDOM, assert_parity, random_inputs, run_both
from language.examples import EXAMPLES
from unrolled.language import FUNCTIONS, parse

CATALOGUE = small_catalogue()
RUNNABLE = [name for name in EXAMPLES if name != "tree"]

TEXTS = {
    "a state that skips": """
h: 3
x: 2
for t in time:
    h[t] = tanh(b + W @ h[t-1] + W_d @ h[t-3] + U @ x[t])
""",
    "a sum of two products of parameters alone": """
h: 2
k: 3
k = 0.5
b: 2
d: 3
T: (2, 3, 2)
W: (2, 2)
V: (2, 2)
Q: (2, 3)
for t in time:
    h[t] = (W @ bilinear(T, k, b)) + (V @ cosine(0.137 + d, 0.137 + Q))
""",
    "clocks": """
P = [1, 2, 4]
K = [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
x: 2
for t in time:
    h[t] = where(t % P == 0, tanh(b + (K * W) @ h[t-1] + U @ x[t]), h[t-1])
""",
    "two dimensions": """
h: 3
x: 2
for i in rows:
    for j in columns:
        h[i, j] = tanh(b + W @ h[i-1, j] + V @ h[i, j-1] + U @ x[i, j])
o = mean(h[i, j] * h[i, 1], j) @ h[end, end]
""".replace("o = mean(h[i, j] * h[i, 1], j) @ h[end, end]", "o = h[end, end]"),
    "four directions": """
h: 2
x: 2
for i in rows:
    for j in columns:
        h[i, j] = tanh(W @ h[i-1, j] + V @ h[i, j-1] + U @ x[i, j])
        g[i, j] = tanh(W_g @ g[i+1, j] + V_g @ g[i, j+1] + U_g @ x[i, j])
        o[i, j] = h[i, j] * g[i, j]
g: 2
""",
    "edit distance": """
d: ()
x: 2
z: 2
for i in rows:
    for j in columns:
        d[i, j] = minimum(minimum(d[i-1, j], d[i, j-1]) + 1, d[i-1, j-1] + squared_error(x[i], z[j]))
d[0, j] = j
d[i, 0] = i
""",
    "scans in a scan that share a product": """
w: ()
h: ()
d: ()
for n in updates:
    w[n] = w[n-1] - d[n-1, end]
    for t in time:
        h[n, t] = 0.5 + w[n] * h[n, t-1]
        d[n, t] = 1 + w[n] * h[n, t-1] * d[n, t-1]
""",
    "a first state from a vector": """
x: input(2)
h: 3
for t in time:
    h[t] = tanh(W @ h[t-1])
h[0] = tanh(R_0 @ x)
""",
    "several boundary values": """
h: 2
for t in time:
    h[t] = tanh(h[t-1] + h[t-2] + h[t-3] + h[0] + h[-1])
h[0] = b
h[-2] = 2 * b
""",
    "a boundary value after the end": """
h: 2
x: 2
for t in time:
    g[t] = tanh(W @ g[t+1] + x[t])
    h[t] = tanh(V @ h[t-1] + g[t])
g[end + 1] = mean(x[t], t)
g: 2
""",
    "one chain starts where another ends": """
h: 2
x: 2
for t in time:
    h[t] = tanh(W @ h[t-1] + x[t])
for s in source:
    g[s] = tanh(V @ g[s-1] + h[end])
g[0] = h[end-1]
g: 2
""",
    "fixed steps": """
x: 2
for t in time:
    h[t] = x[t] + x[1] - x[end] + x[end-2] + x[2] + x[0] + x[end + 1]
a = h[1] + h[end]
""",
    "sums in loops": """
x: 3
for t in time:
    h[t] = x[t] - mean(x[t], t)
    v[t] = sum(h[t] * h[t]) + sum(sum(x)) + norm(sum(x[t], t))
    c[t] = softmax(v[t], t)
a = sum(c[t] * x[t], t)
b = sum(c) + mean(v) + sum(h)
""",
    "shifts in sums": """
x: 3
a = sum(x[t-1] * x[t], t)
for t in time:
    d[t] = sum(x[t+1] * x[t-2], t) + x[t] * mean(x[t-1], t)
""",
    "self-attention": """
x: 3
for t in time:
    for k in time:
        e[t, k] = (Q @ x[t]) @ (K @ x[k])
        a[t, k] = softmax(e[t, k], k)
    h[t] = sum(a[t, k] * (V @ x[k]), k)
    d[t] = a[t, t] + a[t, end] - a[1, t]
    u[t] = sum(a[k, t] * x[k], k)
Q: (2, 3)
h: 3
""",
    "causal self-attention": """
x: 3
for t in time:
    for k in time:
        e[t, k] = where(k <= t, x[t] @ x[k], -1e9)
        a[t, k] = softmax(e[t, k], k)
    h[t] = sum(a[t, k] * x[k], k)
""",
    "attention that feeds back on itself": """
e: ()
x: 2
h: 2
for t in time:
    for s in source:
        e[t, s] = tanh(h[t-1] @ x[s] + e[t-1, s])
        a[t, s] = softmax(e[t, s], s)
    h[t] = tanh(sum(a[t, s] * x[s], s) + W @ h[t-1])
""",
    "a sum with a product of each of two stacks": """
h: 2
x: 2
r: 2
for t in time:
    r[t] = tanh(A @ h[t-1] + x[t])
    h[t] = tanh(b + W @ h[t-1] + U @ z[t-1] + C @ r[t])
    z[t] = V @ h[t] + Q @ r[t]
z: 2
""",
    "a sum with two products of one stack": """
h: 2
x: 2
for t in time:
    h[t] = tanh(b + W @ h[t-1] + V @ h[t-1] + x[t])
    g[t] = tanh(c + A @ h[t-1] + x[t])
g: 2
""",
    "a chain inside every step": """
x: 2
g: 2
h: 2
for t in time:
    for s in source:
        g[t, s] = tanh(W @ g[t, s-1] + V @ h[t-1] + x[s])
    h[t] = g[t, end] + U @ h[t-2]
""",
    "loops in both orders": """
x: 2
z: 2
for t in time:
    for s in source:
        e[t, s] = x[t] @ z[s]
for s in source:
    for t in time:
        f[s, t] = tanh(e[t, s] + f[s, t-1] + f[s-1, t])
f: ()
""",
    "a matrix as state": """
M: (4, 3)
x: 3
for t in time:
    w[t] = softmax(cosine(x[t], M[t-1]))
    M[t] = M[t-1] * (1 - outer(w[t], sigmoid(x[t]))) + outer(w[t], tanh(x[t]))
    r[t] = w[t] @ M[t-1]
    n[t] = norm(transpose(M[t]) @ w[t])
""",
    "tensors": """
h: 3
x: 2
for t in time:
    h[t] = tanh(bilinear(T, h[t-1], x[t]) + W @ concat(h[t-1], x[t], 1))
""",
    "numbers alone": """
for t in time:
    a[t] = t
    b[t] = 3
    c[t] = t ** 2 / (t + 1) - 2 ** -t
    d[t] = a[t-1] + b[t+1] + t % 3
""",
    "signs": """
h: 2
x: 2
for t in time:
    h[t] = -b - W @ h[t-1] + (x[t] - (h[t-1] - h[t-2]))
    g[t] = -(-g[t-1] - x[t]) - b
    m[t] = 1 - (1 - m[t-1]) * sigmoid(x[t])
g: 2
m: 2
""",
    "a scalar widened to a vector": """
h: 3
g: 3
for t in time:
    h[t] = 0.5 * k[t]
    g[t] = α * g[t-1] + h[t-1] * k[t]
    m[t] = t
k: ()
m: (2, 2)
""",
    "masked weights and shared gates": """
K = [[1, 0], [1, 1]]
h: 2
x: 2
for t in time:
    f[t] = sigmoid((K * W) @ h[t-1] + x[t])
    g[t] = sigmoid(V @ h[t-1] + x[t])
    h[t] = f[t] * h[t-1] + g[t] * tanh(V @ h[t-1])
""",
    "integrate and fire": """
x: 3
v: 3
for t in time:
    v[t] = 0.9 * v[t-1] * (1 - z[t-1]) + U @ x[t] + W @ z[t-1]
    z[t] = spike(v[t] - 0.5)
    r[t] = 0.8 * r[t-1] + z[t]
    m[t] = argmax(r[t])
""",
    "feedback of what is most probable": """
x: 2
h: 3
o: 4
for t in time:
    h[t] = tanh(W @ z[t-1] + U @ x[t])
    o[t] = V @ h[t]
    z[t] = force(y[t], argmax(softmax(o[t])))
    L[t] = cross_entropy(o[t], y[t])
""",
    "force around what never changes": """
x: 3
b: 3
d: 3
for t in time:
    h[t] = tanh(force(b, x[t]))
    g[t] = sum(force(b, x[t]), t) + softmax(force(d, h[t]), t)
    a[t] = force(x[t], b) - force(h[t], d)
    m[t] = mean(force(h[t-1], d), t)
""",
}  # fmt: skip


def check(
    text: str,
    sizes: dict[str, int] | None = None,
    forcing: int = 1,
    chunks: tuple[int, ...] | None = None,
) -> None:
    recurrence = parse(text, sizes)
    lengths = dict(zip(recurrence.domains, (5, 4, 3), strict=False))
    assert_parity(*run_both(recurrence, lengths, forcing=forcing, chunks=chunks))


def test_the_interpreter_knows_every_function() -> None:
    special = {*RANDOM, "force", "leaf"}
    assert set(DEFINITIONS) == set(FUNCTIONS) - special


@pytest.mark.parametrize("forcing", [0, 1])
@pytest.mark.parametrize("name", TEXTS)
def test_a_construct_of_the_language_computes_what_it_says(name: str, forcing: int) -> None:
    check(TEXTS[name], forcing=forcing)


@pytest.mark.parametrize("forcing", [0, 1])
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_catalogue_computes_what_it_says(name: str, forcing: int) -> None:
    check(*CATALOGUE[name], forcing)


@pytest.mark.parametrize("forcing", [0, 1])
@pytest.mark.parametrize("name", RUNNABLE)
def test_the_examples_compute_what_they_say(name: str, forcing: int) -> None:
    sizes = {"h": 4} if name == "first" else EXAMPLES[name].sizes
    check(EXAMPLES[name].text, sizes, forcing)


def test_given_boundary_values_win_over_computed_ones() -> None:
    text = "h: 2\nfor t in time:\n    h[t] = tanh(h[t-1] + h[t-2])\nh[0] = b"
    first = torch.tensor([0.5, -0.5], dtype=torch.float64)
    boundary = {("h", (0,)): first, ("h", (-1,)): 2 * first}
    assert_parity(*run_both(parse(text), {"time": 4}, boundary=boundary))


def test_boundary_values_ahead_of_the_end_are_given_too() -> None:
    text = "h: 2\nx: 2\nfor t in time:\n    h[t] = tanh(h[t+1] + x[t+2])"
    ahead = torch.tensor([0.5, -0.5], dtype=torch.float64)
    boundary = {("h", (5,)): ahead, ("x", (6,)): ahead}
    assert_parity(*run_both(parse(text), {"time": 4}, boundary=boundary))


def test_the_inputs_of_a_comparison_are_not_all_alike() -> None:
    made = random_inputs(parse(TEXTS["self-attention"]), {"time": 5})
    assert made["x"].std() > 0.3
