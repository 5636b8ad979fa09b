"""Logs on stderr: a JSON object a line, or text for a terminal.

`configuration` is what uvicorn is given, so that its own lines go the same way. Every line that is
written while a request is answered has its id, in whichever module it is written.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered."""

FIELDS = "unrolled_fields"
"""The attribute of a record that holds what else its line says: `log.info(…, extra=fields(…))`."""


def fields(**values: Any) -> dict[str, Any]:
    """What a line of JSON says beside its message."""
    return {FIELDS: values}


class JsonLines(logging.Formatter):
    """A record as one JSON object: time (UTC), level, logger, message, process, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if (identity := request_id.get()) is not None:
            line["request"] = identity
        line |= getattr(record, FIELDS, {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class TextLines(logging.Formatter):
    """A record for a person: level, logger, message, and the request's id in brackets."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.levelname} {record.name}: {record.getMessage()}"
        if (identity := request_id.get()) is not None:
            text += f" [{identity}]"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def configuration(form: str) -> dict[str, Any]:
    """The configuration for `logging.config.dictConfig`.

    `form`: `json`, `text`, `off`, or `auto`: on a terminal text, of what went wrong only; else JSON.
    """
    is_watched = form == "auto" and sys.stderr.isatty()
    if form == "auto":
        form = "text" if is_watched else "json"
    level = "WARNING" if is_watched else "INFO"
    own = {"handlers": [], "level": level, "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "unrolled.service.logs.JsonLines"},
            "text": {"()": "unrolled.service.logs.TextLines"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "text" if form == "off" else form,
                "stream": "ext://sys.stderr",
            },
            "none": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["none" if form == "off" else "stderr"], "level": level},
        "loggers": dict.fromkeys(("uvicorn", "uvicorn.error", "uvicorn.asgi"), own),
    }
