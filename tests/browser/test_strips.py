"""Strips: a unit is its row everywhere; rows can be sorted, and a link keeps how."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

Open = Callable[..., Page]


def test_a_row_is_its_unit_however_the_rows_are_sorted(open_page: Open) -> None:
    page = open_page("/lstm?view=unfolded&step=2&text.x=hello", height=1200)
    strip = page.locator(".strip-name[data-strip=s]")
    box = strip.bounding_box()
    axis = page.locator(".scrubber-label[data-step='2']").bounding_box()
    assert box is not None
    assert axis is not None
    x = axis["x"] + axis["width"] / 2
    page.mouse.click(x, box["y"] + box["height"] * 3.5 / 8)
    expect(page.locator(".inspector-title")).to_contain_text("state")
    expect(page.locator(".value[aria-pressed=true] .value-unit")).to_have_text("3")
    expect(page.locator(".inspector .counting code")).to_have_text("s[2][3]")
    expect(page.get_by_role("heading", name="Unit 3 over time")).to_be_visible()
    expect(page.get_by_label("Units").locator("option").last).to_have_text("unit 3")
    values = [
        float(text.replace("−", "-")) for text in page.locator(".value-number").all_inner_texts()
    ]
    page.locator(".strips-sort select").select_option("mean")
    expect(page).to_have_url(re.compile("sort=mean"))
    page.mouse.move(x, box["y"] + 1)
    hover = page.locator(".strip-hover")
    seen: list[int] = []
    for row in range(8):
        page.mouse.move(x, box["y"] + box["height"] * (row + 0.5) / 8)
        text = hover.inner_text()
        found = re.fullmatch(r"s\(2\)\[(\d)\] = (.+)", text)
        assert found, text
        unit = int(found[1])
        seen.append(unit)
        assert abs(float(found[2].replace("−", "-")) - values[unit]) < 0.006
    assert sorted(seen) == list(range(8))
    assert seen != list(range(8))
    page.mouse.click(x, box["y"] + box["height"] * 0.5 / 8)
    expect(page.locator(".value[aria-pressed=true] .value-unit")).to_have_text(str(seen[0]))
    again = open_page(page.url, height=1200)
    expect(again.locator(".strips-sort select")).to_have_value("mean")


def test_what_runs_over_inner_steps_counts_them_from_one(open_page: Open) -> None:
    page = open_page("/attention?view=unfolded&selection=α&step=2")
    expect(page.locator(".value-unit").first).to_have_text("1")
    expect(page.locator(".counting")).to_have_count(0)
    expect(page.get_by_role("heading", name="j = 1, over time")).to_be_visible()


def test_help_says_from_where_steps_and_units_count(open_page: Open) -> None:
    page = open_page("/lstm")
    page.keyboard.press("?")
    expect(page.locator(".help")).to_contain_text("Steps count from 1, units from 0")
