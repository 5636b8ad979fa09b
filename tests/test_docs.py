"""What stands in the pages for readers is run: Python as it is, requests as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load

import unrolled
from service.in_process import Client
from unrolled.language import parse
from unrolled.service.app import create_app
from unrolled.settings import Settings

BLOCK = re.compile(r"^```(\w+)(?: POST (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = ("README.md", "docs/runs.md", "docs/jacobians-and-facts.md")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client(create_app())
    yield client
    client.close()


def blocks(root: Path, page: str, language: str) -> list[tuple[str, str]]:
    found = BLOCK.findall((root / page).read_text(encoding="utf-8"))
    return [(path, text) for kind, path, text in found if kind == language]


@pytest.mark.parametrize("page", ["README.md", "docs/jacobians-and-facts.md"])
def test_python_runs_from_the_top_of_the_page_to_its_end(root: Path, page: str) -> None:
    names: dict[str, Any] = {}
    programs = [text for _, text in blocks(root, page, "python")]
    assert programs
    for program in programs:
        exec(compile(program, page, "exec"), names)
    assert names["unrolled"] is unrolled


def test_the_example_of_the_language_is_a_text(root: Path) -> None:
    ((_, text),) = blocks(root, "docs/language.md", "python")
    assert parse(text).variables.keys() == {"x", "y", "h", "o", "L", "loss"}


def test_the_reader_of_frames_reads_a_run(
    root: Path, client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ((_, program),) = blocks(root, "docs/runs.md", "python")
    monkeypatch.setattr("httpx.post", lambda address, json: client.post(address, json))
    exec(compile(program, "docs/runs.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    steps = [int(line.split()[1]) for line in lines if " h " in line]
    assert steps == [1, 2, 4]
    assert "steps 4 h (2, 8)" in lines


def test_weights_go_in_and_out_as_the_page_says(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(create_app(Settings(allow_weights=True, weights_folder=tmp_path)))
    for method in ("get", "put", "post"):
        call = partial(client.call, method.upper())
        monkeypatch.setattr(f"httpx.{method}", lambda url, call=call, **more: call(url, **more))
    names: dict[str, Any] = {}
    for _, program in blocks(root, "docs/weights.md", "python"):
        exec(compile(program, "docs/weights.md", "exec"), names)
    client.close()
    here, there = map(float, capsys.readouterr().out.split())
    assert here == pytest.approx(there, rel=1e-5)
    assert load(names["file"]).keys() == dict(names["module"].named_parameters()).keys()
    for name, tensor in load(names["content"]).items():
        assert load(names["file"])[name].equal(tensor)


@pytest.mark.parametrize("page", ["docs/runs.md", "docs/jacobians-and-facts.md"])
def test_requests_are_answered(root: Path, page: str, client: Client) -> None:
    requests = [(path, text) for path, text in blocks(root, page, "json") if path]
    assert len(requests) >= 2
    for path, text in requests:
        answer = client.post(path, json.loads(text))
        assert answer.status_code == 200, answer.text


def test_the_readme_shows_the_answer_to_its_request(root: Path, client: Client) -> None:
    ((path, body),) = re.findall(
        r"curl -s 'http://127\.0\.0\.1:8000(\S+)' .*? -d '(.*?)'", (root / "README.md").read_text(), re.DOTALL
    )  # fmt: skip
    ((_, shown),) = blocks(root, "README.md", "json")
    answer = client.post(path, json.loads(body)).json()
    assert {"run", "cost", "trees", "version", *json.loads(shown)} == set(answer)
    assert json.loads(shown).items() <= answer.items()
