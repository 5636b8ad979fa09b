"""Playback: the run in the order in which it was computed, forward as values, backward as gradients."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

Open = Callable[..., Page]

LSTM = "/lstm?view=unfolded&step=1&text.x=hello"
SHORT = "/lstm?view=unfolded&step=1&text.x=hel"
"""Three steps, which are all in sight."""


def beat(page: Page) -> Locator:
    return page.locator(".player-beat")


def start(page: Page) -> None:
    """Plays, and stops at the first beat."""
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("Home")
    expect(beat(page)).to_contain_text("Given")


def onwards(page: Page, beats: int) -> None:
    for _ in range(beats):
        page.keyboard.press("PageDown")


def test_values_are_seen_in_the_order_of_their_computation(open_page: Open) -> None:
    page = open_page(SHORT)
    start(page)
    given = {("x", step) for step in range(1, 4)} | {("y", step) for step in range(1, 4)}
    before = {("h", 0), ("s", 0)}
    assert places(page) - before == given
    onwards(page, 1)
    expect(beat(page)).to_contain_text("All steps at once")
    onwards(page, 2)
    expect(beat(page)).to_contain_text("Step by step →")
    expect(page.locator(".player-step")).to_have_text("t = 2, “e”")
    states = {(name, step) for name in "fgqsh" for step in (1, 2)}
    assert places(page) - before == given | states
    onwards(page, 2)
    expect(beat(page)).to_contain_text("All steps at once")
    everything = {(name, step) for name in "xyfgqshopL" for step in range(1, 4)}
    assert places(page) - before == everything
    onwards(page, 1)
    expect(beat(page)).to_contain_text("Once")
    onwards(page, 1)
    expect(beat(page)).to_have_count(0)
    expect(page.locator(".run-status")).to_contain_text("loss")


def places(page: Page) -> set[tuple[str, int]]:
    """Nodes whose value is seen, with their steps."""
    page.wait_for_timeout(700)  # the picture comes to rest, then its copy is renewed
    found = page.locator(".figure-mirror [data-known]").evaluate_all(
        "all => all.map(one => [one.dataset.node, Number(one.dataset.step)])"
    )
    return {(name, step) for name, step in found if name != "loss"}


def test_gradients_run_from_the_last_step_to_the_first(open_page: Open) -> None:
    page = open_page(SHORT)
    page.keyboard.press("g")
    expect(page.get_by_role("button", name="Gradients")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".gradient-note")).to_contain_text("Gradients of")
    last = ".figure-mirror[data-shows=gradients] [data-node=x][data-step='1'][data-known]"
    expect(page.locator(last)).to_have_count(1)
    page.keyboard.press("Space")
    page.keyboard.press("Space")
    page.keyboard.press("Home")
    expect(beat(page)).to_contain_text("Once")
    onwards(page, 3)
    expect(beat(page)).to_contain_text("Step by step ←")
    expect(page.locator(".player-step")).to_have_text("t = 2, “e”")
    seen = places(page)
    assert {("s", 3), ("s", 2)} <= seen
    assert not {("s", 1), ("x", 3)} & seen
    page.keyboard.press("ArrowLeft")  # to the left is onwards here
    expect(page.locator(".player-step")).to_have_text("t = 1, “h”")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".player-step")).to_have_text("t = 2, “e”")


def test_it_plays_to_its_end_and_again_and_again_by_keyboard(open_page: Open) -> None:
    page = open_page(f"{LSTM}&speed=8")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=5000)
    expect(page.locator(".player-step")).to_have_text("t = 5, “o”")
    expect(beat(page)).to_have_count(0)
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("loop=1"))
    page.get_by_label("Speed").select_option("4")
    page.keyboard.press("Space")
    for _ in range(2):
        expect(page.locator(".player-step")).to_have_text("t = 5, “o”", timeout=5000)
        expect(page.locator(".player-step")).to_have_text("t = 1, “h”", timeout=5000)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("End")
    expect(beat(page)).to_have_count(0)


def test_a_scrubber_put_down_in_playback_shows_what_was_known_there(open_page: Open) -> None:
    page = open_page(LSTM)
    start(page)
    page.locator(".scrubber-label[data-step='4']").click(force=True)
    expect(page.locator(".player-step")).to_have_text("t = 4, “l”")
    seen = places(page)
    assert ("h", 4) in seen
    assert ("h", 5) not in seen
    page.get_by_role("button", name="Show all").click()
    assert ("h", 5) in places(page)


def test_a_tree_is_played_level_by_level(open_page: Open) -> None:
    page = open_page("/recursive-net?view=unfolded")
    start(page)
    onwards(page, 1)
    while "Level" not in beat(page).inner_text():
        onwards(page, 1)
    expect(beat(page)).to_contain_text("Level by level ↑")
    page.keyboard.press("Escape")
    expect(beat(page)).to_have_count(0)


LAST_STEP = """() => {
    const { clientWidth: width, clientHeight: height } = document.querySelector(".figure-stage");
    const ofStep = one => one.dataset.node === "loss" || one.dataset.step === "11";
    const boxes = [...document.querySelectorAll(".figure-mirror [data-node]")].filter(ofStep);
    const isInside = ({ dataset: { x, y, w, h } }) =>
        +x >= 0 && +y >= 0 && +x + +w <= width && +y + +h <= height;
    return [boxes.length, boxes.filter(one => !isInside(one)).map(one => one.dataset.node)];
}"""
"""How many boxes the eleventh step, the last, and the loss have, and which are not wholly in sight."""


@pytest.mark.parametrize(
    ("query", "width", "height", "makes_room"),
    [
        ("", 1366, 768, "editor"),
        ("", 1440, 900, "inspector"),
        ("&embed=1", 700, 500, "page around it"),
    ],
)
def test_the_last_step_stays_in_sight_when_the_figure_makes_room(
    open_page: Open, query: str, width: int, height: int, makes_room: str
) -> None:
    path = f"/lstm?view=unfolded&step=1&text.x=hello%20world{query}"
    page = open_page(path, width=width, height=height)
    expect(page.locator(".run-status")).to_contain_text("loss")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".player-step")).to_have_text("t = 11, “d”")
    page.wait_for_timeout(900)  # the picture comes to rest, then its copy is renewed
    count, hidden = page.evaluate(LAST_STEP)
    assert count == 11
    assert hidden == []
    if makes_room == "editor":
        page.keyboard.press("e")
        expect(page.get_by_role("textbox", name="Equations, as text")).to_be_visible()
    elif makes_room == "inspector":
        page.locator(".typeset [data-node=h]").first.click()
        expect(page.locator(".inspector-title")).to_be_visible()
    else:
        page.set_viewport_size({"width": 400, "height": height})
    page.wait_for_timeout(1200)
    assert page.evaluate(LAST_STEP) == [count, []]
