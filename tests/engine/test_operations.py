"""What stands inside an opened node: every operation of an equation, at every step."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
import torch

from catalogue.small import small_catalogue
from engine.interpreter import Interpreter
from engine.parity import RANDOM, random_inputs, random_parameters, run_both
from engine.test_trees import TEXTS as TREES
from language.examples import EXAMPLES
from unrolled.catalogue import read_catalogue
from unrolled.engine import Run, prepare
from unrolled.graph import describe, operations
from unrolled.language import Recurrence, Term, parse

TEXTS: dict[str, tuple[str, dict[str, int]]] = {
    **{name: (one.text, one.sizes) for name, one in EXAMPLES.items() if name != "tree"},
    **small_catalogue(),
    "self-attention": (
        "x: 2\nfor t in time:\n    for k in time:\n        e[t, k] = x[t] @ x[k]\n        a[t, k] = softmax(e[t, k], k)\n"
        "    h[t] = sum(a[t, k] * x[k], k) - mean(x[t], t) + a[t, t]",
        {},
    ),
    "numbers": ("b: 2\nfor t in time:\n    h[t] = b\n    g[t] = 3\n    f[t] = t\n    m[t] = 2 * h[t] + t", {}),
}  # fmt: skip
LENGTHS = {"time": 4, "source": 3, "target": 2}
EVERY = pytest.mark.parametrize("name", TEXTS)


def read(name: str) -> Recurrence:
    text, sizes = TEXTS[name]
    return parse(text, {} if name == "first" else sizes)


def is_random(term: Term) -> bool:
    return any(one.function in RANDOM for one in term.walk())


def assert_plain(
    run: Run, plain: Interpreter, is_asked: Callable[[Term, bool], bool] = lambda *_: True
) -> None:
    """Every operation, at every step, is what the interpreter says; `is_asked` of a term, and whether it is the equation."""
    recurrence, values = run.recurrence, run.complete()
    for equation in recurrence.equations:
        for identity, term in operations(recurrence, equation):
            if not is_asked(term, term is equation.term):
                continue
            indices = equation.indices if term is equation.term else term.indices
            steps = [
                range(1, run.lengths[recurrence.index_domains[index]] + 1) for index in indices
            ]
            for place in product(*steps):
                want = torch.as_tensor(plain.term(term, dict(zip(indices, place, strict=True))))
                found = values[identity][tuple(step - 1 for step in place)][0]
                torch.testing.assert_close(found, want.expand(found.shape), rtol=1e-9, atol=1e-9)


@EVERY
@pytest.mark.parametrize("forcing", [0, 1])
def test_an_operation_is_its_part_of_the_equation(name: str, forcing: int) -> None:
    recurrence = read(name)
    lengths = {domain: LENGTHS.get(domain, 2) for domain in recurrence.domains}
    inputs, parameters = random_inputs(recurrence, lengths), random_parameters(recurrence)
    if any(is_random(one.term) for one in recurrence.equations):
        forcing = 1
    run = prepare(
        recurrence,
        lengths=lengths,
        inputs=inputs,
        parameters=parameters,
        forcing=float(forcing),
        variables=[f"{one.variable}/*" for one in recurrence.equations],
        dtype="float64",
    )
    _, plain = run_both(recurrence, lengths, forcing=forcing)
    assert_plain(run, plain, lambda term, whole: not is_random(term) or (whole and forcing == 1))


@EVERY
def test_the_first_operation_is_the_variable_itself(name: str) -> None:
    recurrence = read(name)
    names = [one.variable for one in recurrence.equations]
    run = prepare(
        recurrence,
        lengths={domain: LENGTHS.get(domain, 2) for domain in recurrence.domains},
        variables=[*names, *(f"{one}/0" for one in names)],
    )
    values = run.complete()
    for one in names:
        assert torch.equal(values[one], values[f"{one}/0"])
        assert run.shapes[f"{one}/0"] == run.shapes[one]
        assert run.domains[f"{one}/0"] == run.domains[one]


@EVERY
def test_operations_have_the_shapes_and_domains_that_are_described(name: str) -> None:
    recurrence = read(name)
    described = {
        one["id"]: (tuple(one["shape"]), tuple(one["domains"]))
        for equation in describe(recurrence)["equations"]
        for one in equation["operations"]
        if "[" not in one["id"]  # the operations of a boundary value are not part of a run
    }
    run = prepare(
        recurrence,
        lengths={domain: LENGTHS.get(domain, 2) for domain in recurrence.domains},
        variables=[f"{one.variable}/*" for one in recurrence.equations],
        forcing=0.5,
        batch=2,
    )
    values = run.complete()
    assert set(values) == set(described)
    for identity, found in values.items():
        shape, domains = described[identity]
        assert found.shape == (*(run.lengths[domain] for domain in domains), 2, *shape)
        assert (run.shapes[identity], run.domains[identity]) == (shape, domains)


def test_operations_come_in_preorder() -> None:
    recurrence = parse("x: 2\nh: 3\nfor t in time:\n    h[t] = tanh(b + W @ x[t])")
    (equation,) = recurrence.equations
    named = operations(recurrence, equation)
    assert [(identity, term.function) for identity, term in named] == [
        ("h/0", "tanh"), ("h/1", "add"), ("h/2", "reference"), ("h/3", "matmul"), ("h/4", "reference"), ("h/5", "reference"),
    ]  # fmt: skip


def test_chunks_bring_operations_with_their_domain() -> None:
    run = prepare(read("lstm"), lengths={"time": 5}, variables=["f/*"])
    chunks = [chunk for chunk in run.chunks() if chunk.values]
    of_time = {name for chunk in chunks if chunk.domain == "time" for name in chunk.values}
    of_none = {name for chunk in chunks if chunk.domain is None for name in chunk.values}
    assert of_time | of_none == {f"f/{place}" for place in range(len(of_time | of_none))}
    assert {run.domains[name] for name in of_none} == {()}


def test_what_the_forcing_never_computes_is_left_out() -> None:
    text = "y: 3\nfor t in time:\n    z[t] = force(y[t], sample(softmax(V @ z[t-1])))"
    forced = set(prepare(parse(text), variables=["z/*"], forcing=1.0).complete())
    free = set(prepare(parse(text), variables=["z/*"], forcing=0.0).complete())
    assert forced < free
    assert free == {f"z/{place}" for place in range(7)}
    assert {"z/0", "z/1"} <= forced


OVER_TREES = {
    **TREES,
    **{
        name: one.equations
        for name, one in read_catalogue().architectures.items()
        if " in tree:" in one.equations
    },
}


@pytest.mark.parametrize("text", OVER_TREES.values(), ids=OVER_TREES)
def test_an_operation_at_a_node_is_its_part_of_the_equation(text: str) -> None:
    recurrence = parse(text)
    lengths = dict.fromkeys(recurrence.domains, 3)
    run, plain = run_both(recurrence, lengths)
    again = prepare(
        recurrence,
        lengths=lengths,
        inputs=plain.inputs,
        parameters=plain.parameters,
        variables=[f"{one.variable}/*" for one in recurrence.equations],
        dtype="float64",
    )
    assert_plain(again, plain)
    assert again.lengths == run.lengths
