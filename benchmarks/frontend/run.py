"""The page in a browser: processor time of its frames, beside other ways to draw the same graph.

    python benchmarks/frontend/run.py [--only rivals page stream size] [--limit 120]

rivals   The unrolled LSTM by the page's own stage, as D3 with SVG, by cytoscape, and laid out by dagre.
page     The whole page at 20, 10,000 and 100,000 steps: first picture, pan at every zoom level, zoom, play, heap.
stream   A run of 10,000 steps of an LSTM with 512 units, as it arrives: the longest task of the page's thread.
size     What the page loads, compressed.

Time is processor time of the page's main thread (Chromium's thread ticks), so that another busy core matters
little. Rasterizing happens in other threads and is in no figure. Needs `pip install -e '.[dev]'` and Chromium
(UNROLLED_CHROMIUM names another one).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Response, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

import hatch_build  # noqa: E402

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RIVALS = ("unrolled", "d3", "cytoscape", "dagre")
RIVAL_STEPS = (20, 200, 2_000, 10_000)
STEPS = (20, 10_000, 100_000)
FRAMES = 60
LIMITS = {"STEPS": 10**6, "OPERATIONS": 10**14, "BYTES": 2**33}
"""What the server allows here: more than it would by itself."""

ZOOM_LEVELS = {"far": 12, "steps": 4, "fitted": 0, "inside": -4}
"""Turns of the wheel away from the fitted picture; negative ones come nearer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parts = {"rivals": rivals, "page": page_table, "stream": stream_table, "size": size_table}
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--limit", type=float, default=120, help="seconds a rival may take")
    options = parser.parse_args()
    hatch_build.build(ROOT, print)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder, server() as at:
        path = os.environ.get("UNROLLED_CHROMIUM") or shutil.which("chromium")
        launch = partial(playwright.chromium.launch, executable_path=path, args=list(FLAGS))
        for name in options.only:
            parts[name](launch, at, Path(folder), options.limit)


@contextmanager
def server() -> Iterator[str]:
    """The service on a free port, with limits that let long runs through."""
    port = free_port()
    environment = {**os.environ, **{f"UNROLLED_MAX_{name}": str(n) for name, n in LIMITS.items()}}
    command = [sys.executable, "-m", "unrolled", "serve", "--no-browser", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Meter:
    """Processor seconds of a page's main thread."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds(self) -> float:
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    def of(self, work: Callable[[], object]) -> float:
        before = self.seconds()
        work()
        return self.seconds() - before

    def frames(self, each: Callable[[int], object]) -> list[float]:
        """Seconds of each of some frames, beginning with what `each` does."""
        taken, before = [], self.seconds()
        for number in range(FRAMES):
            each(number)
            self.page.evaluate(
                "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
            )
            now = self.seconds()
            taken.append(now - before)
            before = now
        return taken

    def heap(self) -> tuple[float, float]:
        """Megabytes of the script's objects, and of their arrays, after collecting what is dead."""
        self.session.send("HeapProfiler.enable")
        self.session.send("HeapProfiler.collectGarbage")
        usage = self.session.send("Runtime.getHeapUsage")
        return usage["usedSize"] / 1e6, usage.get("backingStorageSize", 0) / 1e6


def milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1e3:,.2f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(row)} |")
    print(flush=True)


