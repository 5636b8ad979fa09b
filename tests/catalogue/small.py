"""Small sizes for any text of the catalogue, so that tests over all of them stay quick."""

from __future__ import annotations

import re
from collections.abc import Mapping

from unrolled.catalogue import read_catalogue
from unrolled.language import LanguageError, parse

DECLARED = re.compile(r"^(\w+): (?:onehot\(|input\()?(\d+)\)?$", re.MULTILINE)
WANTED = {"x": 3, "y": 3}
MOST = 4


def small_sizes(equations: str) -> dict[str, int]:
    """Sizes for the declared vectors of a text; none where its constants fix them."""
    sizes = {
        name: WANTED.get(name, min(int(size), MOST)) for name, size in DECLARED.findall(equations)
    }
    try:
        parse(equations, sizes)
    except LanguageError:
        return {}
    return sizes


def small_catalogue() -> Mapping[str, tuple[str, dict[str, int]]]:
    """Every text of the catalogue by id, with its small sizes; but for those over a tree, whose
    inputs are nested lists: `test_truths_trees.py` has them."""
    return {
        name: (one.equations, small_sizes(one.equations))
        for name, one in read_catalogue().architectures.items()
        if " in tree:" not in one.equations
    }
