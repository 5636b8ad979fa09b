"""A real browser, and pages that fail their test when they complain or ask other machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One browser a module; not for the session, since playwright's event loop runs in this thread
    as long as it lives, and tests of other rooms run loops of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, live_server: str) -> Iterator[Open]:
    """`open_page("/lstm?step=3", width=390)`: a page that is ready, in a profile of its own.

    Afterwards: no script failed, nothing was said on the console except that the service refused
    something, and nothing was asked of another machine.
    """
    contexts = []
    complaints: list[str] = []

    def open_one(
        path: str,
        *,
        width: int = 1440,
        height: int = 900,
        before: str = "",
        ready: str = "",
        routes: Mapping[str, Callable[[Route], None]] = MappingProxyType({}),
        **options: object,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            base_url=live_server,
            **{"locale": "en-US", **options},
        )
        contexts.append(context)
        page = context.new_page()
        if before:  # a script that runs before the page's own
            page.add_init_script(before)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("console", lambda said: complaints.extend(complaint(said.type, said.text)))
        page.on("request", lambda asked: complaints.extend(stranger(asked.url, live_server)))
        for address, answer in routes.items():
            page.route(address, answer)
        page.goto(path)
        if ready:  # another sign than a run whose steps are there
            page.get_by_text(ready).wait_for()
        else:
            page.locator(".player-step").filter(has_text="=").wait_for()
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def middle() -> Callable[[Page, str, int], tuple[float, float]]:
    """`middle(page, "s", 2)`: where on the screen a node of the figure is, at a step."""

    def place(page: Page, node: str, step: int) -> tuple[float, float]:
        mirror = page.locator(f".figure-mirror [data-node='{node}'][data-step='{step}']")
        x, y, width, height = (
            float(mirror.get_attribute(f"data-{key}") or "nan") for key in ("x", "y", "w", "h")
        )
        stage = page.locator(".figure-stage").bounding_box()
        assert stage is not None
        return stage["x"] + x + width / 2, stage["y"] + y + height / 2

    return place


def complaint(kind: str, text: str) -> list[str]:
    """What a line on the console says against the page; a refusal or a lost server is no fault."""
    is_expected = "Failed to load resource" in text
    return [f"console: {text}"] if kind in ("error", "warning") and not is_expected else []


def stranger(address: str, server: str) -> list[str]:
    """What a request says against the page: nothing may be asked of another machine."""
    is_own = address.startswith((server, "data:", "blob:"))
    return [] if is_own else [f"asked another machine: {address}"]
