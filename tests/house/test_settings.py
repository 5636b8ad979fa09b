"""Settings: environment over file over default; what is wrong is named with its place and cure."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from unrolled.settings import PREFIX, Settings, SettingsError, given, read_settings, rows, toml

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def unrolled(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "unrolled", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "backend"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("unrolled.toml").write_text("max_steps = 5\nmax_bytes = 6\n")
    monkeypatch.setenv("UNROLLED_MAX_STEPS", "7")
    settings = read_settings()
    assert (settings.max_steps, settings.max_bytes) == (7, 6)
    assert settings.threads == Settings.model_fields["threads"].default
    origins = {name: origin for name, _, origin, _ in rows(given())}
    assert origins["max_steps"] == "environment"
    assert origins["max_bytes"] == "file"
    assert origins["threads"] == "default"


def test_a_named_file_is_read_in_the_place_of_the_usual_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("unrolled.toml").write_text("max_steps = 5\n")
    Path("other.toml").write_text("max_bytes = 6\n")
    monkeypatch.setenv("UNROLLED_SETTINGS", "other.toml")
    assert read_settings().max_bytes == 6
    assert read_settings().max_steps == Settings.model_fields["max_steps"].default


@pytest.mark.parametrize("value", ['"a.example, b.example"', '["a.example", "b.example"]'])
def test_hosts_are_a_list_or_a_text_with_commas(value: str) -> None:
    Path("unrolled.toml").write_text(f"hosts = {value}\n")
    assert read_settings().hosts == ("a.example", "b.example")


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_HOSTS", "")
    monkeypatch.setenv("UNROLLED_THREADS", "")
    assert read_settings() == Settings.model_construct()


@pytest.mark.parametrize(
    "name", ["UNROLLED_CHROMIUM", "UNROLLED_PORT_8000_TCP", "UNROLLED_SERVICE_HOST"]
)
def test_variables_of_others_are_let_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "tcp://192.0.2.1:8000")
    assert read_settings() == Settings.model_construct()


FILES = [
    ("max_step = 5", ["`max_step` in unrolled.toml", "did you mean `max_steps`?"]),
    ("colour = 'red'", ["`colour` in unrolled.toml", "`unrolled settings` lists all"]),
    ("max_steps = 0", ["`max_steps` in unrolled.toml", "a whole number from 1 on"]),
    ("max_steps = 'many'", ["`max_steps` in unrolled.toml", "a whole number from 1 on"]),
    ("hosts = 3", ["`hosts` in unrolled.toml", "names separated by commas"]),
    ("[service]\nthreads = 2", ["`service` in unrolled.toml", "is no setting"]),
    ("max_steps: 5", ["unrolled.toml is no TOML", "line 1", "`max_steps = 20000`"]),
]


@pytest.mark.parametrize(("text", "said"), FILES)
def test_what_is_wrong_in_the_file_is_named(text: str, said: list[str]) -> None:
    Path("unrolled.toml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        read_settings()
    for part in said:
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("UNROLLED_MAX_STEP", "5", "did you mean `UNROLLED_MAX_STEPS`?"),
        ("UNROLLED_MAX_STEPS", "x", "UNROLLED_MAX_STEPS in the environment does not fit"),
        ("UNROLLED_SETTINGS", "no/such.toml", "no/such.toml cannot be read"),
    ],
)
@pytest.mark.parametrize("command", [["serve", "--no-browser"], ["run", "lstm"], ["settings"]])
def test_every_command_says_what_is_wrong_in_the_environment_without_a_traceback(
    command: list[str], name: str, value: str, said: str
) -> None:
    ended = unrolled(*command, **{name: value})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_several_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("unrolled.toml").write_text("max_steps = 0\n")
    monkeypatch.setenv("UNROLLED_MAX_BYTES", "0")
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert len(str(raised.value).splitlines()) == 2


def test_settings_are_listed_in_columns_with_their_origin() -> None:
    Path("unrolled.toml").write_text("max_steps = 5\n")
    shown = unrolled("settings", UNROLLED_MAX_BYTES="6").stdout.splitlines()
    assert [line.split()[0] for line in shown[1:]] == list(Settings.model_fields)
    assert len({line.index(line.split()[2]) for line in shown}) == 1
    table = {line.split()[0]: line.split()[1:3] for line in shown}
    assert table["max_steps"] == ["5", "file"]
    assert table["max_bytes"] == ["6", "environment"]


def test_the_settings_file_that_is_written_reads_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_MAX_STEPS", "7")
    monkeypatch.setenv("UNROLLED_HOSTS", "a.example,[::1]")
    before = read_settings()
    text = toml(given())
    monkeypatch.delenv("UNROLLED_MAX_STEPS")
    monkeypatch.delenv("UNROLLED_HOSTS")
    Path("saved.toml").write_text(text)
    monkeypatch.setenv("UNROLLED_SETTINGS", "saved.toml")
    assert read_settings() == before
    assert all(f"# {field.description}" in text for field in Settings.model_fields.values())


def test_run_heeds_the_file_that_it_is_given() -> None:
    Path("small.toml").write_text("max_steps = 3\n")
    ended = unrolled("run", "lstm", "--text", "hello", "--settings", "small.toml")
    assert ended.returncode == 2
    assert "3" in ended.stderr
    assert unrolled("run", "lstm", "--text", "abc", "--settings", "small.toml").returncode == 0


def test_the_page_for_those_who_run_it_lists_every_setting_with_its_default() -> None:
    page = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) \|", page, re.MULTILINE))
    for name, field in Settings.model_fields.items():
        default = listed.pop(name)
        assert Settings.model_validate({name: default}).model_dump()[name] == field.default


def test_the_page_for_those_who_run_it_lists_every_metric() -> None:
    import prometheus_client

    from unrolled.service import metrics

    page = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    kinds = (prometheus_client.Counter, prometheus_client.Gauge, prometheus_client.Histogram)
    own = [one for one in vars(metrics).values() if isinstance(one, kinds)]
    wanted = {
        family.name + ("_total" if family.type == "counter" else "")
        for one in own
        for family in one.collect()
    }
    assert len(wanted) == len(own)
    assert set(re.findall(r"`(unrolled_\w+)`", page)) == wanted
