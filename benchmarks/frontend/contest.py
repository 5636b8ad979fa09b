"""One contestant in a browser of its own, which `run.py` may end: a figure a line, as soon as it is known.

python benchmarks/frontend/contest.py ADDRESS NAME STEPS
"""

from __future__ import annotations

import os
import shutil
import sys

from playwright.sync_api import sync_playwright
from run import FLAGS, Meter

FRAMES = 30


def main(address: str, name: str, steps: int) -> None:
    with sync_playwright() as playwright:
        path = os.environ.get("UNROLLED_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1200, "height": 640})
        page.goto(f"{address}/harness.html")
        described = page.evaluate("async () => (await fetch('described.json')).json()")
        if name == "count":
            for number in page.evaluate("(given) => bench.count(...given)", [described, steps]):
                print(number, flush=True)
            return
        page.evaluate("(given) => bench.prepare(...given)", [name, described, steps])
        meter = Meter(page)
        print(meter.of(lambda: page.evaluate("() => bench.mount()")), flush=True)
        for work in ("pan", "zoom") if name != "dagre" else ():
            spent = meter.of(lambda work=work: page.evaluate(f"() => bench.{work}({FRAMES})"))
            print(spent / FRAMES, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
