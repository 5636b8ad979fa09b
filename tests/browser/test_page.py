"""What a person does with the page: type, play, step, edit, undo, select, share, mend."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, Route, expect

Open = Callable[..., Page]

STILL = "view=unfolded&step=1"
"""An address that says what is shown does not begin with the opening show."""


def step(page: Page):
    return page.locator(".player-step")


def editor(page: Page):
    return page.get_by_role("textbox", name="Equations, as text")


def replace_in_editor(page: Page, old: str, new: str) -> None:
    """Selects `old` with the caret and types `new` over it."""
    at = editor(page).input_value().index(old)
    editor(page).evaluate(f"field => field.setSelectionRange({at}, {at + len(old)})")
    page.keyboard.type(new)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


BUTTONS_SEEN = """
window.seen = [];
new MutationObserver(() => {
  for (const { textContent } of document.querySelectorAll("button")) {
    if (!seen.includes(textContent.trim())) seen.push(textContent.trim());
  }
}).observe(document, { subtree: true, childList: true, characterData: true });
"""


def test_the_page_opens_on_the_lstm_unfolds_and_plays(open_page: Open) -> None:
    page = open_page("/", before=BUTTONS_SEEN)
    expect(page.get_by_role("heading", name="Long short-term memory")).to_be_visible()
    expect(page.get_by_role("button", name="Fold", exact=True)).to_be_visible(timeout=4000)
    seen = page.evaluate("() => window.seen")
    assert seen.index("Unfold") < seen.index("Fold"), "it was folded, however briefly"
    expect(step(page)).to_have_text("t = 11, “d”", timeout=12000)
    expect(page).to_have_url(re.compile("/lstm.*step=11"))


def test_a_key_while_the_page_opens_leaves_the_figure_unfolded(open_page: Open) -> None:
    page = open_page("/gru?text.x=hello")
    assert "view=folded" not in page.url
    press(page, "t")
    expect(page.get_by_role("button", name="Fold", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("view=unfolded"))
    page.wait_for_timeout(1500)
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # the show is over


def test_typed_text_runs_and_plays_to_its_end(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}")
    page.get_by_label("Text for x").fill("hello")
    expect(page).to_have_url(re.compile("text.x=hello"))
    expect(page.get_by_role("button", name="Last step")).to_be_enabled()
    page.get_by_role("button", name="Play").click()
    expect(step(page)).to_have_text("t = 5, “o”", timeout=6000)
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_every_step_is_reached_with_the_keyboard(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&text.x=hello")
    for at, symbol in enumerate("hello", start=1):
        expect(step(page)).to_have_text(f"t = {at}, “{symbol}”")
        expect(page.locator(".page > [role=status]")).to_be_attached()
        press(page, "ArrowRight")
    press(page, "Home")
    expect(step(page)).to_have_text("t = 1, “h”")
    press(page, "End", "PageUp")
    expect(step(page)).to_have_text("t = 4, “l”")
    press(page, "f")
    expect(page.get_by_role("button", name="Unfold", exact=True)).to_be_visible()
    press(page, " ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_an_edited_equation_runs_and_undo_brings_everything_back(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&text.x=hello")
    loss = page.locator(".run-status b")
    before = loss.inner_text()
    press(page, "e")
    original = editor(page).input_value()
    replace_in_editor(page, "tanh(b", "relu(b")
    expect(loss).not_to_have_text(before)
    expect(page.get_by_text("changed", exact=True)).to_be_visible()
    press(page, "Control+z")
    expect(editor(page)).to_have_value(original)
    expect(loss).to_have_text(before)
    press(page, "Control+Shift+z")
    expect(loss).not_to_have_text(before)
    page.get_by_role("button", name="Reset").click()
    expect(editor(page)).to_have_value(original)


def test_a_fault_is_explained_below_the_text_and_the_last_picture_stays(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}")
    loss = page.locator(".run-status b").inner_text()
    press(page, "e")
    replace_in_editor(page, "tanh(b", "tanhh(b")
    card = page.locator(".callout")
    expect(card).to_contain_text("tanhh")
    expect(card).to_contain_text("tanh?")
    expect(page.locator(".editor-gutter .is-fault")).to_have_text("11")
    press(page, "Control+Home")
    card.get_by_role("button", name="Line 11").click()
    chosen = "const e = document.activeElement; e.value.slice(e.selectionStart, e.selectionEnd)"
    assert page.evaluate(chosen) == "tanhh", "the card's line leads to the place in the text"
    expect(page.get_by_text("Last good picture")).to_be_visible()
    expect(page.locator(".run-status b")).to_have_text(loss)
    page.get_by_role("button", name="中文").click()
    expect(card).to_contain_text("没有")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1440, 560), (1000, 800)])
def test_faults_cover_neither_the_figure_nor_the_player_nor_the_text(
    open_page: Open, width: int, height: int
) -> None:
    page = open_page(f"/lstm?{STILL}", width=width, height=height)
    press(page, "e")
    replace_in_editor(page, "sigmoid(", "sigmod(")
    cards = page.locator(".callout")
    expect(cards.first).to_be_in_viewport(ratio=0.9)
    lowest = cards.first.bounding_box()
    stage = page.locator(".stage").bounding_box()
    assert lowest is not None
    assert stage is not None
    assert lowest["x"] + lowest["width"] <= stage["x"], "the cards stay in the column of the text"


def test_tab_indents_and_escape_then_tab_leaves_the_editor(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&edit=1")
    expect(editor(page)).to_be_focused()
    before = editor(page).input_value()
    press(page, "Control+Home", "Tab")
    expect(editor(page)).to_have_value(f"    {before}")
    press(page, "Shift+Tab", "Escape", "Tab")
    expect(editor(page)).to_have_value(before)
    expect(editor(page)).not_to_be_focused()


def test_escape_leaves_the_text_and_keys_act_on_the_page_again(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&edit=1")
    before = editor(page).input_value()
    press(page, "Escape", "?")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(editor(page)).to_have_value(before)
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(editor(page)).to_be_visible()


def test_the_inspector_shows_the_numbers_that_the_service_computed(
    open_page: Open, live_server: str
) -> None:
    page = open_page("/lstm?view=unfolded&step=3&text.x=hello")
    page.locator(".typeset [data-node=f]").first.click()
    body = {"architecture": "lstm", "inputs": {"x": {"text": "hello"}}, "variables": ["f"]}
    request = urllib.request.Request(
        f"{live_server}/v1/runs",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        outputs = {output["name"]: output for output in json.load(answer)["outputs"]}
    row = outputs["f"]["data"][2 * 8 : 3 * 8]
    shown = page.locator(".value-number")
    expect(shown).to_have_count(8)
    for text, value in zip(shown.all_inner_texts(), row, strict=True):
        assert float(text.replace("−", "-")) == pytest.approx(value, rel=1e-3)
    press(page, "ArrowDown", "ArrowDown")
    whole = page.locator(".equation-numbers [data-slot='f/0']")
    expect(whole).to_have_attribute("title", re.compile(rf"^{row[2]:.4f}"))


def test_a_link_opens_the_same_view_again(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&text.x=hello")
    press(page, "e")
    replace_in_editor(page, "tanh(b", "relu(b")
    press(page, "Escape", "End")
    page.locator(".typeset [data-node=s]").first.click()
    press(page, "ArrowDown", "t")
    expect(page).to_have_url(re.compile("unit=1.*theme=night"))
    expect(page.locator(".run-status")).not_to_contain_text("Running")
    parts = [".player-step", ".run-status", ".inspector-title", ".value[aria-pressed=true]"]
    seen = [page.locator(part).inner_text() for part in parts]
    again = open_page(page.url)
    for part, text in zip(parts, seen, strict=True):
        expect(again.locator(part)).to_have_text(text, use_inner_text=True)
    expect(again.get_by_label("Text for x")).to_have_value("hello")
    expect(again.locator("html")).to_have_attribute("data-theme", "night")
    assert "relu" in editor(again).input_value()
    assert again.url == page.url


def test_back_and_forward_lead_through_the_architectures(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&text.x=hello")
    page.get_by_role("button", name="Long short-term memory").click()
    page.get_by_role("link", name="Gated recurrent unit", exact=True).click()
    expect(page).to_have_title("Gated recurrent unit · unrolled")
    page.go_back()
    expect(page).to_have_title("Long short-term memory · unrolled")
    expect(page.get_by_label("Text for x")).to_have_value("hello")
    page.go_forward()
    expect(page).to_have_title("Gated recurrent unit · unrolled")


def test_an_unknown_character_is_named_and_mended_by_one_press(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}")
    loss = page.locator(".run-status b").inner_text()
    page.get_by_label("Text for x").fill("héllo")
    card = page.locator(".fault-card")
    expect(card).to_contain_text("é")
    expect(page.locator(".run-status b")).to_have_text(loss)
    card.get_by_role("button", name="Use these characters").click()
    expect(card).to_have_count(0)
    expect(page.locator(".run-status b")).not_to_have_text(loss)


def test_an_empty_text_asks_for_a_step(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}")
    page.get_by_label("Text for x").fill("")
    expect(page.locator(".fault-card")).to_contain_text("at least one")


def test_ten_megabytes_of_text_are_refused_in_words(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}")
    page.get_by_label("Text for x").evaluate(
        """field => {
            field.value = "hello world".repeat(1e6);
            field.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    expect(page.locator(".trouble")).to_contain_text("bytes", timeout=20000)
    page.get_by_label("Text for x").fill("hello")
    expect(page.locator(".trouble")).to_have_count(0)


def test_pasted_numbers_are_checked_where_they_are_written_and_then_run(open_page: Open) -> None:
    page = open_page(f"/teacher-forcing?{STILL}")
    page.get_by_label("Where x comes from").select_option("own")
    field = page.get_by_label("Rows for x")
    field.fill("1, 2\n3, four")
    expect(page.get_by_text("Row 2, column 2")).to_be_visible()
    field.fill("1, 2\n3, 4\n5, 6")
    page.get_by_role("button", name="Use these numbers").click()
    expect(page.get_by_text("3 × 2 numbers")).to_be_visible()
    press(page, "End")
    expect(step(page)).to_have_text("t = 3")


def test_teacher_forcing_turns_the_scan_into_maps(open_page: Open) -> None:
    page = open_page(f"/teacher-forcing?{STILL}")
    stages = page.locator(".stage-name")
    expect(stages).to_have_count(2)
    expect(stages.filter(has_text="Step by step")).to_have_count(0)
    page.get_by_role("slider", name="Teacher forcing").fill("0")
    expect(stages.filter(has_text="Step by step")).to_have_count(1)


def test_the_keys_mean_the_same_on_the_scrubber(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}")
    page.get_by_role("slider", name="Time").focus()
    press(page, "ArrowRight", "PageDown", "PageDown", "PageUp")
    expect(step(page)).to_have_text("t = 3, “l”")
    press(page, "ArrowUp", "ArrowDown")
    expect(step(page)).to_have_text("t = 3, “l”")
    press(page, "End")
    expect(step(page)).to_have_text("t = 11, “d”")
    press(page, "Home")
    expect(step(page)).to_have_text("t = 1, “h”")


BEYOND = """x: onehot(27)
h: 8
for t in time:
    h[t] = tanh(W @ h[t-1] + U @ x[t])
a = h[99]
"""


def test_a_text_that_cannot_run_shows_no_numbers_of_the_text_before(open_page: Open) -> None:
    page = open_page("/lstm?view=unfolded&step=3&edit=1")
    play = page.get_by_role("button", name="Play")
    values = page.locator(".figure-stage ul.unseen")
    original = editor(page).input_value()
    expect(values).to_contain_text(re.compile(r"h.*\d\.\d"))
    editor(page).fill(BEYOND)
    expect(page.locator(".trouble")).to_contain_text("h[99]")
    expect(play).to_be_disabled()
    expect(values).not_to_contain_text(re.compile(r"\d\.\d"))
    press(page, "Escape", "Tab", " ")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    editor(page).fill(original)
    expect(play).to_be_enabled()
    expect(step(page)).to_have_text("t = 3, “l”")


TWO_DOMAINS = """x: onehot(27)
y: onehot(27)
h: 4
d: 4
for s in source:
    h[s] = tanh(W @ h[s-1] + U @ x[s])
for t in target:
    d[t] = tanh(W_d @ d[t-1] + R @ y[t-1] + C @ h[end])
    o[t] = V @ d[t]
    L[t] = cross_entropy(o[t], y[t])
"""


def test_an_input_that_no_longer_fits_the_text_is_generated(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&edit=1")
    editor(page).fill(TWO_DOMAINS)
    expect(page.get_by_label("Where y comes from")).to_have_value("generate:symbols")
    expect(step(page)).to_have_text("s = 1, “h”")
    expect(page.locator(".fault-card, .trouble")).to_have_count(0)


def test_a_fault_of_an_input_stays_inside_the_window(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&edit=1")
    page.get_by_label("Where y comes from").select_option("own")
    page.get_by_label("Text for y").fill("é" * 5)
    box = page.locator(".fault-card").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1440


def test_a_refused_run_is_said_above_the_figure_and_covers_nothing(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&edit=1")
    editor(page).fill(BEYOND)
    page.locator(".trouble").wait_for()
    band = page.locator(".trouble").bounding_box()
    row = page.locator(".figure-parameters").bounding_box()
    assert band is not None
    assert row is not None
    assert band["y"] + band["height"] <= row["y"]


def test_both_languages_say_everything(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}")
    page.get_by_role("button", name="中文").click()
    expect(page).to_have_title("长短期记忆 · unrolled")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    press(page, "?")
    left = page.locator("body").evaluate(
        """body => {
            const walk = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
            const words = [];
            while (walk.nextNode()) {
                const node = walk.currentNode;
                const own = "script, noscript, code, pre, textarea, kbd, .katex, .mark, .lesson-paper, option";
                if (!node.parentElement.closest(own)) words.push(node.textContent);
            }
            return words.join(" ").match(/[A-Za-z]{5,}/g) ?? [];
        }"""
    )
    assert set(left) <= {"torch", "PyTorch", "Python"}, "no English word is left"


def test_a_lost_server_is_said_and_tried_again(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}")
    page.context.set_offline(True)
    page.get_by_label("Text for x").fill("hello")
    expect(page.get_by_text("The server does not answer")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("The server does not answer")).to_have_count(0)
    expect(page.locator(".run-status b")).to_be_visible()
    expect(page.locator(".run-status")).not_to_contain_text("Running")
    press(page, "Escape", "End")
    expect(step(page)).to_have_text("t = 5, “o”")


@pytest.mark.parametrize("width", [390, 800, 1000, 1440, 1920])
@pytest.mark.parametrize("path", ["/lstm?selection=s", "/teacher-forcing?edit=1&lang=zh"])
def test_nothing_is_wider_than_the_screen(open_page: Open, path: str, width: int) -> None:
    page = open_page(f"{path}&{STILL}", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_gradients_take_the_place_of_the_values(open_page: Open) -> None:
    page = open_page(f"/rnn-hidden-recurrence?{STILL}&selection=h")
    values = page.locator(".value-number")
    before = values.first.get_attribute("title")
    press(page, "g")
    legend = page.locator(".figure-legend [data-kind=gradient]")
    expect(legend).to_be_visible()
    expect(page.get_by_text("reads 0 here")).to_be_visible()
    expect(values.first).not_to_have_attribute("title", before or "")
    body = {"architecture": "rnn-hidden-recurrence", "variables": [], "gradient": {"of": "loss"}}
    answer = page.request.post("/v1/runs", data=body).json()
    gradient = next(one for one in answer["outputs"] if one["name"] == "grad/h")
    shown = [float((one or "").replace("−", "-")) for one in titles(values)]
    assert shown == pytest.approx(gradient["data"][: len(shown)], rel=1e-6)
    expect(page).to_have_url(re.compile("shows=gradients"))
    page.get_by_role("button", name="Values", exact=True).click()
    expect(legend).to_have_count(0)
    expect(values.first).to_have_attribute("title", before or "")


def titles(numbers: Locator) -> list[str | None]:
    return [one.get_attribute("title") for one in numbers.all()]


def test_a_gate_is_held_and_let_go(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&selection=f")
    loss = page.locator(".run-status b")
    before = loss.inner_text()
    page.get_by_label("Value", exact=True).fill("1")
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.locator(".value-number").first).to_have_text("1")
    expect(loss).not_to_have_text(before)
    expect(page).to_have_url(re.compile("clamp=f%3A1"))
    cut = page.locator(".figure-mirror [data-cut]")
    expect(cut.first).to_be_attached()
    assert {
        one.split("@")[0] for one in cut.evaluate_all("all => all.map(e => e.dataset.target)")
    } == {"f"}
    expect(page.locator(".inspector")).to_contain_text("Not: it is held")
    expect(page.locator(".inspector-equation.is-cut")).to_be_visible()
    page.get_by_role("group", name="Held").get_by_role("button", name="Let f go").click()
    expect(loss).to_have_text(before)
    expect(cut).to_have_count(0)
    expect(page.locator(".inspector-equation.is-cut")).to_have_count(0)


@pytest.mark.parametrize("selection", ["zz", "zz/1", "edge:zz", "parameter:zz"])
def test_a_link_to_what_the_equations_do_not_have_says_so(open_page: Open, selection: str) -> None:
    page = open_page(f"/lstm?{STILL}&selection={selection}")
    expect(page.locator(".inspector")).to_contain_text("These equations have no zz")


PLACES = {
    "wide": ("", 1440, 900),
    "inspector": ("&selection=f", 1440, 900),
    "editor": ("&edit=1", 1440, 900),
    "middle": ("", 1000, 800),
    "frame": ("&embed=1", 700, 420),
    "phone": ("", 390, 844),
}


@pytest.mark.parametrize(
    ("place", "locale"), [*((place, "en-US") for place in PLACES), ("frame", "zh-CN")]
)
def test_the_player_keeps_its_height_and_cuts_no_word_while_playing(
    open_page: Open, place: str, locale: str
) -> None:
    more, width, height = PLACES[place]
    page = open_page(f"/lstm?{STILL}{more}", width=width, height=height, locale=locale)
    player = page.locator(".player")
    at_rest = player.bounding_box()
    page.locator(".play").click()
    beat = page.locator(".player-beat-names")
    beat.wait_for()
    seen = set()
    for _ in range(8):
        playing = player.bounding_box()
        assert at_rest is not None
        assert playing is not None
        assert playing["height"] == at_rest["height"]
        shown, whole, words = beat.evaluate(
            "one => [one.clientWidth, one.scrollWidth, one.textContent]"
        )
        seen.add(words)
        assert whole <= shown, words
        press(page, "PageDown")
    assert len(seen) > 1


def test_a_name_that_is_nearly_another_is_asked_after(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&edit=1")
    replace_in_editor(page, "* s[t-1]", "* S[t-1]")
    expect(page.locator(".editor-slip")).to_contain_text("S has no equation")
    expect(page.locator(".editor-slip")).to_contain_text("Did you mean s?")
    press(page, "Control+z")
    expect(page.locator(".editor-slip")).to_have_count(0)


def test_a_tree_is_drawn_as_its_brackets_say(open_page: Open) -> None:
    page = open_page(f"/recursive-net?{STILL}")
    brackets = page.get_by_role("textbox", name="Tree over the leaves of x, as brackets")
    heights = "all => new Set(all.map(e => e.dataset.y)).size"
    drawn = f"() => ({heights})([...document.querySelectorAll('.figure-mirror [data-node=h]')])"
    page.wait_for_function(f"{drawn} === 4")
    page.get_by_label("How the tree branches").select_option("left")
    expect(brackets).to_have_value("(((((((1 2) 3) 4) 5) 6) 7) 8)")
    page.wait_for_timeout(800)
    page.keyboard.press("0")
    page.wait_for_function(
        f"() => ({heights})([...document.querySelectorAll('.figure-mirror [data-node=h]')]) === 8"
    )
    brackets.fill("((1 2) (3")
    expect(brackets).to_have_attribute("aria-invalid", "true")
    brackets.fill("(1 (2 3))")
    expect(brackets).to_have_attribute("aria-invalid", "false")
    expect(page.get_by_label("How the tree branches")).to_have_value("right")
    expect(page).to_have_url(re.compile("tree.x="))


def test_the_text_is_taken_along_as_a_module(open_page: Open) -> None:
    page = open_page(f"/gru?{STILL}&text.x=hello")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download as a PyTorch module").click()
    assert waiting.value.suggested_filename == "gru.py"
    assert "class Gru(nn.Module)" in waiting.value.path().read_text(encoding="utf-8")
    press(page, "e")
    replace_in_editor(page, "tanh", "relu")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as a PyTorch module").click()
    assert "relu" in waiting.value.path().read_text(encoding="utf-8")


BOXES_SEEN = """
() => [...document.querySelectorAll(".figure-mirror [data-node]")].map((node) => {
  const { left, top, width } = node.getBoundingClientRect();
  return [node.dataset.node, node.dataset.step, ...[left, top, width].map(Math.round)].join(" ");
})
"""


@pytest.mark.parametrize("view", ["folded", "unfolded"])
def test_a_link_brings_the_picture_back_to_where_it_was_moved(open_page: Open, view: str) -> None:
    page = open_page(f"/lstm?view={view}&step=2", reduced_motion="reduce")
    canvas = page.locator(".figure-canvas").bounding_box()
    assert canvas is not None
    x, y = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    page.mouse.down()
    page.mouse.move(x - 130, y + 40, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("place="))
    page.mouse.move(5, 5)
    page.wait_for_timeout(300)
    again = open_page(page.url, reduced_motion="reduce")
    again.wait_for_timeout(300)
    moved, found = page.evaluate(BOXES_SEEN), again.evaluate(BOXES_SEEN)
    assert len(moved) > 5
    assert [one.split()[:2] for one in found] == [one.split()[:2] for one in moved]
    for one, other in zip(moved, found, strict=True):
        for mine, its in zip(one.split()[2:], other.split()[2:], strict=True):
            assert abs(int(mine) - int(its)) <= 1, (one, other)
    again.get_by_role("button", name="Fit").click()
    expect(again).not_to_have_url(re.compile("place="))


def test_from_far_away_the_strips_take_the_room_of_the_drawing(open_page: Open) -> None:
    page = open_page("/lstm?view=unfolded&step=2", reduced_motion="reduce")
    strips, drawing = page.locator(".part-strips"), page.locator(".figure-canvas")

    def heights() -> tuple[float, float]:
        boxes = [each.bounding_box() for each in (strips, drawing)]
        assert boxes[0] is not None
        assert boxes[1] is not None
        return boxes[0]["height"], boxes[1]["height"]

    near = heights()
    page.get_by_role("application").focus()
    for _ in range(8):
        page.keyboard.press("-")
    expect(page.locator(".stage")).to_have_attribute("data-level", "far")
    page.wait_for_timeout(200)
    far = heights()
    assert far[0] > 1.5 * near[0]
    assert far[1] < near[1]
    page.keyboard.press("0")
    expect(page.locator(".stage")).not_to_have_attribute("data-level", "far")
    page.wait_for_timeout(200)
    assert heights() == near


def test_going_back_brings_step_fold_and_place_together(open_page: Open) -> None:
    page = open_page("/lstm?view=unfolded&step=2&place=300,290,2", reduced_motion="reduce")
    page.wait_for_timeout(300)
    seen = page.evaluate(BOXES_SEEN)
    page.get_by_role("button", name="Long short-term memory").click()
    page.get_by_role("link", name="Gated recurrent unit").first.click()
    expect(page.get_by_role("heading", name="Gated recurrent unit")).to_be_visible()
    page.keyboard.press("f")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    page.go_back()
    expect(page.get_by_role("heading", name="Long short-term memory", exact=True)).to_be_visible()
    expect(page.locator(".player-step")).to_have_text("t = 2, “e”")
    page.wait_for_timeout(500)
    assert page.evaluate(BOXES_SEEN) == seen
    expect(page).to_have_url(re.compile("place=300%2C290%2C2"))


FAULTY = "x: onehot(27)\nh: 8\nfor t in time:\n    h[t] = tnh(W @ h[t-1] + U @ x[t])\n"


def test_a_page_opened_with_a_faulty_text_says_so_and_leads_to_it(open_page: Open) -> None:
    page = open_page(f"/lstm?equations={quote(FAULTY)}", ready="Nothing is drawn yet")
    expect(page.get_by_text("Nothing is drawn yet")).to_be_visible()
    expect(page.get_by_text("Last good picture")).to_have_count(0)
    page.get_by_role("button", name="Mend its error").click()
    expect(editor(page)).to_be_focused()
    replace_in_editor(page, "tnh", "tanh")
    expect(page.get_by_text("Nothing is drawn yet")).to_have_count(0)
    expect(step(page)).to_contain_text("t = 1")


def test_values_of_an_older_input_are_told_apart(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&text.x=hello")
    old = page.get_by_text("Values of the last run that worked")
    expect(old).to_have_count(0)
    page.locator("#input-x").fill("héllo")
    expect(old).to_be_visible()
    page.locator("#input-x").fill("hallo")
    expect(old).to_have_count(0)


def test_a_busy_service_is_waited_for_in_the_open(open_page: Open) -> None:
    asked: list[str] = []

    def busy_at_first(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()
        else:
            headers = {"retry-after": "2", "content-type": "application/problem+json"}
            route.fulfill(status=503, headers=headers, body="{}")

    page = open_page(
        f"/lstm?{STILL}", ready="The service is busy", routes={"**/v1/runs/frames*": busy_at_first}
    )
    expect(page.get_by_text("The service is busy")).to_be_visible()
    expect(step(page)).to_contain_text("t = 1")
    expect(page.get_by_text("The service is busy")).to_have_count(0)
    assert len(asked) >= 2


OVERFLOWING = "x: 1\nfor t in time:\n    h[t] = exp(100 * x[t])\nloss = sum(h)\n"


def test_infinity_is_shown_as_infinity(open_page: Open) -> None:
    text = f"equations={quote(OVERFLOWING)}&selection=h"
    page = open_page(f"/lstm?{STILL}&{text}&values.x=" + quote("1;0;-1"))
    expect(page.locator(".run-status")).to_contain_text("loss ∞")
    expect(page.locator(".run-status")).to_contain_text("2 values are not finite")
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector).to_contain_text("∞")
    expect(inspector).not_to_contain_text("NaN")


def test_a_change_of_the_equations_is_said_where_the_book_speaks(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}")
    note = page.get_by_text("speaks of the equations before your change")
    expect(note).to_have_count(0)
    press(page, "e")
    replace_in_editor(page, "tanh(b", "relu(b")
    expect(note).to_be_visible()
    expect(page.locator(".lesson-place")).to_contain_text("Changed from: Section 10.10.1")
    expect(page).to_have_title("Long short-term memory, changed · unrolled")


def test_equations_of_ones_own_are_not_told_as_the_books(open_page: Open) -> None:
    page = open_page(f"/lstm?{STILL}&equations={quote(OVERFLOWING)}")
    heading = page.locator(".lesson-head h1")
    expect(heading).to_have_text("Your own equations")
    expect(page.locator(".text-column")).not_to_contain_text("10.10.1")
    expect(page.locator(".chooser-button")).not_to_contain_text("10.10.1")
    expect(page.locator(".prose")).to_have_count(0)
    expect(page.locator(".symbols")).not_to_contain_text("squashed")
    page.get_by_role("link", name="Long short-term memory").click()
    expect(heading).to_have_text("Long short-term memory")
    expect(page.locator(".prose")).to_be_visible()


@pytest.mark.parametrize("more", ["", "&selection=h", "&edit=1"])
@pytest.mark.parametrize("path", ["/attention", "/lstm"])
def test_a_wide_page_is_as_high_as_its_window(open_page: Open, path: str, more: str) -> None:
    page = open_page(f"{path}?{STILL}{more}", width=1240, height=760)
    assert page.evaluate("document.documentElement.scrollHeight") == 760
