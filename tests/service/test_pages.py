"""Pages, static files and headers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.in_process import Client
from unrolled.service.app import create_app

MANIFEST = {
    "src/main.tsx": {
        "file": "assets/main-abc.js",
        "isEntry": True,
        "css": ["assets/main-abc.css"],
        "imports": ["_shared.js"],
    },
    "_shared.js": {"file": "assets/shared-def.js", "css": ["assets/shared-def.css"]},
}


FILES = {
    ".vite/manifest.json": json.dumps(MANIFEST),
    "assets/main-abc.js": "export {}",
    "favicon.svg": "<svg/>",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of an application whose page has been built, as vite leaves it."""
    folder = tmp_path_factory.mktemp("static")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    client = Client(create_app(static=folder))
    yield client
    client.close()


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/", "Long short-term memory"),
        ("/lstm", "Long short-term memory"),
        ("/lstm/book", "Cell input through σ"),
        ("/gru?lang=zh", "门控循环单元"),
    ],
)
def test_every_architecture_has_a_page(built: Client, path: str, title: str) -> None:
    answer = built.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert title in answer.text
    assert "/static/assets/main-abc.js" in answer.text
    assert "/static/assets/main-abc.css" in answer.text
    assert "/static/assets/shared-def.css" in answer.text


def test_a_page_speaks_the_language_of_its_reader(built: Client) -> None:
    answer = built.get("/lstm", headers={"accept-language": "zh-CN"})
    assert answer.headers["content-language"] == "zh"
    assert "长短期记忆" in answer.text
    assert 'lang="zh' in answer.text


def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    client = Client(create_app(static=tmp_path / "static"))
    answer = client.get("/")
    assert answer.status_code == 503
    assert "python3 run.py" in answer.text
    assert "python3 run.py" in client.get("/?lang=zh").text
    assert client.get("/static/assets/main.js").status_code == 404
    assert client.get("/healthz").status_code == 200
    client.close()


def test_a_browser_gets_a_page_for_what_is_not_there(client: Client) -> None:
    answer = client.get("/lstn?lang=zh", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "目录中没有" in answer.text


@pytest.mark.parametrize(
    ("file", "policy"),
    [
        ("assets/main-abc.js", "public, max-age=31536000, immutable"),
        ("favicon.svg", "no-cache"),
    ],
)
def test_files_with_a_hash_in_their_name_are_kept_for_a_year(
    built: Client, file: str, policy: str
) -> None:
    answer = built.get(f"/static/{file}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == policy


@pytest.mark.parametrize("path", ["/docs", "/docs?lang=zh", "/lstn", "/"])
def test_pages_load_nothing_from_elsewhere(built: Client, path: str) -> None:
    text = built.get(path, headers={"accept": "text/html"}).text
    assert "https://" not in text
    assert "http://" not in text
    assert "<script>" not in text


def test_the_documentation_shows_every_path_and_schema(client: Client) -> None:
    text = client.get("/docs").text
    document = client.get("/openapi.json").json()
    for path in document["paths"]:
        assert path in text
    for schema in document["components"]["schemas"]:
        assert f'id="{schema}"' in text


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/lstm", "/v1/nothing", "/v1/architectures"])
def test_every_answer_has_security_headers_and_may_be_framed(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors" not in policy
    assert "x-frame-options" not in headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST"]
)
def test_loopback_names_are_known_hosts(client: Client, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_pages_answer_head(built: Client) -> None:
    answer = built.call("HEAD", "/lstm")
    assert answer.status_code == 200
    assert answer.content == b""


def test_torch_is_not_imported_before_the_first_page(root: Path) -> None:
    program = "import sys, unrolled.service.app as a; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(root / "backend")}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


@pytest.mark.parametrize(
    "path", ["/static/assets/main-abc.js", "/static/favicon.svg", "/v1/architectures/lstm"]
)
def test_what_every_student_fetches_is_compressed_once(built: Client, path: str) -> None:
    plain = built.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = built.get(path, headers={"accept-encoding": "br, gzip;q=0.5"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert packed.headers["content-type"] == plain.headers["content-type"]
    for answer in (plain, packed):
        assert "accept-encoding" in answer.headers["vary"].lower()
        again = built.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
    refused = built.get(path, headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_runs_do_not_wait_for_compression(client: Client) -> None:
    body = {"architecture": "lstm", "inputs": {"x": {"text": "ab" * 300}}}
    answer = client.post("/v1/runs", body, headers={"accept-encoding": "gzip"})
    assert len(answer.content) > 100_000
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_under_any_name(client: Client, path: str) -> None:
    client.app.state.unrolled.workers.is_warm = True
    assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/gru", headers={"host": "10.0.0.7:8000"}).status_code == 400
