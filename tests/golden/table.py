"""The numbers of the chapter's reference, each asked of a running service: section, expected, got.

    .venv/bin/python tests/golden/table.py              the table, from a server started for it
    .venv/bin/python tests/golden/table.py http://…     the table, from a server that runs already

The rows stand in `rows_*.py` beside this file, by part of the chapter; `tests/service/test_golden.py`
checks each of them.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

TOLERANCE = 1e-9
"""Absolute. The reference prints ten decimals."""


class Service:
    """A running service, asked over HTTP."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer's JSON; an error when it is not 200."""
        answer = self._http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        """The JSON at an address; an error when it is not there."""
        answer = self._http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def run(self, **body: Any) -> dict[str, np.ndarray]:
        """`POST /v1/runs` in float64: the outputs by name, in their shapes."""
        document = self.post("/v1/runs", {"dtype": "float64", **body})
        assert all(one["datatype"] == "FP64" for one in document["outputs"])
        return {
            one["name"]: np.array(one["data"], dtype=np.float64).reshape(one["shape"])
            for one in document["outputs"]
        }


@dataclass(frozen=True)
class Row:
    """One number (or vector) of the reference and how a client of the service comes by it."""

    section: str
    """As `§13`."""
    quantity: str
    """What it is, in the reference's letters: `g^(1)`, `L`."""
    expected: Any
    """A number or nested list."""
    got: Callable[[Service], Any]
    """Asks the service. Small arithmetic on outputs (a norm, a product over the steps) is allowed."""
    tolerance: float = TOLERANCE

    def difference(self, service: Service) -> tuple[np.ndarray, float]:
        """What the service says, and the largest absolute difference from what is expected."""
        found = np.asarray(self.got(service), dtype=np.float64)
        expected = np.asarray(self.expected, dtype=np.float64)
        assert found.shape == expected.shape, (found.shape, expected.shape)
        return found, float(np.max(np.abs(found - expected), initial=0.0))


def rows() -> list[Row]:
    """Every row, in the order of the sections."""
    files = sorted(Path(__file__).parent.glob("rows_*.py"))
    found = [row for one in files for row in importlib.import_module(f"golden.{one.stem}").ROWS]
    return sorted(found, key=lambda row: int("".join(filter(str.isdigit, row.section)) or 0))


@contextmanager
def service_at(address: str) -> Iterator[Service]:
    """A service, its connections closed afterwards."""
    with httpx.Client(base_url=address, timeout=120) as http:
        yield Service(http)


def brief(value: Any) -> str:
    """The first three numbers, with ten decimals."""
    flat = np.asarray(value, dtype=np.float64).reshape(-1)
    more = " …" if flat.size > 3 else ""
    return " ".join(f"{number:.10f}" for number in flat[:3]) + more


def print_table(address: str) -> bool:
    """Ask for every row and print it; whether all agree."""
    good = True
    print(f"{'section':8} {'quantity':34} {'expected':46} {'got':46} difference")
    with service_at(address) as service:
        for row in rows():
            found, difference = row.difference(service)
            agrees = difference <= row.tolerance and math.isfinite(difference)
            good = good and agrees
            print(
                f"{row.section:8} {row.quantity:34} {brief(row.expected):46} {brief(found):46} "
                f"{difference:.1e}{'' if agrees else '  DIFFERS'}"
            )
    return good


def main() -> int:
    if len(sys.argv) > 1:
        return 0 if print_table(sys.argv[1]) else 1
    from tempfile import TemporaryDirectory

    from conftest import python_environment, run_server

    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "unrolled", "serve", "--no-browser"]
        with run_server(command, Path(folder) / "log", python_environment()) as address:
            return 0 if print_table(address) else 1


if __name__ == "__main__":
    raise SystemExit(main())
