"""How a run is consumed: in chunks, at once, in batches; and that none of it changes a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from catalogue.small import small_catalogue
from engine.parity import random_inputs, random_parameters
from language.examples import EXAMPLES
from unrolled.engine import Chunk, Run, loading, prepare
from unrolled.engine.arithmetic import is_flushing
from unrolled.engine.values import Values
from unrolled.graph import Cost
from unrolled.graph.program import Instruction
from unrolled.language import Recurrence, parse

BIDIRECTIONAL = """\
x: 2
h: 3
g: 3
for t in time:
    h[t] = tanh(b + W @ h[t-1] + U @ x[t])
    g[t] = tanh(b_g + W_g @ g[t+1] + U_g @ x[t])
    o[t] = h[t] * g[t]
    m[t] = o[t] - mean(o[t], t)
loss = norm(m[end])
"""
LOOKING_AHEAD = """\
x: 2
for t in time:
    a[t] = x[t] * 2
    c[t] = a[t+1] + a[t-2]
    d[t] = softmax(norm(c[t]), t)
    e[t] = d[t-1] + d[end]
"""
TEXTS: dict[str, tuple[str, dict[str, int]]] = {
    **{name: (one.text, one.sizes) for name, one in EXAMPLES.items() if name != "tree"},
    **small_catalogue(),
    "bidirectional": (BIDIRECTIONAL, {}),
    "looking ahead": (LOOKING_AHEAD, {}),
}
LENGTHS = {"time": 11, "source": 5, "target": 7}
EVERY = pytest.mark.parametrize("name", TEXTS)


def read(name: str) -> Recurrence:
    text, sizes = TEXTS[name]
    return parse(text, {} if name == "first" else sizes)


def prepared(
    recurrence: Recurrence, inputs: dict[str, Tensor] | None = None, **options: Any
) -> Run:
    lengths = {domain: LENGTHS.get(domain, 3) for domain in recurrence.domains}
    known = random_inputs(recurrence, lengths) if inputs is None else inputs
    options = {"dtype": "float64", "forcing": 0.0, **options}
    weights = random_parameters(recurrence)
    return prepare(recurrence, lengths=lengths, inputs=known, parameters=weights, **options)


def consume(run: Run, sizes: Sequence[int] | None = None) -> list[Chunk]:
    return list(run.chunks(sizes))


@EVERY
@pytest.mark.parametrize("sizes", [None, (1,), (3,), (2, 5)])
def test_chunks_change_no_number(name: str, sizes: Sequence[int] | None) -> None:
    recurrence = read(name)
    run = prepared(recurrence)
    consume(run, sizes)
    for variable, whole in prepared(recurrence).complete().items():
        torch.testing.assert_close(run.values[variable], whole, rtol=1e-12, atol=1e-12)


@EVERY
def test_chunks_hold_every_step_of_every_variable_once(name: str) -> None:
    run = prepared(read(name))
    parts: dict[str, list[Chunk]] = {}
    for chunk in run.chunks():
        for variable in chunk.values:
            parts.setdefault(variable, []).append(chunk)
    for variable, one in run.recurrence.variables.items():
        chunks = sorted(parts[variable], key=lambda chunk: chunk.first)
        values = [chunk.values[variable] for chunk in chunks]
        if not one.domains:
            assert [chunk.domain for chunk in chunks] == [None]
            assert torch.equal(values[0], run.values[variable])
            continue
        assert {chunk.domain for chunk in chunks} == {one.domains[0]}
        steps = [step for chunk in chunks for step in range(chunk.first, chunk.last + 1)]
        assert steps == list(range(1, run.lengths[one.domains[0]] + 1))
        assert torch.equal(torch.cat(values), run.values[variable])


def test_chunks_grow_from_one_step() -> None:
    recurrence = read("lstm")
    lengths = {"time": 300}
    run = prepare(recurrence, lengths=lengths)
    sizes = [chunk.last - chunk.first + 1 for chunk in run.chunks() if chunk.domain]
    assert sizes == [1, 2, 4, 8, 16, 32, 64, 64, 64, 45]


def test_a_backward_chain_arrives_from_its_last_step() -> None:
    chunks = [chunk for chunk in prepared(read("bidirectional")).chunks() if "g" in chunk.values]
    assert [(chunk.first, chunk.last) for chunk in chunks] == [(11, 11), (9, 10), (5, 8), (1, 4)]


def test_what_reads_both_directions_comes_with_the_second() -> None:
    """The outputs go backward with g, once h is known everywhere; what needs a mean comes after all of them."""
    order = [name for chunk in prepared(read("bidirectional")).chunks() for name in chunk.values]
    last = {name: place for place, name in enumerate(order)}
    assert order.index("o") > last["h"]
    assert order.index("m") > max(last["o"], last["g"])


def test_outputs_arrive_with_their_states() -> None:
    first = next(prepared(read("lstm")).chunks())
    assert (first.domain, first.first, first.last) == ("time", 1, 1)
    assert set(first.values) == set("xyfgqshopL")


def test_the_last_chunk_holds_scalars_parameters_and_boundary_values() -> None:
    run = prepared(read("rnn-hidden-recurrence"), variables=["h", "loss", "W"])
    last = consume(run)[-1]
    assert (last.domain, last.first, last.last) == (None, 0, 0)
    assert set(last.values) == {"loss", "W", "h[0]"}
    assert torch.equal(last.values["W"], run.parameters["W"])


def test_a_run_is_computed_once() -> None:
    run = prepared(read("lstm"))
    run.complete()
    with pytest.raises(RuntimeError, match="once"):
        run.complete()


@EVERY
def test_sequences_of_a_batch_do_not_know_of_each_other(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch draws for its sequences together; each alone is given its part of those draws."""
    recurrence = read(name)
    draw = loading._noise
    drawn: dict[str | None, Tensor] = {}
    alone: list[dict[str, Tensor]] = []

    def draws(values: Values, instruction: Instruction, leaves: loading.Leaves) -> Tensor:
        if values.batch == 3:
            drawn[instruction.name] = draw(values, instruction, leaves)
            return drawn[instruction.name].clone()
        where = len(instruction.indices)
        return drawn[instruction.name].narrow(where, len(alone), 1).clone()

    monkeypatch.setattr(loading, "_noise", draws)
    lengths = {domain: LENGTHS.get(domain, 3) for domain in recurrence.domains}
    inputs = [random_inputs(recurrence, lengths, seed) for seed in range(3)]
    stacked = {
        name: torch.stack([one[name] for one in inputs], len(recurrence.variables[name].domains))
        for name in inputs[0]
    }
    together = prepared(recurrence, stacked, batch=3).complete()
    for one in inputs:
        alone.append(prepared(recurrence, one).complete())
    for variable, found in together.items():
        domains = recurrence.variables[variable].domains
        generated = [recurrence.domains[domain].kind == "generated" for domain in domains]
        if recurrence.stops and not any(generated):
            continue  # made of more steps: a batch ends with its last sequence
        for place, one in enumerate(alone):
            own = found.select(len(domains), place)
            for dimension, is_cut in enumerate(generated):
                if is_cut:
                    own = own.narrow(dimension, 0, one[variable].shape[dimension])
            want = one[variable].select(len(domains), 0)
            torch.testing.assert_close(own, want, rtol=1e-10, atol=1e-10)


