"""Our layers are torch's: nn.RNN, nn.LSTM and nn.GRU on random sizes, batches and both number types."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from unrolled.catalogue import read_catalogue
from unrolled.engine import prepare
from unrolled.language import parse

CATALOGUE = read_catalogue().architectures
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
SIZES = [
    tuple(random.Random(number).randint(1, most) for most in (12, 24, 30, 5))
    for number in range(10)
]
"""Inputs, units, steps and sequences of a batch."""


@dataclass(frozen=True)
class Layer:
    """A torch layer, its architecture here, and our names of its row blocks in torch's order."""

    architecture: str
    make: Callable[..., torch.nn.RNNBase]
    blocks: tuple[str, ...]


LAYERS = [
    Layer("rnn-hidden-recurrence", torch.nn.RNN, ("",)),
    Layer("lstm", torch.nn.LSTM, ("_g", "_f", "", "_o")),
    Layer("gru/torch", torch.nn.GRU, ("_r", "_u", "")),
]


def our_weights(
    layer: torch.nn.RNNBase, blocks: tuple[str, ...], suffix: str = "_l0", ending: str = ""
) -> dict[str, Tensor]:
    """torch has two biases; only their sum matters, but for the second one inside the reset of the GRU."""
    rows = len(blocks)
    parts: Mapping[str, tuple[Tensor, ...]] = {
        name: getattr(layer, f"{name}{suffix}").detach().chunk(rows)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    values: dict[str, Tensor] = {}
    for place, block in enumerate(blocks):
        name = f"{block}{ending}"
        values[f"U{name}"] = parts["weight_ih"][place]
        values[f"W{name}"] = parts["weight_hh"][place]
        values[f"b{name}"] = parts["bias_ih"][place] + parts["bias_hh"][place]
        if isinstance(layer, torch.nn.GRU) and not block:
            values[f"b{name}"], values["b_hn"] = parts["bias_ih"][place], parts["bias_hh"][place]
    return values


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("one", LAYERS, ids=lambda one: one.architecture)
def test_states_are_those_of_torch(one: Layer, size: tuple[int, int, int, int], dtype: str) -> None:
    inputs, units, steps, batch = size
    torch.manual_seed(sum(size))
    layer = one.make(inputs, units).to(getattr(torch, dtype))
    x = torch.randn(steps, batch, inputs, dtype=getattr(torch, dtype))
    recurrence = parse(CATALOGUE[one.architecture].equations, {"x": inputs, "h": units})
    with torch.inference_mode():
        want, _ = layer(x)
    weights = our_weights(layer, one.blocks)
    run = prepare(
        recurrence, inputs={"x": x}, parameters=weights, variables=["h"], dtype=dtype, batch=batch
    )
    found = run.complete()["h"]
    assert found.shape == want.shape
    assert (found - want).abs().max() <= TOLERANCE[dtype]


def test_two_directions_are_torchs_bidirectional_layer() -> None:
    torch.manual_seed(0)
    layer = torch.nn.RNN(3, 5, bidirectional=True).double()
    text = """\
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    g[t] = tanh(b_r + W_r @ g[t+1] + U_r @ x[t])
    o[t] = concat(h[t], g[t])
"""
    x = torch.randn(9, 2, 3, dtype=torch.float64)
    weights = our_weights(layer, ("",)) | our_weights(layer, ("",), "_l0_reverse", "_r")
    recurrence = parse(text, {"x": 3, "h": 5, "g": 5})
    run = prepare(recurrence, inputs={"x": x}, parameters=weights, dtype="float64", batch=2)
    with torch.inference_mode():
        want, _ = layer(x)
    assert (run.complete()["o"] - want).abs().max() <= 1e-12


def test_two_layers_are_torchs_stacked_layers() -> None:
    torch.manual_seed(0)
    layer = torch.nn.RNN(3, 5, num_layers=2).double()
    text = """\
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    z[t] = tanh(b_2 + W_2 @ z[t-1] + U_2 @ h[t])
"""
    x = torch.randn(9, 2, 3, dtype=torch.float64)
    weights = our_weights(layer, ("",)) | our_weights(layer, ("",), "_l1", "_2")
    recurrence = parse(text, {"x": 3, "h": 5, "z": 5})
    run = prepare(recurrence, inputs={"x": x}, parameters=weights, dtype="float64", batch=2)
    with torch.inference_mode():
        want, _ = layer(x)
    assert (run.complete()["z"] - want).abs().max() <= 1e-12


def test_a_first_state_is_torchs_first_state() -> None:
    torch.manual_seed(0)
    layer = torch.nn.LSTM(3, 4).double()
    x = torch.randn(6, 1, 3, dtype=torch.float64)
    h, s = torch.randn(2, 4, dtype=torch.float64)
    with torch.inference_mode():
        want, _ = layer(x, (h.reshape(1, 1, 4), s.reshape(1, 1, 4)))
    recurrence = parse(CATALOGUE["lstm"].equations, {"x": 3, "h": 4})
    run = prepare(
        recurrence,
        inputs={"x": x},
        parameters=our_weights(layer, ("_g", "_f", "", "_o")),
        boundary={"h": h.tolist(), "s": s.tolist()},
        variables=["h"],
        dtype="float64",
    )
    assert (run.complete()["h"] - want).abs().max() <= 1e-12


def test_cross_entropy_is_torchs() -> None:
    torch.manual_seed(0)
    logits, classes = torch.randn(7, 5, dtype=torch.float64), torch.randint(5, (7,))
    recurrence = parse("o: 5\nfor t in time:\n    L[t] = cross_entropy(o[t], y[t])\nloss = mean(L)")
    run = prepare(recurrence, inputs={"o": logits, "y": classes}, dtype="float64")
    want = torch.nn.functional.cross_entropy(logits, classes)
    assert float(run.complete()["loss"]) == pytest.approx(float(want), abs=1e-12)
