"""A node opens into the operations of its equation, with the numbers that the service computed."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
Middle = Callable[[Page, str, int], tuple[float, float]]

LSTM = "/lstm?view=unfolded&step=2&text.x=hel"


def operations(page: Page) -> set[str]:
    """The operations that are drawn, at any step."""
    page.wait_for_timeout(900)  # the picture comes to rest, then its copy is renewed
    found = page.locator(".figure-mirror [data-node*='/']").evaluate_all(
        "all => all.map(one => one.dataset.node)"
    )
    return set(found)


def click_at(page: Page, at: tuple[float, float], seconds: float) -> None:
    """A click that happened at a time in seconds, however late it is sent."""
    session = page.context.new_cdp_session(page)
    x, y = at
    for kind in ("mousePressed", "mouseReleased"):
        press = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
        session.send("Input.dispatchMouseEvent", {**press, "timestamp": seconds})


def test_a_node_opens_and_closes_by_keyboard_and_a_link_keeps_it(open_page: Open) -> None:
    page = open_page(LSTM)
    page.locator(".typeset [data-node=f]").first.click()
    page.keyboard.press("o")
    assert operations(page) == {"f/0", "f/1"}
    expect(page).to_have_url(re.compile("open=f"))
    again = open_page(page.url)
    assert operations(again) == {"f/0", "f/1"}
    page.keyboard.press("o")
    assert operations(page) == set()
    expect(page).not_to_have_url(re.compile("open="))


def test_a_double_click_opens_a_node_and_the_button_closes_it(
    open_page: Open, middle: Middle
) -> None:
    page = open_page(LSTM)
    operations(page)
    at, begin = middle(page, "s", 2), time.time()
    click_at(page, at, begin)
    click_at(page, at, begin + 0.1)
    page.locator(".figure-mirror [data-node='s/0']").first.wait_for(state="attached")
    assert operations(page) == {"s/0", "s/1", "s/4", "s/6", "s/7"}
    page.get_by_role("button", name="Close: hide the operations").click()
    assert operations(page) == set()


@pytest.mark.parametrize("width", [1440, 1100])
def test_two_clicks_as_slow_as_a_hands_open_the_node_that_was_clicked(
    open_page: Open, middle: Middle, width: int
) -> None:
    page = open_page(LSTM, width=width)
    operations(page)
    at = middle(page, "s", 3)
    begin = time.time()
    click_at(page, at, begin)
    expect(page.locator(".inspector-title")).to_be_visible()  # the figure has made room for it
    click_at(page, at, begin + 0.3)
    assert operations(page) == {"s/0", "s/1", "s/4", "s/6", "s/7"}
    expect(page.locator(".inspector-title")).to_contain_text("s")


def test_an_operation_shows_what_torch_computed(
    open_page: Open, middle: Middle, live_server: str
) -> None:
    page = open_page(f"{LSTM}&open=s")
    operations(page)
    page.mouse.click(*middle(page, "s/4", 2))
    expect(page.locator(".inspector-title")).to_contain_text("Operation")
    body = {"architecture": "lstm", "inputs": {"x": {"text": "hel"}}, "variables": ["s/*"]}
    request = urllib.request.Request(
        f"{live_server}/v1/runs", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        outputs = {output["name"]: output["data"] for output in json.load(answer)["outputs"]}
    shown = page.locator(".value-number").all_inner_texts()
    assert len(shown) == 8
    for text, value in zip(shown, outputs["s/4"][8:16], strict=True):
        assert float(text.replace("−", "-")) == pytest.approx(value, rel=1e-3)


def test_one_node_opens_at_this_step_alone(open_page: Open) -> None:
    page = open_page(LSTM)
    page.locator(".typeset [data-node=f]").first.click()
    page.keyboard.press("O")
    assert operations(page) == {"f/0", "f/1"}
    expect(page).to_have_url(re.compile("alone=1"))
    shown = page.locator(".figure-mirror [data-node='f/0'][data-known]")
    expect(shown).to_have_count(1)
    expect(shown).to_have_attribute("data-step", "2")
    page.keyboard.press("ArrowRight")
    expect(shown).to_have_attribute("data-step", "3")
    page.keyboard.press("o")  # at every step
    expect(shown).to_have_count(3)


def test_all_open_at_once(open_page: Open) -> None:
    page = open_page(LSTM)
    page.keyboard.press("o")
    assert {"f/0", "g/0", "q/0", "s/0", "h/0", "o/0", "p/0", "L/0"} <= operations(page)
    page.keyboard.press("o")
    assert operations(page) == set()
