"""The schedule: what is computed for all steps at once, what step by step, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.grammar import PROPERTY, recurrences
from graph.notation import components
from graph.written import Written
from language.examples import EXAMPLES
from unrolled.catalogue import read_catalogue
from unrolled.graph import Component, Schedule, describe, schedule
from unrolled.graph.program import LEAVES
from unrolled.graph.schedule import is_outside
from unrolled.language import LanguageError, Recurrence, parse

CATALOGUE = read_catalogue().architectures


def example(name: str) -> Recurrence:
    return parse(EXAMPLES[name].text, EXAMPLES[name].sizes)


def outline(recurrence: Recurrence, forcing: float = 1.0) -> list[str]:
    return components(schedule(recurrence, forcing))


def kinds(recurrence: Recurrence, forcing: float = 1.0) -> list[str]:
    return [one.kind for one in schedule(recurrence, forcing).components]


def test_teacher_forcing_has_no_scan_and_free_running_has_one() -> None:
    recurrence = example("teacher forcing")
    assert outline(recurrence, 1.0) == ["map t: h o z L", "map: loss"]
    assert outline(recurrence, 0.0) == [
        "map t:", "scan t forward: h o z", "  map t: h o z", "map t: L", "map: loss",
    ]  # fmt: skip


def test_scheduled_sampling_is_a_scan() -> None:
    assert kinds(example("teacher forcing"), 0.5).count("scan") == 1


FORCED = {
    # without an edge between hidden units the steps come apart (section 6)
    "teacher-forcing": ([], ["scan t forward: h o z"]),
    "teacher-forcing/free-running": ([], ["scan t forward: h o z"]),
    "teacher-forcing/scheduled-sampling": ([], ["scan t forward: h o z"]),
    "rnn-output-recurrence/target": ([], ["scan t forward: h o p z"]),
    # with one, h is still a chain; what leaves the scan is the read-out that was fed back
    "vector-to-sequence": (["scan t forward: h"], ["scan t forward: h o p z"]),
    "vector-to-sequence/initial": (["scan t forward: h"], ["scan t forward: h o p z"]),
    "vector-to-sequence/both": (["scan t forward: h"], ["scan t forward: h o p z"]),
    "conditional-rnn": (["scan t forward: h"], ["scan t forward: h o p z"]),
    "conditional-rnn/expectation": (["scan t forward: h"], ["scan t forward: h o p z"]),
    # nothing reads what is drawn: equation 10.35 has no order in y to change
    "conditional-rnn/independent": (["scan t forward: h"], ["scan t forward: h"]),
    # the reader is a chain in any case; of the writer the state, and what attention asks of it
    "encoder-decoder": (
        ["scan j forward: h", "scan i forward: s"],
        ["scan j forward: h", "scan i forward: s o p z"],
    ),
    "encoder-decoder/initial": (
        ["scan j forward: h", "scan i forward: s"],
        ["scan j forward: h", "scan i forward: s o p z"],
    ),
    "attention": (
        ["scan j forward: h", "scan j backward: g", "scan i forward: e α r s"],
        ["scan j forward: h", "scan j backward: g", "scan i forward: e α r s o p z"],
    ),
    "attention/forward": (
        ["scan j forward: h", "scan i forward: e α r s"],
        ["scan j forward: h", "scan i forward: e α r s o p z"],
    ),
}


def test_every_text_that_forces_is_held_to_what_forcing_changes() -> None:
    assert set(FORCED) == {name for name, one in CATALOGUE.items() if "force(" in one.equations}


@pytest.mark.parametrize("name", FORCED)
def test_the_catalogue_shows_what_teacher_forcing_changes(name: str) -> None:
    """Free running and scheduled sampling wait for the same things; the truth for fewer."""
    recurrence = parse(CATALOGUE[name].equations)
    truth, free = (
        [one.strip() for one in outline(recurrence, forcing) if "scan" in one]
        for forcing in (1.0, 0.0)
    )
    sampled = [one.strip() for one in outline(recurrence, 0.5) if "scan" in one]
    assert (truth, free) == FORCED[name]
    assert sampled == free


def test_a_scan_keeps_only_what_its_cycle_needs() -> None:
    assert outline(example("first")) == [
        "map t:", "scan t forward: h", "  map t: h", "map t: o p L", "map: loss",
    ]  # fmt: skip


def test_what_needs_the_end_waits_for_the_scan() -> None:
    recurrence = parse(CATALOGUE["rnn-single-output"].equations)
    assert outline(recurrence)[-1] == "map: o p loss"


def test_a_bidirectional_network_is_two_scans_and_maps() -> None:
    text = """\
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    g[t] = tanh(b_g + W_g @ g[t+1] + U_g @ x[t])
    o[t] = c + V @ h[t] + V_g @ g[t]
