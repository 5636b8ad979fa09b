"""Pages: the shell that the browser fills, documentation, notices, static files.

The shell is `templates/page.html`; its scripts and styles are looked up in the manifest that vite
writes. When the frontend has not been built, the page says so and how to build it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import unrolled
from unrolled.catalogue import Architecture

from . import routes, weights_routes
from .negotiation import Language, language_of, prefers_html
from .notices import NOTICES
from .problems import on_http_exception
from .security import gzipped, takes_gzip
from .state import state_of
from .texts import PROBLEMS

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
ENTRY = "src/main.tsx"
FIRST = "lstm"
"""The architecture that `/` opens with."""

YEAR = 31_536_000

TEMPLATES = Environment(
    loader=FileSystemLoader(ROOT / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


MARKDOWN = MarkdownIt("commonmark", {"html": False})
TEMPLATES.filters["inline"] = lambda text: Markup(MARKDOWN.renderInline(text))
"""Descriptions of the interface hold a little Markdown."""


@dataclass(frozen=True)
class Assets:
    """Addresses of what the shell loads."""

    script: str
    styles: Sequence[str] = ()
    preloads: Sequence[str] = ()


class ArchitectureConvertor(Convertor[str]):
    """Path parameters that could be an architecture's id: `lstm`, `lstm/book`; never `v1/…`."""

    regex = "(?!v1(?:/|$)|static/)[a-z0-9-]+(?:/[a-z0-9-]+)?"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def mount(app: FastAPI, static: Path) -> None:
    """Add the pages and the static files; the interface has to be there already."""
    register_url_convertor("architecture", ArchitectureConvertor())
    app.add_exception_handler(HTTPException, on_missing_page)
    app.add_route("/", page, methods=["GET"])
    app.add_route("/docs", documentation, methods=["GET"])
    app.add_route("/openapi.json", openapi_document, methods=["GET"])
    app.add_route("/problems/{kind}", problem_page, methods=["GET"])
    app.mount(
        "/static", Cached(Compressed(directory=static, check_dir=False), static), name="static"
    )
    app.add_route("/{architecture:architecture}", page, methods=["GET"])


async def page(request: Request) -> Response:
    """The shell, for `/` and for each architecture."""
    state = state_of(request)
    architecture = state.library.catalogue.find(request.path_params.get("architecture", FIRST))
    if architecture is None:
        raise HTTPException(404)
    language = language_of(request)
    assets = read_manifest(state.static)
    state.workers.page_served()
    if assets is None:
        return notice("unbuilt", 503, language)
    context = shell_context(request, architecture, language, assets)
    return html(TEMPLATES.get_template("page.html").render(context), language)


def shell_context(
    request: Request, architecture: Architecture, language: Language, assets: Assets
) -> dict[str, Any]:
    """What `templates/page.html` may use."""
    path = request.url.path
    return {
        "language": language,
        "title": title_of(architecture, language),
        "architecture": architecture.id,
        "section": architecture.entry.section,
        "script": assets.script,
        "styles": assets.styles,
        "preloads": assets.preloads,
        "alternates": {"en": f"{path}?lang=en", "zh": f"{path}?lang=zh"},
        "version": unrolled.__version__,
    }


def title_of(architecture: Architecture, language: Language) -> str:
    """The title of the entry; for a variant, that of the variant behind it."""
    titles = [architecture.entry.titles[language]]
    if architecture.text.name:
        titles.append(architecture.titles[language])
    return ": ".join(titles) if language == "en" else "：".join(titles)