def rivals(launch: Any, address: str, folder: Path, limit: float) -> None:
    hatch_build.install(HERE, print)
    vite = ROOT / "frontend" / "node_modules" / "vite" / "bin" / "vite.js"
    with hatch_build.node_on_path() as environment:
        node = shutil.which("node", path=environment["PATH"])
        command = [str(node), str(vite), "build", "--outDir", str(folder)]
        subprocess.run(command, cwd=HERE, env=environment, check=True)
    with urllib.request.urlopen(f"{address}/v1/architectures/lstm") as answer:
        recurrence = json.load(answer)["recurrence"]
    described = {"graph": recurrence["graph"], "domains": recurrence["domains"]}
    (folder / "described.json").write_text(json.dumps(described))
    with files(folder) as place:
        counts = {steps: contest(place, "count", steps, limit) for steps in RIVAL_STEPS}
        found = {
            (name, steps): contest(place, name, steps, limit)
            for steps in RIVAL_STEPS
            for name in RIVALS
        }
    for label, index in (("First picture", 0), ("Pan, a frame", 1), ("Zoom, a frame", 2)):
        print(f"\n{label}: milliseconds, and how many times the page's own\n")
        names = RIVALS if index == 0 else RIVALS[:-1]
        rows = []
        for steps in RIVAL_STEPS:
            own = found["unrolled", steps][index]
            cells = [cell(found[name, steps], index, own, limit) for name in names]
            rows.append([f"{steps:,}", *(f"{each:,.0f}" for each in counts[steps][:2]), *cells])
        table(["steps", "nodes", "edges", *names], rows)


def cell(taken: Sequence[float], index: int, own: float, limit: float) -> str:
    if len(taken) <= index:
        return f"over {limit:.0f} s" if len(taken) == index else "–"
    ratio = taken[index] / own
    times = "" if ratio == 1 else f" ({ratio:,.{0 if ratio >= 10 else 1}f}×)"
    return f"{taken[index] * 1e3:,.2f}{times}"


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """The harness on a free port of the loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


def contest(place: str, name: str, steps: int, limit: float) -> list[float]:
    """Seconds of the first picture, of a frame of panning, and of one of zooming, as far as the limit lets it come.

    A browser and a Python of its own: a page that holds its thread can only be ended from outside.
    """
    command = [sys.executable, str(HERE / "contest.py"), place, name, str(steps)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    timer = threading.Timer(limit, os.killpg, [process.pid, signal.SIGKILL])
    timer.start()
    taken = [float(line) for line in process.stdout]
    process.wait()
    timer.cancel()
    return taken


def page_table(launch: Any, address: str, _folder: Path, _limit: float) -> None:
    rows, heaps = [], []
    for steps in STEPS:
        browser: Browser = launch()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        meter = Meter(page)
        page.goto(
            f"{address}/lstm?view=unfolded&step=1&lang=en&generate.x=symbols&lengths=time:{steps}"
        )
        page.wait_for_selector(".figure-mirror [data-node]", state="attached")
        first = meter.seconds()
        wait_for_the_end(page)
        page.wait_for_timeout(1_000)
        rows += frame_rows(page, meter, steps, first)
        used, arrays = meter.heap()
        data = page.evaluate(NUMBERS_SENT) / 1e6
        heaps.append([f"{steps:,}", f"{used:.1f}", f"{arrays:.1f}", f"{data:.1f}"])
        browser.close()
    print(
        "\nThe whole page, an LSTM of 8 units: milliseconds of the main thread, median and p95 of a frame\n"
    )
    table(["steps", "what", "median", "p95", "first picture"], rows)
    print(
        "Memory after all of it, MB: objects, arrays, and what of these are the numbers of the run\n"
    )
    table(["steps", "objects", "arrays", "numbers"], heaps)


def frame_rows(page: Page, meter: Meter, steps: int, first: float) -> list[list[str]]:
    """Pan at every zoom level, zoom, and play, frame by frame."""
    canvas = page.locator(".figure-stage canvas").bounding_box()
    assert canvas is not None
    x, y = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
    rows = []

    def add(what: str, taken: list[float], picture: float | None = None) -> None:
        taken = sorted(taken)
        p95 = taken[int(len(taken) * 0.95)]
        rows.append([
            f"{steps:,}", what, milliseconds(statistics.median(taken)), milliseconds(p95),
            milliseconds(picture) if picture else "",
        ])  # fmt: skip

    for level, turns in ZOOM_LEVELS.items():
        page.get_by_role("button", name="Fit").click()
        page.wait_for_timeout(600)
        page.mouse.move(x, y)
        for _ in range(abs(turns)):
            page.mouse.wheel(0, 240 if turns > 0 else -240)
            page.wait_for_timeout(40)
        page.mouse.down()
        taken = meter.frames(lambda i: page.mouse.move(x + 9 * ((i + 1) % 20), y))
        page.mouse.up()
        page.wait_for_timeout(300)
        add(f"pan, {level}", taken, first if level == "far" else None)
    page.mouse.move(x, y)
    add("zoom", meter.frames(lambda i: page.mouse.wheel(0, 60 if i % 20 < 10 else -60)))
    page.get_by_role("button", name="Fit").click()
    page.wait_for_timeout(600)
    page.keyboard.press(" ")
    add("play", meter.frames(lambda i: None))
    page.keyboard.press(" ")
    return rows


def wait_for_the_end(page: Page) -> None:
    """A run has its loss when it is over."""
    page.locator(".run-status b").wait_for(timeout=300_000)


def is_large(answer: Response) -> bool:
    return answer.url.endswith("/frames") and '"h":512' in (answer.request.post_data or "")


NUMBERS_SENT = """
() => performance.getEntriesByType("resource").filter((one) => one.name.includes("/frames"))
  .reduce((sum, one) => sum + one.decodedBodySize, 0)
