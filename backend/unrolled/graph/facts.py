"""What the graph alone says, before anything is computed: counts, formulas, and what must wait for what.

Paths are in `paths.py`, the graph as figures draw it in `figures.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import Any

from unrolled.graph.cost import cost
from unrolled.graph.folded import Edge, FoldedGraph
from unrolled.graph.polynomials import Axis, Polynomial, fit
from unrolled.graph.schedule import Component, Schedule
from unrolled.graph.trees import Extent, Tree, extents
from unrolled.graph.unfolded import unfold
from unrolled.language import LanguageError, Parameter, Recurrence, Shape, parse

_WORDS = {
    "en": {
        "all": "Nothing waits for another step: every step can be computed at once.",
        "waits": "{names} must be computed one step after another ({steps} steps of {domain}).",
        "backward": "{names} must be computed one step after another, from the last to the first ({steps} steps of {domain}).",
        "up": "{names} must be computed from the leaves to the root, all nodes of a level at once.",
        "once": "{names} can be computed at all steps at once.",
        "and": ", ",
    },
    "zh": {
        "all": "没有任何量需要等待别的时间步：所有步可以同时计算。",
        "waits": "{names} 必须一步接一步地计算（{domain} 的 {steps} 步）。",
        "backward": "{names} 必须从最后一步到第一步逐步计算（{domain} 的 {steps} 步）。",
        "up": "{names} 必须从叶到根计算，同一层的结点可以同时计算。",
        "once": "{names} 可以在所有步同时计算。",
        "and": "、",
    },
}


def facts(
    recurrence: Recurrence,
    graph: FoldedGraph,
    plan: Schedule,
    lengths: Mapping[str, int],
    trees: Mapping[str, Tree] | None = None,
) -> dict[str, Any]:
    """Counts of the folded and the unfolded graph, of parameters and operations, and what is parallel in time.

    Plain data. The length of a tree is its leaves; its shape is that in `trees`, or balanced. A count that has no
    polynomial in the lengths (a longest chain of several domains, or up a tree) has no formula; the unfolded graph is
    None where its period is very long.
    """
    lengths = {**lengths, **{name: tree.leaves for name, tree in (trees or {}).items()}}
    sizes = extents(recurrence, lengths, trees)
    symbols = symbols_of(recurrence)
    shown = [node.id for node in graph.nodes if node.kind in ("input", "variable")]
    drawn = [edge for edge in graph.edges if not edge.cut and edge.source in set(shown)]
    counted = cost(plan, lengths, trees)
    axes = _axes(recurrence, graph)

    def formula(field: str) -> str | None:
        found = _checked(axes, lambda at: getattr(cost(plan, at), field), lengths)
        if found is None or found.at(lengths) != getattr(counted, field):
            return None
        return found.text(symbols)

    return {
        "folded": {"nodes": len(shown), "edges": len(drawn)},
        "unfolded": _unfolded(graph, axes, lengths, symbols),
        "trees": [_tree(name, sizes[name]) for name in graph.trees],
        "parameters": _parameters(recurrence),
        "operations": {"count": counted.operations, "formula": formula("operations")},
        "bytes": {"count": counted.bytes, "formula": formula("bytes")},
        "critical_path": {"count": counted.critical_path, "formula": formula("critical_path")},
        "parallel": parallel(plan, sizes),
    }


def _tree(name: str, size: Extent) -> dict[str, Any]:
    """A tree by itself: its edges go from children to parents, its depth is those of them on the longest way up."""
    return {
        "domain": name,
        "leaves": size.leaves,
        "nodes": size.steps,
        "edges": size.steps - 1,
        "depth": size.depth - 1,
    }


def symbols_of(recurrence: Recurrence) -> dict[str, str]:
    """The letter of each domain's length: τ, or `τ_source` and `τ_target` where there are several."""
    alone = len(recurrence.domains) == 1
    return {name: "τ" if alone else f"τ_{name}" for name in recurrence.domains}


# counts of the unfolded graph


def _axes(recurrence: Recurrence, graph: FoldedGraph) -> list[Axis]:
    """Per domain: from which length on its counts are periodic, and how often it repeats what it repeats."""
    domains = {node.id: node.domains for node in graph.nodes}
    start = dict.fromkeys(recurrence.domains, 1)
    degree = {
        name: max((one.count(name) for one in domains.values()), default=0)
        for name in recurrence.domains
    }
    for edge in graph.edges:
        for name in recurrence.domains:
            degree[name] = max(degree[name], _repeats(edge, domains[edge.target], name))
        for read in edge.reads:
            fixed = read.position if isinstance(read.position, int) else 0
            reach = max(abs(read.delay or 0), abs(read.offset), abs(fixed))
            start[read.domain] = max(start[read.domain], reach + 1)
    return [Axis(name, start[name], degree[name]) for name in recurrence.domains]