@EVERY
def test_single_precision_is_near_double(name: str) -> None:
    recurrence = read(name)
    double, single = (
        prepared(recurrence, dtype=one, forcing=1.0).complete() for one in ("float64", "float32")
    )
    for variable, found in single.items():
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), double[variable], rtol=1e-3, atol=1e-3)


@EVERY
def test_shapes_and_domains_are_those_of_the_values(name: str) -> None:
    run = prepared(read(name), batch=1)
    values = run.complete()
    for variable, found in values.items():
        steps = tuple(run.lengths[domain] for domain in run.domains[variable])
        assert found.shape == (*steps, 1, *run.shapes[variable])


@pytest.mark.parametrize("name", ["rnn-hidden-recurrence", "lstm", "gru", "turing machine"])
def test_what_comes_later_changes_nothing_before(name: str) -> None:
    recurrence = read(name)
    inputs = random_inputs(recurrence, LENGTHS)
    changed = {key: one.clone() for key, one in inputs.items()}
    changed["x"][6:] += 1
    first, second = (prepared(recurrence, one).complete() for one in (inputs, changed))
    assert torch.equal(first["h"][:6], second["h"][:6])
    assert not torch.allclose(first["h"][6:], second["h"][6:])


@pytest.mark.parametrize("name", ["lstm", "gru", "turing machine", "attention"])
def test_the_order_of_the_equations_changes_nothing(name: str) -> None:
    text, sizes = TEXTS[name]
    loops: list[str] = []
    for line in text.split("\n"):
        if line.startswith("    ") and loops:
            loops[-1] += f"\n{line}"
        elif line.strip():
            loops.append(line)
    turned = []
    for block in loops:
        head, *body = block.split("\n")
        is_flat = all(line.startswith("    ") and not line.startswith("     ") for line in body)
        turned.append(
            "\n".join([head, *(body[::-1] if is_flat and "for s" not in block[5:] else body)])
        )
    straight, reverse = (parse(one, sizes) for one in (text, "\n".join(turned[::-1])))
    inputs = random_inputs(straight, LENGTHS)
    weights = random_parameters(straight)
    runs = [
        prepare(
            one,
            lengths={domain: LENGTHS.get(domain, 3) for domain in one.domains},
            inputs=inputs,
            parameters=weights,
            dtype="float64",
        ).complete()
        for one in (straight, reverse)
    ]
    for variable, value in runs[0].items():
        torch.testing.assert_close(runs[1][variable], value, rtol=1e-12, atol=1e-12)


