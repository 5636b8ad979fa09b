"""How the processor computes while a run is at work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

_SMALLEST_NORMAL = sys.float_info.min


def is_flushing() -> bool:
    """Whether this thread reads numbers too small for full precision as zero."""
    return _SMALLEST_NORMAL / 2 == 0.0


@contextmanager
def computing(*, inference: bool = True) -> Iterator[None]:
    """Without autograd, and with denormals flushed to zero; the thread is left as it was found.

    Vanishing states and gradients are full of denormals, which cost three to sixteen times as much.
    """
    was_flushing = is_flushing()
    if not was_flushing:
        torch.set_flush_denormal(True)
    try:
        # without inference mode also inside a block that has it: some functions ask autograd for their part
        with torch.inference_mode(inference), torch.no_grad():
            yield
    finally:
        if not was_flushing:
            torch.set_flush_denormal(False)


def ordinary(tensor: Tensor) -> Tensor:
    """The same numbers, in the same memory, as a tensor that autograd and operations in place accept.

    What is made under `torch.inference_mode` refuses both for good.
    """
    return torch.from_numpy(tensor.numpy()) if tensor.is_inference() else tensor
