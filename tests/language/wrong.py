"""Texts with one thing wrong: at least one for every message of the language."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from unrolled.graph import schedule
from unrolled.language import Diagnostic, LanguageError, parse


@dataclass(frozen=True)
class Wrong:
    """A text with one thing wrong: « and » stand around the place that the diagnostic names."""

    code: str
    marked: str
    sizes: dict[str, int] | None = None

    @property
    def text(self) -> str:
        return self.marked.replace("«", "").replace("»", "")

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Line, column, end line, end column, as the marks say."""
        start = self.marked.index("«")
        end = self.marked.replace("«", "").index("»")
        return (*_place(self.text, start), *_place(self.text, end))


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def diagnose(text: str, sizes: dict[str, int] | None = None) -> Diagnostic:
    """What is wrong with a text, its cycles included."""
    with pytest.raises(LanguageError) as caught:
        schedule(parse(text, sizes))
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


LOOP = "for t in time:\n    "
TREE = "for n in tree:\n    "

WRONG = [
    # the text as a whole
    Wrong("empty", "«»# only a comment"),
    Wrong("empty", "«»h: 8"),
    Wrong("too-long", "«»" + "a = 1\n" * 401),
    Wrong("too-long", "«»a = " + " + ".join(["b"] * 6000)),
    Wrong("too-long", "«»" + "\n".join(f"a{k} = 1" for k in range(201))),
    Wrong("too-long", f"«{'a' * 61}» = 1"),
    Wrong("too-deep", "a = " + "(1 + " * 59 + "«1»" + ")" * 59),
    # characters and numbers
    Wrong("character", "a = «\"»text\""),
    Wrong("character", "a = 1 «\\»\n + 2"),
    Wrong("character", "h = tanh«（»x）"),
    Wrong("character", "a = «\u200b»1"),
    Wrong("character", "a = x«²»"),
    Wrong("number", "a = «0x10»"),
    Wrong("number", "a = «1_000»"),
    Wrong("number", "a = «3x»"),
    Wrong("number", "a = «007»"),
    Wrong("number-range", "a = «1e301»"),
    # lines
    Wrong("syntax", "a = «= b»"),
    Wrong("operator-missing", LOOP + "h[t] = tanh(b + «U x[t]»)"),
    Wrong("operator-missing", LOOP + "h[t] = W @ «h[t-1] x[t]»"),
    Wrong("operator-missing", "a = «2 b»"),
    Wrong("operator", LOOP + "h[t] = «h[t-1]^2»"),
    Wrong("operator", "a = «7 // 2»"),
    Wrong("target-form", LOOP + "«h(t)» = W @ h[t-1]"),
    Wrong("character", LOOP + "h_t = W @ h_«{»t-1}"),
    Wrong("loop-empty", "«for t in time:»\nh[t] = 1"),
    Wrong("loop-empty", "h: 2\n«for t in time:»\n# nothing\n\nloss = 1"),
    Wrong("loop-empty", "h: 2\n«for t in time:»"),
    Wrong("loop-empty", "for t in time:\n«    for s in time:»\n    h[t] = 1"),
    Wrong("indentation", "for t in time:\n    a[t] = 1\n«      b[t] = 1»"),
    Wrong("indentation", "«  a = 1»"),
    Wrong("bracket", "a = «(1»"),
    Wrong("bracket", "a = 1«)»"),
    Wrong("colon", "for t in time«»\n    h[t] = 1"),
    Wrong("keyword", "«lambda» = 0.5"),
    Wrong("statement", "«import torch»"),
    Wrong("statement", "«a == 1»"),
    Wrong("expression", "a = «b if c else d»"),
    Wrong("expression", "a = «b.c»"),
    Wrong("chained-comparison", "a = «0 < b < 1»"),
    # calls
    Wrong("function", "a = «tahn»(b)"),
    Wrong("function", "a = «add»(b, c)"),
    Wrong("argument-count", "a = «tanh(b, c)»"),
    Wrong("argument-named", "a = tanh(«x=b»)"),
    Wrong("argument-named", "W = parameter(«size=3»)\na = W"),
    Wrong("form-place", "a = 1 + «slider(0.5, 0, 1)»"),
    Wrong("form-place", "a = «stop(1)»"),
    Wrong("function-as-name", "«tanh» = 1"),
    Wrong("function-as-name", "a = 1 + «sigmoid»"),
    Wrong("reserved", "«end» = 1"),
    # loops and indices
    Wrong("loop", "«for t, s in time:»\n    h[t] = 1"),
    Wrong("loop", "«for t in t:»\n    h[t] = 1"),
    Wrong("loop-nested-same", "for t in time:\n    for «t» in source:\n        h[t] = 1"),
    Wrong("loop-depth", "for a in A:\n    for b in B:\n        «for c in C:»\n            h[c] = 1"),
    Wrong("index-domain", "for t in time:\n    h[t] = 1\n«for t in source:»\n    g[t] = 1"),
    Wrong("index-form", LOOP + "h[t] = x[«2 * t»]"),
    Wrong("index-range", LOOP + "h[t] = x[«t-101»]"),
    Wrong("index-unknown", "«h[t]» = 1"),
    Wrong("index-unknown", LOOP + "h[t] = «x[s]»"),
    Wrong("index-unknown", TREE + "h[n] = leaf(«m»)"),
    Wrong("index-count", LOOP + "h[t] = x[t] + «x[t, t]»"),
    Wrong("index-wrong-domain", LOOP + "h[t] = 1\nfor s in source:\n    g[s] = «h[s]»"),
    Wrong("index-missing", LOOP + "h[t] = 1\na = «h»"),
    Wrong("form-unnamed", LOOP + "h[t] = tanh(W @ h[t-1] + U @ x[t])\n«h[0] = [1, 2, 3]»"),
    Wrong("index-needless", "a = 1\n" + LOOP + "h[t] = «a[t]»"),
    # left sides
    Wrong("target-form", "«a, b» = 1"),
    Wrong("target-index", LOOP + "«h» = 1"),
    Wrong("target-index", LOOP + "«h[t-1]» = 1"),
    Wrong("boundary-position", LOOP + "h[t] = h[t-1]\n«h[1]» = 1"),
    Wrong("boundary-position", LOOP + "h[t] = h[t+1]\n«h[end]» = 1"),
    Wrong("boundary-unread", LOOP + "h[t] = x[t]\n«h[0] = 1»"),
    Wrong("boundary-alone", "«h[0]» = 1"),
    Wrong("defined-twice", "a = 1\n«a» = 2"),
    Wrong("defined-twice", "h: 1\n«h: 2»\na = h"),
    # declarations
    Wrong("declaration", "h: «1.5»\na = h"),
    Wrong("declaration", "x: «onehot(2, 3)»\na = x"),
    Wrong("size-range", "h: «0»\na = h"),
    Wrong("size-range", "«h: 3»\na = h", {"h": 0}),
    Wrong("declared-unused", "«h: 3»\na = 1"),
    Wrong("declared-unused", "«α = slider(0.5, 0, 1)»\na = 1"),
    Wrong("onehot-defined", "«x: onehot(3)»\nx = 1"),
    Wrong("size-override", "«»a = 1", {"h": 3}),
    Wrong("size-override", "«»h: 3\n" + LOOP + "h[t] = W @ h[t-1]", {"W": 3}),
    Wrong("setting-form", "α = «slider(2, 0, 1)»\na = α"),
    Wrong("setting-form", "W = «parameter(1, 2)»\na = W"),
    Wrong("setting-form", "x: 2\nh: 2\nW = «parameter(density=2)»\nh = W @ x"),
    Wrong("setting-form", "α = «slider(0.5)»\na = α"),
    Wrong("constant-form", "P = «[[1, 2], [3]]»\na = P"),
    Wrong("constant-form", "P = «[1, b]»\na = P"),
    Wrong("inside-loop", LOOP + "«W = parameter(1)»\n    h[t] = W"),
    Wrong("inside-loop", LOOP + "«h: 3»\n    h[t] = 1"),
    # stop, sums and trees
    Wrong("stop-place", "«stop(1)»"),
    Wrong("stop-input", LOOP + "h[t] = «x[t]»\n    stop(h[t] > 1)"),
    Wrong("stop-undetermined", "h: 2\n" + LOOP + "h[t] = tanh(h[t-1])\n    «stop(norm(h[end]) > 1)»"),
    Wrong("reduction-index", LOOP + "h[t] = x[t]\na = sum(h, «2»)"),
    Wrong("reduction-unused", LOOP + "h[t] = x[t]\na = «sum(h[1], t)»"),
    Wrong("tree-position", LOOP + "h[t] = x[t]\na = «h[root]»"),
    Wrong("chain-position", TREE + "h[n] = «x[n-1]»"),
    Wrong("chain-position", "x: 2\nh: 2\n" + TREE + "h[n] = where(leaf(n), x[n], h[left(n)])\na = [1, 2]\n«h[0]» = a"),
    # shapes
    Wrong("rank", "W: (2, 3)\nb: 3\na = W * «b»"),
    Wrong("rank", "a = b @ «2»"),
    Wrong("rank", "o: ()\ny: ()\nL = «cross_entropy(o, y)»"),
    Wrong("shape", "b: 2\nc: 3\na = b + «c»"),
    Wrong("size-unknown", LOOP + "h[t] = W @ «x[t]»\nh: 3"),
    # cycles
    Wrong("cycle", "h: 3\n" + LOOP + "«h[t] = tanh(g[t])»\n    g[t] = h[t]"),
    Wrong("cycle-static", "a: 3\n«a = tanh(b)»\nb = a"),
    Wrong("cycle-direction", "h: 3\n" + LOOP + "«h[t] = h[t-1] + h[t+1]»"),
    Wrong("cycle-whole", "h: 3\n" + LOOP + "«h[t] = tanh(h[end])»"),
    Wrong("cycle-whole", LOOP + "«h[t] = 1 + sum(h)»"),
    # what the first text of a message leaves open
    Wrong("character", "a = «＂»b"),
    Wrong("operator", "a = «b & c»"),
    Wrong("operator", "a = «b | c»"),
    Wrong("operator", "a = «b << c»"),
    Wrong("operator", "a = «b >> 2»"),
    Wrong("argument-count", "a = «sum()»"),
    Wrong("argument-count", "a = «concat(b)»"),
    Wrong("argument-count", LOOP + "h[t] = 1\n    «stop(1, 2)»"),
    Wrong("declaration", "h: «(1, 2, 3, 4)»\na = h"),
    Wrong("size-range", "h: «1234567890123456789012345678901234567890»\na = h"),
    Wrong("size-range", "h: «-5»\na = h"),
    Wrong("size-range", "h: «-1234567890123456789012345678901234567890»\na = h"),
    Wrong("size-range", "«h: 3»\na = h", {"h": 70000000000000}),
    Wrong("index-form", LOOP + "h[t] = x[«t, t, t»]"),
    Wrong("index-range", LOOP + "h[t] = x[t] + x[«-200»]"),
    Wrong("index-range", LOOP + "h[t] = x[«t-12345678901234567890123456789»]"),
    Wrong("index-unknown", "for t in time:\n    h[t] = 1\nfor s in source:\n    g[s] = 1\na = «x[end]»"),
    Wrong("index-unknown", "for t in time:\n    for s in source:\n        h[t, s] = «x[q]»"),
    Wrong("index-unknown", "for step in time:\n    for s in source:\n        h[step, s] = «x[stpe]»"),
    Wrong("index-unknown", "a = «x[t]»"),
    Wrong("index-unknown", "a = «x[0]»"),
    Wrong("index-unknown", TREE + "h[n] = leaf(«x[n]»)"),
    Wrong("index-count", "for t in time:\n    for s in source:\n        h[t, s] = h[t-1, s] + «h[t]»"),
    Wrong("index-missing", "for t in time:\n    for s in source:\n        h[t, s] = 1\na = «h»"),
    Wrong("target-index", "for t in time:\n    for s in source:\n        «a» = 1"),
    Wrong("defined-twice", LOOP + "h[t] = h[t-1]\nh[0] = 1\n«h[0] = 2»"),
    Wrong("declared-unused", "«P: 2»\nP = [1, 2]\na = 1"),
    Wrong("tree-position", LOOP + "g[t] = 1\nfor n in tree:\n    h[n] = «g[left(n)]»"),
    Wrong("tree-position", LOOP + "g[t] = 1\nfor n in tree:\n    h[n] = «g[right(n)]»"),
    Wrong("rank", "T: (2, 2, 2)\nv: 2\na = «cosine(v, T)»"),
    Wrong("rank", "v: 3\na = «transpose(v)»"),
    Wrong("rank", "o: (2, 3)\ny: 3\nL = squared_error(o, «y»)"),
    Wrong("rank", "v: 3\nk: 2\na = «sharpen(v, k)»"),
]  # fmt: skip
