"""The golden numbers of the chapter through the service, over real HTTP, weights in the request."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from golden.fixture import GOLDEN
from golden.rows_gates import GRU, request
from golden.table import TOLERANCE, Row, Service, rows, service_at


@pytest.fixture(scope="module")
def service(live_server: str) -> Iterator[Service]:
    with service_at(live_server) as service:
        yield service


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row.section} {row.quantity}") for row in rows()]
)
def test_the_service_gives_the_golden_numbers(service: Service, row: Row) -> None:
    found, difference = row.difference(service)
    assert difference <= row.tolerance, f"expected {row.expected}, got {found.tolist()}"


def test_a_stream_sends_the_same_numbers(live_server: str, service: Service) -> None:
    body = {**request("gru", GRU), "dtype": "float64"}
    whole = service.run(**body)
    with httpx.stream("POST", f"{live_server}/v1/runs/stream", json=body, timeout=60) as answer:
        events = [json.loads(line) for line in answer.iter_lines()]
    steps = [row for one in events if one["event"] == "steps" for row in one["values"]["h"]]
    # a product of one step and one of many may round differently in the last place
    np.testing.assert_allclose(steps, whole["h"], rtol=0, atol=1e-14)
    assert events[-1]["event"] == "end"
    assert events[-1]["values"]["loss"] == pytest.approx(
        GOLDEN["gru_cho_tanh_reset_before"]["L"], abs=TOLERANCE
    )
