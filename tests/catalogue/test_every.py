"""One table over the whole catalogue, as it opens: what holds for every architecture and every variant.

Beside it: the book's counts (`test_counts.py`), the book's edges (`tests/graph`), LaTeX through KaTeX
(`tests/language/test_katex.py`), golden numbers (`tests/service/test_golden.py`), and the page
(`tests/browser/test_catalogue.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import networkx as nx
import numpy as np
import orjson
import pytest
import torch

import unrolled
from service.in_process import Client
from source.test_module_source import compare
from unrolled.catalogue import read_catalogue
from unrolled.graph import describe, fold, shape_of, unfold
from unrolled.language import Recurrence, parse
from unrolled.service.app import create_app

CATALOGUE = read_catalogue().architectures
load = cache(unrolled.load)
STEP = 1e-6
CHAOTIC = {"gradient-clipping/descent"}
"""A cliff turns the last bit of a number into another path: both number types run, they do not agree."""


@pytest.fixture(scope="module")
def client() -> Any:
    made = Client(create_app())
    yield made
    made.close()


def options_of(identity: str) -> tuple[Recurrence, dict[str, Any]]:
    model = load(identity)
    return model.recurrence, dict(model.defaults)


def run(identity: str, **more: Any) -> dict[str, torch.Tensor]:
    return dict(load(identity).run(**more).values)


def parses_and_folds(identity: str, client: Client) -> None:
    found = CATALOGUE[identity]
    recurrence = parse(found.equations, found.defaults.sizes)
    graph = fold(recurrence)
    names = {node.id for node in graph.nodes}
    assert set(recurrence.variables) <= names
    assert all({edge.source, edge.target} <= names for edge in graph.edges)


def unfolds_without_a_cycle(identity: str, client: Client) -> None:
    recurrence, _ = options_of(identity)
    lengths = dict(zip(recurrence.domains, (5, 4, 3), strict=False))
    folded = fold(recurrence)
    for shape in (None, [[[[0, 0], 0], 0], 0], [0, [[0, 0], [0, 0]]]):
        trees = dict.fromkeys(folded.trees, shape_of(shape)) if shape else None
        graph = unfold(folded, lengths, trees)
        nodes = set(graph.nodes)
        assert all(source in nodes and target in nodes for source, target, _ in graph.edges)
        drawn: nx.DiGraph[Any] = nx.DiGraph()
        drawn.add_edges_from(edge[:2] for edge in graph.edges)
        assert nx.is_directed_acyclic_graph(drawn)


def computes_in_both_number_types(identity: str, client: Client) -> None:
    single, double = run(identity, dtype="float32"), run(identity, dtype="float64")
    assert single.keys() == double.keys()
    for name, value in single.items():
        assert value.dtype == torch.float32
        assert double[name].dtype == torch.float64
        assert torch.isfinite(double[name]).all(), name
        assert value.shape == double[name].shape
        if identity not in CHAOTIC:
            torch.testing.assert_close(value.double(), double[name], rtol=1e-3, atol=1e-3)


def has_the_gradient_of_finite_differences(identity: str, client: Client) -> None:
    """Along a random direction of each parameter, relative to the size of the gradient."""
    recurrence, _ = options_of(identity)
    uses = {term.function for one in recurrence.equations for term in one.term.walk()}
    scalar = scalar_of(recurrence)
    if scalar is None or "spike" in uses or identity in CHAOTIC:
        return
    model = load(identity)
    done = model.run(dtype="float64")
    parameters = {
        name: value
        for name, value in done.parameters.items()
        if recurrence.parameters[name].trained
    }
    generator = torch.Generator().manual_seed(1)
    for name, value in parameters.items():
        gradient = done.gradient(name, of=scalar)
        direction = torch.randn(value.shape, dtype=value.dtype, generator=generator)
        direction /= direction.norm()
        ends = [
            model.run(
                dtype="float64",
                parameters={**done.parameters, name: value + sign * STEP * direction},
                variables=[scalar],
            )
            .values[scalar]
            .sum()
            .item()
            for sign in (1, -1)
        ]
        slope = (ends[0] - ends[1]) / (2 * STEP)
        found = float((gradient * direction).sum())
        assert abs(found - slope) <= 1e-6 * max(1.0, float(gradient.norm())), (name, found, slope)


def scalar_of(recurrence: Recurrence) -> str | None:
    names = [
        one.name
        for one in recurrence.variables.values()
        if one.kind == "equation" and not one.domains and not one.shape
    ]
    return "loss" if "loss" in names else names[-1] if names else None


def equals_its_generated_module(identity: str, client: Client) -> None:
    recurrence, options = options_of(identity)
    options.pop("clamp", None)
    compare(recurrence, options)


def survives_json(identity: str, client: Client) -> None:
    recurrence, _ = options_of(identity)
    described = describe(recurrence)
    assert orjson.loads(orjson.dumps(described)) == described
    assert parse(described["equations_text"], recurrence.sizes) == recurrence
    answer = client.get(f"/v1/architectures/{identity}")
    assert answer.status_code == 200
    defaults = answer.json()["defaults"]
    body = {
        "equations": answer.json()["equations"],
        "dtype": "float64",
        "parameters": {"seed": defaults.pop("seed"), "values": defaults.pop("parameters")},
        **defaults,
    }
    alphabet = answer.json()["alphabet"]
    for form in body["inputs"].values():
        if isinstance(form, dict) and "text" in form:
            form.setdefault("alphabet", alphabet)
    sent = client.post("/v1/runs", body)
    assert sent.status_code == 200, sent.text
    local = run(identity, dtype="float64")
    for output in sent.json()["outputs"]:
        if output["name"] not in local or "[" in output["name"]:
            continue
        array = np.array(output["data"], dtype=np.float64).reshape(output["shape"])
        rank = len(output["domains"])
        own = local[output["name"]].select(rank, 0).numpy()
        np.testing.assert_allclose(array, own, rtol=1e-9, atol=1e-9, err_msg=output["name"])


CHECKS: list[Callable[[str, Client], None]] = [
    parses_and_folds,
    unfolds_without_a_cycle,
    computes_in_both_number_types,
    has_the_gradient_of_finite_differences,
    equals_its_generated_module,
    survives_json,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("identity", list(CATALOGUE))
def test_every_architecture(
    identity: str, check: Callable[[str, Client], None], client: Client
) -> None:
    check(identity, client)
