"""Decides what of an epic's description is worth comparing: its own words, not its template's.

Letters are compared literally, so that a remark of "the actual behaviour" would be like every bug
report: they see nothing of a template. To vectors of meaning its headings are the same in all
reports and tell only that it is one; they are given the description as it was written, but for the
hints that a template hides (measured, docs/decisions/0007-likeness.md).
"""

from __future__ import annotations

import re

MOST_WORDS = 64
"""A description says what it is about in its first words; more only dilutes (LINKING 3.1)."""

MOST_LETTERS = 20_000
"""Nothing longer is looked at: a remark or description of megabytes costs no more than this."""

_HIDDEN = r"<!--.*?(?:-->|\Z)"
_HINTS = re.compile(_HIDDEN, re.DOTALL)
_BLOCKS = re.compile(
    rf"""
      {_HIDDEN}
    | ```.*?(?:```|\Z)                           # Markdown code
    | \{{(code|noformat|panel)[^}}\n]*\}}.*?(?:\{{\1\}}|\Z)  # Jira code
    """,
    re.DOTALL | re.VERBOSE,
)
_NOISE_LINE = re.compile(
    r"""
      \s*(?:\#{1,6}|h[1-6]\.)\s.*                # a heading belongs to the template
    | \s*[-*+]?\s*\[\ ?[xX]?\ ?\].*               # check-list
    | \s*(?:at|from)\s+[\w.$/<>]+[(:].*          # stack frames
    | \s*(?:Caused\ by:|Traceback\b|File\ ").*
    | .*\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d.*    # log lines with a time
    | .*\b\d\d:\d\d:\d\d[.,]\d{3}\b.*
    | \s*[\[(]?(?:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|TRACE)\b[\])]?[:\s].*
    | \s*[DIWEV]/[\w.]+\s*\(.*                   # Android logs
    | \s*[-*+]?\s*[*_]{2}[^*_\n]{1,60}[*_]{2}:?\s*\S{0,40}\s*  # **Server version:** 17
    | \s*(?:steps\ to\ reproduce|expected\ (?:behaviou?r|results?)|actual\ (?:behaviou?r|results?)
      |reproduc\w+|environment(?:\ data)?|acceptance\ criteria|definition\ of\ done|user\ story
      |can\ you\ reproduce.*|(?:android|device|os|app|server|client)\b[^:\n]{0,30}:.{0,60})\s*:?\s*
    | \s*(?:n/?a|none|tbd|todo|-+|=+|_+)\s*
    """,
    re.IGNORECASE | re.VERBOSE,
)


_LONG_BLANKS = re.compile(r"\s{9,}")
"""Patterns above begin with blanks: a line of thousands would be tried from each of them."""


def strip_template(description: str) -> str:
    """The description without headings, check-lists, logs, code and fields of issue templates.

    Addresses stay: the names of sites and pages in them are words that a remark may share.
    """
    bare = _BLOCKS.sub(" ", description[:MOST_LETTERS])
    lines = (_LONG_BLANKS.sub(" " * 8, line) for line in bare.splitlines())
    kept = (line for line in lines if not _NOISE_LINE.fullmatch(line))
    return " ".join(" ".join(kept).split())


def strip_hints(description: str) -> str:
    """The description as it was written, without what its template hides from readers."""
    return " ".join(_HINTS.sub(" ", description[:MOST_LETTERS]).split())


def first_words(text: str, most: int = MOST_WORDS) -> str:
    """The first words of the text, one blank between each."""
    return " ".join(text[:MOST_LETTERS].split(maxsplit=most)[:most])
