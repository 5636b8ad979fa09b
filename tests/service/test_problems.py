"""Every way a request can be wrong, in one table: status, kind, place, code; one shape for all."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from service.in_process import Client
from unrolled.service.answers import Problem
from unrolled.service.texts import FAULTS, PROBLEMS

RNN = "x: 2\nh: 3\nfor t in time:\n    h[t] = tanh(b + W @ h[t-1] + U @ x[t])\n"
RECURRENCES, RUNS, STREAM = "/v1/recurrences", "/v1/runs", "/v1/runs/stream"
PATHS = [RECURRENCES, RUNS, STREAM]

PATHS_OF, JACOBIANS = "/v1/paths", "/v1/jacobians"
GRID = "e: ()\nfor t in time:\n    for k in time:\n        e[t, k] = e[t-1, k] + e[t, k-1] + 1\n"


def text(equations: str, **more: Any) -> dict[str, Any]:
    return {"equations": equations, **more}


def lstm(**more: Any) -> dict[str, Any]:
    return {"architecture": "lstm", **more}


def path(source: str, target: str, **more: Any) -> dict[str, Any]:
    ends = {"from": {"variable": source}, "to": {"variable": target, "at": [3]}}
    return lstm(**ends, **more)


BODIES: list[tuple[str, Any, int, str, str | None, str]] = [
    # equations: path, body, status, kind, pointer (or line and column), code
    (RECURRENCES, text(""), 422, "invalid-equations", "1:1", "empty"),
    (RECURRENCES, text(RNN.replace("tanh", "tnah")), 422, "invalid-equations", "4:12", "function"),
    (RECURRENCES, text(RNN.replace("h[t-1]", "h[t]")), 422, "invalid-equations", "4:5", "cycle"),
    (RECURRENCES, text(RNN + "    o[t] = h[t] + x[t]\n"), 422, "invalid-equations", "5:19", ""),
    (RECURRENCES, text("for t in time\n"), 422, "invalid-equations", "1:14", "colon"),
    (RECURRENCES, text("h = __import__('os')"), 422, "invalid-equations", "1:16", ""),
    (RECURRENCES, text("x" * 20_001), 422, "too-expensive", "/equations", "equations-length"),
    (RUNS, text(RNN.replace("tanh", "tnah")), 422, "invalid-equations", "4:12", "function"),
    (STREAM, text(RNN.replace("h[t-1]", "h[t]")), 422, "invalid-equations", "4:5", "cycle"),
    # fields
    (RECURRENCES, {}, 422, "invalid-request", "/equations", "missing"),
    (RECURRENCES, text(5), 422, "invalid-request", "/equations", "not-text"),  # type: ignore[arg-type]
    (RECURRENCES, text(RNN, sizes={"h": 0}), 422, "invalid-request", "/sizes/h", "too-small"),
    (RECURRENCES, text(RNN, sizes={"h": "3"}), 422, "invalid-request", "/sizes/h", "not-an-integer"),
    (RECURRENCES, text(RNN, sizes={"h": [3, 0]}), 422, "invalid-request", "/sizes/h/1", "too-small"),
    (RECURRENCES, text(RNN, sizes=[]), 422, "invalid-request", "/sizes", "not-an-object"),
    (RECURRENCES, text(RNN, lengths={"t": 3}), 422, "invalid-request", "/lengths/t", "unknown-domain"),
    (RECURRENCES, text(RNN, forcing=2), 422, "invalid-request", "/forcing", "too-big"),
    (RECURRENCES, text(RNN, colour="red"), 422, "invalid-request", "/colour", "unknown-field"),
    (RECURRENCES, [], 422, "invalid-request", "", "not-an-object"),
    (RUNS, {}, 422, "invalid-request", "", "one-source"),
    (RUNS, lstm(equations=RNN), 422, "invalid-request", "", "one-source"),
    (RUNS, lstm(architecture="lstn"), 422, "invalid-request", "/architecture", "unknown-architecture"),
    (RUNS, lstm(dtype="float16"), 422, "invalid-request", "/dtype", "not-a-choice"),
    (RUNS, lstm(lengths={"time": 0}), 422, "invalid-request", "/lengths/time", "too-small"),
    (RUNS, lstm(forcing=True), 422, "invalid-request", "/forcing", "not-a-number"),
    (RUNS, lstm(parameters={"seed": -1}), 422, "invalid-request", "/parameters/seed", "too-small"),
    (RUNS, lstm(variables=["h", 5]), 422, "invalid-request", "/variables/1", "not-text"),
    (RUNS, lstm(inputs={"x": {"txt": "a"}}), 422, "invalid-request", "/inputs/x", "input-form"),
    (RUNS, lstm(inputs={"x": "abc"}), 422, "invalid-request", "/inputs/x", "text-form"),
    (RUNS, lstm(inputs={"x": ["a", "b"]}), 422, "invalid-request", "/inputs/x/0", "not-a-number"),
    (RUNS, lstm(boundary={"h": "abc"}), 422, "invalid-request", "/boundary/h", "not-a-number"),
    (RUNS, lstm(inputs={"x": {"text": 5}}), 422, "invalid-request", "/inputs/x/text", "not-text"),
    (RUNS, lstm(inputs={"x": [[1, 2], [1]]}), 422, "invalid-request", "/inputs/x/1", "ragged"),
    (RUNS, lstm(inputs={"x": [[1, None]]}), 422, "invalid-request", "/inputs/x/0/1", "not-a-number"),
    (RUNS, lstm(boundary={"h": {"0": [True]}}), 422, "invalid-request", "/boundary/h/0/0", "not-a-number"),
    # runs
    (RUNS, lstm(inputs={"x": {"text": "né"}}), 422, "invalid-run", "/inputs/x/text", "character-unknown"),
    (STREAM, lstm(inputs={"x": {"text": "né"}}), 422, "invalid-run", "/inputs/x/text", "character-unknown"),
    (RUNS, lstm(inputs={"x": {"text": ""}}), 422, "invalid-run", "/inputs/x/text", "input-empty"),
    (RUNS, lstm(inputs={"x": []}), 422, "invalid-run", "/inputs/x", "input-empty"),
    (RUNS, lstm(inputs={"x": [1, 27]}), 422, "invalid-run", "/inputs/x", "symbol-range"),
    (RUNS, lstm(inputs={"x": [[1.0, 2.0]]}), 422, "invalid-run", "/inputs/x", "input-shape"),
    (RUNS, lstm(inputs={"z": [1]}), 422, "invalid-run", "/inputs/z", "input-unknown"),
    (RUNS, lstm(inputs={"y": {"next": "z"}}), 422, "invalid-run", "/inputs/y/next", "next-of"),
    (RUNS, lstm(lengths={"space": 3}), 422, "invalid-run", "/lengths/space", "length-unknown-domain"),
    (RUNS, lstm(lengths={"time": 3}), 422, "invalid-run", "/inputs/x", "length-conflict"),
    (RUNS, lstm(parameters={"values": {"W": [1]}}), 422, "invalid-run", "/parameters/values/W", "parameter-shape"),
    (RUNS, lstm(parameters={"values": {"Z": [1]}}), 422, "invalid-run", "/parameters/values/Z", "parameter-unknown"),
    (RUNS, lstm(boundary={"h": [1.0]}), 422, "invalid-run", "/boundary/h", "parameter-shape"),
    (RUNS, lstm(boundary={"f": [1.0]}), 422, "invalid-run", "/boundary/f", "boundary-unknown"),
    (RUNS, lstm(settings={"α": 1.0}), 422, "invalid-run", "/settings/α", "setting-unknown"),
    (RUNS, lstm(variables=["h", "a~b/c"]), 422, "invalid-run", "/variables/1", "variable-unknown"),
    # paths and Jacobians
    (PATHS_OF, path("h", "q"), 422, "invalid-request", "/from", "path-end"),
    (PATHS_OF, lstm(**{"from": {"variable": "s", "at": [1]}, "to": {"variable": "nothing"}}), 422, "invalid-request", "/to", "path-end"),
    (PATHS_OF, path("s", "s", lengths={"space": 3}), 422, "invalid-request", "/lengths/space", "unknown-domain"),
    (PATHS_OF, text(GRID, **{"from": {"variable": "e", "at": [1, 1]}, "to": {"variable": "e", "at": [330, 330]}}), 422, "too-expensive", "", "path-search"),
    (JACOBIANS, lstm(of="h", with_respect_to="nothing"), 422, "invalid-run", "/with_respect_to", "jacobian-of"),
    (JACOBIANS, lstm(of="loss", with_respect_to="h"), 422, "invalid-run", "/of", "jacobian-of"),
    (JACOBIANS, lstm(of="h", with_respect_to="h", spectrum={"step": 1}), 422, "invalid-run", "/spectrum/step", "jacobian-step"),
    (JACOBIANS, lstm(of="h", with_respect_to="h", sizes={"h": 200}, inputs={"x": {"text": "a" * 2000}}),
     422, "too-expensive", "", "operations"),
    (JACOBIANS, lstm(of="h", with_respect_to="h", norm="1"), 422, "invalid-request", "/norm", "not-a-choice"),
    # limits
    (RUNS, lstm(sizes={"h": 100_000}), 422, "too-expensive", "", "parameters"),
    (RUNS, lstm(inputs={"x": {"text": "a" * 20_001}}), 422, "too-expensive", "", "steps"),
    (RUNS, text(RNN, lengths={"time": 10**9}), 422, "too-expensive", "", "steps"),
    (STREAM, text(RNN, sizes={"h": 100_000}), 422, "too-expensive", "", "parameters"),
]  # fmt: skip

RAW: list[tuple[bytes, int, str, str]] = [
    (b"", 400, "not-json", "empty-body"),
    (b"hello", 400, "not-json", "json-syntax"),
    (b'{"equations": NaN}', 400, "not-json", "json-syntax"),
    (b'{"equations": -Infinity}', 400, "not-json", "json-syntax"),
    (b'{"equations": 1e999}', 400, "not-json", "json-syntax"),
    (b'{"equations": "\\ud800"}', 400, "not-json", "json-syntax"),
    (b'{"equations": "\xff"}', 400, "not-json", "json-syntax"),
    (b'\xef\xbb\xbf{"equations": ""}', 400, "not-json", "json-syntax"),
    (b'{"equations": ' + b"9" * 5_000 + b"}", 400, "not-json", "json-syntax"),
    (b'{"equations": 123456789012345678901234567890}', 422, "invalid-request", ""),
    (b"[" * 50_000, 400, "not-json", "json-depth"),
    (b"[" * 500 + b"]" * 500, 400, "not-json", "json-depth"),
    (b'{"a":' * 300 + b"1" + b"}" * 300, 400, "not-json", "json-depth"),
    (b'{"equations": "h = 1", "equations": "h = 2"}', 400, "not-json", "json-duplicate"),
    (b'{"equations": "h = 1", "sizes": {"h": 1, "h": 2}}', 400, "not-json", "json-duplicate"),
    (b'{"equations": "' + b"a" * 10_000_000 + b'"}', 413, "too-large", "body-size"),
]


def problem_of(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The document, after checking what all of them have in common."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    document = answer.json()
    Problem.model_validate(document)
    assert document["type"] == f"/problems/{kind}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    for error in document["errors"]:
        assert error["code"]
        assert error["detail"]
        assert error["hint"]
        assert "{" not in error["detail"]
    return document


@pytest.mark.parametrize(
    ("path", "body", "status", "kind", "place", "code"),
    BODIES,
    ids=[f"{i}-{row[3]}-{row[5]}" for i, row in enumerate(BODIES)],
)
def test_a_wrong_body_is_answered_with_its_place_and_its_cure(
    client: Client, path: str, body: Any, status: int, kind: str, place: str, code: str
) -> None:
    error = problem_of(client.post(path, body), status, kind)["errors"][0]
    if place and place[0].isdigit():
        assert error["pointer"] == "/equations"
        assert f"{error['line']}:{error['column']}" == place
        assert (error["end_line"], error["end_column"]) > (error["line"], error["column"] - 1)
    else:
        assert error["pointer"] == place
    assert error["code"] == code or not code


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("content", "status", "kind", "code"), RAW, ids=[f"{i}-{row[3]}" for i, row in enumerate(RAW)]
)
def test_a_body_that_is_not_sound_json_is_refused_and_not_repeated(
    client: Client, path: str, content: bytes, status: int, kind: str, code: str
) -> None:
    answer = client.send(path, content)
    document = problem_of(answer, status, kind)
    assert not code or document["errors"][0]["code"] == code
    assert len(answer.content) < 2_000


def test_a_body_sent_in_pieces_is_cut_off_at_the_limit(client: Client) -> None:
    sent = 0

    async def pieces() -> Any:
        nonlocal sent
        for _ in range(1_000):
            sent += 100_000
            yield b" " * 100_000

    headers = {"content-type": "application/json"}
    answer = client.call("POST", RUNS, content=pieces(), headers=headers)
    problem_of(answer, 413, "too-large")
    assert sent < 5_000_000


REQUESTS: list[tuple[str, str, dict[str, str], int, str]] = [
    ("GET", "/v1/nothing", {}, 404, "not-found"),
    ("GET", "/v1/architectures/lstn", {}, 404, "not-found"),
    ("GET", "/v1/architectures/../../etc/passwd", {}, 404, "not-found"),
    ("GET", "/nothing", {"accept": "*/*"}, 404, "not-found"),
    ("GET", "/static/../settings.py", {}, 404, "not-found"),
    ("GET", "/static/%2e%2e/settings.py", {}, 404, "not-found"),
    ("GET", "/problems/nothing", {}, 404, "not-found"),
    ("GET", "/v1/runs", {}, 405, "method-not-allowed"),
    ("PUT", "/v1/architectures", {}, 405, "method-not-allowed"),
    ("DELETE", "/lstm", {}, 405, "method-not-allowed"),
    ("GET", "/v1/architectures", {"accept": "text/csv"}, 406, "not-acceptable"),
    ("GET", "/v1/architectures", {"accept": "application/json;q=0"}, 406, "not-acceptable"),
    ("POST", "/v1/runs", {"accept": "application/x-ndjson"}, 406, "not-acceptable"),
    ("POST", "/v1/runs/stream", {"accept": "application/json"}, 406, "not-acceptable"),
    ("POST", "/v1/runs", {"content-type": "text/plain"}, 415, "unsupported-media-type"),
    ("POST", "/v1/runs", {"content-type": ""}, 415, "unsupported-media-type"),
    ("POST", "/v1/recurrences", {"content-type": "multipart/form-data"}, 415, "unsupported-media-type"),
    ("GET", "/v1/architectures", {"host": "evil.example"}, 400, "unknown-host"),
    ("GET", "/metrics", {"host": "localhost.evil.example"}, 400, "unknown-host"),
    ("POST", "/v1/runs/stream?start=0", {"content-type": "application/json"}, 422, "invalid-request"),
    ("POST", "/v1/runs/stream?start=x", {"content-type": "application/json"}, 422, "invalid-request"),
    ("POST", "/v1/runs?digits=99", {"content-type": "application/json"}, 422, "invalid-request"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "headers", "status", "kind"), REQUESTS)
def test_a_wrong_address_method_or_header_is_a_problem_too(
    client: Client, method: str, path: str, headers: dict[str, str], status: int, kind: str
) -> None:
    content = b'{"architecture": "lstm"}' if method == "POST" else None
    answer = client.call(method, path, headers=headers, content=content)
    document = problem_of(answer, status, kind)
    if status == 405:
        assert answer.headers["allow"]
    if status == 422:
        assert document["errors"][0]["parameter"] in ("start", "digits")


@pytest.mark.parametrize(
    ("path", "headers", "language"),
    [
        ("/v1/nothing?lang=zh", {}, "zh"),
        ("/v1/nothing?lang=en", {"accept-language": "zh"}, "en"),
        ("/v1/nothing", {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}, "zh"),
        ("/v1/nothing", {"accept-language": "fr, zh;q=0.3, en;q=0.5"}, "en"),
        ("/v1/nothing?lang=fr", {}, "en"),
        ("/v1/nothing", {}, "en"),
    ],
)
def test_problems_speak_the_language_of_the_reader(
    client: Client, path: str, headers: dict[str, str], language: str
) -> None:
    answer = client.get(path, headers=headers)
    assert answer.headers["content-language"] == language
    assert answer.json()["title"] == PROBLEMS["not-found"][1][language][0]


@pytest.mark.parametrize("body", [row[1] for row in BODIES], ids=range(len(BODIES)))
def test_chinese_problems_have_no_english_sentences(client: Client, body: Any) -> None:
    errors = client.post(f"{RUNS}?lang=zh", body).json().get("errors", [])
    for error in errors:
        assert any("\u4e00" <= character <= "\u9fff" for character in error["detail"])
        assert any("\u4e00" <= character <= "\u9fff" for character in error["hint"])


def test_a_crash_inside_says_nothing_of_the_inside(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("unrolled.service.routes.describe_equations", crash)
    answer = client.post(RECURRENCES, text(RNN))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/internal"
    assert "secret" not in answer.text


def test_at_most_twenty_errors_are_listed(client: Client) -> None:
    body = text(RNN, sizes={f"n{i}": 0 for i in range(500)})
    assert len(problem_of(client.post(RECURRENCES, body), 422, "invalid-request")["errors"]) == 20


def test_unknown_keys_are_cut_in_pointers(client: Client) -> None:
    body = text(RNN, **{"k" * 10_000: 1, "a/b~c": 2})
    pointers = [one["pointer"] for one in client.post(RECURRENCES, body).json()["errors"]]
    assert "/a~1b~0c" in pointers
    assert max(map(len, pointers)) < 70


@pytest.mark.parametrize("code", list(FAULTS))
def test_every_sentence_is_there_in_both_languages(code: str) -> None:
    arguments = dict.fromkeys(
        [
            "limit",
            "needed",
            "line",
            "column",
            "offered",
            "nearest",
            "expected",
            "names",
            "found",
            "place",
            "name",
            "wanted",
        ],
        "7",
    )
    for detail, hint in FAULTS[code].values():
        assert detail.format(**arguments)
        assert hint.format(**arguments)
    assert set(FAULTS[code]) == {"en", "zh"}


def test_the_type_of_a_problem_leads_to_its_explanation(client: Client) -> None:
    for kind in PROBLEMS:
        answer = client.get(f"/problems/{kind}")
        assert answer.status_code == 307
        assert answer.headers["location"] == f"/docs#problem-{kind}"
        assert f'id="problem-{kind}"' in client.get("/docs").text


def test_ten_megabytes_of_text_are_refused_before_they_are_read(client: Client) -> None:
    body = json.dumps(lstm(inputs={"x": {"text": "a" * 10_000_000}})).encode()
    error = problem_of(client.send(RUNS, body), 413, "too-large")["errors"][0]
    assert "4194304" in error["detail"]


@pytest.mark.parametrize(
    ("method", "path", "near"),
    [
        ("POST", "/v1/runs?fromat=csv", "format"),
        ("POST", "/v1/runs/stream?strat=4", "start"),
        ("GET", "/v1/architectures?page=2", None),
        ("GET", "/v1/architectures/lstm?lnag=zh", "lang"),
    ],
)
def test_a_misspelt_query_parameter_is_refused_and_not_repeated(
    client: Client, method: str, path: str, near: str | None
) -> None:
    answer = client.call(method, path, json={"architecture": "gru"} if method == "POST" else None)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["code"] == "unknown-parameter"
    assert error.get("parameter") == near
    assert path.partition("?")[2].partition("=")[0] not in answer.text
    assert (
        client.call(
            method,
            path.partition("?")[0] + "?lang=zh",
            json={"architecture": "gru"} if method == "POST" else None,
        ).status_code
        == 200
    )


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/runs", "POST"),
        ("/v1/runs/stream", "POST"),
        ("/v1/architectures/lstm/module.py", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
    ],
)
def test_allow_names_every_method_of_an_address(client: Client, path: str, allowed: str) -> None:
    assert client.call("DELETE", path).headers["allow"] == allowed


@pytest.mark.parametrize(
    ("written", "pointer", "meant"),
    [
        ({"architecture": "lstm", "varables": ["h"]}, "/varables", "variables"),
        (
            {"architecture": "lstm", "inputs": {"x": {"text": "ab", "alphabt": "ab"}}},
            "/inputs/x/alphabt",
            "alphabet",
        ),
        ({"architecture": "lstm", "parameters": {"sed": 3}}, "/parameters/sed", "seed"),
        ({"architecture": "lstm", "gradient": {"off": "loss"}}, "/gradient/off", "of"),
        (
            {"architecture": "lstm", "clamp": [{"variable": "h", "vale": 1}]},
            "/clamp/0/vale",
            "value",
        ),
    ],
)
def test_a_misspelt_field_is_asked_after(
    client: Client, written: dict[str, Any], pointer: str, meant: str
) -> None:
    for language, words in (("en", f"Did you mean `{meant}`?"), ("zh", f"是否想写 `{meant}`？")):
        answer = client.post("/v1/runs", written, headers={"accept-language": language})
        assert answer.status_code == 422
        found = {one["pointer"]: one["hint"] for one in answer.json()["errors"]}
        assert words in found[pointer]


def test_a_field_like_no_other_is_only_refused(client: Client) -> None:
    answer = client.post("/v1/runs", {"architecture": "lstm", "colour": "red"})
    (one,) = answer.json()["errors"]
    assert one["hint"].startswith("Remove it")
