"""What a person's decision teaches: the words that were accepted for an issue. Pure.

Only of who has looked, and only what was shown: what was accepted unseen, with others, is not
handed in here, and of a long remark the beginning is learned (`streams.link.shown`). Lessons are a
function of the decisions that stand, so they can be derived from them anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sinks.store.learned import Lesson
from sinks.store.rows import PERSON, Decision, Link, Words
from streams.link.alike import LIKENESS
from streams.link.bound import is_crowded
from streams.link.passages import whole
from streams.link.shown import shown

Standing = Sequence[tuple[Link, Decision]]


def quotes(standing: Standing) -> dict[str, str | None]:
    """Issue key -> the passage by which likeness found it, None where that was all of it."""
    return {
        link.issue_key: decision.quote if decision.rule in {LIKENESS, PERSON} else None
        for link, decision in standing
    }


def lessons(
    words: Words | None,
    accepted: Mapping[int, str | None],
    taken_back: Collection[int],
    remark_id: int,
    titles: Collection[str],
) -> list[Lesson]:
    """What is to be learned and what unlearned of one remark.

    Args:
        words: None where they are erased: nothing can be learned of them.
        accepted: the ids of the issues that a person accepted -> the passage, or None for all.
        taken_back: those that a person rejected or put before a person again.
        remark_id: of the remark.
        titles: of the issues that the remark is like; one that holds many of them teaches nothing.
    """
    gone = [
        Lesson(remark_id=remark_id, issue_id=issue_id, text="", learned=False)
        for issue_id in sorted(set(taken_back) - accepted.keys())
    ]
    if words is None:
        return gone
    text = whole(words.title, words.words)
    if is_crowded(text, titles):
        return gone
    return gone + [
        Lesson(remark_id=remark_id, issue_id=issue_id, text=shown(quote or text))
        for issue_id, quote in sorted(accepted.items())
    ]