"""

LARGER = """
() => {
  const address = location.href.replace(/lengths=time(:|%3A)20/, "lengths=time:10000&sizes=h:512");
  history.pushState(null, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
}
"""

LONG_TASKS = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration);
}).observe({ type: "longtask", buffered: true });
"""


def stream_table(launch: Any, address: str, _folder: Path, _limit: float) -> None:
    rows = []
    for view in ("folded", "unfolded"):
        browser: Browser = launch()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(LONG_TASKS)
        page.goto(f"{address}/lstm?view={view}&step=1&lang=en&generate.x=symbols&lengths=time:20")
        wait_for_the_end(page)
        page.wait_for_timeout(1_000)
        opening = page.evaluate("() => window.longest")
        meter = Meter(page)
        page.evaluate("() => { window.longest = 0; performance.clearResourceTimings(); }")
        before, began = meter.seconds(), time.monotonic()
        with page.expect_response(is_large, timeout=60_000):
            page.evaluate(LARGER)
        change = page.evaluate(
            "() => { const { longest } = window; window.longest = 0; return longest; }"
        )
        page.wait_for_function(f"() => ({NUMBERS_SENT})() > 1e8", timeout=120_000)
        page.wait_for_timeout(1_000)
        rows.append([
            view, f"{page.evaluate(NUMBERS_SENT) / 1e6:,.0f}", f"{time.monotonic() - began:.1f}",
            f"{meter.seconds() - before:.2f}", *(f"{longest:.0f}" for longest in (page.evaluate("() => window.longest"), change, opening)),
        ])  # fmt: skip
        browser.close()
    print("\n10,000 steps of an LSTM with 512 units while they arrive; tasks under 50 ms read 0\n")
    table(
        [
            "view",
            "MB",
            "seconds",
            "main thread, s",
            "longest task, ms",
            "before, of the new size",
            "while opening",
        ],
        rows,
    )


def size_table(*_: object) -> None:
    folder = ROOT / "backend" / "unrolled" / "static" / "assets"
    kinds = {"JavaScript": "main-*.js", "and in Chinese": "zh-*.js", "styles": "*.css"}
    rows = []
    for kind, pattern in kinds.items():
        packed = sum(len(gzip.compress(one.read_bytes(), 9)) for one in folder.glob(pattern))
        rows.append([kind, f"{packed / 1e3:.1f}"])
    print("\nWhat the page loads, kilobytes gzipped\n")
    table(["", "kB"], rows)


if __name__ == "__main__":
    main()
