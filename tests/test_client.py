"""The client beside the same call without a server: the same names, shapes, types and bits, or an error."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import unrolled
from mischief import NONE, Mischief, Proxy, proxying
from unrolled.catalogue import read_catalogue
from unrolled.client import connection
from unrolled.client.connection import is_loopback
from unrolled.client.errors import Cut
from unrolled.client.frames import Frame
from unrolled.client.streams import Trace, follow
from unrolled.engine import Chunk
from unrolled.service.limits import PIECE

IDS = list(read_catalogue().architectures)
WORDS = {"float32": torch.int32, "float64": torch.int64}

OVERFLOW = "x: 2\nh: 2\nh[0] = exp(1000) * c\nfor t in time:\n    h[t] = exp(x[t]) + h[t-1]\na = exp(900 * c)\nd = a - a\n"
"""Infinity before the first step, at steps and behind them, and NaN."""

DRAWN = "y: 4\nfor t in time:\n    p[t] = softmax(c + V @ y[t-1])\n    y[t] = sample(p[t])\n"


@pytest.fixture(scope="module")
def service(live_server: str) -> Iterator[unrolled.Service]:
    with unrolled.connect(live_server) as service:
        yield service


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FIRST_PAUSE", 0.0)


def assert_same(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Equal to the last bit: minus zero is not zero, and every NaN is the same."""
    assert set(found) == set(expected)
    for name, other in expected.items():
        own = found[name]
        assert (own.shape, own.dtype) == (other.shape, other.dtype), name
        word = WORDS[str(own.dtype).removeprefix("torch.")]
        numbers = [torch.where(one.isnan(), math.nan, one).contiguous() for one in (own, other)]
        assert torch.equal(numbers[0].view(word), numbers[1].view(word)), name


def assert_same_results(found: unrolled.Result, expected: unrolled.Result) -> None:
    assert_same(found.values, expected.values)
    assert list(found.values) == list(expected.values)
    assert dict(found.lengths) == dict(expected.lengths)
    assert found.symbols == expected.symbols
    assert repr(found) == repr(expected)


# the same as here --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", IDS)
def test_a_run_of_the_catalogue_has_the_bits_of_a_local_one(
    service: unrolled.Service, name: str
) -> None:
    found = service.run(name, dtype="float64")
    expected = unrolled.load(name).run(dtype="float64")
    assert_same_results(found, expected)
    assert_same(found.parameters, expected.parameters)


@pytest.mark.parametrize(
    "name", ["lstm", "gru/literal", "ntm", "attention", "recursive-net", "sequence-length/halt"]
)
def test_so_it_has_in_float32(service: unrolled.Service, name: str) -> None:
    assert_same_results(service.run(name), unrolled.load(name).run())


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("lstm", {"text": "hello"}),
    ("lstm", {"text": "a man a plan " * 30, "dtype": "float64", "seed": 7}),
    ("lstm", {"inputs": {"x": "hello"}}),
    ("lstm", {"inputs": {"x": [3, 0, 1], "y": np.array([0, 1, 2])}, "variables": ["f", "W", "h"]}),
    ("lstm", {"text": "hi", "variables": ["h", "f/*", "s/0"]}),
    ("lstm", {"text": "abba", "inputs": {"x": {"alphabet": "ba" + "cdefghijklmnopqrstuvwxyz "}}}),
    ("lstm", {"clamp": [{"variable": "f", "steps": (2, 4), "units": [0], "value": 1.0}]}),
    ("lstm", {"parameters": {"W_f": torch.eye(8) / 3, "b_f": np.full(8, 0.1)}, "seed": 3}),
    ("lstm", {"boundary": {"h": np.linspace(-1, 1, 8)}, "dtype": "float64"}),
    ("lstm", {"text": "hi", "batch": 1}),
    ("attention", {"text": "hell"}),
    ("attention", {"inputs": {"x": {"text": "hole"}, "y": {"text": "o"}}}),
    ("unfolding", {"inputs": {"x": [[1.0]] * 5}}),
    ("long-term-dependencies/figure", {"lengths": {"time": 3}}),
    ("echo-state-network/apart", {"boundary": {"h": [0.5, 0.25]}}),
    ("teacher-forcing/scheduled-sampling", {"forcing": 0.5, "seed": 2}),
    ("rnn-graphical-model/observed", {"inputs": {"y": [0, 1, 1, 0]}}),
    ("recursive-net", {"inputs": {"x": [[1, 2], [[0, 3], 1]]}}),
    (DRAWN, {"lengths": {"time": 9}, "seed": 5}),
    (DRAWN, {"inputs": {"y": [0, 3, None, 1]}, "dtype": "float64"}),
    (OVERFLOW, {"inputs": {"x": [[0, 99], [800, -1]]}, "parameters": {"c": [1, 0.5]}}),
    (OVERFLOW, {"parameters": {"c": [1, 0.5]}, "variables": ["d", "c", "h"], "dtype": "float64"}),
]


