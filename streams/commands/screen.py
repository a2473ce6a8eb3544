"""One remark a screen: what a sitting shows, as text that no terminal obeys. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import msgspec

from streams.commands.terminal import cell, excerpt, safe
from streams.link.passages import whole as text_of
from streams.link.queue import Item, Suggestion
from streams.tell.wording import money

CLEAR = "\x1b[2J\x1b[H"
MOST_LISTED = 12
"""Remarks that are listed of those alike."""
NEAR_CHARS = 70

HELP = """\
1-5      it is about that issue; another digit within half a second: about both, then Enter
n        it is about none of these
d        dismiss it: nothing of it is product feedback
a        then one of the above: the same for all that are alike; only this one teaches
m        more: all of a long remark; what was not shown before teaches nothing
s        skip it          u  undo what you did last
?        this help        q  quit; what you decided stays"""


class Progress(msgspec.Struct, frozen=True):
    """How far a sitting has come; `elapsed_s` in seconds."""

    at: int
    of: int
    decided: int
    skipped: int
    elapsed_s: float

    def line(self) -> str:
        """In one line, with the pace."""
        pace = f", {self.elapsed_s / self.decided:.0f} s each" if self.decided else ""
        minutes, seconds = divmod(int(self.elapsed_s), 60)
        done = f"{self.decided} decided, {self.skipped} skipped{pace}"
        return f"{self.at} of {self.of}   {done}   {minutes}:{seconds:02}"


def draw(item: Item, progress: Progress, note: str, width: int, *, whole: bool = False) -> str:
    """The whole screen.

    Args:
        item: the remark.
        progress: for the first line.
        note: what came of the last key; empty for nothing.
        width: columns of characters.
        whole: show all of a long remark.
    """
    lines = [progress.line(), "", *described(item, width, whole=whole, by="m")]
    lines += ["", "1-5 accept  n none  d dismiss  a all alike  s skip  u undo  ? help  q quit"]
    return "\n".join([*lines, *([safe(note)] if note else [])])


def described(item: Item, width: int, *, whole: bool, by: str) -> list[str]:
    """The remark and what is suggested for it: all that a decision may teach, a line each.

    Args:
        item: the remark.
        width: columns of characters.
        whole: show all of a long remark.
        by: what shows all of it.
    """
    lines = [*_head(item), "", *_words(item, width, whole=whole, by=by), ""]
    for number, link in enumerate(item.links, start=1):
        lines += _suggestion(number, link, _blanks(item.shown or ""), width)
    return lines if item.links else [*lines, "nothing is suggested for it"]


def alike(items: Sequence[str]) -> str:
    """What else would be decided, a line each, before it is."""
    shown = [f"  {excerpt(safe(words), NEAR_CHARS)}" for words in items[:MOST_LISTED]]
    more = len(items) - len(shown)
    rest = [f"  and {more} more"] if more > 0 else []
    return "\n".join([f"the same for all {len(items)} alike: 1-5, n or d", *shown, *rest])


def _head(item: Item) -> Iterator[str]:
    customer = item.account or item.account_id or "no known account"
    worth = item.worth
    money_ = money(worth.revenue_cents, None) if worth.revenue_cents else ""
    deals = f"{money(worth.pipeline_cents, None)} in deals" if worth.pipeline_cents else ""
    about = [customer, money_ and f"{money_} a year", deals, cell(item.said_at)[:10]]
    others = f"{item.alike} alike" if item.alike > 1 else ""
    yield "   ".join(cell(part) for part in (item.remark, *about, others) if part)
    if item.audit:
        yield "an audit: chosen by chance, it tells how often links are right"
    if item.url:
        yield cell(item.url)


def _words(item: Item, width: int, *, whole: bool, by: str) -> list[str]:
    if item.words is None or item.shown is None:
        return ["  (erased)"]
    every = text_of(item.title, item.words)
    hidden = 0 if whole else len(every) - len(item.shown)
    lines = _wrapped(every if whole else item.shown, width)
    cut = [f"[{hidden:,} more letters, which teach nothing: {by}]"] if hidden else []
    return [f"  {line}" for line in (*lines, *cut)]


def _wrapped(said: str, width: int) -> list[str]:
    return [
        line
        for paragraph in safe(said).expandtabs(4).splitlines()
        for line in textwrap.wrap(paragraph, max(20, width - 4))
    ]


def _suggestion(number: int, link: Suggestion, seen: str, width: int) -> Iterator[str]:
    """The passage as well where it is not among what is `seen` of the remark."""
    why = f"   ({cell(link.why)})" if link.why else ""
    ended = f"[{cell(link.closed)}]  " if link.closed else ""
    yield f"{number}  {link.issue_key}  {link.score:.2f}  {ended}{cell(link.summary)}{why}"
    if link.passage is not None and _blanks(link.passage) not in seen:
        yield from (f"     {line}" for line in _wrapped(f"says: {link.passage}", width - 3))
    for near in link.near:
        yield f"     like: {excerpt(safe(near), NEAR_CHARS)}"


def _blanks(text: str) -> str:
    return " ".join(text.split())