def read_manifest(folder: Path) -> Assets | None:
    """What vite built, by its manifest; None when it has not been built."""
    try:
        manifest = json.loads((folder / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    seen = chunks_of(manifest, ENTRY)
    styles = [style for name in seen for style in manifest[name].get("css", [])]
    return Assets(
        script=f"/static/{manifest[ENTRY]['file']}",
        styles=[f"/static/{style}" for style in dict.fromkeys(styles)],
        preloads=[f"/static/{manifest[name]['file']}" for name in seen if name != ENTRY],
    )


def chunks_of(manifest: Mapping[str, Any], entry: str) -> list[str]:
    """The entry and all chunks it imports, each once."""
    seen: list[str] = []
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.append(name)
            waiting.extend(manifest[name].get("imports", []))
    return seen


async def documentation(request: Request) -> Response:
    """The interface, from its own OpenAPI document; nothing is loaded from elsewhere."""
    language = language_of(request)
    problems = [(kind, status, *texts[language]) for kind, (status, texts) in PROBLEMS.items()]
    text = TEMPLATES.get_template("documentation.html").render(
        language=language,
        document=request.app.openapi(),
        problems=problems,
        example_json=example_json,
    )
    return html(text, language)


def example_json(schemas: Mapping[str, Any], reference: str) -> str:
    """The first example of a schema, as text."""
    examples = schemas[reference.rsplit("/", 1)[-1]].get("examples", [])
    return json.dumps(examples[0], ensure_ascii=False, indent=2) if examples else ""


async def openapi_document(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


async def problem_page(request: Request) -> Response:
    """The `type` of a problem document leads to its explanation."""
    kind = request.path_params["kind"]
    if kind not in PROBLEMS:
        raise HTTPException(404)
    return RedirectResponse(f"/docs#problem-{kind}")


async def on_missing_page(request: Request, error: Exception) -> Response:
    """A page for browsers that ask for what is not there; a problem document for all others."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and prefers_html(request):
        return notice("missing", 404, language_of(request))
    if error.status_code == 405 and (methods := methods_at(request)):
        error.headers = {**(error.headers or {}), "Allow": ", ".join(methods)}
    return await on_http_exception(request, error)


def methods_at(request: Request) -> list[str]:
    """The methods of all routes with the path that answers here; the router names only those of the first."""
    routers = (routes.router, weights_routes.router, request.app)
    known = [route for one in routers for route in one.routes if isinstance(route, Route)]
    found = next((one for one in known if one.matches(request.scope)[0] is not Match.NONE), None)
    if found is None:
        return []
    return sorted(
        {method for one in known if one.path == found.path for method in one.methods or ()}
    )


def notice(name: str, status: int, language: Language) -> Response:
    """A small page with a title, a sentence and a way on."""
    title, text, link, address = NOTICES[name][language]
    body = TEMPLATES.get_template("notice.html").render(
        language=language, title=title, text=text, link=link, address=address
    )
    return html(body, language, status)


def html(text: str, language: Language, status: int = 200) -> Response:
    headers = {
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Cache-Control": "no-cache" if status == 200 else "no-store",
    }
    return HTMLResponse(text, status, headers)


COMPRESSIBLE = frozenset({".css", ".js", ".json", ".map", ".svg", ".txt"})
"""Suffixes of static files that gzip makes smaller; fonts and pictures are compressed already."""


@lru_cache(maxsize=256)
def gzipped_file(path: str, changed: int) -> bytes:
    """A static file, compressed once for as long as it does not change (`changed`: its time, in ns)."""
    del changed
    return gzipped(Path(path).read_bytes())


class Compressed(StaticFiles):
    """Static files that are kept compressed: every student of a course fetches the same ones."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        plain = super().file_response(full_path, stat_result, scope, status_code)
        request = Request(scope)
        is_whole = isinstance(plain, FileResponse) and "range" not in request.headers
        if not is_whole or Path(full_path).suffix not in COMPRESSIBLE:
            return plain
        plain.headers["Vary"] = "Accept-Encoding"
        if not takes_gzip(request):
            return plain
        headers = {
            "Content-Encoding": "gzip",
            "ETag": "W/" + plain.headers["etag"].removeprefix("W/"),
            "Last-Modified": plain.headers["last-modified"],
            "Vary": "Accept-Encoding",
        }
        content = gzipped_file(os.fspath(full_path), stat_result.st_mtime_ns)
        return Response(content, status_code, headers, plain.media_type)


@dataclass(frozen=True)
class Cached:
    """Static files: those whose name holds a hash may be kept for a year, the others not."""

    files: ASGIApp
    folder: Path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.folder.is_dir():
            raise HTTPException(404)
        is_hashed = Request(scope).url.path.startswith("/static/assets/")
        policy = f"public, max-age={YEAR}, immutable" if is_hashed else "no-cache"

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 206, 304):
                MutableHeaders(scope=message)["cache-control"] = policy
            await send(message)

        await self.files(scope, receive, send_with_policy)
