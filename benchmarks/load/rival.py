"""What one would write by hand: an LSTM whose gates a FastAPI route returns through `response_model`.

    python benchmarks/load/rival.py --weights FILE --port PORT

The weights of `--weights` (npz) are loaded once. A request is a text, one character of 27 a step.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from torch import nn
from torch.nn import functional

ALPHABET = " abcdefghijklmnopqrstuvwxyz"


class Question(BaseModel):
    text: str


class Answer(BaseModel):
    f: list[list[float]]
    g: list[list[float]]
    q: list[list[float]]
    s: list[list[float]]
    h: list[list[float]]


class Recorder(nn.Module):
    """The book's LSTM, all four products of a step as one, the input's product before the loop."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        order = ("_f", "_g", "_q", "")
        self.b = nn.Parameter(torch.cat([weights[f"b{gate}"] for gate in order]))
        self.u = nn.Parameter(torch.cat([weights[f"U{gate}"] for gate in order]))
        self.w = nn.Parameter(torch.cat([weights[f"W{gate}"] for gate in order]))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        units = self.w.shape[1]
        h = s = torch.zeros(units)
        given = x @ self.u.T + self.b
        kept: dict[str, list[torch.Tensor]] = {name: [] for name in "fgqsh"}
        for row in given:
            f, g, q, new = (row + self.w @ h).split(units)
            f, g, q = f.sigmoid(), g.sigmoid(), q.sigmoid()
            s = f * s + g * new.tanh()
            h = s.tanh() * q
            for name, value in zip("fgqsh", (f, g, q, s, h), strict=True):
                kept[name].append(value)
        return {name: torch.stack(values) for name, values in kept.items()}


def application(weights: dict[str, torch.Tensor]) -> FastAPI:
    """The route, and one to see that it is there."""
    recorder = Recorder(weights).eval()
    app = FastAPI()

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/runs", response_model=Answer)
    def runs(question: Question) -> Any:
        symbols = torch.tensor([ALPHABET.index(character) for character in question.text])
        with torch.inference_mode():
            found = recorder(functional.one_hot(symbols, len(ALPHABET)).float())
        return {name: value.tolist() for name, value in found.items()}

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with np.load(options.weights) as file:
        weights = {name: torch.from_numpy(file[name]) for name in file.files}
    uvicorn.run(application(weights), port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
