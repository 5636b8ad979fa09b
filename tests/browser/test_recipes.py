"""The recipes for JavaScript in a page that the service serves."""

from __future__ import annotations

from pathlib import Path

import unrolled
from browser.conftest import Open
from test_recipes import assert_javascript, recipes


def test_the_recipes_for_javascript_run_in_a_page(
    open_page: Open, live_server: str, root: Path
) -> None:
    page = open_page("/lstm")
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    said: list[str] = []
    for text in recipes(root, "js", live_server):
        lines.clear()
        page.evaluate(f"async () => {{ {text} }}")
        said.append("\n".join(lines))
    assert_javascript(said, unrolled.load("lstm").run("hello")["f"].flatten().tolist())
