"""Texts at random as in `grammar.py`, over trees of any shape, and over domains that end by `stop`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from graph.grammar import Writer
from graph.written import DOMAINS, SHAPES, Cluster, Here, Name, Written, left

TREE_INDICES = ("n", "m")
MOST_STEPS = 7
"""Of a domain that ends by `stop`."""


@st.composite
def tree_recurrences(
    draw: st.DrawFn, *, size: int = 3, clamps: bool = False, smooth: bool = False
) -> Written:
    """Texts over a tree of one to six leaves: alone, twice, or beside a chain."""
    return TreeWriter(draw, False, size, smooth).write(clamps)


@st.composite
def stopped_recurrences(
    draw: st.DrawFn,
    *,
    random: bool = False,
    size: int = 3,
    clamps: bool = False,
    smooth: bool = False,
) -> Written:
    """Texts over a domain that ends by one or two conditions, perhaps beside a chain, and what follows from it."""
    return StopWriter(draw, random, size, smooth).write(clamps)


class TreeWriter(Writer):
    """Along a tree a cluster reads children in the place of earlier steps; a tree has no boundary."""

    def write(self, clamps: bool = False) -> Written:
        frames = [("n",), ("n",), ("n", "t"), ("n", "m")]
        indices = self.draw(st.sampled_from(frames))
        self.inputs(tuple(index for index in indices if index != "m"))
        self.words()
        for _ in range(self.draw(st.integers(1, self.size))):
            self.random_cluster(indices)
        self.pairs()
        text = self.text()
        leaves = self.draw(st.sampled_from([1, 2, 3, 4, 5, 6]))
        lengths = {DOMAINS[one]: 3 if one == "t" else leaves for one in indices}
        nodes = {domain: 2 * n - 1 if domain == "tree" else n for domain, n in lengths.items()}
        held = tuple(self.clamps(nodes)) if clamps else ()
        return Written(text, lengths, self.draw(st.integers(0, 1)), held, self.shape(leaves))

    def shape(self, leaves: int) -> Any:
        """Neighbours joined in any order."""
        row: list[Any] = [0] * leaves
        while len(row) > 1:
            place = self.draw(st.integers(0, len(row) - 2))
            row[place : place + 2] = [row[place : place + 2]]
        return row[0]

    def words(self) -> None:
        """An input that only leaves read, and a state that starts with it."""
        shape = self.draw(st.sampled_from(SHAPES))
        word, state = Name(self.fresh("x"), ("n",), shape), Name(self.fresh("h"), ("n",), shape)
        self.declared[word.name] = self.declared[state.name] = shape
        cluster = Cluster("n", -1, [state])
        joined = self.term(shape, Here(("n",), self.finished, cluster, [], state), 2)
        both = " + ".join(f"0.7 * {state.name}[{side}(n)]" for side in ("left", "right"))
        line = f"{left(state)} = where(leaf(n), {word.name}[n], tanh({both} + {joined}))"
        self.equations.append((("n",), line))
        self.finished.append(state)

    def pairs(self) -> None:
        """What a node reads of its two children together, where something has two indices of the tree."""
        twice = [name for name in self.finished if set(name.indices) == set(TREE_INDICES)]
        if not twice or not self.chance(60):
            return
        both = self.draw(st.sampled_from(twice))
        state = Name(self.fresh("h"), ("n",), both.shape)
        self.declared[state.name] = both.shape
        children = ", ".join(
            self.draw(st.sampled_from([("left(n)", "right(n)"), ("right(n)", "left(n)")]))
        )
        self.equations.append((("n",), f"{left(state)} = tanh(0.6 * {both.name}[{children}])"))
        self.finished.append(state)

    def right(self, name: Name, here: Here) -> str:
        running = [index for index in name.indices if index in TREE_INDICES]
        if not running or not self.chance(50):
            return self.term(name.shape, here, 3)
        index = self.draw(st.sampled_from(running))
        at_leaves, inside = (self.term(name.shape, here, depth) for depth in (1, 3))
        return f"where(leaf({index}), {at_leaves}, {inside})"

    def condition(self, here: Here) -> str:
        running = [index for index in here.indices if index in TREE_INDICES]
        if running and self.chance(40):
            return f"leaf({self.draw(st.sampled_from(running))})"
        return super().condition(here)

    def boundary(self, name: Name, dimension: int, side: int, before: list[Name]) -> None:
        if name.indices[dimension] not in TREE_INDICES:
            super().boundary(name, dimension, side, before)

    def lattice(self, name: Name, cluster: Cluster) -> str:
        """Now and then, in a cycle along a chain: a child one step back."""
        found = super().lattice(name, cluster)
        if cluster.index != "t" or "n" not in name.indices or not self.chance(50):
            return found
        place = {
            "t": self.step(cluster, self.draw(st.integers(1, 2))),
            "n": self.pick("left(n)", "right(n)", "root"),
        }
        return f"{found} + 0.4 * {name.name}[{', '.join(place[one] for one in name.indices)}]"

    def step(self, cluster: Cluster, steps: int) -> str:
        if cluster.index not in TREE_INDICES:
            return super().step(cluster, steps)
        return f"{self.pick('left', 'right')}({cluster.index})"

    def before(self, index: str) -> str:
        return f"left({index})" if index in TREE_INDICES else super().before(index)

    def place(self, domain: str, here: Here, without: set[str] | None = None) -> str:
        if domain != "tree":
            return super().place(domain, here, without)
        running = [
            one for one in here.indices if one in TREE_INDICES and one not in (without or ())
        ]
        if not running or self.chance(10):
            return "root"
        index = self.draw(st.sampled_from(running))
        return self.pick(index, index, f"left({index})", f"right({index})")


class StopWriter(Writer):
    """First what the conditions follow from, which reads the past alone; then anything, when the length is known."""

    is_causal = True

    def write(self, clamps: bool = False) -> Written:
        indices: tuple[str, ...] = self.draw(st.sampled_from([("t",), ("t", "s")]))
        self.inputs(indices[1:])
        self.vector()
        for _ in range(self.draw(st.integers(1, self.size))):
            self.random_cluster(indices)
        self.counter += 1
        for _ in range(self.draw(st.sampled_from([1, 1, 2]))):
            self.stop()
        self.is_causal = False
        later = (*indices, "k") if self.chance(30) else indices
        for _ in range(self.draw(st.integers(0, self.size))):
            self.random_cluster(later)
        text = self.text()
        lengths = {DOMAINS[one]: MOST_STEPS if one != "s" else 3 for one in indices}
        held = tuple(self.clamps(lengths)) if clamps else ()
        return Written(text, lengths, self.draw(st.integers(0, 1)), held)

    def vector(self) -> None:
        """An input for the whole run, and a state that it moves."""
        self.extra.append("u_0 = 1")
        shape = self.draw(st.sampled_from([(2,), (3,)]))
        state = Name(self.fresh("h"), ("t",), shape)
        self.declared[state.name] = shape
        given, matrix = self.fresh("v"), self.parameter("W", (shape[0], shape[0]))
        self.extra.append(f"{given}: input({shape[0]})")
        line = f"{left(state)} = tanh({matrix} @ {state.name}[t-1] + {given}) + 0.2 * t"
        self.equations.append((("t",), line))
        self.finished.append(state)

    def stop(self) -> None:
        """By the number of the step, by the size of a variable, or by a coin."""
        known = [name for name in self.finished if name.indices == ("t",)]
        kind = self.draw(st.sampled_from(["number", "size", "size", "coin", "coin"]))
        if kind == "number":
            condition = f"t >= {self.draw(st.integers(1, MOST_STEPS))}"
        elif kind == "size":
            name = self.draw(st.sampled_from(known))
            size = f"norm({name.name}[t])" if name.shape else f"abs({name.name}[t])"
            condition = f"{size} > {self.draw(st.sampled_from(['0.4', '0.9', '1.4']))}"
        else:
            coin = Name(self.fresh("e"), ("t",), ())
            self.declared[coin.name] = ()
            here = Here(("t",), self.finished, Cluster(None, 0), [], None)
            line = f"{left(coin)} = bernoulli(sigmoid({self.term((), here, 2)} - 1))"
            self.equations.append((("t",), line))
            self.finished.append(coin)
            condition = f"{coin.name}[t] > 0.5"
        self.equations.append((("t",), f"stop({condition})"))

    def random_cluster(self, indices: tuple[str, ...]) -> None:
        if not self.is_causal:
            super().random_cluster(indices)
            return
        frames = [("t",), ("t",), *((("t", "s"), ("s", "t")) if "s" in indices else ())]
        count = self.draw(st.integers(1, 3))
        index = "t" if self.chance(80) else None
        chosen = [self.draw(st.sampled_from(frames)) for _ in range(count)]
        self.cluster(Cluster(index, -1 if index else 0), chosen)

    def boundary(self, name: Name, dimension: int, side: int, before: list[Name]) -> None:
        if not self.is_causal or (name.indices[dimension] == "t" and side < 0):
            super().boundary(name, dimension, side, before)

    def swept(self, here: Here) -> list[str]:
        return [one for one in super().swept(here) if not self.is_causal or DOMAINS[one] != "time"]

    def place(self, domain: str, here: Here, without: set[str] | None = None) -> str:
        if domain != "time":
            return super().place(domain, here, without)
        running = [
            one for one in here.indices if DOMAINS[one] == domain and one not in (without or ())
        ]
        ahead = () if self.is_causal else (1,)
        if running and self.chance(80):
            index = self.draw(st.sampled_from(running))
            offset = self.draw(st.sampled_from([0, 0, 0, -1, -2, *ahead]))
            return f"{index}{offset:+d}" if offset else index
        if self.is_causal:
            return self.pick("0", "-1")
        return self.pick("1", "end", "0", "end+1", "-1")
