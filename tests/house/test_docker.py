"""The Dockerfile without Docker: what it copies is there, and what it runs works."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

Serving = Callable[[list[str], Path, dict[str, str]], AbstractContextManager[str]]


@dataclass(frozen=True)
class Instruction:
    """One line of a Dockerfile: `COPY`, and the rest of the line."""

    word: str
    rest: str


@dataclass(frozen=True)
class Image:
    """What the build stage left behind, in a folder instead of an image."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def stages(root: Path) -> list[list[Instruction]]:
    """The instructions of each stage, each beginning with its FROM."""
    text = (root / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    found: list[list[Instruction]] = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            if word == "FROM":
                found.append([])
            found[-1].append(Instruction(word, rest.strip()))
    return found


def copied(stage: list[Instruction]) -> list[tuple[list[str], str]]:
    """(sources, destination) of each COPY from the project."""
    return [
        (parts[:-1], parts[-1])
        for instruction in stage
        if instruction.word == "COPY" and "--from" not in instruction.rest
        for parts in [shlex.split(instruction.rest)]
    ]


def only(stage: list[Instruction], word: str) -> str:
    (rest,) = [instruction.rest for instruction in stage if instruction.word == word]
    return rest


def test_what_is_copied_is_there_and_not_ignored(
    root: Path, stages: list[list[Instruction]]
) -> None:
    ignore = (root / ".dockerignore").read_text().splitlines()
    sources = [source for names, _ in copied(stages[0]) for source in names]
    assert {"pyproject.toml", "frontend", "backend"} <= set(sources)
    for source in sources:
        assert (root / source).exists(), source
        assert f"!{source}" in ignore


def test_the_last_stage_has_no_sources_no_tools_and_no_root(
    stages: list[list[Instruction]],
) -> None:
    last = stages[-1]
    words = [instruction.word for instruction in last]
    assert copied(last) == []
    assert only(last, "COPY") == "--from=build /opt/unrolled /opt/unrolled"
    assert not re.search(r"apt|pip|npm|gcc", " ".join(i.rest for i in last if i.word == "RUN"))
    user = only(last, "USER")
    assert user in only(last, "RUN").split()
    assert words.index("USER") < words.index("CMD")
    assert f"{stages[0][0].rest}" == f"{last[0].rest} AS build"


@pytest.fixture(scope="module")
def image(
    root: Path, stages: list[list[Instruction]], tmp_path_factory: pytest.TempPathFactory
) -> Image:
    """Follow the build stage in a folder: its COPYs, and its RUNs with the paths moved there.

    torch and the libraries are not downloaded again: the new environment sees those of this one.
    """
    folder = tmp_path_factory.mktemp("image")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for stray in ("PYTHONPATH", "UNROLLED_SKIP_FRONTEND"):
        environment.pop(stray, None)
    source = folder / "src"
    source.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", "static", "dist")
    for instruction in stages[0]:
        if instruction.word == "COPY":
            *names, destination = shlex.split(instruction.rest)
            for name in names:
                if (root / name).is_dir():
                    shutil.copytree(root / name, source / destination, ignore=ignored)
                else:
                    shutil.copy(root / name, source / destination)
        elif instruction.word == "ENV":
            pairs = dict(pair.split("=", 1) for pair in shlex.split(instruction.rest))
            environment |= {key: value for key, value in pairs.items() if "CACHE" not in key}
        elif instruction.word == "RUN":
            command = re.sub(r"/(opt|src|wheels)\b", rf"{folder}/\1", instruction.rest)
            ended = subprocess.run(
                ["sh", "-ec", command], cwd=source, env=environment, capture_output=True, text=True
            )
            assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
            for site in folder.glob("opt/unrolled/lib/*/site-packages"):
                (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return Image(folder, environment)


@pytest.mark.timeout(600)
def test_the_wheel_holds_the_page_the_templates_and_the_catalogue(image: Image) -> None:
    (site,) = image.folder.glob("opt/unrolled/lib/*/site-packages/unrolled")
    manifest = json.loads((site / "static" / ".vite" / "manifest.json").read_text())
    entries = [part for part in manifest.values() if part.get("isEntry")]
    assert entries
    for part in entries:
        assert (site / "static" / part["file"]).is_file()
    assert (site / "catalogue" / "lstm.md").is_file()
    assert list((site / "templates").iterdir())


@pytest.mark.timeout(600)
def test_the_image_serves_the_page_and_knows_whether_it_is_healthy(
    image: Image, stages: list[list[Instruction]], serving: Serving, tmp_path: Path
) -> None:
    last = stages[-1]
    program, *arguments = json.loads(only(last, "CMD"))
    port = arguments.index("--port")
    del arguments[port : port + 2]
    command = [str(image.folder / "opt" / "unrolled" / "bin" / program), *arguments]
    command[command.index("--host") + 1] = "127.0.0.1"
    check = json.loads(only(last, "HEALTHCHECK").partition("CMD ")[2])
    assert check[0] == "python"

    def is_healthy(address: str) -> bool:
        code = check[2].replace("http://127.0.0.1:8000", address)
        assert address in code
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True)
        return ended.returncode == 0

    with serving(command, tmp_path / "log", image.environment) as address:
        assert is_healthy(address)
        page = urllib.request.urlopen(address).read().decode()
        (script,) = re.findall(r'<script[^>]+type="module"[^>]+src="([^"]+)"', page)
        assert urllib.request.urlopen(address + script).status == 200
    assert not is_healthy(address)
