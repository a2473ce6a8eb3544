"""Logs: text for people on standard error, or one JSON object a line."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict


def _printable(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Whatever the outside sent, without the characters that a terminal would obey."""
    return {name: _safe(said) if isinstance(said, str) else said for name, said in event.items()}


def _safe(text: str) -> str:
    return "".join(map(_safe_character, text))


def _safe_character(one: str) -> str:
    return one if one.isprintable() or one in "\n\t" else f"\\x{ord(one):02x}"


def log_as(*, json: bool) -> None:
    """Set logging up once, at the start of a process."""
    renderer = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _printable,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
