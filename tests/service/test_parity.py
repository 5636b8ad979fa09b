"""`torch.nn`'s own layers and the service give the same numbers: ten random sizes, float32."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from service.in_process import Client

SIZES = [
    tuple(random.Random(number).randint(1, most) for most in (20, 40, 60)) for number in range(10)
]
"""Inputs, units, steps."""

LAYERS: list[tuple[str, Callable[[int, int], torch.nn.RNNBase], list[str]]] = [
    ("rnn-hidden-recurrence", torch.nn.RNN, [""]),
    ("lstm", torch.nn.LSTM, ["_g", "_f", "", "_o"]),
    ("gru/torch", torch.nn.GRU, ["_r", "_u", ""]),
]
"""Architecture, layer, and the suffixes of our parameters in the order of torch's rows."""


def weights(layer: torch.nn.RNNBase, suffixes: list[str]) -> dict[str, Any]:
    """The layer's parameters under our names. torch has two biases; only their sum matters, except
    in the candidate of the GRU, whose second one stands inside the reset."""
    named = {name: value.detach() for name, value in layer.named_parameters()}
    rows = len(suffixes)
    values: dict[str, torch.Tensor] = {}
    for i, suffix in enumerate(suffixes):
        b_i = named["bias_ih_l0"].chunk(rows)[i]
        b_h = named["bias_hh_l0"].chunk(rows)[i]
        values[f"U{suffix}"] = named["weight_ih_l0"].chunk(rows)[i]
        values[f"W{suffix}"] = named["weight_hh_l0"].chunk(rows)[i]
        values[f"b{suffix}"] = b_i + b_h
        if isinstance(layer, torch.nn.GRU) and not suffix:
            values |= {"b": b_i, "b_hn": b_h}
    return {name: value.tolist() for name, value in values.items()}


@pytest.mark.parametrize(("architecture", "kind", "suffixes"), LAYERS)
@pytest.mark.parametrize("size", SIZES)
def test_the_service_agrees_with_torch(
    client: Client,
    architecture: str,
    kind: Callable[[int, int], torch.nn.RNNBase],
    suffixes: list[str],
    size: tuple[int, int, int],
) -> None:
    inputs, units, steps = size
    torch.manual_seed(sum(size))
    layer = kind(inputs, units)
    x = torch.randn(steps, inputs)
    with torch.inference_mode():
        expected = layer(x)[0].numpy()
    body = {
        "architecture": architecture,
        "sizes": {"x": inputs, "h": units, "y": 2},
        "inputs": {"x": x.tolist(), "y": [0] * steps},
        "parameters": {"values": weights(layer, suffixes)},
        "variables": ["h"],
    }
    answer = client.post("/v1/runs", body)
    assert answer.status_code == 200, answer.text
    output = next(one for one in answer.json()["outputs"] if one["name"] == "h")
    found = np.array(output["data"], dtype=np.float32).reshape(output["shape"])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
