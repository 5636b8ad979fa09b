"""Settings of the service, from the environment: `UNROLLED_HOSTS`, `UNROLLED_MAX_STEPS`, …"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """What may differ from one installation to the next. Every limit is checked before running."""

    model_config = SettingsConfigDict(env_prefix="UNROLLED_", frozen=True, extra="ignore")

    hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="Names the service answers to, separated by commas; `*` for any.",
    )
    workers: int = Field(
        default=2, ge=1, description="Threads that run torch, one torch thread each."
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
        default=20_000_000_000, ge=1, description="Floating-point operations."
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

    @field_validator("hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value
