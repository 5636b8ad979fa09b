"""Recurrence to numbers: `prepare` a run, consume it in chunks. Tensors live here and nowhere below."""

from unrolled.engine.data import GENERATORS, LETTERS
from unrolled.engine.gradients import Backward
from unrolled.engine.problems import RUN_MESSAGES, RunError, RunProblem
from unrolled.engine.run import Chunk, Run, prepare

__all__ = [
    "GENERATORS",
    "LETTERS",
    "RUN_MESSAGES",
    "Backward",
    "Chunk",
    "Run",
    "RunError",
    "RunProblem",
    "prepare",
]
