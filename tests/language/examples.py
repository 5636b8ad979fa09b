"""The six examples of the language's page, and the sizes that each leaves to its reader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A text, with the sizes that it does not fix itself."""

    text: str
    sizes: dict[str, int]


FIRST = """\
x: 4                                   # sizes (defaults; a run may override them)
h: 8
y: 3

for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    o[t] = c + V @ h[t]
    p[t] = softmax(o[t])
    L[t] = cross_entropy(o[t], y[t])

loss = sum(L)
"""

TEACHER_FORCING = """\
for t in time:
    h[t] = tanh(b + W @ z[t-1] + U @ x[t])
    o[t] = c + V @ h[t]
    z[t] = force(y[t], o[t])
    L[t] = squared_error(o[t], y[t])
loss = sum(L)
"""

ATTENTION = """\
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
"""

TREE = """\
for n in tree:
    h[n] = where(leaf(n), V @ x[n], tanh(b + W_l @ h[left(n)] + W_r @ h[right(n)]))
o = c + U @ h[root]
loss = cross_entropy(o, y)
"""

LSTM = """\
b_f = parameter(1.0)
for t in time:
    f[t] = sigmoid(b_f + U_f @ x[t] + W_f @ h[t-1])
    g[t] = sigmoid(b_g + U_g @ x[t] + W_g @ h[t-1])
    q[t] = sigmoid(b_o + U_o @ x[t] + W_o @ h[t-1])
    s[t] = f[t] * s[t-1] + g[t] * sigmoid(b + U @ x[t] + W @ h[t-1])
    h[t] = tanh(s[t]) * q[t]
"""

TURING_MACHINE = """\
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
"""

EXAMPLES: dict[str, Example] = {
    "first": Example(FIRST, {}),
    "teacher forcing": Example(TEACHER_FORCING, {"x": 2, "h": 3, "y": 4}),
    "attention": Example(ATTENTION, {"x": 2, "h": 3, "g": 4, "d": 5, "v": 6, "y": 7}),
    "tree": Example(TREE, {"x": 2, "h": 3, "y": 4}),
    "lstm": Example(LSTM, {"x": 2, "h": 3}),
    "turing machine": Example(TURING_MACHINE, {"x": 2, "h": 3}),
}