def test_the_cost_is_shown_before_anything_is_allocated() -> None:
    class TooMuch(Exception):
        pass

    seen: list[Cost] = []

    def check(cost: Cost) -> None:
        seen.append(cost)
        raise TooMuch

    with pytest.raises(TooMuch):
        prepare(read("lstm"), lengths={"time": 10**12}, check=check)
    assert seen[0].steps == 10**12


def test_the_cost_of_a_run_is_that_of_its_lengths() -> None:
    run = prepared(read("lstm"))
    assert dict(run.cost.lengths) == {"time": 11}
    assert run.cost.steps == 11


def test_boundary_values_are_known_before_the_first_step() -> None:
    recurrence = parse("h: 2\nfor t in time:\n    h[t] = tanh(h[t-1] + h[t-2])\nh[0] = b")
    run = prepare(
        recurrence, lengths={"time": 3}, parameters={"b": [1, 2]}, boundary={"h": {"-1": [3, 4]}}
    )
    assert {place: value[0].tolist() for place, value in run.boundary["h"].items()} == {
        "0": [1, 2],
        "-1": [3, 4],
    }


def test_a_boundary_value_that_waits_for_a_chain_is_not_known_before() -> None:
    text = "h: 2\ng: 2\nx: 2\nfor t in time:\n    h[t] = tanh(h[t-1] + x[t])\nfor s in source:\n    g[s] = tanh(g[s-1])\ng[0] = h[end]"
    run = prepare(parse(text), lengths={"time": 3, "source": 2})
    assert set(run.boundary) == {"h"}
    values = consume(run)[-1].values
    assert torch.equal(values["g[0]"], run.values["h"][-1])


def test_only_what_was_asked_for_is_given() -> None:
    run = prepared(read("lstm"), variables=["h", "W_f"])
    names = {name for chunk in run.chunks() for name in chunk.values}
    assert names == {"h", "W_f", "h[0]"}
    assert set(run.values) == {"h", "W_f"}


def test_what_is_asked_for_twice_is_given_once() -> None:
    run = prepared(read("lstm"), variables=["h", "h"])
    assert list(run.complete()) == ["h"]


def test_inputs_along_which_nothing_is_computed_are_given_too() -> None:
    run = prepare(
        parse("x: 2\nfor t in time:\n    h[t] = t\na = x[end] + z[1]\nz: 2"), lengths={"time": 3}
    )
    given = {name: chunk for chunk in run.chunks() for name in chunk.values}
    assert {given[name].domain for name in ("x", "z")} == {"time"}
    assert given["a"].domain is None


def test_nothing_given_is_twelve_steps_of_generated_inputs() -> None:
    run = prepare(read("lstm"))
    values = run.complete()
    assert dict(run.lengths) == {"time": 12}
    assert values["x"].abs().sum() > 0


def test_a_run_flushes_denormals_and_leaves_the_thread_as_it_was() -> None:
    recurrence = parse("h: 1\nfor t in time:\n    h[t] = 1e-30 * h[t-1]")
    run = prepare(recurrence, lengths={"time": 2}, boundary={"h": [1e-9]})
    values = run.complete()["h"].flatten()
    assert not is_flushing()
    assert values[0].item() == 0.0  # 1e-39 is below the smallest normal float32
