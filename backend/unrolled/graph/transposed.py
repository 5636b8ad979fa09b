"""What an instruction sends back to its operands: an incoming cotangent times one of its Jacobians, transposed."""

from __future__ import annotations

from unrolled.graph.blocks import Blocks
from unrolled.graph.program import Instruction, Operand
from unrolled.language import FUNCTIONS, Shape

FLAT = (
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "leaf",
    "argmax",
    "sample",
    "bernoulli",
)
"""Functions that do not change when their arguments change a little: their derivative is zero."""


def passes(reader: Instruction, place: int) -> bool:
    """Whether a gradient goes from a reader to its operand at `place`."""
    return reader.function not in FLAT and not (reader.function == "where" and place == 0)


def sent_back(blocks: Blocks, reader: Instruction, place: int, g: Operand) -> Operand:
    """The product of an incoming cotangent with one Jacobian of an instruction of the forward pass."""

    def argument(number: int) -> Operand:
        return blocks.argument(reader.operands[number])

    is_recorded = reader.boundary is None
    match reader.function:
        case "copy":
            return g
        case "total":
            if reader.signs[place] > 0:
                return g
            return blocks.emit("negative", (g,), blocks.shape(g), blocks.indices(g))
        case "multiply":
            return blocks.times(g, argument(1 - place))
        case "sigmoid" if is_recorded:
            value, one = blocks.value(reader.identity), blocks.number(1.0)
            return blocks.times(g, blocks.times(value, blocks.sum_of((one, value), (1, -1))))
        case "tanh" if is_recorded:
            value, one = blocks.value(reader.identity), blocks.number(1.0)
            return blocks.times(g, blocks.sum_of((one, blocks.times(value, value)), (1, -1)))
        case "exp" if is_recorded:
            return blocks.times(g, blocks.value(reader.identity))
        case "where":
            zero = blocks.number(0.0)
            ends = (g, zero) if place == 1 else (zero, g)
            indices = blocks.spread(argument(0), g)
            return blocks.emit("where", (argument(0), *ends), blocks.shape(g), indices)
        case "squared_error":
            ends = (argument(place), argument(1 - place))
            difference = blocks.sum_of(ends, (1, -1))
            return blocks.times(g, blocks.times(difference, blocks.number(2.0)))
        case "cross_entropy" if place == 0:
            return blocks.times(g, _excess(blocks, *map(argument, (0, 1))))
        case "softmax" if is_recorded and not reader.over:
            p = blocks.value(reader.identity)
            inner = blocks.emit(
                "sum", (blocks.times(g, p),), (), blocks.spread(g, p)
            )  # what raising all logits alike would change is taken away
            return blocks.times(blocks.sum_of((g, inner), (1, -1)), p)
        case "matmul":
            return _matmul(blocks, reader, place, g)
        case "sum" if reader.over:
            return g
        case "mean" if reader.over:
            return blocks.times(g, blocks.number(1 / blocks.count(reader.over)))
        case "sum":
            return g
        case name:
            arguments = [blocks.argument(one) for one in reader.operands]
            row = FUNCTIONS.get(name)
            is_widened = name == "force" or (row is not None and row.is_elementwise)
            shape = reader.shape if is_widened else blocks.shape(arguments[place])
            return blocks.emit(
                f"vjp:{name}:{place}",
                (g, *arguments),
                shape,
                blocks.spread(g, *arguments),
                over=() if name == "force" else reader.over,
            )


def _excess(blocks: Blocks, logits: Operand, target: Operand) -> Operand:
    """softmax(logits) times the sum of the target, less the target: (10.18) for any target."""
    shape, labels = blocks.shape(logits), blocks.indices(logits)
    guess = blocks.emit("softmax", (logits,), shape, labels)
    mass = blocks.emit("sum", (target,), (), blocks.indices(target))
    return blocks.sum_of((blocks.times(guess, mass), target), (1, -1))


def _matmul(blocks: Blocks, reader: Instruction, place: int, g: Operand) -> Operand:
    left, right = (blocks.argument(one) for one in reader.operands)
    rank, other_rank = len(blocks.shape(left)), len(blocks.shape(right))
    match rank, other_rank, place:
        case (2, 1, 0):
            return _outer(blocks, g, right)
        case (1, 2, 1):
            return _outer(blocks, left, g)
        case (2, 1, _):
            shape, indices = blocks.shape(right), blocks.spread(g, left)
            return blocks.emit("matmul", (_turned(blocks, left), g), shape, indices)
        case (1, 2, _):
            return blocks.emit("matmul", (right, g), blocks.shape(left), blocks.spread(g, right))
        case (1, 1, _):
            return blocks.times(g, (right, left)[place])
        case _:
            other = _turned(blocks, (right, left)[place])
            pair = (g, other) if place == 0 else (other, g)
            shape = blocks.shape((left, right)[place])
            return blocks.emit("matmul", pair, shape, blocks.spread(g, other))


def _outer(blocks: Blocks, left: Operand, right: Operand) -> Operand:
    shape = (*blocks.shape(left), *blocks.shape(right))
    return blocks.emit("outer", (left, right), shape, blocks.spread(left, right))


def _turned(blocks: Blocks, operand: Operand) -> Operand:
    return blocks.emit(
        "transpose", (operand,), blocks.shape(operand)[::-1], blocks.indices(operand)
    )


def accumulated(blocks: Blocks, reader: Instruction, place: int, g: Operand) -> Operand:
    """What a reader sends to a parameter: summed over all steps and the batch."""
    shape = blocks.primal.instructions[reader.operands[place].value].shape
    if reader.is_shared and not reader.indices:
        return blocks.fitted(sent_back(blocks, reader, place, g), shape, ())
    if is_product(reader, place, shape):
        other = blocks.argument(reader.operands[1])
        over = blocks.program.order({*reader.indices, *blocks.indices(other)})
        return blocks.total_over("outer_total", (g, other), shape, over)
    sent = sent_back(blocks, reader, place, g)
    if len(blocks.shape(sent)) > len(shape):
        sent = blocks.emit("sum", (sent,), (), blocks.indices(sent))
    return blocks.total_over("batch_total", (sent,), shape, blocks.indices(sent))


def is_product(reader: Instruction, place: int, shape: Shape) -> bool:
    """Whether an operand of this shape, at `place`, is the matrix of a product with a vector."""
    is_vector = reader.function == "matmul" and len(reader.shape) == 1
    return is_vector and place == 0 and len(shape) == 2
