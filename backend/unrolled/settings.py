"""Settings of the service: from the environment, else from a TOML file, else what stands here.

`UNROLLED_MAX_STEPS` in the environment is `max_steps` in the file. The file is the one that
`UNROLLED_SETTINGS` names, or `unrolled.toml` in the working directory. `read_settings` reads both
and says what is wrong with either; `Settings()` alone reads the environment.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "UNROLLED_"
FILE = "unrolled.toml"
NAMES_FILE = "UNROLLED_SETTINGS"

OTHERS = {"CHROMIUM", "HAPROXY", "SETTINGS", "SKIP_FRONTEND"}
"""Variables of the environment with our prefix that are no settings of the service."""

SERVICE_LINK = re.compile(r"(SERVICE_HOST|SERVICE_PORT|PORT)(_.*)?")
"""What Kubernetes puts into the environment of its containers for a service called `unrolled`."""


class Settings(BaseSettings):
    """What may differ from one installation to the next. Every limit is checked before running."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="Names the service answers to, separated by commas; `*` for any.",
    )
    workers: int = Field(default=1, ge=1, description="Processes that serve on the one port.")
    threads: int = Field(
        default=2, ge=1, description="Threads of a process that run torch, one torch thread each."
    )
    max_body_bytes: int = Field(
        default=4 * 2**20, ge=1_000, description="Bytes of a request's body."
    )
    max_equations: int = Field(
        default=20_000, ge=100, description="Characters of a recurrence's text."
    )
    max_parameters: int = Field(
        default=4_000_000, ge=1, description="Numbers in all parameters together."
    )
    max_steps: int = Field(default=20_000, ge=1, description="Steps of all domains together.")
    max_operations: int = Field(
        default=20_000_000_000, ge=1, description="Floating-point operations of a run."
    )
    max_bytes: int = Field(default=256 * 2**20, ge=1, description="Bytes of recorded values.")
    max_runs: int = Field(
        default=64, ge=1, description="Runs at once, waiting ones among them; further ones get 503."
    )
    max_total_bytes: int = Field(
        default=2**30, ge=1, description="Bytes of values that all runs at once record together."
    )
    cache_bytes: int = Field(
        default=64 * 2**20, ge=0, description="Bytes of answers that are kept, to be given again."
    )
    allow_weights: bool = Field(
        default=False, description="Whether clients may put files of weights here."
    )
    weights_folder: Path = Field(
        default=Path("auto"),
        description="Folder of the weights; `auto`: one in the cache folder of the user.",
    )
    max_weights_bytes: int = Field(
        default=64 * 2**20, ge=1_000, description="Bytes of a file of weights."
    )
    max_weights_tensors: int = Field(
        default=1_000, ge=1, description="Tensors in a file of weights."
    )
    max_weights_folder_bytes: int = Field(
        default=2**30,
        ge=1_000,
        description="Bytes of all weights; beyond, those that were not used for longest go.",
    )
    max_seconds: float = Field(
        default=60.0, ge=0.001, allow_inf_nan=False, description="Seconds that a run may compute."
    )
    max_stall_seconds: float = Field(
        default=60.0,
        ge=0.1,
        allow_inf_nan=False,
        description="Seconds after which a reader that takes nothing is let go (on Linux).",
    )
    grace: float = Field(
        default=5.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that streams have to end when the service is stopped.",
    )
    drain: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds in which connections are still taken after SIGTERM, while /readyz "
        "says no.",
    )
    log: Literal["auto", "json", "text", "off"] = Field(
        default="auto",
        description="Form of the log on stderr; `auto`: on a terminal text, else JSON.",
    )

    @field_validator("hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value


class SettingsError(Exception):
    """A setting cannot be used; the message names where it stands, what it is called, and the cure."""


@dataclass(frozen=True)
class Given:
    """What was set, and where: name → value, as written."""

    file: Path | None
    in_file: Mapping[str, Any]
    in_environment: Mapping[str, str]

    def origin(self, name: str) -> str:
        """`environment`, `file` or `default`: where the value of a setting comes from."""
        if name in self.in_environment:
            return "environment"
        return "file" if name in self.in_file else "default"

    def place(self, name: str) -> str:
        """Where a setting stands and what it is called there."""
        if name in self.in_environment:
            return f"{PREFIX}{name.upper()} in the environment"
        return f"`{name}` in {self.file}"


def read_settings() -> Settings:
    """The settings in force. Raises `SettingsError`."""
    return settings_of(given())


def settings_of(found: Given) -> Settings:
    """The settings that follow from what was set. Raises `SettingsError`."""
    from_file = {k: v for k, v in found.in_file.items() if k not in found.in_environment}
    try:
        return Settings(**from_file)
    except ValidationError as error:
        names = dict.fromkeys(str(one["loc"][0]) for one in error.errors())
        wrong = [f"{found.place(name)} does not fit: give {cure(name)}" for name in names]
        raise SettingsError("\n".join(wrong)) from None


def given() -> Given:
    """What the environment and the file set. Raises `SettingsError` for names nobody knows."""
    file, in_file = read_file()
    in_environment: dict[str, str] = {}
    for variable, value in os.environ.items():
        if not variable.upper().startswith(PREFIX):
            continue
        name = variable[len(PREFIX) :]
        if name.upper() in OTHERS or SERVICE_LINK.fullmatch(name.upper()):
            continue
        check_name(name.lower(), f"{variable} in the environment", PREFIX)
        if value:
            in_environment[name.lower()] = value
    for name in in_file:
        check_name(name, f"`{name}` in {file}", "")
    return Given(file, in_file, in_environment)


def read_file() -> tuple[Path | None, dict[str, Any]]:
    """The settings file, if there is one, and what stands in it. Raises `SettingsError`."""
    named = os.environ.get(NAMES_FILE)
    file = Path(named or FILE)
    if not named and not file.is_file():
        return None, {}
    try:
        return file, tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"the settings file {file} cannot be read ({error.strerror}): name another"
        raise SettingsError(message) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = (
            f"the settings file {file} is no TOML: {error}; write lines like `max_steps = 20000`"
        )
        raise SettingsError(message) from None


def check_name(name: str, place: str, prefix: str) -> None:
    """Refuse a name that is none of a setting, with the nearest one. Raises `SettingsError`."""
    if name not in Settings.model_fields:
        near = get_close_matches(name, list(Settings.model_fields), 1)
        written = prefix + near[0].upper() if prefix and near else "".join(near)
        meant = f"did you mean `{written}`? " if near else ""
        raise SettingsError(f"{place} is no setting: {meant}`unrolled settings` lists all")


def cure(name: str) -> str:
    """What a setting may be, as the end of a sentence."""
    field = Settings.model_fields[name]
    least = next((one.ge for one in field.metadata if hasattr(one, "ge")), None)
    if field.annotation is int:
        return f"a whole number from {least:,} on".replace(",", "")
    if field.annotation is bool:
        return "true or false"
    if field.annotation is Path:
        return "the name of a folder"
    if field.annotation is float:
        return f"a number from {least:g} on"
    if choices := [one for one in get_args(field.annotation) if isinstance(one, str)]:
        return "one of " + ", ".join(f"`{one}`" for one in choices)
    return "names separated by commas"


def rows(found: Given) -> list[tuple[str, str, str, str]]:
    """Every setting: name, value, where it comes from, what it is. Raises `SettingsError`."""
    values = settings_of(found)
    return [
        (name, shown(getattr(values, name)), found.origin(name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def toml(found: Given) -> str:
    """A settings file with the values in force, a comment above each. Raises `SettingsError`."""
    values = settings_of(found)
    lines = ["# Settings of unrolled. The environment wins over this file."]
    for name, field in Settings.model_fields.items():
        lines += [
            "",
            f"# {field.description}",
            f"# In the environment: {PREFIX}{name.upper()}",
            f"{name} = {json.dumps(getattr(values, name), ensure_ascii=False, default=str)}",
        ]
    return "\n".join(lines) + "\n"
