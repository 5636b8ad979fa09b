"""What a person takes along: pictures that look as the screen does, data that the service computed, links, frames."""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.request
import zlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Browser, Download, Page, expect
from pypdf import PdfReader

Open = Callable[..., Page]

VIEW = "/lstm?view=unfolded&step=3&text.x=hello"
SVG = "{http://www.w3.org/2000/svg}"


def menu(page: Page) -> None:
    page.keyboard.press("s")
    expect(page.get_by_role("menu")).to_be_visible()


def saved(page: Page, name: str) -> Download:
    """Opens the menu, presses the entry and takes the file."""
    page.wait_for_timeout(600)  # until nothing moves
    menu(page)
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name=name).first.click()
    expect(page.get_by_role("menu")).to_have_count(0)
    return waiting.value


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def run_of(server: str, **body: Any) -> dict[str, Any]:
    """The same run, asked from the service."""
    request = urllib.request.Request(
        f"{server}/v1/runs", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


DIFFERENCE = """async address => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const screen = document.querySelector(".figure-canvas");
    const { width, height } = screen;
    const copy = Object.assign(document.createElement("canvas"), { width, height });
    const context = copy.getContext("2d");
    context.drawImage(image, 0, 0);
    const [one, other] = [context, screen.getContext("2d")].map(
        each => each.getImageData(0, 0, width, height).data);
    let differing = 0;
    for (let at = 0; at < one.length; at += 4) {
        const far = Math.max(...[0, 1, 2].map(channel => Math.abs(one[at + channel] - other[at + channel])));
        if (far > 16) differing++;
    }
    return { share: differing / (width * height), width, size: [image.width, image.height] };
}"""
"""The share of pixels that differ, in any channel, by more than a sixteenth."""


@pytest.mark.parametrize("theme", ["paper", "night"])
@pytest.mark.parametrize(
    "view",
    [
        VIEW,
        "/lstm?view=folded&step=2",
        "/attention?view=unfolded&step=2",
        "/recursive-net?view=unfolded&step=1",
    ],
)
def test_the_saved_svg_looks_as_the_screen_does(open_page: Open, view: str, theme: str) -> None:
    page = open_page(f"{view}&theme={theme}")
    svg = content(saved(page, "SVG"))
    address = f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
    page.mouse.move(0, 0)
    seen = page.evaluate(DIFFERENCE, address)
    for _ in range(10):  # until the picture has come to rest
        if seen["share"] <= 0.01:
            break
        page.wait_for_timeout(400)
        seen = page.evaluate(DIFFERENCE, address)
    assert seen["size"][0] == seen["width"]
    assert seen["share"] <= 0.01


def test_the_saved_svg_stands_alone(open_page: Open) -> None:
    page = open_page(VIEW)
    download = saved(page, "SVG")
    assert download.suggested_filename == "lstm-3.svg"
    text = content(download).decode()
    document = ElementTree.fromstring(text)
    assert document.findtext(f"{SVG}title") == "Long short-term memory"
    description = document.findtext(f"{SVG}desc")
    assert description is not None
    assert "unfolded over 5 steps" in description
    assert "f[t] = sigmoid(" in description
    assert document.findall(f".//{SVG}image") == []
    assert "href" not in text
    assert {address[:5] for address in re.findall(r"url\(([^)]*)\)", text)} <= {"data:", "#cell"}
    style = document.findtext(f"{SVG}style") or ""
    families = {family.strip("\"' ") for family in re.findall(r"font-family:([^;]+);", style)}
    assert families == {"KaTeX_Math", "KaTeX_Main", "Inter"}


def test_the_saved_svg_holds_what_stands_around_the_figure(open_page: Open) -> None:
    page = open_page(VIEW)
    canvas = page.locator(".figure-canvas").bounding_box()
    strips = page.locator(".strips").bounding_box()
    shown = page.locator(".figure-parameter").count()
    assert canvas is not None
    assert strips is not None
    document = ElementTree.fromstring(content(saved(page, "SVG")))
    below = float(document.attrib["height"]) - canvas["height"]
    assert below > strips["height"], "there is room for all strips, also those out of sight"
    rows = [float(one.attrib["y"]) - canvas["height"] for one in document.iter(f"{SVG}text")]
    assert sum(0 < row < 30 for row in rows) >= shown, "a line of parameters"
    letters = [
        one.text
        for one in document.iter(f"{SVG}text")
        if float(one.attrib["y"]) > canvas["height"] + 60
    ]
    assert "".join(one for one in letters if one in set("helo")).count("l") >= 2, "symbols of x"
    heat = [
        one
        for one in document.iter(f"{SVG}rect")
        if float(one.attrib.get("y", 0)) > canvas["height"] + 60
    ]
    assert len(heat) > 5 * 8 * 5, "5 steps of 8 units of f, g, q, s and h"
    assert document.findall(f".//{SVG}image") == []


@pytest.mark.parametrize("times", [1, 2, 4])
def test_a_png_has_the_size_that_was_chosen(open_page: Open, times: int) -> None:
    page = open_page(VIEW)
    canvas = page.locator(".figure-canvas").bounding_box()
    assert canvas is not None
    download = saved(page, f"PNG, {times} times")
    assert download.suggested_filename == f"lstm-3{f'@{times}x' if times > 1 else ''}.png"
    png = content(download)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert width == round(canvas["width"] * times)
    assert height > canvas["height"] * times, "the scales stand under the graph"
    if times == 1:
        seen = page.evaluate(DIFFERENCE, f"data:image/png;base64,{b64encode(png).decode()}")
        assert seen["share"] <= 0.01


def test_the_saved_data_are_those_of_the_service(open_page: Open, live_server: str) -> None:
    page = open_page(f"{VIEW}&seed=7")
    body = {"inputs": {"x": {"text": "hello"}}, "parameters": {"seed": 7}}
    run = run_of(live_server, architecture="lstm", **body)
    outputs = {output["name"]: output for output in run["outputs"]}
    own = json.loads(content(saved(page, "JSON")))
    assert own["outputs"] == run["outputs"]
    assert own["loss"] == run["loss"]
    archive = saved(page, "npz")
    assert archive.suggested_filename == "lstm.npz"
    with np.load(io.BytesIO(content(archive)), allow_pickle=False) as arrays:
        assert list(arrays) == list(outputs)
        for name, output in outputs.items():
            assert list(arrays[name].shape) == output["shape"]
            given = np.array(output["data"], np.float32)
            assert np.array_equal(arrays[name].reshape(-1), given)
    lines = list(csv.DictReader(io.StringIO(content(saved(page, "CSV")).decode())))
    assert list(lines[0]) == ["variable", "time", "unit", "value"]
    gate = {
        (line["time"], line["unit"]): float(line["value"])
        for line in lines
        if line["variable"] == "f"
    }
    units = outputs["f"]["shape"][1]
    for (step, unit), value in gate.items():
        assert value == outputs["f"]["data"][(int(step) - 1) * units + int(unit)]
    assert len(lines) == sum(len(output["data"]) for output in outputs.values())


def test_gradients_that_are_shown_are_saved(open_page: Open) -> None:
    page = open_page(VIEW)
    page.keyboard.press("g")
    page.locator(".figure-mirror[data-shows=gradients]").wait_for(state="attached")
    data = saved(page, "JSON")
    names = [output["name"] for output in json.loads(content(data))["outputs"]]
    assert {"h", "grad/h", "grad/W_f"} <= set(names)
    assert data.suggested_filename == "lstm-gradients.json"
    figure = saved(page, "SVG")
    assert figure.suggested_filename == "lstm-gradients-3.svg"
    assert b"Gradients are shown" in content(figure)


def test_a_difference_that_is_shown_is_named(open_page: Open) -> None:
    page = open_page(VIEW)
    page.keyboard.press("d")
    figure = saved(page, "SVG")
    assert figure.suggested_filename == "lstm-difference-3.svg"
    assert b"difference" in content(figure)
    page.keyboard.press("s")
    expect(page.get_by_role("group", name="Data of this run (not the difference)")).to_be_visible()


def test_the_printed_figure_is_lines_and_letters(open_page: Open) -> None:
    page = open_page(f"{VIEW}&theme=night")
    expect(page.locator(".printed")).to_have_count(0)
    pdf = page.pdf()
    assert b"/Subtype /Image" not in streams(pdf)
    assert streams(pdf).count(b" re\n") + streams(pdf).count(b" l\n") > 500, "the drawing is there"
    reader = PdfReader(io.BytesIO(pdf))
    assert not any(sheet.images for sheet in reader.pages)
    words = " ".join(sheet.extract_text() for sheet in reader.pages)
    assert "Long short-term memory" in words
    assert "A leaky unit keeps a running sum" in " ".join(words.split()), "the lesson can be copied"
    for name in ("value", "gate", "probability"):  # the scales of the figure
        assert name in words
    expect(page.locator(".printed")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("data-theme", "night")


def test_an_embedded_figure_is_printed_too(open_page: Open) -> None:
    page = open_page(f"{VIEW}&embed=1")
    pdf = page.pdf()
    assert b"/Subtype /Image" not in streams(pdf)
    assert streams(pdf).count(b" re\n") + streams(pdf).count(b" l\n") > 500, "the drawing is there"


def test_an_embedded_figure_says_what_it_shows_and_hides_no_keys(open_page: Open) -> None:
    page = open_page(f"{VIEW}&embed=1&shows=gradients&clamp=f:1")
    expect(page.locator(".gradient-note")).to_contain_text("Gradients of")
    expect(page.get_by_role("group", name="Held")).to_be_visible()
    for key in ("s", "e", "p"):
        page.keyboard.press(key)
    expect(page.get_by_role("menu")).to_have_count(0)
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile("open="))
    assert "edit" not in page.url
    page.keyboard.press("?")
    listed = page.locator(".key-table kbd").all_inner_texts()
    assert "O" in listed
    assert not {"S", "E", "P"} & set(listed), "help names keys that do nothing here"


def streams(pdf: bytes) -> bytes:
    """A PDF with its compressed streams unpacked, on the surface again what it holds."""
    parts = [pdf]
    for found in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompressobj().decompress(found[1]))
        except zlib.error:
            continue
    return b"\n".join(parts).replace(b"/Subtype/Image", b"/Subtype /Image")


