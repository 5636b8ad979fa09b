"""What is committed: no download addresses, no paths of one machine, pins that fit, one version."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from unrolled.settings import Settings

HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("npmmirror", "com"),
        ("download", "pytorch", "org"),
        ("deb", "debian", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
    ]
]
"""Registries and their mirrors, put together here so that this file does not name one."""

MACHINE_PATHS = ["/".join(["", *parts, ""]) for parts in [("work", "main"), ("work", "shared")]] + [
    "/" + folder + "/" for folder in ["root", "home/runner"]
]


@pytest.fixture(scope="module")
def committed(root: Path) -> list[Path]:
    """Every file that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout.decode()
    files = [root / name for name in listed.split("\0") if name]
    return [file for file in files if file.is_file()]


def lines_with(files: list[Path], needles: list[str]) -> list[str]:
    found = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{file}:{number}: {needle}"
            for number, line in enumerate(text.splitlines(), 1)
            for needle in needles
            if needle in line
        ]
    return found


def test_no_file_names_a_registry(committed: list[Path]) -> None:
    assert lines_with(committed, HOSTS) == []


def test_no_file_names_a_path_of_one_machine(committed: list[Path]) -> None:
    assert lines_with(committed, MACHINE_PATHS) == []


def test_the_search_for_addresses_finds_one(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(f"torch\n--index-url x{HOSTS[0]}/simple\n")
    assert lines_with([file], HOSTS) == [f"{file}:2: {HOSTS[0]}"]


def test_no_built_or_foreign_file_is_committed(committed: list[Path], root: Path) -> None:
    foreign = ("node_modules", "static", "dist", "vendor", "third_party", ".venv")
    found = [file for file in committed if set(file.relative_to(root).parts) & set(foreign)]
    assert found == []


def test_the_lock_of_the_page_has_integrity_and_no_addresses(root: Path) -> None:
    lock = json.loads((root / "frontend" / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 5
    assert [name for name, package in packages.items() if "resolved" in package] == []
    without = [
        name
        for name, package in packages.items()
        if "integrity" not in package and not package.get("inBundle")
    ]
    assert without == []
    lost = [
        needed
        for package in packages.values()
        for needed in package.get("optionalDependencies", {})
        if f"node_modules/{needed}" not in packages
    ]
    assert lost == [], "npm ci refuses a lock without the packages of every platform"


def test_every_dependency_is_pinned_within_its_range(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(r for extra in project["project"]["optional-dependencies"].values() for r in extra),
    ]
    pins = {
        pin.name.lower().replace("_", "-"): pin.specifier
        for pin in map(Requirement, (root / "constraints.txt").read_text().splitlines()[1:])
    }
    for requirement in map(Requirement, wanted):
        if requirement.name != "unrolled":
            (pin,) = pins[requirement.name]
            assert pin.operator == "=="
            assert requirement.specifier.contains(pin.version), requirement


def test_torch_is_pinned_without_a_build(root: Path) -> None:
    assert "torch==2.13.0" in (root / "constraints.txt").read_text().splitlines()


def test_the_language_room_imports_only_the_standard_library(root: Path) -> None:
    files = sorted((root / "backend" / "unrolled" / "language").glob("**/*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""] if node.level == 0 else []
            else:
                continue
            for name in names:
                top = name.partition(".")[0]
                own = name == "unrolled.language" or name.startswith("unrolled.language.")
                assert own or top in sys.stdlib_module_names, f"{file}: {name}"


@pytest.mark.parametrize(
    ("room", "foreign"),
    [
        ("unrolled.language", {"torch", "numpy", "pydantic", "fastapi"}),
        ("unrolled.graph", {"torch", "pydantic", "fastapi"}),
        ("unrolled.cli", {"torch"}),
    ],
)
def test_importing_a_room_does_not_load_what_it_must_not_know(
    root: Path, room: str, foreign: set[str]
) -> None:
    code = f"import sys, {room}; print(*sorted({foreign!r} & set(sys.modules)))"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root / "backend",
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == ""


def test_there_is_one_version(root: Path) -> None:
    import unrolled

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    page = json.loads((root / "frontend" / "package.json").read_text())["version"]
    assert {unrolled.__version__, page} == {project}
    assert f"## [{project}]" in (root / "CHANGELOG.md").read_text()


def test_every_decision_is_short_and_says_what_was_decided(root: Path) -> None:
    decisions = sorted((root / "docs" / "decisions").glob("*.md"))
    assert decisions
    for decision in decisions:
        text = decision.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(decision.name[:4])}. "), decision
        assert decision.name[4] == "-"
        assert "**Decision.**" in text
        assert len(text.splitlines()) <= 24
    assert len({decision.name[:4] for decision in decisions}) == len(decisions)


def test_compose_publishes_on_the_loopback_what_the_image_serves(root: Path) -> None:
    compose = yaml.safe_load((root / "docker-compose.yml").read_text())
    assert set(compose["services"]) == {"web", "proxy"}
    web, proxy = compose["services"]["web"], compose["services"]["proxy"]
    image = (root / "Dockerfile").read_text()
    exposed = next(line.split()[1] for line in image.splitlines() if line.startswith("EXPOSE"))
    assert "ports" not in web, "every copy would want the same port"
    assert web["expose"] == [exposed]
    assert proxy["ports"] == [f"127.0.0.1:{exposed}:{exposed}"]
    balancer = (root / proxy["volumes"][0].partition(":")[0]).read_text()
    assert f"bind :{exposed}\n" in balancer
    assert f" web:{exposed} " in balancer
    assert set(web["environment"]) <= {f"UNROLLED_{name.upper()}" for name in Settings.model_fields}
    assert (root / web["build"]["context"]).resolve() == root
    for argument in web["build"]["args"]:
        assert f"\nARG {argument}" in image


@pytest.mark.parametrize(
    ("body", "code"),
    [("pass", 0), ("pytest.skip('no browser')", 1), ("pytest.importorskip('nothing_at_all')", 1)],
)
def test_a_skipped_test_fails_the_run(root: Path, tmp_path: Path, body: str, code: int) -> None:
    shutil.copy(root / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_one.py").write_text(f"import pytest\n\ndef test_one():\n    {body}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == code, ended.stdout
    assert ("counts as a failure" in ended.stdout) == (code == 1)
