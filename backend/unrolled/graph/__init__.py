"""Recurrence to graphs, schedule and cost: pure data, no torch.

`fold` gives the folded graph, `unfold` repeats it along its domains, `schedule` orders the run,
`cost` counts it, and `describe` puts all of it into plain data.
"""

from unrolled.graph.adjoint import (
    Adjoint,
    Request,
    Target,
    adjoint,
    boundary_positions,
)
from unrolled.graph.cost import Cost, cost, total_cost
from unrolled.graph.describing import describe, operation_place, operations
from unrolled.graph.facts import facts
from unrolled.graph.figures import opened, restricted
from unrolled.graph.folded import Edge, FoldedGraph, Node, Read, fold
from unrolled.graph.generated import Phase, phases
from unrolled.graph.nested import BracketsError, shape_of, trees_given
from unrolled.graph.onestep import OneStep, one_step
from unrolled.graph.paths import Path, Paths, Place, TooManyPlacesError, paths
from unrolled.graph.program import Instruction, Operand, Program, lower
from unrolled.graph.schedule import Component, Schedule, arrange, schedule
from unrolled.graph.trees import (
    StructureError,
    Tree,
    balanced,
    extents,
    of_structure,
    structure,
    tree_of,
)
from unrolled.graph.unfolded import Unfolded, unfold

__all__ = [
    "Adjoint",
    "BracketsError",
    "Component",
    "Cost",
    "Edge",
    "FoldedGraph",
    "Instruction",
    "Node",
    "OneStep",
    "Operand",
    "Path",
    "Paths",
    "Phase",
    "Place",
    "Program",
    "Read",
    "Request",
    "Schedule",
    "StructureError",
    "Target",
    "TooManyPlacesError",
    "Tree",
    "Unfolded",
    "adjoint",
    "arrange",
    "balanced",
    "boundary_positions",
    "cost",
    "describe",
    "extents",
    "facts",
    "fold",
    "lower",
    "of_structure",
    "one_step",
    "opened",
    "operation_place",
    "operations",
    "paths",
    "phases",
    "restricted",
    "schedule",
    "shape_of",
    "structure",
    "total_cost",
    "tree_of",
    "trees_given",
    "unfold",
]
