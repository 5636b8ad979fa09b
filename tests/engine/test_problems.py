"""Every message of a run has a smallest request that causes it, with a pointer to the part that is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from unrolled.engine import RUN_MESSAGES, RunError, prepare
from unrolled.engine.problems import RunProblem
from unrolled.language import parse

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ONE_HOT = "x: onehot(3)\nfor t in time:\n    h[t] = x[t]"
TREE = (
    "x: 2\nz: ()\nfor n in tree:\n    h[n] = where(leaf(n), x[n] * z[n], h[left(n)] - h[right(n)])"
)
VECTOR = "x: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + α * x[t])\nh: 2"
PAIR = "x: 2\ny: 2\nfor t in time:\n    h[t] = x[t] + y[t]"
DRAWS = "for t in time:\n    h[t] = z[t]\n    y[t] = 2 * bernoulli(0.5)\n    z[t] = bernoulli(0.5)\n    k[t] = sample(softmax(P))\nP = [0, 1]"
SLIDER = "α = slider(0.5, 0, 1)\nfor t in time:\n    h[t] = α * t"
FIXED = "for t in time:\n    h[t] = t\na = h[7]"


@dataclass(frozen=True)
class Wrong:
    """A request with one thing wrong, and the pointer to it."""

    code: str
    pointer: str
    text: str
    request: dict[str, Any] = field(default_factory=dict[str, Any])


WRONG = [
    Wrong("input-unknown", "/inputs/z", ONE_HOT, {"inputs": {"z": [1]}}),
    Wrong("input-unknown", "/inputs/a~1b~0", ONE_HOT, {"inputs": {"a/b~": [1]}}),
    Wrong("input-form", "/inputs/x", ONE_HOT, {"inputs": {"x": {"file": "x"}}}),
    Wrong("input-form", "/inputs/x", VECTOR, {"inputs": {"x": [[1, 2], [3]]}}),
    Wrong("input-form", "/inputs/x", VECTOR, {"inputs": {"x": [[1, "two"]]}}),
    Wrong("observed-root", "/inputs/y", DRAWS, {"inputs": {"y": [1, 1]}}),
    Wrong("observed-held", "/inputs/z", DRAWS, {"inputs": {"z": [1, 0]}, "clamp": [{"variable": "z", "value": 1}]}),
    Wrong("observed-values", "/inputs/z", DRAWS, {"inputs": {"z": [1, 0.5]}}),
    Wrong("observed-values", "/inputs/k", DRAWS, {"inputs": {"k": [[0, 0], [1, 0]]}}),
    Wrong("symbol-range", "/inputs/k", DRAWS, {"inputs": {"k": [None, 2]}}),
    Wrong("input-form", "/inputs/k", DRAWS, {"inputs": {"k": [None, [1, 0], 0]}}),
    Wrong("input-unknown", "/inputs/h", DRAWS, {"inputs": {"h": [1, 0]}}),
    Wrong("input-empty", "/inputs/x/text", ONE_HOT, {"inputs": {"x": {"text": "", "alphabet": "abc"}}}),
    Wrong("input-empty", "/inputs/x", VECTOR, {"inputs": {"x": []}}),
    Wrong("input-shape", "/inputs/x", VECTOR, {"inputs": {"x": [[1, 2, 3]]}}),
    Wrong("input-shape", "/inputs/x", VECTOR, {"inputs": {"x": [1, 2, 3]}}),
    Wrong("input-batch", "/inputs/x", VECTOR, {"inputs": {"x": [[[1, 2], [1, 2], [3, 4]]]}}),
    Wrong("input-batch", "/inputs/x", VECTOR, {"inputs": {"x": [[[1, 2]]] * 3}, "batch": 2}),
    Wrong("input-finite", "/inputs/x", VECTOR, {"inputs": {"x": [[1, 2], [3, float("nan")]]}}),
    Wrong("symbol-range", "/inputs/x", ONE_HOT, {"inputs": {"x": [0, 3]}}),
    Wrong("symbol-range", "/inputs/x", ONE_HOT, {"inputs": {"x": [0, 0.5]}}),
    Wrong("character-unknown", "/inputs/x/text", ONE_HOT, {"inputs": {"x": {"text": "abd", "alphabet": "abc"}}}),
    Wrong("text-not-onehot", "/inputs/x/text", VECTOR, {"inputs": {"x": {"text": "ab"}}}),
    Wrong("alphabet-missing", "/inputs/x/text", ONE_HOT, {"inputs": {"x": {"text": "ab"}}}),
    Wrong("alphabet-size", "/inputs/x/alphabet", ONE_HOT, {"inputs": {"x": {"text": "ab", "alphabet": "ab"}}}),
    Wrong("alphabet-size", "/inputs/x/alphabet", ONE_HOT, {"inputs": {"x": {"text": "ab", "alphabet": "aab"}}}),
    Wrong("next-of", "/inputs/y/next", PAIR, {"inputs": {"y": {"next": "z"}}}),
    Wrong("next-of", "/inputs/y/next", PAIR, {"inputs": {"y": {"next": "y"}}}),
    Wrong("generate-unknown", "/inputs/x/generate", VECTOR, {"inputs": {"x": {"generate": "square"}}}),
    Wrong("length-zero", "/lengths/time", VECTOR, {"lengths": {"time": 0}}),
    Wrong("length-unknown-domain", "/lengths/space", VECTOR, {"lengths": {"space": 3}}),
    Wrong("length-conflict", "/inputs/y", PAIR, {"inputs": {"x": [[1, 2]], "y": [[1, 2], [3, 4]]}}),
    Wrong("length-conflict", "/inputs/x", VECTOR, {"inputs": {"x": [[1, 2]]}, "lengths": {"time": 3}}),
    Wrong("clamp-unknown", "/clamp/0/variable", VECTOR, {"clamp": [{"variable": "x", "value": 1}]}),
    Wrong("clamp-no-steps", "/clamp/0/steps", FIXED, {"clamp": [{"variable": "a", "value": 1, "steps": [1, 1]}]}),
    Wrong("clamp-domain", "/clamp/0/steps", VECTOR, {"clamp": [{"variable": "h", "value": 1, "steps": {"space": [1, 1]}}]}),
    Wrong("clamp-steps", "/clamp/0/steps", VECTOR, {"clamp": [{"variable": "h", "value": 1, "steps": [3, 2]}]}),
    Wrong("clamp-steps", "/clamp/1/steps", VECTOR, {"clamp": [{"variable": "h", "value": 1}, {"variable": "h", "value": 1, "steps": [1, 99]}]}),
    Wrong("clamp-units", "/clamp/0/units", VECTOR, {"clamp": [{"variable": "h", "value": 1, "units": [2]}]}),
    Wrong("clamp-value", "/clamp/0/value", VECTOR, {"clamp": [{"variable": "h", "value": [1, 2, 3]}]}),
    Wrong("gradient-of", "/gradient/of", FIXED, {"gradient": {"of": "h"}}),
    Wrong("gradient-outside", "/gradient/of", FIXED, {"gradient": {"of": "h[13]"}}),
    Wrong("gradient-variable", "/gradient/variables/0", FIXED, {"gradient": {"of": "a", "variables": ["b"]}}),
    Wrong("jacobian-of", "/of", VECTOR, {"jacobian": ("x", "h", 1, 1)}),
    Wrong("jacobian-of", "/with_respect_to", VECTOR, {"jacobian": ("h", "W", 1, 1)}),
    Wrong("jacobian-step", "/spectrum/step", VECTOR, {"jacobian": ("h", "h", 13, 12)}),
    Wrong("autograd-cost", "/gradient", VECTOR, {"lengths": {"time": 30_000}, "autograd": "h[1][1]"}),
    Wrong("parameter-unknown", "/parameters/values/V", VECTOR, {"parameters": {"V": [1]}}),
    Wrong("parameter-form", "/parameters/values/W", VECTOR, {"parameters": {"W": [[1, 2], [3]]}}),
    Wrong("parameter-form", "/boundary/h", VECTOR, {"boundary": {"h": "zero"}}),
    Wrong("parameter-shape", "/parameters/values/W", VECTOR, {"parameters": {"W": [[1, 2, 3]]}}),
    Wrong("parameter-shape", "/boundary/h", VECTOR, {"boundary": {"h": [1, 2, 3]}}),
    Wrong("parameter-finite", "/parameters/values/α", VECTOR, {"parameters": {"α": float("inf")}}),
    Wrong("setting-unknown", "/settings/β", SLIDER, {"settings": {"β": 1}}),
    Wrong("setting-range", "/settings/α", SLIDER, {"settings": {"α": 2}}),
    Wrong("setting-range", "/settings/α", SLIDER, {"settings": {"α": float("nan")}}),
    Wrong("boundary-unknown", "/boundary/x", VECTOR, {"boundary": {"x": [1, 2]}}),
    Wrong("boundary-unknown", "/boundary/h", VECTOR, {"boundary": {"h": {"-1": [1, 2]}}}),
    Wrong("boundary-unknown", "/boundary/z", VECTOR, {"boundary": {"z": [1, 2]}}),
    Wrong("forcing-range", "/forcing", VECTOR, {"forcing": 1.5}),
    Wrong("forcing-range", "/forcing", VECTOR, {"forcing": float("nan")}),
    Wrong("number-whole", "/batch", VECTOR, {"batch": 0}),
    Wrong("number-whole", "/seed", VECTOR, {"seed": "a"}),
    Wrong("dtype-unknown", "/dtype", VECTOR, {"dtype": "float16"}),
    Wrong("variable-unknown", "/variables/1", VECTOR, {"variables": ["h", "z"]}),
    Wrong("variable-unknown", "/variables/0", VECTOR, {"variables": ["h/99"]}),
    Wrong("variable-unknown", "/variables/0", VECTOR, {"variables": ["x/*"]}),
    Wrong("step-outside", "/lengths/time", FIXED, {"lengths": {"time": 6}}),
    Wrong("step-outside", "/lengths/time", FIXED.replace("7", "end-6"), {"lengths": {"time": 6}}),
    Wrong("tree-empty", "/inputs/x/1", TREE, {"inputs": {"x": [[1, 2], []]}}),
    Wrong("tree-children", "/inputs/x", TREE, {"inputs": {"x": [[1, 2], [1, 2], [1, 2]]}}),
    Wrong("tree-children", "/inputs/x/0", TREE, {"inputs": {"x": [[[1, 2]], [1, 2]]}}),
    Wrong("tree-leaf", "/inputs/x/1", TREE, {"inputs": {"x": [[1, 2], 3]}}),
    Wrong("tree-leaf", "/inputs/x/0", TREE, {"inputs": {"x": [[1, "a"], [1, 2]]}}),
    Wrong("input-shape", "/inputs/x/1", TREE, {"inputs": {"x": [[1, 2], [1, 2, 3]]}}),
    Wrong("tree-differs", "/inputs/z", TREE, {"inputs": {"x": [[1, 2], [3, 4]], "z": [1, [2, 3]]}}),
    Wrong("tree-rows", "/inputs/z", TREE, {"inputs": {"x": [[1, 2], [3, 4]], "z": [1, 2, 3, 4]}}),
    Wrong("tree-leaves", "/inputs/x", TREE, {"inputs": {"x": [[1, 2], [3, 4]]}, "lengths": {"tree": 3}}),
]  # fmt: skip

EVERY = pytest.mark.parametrize("wrong", WRONG, ids=lambda one: f"{one.code} {one.pointer}")


def ask(wrong: Wrong) -> None:
    """Prepare the run; take apart the Jacobian of two variables at two steps, or use autograd, where asked to."""
    request = dict(wrong.request)
    asked = request.pop("jacobian", None)
    scalar = request.pop("autograd", None)
    run = prepare(parse(wrong.text), **request)
    if asked is not None:
        run.complete()
        of, source, *steps = asked
        run.jacobians(of, source).spectrum(*steps)
    if scalar is not None:
        run.complete()
        run.autograd(scalar)


def problem(wrong: Wrong) -> RunProblem:
    with pytest.raises(RunError) as caught:
        ask(wrong)
    (found,) = caught.value.errors
    return found


def test_every_message_has_a_request_that_causes_it() -> None:
    assert {one.code for one in WRONG} == set(RUN_MESSAGES)


@EVERY
def test_a_problem_points_to_the_part_that_is_wrong(wrong: Wrong) -> None:
    found = problem(wrong)
    assert (found.code, found.pointer) == (wrong.code, wrong.pointer)


@EVERY
def test_a_problem_says_what_is_wrong_and_what_to_give_in_both_languages(wrong: Wrong) -> None:
    found = problem(wrong)
    for sentence in (found.detail("en"), found.hint("en")):
        assert not CHINESE.search(sentence)
    for sentence in (found.detail("zh"), found.hint("zh")):
        assert CHINESE.search(sentence)
    for sentence in (found.detail("en"), found.hint("en"), found.detail("zh"), found.hint("zh")):
        assert not re.search(r"\{\w*\}", sentence)
        assert len(sentence) < 250


def test_the_error_reads_as_one_sentence_with_its_pointer() -> None:
    with pytest.raises(RunError, match=r"^/forcing: `forcing` is a probability\. Give"):
        prepare(parse(VECTOR), forcing=2)


def test_rows_of_several_sequences_are_told_to_need_a_batch() -> None:
    rows = torch.zeros(5, 3, 2)
    with pytest.raises(RunError, match=r"in Python `batch=3` runs 3 at once"):
        prepare(parse(VECTOR), inputs={"x": rows})
    assert prepare(parse(VECTOR), inputs={"x": rows}, batch=3).complete()["h"].shape == (5, 3, 2)


def test_a_character_that_is_not_in_the_alphabet_is_named_with_its_place() -> None:
    text = "x: onehot(27)\nfor t in time:\n    h[t] = x[t]"
    with pytest.raises(RunError) as caught:
        prepare(parse(text), inputs={"x": {"text": "héllo"}})
    arguments = caught.value.errors[0].arguments
    assert (arguments["character"], arguments["place"]) == ("“é”", "2")


@pytest.mark.parametrize("steps", [7, 8])
def test_a_fixed_step_that_the_run_has_is_read(steps: int) -> None:
    assert float(prepare(parse(FIXED), lengths={"time": steps}).complete()["a"]) == 7


def test_all_unknown_names_of_a_request_are_told_at_once() -> None:
    recurrence = parse(
        "h: 2\nx: 2\nα = slider(0.5, 0, 1)\nfor t in time:\n    h[t] = tanh(W @ h[t-1] + α * x[t])"
    )
    with pytest.raises(RunError) as refused:
        prepare(
            recurrence,
            inputs={"u": [[1.0, 2.0]], "v": [[1.0]], "x": [[1.0, 2.0]]},
            lengths={"tme": 3},
            parameters={"V": [[1.0]]},
            settings={"β": 1.0},
            variables=["h", "g", "h/77", "g/*", "W"],
        )
    assert [(one.pointer, one.code) for one in refused.value.errors] == [
        ("/inputs/u", "input-unknown"),
        ("/inputs/v", "input-unknown"),
        ("/lengths/tme", "length-unknown-domain"),
        ("/parameters/values/V", "parameter-unknown"),
        ("/settings/β", "setting-unknown"),
        ("/variables/1", "variable-unknown"),
        ("/variables/2", "variable-unknown"),
        ("/variables/3", "variable-unknown"),
    ]
    assert "/variables/3" in str(refused.value)


def test_a_list_of_nothing_says_none_in_the_language_of_the_reader() -> None:
    text = "h: 2\nfor t in time:\n    h[t] = tanh(W @ h[t-1])\n"
    with pytest.raises(RunError) as caught:
        prepare(parse(text), inputs={"x": [1]}, lengths={"time": 3})
    (found,) = caught.value.errors
    assert found.hint() == "Inputs of this text: none."
    assert found.hint("zh") == "本文本的输入：无。"
