"""The most that one remark can do, whatever is in it. Pure.

**The bound**: a remark is linked without a person to at most `MOST_KEYS` issues that are named, by
itself or by its thread (`streams.link.rules.decide`), or else, where none is, to at most
`MOST_ALIKE` by likeness. One that would go beyond is crowded: nothing of it is linked, all of it is
asked. So is one that holds the whole titles of more than `MOST_TITLES` issues, which is how one
would fish for links without knowing a key. A crowded remark teaches nothing, even what a person
accepts of it; and no remark teaches by a link that no person has decided.

Not bounded here: many remarks of one sender. Each of them is a remark, and its links are audited;
how much their audits can say of others' remarks is bounded in `streams.link.copies`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sinks.store.rows import Outcome
from streams.link.keys import MOST_KEYS, mentions
from streams.link.rules import Claim, by_issue

MOST_ALIKE = 2
"""Issues that one remark is linked to by likeness alone."""

MOST_TITLES = 4
"""Whole titles of likely issues that a remark may hold: those of neighbours overlap."""

FEWEST_TITLE_WORDS = 2
"""A title of one word is no evidence: people say it without naming the issue."""

_WORD = re.compile(r"\w+")


class Bounded(NamedTuple):
    """What is left of the claims about one remark.

    Attributes:
        outcome: linked with `claims`, or suggested with them, or unmatched with none.
        crowded: why nothing is linked though it would have been; empty where nothing is wrong.
    """

    outcome: Outcome
    claims: list[Claim]
    crowded: str = ""


def bound(alike: Sequence[Claim], whole_titles: int = 0) -> Bounded:
    """The claims that would be linked, or all as suggestions if they are too many.

    Args:
        alike: by likeness, each sure enough to be linked; at most one of each passage.
        whole_titles: as `titles_in` counts them.
    """
    claims = by_issue(alike)
    crowded = _crowded(len(claims), whole_titles)
    if crowded:
        return Bounded("suggested", claims, crowded)
    return Bounded("linked" if claims else "unmatched", claims)


def titles_in(text: str, titles: Iterable[str]) -> int:
    """How many different titles stand in the text, all words of each in a row.

    Args:
        text: the whole remark.
        titles: of the likeliest issues, not of all: a dozen are enough to see fishing.
    """
    said = _plain(text)
    wanted = {_plain(title) for title in titles}
    return sum(title.count(" ") > FEWEST_TITLE_WORDS and title in said for title in wanted)


def is_crowded(text: str, titles: Iterable[str]) -> bool:
    """Whether a remark names so many issues that nothing is to be learned of it."""
    return len(mentions(text)) > MOST_KEYS or titles_in(text, titles) > MOST_TITLES


def _crowded(likely: int, whole_titles: int) -> str:
    if likely > MOST_ALIKE:
        return f"is like more than {MOST_ALIKE} issues"
    if likely and whole_titles > MOST_TITLES:
        return f"holds the titles of more than {MOST_TITLES} issues"
    return ""


def _plain(text: str) -> str:
    """Words in lower case with one blank around each, so that only whole words are found."""
    return f" {' '.join(_WORD.findall(text.lower()))} "
