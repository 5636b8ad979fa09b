"""Loads the files that stand outside the package, `run.py` and `hatch_build.py`, as modules."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def load(file: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(f"house_{file.stem}", file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def run(root: Path) -> ModuleType:
    """A fresh copy of `run.py` as a module: tests may change its tables."""
    return load(root / "run.py")


@pytest.fixture
def hatch_build(root: Path) -> ModuleType:
    """A fresh copy of `hatch_build.py` as a module."""
    return load(root / "hatch_build.py")
