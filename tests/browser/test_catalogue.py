"""Every architecture of the catalogue, and every variant, opens on the page and is drawn to its last step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from unrolled.catalogue import read_catalogue
from unrolled.language import parse

Open = Callable[..., Page]

ARCHITECTURES = read_catalogue().architectures

BOXES = """
() => [...document.querySelectorAll(".figure-mirror [data-node]")].map((node) => ({
  name: `${node.dataset.node}@${node.dataset.step}`,
  id: node.dataset.node,
  box: ["x", "y", "w", "h"].map((key) => Number(node.dataset[key])),
}))
"""


CLIPPED = """
() => [...document.querySelectorAll(".page *")].flatMap((element) => {
  const isAside = ".figure-mirror, .unseen, .katex-mathml, .figure-parameters, canvas, svg, select, input";
  if (element.closest(isAside) || element.clientWidth === 0) return [];
  const hides = getComputedStyle(element).overflowX !== "visible";
  const isCut = hides && element.scrollWidth > element.clientWidth + 1;
  return isCut ? [`${element.className}: ${element.textContent.slice(0, 40)}`] : [];
})
"""
"""What is wider than the place it has, and cut or scrolled there."""

TOO_LONG = {"recursive-net/tensor"}
"""Its one equation cannot be set small enough: it scrolls."""


@pytest.mark.parametrize("identity", list(ARCHITECTURES))
def test_it_opens_and_is_drawn(open_page: Open, identity: str) -> None:
    found = ARCHITECTURES[identity]
    page = open_page(f"/{identity}?view=unfolded&step=1&lang=en", reduced_motion="reduce")
    base = ARCHITECTURES[identity.split("/")[0]]
    expect(page.get_by_role("heading", name=base.titles["en"], exact=True)).to_be_visible()
    page.wait_for_function("() => document.querySelector('.figure-mirror [data-node]') !== null")
    expect(page.locator(".run-status").get_by_text("Running")).to_have_count(0, timeout=20_000)
    last = page.get_by_role("button", name="Last step")
    page.keyboard.press("End")
    expect(last).to_be_disabled()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".katex-error")).to_have_count(0)
    if identity not in TOO_LONG:
        assert page.evaluate(CLIPPED) == []
    variables = parse(found.equations, found.defaults.sizes).variables
    missing = set(variables) - {one["id"] for one in settled(page)}
    page.keyboard.press("Home")
    missing -= {one["id"] for one in settled(page)}
    assert missing == set(), "in the drawing neither at the last step nor at the first"
    page.keyboard.press("f")
    page.wait_for_timeout(100)
    assert overlaps(settled(page)) == []


def settled(page: Page) -> list[dict[str, object]]:
    """The boxes of the drawing once it rests, as its copy in the document says."""
    page.wait_for_timeout(150)
    boxes = page.evaluate(BOXES)
    assert boxes
    assert overlaps(boxes) == []
    return boxes


def overlaps(boxes: list[dict[str, object]]) -> list[tuple[object, object]]:
    """Pairs of boxes that lie on one another."""

    def apart(a: list[float], b: list[float]) -> bool:
        return (
            a[0] + a[2] <= b[0] + 0.5
            or b[0] + b[2] <= a[0] + 0.5
            or a[1] + a[3] <= b[1] + 0.5
            or b[1] + b[3] <= a[1] + 0.5
        )

    return [
        (one["name"], other["name"])
        for i, one in enumerate(boxes)
        for other in boxes[:i]
        if not apart(one["box"], other["box"])  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "identity", ["optimization-long-term/gate", "lstm", "rnn-output-recurrence", "ntm"]
)
def test_on_a_narrow_screen_nothing_is_cut(open_page: Open, identity: str, language: str) -> None:
    page = open_page(f"/{identity}?lang={language}", width=390, height=844)
    page.wait_for_function("() => document.querySelector('.figure-mirror [data-node]') !== null")
    assert page.evaluate(CLIPPED) == []
    for scale in page.locator(".figure-legend li").all():
        box = scale.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_at_the_last_step_the_value_beyond_it_is_in_sight(open_page: Open) -> None:
    page = open_page("/bidirectional-rnn?view=unfolded&lang=en", reduced_motion="reduce")
    page.wait_for_function("() => document.querySelector('.figure-mirror [data-node]') !== null")
    page.keyboard.press("End")
    beyond = page.locator('.figure-mirror [data-node="g"][data-step="14"]')
    beyond.wait_for(state="attached")
    page.wait_for_timeout(150)
    right = sum(float(beyond.get_attribute(name) or "nan") for name in ("data-x", "data-w"))
    canvas = page.locator(".figure-canvas").bounding_box()
    assert canvas is not None
    assert right <= canvas["width"]


def test_a_drawing_that_fits_stands_in_the_middle(open_page: Open) -> None:
    page = open_page("/encoder-decoder?view=unfolded&lang=en", reduced_motion="reduce")
    page.wait_for_function("() => document.querySelector('.figure-mirror [data-node]') !== null")
    before = settled(page)
    page.locator(".figure-stage").focus()
    page.keyboard.press("0")
    assert settled(page) == before
