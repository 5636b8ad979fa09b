"""Equations, lines, boxes, strips and the inspector point at one another; several things stay pinned."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

Open = Callable[..., Page]

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
