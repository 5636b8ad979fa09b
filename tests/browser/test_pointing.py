"""Equations, lines, boxes, strips and the inspector point at one another; several things stay pinned."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

Open = Callable[..., Page]
Middle = Callable[[Page, str, int], tuple[float, float]]

LSTM = "/lstm?view=unfolded&step=2&text.x=hel"


def pins(page: Page) -> Locator:
    return page.locator(".pin")


def symbol(page: Page, kind: str, name: str) -> Locator:
    return page.locator(f".typeset [data-{kind}='{name}']").first


def test_all_of_it_by_keyboard_alone(open_page: Open) -> None:
    page = open_page(LSTM)
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowUp")
    for _ in range(20):  # upwards until the state is reached
        page.wait_for_timeout(100)
        if page.locator(".typeset .is-pointed[data-node=s]").count() > 0:
            break
        page.keyboard.press("ArrowUp")
    expect(symbol(page, "node", "s")).to_have_class(re.compile("is-pointed"))
    page.keyboard.press("Enter")
    expect(page.locator(".inspector-title")).to_contain_text("state")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Enter")
    expect(pins(page)).to_have_count(1)
    expect(pins(page).locator(".katex").first).to_contain_text("2")
    expect(page.locator(".player-step")).to_have_text("t = 3, “l”")
    page.keyboard.press("p")
    expect(pins(page)).to_have_count(2)
    expect(page).to_have_url(re.compile("pins=s%402%2Cs%403"))
    page.keyboard.press("Escape")
    expect(pins(page)).to_have_count(0)
    expect(page.locator(".inspector-title")).to_have_count(0)


def test_a_symbol_lights_its_lines_and_a_line_its_symbol(open_page: Open) -> None:
    page = open_page(LSTM)
    symbol(page, "parameter", "W_f").hover()
    parameter = page.locator(".figure-parameter[data-parameter=W_f]")
    expect(parameter).to_have_attribute("data-pointed", "")
    parameter.focus()
    page.keyboard.press("Enter")
    expect(symbol(page, "parameter", "W_f")).to_have_class(re.compile("is-selected"))
    expect(page.locator(".inspector-title")).to_contain_text("parameter")


def test_pins_coexist_and_a_link_brings_them_back(open_page: Open) -> None:
    page = open_page(LSTM)
    symbol(page, "node", "f").click()
    symbol(page, "parameter", "W_f").click(modifiers=["Shift"])
    symbol(page, "node", "h").click(modifiers=["Shift"])
    expect(pins(page)).to_have_count(2)
    for name in ("f", "h"):
        expect(symbol(page, "node", name)).to_have_class(re.compile("is-selected"))
    expect(symbol(page, "parameter", "W_f")).to_have_class(re.compile("is-selected"))
    expect(page).to_have_url(re.compile("pins="))
    again = open_page(page.url)
    expect(pins(again)).to_have_count(2)
    pins(again).nth(0).get_by_title("Inspect this one").click()
    expect(again.locator(".inspector-title")).to_contain_text("gate")
    expect(pins(again)).to_have_count(2)
    pins(again).nth(0).get_by_role("button", name=re.compile("Release")).click()
    expect(pins(again)).to_have_count(1)


def test_a_pin_keeps_its_step_and_its_numbers(open_page: Open) -> None:
    page = open_page(LSTM)
    symbol(page, "node", "h").click()
    page.keyboard.press("p")
    numbers = pins(page).locator("[role=img]")
    before = numbers.get_attribute("aria-label")
    shown = page.locator(".value-number").all_inner_texts()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".player-step")).to_have_text("t = 3, “l”")
    expect(numbers).to_have_attribute("aria-label", before or "none")
    assert page.locator(".value-number").all_inner_texts() != shown


PICTURE = """() => {
  const canvas = document.querySelector(".figure-canvas");
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}"""
APART = """() => {
  const apart = [...seen[0]].map((value, i) => Math.abs(value - seen[1][i]));
  return { most: apart.reduce((a, b) => Math.max(a, b), 0), share: apart.filter(v => v > 2).length / apart.length };
}"""


def keep_picture(page: Page) -> None:
    page.evaluate(f"() => {{ window.seen = [({PICTURE})(), ...(window.seen ?? [])]; }}")


def apart(page: Page) -> tuple[float, float]:
    """How far the last two pictures are apart: the most of one number, and the share of numbers that differ."""
    found = page.evaluate(APART)
    return found["most"], found["share"]


@pytest.mark.parametrize("scale", [1, 1.5])
def test_a_dragged_picture_is_the_one_that_is_drawn_there(open_page: Open, scale: float) -> None:
    page = open_page(
        "/lstm?view=unfolded&step=3&text.x=a+long+text+that+does+not+fit+on+a+screen+of+this+width&selection=h",
        width=1400,
        device_scale_factor=scale,
    )
    page.wait_for_timeout(900)
    stage = page.locator(".figure-stage").bounding_box()
    assert stage is not None
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    keep_picture(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for turn in range(1, 30):  # further than the picture was painted at first
        page.mouse.move(x - 17 * turn, y + (turn % 5) * 3)
        page.wait_for_timeout(20)
    page.mouse.up()
    page.wait_for_timeout(300)
    keep_picture(page)
    assert apart(page)[1] > 0.02, "it has moved"
    page.evaluate("() => document.fonts.dispatchEvent(new Event('loadingdone'))")
    page.wait_for_timeout(300)
    keep_picture(page)
    most, share = apart(page)
    assert most <= 24  # edges of letters, where they lie on a fraction of a pixel
    assert share < 0.001


def test_on_a_narrow_screen_what_is_selected_is_told_where_it_was_selected(
    open_page: Open, middle: Middle
) -> None:
    page = open_page("/lstm?view=unfolded&step=2&text.x=hello", width=390, height=844)
    peek = page.get_by_role("button", name="Inspect s at step 2")
    expect(peek).to_have_count(0)
    page.mouse.click(*middle(page, "s", 2))
    expect(peek).to_be_in_viewport(ratio=1)
    expect(peek.locator(".pin-values i")).to_have_count(8)
    peek.click()
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector.get_by_text("Shape")).to_be_in_viewport()
    expect(peek).to_have_count(0)
