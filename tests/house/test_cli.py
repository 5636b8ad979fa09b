"""The command `unrolled`, as a process: what it writes, what it refuses, how it serves."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from house.served import ENVIRONMENT, server
from unrolled import cli

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = """\
h: 2
for t in time:
    h[t] = tanh(W @ h[t-1] + U @ x[t])
"""


def unrolled(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "unrolled", *arguments],
        env=ENVIRONMENT,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
    )


def post(address: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        address + path,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Accept": "application/json"},
    )
    return json.loads(urllib.request.urlopen(request).read())


def outputs(run: dict[str, Any]) -> dict[str, Any]:
    return {output["name"]: output for output in run["outputs"]}


def test_the_version_is_that_of_the_project() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert unrolled("--version").stdout == f"unrolled {project['version']}\n"


def test_the_installed_command_is_the_module() -> None:
    command = Path(sys.executable).parent / "unrolled"
    shown = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == unrolled("--version").stdout


def test_list_shows_what_the_service_lists(live_server: str) -> None:
    answer = json.loads(urllib.request.urlopen(f"{live_server}/v1/architectures").read())
    wanted = [
        one["id"]
        for architecture in answer["architectures"]
        for one in (architecture, *architecture["variants"])
    ]
    head, *rows = unrolled("list").stdout.splitlines()
    assert head.split() == ["id", "section", "title"]
    assert sorted(row.split()[0] for row in rows) == sorted(wanted)
    assert {"lstm", "lstm/book", "gru", "gru/torch"} <= set(wanted)


def test_list_aligns_chinese_titles() -> None:
    shown = unrolled("list", "--lang", "zh").stdout
    assert "长短期记忆" in shown
    starts = {line.index(line.split()[2]) for line in shown.splitlines()[1:]}
    assert len(starts) == 1


def test_run_writes_what_the_service_answers(live_server: str) -> None:
    ended = unrolled("run", "lstm", "--text", "hello")
    assert (ended.returncode, ended.stderr) == (0, "")
    request = {"architecture": "lstm", "inputs": {"x": {"text": "hello"}}}
    assert json.loads(ended.stdout) == post(live_server, "/v1/runs", request)


def test_run_takes_every_option(live_server: str) -> None:
    ended = unrolled(
        *("run", "--text", "unrolled", "--sizes", "h=3", "--seed", "7", "--forcing", "0.5"),
        *("--dtype", "float64", "--variables", "h,f", "--variables", "W_f", "lstm"),
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    request = {
        "architecture": "lstm",
        "inputs": {"x": {"text": "unrolled"}},
        "sizes": {"h": 3},
        "parameters": {"seed": 7},
        "forcing": 0.5,
        "dtype": "float64",
        "variables": ["h", "f", "W_f"],
    }
    document = json.loads(ended.stdout)
    assert document == post(live_server, "/v1/runs", request)
    found = outputs(document)
    assert found["h"]["shape"] == [8, 3]
    assert found["W_f"]["shape"] == [3, 3]
    assert found["h"]["datatype"] == "FP64"


def test_steps_set_the_length_where_no_text_does() -> None:
    ended = unrolled("run", "teacher-forcing", "--steps", "7")
    assert json.loads(ended.stdout)["lengths"] == {"time": 7}


@pytest.mark.parametrize("stdin", [True, False])
def test_own_equations_run_from_a_file_or_from_stdin(tmp_path: Path, stdin: bool) -> None:
    file = tmp_path / "recurrence.txt"
    file.write_text(TEXT.replace("h: 2", "x: onehot(27)\nh: 2"))
    name, given = ("-", file.read_text()) if stdin else (str(file), None)
    ended = unrolled("run", "--equations", name, "--text", "abc", given=given)
    assert (ended.returncode, ended.stderr) == (0, "")
    document = json.loads(ended.stdout)
    assert outputs(document)["h"]["shape"] == [3, 2]
    assert document["symbols"]["x"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "name an architecture"),
        (["run", "lstm", "--equations", "x"], "not both"),
        (["run", "lstn", "--text", "a"], "lstm"),
        (["run", "lstn"], "`unrolled list`"),
        (["run", "lstn", "--lang", "zh"], "`unrolled list`"),
        (["run", __file__], f"unrolled run --equations {__file__}"),
        (["run", "lstm", "--text", "naïve"], "inputs/x"),
        (["run", "lstm", "--text", ""], "inputs/x"),
        (["run", "lstm", "--text", "a", "--forcing", "2"], "forcing"),
        (["run", "lstm", "--text", "a", "--variables", "nothing"], "variables"),
        (["run", "lstm", "--sizes", "h"], "h=16"),
        (["run", "lstm", "--sizes", "h=0"], "h=16"),
        (["run", "teacher-forcing", "--text", "abc"], "--text"),
        (["run", "--equations", "no/such/file"], "no/such/file"),
        (["serve", "--port", "http"], "0 to 65535"),
        (["serve", "--port", "70000"], "0 to 65535"),
        (["serve", "--workers", "0"], "a whole number from 1 on"),
        (["dance"], "serve"),
        ([], "command"),
    ],
)
def test_what_cannot_be_done_is_said_on_stderr_with_code_2(arguments: list[str], said: str) -> None:
    ended = unrolled(*arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_command_line_names_no_addresses() -> None:
    for language in ("en", "zh"):
        said = unrolled("run", "lstn", "--lang", language).stderr
        assert "/v1/" not in said
        assert "GET" not in said


def test_an_error_in_equations_names_line_column_and_cure() -> None:
    ended = unrolled("run", "--equations", "-", given=TEXT.replace("tanh", "tahn"))
    assert ended.returncode == 2
    assert "line 3, column 12" in ended.stderr
    assert "tanh" in ended.stderr


def test_errors_speak_chinese_when_asked() -> None:
    text = TEXT.replace("tanh", "tahn")
    ended = unrolled("run", "--equations", "-", "--lang", "zh", given=text)
    assert ended.returncode == 2
    assert any("\u4e00" <= character <= "\u9fff" for character in ended.stderr)


def test_output_cut_short_by_its_reader_is_no_error() -> None:
    command = f'"{sys.executable}" -m unrolled list | head -n 1'
    ended = subprocess.run(
        ["sh", "-c", command], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["id", "section", "title"]
    assert ended.stderr == ""


# serve -------------------------------------------------------------------------------------------


def test_one_line_says_where_it_is_once_it_answers() -> None:
    with server("--port", "0") as served:
        assert served.line.startswith("unrolled is at http://127.0.0.1:")
        assert urllib.request.urlopen(f"{served.address}/healthz").status == 200


def test_the_first_page_does_not_wait_for_torch() -> None:
    with server("--port", "0", PYTHONPROFILEIMPORTTIME="1") as served:
        assert served.line.startswith("unrolled is at")
        said = served.log.read_text()
    imported = [line.rsplit("|", 1)[-1].strip() for line in said.splitlines()]
    assert "fastapi" in imported
    assert "torch" not in imported


def test_a_taken_port_gives_the_next_free_one() -> None:
    with ExitStack() as taken:
        first = hold_ports(taken, 8000, 2)
        with server() as served:
            port = int(served.address.rpartition(":")[2])
    assert first < port <= 8099


def test_a_taken_port_that_was_asked_for_is_an_error_with_a_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = unrolled("serve", "--no-browser", "--port", str(port))
    assert ended.returncode == 2
    assert f"port {port} is in use: leave --port out" in ended.stderr


def test_an_address_that_is_not_here_is_an_error_with_a_cure() -> None:
    ended = unrolled("serve", "--no-browser", "--host", "192.0.2.1")
    assert ended.returncode == 2
    assert "`192.0.2.1` is no address of this machine: leave --host out" in ended.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_ends_quietly_when_told_to(number: int, code: int) -> None:
    with server("--port", "0") as served:
        assert served.address
        served.process.send_signal(number)
        assert served.rest() == ""
        assert served.process.wait(timeout=15) == code
        assert "Traceback" not in served.log.read_text()


def test_the_browser_is_opened_at_the_page(tmp_path: Path) -> None:
    note = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{note}"\n')
    browser.chmod(0o755)
    with server("--port", "0", BROWSER=str(browser), DISPLAY=":0") as served:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not (note.exists() and note.read_text()):
            time.sleep(0.05)
    assert note.read_text().strip() == f"{served.address}/"


@pytest.mark.parametrize(
    ("platform", "arguments", "environment", "opens"),
    [
        ("linux", [], {"DISPLAY": ":0"}, True),
        ("linux", [], {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", [], {}, False),
        ("linux", ["--no-browser"], {"DISPLAY": ":0"}, False),
        ("linux", [], {"DISPLAY": ":0", "CI": "true"}, False),
        ("darwin", [], {}, True),
        ("darwin", ["--no-browser"], {}, False),
        ("win32", [], {"CI": "true"}, False),
    ],
)
def test_a_browser_is_opened_only_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    arguments: list[str],
    environment: dict[str, str],
    opens: bool,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cli.sys, "platform", platform)
    assert cli.has_browser(cli.parse_arguments(["serve", *arguments])) is opens


def hold_ports(taken: ExitStack, first: int, count: int) -> int:
    """Hold ports from `first` on, as far as nobody else does; the last one held or taken."""
    for port in range(first, first + count):
        try:
            taken.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            continue
    return first + count - 1
