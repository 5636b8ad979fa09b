"""Recurrence to the source of a stand-alone `torch.nn.Module`: readable, typed, with torch alone.

`order.py` finds the loops, `expressions.py` writes terms, `lines.py` keeps lines short, `forward.py` and
`module.py` put the file together. Nothing here needs torch.
"""

from unrolled.source.module import module_source

__all__ = ["module_source"]
