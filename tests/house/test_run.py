"""`run.py`: what it installs and when, what it says when something fails, what it runs."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

NOBODY_LISTENS = "http://127.0.0.1:9/"
"""The discard port of the loopback: connections are refused at once."""


def test_it_can_be_read_by_pythons_too_old_to_run_it(root: Path) -> None:
    ast.parse((root / "run.py").read_text(encoding="utf-8"), feature_version=(3, 8))


def test_it_imports_only_the_standard_library(root: Path) -> None:
    tree = ast.parse((root / "run.py").read_text(encoding="utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names | {"__future__"}


def test_an_old_python_is_told_which_one_to_take(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.sys, "version_info", (3, 10, 4))
    with pytest.raises(run.Failure, match=r"Python 3\.10\.4 is too old: install Python 3\.11"):
        run.make_environment()


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("OSError: [Errno 28] No space left on device", "free about 3 GB"),
        ("npm error nospc ENOSPC: no space left on device, write", "free about 3 GB"),
        (
            "The virtual environment was not created successfully because ensurepip is not "
            "available.  On Debian/Ubuntu systems, you need to install the python3-venv package",
            "apt install python3-venv",
        ),
        ("/usr/bin/python3: No module named venv", "apt install python3-venv"),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError("
            "<HTTPSConnection>: Failed to establish a new connection: [Errno -3] Temporary failure "
            "in name resolution')': /simple/torch/\n"
            "ERROR: No matching distribution found for torch==2.13.0",
            "no network",
        ),
        ("npm error code EAI_AGAIN\nnpm error errno EAI_AGAIN", "no network"),
        ("Err:1 trixie InRelease\n  Temporary failure resolving 'mirror'", "no network"),
        ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED]", "PIP_CERT"),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "NODE_EXTRA_CA_CERTS"),
        ("ERROR: No matching distribution found for torch==2.13.0", "Python 3.11 to 3.14"),
        ("ERROR: ResolutionImpossible: for help visit", "Python 3.11 to 3.14"),
        ("PermissionError: [Errno 13] Permission denied: '.venv/bin'", "must belong to you"),
        ("npm error code ELIFECYCLE", "npm failed"),
    ],
)
def test_each_known_failure_has_its_cure(run: ModuleType, said: str, cure: str) -> None:
    message = run.explain("installing torch", 1, said.splitlines(), None)
    assert message.startswith("installing torch failed (code 1)\n")
    assert cure in message.partition("how to mend it: ")[2]
    assert said.splitlines()[-1] in message


def test_a_process_killed_for_memory_is_told_apart(run: ModuleType) -> None:
    assert "want of memory" in run.explain("building the page", -9, ["Killed"], None)


def test_pip_without_network_is_a_failure_that_says_so(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    unplug(monkeypatch.setenv)
    command = [sys.executable, "-m", "pip", "install", "torch==0.0.0"]
    with pytest.raises(run.Failure, match="how to mend it: no network"):
        run.work("installing torch", command, log=None)


def test_pip_without_the_package_is_a_failure_that_says_so(run: ModuleType) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-index", "no-such-package-anywhere"]
    with pytest.raises(run.Failure, match="how to mend it: the package index has no such"):
        run.work("installing", command, log=None)


def test_a_first_start_without_network_ends_with_the_cure_and_no_traceback(
    root: Path, tmp_path: Path
) -> None:
    for name in ("run.py", "pyproject.toml", "constraints.txt", "hatch_build.py"):
        shutil.copy(root / name, tmp_path)
    environment = dict(os.environ)
    unplug(environment.__setitem__)
    ended = subprocess.run(
        [sys.executable, "run.py", "--no-browser"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "making the environment .venv: done" in ended.stdout
    assert "run.py stopped: installing torch failed" in ended.stderr
    assert "how to mend it: no network" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / ".venv" / "unrolled.json").exists()


def unplug(put: Callable[[str, str], None]) -> None:
    """Let pip find no index but a loopback port that nobody listens on."""
    put("PIP_CONFIG_FILE", os.devnull)
    put("PIP_INDEX_URL", NOBODY_LISTENS)
    put("PIP_EXTRA_INDEX_URL", "")
    put("PIP_FIND_LINKS", "")
    put("PIP_RETRIES", "1")
    put("PIP_NO_CACHE_DIR", "1")
    put("NO_PROXY", "*")


@pytest.fixture
def project(run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`run.py` moved to an empty project, with a `work` that only writes down its titles."""
    titles: list[str] = []
    for name in ("constraints.txt", "pyproject.toml", "hatch_build.py"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "STAMPS", tmp_path / ".venv" / "unrolled.json")
    monkeypatch.setattr(run, "LOG", tmp_path / ".venv" / "run.log")
    monkeypatch.setattr(run, "make_environment", lambda: None)
    monkeypatch.setattr(run, "work", lambda title, *_: titles.append(title))
    return titles


