"""§17: the recursive net over a balanced tree and over a chain, on the fixture's first four inputs."""

from __future__ import annotations

from typing import Any

from golden.fixture import GOLDEN, P, V, X, c
from golden.table import Row, Service

BALANCED = [[X[0], X[1]], [X[2], X[3]]]
CHAIN = [[[X[0], X[1]], X[2]], X[3]]
WEIGHTS = {"V": P(38, 3, 2), "U": P(39, 3, 3), "W": P(40, 3, 3), "b": P(41, 3), "V_o": V, "c": c}


def tree(service: Service, leaves: Any, architecture: str = "recursive-net", **more: Any) -> Any:
    return service.run(
        architecture=architecture,
        sizes={"x": 2, "h": 3, "y": 4},
        inputs={"x": leaves, "y": 1},
        parameters={"values": {**WEIGHTS, **more}},
    )


FOUND = GOLDEN["recursive"]
ROWS = [
    Row("§17", "balanced root", FOUND["balanced_root"], lambda s: tree(s, BALANCED)["h"][-1]),
    Row("§17", "chain root", FOUND["left_chain_root"], lambda s: tree(s, CHAIN)["h"][-1]),
    Row("§17", "L balanced", FOUND["L_balanced"], lambda s: tree(s, BALANCED)["loss"]),
    Row("§17", "balanced root, bilinear node with T = 0", FOUND["balanced_root"], lambda s: tree(
        s, BALANCED, "recursive-net/tensor", T=[[[0.0] * 6] * 6] * 3
    )["h"][-1]),
]  # fmt: skip
