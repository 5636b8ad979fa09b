"""Weights in and out: what is taken comes back bit for bit, what is hostile is refused in words."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import safetensors.torch
import torch

from house.served import server
from service.hostile_weights import (
    EACH,
    FLOATS,
    KINDS,
    MARKER,
    MOST_TENSORS,
    files,
    is_no_parameter,
    packed,
)
from service.in_process import Answer, Client
from unrolled.language.characters import is_name
from unrolled.service import weights_format
from unrolled.service.answers import Problem
from unrolled.service.app import create_app
from unrolled.service.weights import COMING, MOST_COMING, PATIENCE, store_of
from unrolled.settings import Settings

MIB = 2**20
SAFETENSORS = {"content-type": "application/vnd.safetensors"}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def address(content: bytes) -> str:
    return f"/v1/weights/{digest(content)}"


def put(client: Client, content: bytes, **headers: str) -> Answer:
    return client.exchange("PUT", address(content), content, {**SAFETENSORS, **headers})


def weights(seed: int = 0, size: int = 3) -> bytes:
    """Good ones: a matrix and a vector."""
    generator = torch.Generator().manual_seed(seed)
    made = {"W": torch.randn(size, size, generator=generator), "b": torch.zeros(size)}
    return safetensors.torch.save(made)


def problem_of(answer: Any, status: int, kind: str) -> Problem:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate(answer.json())
    assert problem.type == f"/problems/{kind}"
    return problem


Making = Callable[..., Client]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Making]:
    """Makes clients of services that share a folder; settings may be given."""
    made: list[Client] = []

    def make(**settings: Any) -> Client:
        given = {"allow_weights": True, "weights_folder": tmp_path / "weights", **settings}
        made.append(Client(create_app(Settings(**given))))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def taking(make: Making) -> Client:
    return make()


# in and out


def random_weights(rng: Random) -> dict[str, torch.Tensor]:
    """Tensors as a text could have them: of every kind of floating-point number, also with the smallest and largest."""
    made: dict[str, torch.Tensor] = {}
    for name in rng.sample(
        ["W", "U_f", "b", "α", "λ_1", "权重", "_v", "w" * 60], rng.randint(0, 8)
    ):
        dtype = rng.choice(list(FLOATS.values()))
        shape = [rng.randint(1, 7) for _ in range(rng.randint(0, 3))]
        generator = torch.Generator().manual_seed(rng.randrange(2**32))
        values = torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
        if rng.random() < 0.3:
            limits = torch.finfo(dtype)
            values = values.sign() * rng.choice([limits.max, limits.tiny, limits.tiny / 4, 0.0])
        made[name] = values.to(dtype)
    return made


@pytest.mark.parametrize("number", range(50))
def test_good_weights_come_back_bit_for_bit(taking: Client, number: int) -> None:
    rng = Random(number)
    tensors = random_weights(rng)
    about = rng.choice([None, {"format": "pt"}, {"": "任何 {text}"}])
    content = safetensors.torch.save(tensors, about)
    answer = put(
        taking,
        content,
        **{"content-type": rng.choice(["application/octet-stream", "application/vnd.safetensors"])},
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == address(content)
    assert put(taking, content).status_code == 204
    back = taking.get(address(content))
    assert back.content == content
    path = store_of(taking.app.state.unrolled.settings).find(digest(content))
    assert path is not None
    with path.open("rb") as file:
        arrays = weights_format.read_arrays(file, weights_format.read_entries(file, 10))
    assert arrays.keys() == tensors.keys()
    for name, tensor in tensors.items():
        read = torch.from_numpy(arrays[name].astype("f8"))
        assert read.shape == tensor.shape
        assert torch.equal(read, tensor.to(torch.float64))


def test_weights_are_a_file_that_never_changes(taking: Client) -> None:
    content = weights()
    put(taking, content)
    answer = taking.get(address(content), headers={"accept-encoding": "gzip"})
    assert answer.headers["content-type"] == "application/vnd.safetensors"
    assert answer.headers["etag"] == f'"{digest(content)}"'
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-length"] == str(len(content))
    assert "content-encoding" not in answer.headers
    head = taking.call("HEAD", address(content))
    assert (head.status_code, head.content) == (200, b"")
    same = {"etag", "cache-control", "content-length", "content-type", "content-disposition"}
    assert {name: head.headers[name] for name in same} == {
        name: answer.headers[name] for name in same
    }
    for method in ("GET", "HEAD"):
        known = taking.call(
            method, address(content), headers={"if-none-match": answer.headers["etag"]}
        )
        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["etag"] == answer.headers["etag"]
    other = taking.get(address(content), headers={"if-none-match": '"0"'})
    assert other.content == content


def test_weights_that_are_not_there_are_not_found(taking: Client) -> None:
    problem = problem_of(taking.get(address(b"")), 404, "not-found")
    assert problem.errors[0].code == "unknown-weights"
    assert taking.call("HEAD", address(b"")).status_code == 404
    held = taking.get(address(b""), headers={"if-none-match": "*"})
    assert held.status_code == 404
    assert taking.get(address(b""), headers={"accept": "application/json"}).status_code == 406


@pytest.mark.parametrize(
    "name",
    [
        "0",
        "g" * 64,
        "A" * 64,
        "a" * 63,
        "a" * 65,
        "a" * 63 + "%0A",
        "a" * 64 + "%0A",
        "..%2F..%2Fetc%2Fpasswd",
        "１" * 64,
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_only_a_digest_is_a_name(taking: Client, tmp_path: Path, name: str, method: str) -> None:
    answer = taking.call(method, f"/v1/weights/{name}", content=weights(), headers=SAFETENSORS)
    assert answer.status_code in ((404,) if "%2F" in name else (422,))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with pytest.raises(ValueError, match="digest"):
        store_of(taking.app.state.unrolled.settings).path(unquote(name))


# what is refused


def test_weights_are_off_unless_a_setting_allows_them(make: Making) -> None:
    client = make(allow_weights=False)
    assert not Settings.model_fields["allow_weights"].default
    problem = problem_of(put(client, weights()), 403, "weights-off")
    assert "UNROLLED_ALLOW_WEIGHTS" in problem.detail
    put(make(), weights())
    assert client.get(address(weights())).content == weights()


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-type": "application/json"}, "weights-type"),
        ({"content-type": ""}, "weights-type"),
        ({"content-type": "application/x-pickle"}, "weights-type"),
        ({"content-encoding": "gzip"}, "weights-encoding"),
        ({"content-encoding": "gzip, identity"}, "weights-encoding"),
    ],
)
def test_another_kind_of_body_is_refused(
    taking: Client, headers: Mapping[str, str], code: str
) -> None:
    problem = problem_of(put(taking, weights(), **headers), 415, "unsupported-media-type")
    assert [error.code for error in problem.errors] == [code]


def test_a_body_with_another_digest_is_refused_and_not_kept(taking: Client, tmp_path: Path) -> None:
    answer = taking.exchange("PUT", address(weights(1)), weights(0), SAFETENSORS)
    problem = problem_of(answer, 422, "invalid-weights")
    assert [error.code for error in problem.errors] == ["weights-digest"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_there_are_two_hundred_hostile_files() -> None:
    assert len(KINDS) * EACH >= 200
    assert len({content for kind in KINDS for content in files(kind)}) >= 120


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_files_are_refused_in_words_and_without_much_memory(
    taking: Client, tmp_path: Path, kind: str
) -> None:
    put(taking, weights())  # all is imported
    before = sorted(tmp_path.rglob("*"))
    for content in files(kind):
        assert KINDS[kind].is_hostile(content)
        tracemalloc.start()
        try:
            answer = put(taking, content)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2 * len(content) + 2 * MIB
        is_large = answer.status_code == 413
        problem = problem_of(
            *(answer, 413, "too-large") if is_large else (answer, 422, "invalid-weights")
        )
        (error,) = problem.errors
        assert error.code in KINDS[kind].codes or (is_large and "too-large" in KINDS[kind].codes)
        assert error.hint
        assert MARKER not in answer.text
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_refusal_names_tensor_and_field(taking: Client, language: str) -> None:
    for kind, field in {
        "an unknown dtype": "`dtype`",
        "a shape of no array": "`shape`",
        "offsets of no place": "`data_offsets`",
    }.items():
        for content in files(kind):
            answer = put(taking, content, **{"accept-language": language})
            (error,) = problem_of(answer, 422, "invalid-weights").errors
            assert field in error.detail
            assert re.search(r"\d \(`\w+`\)", error.detail)
    for content in files("a name of no language"):
        (error,) = problem_of(put(taking, content), 422, "invalid-weights").errors
        assert re.search(r"Tensor \d has a name", error.detail)


def test_a_file_above_the_limit_is_cut_off_while_it_comes(make: Making, tmp_path: Path) -> None:
    client = make(max_weights_bytes=100_000)
    sent = 0

    async def pieces() -> Any:
        nonlocal sent
        for begin in range(0, len(content), 10_000):
            sent += 10_000
            yield content[begin : begin + 10_000]

    content = weights(size=1_000)
    answer = client.call("PUT", address(content), content=pieces(), headers=SAFETENSORS)
    assert sent <= 20_000  # the header says how large it is
    (error,) = problem_of(answer, 413, "too-large").errors
    assert "100000" in error.detail
    problem_of(put(client, content, **{"content-length": str(len(content))}), 413, "too-large")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_above_the_limit_of_tensors_is_refused(make: Making) -> None:
    content = safetensors.torch.save({f"w{i}": torch.zeros(1) for i in range(MOST_TENSORS)})
    assert put(make(), content).status_code == 201
    (error,) = problem_of(
        put(make(max_weights_tensors=999), content), 422, "invalid-weights"
    ).errors
    assert error.code == "weights-count"
    assert "999" in error.detail


def test_the_library_has_the_last_word(taking: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_format, "check_gaps", lambda entries: None)
    one = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    (error,) = problem_of(put(taking, packed({"W": one, "b": one})), 422, "invalid-weights").errors
    assert error.code == "weights-library"


@pytest.mark.parametrize(
    "name",
    ["W", "W_f", "α", "权", "_", "x1", "\u00e9", "e\u0301", "", "1x", "a.b", "a b", "\ufb01", "\u212a", "for", "in", "True", "a" * 60, "a" * 61, "²", "a²", "x\u200b"],
)  # fmt: skip
def test_names_are_those_that_the_language_reads(name: str) -> None:
    assert is_name(name) == (not is_no_parameter(name))


# the folder


def test_the_folder_is_in_the_users_cache_unless_one_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "unrolled.service.weights.user_cache_path", lambda name, **_: tmp_path / name
    )
    assert store_of(Settings()).folder == tmp_path / "unrolled" / "weights"
    assert store_of(Settings(weights_folder=tmp_path)).folder == tmp_path
    assert not (tmp_path / "unrolled").exists()


def test_services_share_a_folder(make: Making) -> None:
    one, other = make(), make()
    assert put(one, weights()).status_code == 201
    assert put(other, weights()).status_code == 204
    assert other.get(address(weights())).content == weights()


def test_what_was_not_used_for_longest_makes_room(make: Making, tmp_path: Path) -> None:
    size = len(weights(size=30))
    client = make(max_weights_folder_bytes=3 * size + 10)
    contents = [weights(seed, size=30) for seed in range(4)]
    folder = tmp_path / "weights"
    for age, content in enumerate(contents[:3]):
        put(client, content)
        os.utime(folder / f"{digest(content)}.safetensors", (1_000 + age, 1_000 + age))
    (folder / "notes.safetensors").write_bytes(b"not one of ours")
    client.call("HEAD", address(contents[0]))  # a use
    assert put(client, contents[3]).status_code == 201
    statuses = [client.get(address(content)).status_code for content in contents]
    assert statuses == [200, 404, 200, 200]
    assert (folder / "notes.safetensors").exists()
    assert put(client, weights(size=60)).status_code == 413


def test_what_is_damaged_on_the_disk_is_missing_until_it_is_put_again(
    taking: Client, tmp_path: Path
) -> None:
    content = weights()
    put(taking, content)
    path = tmp_path / "weights" / f"{digest(content)}.safetensors"
    path.write_bytes(content[:-1] + b"\x01")
    assert taking.get(address(content)).status_code == 404
    body = {"equations": TEXT, "parameters": {"weights": digest(content)}}
    problem_of(taking.post("/v1/runs", body), 422, "unknown-weights")
    assert put(taking, content).status_code == 201
    assert taking.get(address(content)).content == content


def test_many_put_the_same_at_once(taking: Client) -> None:
    settings = taking.app.state.unrolled.settings
    content, results = weights(size=200), []

    def one() -> None:
        with store_of(settings).coming() as upload:
            for begin in range(0, len(content), 10_000):
                upload.write(content[begin : begin + 10_000])
            results.append(upload.keep(digest(content)))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert any(results)
    assert taking.get(address(content)).content == content


def test_a_place_is_needed_to_come_in(taking: Client, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    for number in range(MOST_COMING):
        (folder / f"{number}{COMING}").write_bytes(b"")
    answer = put(taking, weights())
    problem_of(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"
    old = (folder / f"0{COMING}").stat().st_mtime - PATIENCE - 10
    os.utime(folder / f"0{COMING}", (old, old))  # its process is gone
    assert put(taking, weights()).status_code == 201
    assert len(list(folder.glob(f"*{COMING}"))) == MOST_COMING - 1


def test_a_client_that_leaves_leaves_nothing_behind(taking: Client, tmp_path: Path) -> None:
    content = weights(size=100)

    async def leave() -> list[Any]:
        sent: list[Any] = []
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": content[:20_000], "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        headers = {"host": "localhost", **SAFETENSORS}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "PUT",
            "path": address(content), "raw_path": b"", "query_string": b"", "root_path": "", "scheme": "http",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        await taking.app(scope, receive, send)
        return sent

    taking.runner.run(leave())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


TEXT = "x: 2\nh: 3\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n"


# in a real server


def test_a_server_takes_large_files_and_stays_small(tmp_path: Path) -> None:
    """Resident memory grows by less than twice the file, whether the file is good or not."""
    size = 48 * MIB
    good = tmp_path / "good"
    safetensors.torch.save_file({"W": torch.zeros(size // 4)}, good)
    wrong = tmp_path / "wrong"
    wrong.write_bytes(good.read_bytes()[:-4] + torch.tensor(torch.nan).numpy().tobytes())
    folder = str(tmp_path / "weights")
    with (
        server(
            "--no-browser",
            "--port",
            "0",
            UNROLLED_ALLOW_WEIGHTS="1",
            UNROLLED_WEIGHTS_FOLDER=folder,
        ) as served,
        httpx.Client(base_url=served.address, timeout=60) as client,
    ):
        ready = client.post("/v1/runs", json={"architecture": "lstm"})
        assert ready.status_code == 200

        def send(file: Path) -> httpx.Response:
            with file.open("rb") as content:
                name = hashlib.file_digest(content, "sha256").hexdigest()
                content.seek(0)
                return client.put(f"/v1/weights/{name}", content=content, headers=SAFETENSORS)

        send(good)  # what is imported by the first
        before = resident(served.process.pid)
        with Watched(served.process.pid) as watched:
            refused = send(wrong)
            taken = send(good)
        assert problem_of(refused, 422, "invalid-weights").errors[0].code == "weights-finite"
        assert taken.status_code == 204
        assert watched.samples
        assert max(watched.samples) - before < 2 * size
        back = hashlib.sha256()
        with client.stream("GET", taken.headers["location"]) as answer:
            for piece in answer.iter_bytes():
                back.update(piece)
        assert taken.headers["location"].endswith(back.hexdigest())
    assert [path.name for path in Path(folder).iterdir()] == [f"{back.hexdigest()}.safetensors"]


def resident(process: int) -> int:
    """Bytes that a process holds in memory."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True)
    return int(shown.stdout) * 1024


class Watched:
    """Looks at the memory of a process again and again, while a block runs."""

    def __init__(self, process: int) -> None:
        self.samples: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=(process,))

    def _look(self, process: int) -> None:
        while True:
            self.samples.append(resident(process))
            if self._over.wait(0.02):
                return

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
