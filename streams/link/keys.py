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
_BROWSE = re.compile(r"https?://[^\s<>\"]{1,400}/browse/\Z")


class Mention(msgspec.Struct, frozen=True):
    """An issue key that somebody wrote: bare (``key``), in a URL (``url``), in a ``field``.

    Or only in what is not said now, as code, a log or quoted mail (``quoted``).
    """

    key: str
    rule: str
    quote: str | None = None


def mentions(
    words: str, fields: Sequence[str] = (), title: str | None = None
) -> tuple[Mention, ...]:
    """Every key once, in the order of title, words and fields; a URL outranks a bare key."""
    text = whole(title, words)
    found = _in_words(text)
    if found:
        said = _in_words(_CODE.sub(" ", said_now(text)))
        for key in found.keys() - said.keys():
            found[key] = msgspec.structs.replace(found[key], rule=QUOTED)
    for key in fields:
        if key not in found or found[key].rule == QUOTED:
            found[key] = Mention(key, "field")
    return tuple(found.values())


def _in_words(words: str) -> dict[str, Mention]:
    found: dict[str, Mention] = {}
    for number in _NUMBER.finditer(words):
        end = number.start()
        project = _PROJECT.search(words, max(0, end - LONGEST_PROJECT), end)
        if project is None:
            continue
        key = project[0] + number[0]
        rule = _rule(words, project.start())
        if rule == "url" or (rule and key not in found):
            found[key] = Mention(key, rule, _around(words, project.start(), number.end()))
    return found


def _rule(words: str, start: int) -> str | None:
    """How a key that starts here is meant; None where it is the tail of something else."""
    before = words[start - 1 : start]
    if not before or not (before.isalnum() or before in "_-/"):
        return "key"
    if before == "/" and _BROWSE.search(words, max(0, start - 500), start):
        return "url"
    return None


def _around(words: str, start: int, end: int) -> str:
    """The line that the mention stands in, no longer than `QUOTE_CHARS`."""
    left = max(words.rfind("\n", 0, start) + 1, end - QUOTE_CHARS)
    right = words.find("\n", end)
    return words[left : len(words) if right < 0 else right][:QUOTE_CHARS].strip()
