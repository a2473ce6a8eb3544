"""Finds issue keys and issue URLs in people's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from streams.link.passages import said_now, whole

MOST_KEYS = 5
"""Explicit keys that one remark can be linked by; one that names more is put to a person."""
QUOTE_CHARS = 160
QUOTED = "quoted"

LONGEST_PROJECT = 31
_NUMBER = re.compile(r"-[1-9][0-9]{0,9}(?![\w-])")
"""Looked for first: text has few hyphens, and `re` finds one character five times as fast as any
of a class."""
_PROJECT = re.compile(r"[A-Z][A-Z0-9_]{1,30}\Z")
_CODE = re.compile(r"(?<![\w`])(`+)(?!`)[^\n]{1,160}?(?<!`)\1(?![\w`])|\{\{[^}\n]{1,160}\}\}")
"""Inline code, as Markdown and Jira write it; a backtick within a word stands for an apostrophe."""
_TOKEN_END = re.compile(r"[\s<>\"]")
_URL = re.compile(r"https?://([^/?#\\]*)", re.IGNORECASE)
_LONGEST_URL = 500
_API_GATEWAY = "api.atlassian.com"


_RANK = {QUOTED: 0, "key": 1, "url": 2}
"""Of two mentions of a key the higher counts."""


class Mention(msgspec.Struct, frozen=True):
    """An issue key that somebody wrote: bare (``key``), in a URL (``url``), in a ``field``.

    Or only in what is not said now, as code, a log or quoted mail, or in a URL of another host than
    our Jira's (``quoted``).
    """

    key: str
    rule: str
    quote: str | None = None


def site_of(url: str) -> str:
    """The host that shows people what is at this URL of Jira; empty where that is not said."""
    found = _URL.match(url)
    host = _host(found[1]) if found else ""
    return "" if host == _API_GATEWAY else host


def mentions(
    words: str, fields: Sequence[str] = (), title: str | None = None, site: str = ""
) -> tuple[Mention, ...]:
    """Every key once, in the order of title, words and fields; a URL outranks a bare key.

    Args:
        words: what was said.
        fields: keys that the source ties to it.
        title: of what was said.
        site: the host of our Jira; empty: unknown, and so a URL of any host is taken for its.
    """
    text = whole(title, words)
    found = _in_words(text, site)
    if found:
        now = _without_code(said_now(text))
        said = _in_words(now, site) if now != text else found
        for key, mention in found.items():
            found[key] = said.get(key) or msgspec.structs.replace(mention, rule=QUOTED)
    for key in fields:
        if key not in found or found[key].rule == QUOTED:
            found[key] = Mention(key, "field")
    return tuple(found.values())


def _in_words(words: str, site: str) -> dict[str, Mention]:
    found: dict[str, Mention] = {}
    has_url = "://" in words
    for number in _NUMBER.finditer(words):
        end = number.start()
        project = _PROJECT.search(words, max(0, end - LONGEST_PROJECT), end)
        if project is None:
            continue
        url = _url_before(words, project.start()) if has_url else ""
        rule = _rule(words[project.start() - 1 : project.start()], url, site)
        if rule is None:
            continue
        key = project[0] + number[0]
        if key not in found or _RANK[rule] > _RANK[found[key].rule]:
            found[key] = Mention(key, rule, _around(words, project.start(), number.end()))
    return found


def _without_code(text: str) -> str:
    return _CODE.sub(" ", text) if "`" in text or "{{" in text else text


def _rule(before: str, url: str, site: str) -> str | None:
    """How a key behind this letter, in this URL, is meant; None: it is the tail of something."""
    is_tail = bool(before) and (before.isalnum() or before in "_-/")
    if is_tail and not url.endswith("/browse/"):
        return None
    if not url:
        return "key"
    host = _URL.match(url)
    return "url" if not site or (host and _host(host[1]) == site) else QUOTED


def _url_before(words: str, start: int) -> str:
    """The URL that a key which starts here is part of, as far as the key; empty for none."""
    before = words[max(0, start - _LONGEST_URL) : start]
    if "://" not in before:
        return ""
    token = _TOKEN_END.split(before)[-1]
    url = _URL.search(token)
    return token[url.start() :] if url else ""


def _host(authority: str) -> str:
    """Of a URL's authority, without whoever is named before it."""
    return authority.rpartition("@")[2].lower()


def _around(words: str, start: int, end: int) -> str:
    """The line that the mention stands in, no longer than `QUOTE_CHARS`."""
    left = max(words.rfind("\n", 0, start) + 1, end - QUOTE_CHARS)
    right = words.find("\n", end)
    return words[left : len(words) if right < 0 else right][:QUOTE_CHARS].strip()