"""
    found = outline(parse(text, {"x": 2, "h": 3, "g": 3, "o": 4}))
    assert [one for one in found if one.startswith("scan")] == [
        "scan t forward: h",
        "scan t backward: g",
    ]
    assert found[-1] == "map t: o"


def test_attention_is_a_scan_of_the_decoder_after_two_of_the_encoder() -> None:
    assert outline(example("attention"), 1.0) == [
        "map t: z",
        "map s:", "scan s forward: h", "  map s: h",
        "map s:", "scan s backward: g", "  map s: g",
        "map s:", "map t:",
        "scan t forward: e a c d", "  map t:", "  map t: e a", "  map t: c d",
        "map t: o L", "map: loss",
    ]  # fmt: skip


def test_a_sample_that_is_fed_back_joins_the_scan_when_it_runs_free() -> None:
    scans = [one for one in outline(example("attention"), 0.0) if one.startswith("scan t")]
    assert scans == ["scan t forward: e a c d o z"]


def test_memory_is_one_scan() -> None:
    assert outline(example("turing machine"))[1] == (
        "scan t forward: h k content gate mixed shifted w r M"
    )


def test_a_tree_is_scanned_from_the_leaves_up() -> None:
    assert "scan n up: h" in outline(example("tree"))


@pytest.mark.parametrize(
    ("reads", "scans"),
    [
        (["e[t-1, s]"], ["scan t forward: e"]),
        (["e[t, s-1]"], ["scan s forward: e"]),
        (["e[t+1, s]"], ["scan t backward: e"]),
        (["e[t-1, s]", "e[t, s-1]"], ["scan t forward: e", "scan s forward: e"]),
        (["e[t-1, s]", "e[t, s+1]"], ["scan t forward: e", "scan s backward: e"]),
        (["e[t-1, s+1]", "e[t, s-1]"], ["scan t forward: e", "scan s forward: e"]),
        (["e[t-1, end]"], ["scan t forward: e"]),
        (["e[t-1, s-1]", "e[t-2, s+1]"], ["scan t forward: e"]),
        (["sum(e[t-1, s], s)"], ["scan t forward: e"]),
    ],
)
def test_a_recurrence_in_two_dimensions_nests_its_scans(reads: list[str], scans: list[str]) -> None:
    text = (
        f"e: ()\nfor t in time:\n    for s in source:\n        e[t, s] = tanh({' + '.join(reads)})"
    )
    found = [one.strip() for one in outline(parse(text)) if "scan" in one]
    assert found == scans


def test_two_cycles_that_do_not_need_each_other_are_two_scans() -> None:
    text = "h: 2\ng: 2\nfor t in time:\n    h[t] = tanh(h[t-1])\n    g[t] = tanh(g[t-1] + h[t])"
    assert [one for one in outline(parse(text)) if one.startswith("scan")] == [
        "scan t forward: h", "scan t forward: g",
    ]  # fmt: skip


def test_equations_that_need_each_other_are_one_scan() -> None:
    text = "h: 2\ng: 2\nfor t in time:\n    h[t] = tanh(g[t-1])\n    g[t] = tanh(h[t-1])"
    assert [one for one in outline(parse(text)) if one.startswith("scan")] == [
        "scan t forward: h g"
    ]


# hoisting and stacking


def texts(recurrence: Recurrence, forcing: float = 1.0) -> list[tuple[str, list[str]]]:
    described = describe(recurrence, forcing=forcing)["schedule"]
    return [(one["kind"], one["operations"]) for one in described]


def test_the_lstm_computes_its_inputs_before_its_scan() -> None:
    kind, operations = texts(parse(CATALOGUE["lstm"].equations))[0]
    assert kind == "map"
    assert operations[4:] == [
        "b_f + U_f @ x[t]",
        "b_g + U_g @ x[t]",
        "b_o + U_o @ x[t]",
        "b + U @ x[t]",
    ]


@pytest.mark.parametrize(
    ("name", "stacks"),
    [
        ("rnn-hidden-recurrence", []),
        ("lstm", [["U_f", "U_g", "U_o", "U"], ["W_f", "W_g", "W_o", "W"]]),
        ("gru", [["U_u", "U_r", "U"], ["W_u", "W_r"]]),
        ("gru/torch", [["U_u", "U_r", "U"], ["W_u", "W_r", "W"]]),
    ],
)
def test_products_with_one_operand_are_stacked(name: str, stacks: list[list[str]]) -> None:
    described = describe(parse(CATALOGUE[name].equations))["schedule"]
    assert [stack for one in described for stack in one["stacked"]] == stacks


def test_the_reset_gate_before_the_product_keeps_it_out_of_the_stack() -> None:
    """W @ (r * h) has an operand of its own: the book's GRU stacks two products, torch's three."""
    for name, count in (("gru", 2), ("gru/torch", 3)):
        scan = next(
            one
            for one in schedule(parse(CATALOGUE[name].equations)).components
            if one.kind == "scan"
        )
        (stack,) = scan.body[0].stacked
        assert len(stack) == count


@pytest.mark.parametrize(
    ("term", "hoisted"),
    [
        ("b + W @ h[t-1] + U @ x[t]", ["b + U @ x[t]"]),
        ("W @ h[t-1] - b - U @ x[t]", ["-b - U @ x[t]"]),
        ("W @ h[t-1] + x[t]", []),
        ("b + x[t] + x[t-1] + h[t-1]", ["b + x[t] + x[t-1]"]),
    ],
)
def test_summands_that_do_not_wait_for_the_cycle_are_hoisted(term: str, hoisted: list[str]) -> None:
    recurrence = parse(f"x: 3\nh: 3\nfor t in time:\n    h[t] = tanh({term})")
    before: list[str] = []
    for kind, operations in texts(recurrence):
        if kind == "scan":
            break
        before += [one for one in operations if one.count(" ") > 2 or one.startswith("-")]
    assert [one for one in before if "+" in one or " - " in one] == hoisted


def test_equal_parts_of_equations_are_computed_once() -> None:
    text = (
        "x: 3\nh: 3\ng: 3\nfor t in time:\n    h[t] = tanh(U @ x[t])\n    g[t] = sigmoid(U @ x[t])"
    )
    program = schedule(parse(text)).program
    assert [one.function for one in program.instructions.values()].count("matmul") == 1


def test_what_is_random_is_never_shared() -> None:
    text = "h: 3\ng: 3\nfor t in time:\n    h[t] = normal(b, 1)\n    g[t] = normal(b, 1)"
    program = schedule(parse(text)).program
    assert [one.function for one in program.instructions.values()].count("noise") == 2


# cycles


CYCLES = [
    ("a: 3\na = tanh(b)\nb = tanh(c)\nc = a", "cycle-static", "a → c → b → a", {}),
    ("h: 3\nfor t in time:\n    h[t] = tanh(g[t])\n    g[t] = h[t]", "cycle", "h → g → h", {}),
    ("h: 3\nfor t in time:\n    h[t] = tanh(h[t])", "cycle", "h → h", {}),
    ("h: 3\nfor t in time:\n    h[t] = h[t-1] + g[t+1]\n    g[t] = h[t]", "cycle-direction", "h → g → h", {"domain": "time"}),
    ("h: 3\nfor t in time:\n    h[t] = tanh(h[1])", "cycle-whole", "h → h", {"domain": "time"}),
    ("h: 3\nfor t in time:\n    h[t] = tanh(C)\nC = h[end]", "cycle-whole", "h → C → h", {"domain": "time"}),
    ("h: 3\nfor t in time:\n    h[t] = tanh(h[t-1] * norm(m))\nm = mean(h[t], t)", "cycle-whole", "h → m → h", {"domain": "time"}),
    ("e: ()\nfor t in time:\n    for s in source:\n        e[t, s] = e[t, s-1] + e[t, s+1]", "cycle-direction", "e → e", {"domain": "source"}),
    ("h: 3\nfor t in time:\n    h[t] = tanh(h[t-1])\nh[0] = h[end]", "cycle-whole", "h → h", {"domain": "time"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "cycle", "arguments"), CYCLES)
def test_a_circle_is_named_with_its_variables(
    text: str, code: str, cycle: str, arguments: dict[str, str]
) -> None:
    with pytest.raises(LanguageError) as caught:
        schedule(parse(text))
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert found.arguments["cycle"] == cycle
    assert {name: found.arguments[name] for name in arguments} == arguments
    assert str(found.arguments["cycle"]) in found.detail()
    assert text.split("\n")[found.line - 1][found.column - 1 :].startswith(
        str(found.arguments["name"])
    )


def test_a_long_circle_is_shortened() -> None:
    lines = [f"    h{k}[t] = tanh(h{(k + 1) % 20}[t])" for k in range(20)]
    with pytest.raises(LanguageError) as caught:
        schedule(parse("h0: 3\nfor t in time:\n" + "\n".join(lines)))
    assert str(caught.value.diagnostics[0].arguments["cycle"]).count("→") == 8


def test_a_circle_that_the_forcing_cuts_is_none() -> None:
    text = "y: 3\nfor t in time:\n    h[t] = tanh(z[t])\n    z[t] = force(y[t], h[t])"
    assert "scan" not in kinds(parse(text), 1.0)
    with pytest.raises(LanguageError):
        schedule(parse(text), 0.0)


# any text


def executed(plan: Schedule) -> Iterator[int]:
    yield from (one for part in plan.components for one in part.all_instructions())


def check_order(
    plan: Schedule, parts: tuple[Component, ...], done: set[int], carried: set[str]
) -> None:
    """Every instruction comes after what it reads, except through the index that a scan carries."""
    program = plan.program
    for part in parts:
        inside = set(part.all_instructions())
        if part.kind == "scan":
            assert part.index is not None
            check_order(plan, part.body, done, carried | {part.index})
            done |= inside
            continue
        for identity in part.instructions:
            for operand in program.instructions[identity].operands:
                producer = program.instructions[operand.value]
                is_known = producer.function in LEAVES or is_outside(operand)
                if is_known or operand.value in done:
                    continue
                assert operand.positions, (producer.text, program.instructions[identity].text)
                assert any(
                    position.index in carried
                    and (position.offset or position.anchor in ("left", "right"))
                    for position in operand.positions
                )
            done.add(identity)


def check_schedule(recurrence: Recurrence, forcing: float) -> None:
    plan = schedule(recurrence, forcing)
    program = plan.program
    every = list(executed(plan))
    computed = [
        one for one in program.instructions if program.instructions[one].function not in LEAVES
    ]
    assert len(every) == len(set(every))
    assert set(every) == set(computed)
    check_order(plan, plan.components, set(), set())


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("forcing", [0.0, 0.5, 1.0])
def test_the_catalogue_is_computed_in_order(name: str, forcing: float) -> None:
    check_schedule(parse(CATALOGUE[name].equations), forcing)


@settings(parent=PROPERTY, max_examples=35)
@given(recurrences(random=True), st.sampled_from([0.0, 0.5, 1.0]))
def test_any_text_with_an_order_is_computed_in_order(written: Written, forcing: float) -> None:
    check_schedule(parse(written.text), forcing)