def test_the_menu_is_used_by_keyboard_alone(open_page: Open) -> None:
    page = open_page(VIEW)
    opener = page.get_by_role("button", name="Save", exact=True)
    expect(opener).to_have_attribute("title", re.compile(r"\(S\)$"))
    menu(page)
    expect(page.get_by_role("menuitem", name="SVG")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="embed")).to_be_focused()
    page.keyboard.press("Home")
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="JSON")).to_be_focused()
    expect(page.locator(".player-step")).to_have_text("t = 3, “l”")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(opener).to_be_focused()
    menu(page)
    page.get_by_role("heading", name="Long short-term memory").click()
    expect(page.get_by_role("menu")).to_have_count(0)


def clipboard(page: Page, name: str) -> str:
    """What the entry copies."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    menu(page)
    page.get_by_role("menuitem", name=name).click()
    expect(page.locator(".save-note")).to_contain_text("copied")
    expect(page.get_by_role("menu")).to_have_count(0)
    return page.evaluate("navigator.clipboard.readText()")


def test_the_copied_link_opens_the_same_view(open_page: Open) -> None:
    page = open_page(f"{VIEW}&theme=night&pins=s@2&selection=h")
    link = clipboard(page, "Copy link")
    again = open_page(link)
    for part in (".player-step", ".run-status", ".inspector-title"):
        expect(again.locator(part)).to_have_text(
            page.locator(part).inner_text(), use_inner_text=True
        )
    expect(again.locator("html")).to_have_attribute("data-theme", "night")


def test_the_embed_code_shows_the_view_in_another_page(
    open_page: Open, browser: Browser, tmp_path: Path
) -> None:
    page = open_page(VIEW)
    code = clipboard(page, "Copy embed code")
    course = tmp_path / "course.html"
    course.write_text(f"<!doctype html><title>Course</title><p>Before</p>{code}<p>After</p>")
    other = browser.new_page(viewport={"width": 900, "height": 700})
    complaints: list[str] = []
    other.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    other.goto(course.as_uri())
    frame = other.frame_locator("iframe")
    expect(frame.locator(".player-step")).to_have_text("t = 3, “l”")
    expect(frame.locator(".header, .text-column, .inputs, .strips")).to_have_count(0)
    frame.get_by_role("button", name="Step forward").click()
    expect(frame.locator(".player-step")).to_have_text("t = 4, “l”")
    whole = frame.get_by_role("link", name="Open in unrolled").get_attribute("href")
    assert whole is not None
    assert "embed" not in whole
    assert "step=4" in whole
    other.close()
    assert complaints == []


@pytest.mark.parametrize(("width", "height"), [(1000, 600), (700, 540), (390, 560)])
def test_an_embedded_figure_takes_the_room_it_is_given(
    open_page: Open, width: int, height: int
) -> None:
    page = open_page(f"{VIEW}&embed=1", width=width, height=height)
    stage = page.locator(".figure-stage").bounding_box()
    player = page.locator(".player").bounding_box()
    foot = page.locator(".embed-foot").bounding_box()
    assert stage is not None
    assert player is not None
    assert foot is not None
    assert player["y"] - (stage["y"] + stage["height"]) < 70  # the legend stands between them
    assert height - 60 < foot["y"] + foot["height"] <= height
    assert stage["height"] > height * 0.4