def _repeats(edge: Edge, domains: tuple[str, ...], name: str) -> int:
    running = sum(
        domain == name and index != "" for index, domain in zip(edge.indices, domains, strict=True)
    )
    return running + sum(read.position == "all" and read.domain == name for read in edge.reads)


MOST_UNFOLDED = 50_000
"""Edges of an unfolded graph that is made only to be counted."""


def _size(graph: FoldedGraph, lengths: Mapping[str, int]) -> int:
    """At least the edges of the unfolded graph."""
    domains = {node.id: node.domains for node in graph.nodes}
    return sum(
        prod(lengths[name] ** _repeats(edge, domains[edge.target], name) for name in lengths)
        for edge in graph.edges
    )


def unfolded_counts(graph: FoldedGraph, lengths: Mapping[str, int]) -> tuple[int, int]:
    """Nodes and edges of the unfolded graph, by unfolding it. They are the same for all trees of so many leaves."""
    found = unfold(graph, lengths)
    return len(found.nodes), len(found.edges)


def _unfolded(
    graph: FoldedGraph, axes: list[Axis], lengths: Mapping[str, int], symbols: Mapping[str, str]
) -> dict[str, Any] | None:
    largest = {axis.name: axis.start + axis.degree for axis in axes}
    is_periodic = all(lengths[axis.name] >= axis.start for axis in axes)
    if _size(graph, largest) > MOST_UNFOLDED:
        return None
    known: dict[tuple[int, ...], tuple[int, int]] = {}

    def count(at: Mapping[str, int]) -> tuple[int, int]:
        key = tuple(at[axis.name] for axis in axes)
        if key not in known:
            known[key] = unfolded_counts(graph, at)
        return known[key]

    nodes, edges = fit(axes, lambda at: count(at)[0]), fit(axes, lambda at: count(at)[1])
    here = (nodes.at(lengths), edges.at(lengths)) if is_periodic else count(lengths)
    return {
        "nodes": here[0],
        "edges": here[1],
        "nodes_formula": nodes.text(symbols),
        "edges_formula": edges.text(symbols),
    }


def _checked(
    axes: list[Axis], count: Callable[[Mapping[str, int]], int], lengths: Mapping[str, int]
) -> Polynomial | None:
    """The polynomial of a count, if it is one: held against the lengths themselves and two more."""
    found = fit(axes, count)
    further = {axis.name: 3 * axis.start + axis.degree + 2 for axis in axes}
    crossed = {axis.name: 7 * axis.start + 5 * place for place, axis in enumerate(axes)}
    tried = [lengths, further, crossed, dict(zip(further, reversed(crossed.values()), strict=True))]
    return found if all(found.at(at) == count(at) for at in tried) else None


# parameters


def _parameters(recurrence: Recurrence) -> dict[str, Any]:
    total: dict[tuple[str, ...], int] = {}
    each: list[dict[str, Any]] = []
    symbolic = symbolic_shapes(
        recurrence.text,
        tuple(recurrence.sizes.items()),
        tuple((name, one.shape) for name, one in recurrence.parameters.items()),
    )
    for one in recurrence.parameters.values():
        sides = symbolic.get(one.name) or tuple({(): side} for side in one.shape)
        product: dict[tuple[str, ...], int] = {(): 1}
        for side in sides:
            product = _times(product, side)
        for factors, value in product.items():
            total[factors] = total.get(factors, 0) + value
        each.append(
            {
                "name": one.name,
                "shape": list(one.shape),
                "count": prod(one.shape),
                "formula": _sizes_text(product),
            }
        )
    return {
        "count": sum(prod(one.shape) for one in recurrence.parameters.values()),
        "formula": _sizes_text(total),
        "each": each,
    }


Sum = dict[tuple[str, ...], int]
"""A sum of products of sizes: `{("h", "x"): 2, (): 1}` is 2 n_h n_x + 1."""


def _times(first: Sum, second: Sum) -> Sum:
    found: Sum = {}
    for factors, value in first.items():
        for others, other in second.items():
            key = tuple(sorted((*factors, *others)))
            found[key] = found.get(key, 0) + value * other
    return found


