"""What a client would like: a language, a media type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from starlette.requests import Request

Language = Literal["en", "zh"]


def language_of(request: Request) -> Language:
    """`?lang=`, else the first of `Accept-Language` that is spoken here, else English."""
    asked = request.query_params.get("lang", "").lower()
    if asked in ("en", "zh"):
        return "zh" if asked == "zh" else "en"
    for tag, _ in by_quality(request.headers.get("accept-language", "")):
        if tag.split("-")[0] in ("en", "zh"):
            return "zh" if tag.startswith("zh") else "en"
    return "en"


def accepts(request: Request, media_type: str) -> bool:
    """Whether the `Accept` header allows this media type (no header allows all)."""
    header = request.headers.get("accept", "").strip()
    if not header:
        return True
    kind = media_type.split("/")[0]
    ranges = dict(by_quality(header, keep_refused=True))
    for candidate in (media_type, f"{kind}/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate] > 0
    return False


def prefers_html(request: Request) -> bool:
    """Whether a browser asks: HTML stands in `Accept`, before any JSON."""
    for media, _ in by_quality(request.headers.get("accept", "")):
        if media in ("text/html", "application/xhtml+xml"):
            return True
        if media in ("application/json", "application/problem+json"):
            return False
    return False


def by_quality(header: str, keep_refused: bool = False) -> Sequence[tuple[str, float]]:
    """The items of an `Accept…` header with their quality, best first; unreadable ones left out."""

    def items() -> Iterator[tuple[str, float]]:
        for part in header[:2_000].lower().split(","):
            name, *options = (piece.strip() for piece in part.split(";"))
            quality = 1.0
            for option in options:
                if option.startswith("q="):
                    try:
                        quality = float(option[2:])
                    except ValueError:
                        quality = 0.0
            if name and (quality > 0 or keep_refused):
                yield name, quality

    return sorted(items(), key=lambda item: -item[1])
