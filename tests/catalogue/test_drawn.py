"""The page's drawing tests know every text of the catalogue by a file of folded graphs: it is current.

`python tests/catalogue/test_drawn.py` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unrolled.catalogue import read_catalogue
from unrolled.graph import describe
from unrolled.language import parse

FILE = "frontend/tests/fixtures/catalogue.jsonl"


OPERATION = ("id", "function", "operands", "shape", "domains", "reference", "reads")


def opened(equation: dict[str, Any]) -> dict[str, Any]:
    """What opening a node needs to know of its equation; what is empty is left out."""

    def known(operation: dict[str, Any]) -> dict[str, Any]:
        keys = (*OPERATION, "latex") if operation["function"] == "number" else OPERATION
        return {key: operation[key] for key in keys if operation.get(key)}

    operations = [known(one) for one in equation["operations"]]
    where = {"boundary": equation["boundary"]} if equation.get("boundary") else {}
    return {"variable": equation["variable"], **where, "operations": operations}


def text() -> str:
    """One line a text: its name, its domains, its folded graph and the operations of its equations."""
    lines: list[str] = []
    for identity, found in read_catalogue().architectures.items():
        described = describe(parse(found.equations, found.defaults.sizes))
        drawn = {"id": identity, **{key: described[key] for key in ("domains", "graph")}}
        drawn["equations"] = [opened(one) for one in described["equations"]]
        lines.append(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")))
    return "\n".join(lines) + "\n"


def test_the_drawings_tests_know_the_catalogue(root: Path) -> None:
    committed = (root / FILE).read_text(encoding="utf-8")
    assert committed == text(), "write it anew: python tests/catalogue/test_drawn.py"


if __name__ == "__main__":
    (Path(__file__).parents[2] / FILE).write_text(text(), encoding="utf-8")
