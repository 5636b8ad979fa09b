"""What stands in a text that was written at random, so that no feature silently vanishes from such texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graph.written import Written
from unrolled.graph import Component, schedule
from unrolled.graph.trees import leaf_inputs, side
from unrolled.language import Recurrence

FEATURES = frozenset(
    {
        "nested domains", "two chains", "forward", "backward", "both directions", "a scan in a scan",
        "clocks", "where", "boundaries", "a matrix as state", "sums over a domain", "softmax over a domain",
        "delays > 1", "fixed steps", "constants", "sliders", "force", "one chain twice", "held whole", "held in part",
        "held steps", "held units",
    }
)  # fmt: skip


TREE_FEATURES = frozenset(
    {
        "one leaf", "many leaves", "two indices of a tree", "a tree and a chain", "leaf cases", "leaf cases in leaf cases", "words",
        "children", "root", "up", "forward", "sums over a domain", "softmax over a domain", "boundaries", "held in part",
        "children one step back", "two children of one node",
    }
)  # fmt: skip
STOP_FEATURES = frozenset(
    {
        "stop", "two stops", "a coin", "at once", "in between", "at the most", "backward", "forward", "two chains",
        "one chain twice", "sums over a domain", "fixed steps", "boundaries", "held steps", "nested domains",
    }
)  # fmt: skip


def features(recurrence: Recurrence, written: Written) -> set[str]:
    """Which of `FEATURES` occur in a text, and in what a run of it holds."""
    return {*_of_text(recurrence), *_of_scans(recurrence, written), *_of_clamps(written)}


def _of_text(recurrence: Recurrence) -> Iterator[str]:
    if len(recurrence.domains) > 1:
        yield "two chains"
    if recurrence.boundaries:
        yield "boundaries"
    if recurrence.stops:
        yield "stop"
        yield from ("two stops",) if len(recurrence.stops) > 1 else ()
    if recurrence.constants:
        yield "constants"
    if recurrence.settings:
        yield "sliders"
    for variable in recurrence.variables.values():
        if len(variable.domains) > 1:
            yield "nested domains"
        if len(set(variable.domains)) < len(variable.domains):
            yield "one chain twice"
    for equation in recurrence.equations:
        for term in equation.term.walk():
            if term.over:
                yield f"{'softmax' if term.function == 'softmax' else 'sums'} over a domain"
            if term.function in ("where", "force"):
                yield term.function
            if term.function == "modulo" and term.operands[0].index:
                yield "clocks"
            for position in term.reference.positions if term.reference else ():
                if position.anchor != "shift":
                    yield "fixed steps"
                elif abs(position.offset) > 1:
                    yield "delays > 1"


def tree_features(recurrence: Recurrence, written: Written) -> set[str]:
    """Which of `TREE_FEATURES` occur."""
    return {*features(recurrence, written), *_of_trees(recurrence, written)}


def _of_trees(recurrence: Recurrence, written: Written) -> Iterator[str]:
    yield "one leaf" if written.lengths["tree"] == 1 else "many leaves"
    if leaf_inputs(recurrence):
        yield "words"
    for variable in recurrence.variables.values():
        if len(variable.domains) > 1:
            is_twice = set(variable.domains) == {"tree"}
            yield "two indices of a tree" if is_twice else "a tree and a chain"
    for equation in (*recurrence.equations, *recurrence.boundaries):
        for term in equation.term.walk():
            if side(term, 1)[0]:
                yield "leaf cases"
                if any(side(inner, 1)[0] for inner in list(term.walk())[1:]):
                    yield "leaf cases in leaf cases"
            positions = term.reference.positions if term.reference else ()
            anchors = [one.anchor for one in positions]
            children = [one for one in positions if one.anchor in ("left", "right")]
            yield from (("root",) if "root" in anchors else ())
            yield from (("children",) if children else ())
            if children and any(one.anchor == "shift" and one.offset for one in positions):
                yield "children one step back"
            if len({one.index for one in children}) < len(children):
                yield "two children of one node"


def _of_scans(recurrence: Recurrence, written: Written) -> Iterator[str]:
    order = schedule(recurrence, float(written.forcing))
    scans = list(_scans(order.components))
    directions = {scan.direction for scan in scans}
    yield from (one for one in ("forward", "backward", "up") if one in directions)
    if {"forward", "backward"} <= directions:
        yield "both directions"
    for scan in scans:
        if any(True for _ in _scans(scan.body)):
            yield "a scan in a scan"
        for identity in scan.all_instructions():
            one = order.program.instructions[identity]
            if one.variable is not None and len(one.shape) == 2:
                yield "a matrix as state"


def _scans(components: Sequence[Component]) -> Iterator[Component]:
    for component in components:
        if component.kind == "scan":
            yield component
            yield from _scans(component.body)


def _of_clamps(written: Written) -> Iterator[str]:
    for form in written.clamp:
        yield "held in part" if "steps" in form or "units" in form else "held whole"
        if "steps" in form:
            yield "held steps"
        if "units" in form:
            yield "held units"