@pytest.mark.parametrize(("source", "options"), OPTIONS)
def test_every_option_means_what_it_means_here(
    service: unrolled.Service, source: str, options: dict[str, Any]
) -> None:
    make = "load" if source in IDS else "parse"
    found = getattr(service, make)(source).run(**options)
    expected = getattr(unrolled, make)(source).run(**options)
    assert_same_results(found, expected)
    assert_same(found.parameters, expected.parameters)


def test_beyond_what_the_pages_say_a_run_differs_by_a_rounding_at_most(
    service: unrolled.Service, root: Path
) -> None:
    text, sizes = "hello world " * 40, {"h": 256}
    for page in ("docs/runs.md", "docs/python.md"):
        page_text = (root / page).read_text(encoding="utf-8").replace("\n", " ")
        assert f"{PIECE // 10**6} million operations" in page_text
    model = unrolled.load("gru", sizes=sizes)
    assert model.cost({"time": len(text)}).operations > PIECE
    expected = model.run(text, dtype="float64")
    found = service.load("gru", sizes=sizes).run(text, dtype="float64")
    for name, value in expected.values.items():
        torch.testing.assert_close(found[name], value, rtol=1e-12, atol=1e-13)


def test_infinity_and_nan_arrive_as_themselves(service: unrolled.Service) -> None:
    found = service.parse(OVERFLOW).run(parameters={"c": [1, 0.5]}, lengths={"time": 2})
    assert found["a"].isposinf().tolist() == [[True, True]]
    assert found["d"].isnan().tolist() == [[True, True]]
    assert found["h[0]"].isposinf().all()


def test_sizes_are_given_as_here(service: unrolled.Service) -> None:
    expected = unrolled.load("lstm", sizes={"h": 3}).run("hi")
    assert_same_results(service.load("lstm", sizes={"h": 3}).run("hi"), expected)
    assert_same_results(service.run("lstm", "hi", sizes={"h": 3}), expected)
    assert service.run("lstm", "hi")["h"].shape == (2, 1, 8)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("lstm", "loss"),
        ("lstm", "L[3]"),
        ("attention", "loss"),
        ("bidirectional-rnn", "loss"),
        ("recursive-net", "loss"),
        ("leaky-units", "h[5][2]"),
        ("vector-to-sequence/initial", "loss"),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_have_the_bits_of_local_ones(
    service: unrolled.Service, name: str, of: str, dtype: str
) -> None:
    found, expected = service.run(name, dtype=dtype), unrolled.load(name).run(dtype=dtype)
    options: dict[str, Any] = {"parts": True, "contributions": True}
    assert_same(found.gradients(of, **options), expected.gradients(of, **options))
    variable = next(iter(unrolled.load(name).recurrence.equations)).variable
    names = [variable, *list(expected.parameters)[:1]]
    assert_same(found.gradients(of, names), expected.gradients(of, names))
    for one in names:
        assert_same({one: found.gradient(one, of)}, {one: expected.gradient(one, of)})


def test_gradients_of_what_was_observed_have_the_bits_of_local_ones(
    service: unrolled.Service,
) -> None:
    options: dict[str, Any] = {"inputs": {"y": [0, 3, None, 1]}}
    found, expected = service.parse(DRAWN).run(**options), unrolled.parse(DRAWN).run(**options)
    assert_same(found.gradients("log_p/y[4]"), expected.gradients("log_p/y[4]"))


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
def test_norms_of_jacobians_have_the_bits_of_local_ones(
    service: unrolled.Service, norm: Any
) -> None:
    found, expected = service.run("lstm", "hello"), unrolled.load("lstm").run("hello")
    for of, source in (("h", "s"), ("p", "x"), ("s", "h[0]")):
        numbers = found.jacobian(of, source, norm), expected.jacobian(of, source, norm)
        assert_same({of: numbers[0]}, {of: numbers[1]})


