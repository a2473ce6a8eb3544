"""Derives everything that was learned anew from the decisions, and says where it differs.

Lessons are compared with those in the store, the linker's sums with sums read in other steps, the
last certificate with one made of the same labels; all of it bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from sinks.store.contract import Transaction
from sinks.store.contract.heard import PAGE
from sinks.store.learned import Lesson
from sinks.store.rows import PERSON, Decision, Link, Remark, Words
from streams.link.lessons import lessons
from streams.link.linker import INDEX, VECTORS, Linker
from streams.link.recertifying import Recertified, recertify

STEP = 50
"""Lessons that the second linker reads at once: far fewer than the first."""
KEPT = (INDEX, VECTORS)
"""How the names begin of what linkers keep for their next start."""
Pair = tuple[int, int]
Advance = Callable[[int], object]


class Held(msgspec.Struct, frozen=True):
    """A remark that a person holds as linked, with all its links."""

    remark: Remark
    words: Words | None
    links: Sequence[tuple[Link, Decision]]

    @property
    def accepted(self) -> dict[int, Decision]:
        """Issue id -> the decision of the person who holds it as linked, having looked."""
        return {
            link.issue_id: decision
            for link, decision in self.links
            if link.issue_id is not None and link.state == "linked"
            if decision.rule == PERSON and not decision.unseen
        }


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Lessons as they follow from the decisions, beside those in the store.

    Attributes:
        derived: how many follow from the decisions.
        missing: follow, and are not there; `different`: there, and other words follow.
        left_over: there, and no decision or no words hold them any more; to be taken back.
        revised: differ because the remark's words were changed after the decision: what the person
            saw is not in the store any more, so they stay as they were learned.
    """

    derived: int
    missing: list[Lesson]
    different: list[Lesson]
    left_over: list[Lesson]
    revised: int

    @property
    def to_write(self) -> list[Lesson]:
        """What makes the store's lessons those that follow."""
        return [*self.missing, *self.different, *self.left_over]


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """One tier's linker.

    Attributes:
        same_sums: whether reading the lessons in small steps and encoding all of them anew comes
            to the same, bit for bit.
    """

    tier: str
    same_sums: bool
    certificate: Recertified

    @property
    def is_right(self) -> bool:
        """Whether nothing of it is known to differ."""
        return self.same_sums and self.certificate.verdict != "different"


def derived(held: Held, titles: Mapping[int, str]) -> list[Lesson]:
    """What the decisions that stand on a remark teach. Pure.

    Args:
        held: the remark.
        titles: of issues by id, those that it has links to among them.
    """
    quotes = {issue_id: decision.quote for issue_id, decision in held.accepted.items()}
    like = {link.issue_id for link, _ in held.links if link.issue_id is not None}
    near = {titles[issue_id] for issue_id in like & titles.keys()}
    return lessons(held.words, quotes, (), held.remark.id, near)


def compare(tx: Transaction, advance: Advance) -> Compared:
    """The store's lessons beside those that follow from the decisions, a page at a time.

    Args:
        tx: nothing is written.
        advance: told how many remarks are done.
    """
    stored = _learned(tx)
    count = revised = 0
    missing: list[Lesson] = []
    different: list[Lesson] = []
    for held, follows in _follows(tx, advance):
        count += len(follows)
        newer = {id_ for id_, decision in held.accepted.items() if _is_newer(held, decision)}
        for issue_id in held.accepted:
            there = stored.get((held.remark.id, issue_id))
            if there == follows.get(issue_id):
                stored.pop((held.remark.id, issue_id), None)
            elif issue_id in newer and held.words is not None:
                stored.pop((held.remark.id, issue_id), None)
                revised += 1
            elif issue_id in follows:
                (different if there else missing).append(follows[issue_id])
                stored.pop((held.remark.id, issue_id), None)
    left_over = [
        Lesson(remark_id=one.remark_id, issue_id=one.issue_id, text="", learned=False)
        for one in stored.values()
    ]
    return Compared(
        derived=count, missing=missing, different=different, left_over=left_over, revised=revised
    )


def look(tx: Transaction, linker: Linker) -> Tier:
    """One tier's sums and certificate, made anew. Nothing is written."""
    in_steps = Linker(linker.tier, STEP, anew=True)
    _, epics = linker.refresh(tx)
    in_steps.refresh(tx)
    return Tier(
        tier=linker.tier,
        same_sums=linker.state() == in_steps.state(),
        certificate=recertify(tx, linker.tier, epics),
    )


def mend(tx: Transaction, compared: Compared) -> int:
    """Write the lessons that differ and forget what was kept for a start; how much that was.

    Effects: lessons, and what was kept; workers learn of the lessons with their next batch.
    """
    tx.learned.teach(compared.to_write)
    return sum(tx.learned.forget(prefix) for prefix in KEPT)


def _learned(tx: Transaction) -> dict[Pair, Lesson]:
    found: dict[Pair, Lesson] = {}
    mark = 0
    while True:
        page, mark = tx.learned.lessons(mark, PAGE)
        found.update({(one.remark_id, one.issue_id): one for one in page if one.learned})
        if len(page) < PAGE:
            return found


def _follows(tx: Transaction, advance: Advance) -> Iterator[tuple[Held, dict[int, Lesson]]]:
    """Each remark that a person holds as linked, and its lessons by issue."""
    after = 0
    while page := tx.links.held(after, PAGE):
        remarks = tx.remarks.get(page.keys())
        like = {link.issue_id for links in page.values() for link, _ in links}
        rows = tx.epics.get({issue_id for issue_id in like if issue_id is not None})
        titles = {issue_id: row.epic.summary for issue_id, row in rows.items()}
        for remark_id, links in page.items():
            if remark_id in remarks:
                held = Held(*remarks[remark_id], links)
                yield held, {one.issue_id: one for one in derived(held, titles)}
        after = max(page)
        advance(len(page))


def _is_newer(held: Held, decision: Decision) -> bool:
    """Whether the remark's words may be others than those the person saw."""
    changed = max(held.remark.version_at, held.remark.replayed_at or held.remark.version_at)
    return changed > decision.at
