"""What the reference says that networks learn, §2 (b) and §13 (e): our generated modules, trained by torch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

import unrolled

Batch = tuple[Tensor, Tensor]


def trained(
    text: str, batch: Callable[[torch.Generator], Batch], rate: float, updates: int
) -> nn.Module:
    """The module of a text with the inputs x and y and the scalar `loss`, after so many updates of Adam."""
    torch.manual_seed(3)
    module = unrolled.parse(text).module()
    optimizer = torch.optim.Adam(module.parameters(), lr=rate)
    generator = torch.Generator().manual_seed(4)
    for _ in range(updates):
        x, y = batch(generator)
        optimizer.zero_grad()
        module(x, y)["loss"].mean().backward()
        optimizer.step()
    return module


def accuracy(module: nn.Module, batch: Batch, steps: slice | None = None) -> float:
    """How often the largest output is the target, at all steps or at some."""
    x, y = batch
    with torch.no_grad():
        right = module(x, y)["o"].argmax(-1) == y.argmax(-1)
    return float((right if steps is None else right[steps]).double().mean())


# §2 (b): one key among symbols that say nothing; every other key means 1. With one key a class, what a place has not
# learned would be right or wrong for all of them at once; with twenty a class it is a coin for each.

SHARED = """
x: 46
h: 12
y: onehot(2)
for t in time:
    h[t] = h[t-1] + tanh(b + U @ x[t])
o = c + V @ h[end]
loss = cross_entropy(o, y)
"""
PLACES = range(1, 9)
UNSHARED = f"""
x: 46
h: 12
y: onehot(2)
for t in time:
    r[t] = x[t]
h = {" + ".join(f"tanh(b_{place} + U_{place} @ r[{place}])" for place in PLACES)}
o = c + V @ h
loss = cross_entropy(o, y)
"""


def keys(generator: torch.Generator, places: list[int], count: int = 64) -> Batch:
    """Eight symbols; a key, 0 to 39, at one of some places (from 1), anything else elsewhere."""
    symbols = torch.randint(40, 46, (8, count), generator=generator)
    key = torch.randint(0, 40, (count,), generator=generator)
    place = torch.tensor(places)[torch.randint(0, len(places), (count,), generator=generator)]
    symbols[place - 1, torch.arange(count)] = key
    one_hot = nn.functional.one_hot
    return one_hot(symbols, 46).float(), one_hot(key % 2, 2).float()


def test_what_is_learned_at_three_places_holds_at_the_eighth_only_where_it_is_shared() -> None:
    fresh = torch.Generator().manual_seed(5)
    seen, moved = keys(fresh, [1, 2, 3], 2000), keys(fresh, [8], 2000)
    found = {
        name: trained(text, lambda generator: keys(generator, [1, 2, 3]), 0.01, 150)
        for name, text in (("shared", SHARED), ("unshared", UNSHARED))
    }
    assert all(accuracy(module, seen) > 0.97 for module in found.values())
    assert accuracy(found["shared"], moved) > 0.95
    assert abs(accuracy(found["unshared"], moved) - 0.5) < 0.15


# §13 (e): the majority of x two steps before, now, and two steps ahead; the read-out is linear

FORWARD = """
x: 1
h: 16
y: onehot(2)
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    o[t] = c + V @ h[t]
    L[t] = cross_entropy(o[t], y[t])
loss = mean(L)
"""
BOTH = FORWARD.replace(
    "o[t] = c + V @ h[t]",
    "g[t] = tanh(b_g + W_g @ g[t+1] + U_g @ x[t])\n    o[t] = c + V @ h[t] + V_g @ g[t]",
).replace("h: 16", "h: 16\ng: 16")


def majorities(generator: torch.Generator, count: int = 64) -> Batch:
    """Ten coins, -1 or 1, and the majority of three of them at every step; beyond the ends there is nothing."""
    x = 2.0 * torch.randint(0, 2, (10, count, 1), generator=generator) - 1
    padded = nn.functional.pad(x[..., 0], (0, 0, 2, 2))
    total = padded[:-4] + padded[2:-2] + padded[4:]
    return x, nn.functional.one_hot((total > 0).long(), 2).float()


def test_a_majority_with_the_future_needs_both_directions() -> None:
    """Forward alone cannot be right more often than three times in four, where past and present disagree."""
    inside = slice(2, -2)
    batch = majorities(torch.Generator().manual_seed(6), 2000)
    forward = accuracy(trained(FORWARD, majorities, 0.01, 150), batch, inside)
    both = accuracy(trained(BOTH, majorities, 0.01, 150), batch, inside)
    assert 0.70 < forward < 0.77
    assert both > 0.97
