"""axe finds nothing to mend: every state of the page, in paper and night, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

Open = Callable[..., Page]

AXE = Path("frontend/node_modules/axe-core/axe.min.js")

RUN = """
async (rules) => {
  const only = rules ? { runOnly: rules } : {};
  const found = await axe.run(document, { resultTypes: ["violations"], ...only });
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}): ${target}\\n  ${failureSummary}`),
  );
}
"""

STATES: dict[str, tuple[str, list[str]]] = {
    # name: (address, what is pressed there)
    "unfolded": ("/lstm?view=unfolded&step=2&select=h", []),
    "opened": ("/gru?view=unfolded&step=1&open=u", ["ArrowDown"]),
    "parameter": ("/lstm?view=unfolded&select=W_f&pins=s%402", []),
    "gradients": ("/lstm?view=unfolded&step=2&select=s", ["g"]),
    "numbers": ("/vector-to-sequence?view=unfolded", []),
    "tree": ("/recursive-net?view=unfolded", []),
    "editing": ("/lstm", ["e"]),
    "help": ("/lstm", ["?"]),
    "saving": ("/lstm", ["s"]),
    "embedded": ("/lstm?embed=1&view=unfolded", []),
}
"""What a reader can have on screen; each is looked at in both themes and both languages."""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("state", list(STATES))
def test_no_violation(open_page: Open, root: Path, state: str, language: str) -> None:
    address, keys = STATES[state]
    address += f"{'&' if '?' in address else '?'}lang={language}"
    page = open_page(address, color_scheme="light", reduced_motion="reduce")
    for key in keys:
        page.keyboard.press(key)
    assert violations(page, root) == []
    page.emulate_media(color_scheme="dark")  # nothing but colours is another then
    assert violations(page, root, ["color-contrast"]) == []


@pytest.mark.parametrize("tab", range(4))
def test_no_violation_on_a_narrow_screen(open_page: Open, root: Path, tab: int) -> None:
    page = open_page("/lstm?view=unfolded&step=2&select=h", width=390, reduced_motion="reduce")
    page.locator(".tabs button").nth(tab).click()
    assert violations(page, root) == []


def violations(page: Page, root: Path, rules: list[str] | None = None) -> list[str]:
    """What axe says of the page as it stands, once it rests: by all rules, or by some."""
    page.wait_for_timeout(100)
    page.evaluate(
        (root / AXE).read_text(encoding="utf-8")
    )  # no tag: the page forbids strange scripts
    return page.evaluate(RUN, rules)