def test_torch_is_installed_before_the_project_and_nothing_twice(
    run: ModuleType, project: list[str]
) -> None:
    run.install(["torch", "tools", "project"])
    first = list(project)
    run.install(["torch", "tools", "project"])
    assert first[0] == "installing torch"
    assert first[-1] == "installing unrolled and its libraries"
    assert project == first


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("constraints.txt", ["torch", "tools", "project"]),
        ("pyproject.toml", ["project"]),
        ("hatch_build.py", ["project"]),
    ],
)
def test_what_changed_decides_what_is_installed_again(
    run: ModuleType, project: list[str], changed: str, again: list[str]
) -> None:
    run.install(["torch", "tools", "project"])
    project.clear()
    (run.ROOT / changed).write_text("other")
    run.install(["torch", "tools", "project"])
    assert project == [f"installing {run.INSTALLS[name][0]}" for name in again]


def test_tests_need_more_than_the_page_and_the_page_then_nothing(
    run: ModuleType, project: list[str]
) -> None:
    run.install(["torch", "tools", "project", "tests"])
    assert project[-1] == "installing what tests need"
    project.clear()
    run.install(["torch", "tools", "project"])
    assert project == []


def test_a_failed_install_is_tried_again(
    run: ModuleType, project: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise run.Failure("installing torch failed")

    with monkeypatch.context() as broken:
        broken.setattr(run, "work", fail)
        with pytest.raises(run.Failure):
            run.install(["torch"])
    run.install(["torch"])
    assert project == ["installing torch"]


def test_a_moved_project_is_installed_again(
    run: ModuleType, project: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.install(["project"])
    moved = tmp_path / "moved"
    shutil.copytree(tmp_path, moved)
    monkeypatch.setattr(run, "ROOT", moved)
    run.install(["project"])
    assert len(project) == 2


def test_damaged_stamps_mean_installing_again(run: ModuleType, project: list[str]) -> None:
    run.STAMPS.write_text('{"torch": ')
    run.install(["torch"])
    assert project == ["installing torch"]
    assert set(json.loads(run.STAMPS.read_text())) == {"torch"}


def test_a_broken_environment_is_made_anew(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/no/such/interpreter\n")
    python.chmod(0o755)
    (tmp_path / ".venv" / "unrolled.json").write_text("{}")
    monkeypatch.setattr(run, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(run, "PYTHON", python)
    run.make_environment()
    assert run.is_healthy()
    assert not (tmp_path / ".venv" / "unrolled.json").exists()


def test_work_says_what_it_does_keeps_a_log_and_decorates_nothing_off_a_terminal(
    run: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "run.log"
    run.work("counting", [sys.executable, "-c", "print('one'); print('two')"], log=log)
    shown = capsys.readouterr().out
    assert shown.startswith("counting …")
    assert "counting: done in 0 s" in shown
    assert "\r" not in shown
    assert log.read_text().splitlines()[-2:] == ["one", "two"]


@pytest.mark.parametrize("live", [True, False])
def test_the_seconds_move_while_a_command_says_nothing(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], live: bool
) -> None:
    monkeypatch.setattr(run, "EVERY", 0.5)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: live)
    silent = "import time; print('Installing torch', flush=True); time.sleep(3.2)"
    run.work("installing", [sys.executable, "-c", silent], log=None)
    shown = capsys.readouterr().out
    for second in (2, 3):
        progress = f"installing · {second} s · " if live else f"installing … {second} s: "
        assert f"{progress}Installing torch" in shown


def test_the_cuda_build_of_torch_is_noticed(
    run: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    says = "import time; print('Collecting nvidia-cudnn-cu13==9'); time.sleep(0.5)"
    run.work("installing torch", [sys.executable, "-u", "-c", says], log=None)
    assert capsys.readouterr().out.count("set PIP_EXTRA_INDEX_URL to the CPU index") == 1


def test_a_failed_check_does_not_hide_the_others(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def python(code: str) -> list[str]:
        return [sys.executable, "-c", code]

    show = python(
        "import os; print('tools', os.environ['UNROLLED_CHROMIUM'], os.environ['UNROLLED_HAPROXY'])"
    )
    monkeypatch.setattr(run, "install", lambda _: None)
    monkeypatch.setattr(run, "find_chromium", lambda: "/a/browser")
    monkeypatch.setattr(run, "find_haproxy", lambda: "/a/haproxy")
    monkeypatch.setattr(
        run, "CHECKS", {"good": python("pass"), "bad": python("raise SystemExit(3)")}
    )
    monkeypatch.setattr(run, "TESTS", {"last": show})
    assert run.run_checks(everything=True) == 1
    rows = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert ["tools", "/a/browser", "/a/haproxy"] in rows
    assert [row[:2] for row in rows if row[-1:] == ["s"] and len(row) == 4] == [
        ["good", "passed"],
        ["bad", "FAILED"],
        ["last", "passed"],
    ]
    assert rows[-1][:2] == ["failed:", "bad"]
    monkeypatch.setattr(run, "CHECKS", {"good": python("pass")})
    assert run.run_checks(everything=True) == 0


def test_no_browser_is_a_failure_not_a_silence(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "install", lambda _: None)
    monkeypatch.setattr(run, "CHECKS", {})
    monkeypatch.setattr(run, "TESTS", {})
    monkeypatch.setattr(run, "installed_chromium", lambda: None)
    monkeypatch.setattr(run, "find_haproxy", lambda: "/a/haproxy")
    monkeypatch.setattr(run, "work", lambda *_: None)
    assert run.run_checks(everything=True) == 1
    shown = capfd.readouterr()
    assert "apt install chromium" in shown.err
    assert "failed: a browser" in shown.out


def test_no_load_balancer_is_a_failure_not_a_silence(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    installs: list[str] = []
    monkeypatch.setattr(run, "install", lambda _: None)
    monkeypatch.setattr(run, "CHECKS", {})
    monkeypatch.setattr(run, "TESTS", {})
    monkeypatch.setattr(run, "find_chromium", lambda: "/a/browser")
    monkeypatch.setattr(run, "installed_haproxy", lambda: None)
    monkeypatch.setattr(run, "work", lambda title, *_: installs.append(title))
    monkeypatch.setattr(run.os, "geteuid", lambda: 0)
    monkeypatch.setattr(run.shutil, "which", lambda name, **_: f"/bin/{name}")
    assert run.run_checks(everything=True) == 1
    shown = capfd.readouterr()
    assert installs == ["reading Debian's package lists", "installing haproxy"]
    assert "apt install haproxy" in shown.err
    assert "failed: a load balancer" in shown.out


def test_a_browser_that_does_not_start_is_passed_over(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, code in (("chromium-browser", 1), ("google-chrome", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UNROLLED_CHROMIUM", raising=False)
    assert run.installed_chromium() == str(tmp_path / "google-chrome")


def test_serving_is_left_to_the_command_unrolled(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    monkeypatch.setattr(run, "install", done.append)
    monkeypatch.setattr(run, "build_page", lambda: done.append("page"))

    def become(_: str, command: list[str]) -> None:
        done.append(command)
        raise SystemExit

    monkeypatch.setattr(run.os, "execv", become)
    for arguments in (["--host", "::1", "--port", "8123", "--no-browser"], []):
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        with pytest.raises(SystemExit):
            run.serve(run.parse_arguments())
    start = [str(run.PYTHON), "-m", "unrolled", "serve", "--host"]
    steps = [["torch", "tools", "project"], "page"]
    assert done == [
        *steps,
        [*start, "::1", "--port", "8123", "--no-browser"],
        *steps,
        [*start, "127.0.0.1"],
    ]


def test_ci_runs_every_test(root: Path) -> None:
    script = (root / ".ci" / "run").read_text()
    assert script.splitlines()[-1] == "exec python3 run.py test"
    assert os.access(root / ".ci" / "run", os.X_OK)


def test_help_names_every_command(root: Path) -> None:
    shown = subprocess.run(
        [sys.executable, root / "run.py", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for word in ("serve", "test", "check", "--port", "--host", "--no-browser"):
        assert word in shown
