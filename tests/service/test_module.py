"""Generated PyTorch over the wire: every architecture and variant, and a text of one's own."""

from __future__ import annotations

import pytest

from service.in_process import Client
from unrolled.catalogue import read_catalogue
from unrolled.language import parse
from unrolled.source import module_source

IDS = list(read_catalogue().architectures)
TEXT = "h: 3\nx: 2\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n"


@pytest.mark.parametrize("name", IDS)
def test_every_architecture_and_variant_is_a_file_of_python(client: Client, name: str) -> None:
    answer = client.get(f"/v1/architectures/{name}/module.py")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/x-python; charset=utf-8"
    file = name.replace("/", "_").replace("-", "_")
    assert answer.headers["content-disposition"] == f'inline; filename="{file}.py"'
    compile(answer.text, file, "exec")
    assert "(nn.Module):" in answer.text


def test_head_of_a_module_has_its_headers_and_no_body(client: Client) -> None:
    plain = {"accept-encoding": "identity"}
    answer = client.call("HEAD", "/v1/architectures/lstm/book/module.py", headers=plain)
    whole = client.get("/v1/architectures/lstm/book/module.py", headers=plain)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/x-python; charset=utf-8"
    assert answer.headers["content-length"] == str(len(whole.content))
    assert not answer.content


def test_a_text_of_ones_own_is_answered_with_its_module(client: Client) -> None:
    answer = client.post("/v1/recurrences/module", {"equations": TEXT, "sizes": {"h": 5}})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/x-python; charset=utf-8"
    assert answer.text == module_source(parse(TEXT, {"h": 5}))
    assert "h: int = 5" in answer.text


def test_what_has_no_module_is_a_problem(client: Client) -> None:
    missing = client.get("/v1/architectures/lstn/module.py")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert "lstm" in missing.json()["errors"][0]["hint"]
    wrong = client.post("/v1/recurrences/module", {"equations": "h[t] = 1"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["line"] == 1
    cycle = client.post(
        "/v1/recurrences/module",
        {"equations": "h: 2\ng: 2\nfor t in time:\n    h[t] = g[t]\n    g[t] = h[t]\n"},
    )
    assert cycle.status_code == 422
    headers = {"accept": "application/json"}
    refused = client.get("/v1/architectures/lstm/module.py", headers=headers)
    assert refused.status_code == 406
