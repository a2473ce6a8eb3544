"""Other people's text, made fit for a terminal."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

EXCERPT_CHARS = 80


def cell(value: object) -> str:
    """A value as one safe line."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(safe(str(value)).split())


def excerpt(words: str, limit: int = EXCERPT_CHARS) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(words.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def safe(text: str) -> str:
    """The text with whatever a terminal would obey, or that would reorder it, made visible."""
    if text.isprintable():
        return text
    return "".join(one if _is_plain(one) else _escaped(one) for one in text)


def _is_plain(one: str) -> bool:
    return one in "\n\t" or one.isprintable() or unicodedata.category(one) == "Zs"


def _escaped(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")
