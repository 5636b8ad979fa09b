"""What a researcher would record a loop with: TorchLens and nnsight, where they are installed (`pip install '.[bench]'`).

The loop is the hand-written one of `recurrences.py` as a module. TorchLens saves the result of every operation.
nnsight saves what modules put out, so every variable passes a module of its own, and all are saved at every step.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from recurrences import CONTESTS, Row, text_of
from torch import Tensor

import unrolled
from unrolled.engine import prepare

ROUNDS = 3
MOST_STEPS = {"torchlens": 50, "nnsight": 200}  # TorchLens takes 20 s for 200 steps of an LSTM


class Watched(torch.nn.Module):
    """A loop as a module; `points`: one module a variable, which its values pass, or none."""

    def __init__(self, name: str, weights: Mapping[str, Tensor], points: list[str]) -> None:
        super().__init__()
        self.loop = CONTESTS[name].loop
        self.weights = torch.nn.ParameterDict(
            {key: torch.nn.Parameter(value.clone()) for key, value in weights.items()}
        )
        self.points = torch.nn.ModuleDict({point: torch.nn.Identity() for point in points})

    def _shown(self, row: Row) -> Row:
        return {key: self.points[key](value) for key, value in row.items()} if self.points else row

    def forward(self, x: Tensor) -> Tensor:
        return self.loop(dict(self.weights.items()), {"x": x}, self._shown)["h"]


def missing() -> list[str]:
    """The recorders that are not installed."""
    return [name for name in MOST_STEPS if not _version(name)]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def versions() -> str:
    return ", ".join(f"{name} {_version(name)}" for name in MOST_STEPS if _version(name))


def _torchlens(name: str, weights: Mapping[str, Tensor], x: Tensor) -> Callable[[], Tensor]:
    import torchlens

    module = Watched(name, weights, [])

    def work() -> Tensor:
        trace: Any = torchlens.trace(module, x)
        return trace[trace.output_layers[0]].out

    return work


def _nnsight(name: str, weights: Mapping[str, Tensor], x: Tensor) -> Callable[[], Tensor]:
    from nnsight import NNsight

    names = list(CONTESTS[name].loop(weights, {"x": x[:1]}))
    net: Any = NNsight(Watched(name, weights, names))
    steps = len(x)

    def work() -> Tensor:
        with net.trace(x) as tracer:
            saved = {key: [] for key in names}.save()
            for _ in tracer.iter[:steps]:
                for key in names:
                    saved[key].append(getattr(net.points, key).output)
        return torch.stack(saved["h"])

    return work


def seconds_of(recorder: str, name: str, size: tuple[int, int, int]) -> float:
    """Processor time of a run: the median of some rounds, by a Python of its own, for TorchLens wraps torch."""
    command = [sys.executable, __file__, recorder, name, *map(str, size)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout.split()[-1])


def _measured(recorder: str, name: str, size: tuple[int, int, int]) -> float:
    """The first run warms up, and what it recorded is held against the loop."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    batch, steps, units = size
    x = torch.randn(steps, batch, units)
    recurrence = unrolled.parse(text_of(name, units)).recurrence
    weights = dict(prepare(recurrence, inputs={"x": x}, batch=batch).parameters)
    with torch.inference_mode():
        want = CONTESTS[name].loop(weights, {"x": x})["h"]
        work = (_torchlens if recorder == "torchlens" else _nnsight)(name, weights, x)
        if not torch.allclose(work(), want, atol=1e-5):
            raise ValueError(f"{recorder} recorded something else than the loop computes")
        taken: list[float] = []
        for _ in range(ROUNDS):
            start = time.process_time()
            work()
            taken.append(time.process_time() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    batch, steps, units = map(int, sys.argv[3:])
    print(_measured(sys.argv[1], sys.argv[2], (batch, steps, units)))
