"""The Python API: quick to import, its examples true, its page current."""

from __future__ import annotations

import doctest
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import networkx
import numpy as np
import pytest
import torch

import unrolled
from unrolled.engine import RunError

TEXT = "h: 3\nx: 2\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\nloss = sum(h[end] * h[end])\n"


def test_every_example_of_the_page_is_true(root: Path) -> None:
    names = {name: getattr(unrolled, name) for name in unrolled.__all__}
    page = (root / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(>>> .*?)```", page, re.DOTALL)
    runner = doctest.DocTestRunner()
    for number, block in enumerate(blocks):
        runner.run(doctest.DocTestParser().get_doctest(block, dict(names), f"{number}", None, 0))
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries >= 20


def test_the_page_of_the_api_is_current(root: Path) -> None:
    script = root / "docs" / "make_python.py"
    spec = importlib.util.spec_from_file_location("make_python", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (root / "docs" / "python.md").read_text(encoding="utf-8")
    assert written == module.page(), "write it anew: python docs/make_python.py > docs/python.md"
    for name in ("load", "parse", "run", "gradient", "jacobian", "module_source", "latex"):
        assert f".{name}" in written


def test_torch_is_not_imported_before_a_run() -> None:
    program = (
        "import sys, unrolled; m = unrolled.load('lstm'); m.latex, m.graph, m.module_source, m.cost(); "
        "sys.exit('torch' in sys.modules)"
    )
    environment = {"PYTHONPATH": str(Path(unrolled.__file__).parent.parent)}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


def test_a_model_says_what_its_text_says() -> None:
    model = unrolled.parse(TEXT)
    assert model.text == TEXT
    assert set(model.latex) == {"h", "loss"}
    assert model._repr_latex_().count("&=") == 2
    assert model.graph.node("h").shape == (3,)
    network = model.network()
    assert isinstance(network, networkx.MultiDiGraph)
    assert network.number_of_edges() == len(model.graph.edges)
    assert network.nodes["h"]["shape"] == (3,)
    assert model.cost({"time": 5}).parameters == 18
    assert model.facts({"time": 5})["parameters"]["count"] == 18
    assert len(model.unfolded({"time": 4}).nodes) > len(model.unfolded({"time": 3}).nodes)
    assert [one.kind for one in model.schedule.components][:2] == ["map", "scan"]


def test_gradients_and_jacobians_of_a_run_are_those_of_autograd() -> None:
    model = unrolled.parse(TEXT)
    run = model.run(lengths={"time": 4}, dtype="float64", seed=3)
    module = model.module().double()
    module.load_state_dict(run.parameters)
    x = run["x"].clone().requires_grad_()
    values = module(x)
    weights = module.get_parameter("W")
    of_x, of_weights = torch.autograd.grad(values["loss"], (x, weights))
    assert torch.allclose(run.gradient("x"), of_x, atol=1e-12)
    assert torch.allclose(run.gradient("W"), of_weights, atol=1e-12)
    whole = torch.func.jacrev(lambda given: module(given)["h"])(run["x"].clone())
    norms = whole[:, 0, :, :, 0, :].square().sum((1, 3)).sqrt()
    assert torch.allclose(run.jacobian("h", "x"), norms, atol=1e-10)


def test_a_run_is_read_by_name_as_tensors_and_as_arrays() -> None:
    run = unrolled.load("lstm").run(text="hello")
    assert np.array_equal(run.numpy()["h"], run["h"].numpy())
    assert "<td>f</td><td>5 × 1 × 8</td>" in run._repr_html_()
    assert run.parameters["W"].shape == (8, 8)
    assert torch.equal(run["h[0]"], torch.zeros(1, 8))
    assert set(run.numpy()) == set(run.values) >= {"h[0]", "s[0]"}
    with pytest.raises(KeyError, match="no value `hh`: did you mean `h`"):
        run["hh"]
    with pytest.raises(RunError):
        run.gradient("h", of="h")


def test_every_architecture_that_is_listed_can_be_loaded() -> None:
    known = unrolled.architectures()
    assert "lstm/book" in known
    for name, title in known.items():
        model = unrolled.load(name)
        assert model.title == title
        assert repr(model).startswith(f"Model({title}: ")
    with pytest.raises(KeyError, match="lstm"):
        unrolled.load("lstn")


def test_a_module_of_other_sizes_is_made_by_name() -> None:
    module = unrolled.load("lstm").module(h=5)
    assert module.get_parameter("W_f").shape == (5, 5)


def test_tensors_of_a_run_go_on_through_autograd_and_may_be_written_into() -> None:
    model = unrolled.load("lstm")
    run = model.run("hello")
    module = model.module()
    module.load_state_dict(run.parameters)
    found = module(run["x"], run["y"])
    found["loss"].sum().backward()
    weights = module.get_parameter("W_f").grad
    assert weights is not None
    assert torch.allclose(weights, run.gradient("W_f"), atol=1e-5)
    probe = torch.nn.Linear(8, 2)
    probe(run["h"]).sum().backward()
    assert probe.weight.grad is not None
    tensors = {
        **run.values,
        **run.gradients("loss", ["h", "W"], parts=True),
        "jacobian": run.jacobian("h", "h"),
        "matrices": run.jacobians("h", "x").matrices(),
        "spectrum": run.jacobians("h", "h").spectrum(3, 1).singular_values,
        "one": run.gradient("h", of="L[3]"),
        "autograd": run.gradient("h", way="autograd"),
        **{
            f"chunk of {name}": one
            for chunk in model.chunks("hi")
            for name, one in chunk.values.items()
        },
    }
    for name, tensor in tensors.items():
        assert not tensor.is_inference(), name
        tensor.requires_grad_()
    run["h"].detach().mul_(2)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda model: model.run(txt="hi"), TypeError, "no option `txt`: did you mean `text`"),
        (lambda model: model.run(7), TypeError, "`text` is int, not a string"),
        (
            lambda model: model.run("hi", inputs={"x": {"text": "bye"}}),
            TypeError,
            "`text` is for `x`, which `inputs` gives too",
        ),
        (lambda model: model.run("hi", batch=0), RunError, "/batch: `batch` is 0"),
        (lambda model: model.run("hi", batch=True), RunError, "/batch: `batch` is True"),
        (lambda model: model.run("hi", seed="a"), RunError, "/seed: `seed` is 'a'"),
        (lambda model: model.cost({"tim": 3}), ValueError, "no domain `tim`: did you mean `time`"),
        (lambda model: model.unfolded({"time": 0}), ValueError, "length of `time` is 0"),
        (lambda _: unrolled.parse(cast("str", 3)), TypeError, "`text` is int"),
        (lambda _: unrolled.load("lstn"), KeyError, "did you mean `lstm`"),
    ],
)
def test_a_wrong_call_is_told_what_would_be_right(
    call: Callable[[unrolled.Model], object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=re.escape(said)):
        call(unrolled.load("lstm"))


def test_what_a_notebook_prints_is_short() -> None:
    model = unrolled.load("gru")
    assert (
        repr(model.graph)
        == f"FoldedGraph({len(model.graph.nodes)} nodes, {len(model.graph.edges)} edges)"
    )
    assert repr(model.unfolded({"time": 2000})).startswith("Unfolded(")
    assert "scan t: " in repr(model.schedule)
    assert "parameters" in repr(model.recurrence)
    for one in (model.graph, model.schedule, model.recurrence, model.unfolded()):
        assert len(repr(one)) < 200, one
    assert repr(unrolled.load("lstm").module(h=5)) == "Lstm(x=27, h=5, y=27)"


def test_a_text_takes_an_alphabet_of_its_own() -> None:
    model = unrolled.parse("x: onehot(3)\nfor t in time:\n    h[t] = x[t]\n")
    run = model.run("Hi!", inputs={"x": {"alphabet": "Hi!"}})
    assert torch.equal(run["h"][:, 0], torch.eye(3))