@pytest.mark.parametrize(
    ("name", "options", "is_whole"),
    [
        ("lstm", {"text": "hello " * 30}, True),
        ("lstm", {"text": "hello " * 60}, False),
        ("attention", {"variables": ["e/*", "h", "W"]}, True),
        ("bidirectional-rnn", {}, False),
        ("sequence-length/halt", {}, True),
        ("gradient-clipping/descent", {"dtype": "float64"}, True),
    ],
)
def test_chunks_hold_the_steps_of_a_local_run(
    service: unrolled.Service, name: str, options: dict[str, Any], is_whole: bool
) -> None:
    """A small run that goes forward has the numbers of `run`, any other those of local `chunks`."""
    found = list(service.load(name).chunks(**options))
    model = unrolled.load(name)
    expected = joined(model.chunks(**options))
    if is_whole:
        whole = model.run(**options)
        assert whole.values.keys() >= expected.keys()
        expected = {one: whole[one] for one in expected}
    assert_same(joined(found), expected)
    assert found[0].first == found[0].last


def joined(chunks: Iterable[Chunk]) -> dict[str, Tensor]:
    """All steps of every variable in their order, whatever the chunks."""
    parts: dict[str, dict[int, Tensor]] = {}
    for chunk in chunks:
        for one, value in chunk.values.items():
            known = parts.setdefault(one, {})
            assert chunk.first not in known, one
            known[chunk.first] = value
    return {
        one: torch.cat([known[first] for first in sorted(known)]) if 0 not in known else known[0]
        for one, known in parts.items()
    }


def test_the_first_chunk_comes_before_the_last_is_computed(service: unrolled.Service) -> None:
    model = service.parse("h: 1\nfor t in time:\n    h[t] = tanh(h[t-1])\n")
    chunks = model.chunks(lengths={"time": 20_000})
    assert next(chunks).last == 1
    chunks.close()  # type: ignore[attr-defined]
    assert_same_results(service.run("lstm", "hi"), unrolled.load("lstm").run("hi"))


def test_what_comes_may_be_written_into_and_goes_through_autograd(
    service: unrolled.Service,
) -> None:
    run = service.run("lstm", "hello")
    tensors = [*run.values.values(), *run.parameters.values(), run.gradient("h"), run.gradient("W")]
    chunks = [one for chunk in service.load("lstm").chunks("hi") for one in chunk.values.values()]
    assert set(run.numpy()) == set(run.values)
    for one in (*tensors, *chunks, run.jacobian("h", "h")):
        one.add_(1)
        one.requires_grad_()
    with pytest.raises(KeyError, match="no value `hh`: did you mean `h`"):
        run["hh"]


def test_the_catalogue_is_listed_as_here(service: unrolled.Service) -> None:
    assert list(service.architectures().items()) == list(unrolled.architectures().items())
    assert service.version == unrolled.__version__
    model = service.load("lstm/book")
    assert (model.title, model.text) == (unrolled.load("lstm/book").title, unrolled.load("lstm/book").text)  # fmt: skip


def test_importing_the_package_does_not_import_httpx() -> None:
    program = "import sys, unrolled; sys.exit('httpx' in sys.modules or 'numpy' in sys.modules)"
    environment = {"PYTHONPATH": str(Path(unrolled.__file__).parent.parent)}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


# what is refused ---------------------------------------------------------------------------------

