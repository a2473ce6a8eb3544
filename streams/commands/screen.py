"""One remark a screen: what a sitting shows, as text that no terminal obeys. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import msgspec

from streams.commands.terminal import cell, excerpt, safe
from streams.link.passages import whole
from streams.link.queue import Item, Suggestion
from streams.tell.wording import money

CLEAR = "\x1b[2J\x1b[H"
MOST_LINES = 12
"""Lines of a remark's words; the rest is behind its source's link."""
NEAR_CHARS = 70

HELP = """\
1-5      it is about that issue; another digit within half a second: about both, then Enter
n        it is about none of these
d        dismiss it: nothing of it is product feedback
a        then one of the above: the same for all that are alike; only this one teaches
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


def draw(item: Item, progress: Progress, note: str, width: int) -> str:
    """The whole screen.

    Args:
        item: the remark.
        progress: for the first line.
        note: what came of the last key; empty for nothing.
        width: columns of characters.
    """
    lines = [progress.line(), "", *_head(item), "", *_words(item, width), ""]
    for number, link in enumerate(item.links, start=1):
        lines += _suggestion(number, link)
    if not item.links:
        lines.append("nothing is suggested for it")
    lines += ["", "1-5 accept  n none  d dismiss  a all alike  s skip  u undo  ? help  q quit"]
    return "\n".join([*lines, *([safe(note)] if note else [])])


def alike(items: Sequence[str]) -> str:
    """What else would be decided, a line each, before it is."""
    shown = [f"  {excerpt(safe(words), NEAR_CHARS)}" for words in items[:MOST_LINES]]
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


def _words(item: Item, width: int) -> list[str]:
    if item.words is None:
        return ["  (erased)"]
    said = whole(item.title, item.words)
    lines = [
        line
        for paragraph in safe(said).expandtabs(4).splitlines()
        for line in textwrap.wrap(paragraph, max(20, width - 4))
    ]
    cut = [f"[{len(lines) - MOST_LINES} more lines]"] if len(lines) > MOST_LINES else []
    return [f"  {line}" for line in (*lines[:MOST_LINES], *cut)]


def _suggestion(number: int, link: Suggestion) -> Iterator[str]:
    why = f"   ({cell(link.why)})" if link.why else ""
    yield f"{number}  {link.issue_key}  {link.score:.2f}  {cell(link.summary)}{why}"
    for near in link.near:
        yield f"     like: {excerpt(safe(near), NEAR_CHARS)}"
