"""The generated module computes what our run computes, is formatted and lint clean, and runs alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from engine.parity import random_inputs, random_parameters
from engine.test_interpreter import TEXTS
from engine.test_trees import TEXTS as TREES
from graph.grammar import PROPERTY, recurrences
from graph.written import Written
from language.examples import EXAMPLES
from source.modules import random_operations, run_module
from unrolled import load
from unrolled.catalogue import read_catalogue
from unrolled.engine import prepare
from unrolled.language import Recurrence, parse
from unrolled.source import module_source
from unrolled.source.names import MODULE_NAMES, class_name

CATALOGUE = read_catalogue().architectures
DTYPES = {"float64": (torch.float64, 1e-12), "float32": (torch.float32, 1e-5)}


def assert_equal(
    have: Mapping[str, Tensor], want: Mapping[str, Tensor], recurrence: Recurrence, tolerance: float
) -> None:
    for name, variable in recurrence.variables.items():
        if variable.kind == "equation":
            own, other = have[name], want[name]
            assert own.shape == other.shape, name
            assert own.dtype == other.dtype, name
            worst = (
                ((own.detach() - other).abs() / (1 + other.abs())).nan_to_num(nan=torch.inf).max()
            )
            assert worst <= tolerance, (name, float(worst))


def compare(recurrence: Recurrence, options: dict[str, Any], dtype: str = "float64") -> nn.Module:
    """A module beside a run with these options of `prepare`."""
    number_type, tolerance = DTYPES[dtype]
    draws = [part for _, _, *two in random_operations(recurrence) for part in two if part]
    wanted = [*recurrence.variables, *dict.fromkeys(draws)]
    run = prepare(recurrence, **{**options, "dtype": dtype, "variables": wanted})
    want = run.complete()
    boundary: dict[str, Tensor] = {}
    for name, form in options.get("boundary", {}).items():
        places = form if isinstance(form, dict) else {"0": form}
        for place, value in places.items():
            number = place.replace("end+", "end_").replace("-", "minus_")
            shape = (1, *recurrence.variables[name].shape)
            boundary[f"{name}_{number}"] = torch.as_tensor(value, dtype=number_type).expand(shape)
    module, have = run_module(
        run,
        recurrence,
        settings=options.get("settings", {}),
        forcing=options.get("forcing", 1.0),
        dtype=number_type,
        keywords=boundary,
    )
    assert_equal(have, want, recurrence, tolerance)
    if dtype == "float64" and "loss" in have and have["loss"].requires_grad:
        have["loss"].sum().backward()
        for name, gradient in run.gradients("loss").complete().items():
            if name in recurrence.parameters and recurrence.parameters[name].trained:
                own = dict(module.named_parameters())[name].grad
                assert own is not None or not gradient.any(), name
                if own is not None:
                    assert torch.allclose(own, gradient, rtol=1e-9, atol=1e-10), name
    return module


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("identity", CATALOGUE)
def test_the_module_of_an_architecture_is_our_run(identity: str, dtype: str) -> None:
    model = load(identity)
    compare(model.recurrence, {**model.defaults, "clamp": []}, dtype)


@pytest.mark.parametrize("forcing", [0.0, 1.0])
@pytest.mark.parametrize("name", TEXTS)
def test_the_module_of_a_construct_is_our_run(name: str, forcing: float) -> None:
    compare_text(TEXTS[name], forcing=forcing)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_module_of_an_example_is_our_run(name: str) -> None:
    compare_text(EXAMPLES[name].text, {"h": 4} if name == "first" else EXAMPLES[name].sizes)


@pytest.mark.parametrize("name", TREES)
def test_the_module_of_a_text_over_a_tree_is_our_run(name: str) -> None:
    recurrence = parse(TREES[name])
    compare(recurrence, {"lengths": {"tree": 5}, "parameters": random_parameters(recurrence)})


@settings(parent=PROPERTY, max_examples=50)
@given(recurrences(size=3))
def test_the_module_of_any_text_is_our_run(written: Written) -> None:
    compare_text(written.text, forcing=written.forcing, lengths=written.lengths)


def compare_text(
    text: str,
    sizes: dict[str, int] | None = None,
    *,
    forcing: float = 1.0,
    lengths: dict[str, int] | None = None,
) -> None:
    recurrence = parse(text, sizes)
    steps = lengths or dict(zip(recurrence.domains, (5, 4, 3), strict=False))
    options = {
        "inputs": random_inputs(recurrence, steps) if "tree" not in recurrence.domains else {},
        "parameters": random_parameters(recurrence),
        "lengths": steps,
        "forcing": forcing,
    }
    compare(recurrence, options)


def sources() -> dict[str, str]:
    found = {name: source_of(name) for name in CATALOGUE}
    texts = TEXTS | TREES
    found |= {f"text {name}": module_source(parse(text)) for name, text in texts.items()}
    found |= {
        f"example {name}": module_source(parse(one.text, one.sizes))
        for name, one in EXAMPLES.items()
    }
    return found


def source_of(identity: str) -> str:
    model = load(identity)
    titles = CATALOGUE[identity].titles
    return module_source(model.recurrence, name=identity, title=titles["en"], origin="Section 10.")


def test_every_source_is_formatted_and_lint_clean(tmp_path: Path) -> None:
    for number, (name, text) in enumerate(sources().items()):
        (tmp_path / f"module_{number}.py").write_text(f"{text}# {name}\n", encoding="utf-8")
    for command in (
        ["format", "--isolated", "--diff"],
        [
            "check",
            "--isolated",
            "--select",
            "A,B,C4,E4,E7,E9,F,I,N8,PIE,RET,UP,W",
            "--ignore",
            "N802,N803,N806,N812,RET504,C416,C420",
        ],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, str(tmp_path)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("identity", ["lstm/book", "gru"])
def test_a_source_runs_alone(identity: str, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(source_of(identity), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", str(file)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "h (6, 1, 8)" in done.stdout


def test_the_demonstration_of_every_architecture_runs() -> None:
    for identity in CATALOGUE:
        exec(
            compile(source_of(identity), identity, "exec"), {"__name__": "__main__", "print": _said}
        )


def _said(*words: object) -> None:
    assert words


def test_a_source_speaks_the_book_and_other_sizes_may_be_asked_for() -> None:
    source = source_of("lstm")
    assert "class Lstm(nn.Module):" in source
    assert "self.b_f = nn.Parameter(torch.full((h,), 1.0))" in source
    assert "            s[t] = f[t] * s[t - 1] + g[t] * inner\n" in source
    names: dict[str, Any] = {"__name__": "generated"}
    exec(source, names)
    model = names["Lstm"](h=3)
    values = model(torch.zeros(5, 2, 27), torch.zeros(5, 2, 27))
    assert values["h"].shape == (5, 2, 3)
    assert values["L"].shape == (5, 2)


def test_names_that_python_or_torch_have_are_given_an_underscore() -> None:
    text = "x: 2\nhalf: 2\nfor t in time:\n    sum_[t] = half * x[t]\n    l[t] = x[t] + norm(sum_[t])\n"
    source = module_source(parse(text), name="class")
    assert "self.half_ = nn.Parameter" in source
    assert "l_[t] = " in source
    assert '"l": torch.stack' in source
    compare_text(text.replace("", "").replace("half", "w"))


def test_the_names_that_modules_have_are_those_of_torch() -> None:
    public = {name for name in dir(nn.Module()) if not name.startswith("_")}
    assert public <= MODULE_NAMES


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("lstm/book", "LstmBook"),
        ("Your own", "YourOwn"),
        ("10.5", "Recurrence105"),
        ("", "Recurrence"),
        ("none", "RecurrenceNone"),
    ],
)
def test_a_class_is_called_by_its_title(title: str, name: str) -> None:
    assert class_name(title) == name