REFUSED: list[tuple[Callable[[unrolled.Service], object], type[Exception], str]] = [
    (lambda one: one.load("lstn"), unrolled.RemoteError, "GET /v1/architectures (lstm?)"),
    (lambda one: one.parse("h: 2\nfor t in time:\n    h[t] = tnah(h[t-1])"), unrolled.RemoteError, "line 3, column 12: There is no function `tnah`"),
    (lambda one: one.run("lstm", batch=3), unrolled.RemoteError, "unrolled.load('lstm').run(…, batch=3)"),
    (lambda one: one.parse(DRAWN).run(batch=3), unrolled.RemoteError, "unrolled.parse(text).run(…, batch=3)"),
    (lambda one: one.run("lstm").gradient("h", way="autograd"), unrolled.RemoteError, "unrolled.load('lstm').run(…).gradient('h', 'loss', way='autograd')"),
    (lambda one: one.run("lstm").jacobians("h", "s"), unrolled.RemoteError, "unrolled.load('lstm').run(…).jacobians('h', 's')"),
    (lambda one: one.run("lstm", txt="hi"), TypeError, "no option `txt`: did you mean `text`"),  # type: ignore[call-arg]
    (lambda one: one.run("lstm", 7), TypeError, "`text` is int, not a string"),  # type: ignore[arg-type]
    (lambda one: one.run("lstm", "hi", inputs={"x": "ho"}), TypeError, "`text` is for `x`"),
    (lambda one: one.run("unfolding", "hi"), ValueError, "no input here is one-hot"),
    (lambda one: one.run("unfolding", inputs={"x": np.array([[math.nan]])}), ValueError, "NaN or infinite"),
    (lambda one: one.run("unfolding", inputs={"x": object()}), TypeError, "object cannot be sent"),
    (lambda one: one.run("lstm", "a" * 20_001), unrolled.RemoteError, "20001 steps; 20000 are allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "said"), REFUSED)
def test_what_cannot_be_had_says_what_can(
    service: unrolled.Service,
    call: Callable[[unrolled.Service], object],
    error: type[Exception],
    said: str,
) -> None:
    with pytest.raises(error) as raised:
        call(service)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda one: one.load("lstm").run("HI"),
        lambda one: one.load("lstm").run("hi", inputs={"z": [1]}),
        lambda one: one.load("lstm").run("hi", clamp=[{"variable": "W", "value": 1}]),
        lambda one: one.load("lstm").run("hi").gradient("h", of="h"),
        lambda one: one.load("lstm").run("hi").gradient("no"),
        lambda one: one.load("recursive-net").run().jacobian("h", "h"),
        lambda one: one.parse("h: 2\nfor t in time:\n    h[t] = tnah(h[t-1])\n"),
    ],
)
def test_the_words_of_a_refusal_are_those_of_a_local_run(
    service: unrolled.Service, call: Callable[[Any], object]
) -> None:
    with pytest.raises(ValueError, match=r".") as expected:
        call(unrolled)
    with pytest.raises(unrolled.RemoteError) as found:
        call(service)
    assert str(found.value) == str(expected.value)
    assert found.value.problem is not None
    assert found.value.problem["status"] == 422


# a bad connection --------------------------------------------------------------------------------

TEXT = "hello world"


@contextmanager
def connected(
    server: str, mischief: Callable[[int], Mischief], *, is_old: bool = False, timeout: float = 60
) -> Iterator[tuple[unrolled.Service, Proxy]]:
    with (
        proxying(server, mischief, is_old=is_old) as (address, proxy),
        unrolled.connect(address, timeout=timeout) as service,
    ):
        yield service, proxy


@pytest.fixture(scope="module")
def expected() -> unrolled.Result:
    return unrolled.load("lstm").run(TEXT, dtype="float64")


@pytest.fixture(scope="module")
def length(live_server: str) -> int:
    """Bytes of the answer that the tests below damage, over HTTP/1.0."""
    with connected(live_server, lambda _: NONE, is_old=True) as (service, proxy):
        service.run("lstm", TEXT, dtype="float64")
    return proxy.seen[0]


@pytest.mark.parametrize("is_old", [False, True], ids=["chunks", "until the end"])
@pytest.mark.parametrize("seed", range(12))
def test_a_connection_that_breaks_anywhere_is_gone_on_with(
    live_server: str, expected: unrolled.Result, length: int, seed: int, is_old: bool
) -> None:
    chance = random.Random(seed)
    cuts = [
        Mischief(cut=chance.randrange(length), is_reset=chance.random() < 0.5) for _ in range(4)
    ]
    with connected(live_server, lambda n: [*cuts, NONE][min(n, 4)], is_old=is_old) as (service, proxy):  # fmt: skip
        assert_same_results(service.run("lstm", TEXT, dtype="float64"), expected)
    assert 2 <= proxy.streams <= 5


