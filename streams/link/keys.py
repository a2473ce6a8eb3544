"""Finds issue keys and issue URLs in people's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

MOST_KEYS = 5
"""Explicit keys that one remark can be linked by; one that names more is put to a person."""
QUOTE_CHARS = 160

_KEY = r"[A-Z][A-Z0-9_]{1,30}-[1-9][0-9]{0,9}"
_MENTION = re.compile(
    rf"https?://[^\s<>\"]{{1,400}}/browse/(?P<url>{_KEY})(?![\w-])|(?<![\w/-])(?P<key>{_KEY})(?![\w-])"
)


class Mention(msgspec.Struct, frozen=True):
    """An issue key that somebody wrote: bare (``key``), in a URL (``url``), in a ``field``."""

    key: str
    rule: str
    quote: str | None = None


def mentions(words: str, fields: Sequence[str] = ()) -> tuple[Mention, ...]:
    """Every key once, those in `words` first and in their order; a URL outranks a bare key."""
    found: dict[str, Mention] = {}
    for match in _MENTION.finditer(words):
        url, key = match.groups()
        if url or key not in found:
            quote = _around(words, match.start(), match.end())
            found[url or key] = Mention(url or key, "url" if url else "key", quote)
    for key in fields:
        found.setdefault(key, Mention(key, "field"))
    return tuple(found.values())


def _around(words: str, start: int, end: int) -> str:
    """The line that the mention stands in, no longer than `QUOTE_CHARS`."""
    left = max(words.rfind("\n", 0, start) + 1, end - QUOTE_CHARS)
    right = words.find("\n", end)
    return words[left : len(words) if right < 0 else right][:QUOTE_CHARS].strip()
