"""The command `unrolled`: `serve` the page, `run` an architecture into JSON, `list` the catalogue,
show the `settings`.

`python3 run.py` ends in `unrolled serve`, and `unrolled run` answers what `POST /v1/runs` answers.
Rooms are imported where they are used: `--help` and `list` must not wait for torch.
"""

from __future__ import annotations

import argparse
import errno
import math
import os
import socket
import sys
import threading
import unicodedata
import webbrowser
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unrolled import __version__

if TYPE_CHECKING:
    from unrolled.catalogue import Catalogue
    from unrolled.language import Recurrence
    from unrolled.settings import Settings

PORT = 8000
TRIES = 100
"""How many ports after the first are tried when it is taken."""


class Usage(Exception):
    """What was asked cannot be done; the message says what is wrong and what to do instead."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    if getattr(options, "settings", None) is not None:
        os.environ["UNROLLED_SETTINGS"] = options.settings  # processes that serve read it too
    try:
        options.work(options)
    except Usage as error:
        print(f"unrolled: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # the reader of our output (`| head`) has seen enough; keep Python's own flush quiet
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="unrolled",
        description="Write a recurrence the way the book writes it; see it unfold and run.",
    )
    parser.add_argument("--version", action="version", version=f"unrolled {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    command = commands.add_parser("serve", help="serve the page and the REST interface")
    command.set_defaults(work=serve)
    command.add_argument("--host", default="127.0.0.1", help="address to serve on (127.0.0.1)")
    command.add_argument("--port", type=port_number, help=f"port ({PORT}, or the next free one)")
    command.add_argument("--no-browser", action="store_true", help="do not open a browser")
    command.add_argument("--workers", metavar="N", type=count, help="processes on the one port (1)")
    command.add_argument(
        "--log",
        choices=["auto", "json", "text", "off"],
        help="form of the log on stderr (auto: text on a terminal, else JSON)",
    )
    add_settings(command)

    command = commands.add_parser("settings", help="list the settings and where they come from")
    command.set_defaults(work=show_settings)
    command.add_argument("--toml", action="store_true", help="as a settings file, to be saved")
    add_settings(command)

    command = commands.add_parser("list", help="list the catalogue")
    command.set_defaults(work=list_catalogue)
    command.add_argument("--lang", choices=["en", "zh"], default="en", help="language of titles")

    command = commands.add_parser(
        "run",
        help="run an architecture and write the JSON of POST /v1/runs",
        description="Runs an architecture of the catalogue, or your own equations, and writes the "
        "JSON that POST /v1/runs answers.",
    )
    command.set_defaults(work=run)
    command.add_argument("architecture", nargs="?", help="an id that `unrolled list` shows")
    command.add_argument("--equations", metavar="FILE", help="your own text instead (- for stdin)")
    command.add_argument("--text", help="text for the one-hot input, a character a step")
    command.add_argument("--steps", type=int, help="steps of the first domain, without --text")
    command.add_argument(
        "--sizes", action="extend", default=[], metavar="h=16", type=sizes, help="sizes of vectors"
    )
    command.add_argument("--seed", type=int, help="seed of the parameters")
    command.add_argument("--forcing", type=float, help="probability of the target in force()")
    command.add_argument("--dtype", choices=["float32", "float64"], help="precision (float32)")
    command.add_argument(
        "--variables",
        action="extend",
        metavar="h,f",
        type=lambda names: names.split(","),
        help="what to write (every variable and input)",
    )
    command.add_argument("--lang", choices=["en", "zh"], default="en", help="language of errors")
    add_settings(command)
    return parser.parse_args(arguments)


def add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--settings",
        metavar="FILE",
        help="settings, as `unrolled settings --toml` writes them (unrolled.toml, if it is there)",
    )


def port_number(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"`{text}` is no port: give a number from 0 to 65535")
    return int(text)


def count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no count: give a whole number from 1 on")
    return int(text)


def sizes(text: str) -> list[tuple[str, int]]:
    """`h=16,x=4` as pairs."""
    found: list[tuple[str, int]] = []
    for part in text.split(","):
        name, _, number = part.partition("=")
        if not (name and number.isdecimal() and int(number) > 0):
            raise argparse.ArgumentTypeError(f"`{part}` is no size: write for example h=16")
        found.append((name, int(number)))
    return found


# serve -------------------------------------------------------------------------------------------


def serve(options: argparse.Namespace) -> None:
    """Serve until Ctrl+C; say in one line where, once it answers, and open the browser there."""
    import uvicorn

    from unrolled.service import logs, processes
    from unrolled.service.connections import Connection

    if options.workers is not None:
        os.environ["UNROLLED_WORKERS"] = str(options.workers)
    if options.log is not None:
        os.environ["UNROLLED_LOG"] = options.log
    settings = settings_in_force()
    listening = listen(options.host, options.port)
    config = uvicorn.Config(
        "unrolled.service.app:app",
        http=Connection,
        workers=settings.workers,
        log_config=logs.configuration(settings.log),
        access_log=False,
        timeout_graceful_shutdown=math.ceil(settings.grace) + 4,
    )
    tell = partial(say, address_of(listening), has_browser(options))
    processes.let_go_of_stalled(listening, settings.max_stall_seconds)
    try:
        if settings.workers == 1:
            processes.serve_alone(config, listening, tell)
        else:
            processes.serve_together(config, listening, tell, settings.drain + settings.grace)
    except processes.StartError as error:
        raise Usage("the service cannot start: what is said above is the reason") from error


def address_of(listening: socket.socket) -> str:
    """The address that a person types for a socket."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"