def _sizes_text(terms: Sum) -> str:
    names = tuple(sorted({name for factors in terms for name in factors}))
    powers = {
        tuple(factors.count(name) for name in names): value for factors, value in terms.items()
    }
    polynomial = Polynomial(names, {key: Fraction(value) for key, value in powers.items()})
    return polynomial.text({name: f"n_{name}" for name in names})


@lru_cache(maxsize=256)
def symbolic_shapes(
    text: str,
    sizes: tuple[tuple[str, int | Shape], ...],
    shapes: tuple[tuple[str, Shape], ...],
) -> dict[str, tuple[Sum, ...]]:
    """Each parameter's sides as sums of sizes, found by reading the text with one size larger at a time.

    A size that cannot change alone stays a number. `shapes` are those of the parameters, some of which a caller may
    have fixed.
    """
    known = dict(sizes)
    base = _read_again(text, known, dict(shapes))
    if base is None:
        return {}
    found = {name: [dict[tuple[str, ...], int]() for _ in one.shape] for name, one in base.items()}
    rest = {name: list(one.shape) for name, one in base.items()}
    for name, size in known.items():
        if not isinstance(size, int):
            continue
        larger = _read_again(text, {**known, name: size + 1}, {})
        for parameter, one in (larger or {}).items():
            for place, side in enumerate(one.shape):
                times = side - base[parameter].shape[place]
                if times:
                    found[parameter][place][(name,)] = times
                    rest[parameter][place] -= times * size
    for parameter, sides in found.items():
        for place, side in enumerate(sides):
            if rest[parameter][place]:
                side[()] = rest[parameter][place]
    return {name: tuple(sides) for name, sides in found.items()}


def _read_again(
    text: str, known: dict[str, int | Shape], shapes: Mapping[str, Shape]
) -> Mapping[str, Parameter] | None:
    """The parameters of a text; the size of one that nothing in the text determines is added to `known`."""
    while True:
        try:
            return parse(text, sizes=known).parameters
        except LanguageError as error:
            name = str(error.diagnostics[0].arguments.get("name", ""))
            shape = shapes.get(name)
            if error.diagnostics[0].code != "size-unknown" or shape is None or name in known:
                return None
            known[name] = shape[0] if len(shape) == 1 else shape


# what is parallel in time


def parallel(plan: Schedule, sizes: Mapping[str, Extent]) -> dict[str, Any]:
    """Which variables are computed at all steps at once, which step after step, and how many steps follow each other."""
    program = plan.program
    at_once: list[str] = []
    in_order: list[dict[str, Any]] = []
    finish: dict[int, int] = {}
    for component in plan.components:
        inside = set(component.all_instructions())
        names = [name for name, identity in program.variables.items() if identity in inside]
        steps = _waits(plan, component, sizes)
        pieces = [{one} for one in component.instructions] if component.kind == "map" else [inside]
        for piece in pieces:
            before = max(
                (
                    finish.get(operand.value, 0)
                    for identity in piece
                    for operand in program.instructions[identity].operands
                ),
                default=0,
            )
            finish.update(dict.fromkeys(piece, before + steps))
        if component.kind == "map":
            at_once += names
            continue
        domain = program.recurrence.index_domains[component.index or ""]
        in_order.append(
            {
                "variables": names,
                "domain": domain,
                "direction": component.direction,
                "steps": sizes[domain].depth,
            }
        )
    return {
        "at_once": at_once,
        "in_order": in_order,
        "sequential_steps": max(finish.values(), default=0),
        "words": {language: _in_words(language, at_once, in_order) for language in _WORDS},
    }


def _waits(plan: Schedule, component: Component, sizes: Mapping[str, Extent]) -> int:
    if component.kind == "map":
        return 0
    domain = plan.program.recurrence.index_domains[component.index or ""]
    inside = sum(_waits(plan, inner, sizes) for inner in component.body)
    return sizes[domain].depth * max(1, inside)


def _in_words(language: str, at_once: list[str], in_order: list[dict[str, Any]]) -> str:
    words = _WORDS[language]
    if not in_order:
        return words["all"]
    sentences = [
        words[one["direction"] if one["direction"] in ("backward", "up") else "waits"].format(
            names=words["and"].join(one["variables"]), steps=one["steps"], domain=one["domain"]
        )
        for one in in_order
    ]
    if at_once:
        sentences.append(words["once"].format(names=words["and"].join(at_once)))
    return ("" if language == "zh" else " ").join(sentences)
