"""The vocabulary in torch: one implementation a function, under the name of the vocabulary table.

Arguments come aligned: all leading dimensions (domains, batch) broadcast against each other, the last
dimensions are the shape of one step. `UNARY`, `BINARY` and `TERNARY` take `out=` and serve scans too;
`GENERAL` are the rest, called with the instruction's ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from unrolled.language import FUNCTIONS


@dataclass(frozen=True, slots=True)
class Ranks:
    """Ranks of the arguments' shapes (without domains and batch), and the leading dimensions that are swept."""

    operands: tuple[int, ...]
    over: tuple[int, ...] = ()
    lengths: tuple[int, ...] = ()


Kernel = Callable[..., Tensor]
General = Callable[[Sequence[Tensor], Ranks], Tensor]

UNARY: dict[str, Kernel] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
    "abs": torch.abs,
    "sqrt": torch.sqrt,
    "negative": torch.neg,
}
BINARY: dict[str, Kernel] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "minimum": torch.minimum,
    "maximum": torch.maximum,
    "power": torch.pow,
    "modulo": torch.remainder,
}


def _compare(kernel: Kernel) -> General:
    return lambda values, _: kernel(values[0], values[1]).to(values[0].dtype)


def _matmul(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    left, right = values
    match ranks.operands:
        case (2, 1):
            if left.dim() == 2:
                return right @ left.mT
            return (left @ right.unsqueeze(-1)).squeeze(-1)
        case (1, 1):
            return (left * right).sum(-1)
        case (1, 2):
            return (left.unsqueeze(-2) @ right).squeeze(-2)
        case _:
            return left @ right


def _softmax(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    return torch.softmax(_swept(values[0], ranks), ranks.over[0] if ranks.over else -1)


def _sum(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    return _swept(values[0], ranks).sum(_units(ranks))


def _mean(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    return _swept(values[0], ranks).mean(_units(ranks))


def _swept(value: Tensor, ranks: Ranks) -> Tensor:
    """A value with every step of the swept dimensions, also where it is the same at each."""
    lengths = dict(zip(ranks.over, ranks.lengths, strict=True))
    return value.expand([lengths.get(place, size) for place, size in enumerate(value.shape)])


def _units(ranks: Ranks) -> tuple[int, ...]:
    return ranks.over or tuple(range(-ranks.operands[0], 0))


def _norm(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    rank = ranks.operands[0]
    return (
        values[0].abs()
        if rank == 0
        else torch.linalg.vector_norm(values[0], dim=tuple(range(-rank, 0)))
    )


def _cosine(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    key, memory = values
    if ranks.operands[1] == 2:
        key = key.unsqueeze(-2)
    return functional.cosine_similarity(key, memory, dim=-1, eps=1e-12)


def _concat(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    parts = [
        value.unsqueeze(-1) if rank == 0 else value
        for value, rank in zip(values, ranks.operands, strict=True)
    ]
    leading = torch.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return torch.cat([part.expand(*leading, part.shape[-1]) for part in parts], dim=-1)


def _outer(values: Sequence[Tensor], _: Ranks) -> Tensor:
    return values[0].unsqueeze(-1) * values[1].unsqueeze(-2)


def _bilinear(values: Sequence[Tensor], _: Ranks) -> Tensor:
    tensor, left, right = values
    return torch.einsum("...knm,...n,...m->...k", tensor, left, right)


def _circular_convolve(values: Sequence[Tensor], _: Ranks) -> Tensor:
    weights, shifts = values
    size = weights.shape[-1]
    places = torch.arange(size)
    return (weights.unsqueeze(-2) * shifts[..., (places.unsqueeze(-1) - places) % size]).sum(-1)


def _sharpen(values: Sequence[Tensor], _: Ranks) -> Tensor:
    weights, power = values
    sharp = weights ** power.unsqueeze(-1)
    return sharp / sharp.sum(-1, keepdim=True)


def _one_hot_of_largest(scores: Tensor) -> Tensor:
    return functional.one_hot(scores.argmax(-1), scores.shape[-1]).to(scores.dtype)


def _sample(values: Sequence[Tensor], _: Ranks) -> Tensor:
    probabilities, gumbel = values
    return _one_hot_of_largest(probabilities.log() + gumbel)


def _bernoulli(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    return (values[1] < values[0]).to(values[0].dtype)


def _normal(values: Sequence[Tensor], _: Ranks) -> Tensor:
    return values[0] + values[1] * values[2]


def _cross_entropy(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    logits, target = values
    return -(torch.log_softmax(logits, -1) * target).sum(-1)


def _squared_error(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    squares = (values[0] - values[1]).square()
    rank = ranks.operands[0]
    return squares.sum(tuple(range(-rank, 0))) if rank else squares


class Spike(torch.autograd.Function):
    """Heaviside step with the derivative of a fast sigmoid in its place (Zenke & Ganguli 2018)."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, value: Tensor) -> Tensor:
        ctx.save_for_backward(value)
        return (value >= 0).to(value.dtype)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> Tensor:
        (value,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return gradients[0] / (1 + 10 * value.abs()).square()


GENERAL: dict[str, General] = {
    "equal": _compare(torch.eq),
    "not_equal": _compare(torch.ne),
    "less": _compare(torch.lt),
    "less_equal": _compare(torch.le),
    "greater": _compare(torch.gt),
    "greater_equal": _compare(torch.ge),
    "relu": lambda values, _: torch.relu(values[0]),
    "softplus": lambda values, _: functional.softplus(values[0]),
    "where": lambda values, _: torch.where(values[0] != 0, values[1], values[2]),
    "spike": lambda values, _: Spike.apply(values[0]),
    "matmul": _matmul,
    "softmax": _softmax,
    "sum": _sum,
    "mean": _mean,
    "norm": _norm,
    "cosine": _cosine,
    "concat": _concat,
    "outer": _outer,
    "transpose": lambda values, _: values[0].mT,
    "bilinear": _bilinear,
    "circular_convolve": _circular_convolve,
    "sharpen": _sharpen,
    "argmax": lambda values, _: _one_hot_of_largest(values[0]),
    "sample": _sample,
    "bernoulli": _bernoulli,
    "normal": _normal,
    "cross_entropy": _cross_entropy,
    "squared_error": _squared_error,
    "copy": lambda values, _: values[0],
}


def _outer_total(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    left, right = values
    leading = torch.broadcast_shapes(left.shape[:-1], right.shape[:-1])
    rows = left.expand(*leading, left.shape[-1]).reshape(-1, left.shape[-1])
    return rows.mT @ right.expand(*leading, right.shape[-1]).reshape(-1, right.shape[-1])


def _batch_total(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    value, rank = values[0], ranks.operands[0]
    for place, length in zip(ranks.over, ranks.lengths, strict=True):
        if value.shape[place] != length:
            value = value.expand(*(length if d == place else n for d, n in enumerate(value.shape)))
    leading = tuple(range(value.dim() - rank))
    return value.sum(leading) if leading else value


def _outer_over(values: Sequence[Tensor], ranks: Ranks) -> Tensor:
    left, right = values
    swept = dict(zip(ranks.over, ranks.lengths, strict=True))
    leading = list(torch.broadcast_shapes(left.shape[:-1], right.shape[:-1]))
    leading = [swept.get(place, size) for place, size in enumerate(leading)]
    kept = [place for place in range(len(leading)) if place not in swept]
    order = (*kept, *ranks.over, len(leading))
    left, right = (
        one.expand(*leading, one.shape[-1]).permute(order).flatten(len(kept), -2)
        for one in (left, right)
    )
    return left.mT @ right


ADJOINT: dict[str, General] = {
    "outer_total": _outer_total,
    "outer_over": _outer_over,
    "batch_total": _batch_total,
}


def send_back(name: str, values: Sequence[Tensor], ranks: Ranks, forcing: float) -> Tensor:
    """A cotangent times one Jacobian of a function: `name` is function and argument, values are the
    cotangent and the arguments. By torch's autograd, on whole tensors."""
    function, place = name.rsplit(":", 1)
    number = int(place)
    incoming, *arguments = values
    own = Ranks(ranks.operands[1:], ranks.over, ranks.lengths)
    row = FUNCTIONS[function]
    if row.is_elementwise:
        widest = max(own.operands)
        arguments = [
            one.reshape(one.shape + (1,) * widest) if rank == 0 < widest and one.dim() else one
            for one, rank in zip(arguments, own.operands, strict=True)
        ]
        shape = torch.broadcast_shapes(*(one.shape for one in arguments), incoming.shape)
        arguments[number] = arguments[number].expand(shape)
    else:
        rank = own.operands[number]
        leading = torch.broadcast_shapes(
            *(one.shape[: one.dim() - r] for one, r in zip(values, ranks.operands, strict=True))
        )
        tail = arguments[number].shape[arguments[number].dim() - rank :]
        arguments[number] = arguments[number].expand((*leading, *tail))
    with torch.enable_grad():
        leaves = [one.clone() for one in arguments]  # a run's tensors cannot be saved for autograd
        leaf = leaves[number].requires_grad_()
        result = call(function, leaves, own, forcing)
        (sent,) = torch.autograd.grad(result, leaf, incoming.expand(result.shape))
    return sent


def call(function: str, values: Sequence[Tensor], ranks: Ranks, forcing: float = 1.0) -> Tensor:
    """Apply a row of the vocabulary to aligned arguments."""
    if function.startswith("vjp:"):
        return send_back(function[4:], values, ranks, forcing)
    if function in ADJOINT:
        return ADJOINT[function](values, ranks)
    if function in UNARY:
        return UNARY[function](values[0])
    if function in BINARY:
        return BINARY[function](values[0], values[1])
    if function == "force":
        target, prediction, uniform = values
        chosen = uniform < forcing
        return torch.where(
            chosen.reshape(chosen.shape + (1,) * ranks.operands[0]), target, prediction
        )
    return GENERAL[function](values, ranks)