def say(address: str, open_browser: bool) -> None:
    print(f"unrolled is at {address} (Ctrl+C ends it)", flush=True)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()


def listen(host: str, port: int | None) -> socket.socket:
    """A listening socket on the port; without one, on the first free port from 8000 on."""
    candidates = range(PORT, PORT + TRIES) if port is None else [port]
    for candidate in candidates:
        try:
            family = socket.getaddrinfo(host, candidate, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((host, candidate), family=family, backlog=2048)
        except socket.gaierror as error:
            raise Usage(f"`{host}` is no address of this machine: leave --host out") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            if error.errno == errno.EADDRNOTAVAIL:
                message = f"`{host}` is no address of this machine: leave --host out"
                raise Usage(message) from error
            if error.errno == errno.EACCES:
                raise Usage(f"port {candidate} is not yours: take one above 1023") from error
            raise
    if port is None:
        raise Usage(f"ports {PORT} to {PORT + TRIES - 1} are all in use: give one with --port")
    raise Usage(f"port {port} is in use: leave --port out for the next free one, or give another")


def has_browser(options: argparse.Namespace) -> bool:
    """Whether there is somebody with a screen: not in CI, nor on Linux without a display."""
    if options.no_browser or os.environ.get("CI"):
        return False
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


# list --------------------------------------------------------------------------------------------


def list_catalogue(options: argparse.Namespace) -> None:
    """Write a table of the catalogue: id, section of the book, title."""
    from unrolled.catalogue import read_catalogue

    rows = [("id", "section", "title")]
    for architecture in read_catalogue().architectures.values():
        title = architecture.titles[options.lang]
        rows.append((architecture.id, architecture.entry.section, title))
    print_table(rows)


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Write rows as columns that are as wide as their widest cell."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)
        )
        print("  ".join(cells).rstrip())