@pytest.mark.parametrize("part", range(8))
def test_wherever_it_breaks_the_numbers_are_the_same(
    live_server: str, expected: unrolled.Result, length: int, part: int
) -> None:
    places = list(range(part * 41, length, 8 * 41))  # in lines, between them, in numbers
    with connected(
        live_server, lambda n: NONE if n % 2 else Mischief(cut=places[n // 2]), is_old=True
    ) as (service, proxy):
        for _ in places:
            assert_same_results(service.run("lstm", TEXT, dtype="float64"), expected)
    assert proxy.streams == 2 * len(places)


def test_after_a_cut_only_the_rest_is_asked_for(
    live_server: str, expected: unrolled.Result, length: int
) -> None:
    cut = length * 3 // 4
    with connected(live_server, lambda n: NONE if n else Mischief(cut=cut), is_old=True) as (service, proxy):  # fmt: skip
        assert_same_results(service.run("lstm", TEXT, dtype="float64"), expected)
    assert proxy.seen[1] < length - cut / 2


def test_chunks_go_on_after_a_cut_and_none_comes_twice(live_server: str) -> None:
    chance = random.Random(3)
    text = "hello " * 40
    with connected(
        live_server, lambda n: Mischief(cut=chance.randrange(3000, 60_000)) if n < 4 else NONE
    ) as (service, proxy):
        found = list(service.load("lstm").chunks(text))
    assert proxy.streams == 5
    steps = [one for one in found if one.domain is not None and "h" in one.values]
    assert [step for one in steps for step in range(one.first, one.last + 1)] == [*range(1, 241)]
    other = [one for one in unrolled.load("lstm").chunks(text) if "h" in one.values]
    joined = torch.cat([one.values["h"] for one in steps])
    torch.testing.assert_close(
        joined, torch.cat([one.values["h"] for one in other]), rtol=0, atol=0
    )


@pytest.mark.parametrize("seed", range(40))
def test_bytes_that_are_lost_or_changed_are_noticed(
    live_server: str, expected: unrolled.Result, length: int, seed: int
) -> None:
    chance = random.Random(seed)
    place = chance.randrange(length - 12)
    damage = (
        Mischief(changed=place)
        if seed % 4 == 0
        else Mischief(lost=range(place, place + chance.choice([1, 2, 4, 8, 12])))
    )
    with connected(live_server, lambda n: NONE if n else damage, is_old=True) as (service, proxy):
        assert_same_results(service.run("lstm", TEXT, dtype="float64"), expected)
    assert proxy.streams == 2


@pytest.mark.parametrize(
    "damage",
    [Mischief(cut=1500), Mischief(cut=0, is_reset=True), Mischief(lost=range(2000, 2008)), Mischief(changed=1000)],
)  # fmt: skip
def test_what_never_comes_whole_is_an_error(live_server: str, damage: Mischief) -> None:
    with (
        connected(live_server, lambda _: damage, is_old=True) as (service, proxy),
        pytest.raises(unrolled.RemoteError, match=r"did not come whole.*5 times in a row"),
    ):
        service.run("lstm", TEXT, dtype="float64")
    assert proxy.streams >= 5


def test_bytes_may_come_one_by_one(live_server: str, expected: unrolled.Result) -> None:
    with connected(live_server, lambda _: Mischief(size=1)) as (service, _):
        assert_same_results(service.run("lstm", TEXT, dtype="float64"), expected)


def test_a_connection_that_falls_silent_is_made_anew(
    live_server: str, expected: unrolled.Result
) -> None:
    with connected(live_server, lambda n: NONE if n else Mischief(silence=2000), timeout=1.5) as (
        service,
        proxy,
    ):
        assert_same_results(service.run("lstm", TEXT, dtype="float64"), expected)
    assert proxy.streams == 2


def test_gradients_come_whole_over_a_bad_connection(live_server: str) -> None:
    chance = random.Random(1)
    with connected(
        live_server, lambda n: Mischief(cut=chance.randrange(20_000)) if n % 3 else NONE
    ) as (service, _):
        found = service.run("lstm", TEXT).gradients(parts=True, contributions=True)
    assert_same(found, unrolled.load("lstm").run(TEXT).gradients(parts=True, contributions=True))


# other servers -----------------------------------------------------------------------------------


Answer = tuple[int, dict[str, str], bytes]
HEALTH: Answer = (200, {"content-type": "application/json"}, b'{"status": "ok", "version": "9"}')


@contextmanager
def answering(answers: list[Answer]) -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    """A server that gives these answers one after the other, the last for ever; and the headers it was sent."""
    seen: list[Mapping[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            seen.append(dict(self.headers))
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, headers, body = answers[min(len(seen), len(answers)) - 1]
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


STRANGERS: list[tuple[Answer, str]] = [
    ((200, {"content-type": "text/html"}, b"<p>hello</p>"), "no server of unrolled"),
    ((200, {"content-type": "application/json"}, b'{"status": "up"}'), "no server of unrolled"),
    ((200, {"content-type": "application/json"}, b"[]"), "no server of unrolled"),
    ((200, {"content-type": "application/json"}, b"{"), "no server of unrolled"),
    ((404, {"content-type": "application/problem+json"}, b'{"status": 404}'), "no server of unrolled"),
    ((500, {"content-type": "application/problem+json"}, b"oops"), "no server of unrolled"),
    ((404, {"content-type": "text/plain"}, b"no"), "status 404, text/plain"),
    ((307, {"location": "https://elsewhere.example/"}, b""), "connect to that address"),
    ((503, {"content-type": "text/plain", "retry-after": "0"}, b"no"), "is busy: status 503 (5 times in a row)"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "said"), STRANGERS)
def test_what_is_no_server_of_this_kind_is_told(answer: Answer, said: str) -> None:
    with answering([answer]) as (address, _), pytest.raises(unrolled.RemoteError) as raised:
        unrolled.connect(address)
    assert said in str(raised.value)


def test_where_nothing_answers_it_says_how_to_start_a_server() -> None:
    with answering([HEALTH]) as (address, _):
        pass
    with pytest.raises(unrolled.RemoteError, match=r"unrolled serve.*2 times in a row"):
        unrolled.connect(address, tries=2)
    with pytest.raises(ValueError, match="write it as in http://"):
        unrolled.connect("127.0.0.1:8000")


@pytest.mark.parametrize(
    "call",
    [lambda one: one.load("lstm"), lambda one: one.parse("h: 1"), lambda one: one.architectures()],
)
def test_a_server_that_says_too_little_is_of_another_version(
    call: Callable[[unrolled.Service], object],
) -> None:
    empty: Answer = (200, {"content-type": "application/json"}, b"{}")
    with (
        answering([HEALTH, empty]) as (address, _),
        unrolled.connect(address) as service,
        pytest.raises(unrolled.RemoteError, match=r"a version that this client does not know"),
    ):
        call(service)


def test_a_run_of_another_form_is_of_another_version() -> None:
    with pytest.raises(unrolled.RemoteError, match=r"KeyError: 'boundary'"):
        Trace(iter([START]), "FP32")


@pytest.mark.parametrize("status", [502, 503, 504, 429])
def test_a_server_that_asks_for_patience_is_asked_again(status: int) -> None:
    document = b'{"title": "Busy", "detail": "Too many runs.", "errors": []}'
    busy = (status, {"content-type": "application/problem+json", "retry-after": "0"}, document)
    with answering([busy, busy, HEALTH]) as (address, seen):
        assert unrolled.connect(address).version == "9"
    assert len(seen) == 3
    with answering([busy]) as (address, _), pytest.raises(unrolled.RemoteError) as raised:
        unrolled.connect(address)
    assert "is busy: Busy: Too many runs. (5 times in a row)" in str(raised.value)


def test_as_many_seconds_are_waited_as_the_server_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(connection, "sleep", waited.append)
    monkeypatch.setattr(connection, "FIRST_PAUSE", 0.1)
    answers: list[Answer] = [(503, {"retry-after": said}, b"") for said in ("7", "900", "Fri", "")]
    with answering([*answers, HEALTH]) as (address, _):
        unrolled.connect(address)
    assert waited == [7, 30, 0.4, 0.8]


def test_its_agent_has_a_name_and_no_proxy_is_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with answering([HEALTH]) as (address, seen), unrolled.connect(address):
        pass
    assert {key.lower(): value for key, value in seen[0].items()}["user-agent"] == (
        f"unrolled/{unrolled.__version__}"
    )
    assert [is_loopback(f"http://{one}:80") for one in ("localhost", "[::1]", "127.8.0.1")] == [
        True
    ] * 3
    assert not is_loopback("http://example.com")


# going on, by frames -----------------------------------------------------------------------------

START = Frame(
    {"event": "start", "lengths": {"time": 8}, "domains": {"h": ["time"]}, "version": "1"}
)
END = Frame({"event": "end", "values": {}, "domains": {"h": ["time"]}, "lengths": {"time": 8}})


def steps(first: int, last: int, event: str = "steps") -> Frame:
    turn = 1 if first <= last else -1
    values = {"h": np.arange(first, last + turn, turn)[:, None]}
    return Frame({"event": event, "domain": "time", "from": first, "to": last}, values)


class Scripted:
    """A connection that gives these frames, a list for each try, cut behind each but the last."""

    address = "http://127.0.0.1"

    def __init__(self, tries: list[list[Frame]]) -> None:
        self.tries, self.starts = tries, list[int]()

    def patience(self) -> connection.Patience:
        return connection.Patience(3)

    def frames(self, body: bytes, datatype: str, *, start: int, is_whole: bool) -> Iterator[Frame]:
        self.starts.append(start)
        yield from self.tries.pop(0)
        if self.tries:
            raise Cut("cut")


def gone_on(tries: list[list[Frame]]) -> tuple[list[tuple[str, int, int]], list[int]]:
    scripted: Any = Scripted(tries)
    found = [one for one in follow(scripted, b"", "FP32", is_whole=False) if one.values]
    for one in found:
        assert one.values["h"][:, 0].tolist() in ([*range(one.line["from"], one.line["to"] + 1)], [*range(one.line["from"], one.line["to"] - 1, -1)])  # fmt: skip
    return [(one.event, one.line["from"], one.line["to"]) for one in found], scripted.starts


def test_steps_that_overlap_come_once() -> None:
    found, starts = gone_on([[START, steps(1, 3)], [START, steps(2, 6)], [START, steps(7, 8), END]])
    assert found == [("steps", 1, 3), ("steps", 4, 6), ("steps", 7, 8)]
    assert starts == [1, 4, 7]


def test_a_pass_that_goes_backward_is_asked_for_from_its_beginning() -> None:
    back = [steps(7, 8), steps(3, 6), steps(1, 2)]
    found, starts = gone_on([[START, back[0]], [START, *back[:2]], [START, *back, END]])
    assert found == [("steps", 7, 8), ("steps", 3, 6), ("steps", 1, 2)]
    assert starts == [1, 1, 1]
    gradients = [steps(8, 5, "gradients"), steps(7, 2, "gradients")]
    found, _ = gone_on([[START, *gradients, gradients[0], END]])
    assert found == [("gradients", 8, 5), ("gradients", 4, 2)]


def test_another_run_after_a_cut_is_refused() -> None:
    other = Frame({**START.line, "version": "2"})
    with pytest.raises(unrolled.RemoteError, match="versions 1 and 2"):
        gone_on([[START, steps(1, 3)], [other, steps(4, 8), END]])


def test_tries_count_from_the_last_progress() -> None:
    more: list[list[Frame]] = [[START, steps(one, one)] for one in range(1, 8)]
    found, _ = gone_on([*more, [START, steps(8, 8), END]])
    assert [first for _, first, _ in found] == [*range(1, 9)]
    with pytest.raises(unrolled.RemoteError, match="3 times in a row"):
        gone_on([[START, steps(1, 4)], [START], [START], [START], [START, steps(5, 8), END]])


def test_an_error_within_the_stream_is_told() -> None:
    document = {
        "title": "Invalid run",
        "errors": [{"pointer": "/lengths", "detail": "A.", "hint": "B."}],
    }
    broken = Frame({"event": "error", "problem": document})
    with pytest.raises(unrolled.RemoteError, match=r"^/lengths: A\. B\.$") as raised:
        gone_on([[START, steps(1, 2), broken]])
    assert raised.value.problem == document


def test_where_a_stopping_server_ended_another_goes_on() -> None:
    document = {"title": "Stopping", "status": 503, "detail": "Another will go on."}
    stopping = Frame({"event": "error", "problem": document})
    found, starts = gone_on([[START, steps(1, 3), stopping], [START, steps(4, 8), END]])
    assert found == [("steps", 1, 3), ("steps", 4, 8)]
    assert starts == [1, 4]
    with pytest.raises(
        unrolled.RemoteError, match=r"gave up: Stopping: Another will go on\. \(3 times"
    ):
        gone_on([[START, stopping]] * 3)
