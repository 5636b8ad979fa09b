"""The difference of two runs, in the place of their values."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

Open = Callable[..., Page]


def values(server: str, text: str, name: str) -> list[Any]:
    body = {"architecture": "lstm", "inputs": {"x": {"text": text}}, "variables": [name]}
    request = urllib.request.Request(
        f"{server}/v1/runs", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        outputs = {output["name"]: output["data"] for output in json.load(answer)["outputs"]}
    return outputs[name]


def test_a_run_is_kept_and_the_next_shows_what_became_of_it(
    open_page: Open, live_server: str
) -> None:
    page = open_page("/lstm?view=unfolded&step=2&text.x=hello&selection=h")
    page.keyboard.press("d")
    note = page.locator(".difference-note")
    expect(note).to_contain_text("This run is kept")
    expect(page.locator(".value-number").first).to_have_text("0")
    page.get_by_label("Text for x").fill("hallo")
    expect(note).to_contain_text("minus the kept one, whose loss was")
    expect(page.locator(".figure-legend")).not_to_contain_text("gate")
    (before, after) = (values(live_server, text, "h") for text in ("hello", "hallo"))
    expected = [after[8 + unit] - before[8 + unit] for unit in range(8)]
    expect(page.locator(".value-number").first).not_to_have_text("0")
    shown = page.locator(".value-number").all_inner_texts()
    for text, value in zip(shown, expected, strict=True):
        assert float(text.replace("−", "-")) == pytest.approx(value, rel=2e-3, abs=1e-7)
    note.get_by_role("button", name="Compare with this run instead").click()
    expect(note).to_contain_text("This run is kept")
    note.get_by_role("button", name="Stop comparing").click()
    expect(note).to_have_count(0)
    expect(page.get_by_role("button", name="Values", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator(".figure-legend")).to_contain_text("gate")


def test_other_variables_cannot_be_compared(open_page: Open) -> None:
    page = open_page("/lstm?view=unfolded&step=2&text.x=hello")
    page.get_by_role("button", name="Difference").click()
    page.get_by_label("Size of h").fill("5")
    note = page.locator(".difference-note")
    expect(note).not_to_contain_text("This run is kept")
    expect(note.get_by_role("button", name="Stop comparing")).to_be_visible()


def test_a_link_brings_the_compared_run_back(open_page: Open) -> None:
    page = open_page("/lstm?view=unfolded&step=2&text.x=hello&selection=h")
    page.keyboard.press("d")
    page.get_by_label("Text for x").fill("hallo")
    note = page.locator(".difference-note")
    expect(note).to_contain_text("minus the kept one")
    expect(page).to_have_url(re.compile("shows=difference.*kept=|kept=.*shows=difference"))
    shown = page.locator(".value-number").all_inner_texts()
    again = open_page(page.url)
    expect(again.locator(".difference-note")).to_have_text(note.inner_text())
    expect(again.locator(".value-number").first).to_have_text(shown[0])
    assert again.locator(".value-number").all_inner_texts() == shown
    again.get_by_role("button", name="Stop comparing").click()
    expect(again).not_to_have_url(re.compile("kept="))


@pytest.mark.parametrize("token", ["%20", "bm90IGpzb24", "WzFd"])
def test_a_link_with_a_broken_comparison_opens_all_the_same(open_page: Open, token: str) -> None:
    page = open_page(f"/lstm?view=unfolded&step=2&text.x=hello&shows=difference&kept={token}")
    expect(page.locator(".run-status b")).to_be_visible()
    expect(page.locator(".difference-note")).to_have_count(0)