def columns(text: str) -> int:
    """How wide a terminal draws the text: Chinese characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


# settings ----------------------------------------------------------------------------------------


def show_settings(options: argparse.Namespace) -> None:
    """Write every setting with its value, its origin and what it is; or a settings file."""
    from unrolled.settings import SettingsError, given, rows, toml

    try:
        found = given()
        if options.toml:
            print(toml(found), end="")
        else:
            print_table([("setting", "value", "from", "what it is"), *rows(found)])
    except SettingsError as error:
        raise Usage(str(error)) from error


def settings_in_force() -> Settings:
    """The settings of environment and file."""
    from unrolled.settings import SettingsError, read_settings

    try:
        return read_settings()
    except SettingsError as error:
        raise Usage(str(error)) from error


# run ---------------------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> None:
    """Write the document that `POST /v1/runs` answers to the same request."""
    from pydantic import ValidationError

    from unrolled.catalogue import read_catalogue
    from unrolled.service.problems import ProblemError, faults_of
    from unrolled.service.results import whole_run
    from unrolled.service.runs import begin, plan
    from unrolled.service.schemas import RunRequest
    from unrolled.service.workers import prepare_thread

    settings = settings_in_force()
    catalogue = read_catalogue()
    try:
        try:
            request = RunRequest.model_validate(request_body(options, catalogue))
        except ValidationError as error:
            raise ProblemError("invalid-request", faults_of(error.errors())) from error
        found = plan(request, catalogue, settings)
        prepare_thread()
        document = whole_run(found, begin(found))
    except ProblemError as error:
        raise Usage(in_words(error.document(options.lang))) from error
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()


def request_body(options: argparse.Namespace, catalogue: Catalogue) -> dict[str, Any]:
    """The body of the request that the options stand for; what is not given is left out."""
    if options.architecture is None and options.equations is None:
        raise Usage("name an architecture (`unrolled list` shows them) or give --equations FILE")
    if options.architecture is not None and Path(options.architecture).is_file():
        raise Usage(
            f"for equations in a file write: unrolled run --equations {options.architecture}"
        )
    if options.architecture is not None and options.equations is not None:
        raise Usage("give an architecture or --equations, not both")
    body: dict[str, Any] = {
        "architecture": options.architecture,
        "equations": None if options.equations is None else read_text(options.equations),
        "sizes": dict(options.sizes),
        "inputs": {},
    }
    if options.text is not None:
        body["inputs"] = text_inputs(body, options.text, catalogue)
    if options.steps is not None:
        body["lengths"] = {first_domain(body, catalogue): options.steps}
    if options.seed is not None:
        body["parameters"] = {"seed": options.seed}
    for name in ("forcing", "dtype", "variables"):
        if getattr(options, name) is not None:
            body[name] = getattr(options, name)
    return body


def read_text(file: str) -> str:
    """The contents of a file, or of stdin for `-`."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{file} cannot be read: {error}") from error


def recurrence_of(body: dict[str, Any], catalogue: Catalogue) -> Recurrence:
    """The recurrence a request is about. Raises `ProblemError`, as the run itself would."""
    from unrolled.service.runs import find, read

    architecture = find(body["architecture"], catalogue)
    return read(architecture.equations if architecture else body["equations"], body["sizes"])


def first_domain(body: dict[str, Any], catalogue: Catalogue) -> str:
    for name in recurrence_of(body, catalogue).domains:
        return name
    raise Usage("these equations have no domain that could have steps: leave --steps out")


def text_inputs(body: dict[str, Any], text: str, catalogue: Catalogue) -> dict[str, Any]:
    """The text goes to the first one-hot input; own equations' other ones look one step ahead."""
    variables = recurrence_of(body, catalogue).variables.values()
    names = [one.name for one in variables if one.kind == "input" and one.one_hot]
    if not names:
        raise Usage("no input of this architecture is one-hot: leave --text out")
    ahead = [] if body["architecture"] else names[1:]
    return {names[0]: {"text": text}, **{name: {"next": names[0]} for name in ahead}}


def in_words(problem: dict[str, Any]) -> str:
    """A problem document for a terminal: what is wrong, then each place with its cure."""
    lines = [f"{problem['title']}." if problem["errors"] else problem["detail"]]
    for error in problem["errors"]:
        if "line" in error:
            place = f"line {error['line']}, column {error['column']}"
        else:
            place = error.get("pointer", "").lstrip("/") or "request"
        hint = error["hint"].replace("GET /v1/architectures", "`unrolled list`")
        lines.append(f"  {place}: {error['detail']} {hint}")
    return "\n".join(lines)
