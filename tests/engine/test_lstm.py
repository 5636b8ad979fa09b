"""The library's LSTM layer with its workspace against the tape, and what is no LSTM."""

from __future__ import annotations

import random

import pytest
import torch

from unrolled.catalogue import read_catalogue
from unrolled.engine import lstm, prepare
from unrolled.engine.plans import planned
from unrolled.language import parse

BOOK = read_catalogue().architectures["lstm"].equations
OWN = """\
for k in time:
    keep[k] = sigmoid(W_1 @ y[k-1] + U_1 @ x[k] + b_1)
    new[k] = tanh(U_2 @ x[k] + W_2 @ y[k-1])
    write[k] = sigmoid(U_3 @ x[k] + b_3 + W_3 @ y[k-1])
    cell[k] = new[k] * write[k] + cell[k-1] * keep[k]
    out[k] = sigmoid(b_4 + b_5 + U_4 @ x[k] + W_4 @ y[k-1])
    y[k] = out[k] * tanh(cell[k])
"""
READ = OWN + "    o[k] = c + V @ y[k] + P @ keep[k] + Q @ cell[k]\n"
SIZES = [tuple(random.Random(n).randint(1, most) for most in (30, 40, 30, 4)) for n in range(12)]
CHANGES = {
    "a peephole": ("b_1)", "b_1 + p * cell[k-1])"),
    "a state two steps back": ("cell[k-1] * keep", "cell[k-2] * keep"),
    "another squashing": ("y[k] = out[k] * tanh(cell[k])", "y[k] = out[k] * sigmoid(cell[k])"),
    "a sign": ("W_1 @ y[k-1] + U_1", "W_1 @ y[k-1] - U_1"),
    "coupled gates": ("sigmoid(U_3 @ x[k] + b_3 + W_3 @ y[k-1])", "1 - keep[k]"),
    "no input": ("U_2 @ x[k] + ", ""),
}


def is_recognised(text: str, sizes: dict[str, int]) -> bool:
    return bool(planned(parse(text, sizes), 1.0).lstms)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("text", [OWN, READ], ids=["alone", "read further"])
def test_the_layer_gives_every_value_that_the_tape_gives(
    text: str, size: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, units, steps, batch = size
    sizes = {"x": inputs, "y": units, "o": 3} if "o[k]" in text else {"x": inputs, "y": units}
    recurrence = parse(text, sizes)
    assert is_recognised(text, sizes)
    torch.manual_seed(sum(size))
    start = {"y": torch.randn(units).tolist(), "cell": torch.randn(units).tolist()}
    parameters = {
        name: torch.randn(one.shape) / max(one.shape[-1], 1) ** 0.5
        for name, one in recurrence.parameters.items()
    }
    x = torch.randn(steps, batch, inputs)
    options = {"inputs": {"x": x}, "parameters": parameters, "batch": batch, "boundary": start}
    found = [prepare(recurrence, **options) for _ in range(4)]
    fast = [run.complete() for run in found]
    fast.append(prepare(recurrence, **options).complete())
    monkeypatch.setattr("unrolled.engine.executor.can_run", lambda *_: False)
    plan = planned(recurrence, 1.0)
    plan.forget()
    slow = prepare(recurrence, **options).complete()
    for one in fast:
        for name, value in slow.items():
            assert (one[name] - value).abs().max() <= 1e-6, name
    first = found[0].boundary
    assert torch.allclose(first["cell"]["0"], torch.tensor(start["cell"]).expand(batch, units))


def test_the_books_equations_are_an_lstm() -> None:
    assert is_recognised(BOOK, {"x": 3, "h": 4}) == ("tanh(b + " in BOOK)
    assert is_recognised(OWN, {"x": 3, "y": 4})


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_equation_is_no_lstm(name: str) -> None:
    text = OWN.replace(*CHANGES[name])
    assert text != OWN
    assert not is_recognised(text, {"x": 3, "y": 4})


def test_another_layout_of_the_workspace_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lstm.holds.__wrapped__(9, 2, 3, 5)
    monkeypatch.setattr(lstm, "_states_at", lambda steps, batch, units: 0)
    assert not lstm.holds.__wrapped__(9, 2, 3, 5)
    monkeypatch.undo()
    monkeypatch.setattr(lstm, "_leading", lambda units: units + 16)
    assert not lstm.holds.__wrapped__(9, 2, 3, 5)


@pytest.mark.parametrize(
    "changes",
    [{}, {"b_4": "b_1"}, {"W_3": "W_1"}, {"U_2": "U_1", "b_4 + ": ""}],
    ids=["all lie together", "a shared bias", "a shared matrix", "a shared matrix, no bias"],
)
def test_a_replayed_layer_takes_the_parameters_of_its_run(changes: dict[str, str]) -> None:
    text = OWN.replace(" + b_5", "").replace("U_2 @ x[k]", "b_2 + U_2 @ x[k]")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    recurrence = parse(text, {"x": 3, "y": 5})
    assert is_recognised(text, {"x": 3, "y": 5})
    plan = planned(recurrence, 1.0)
    drawn = [
        {name: torch.randn(one.shape) for name, one in recurrence.parameters.items()}
        for _ in range(5)
    ]
    x = torch.randn(9, 1, 3)
    found = [
        prepare(recurrence, inputs={"x": x}, parameters=parameters).complete()
        for parameters in drawn
    ]
    for parameters, values in zip(drawn, found, strict=True):
        plan.forget()
        alone = prepare(recurrence, inputs={"x": x}, parameters=parameters).complete()
        for name, value in alone.items():
            assert torch.allclose(values[name], value, atol=1e-6), name
