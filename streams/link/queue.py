"""What waits for a person, ranked by what a decision is worth, with what speaks for each issue.

Audits come first: the promise of the certified threshold rests on them. Then the money that waits
behind a remark times how many remarks are alike, since one look decides all of them. Age alone
never puts a remark in front.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from schemas.events import Epic
from sinks.store.contract import Transaction
from sinks.store.learned import Guess
from sinks.store.rows import Decision, EpicRow, Link, Linked, Outcome, Remark, Words
from streams.link.claimed import shown_as
from streams.link.likeness.encoder import Encoder
from streams.link.rules import shared_words
from streams.link.shown import shown
from streams.link.theming import text_of
from streams.link.triage import Standing
from streams.link.worth import Customers, Worth, customers_of

LOOKED_AT = 2_000
"""Remarks that are ranked: every audit, then the newest. What is beyond waits for its turn."""

MOST_SUGGESTED = 5
MOST_NEAR, LEAST_NEAR, COMPARED = 2, 0.35, 50
"""Accepted remarks that are shown for an issue, from which cosine on, of how many of the last."""

EncoderOf = Callable[[], Encoder]


class Alike(msgspec.Struct, frozen=True):
    """What makes remarks alike: the issue that is the best guess of each, or their theme."""

    by: Literal["issue", "theme"]
    id: int


class Waiting(msgspec.Struct, frozen=True):
    """A remark that waits, and what it is ranked by.

    Attributes:
        best: the issue of its best guess.
        alike: what it has in common with others; None where it stands alone.
        count: how many of those that were looked at are alike, itself among them.
    """

    remark: Remark
    words: Words | None
    best: int | None
    alike: Alike | None
    audit: bool
    worth: Worth
    count: int = 1


class Suggestion(msgspec.Struct, frozen=True):
    """An issue that the remark may be about, and what speaks for it.

    Attributes:
        why: words of the title that the remark has as well, in its order; empty for none.
        passage: the part of the remark that it is suggested for, as much of it as teaches; None for
            all of it.
        near: what people accepted for the issue and is like this, the likest first.
        closed: how the issue ended, as "Done"; empty while it is open.
    """

    issue_key: str
    issue_id: int | None
    summary: str
    state: str
    rule: str
    score: float
    why: str
    passage: str | None = None
    near: tuple[str, ...] = ()
    closed: str = ""


class Item(msgspec.Struct, frozen=True):
    """One remark as a person sees it.

    Attributes:
        words: all of them; None once they are erased, as `title` and `shown`.
        shown: the beginning of title and words, which every view shows: accepting the whole remark
            teaches this and no more.
    """

    remark: str
    outcome: Outcome
    said_at: datetime
    account_id: str | None
    account: str | None
    title: str | None
    words: str | None
    shown: str | None
    url: str | None
    audit: bool
    worth: Worth
    theme: int | None
    alike: int
    links: tuple[Suggestion, ...]


class Queue(msgspec.Struct, frozen=True):
    """The first of what waits; `looked_at` were ranked, and `more` says that others were not."""

    looked_at: int
    more: bool
    items: tuple[Item, ...]


class _LookedUp(msgspec.Struct, frozen=True):
    """What all items need, read once: `accepted` is by issue id."""

    customers: Customers
    epics: Mapping[int, EpicRow]
    accepted: Mapping[int, Sequence[Linked]]
    encoder: EncoderOf


def ranked(tx: Transaction, now: datetime) -> list[Waiting]:
    """What waits, the worthiest decision first; at most `LOOKED_AT` are looked at."""
    found = tx.remarks.waiting(LOOKED_AT)
    ids = {remark.id for remark, _ in found}
    guesses, themes = tx.learned.guesses_of(ids), tx.themes.of(ids)
    customers = customers_of(tx, [remark for remark, _ in found], now)
    waiting = [
        _waiting(remark, words, guesses.get(remark.id, ()), themes.get(remark.id), customers)
        for remark, words in found
    ]
    counts = Counter(each.alike for each in waiting if each.alike is not None)
    counted = [
        msgspec.structs.replace(each, count=counts[each.alike] if each.alike else 1)
        for each in waiting
    ]
    return sorted(counted, key=_rank)


def queue(tx: Transaction, now: datetime, limit: int, encoder: EncoderOf) -> Queue:
    """The first `limit` of what waits, as a person sees them."""
    found = ranked(tx, now)
    shown = described(tx, found[:limit], now, encoder)
    return Queue(len(found), len(found) == LOOKED_AT, tuple(shown))


def described(
    tx: Transaction, waiting: Sequence[Waiting], now: datetime, encoder: EncoderOf
) -> list[Item]:
    """Each with its account and the five likeliest of the issues that are suggested and there."""
    customers = customers_of(tx, [each.remark for each in waiting], now)
    standing = tx.links.of_remarks([each.remark.id for each in waiting])
    ids = {link.issue_id for links in standing.values() for link, _ in links if link.issue_id}
    epics = tx.epics.get(ids)
    suggested = {id_: _suggested(links, epics) for id_, links in standing.items()}
    looked_up = _LookedUp(customers, epics, tx.links.accepted(ids, COMPARED), encoder)
    return [_item(each, suggested[each.remark.id], looked_up) for each in waiting]


def item_of(
    tx: Transaction, found: tuple[Remark, Words | None], now: datetime, encoder: EncoderOf
) -> Item:
    """A remark as a person sees it, whether or not it waits."""
    remark, words = found
    ids = {remark.id}
    guesses, themes = tx.learned.guesses_of(ids), tx.themes.of(ids)
    customers = customers_of(tx, [remark], now)
    each = _waiting(remark, words, guesses.get(remark.id, ()), themes.get(remark.id), customers)
    return described(tx, [each], now, encoder)[0]


def guessed(tx: Transaction, issue_id: int, now: datetime) -> list[Remark]:
    """Of what was looked at, the remarks whose best guess is this issue, the worthiest first.

    No audits: what is decided because it is alike says nothing of whether likeness is right.
    """
    return [each.remark for each in ranked(tx, now) if each.best == issue_id and not each.audit]


def _waiting(
    remark: Remark,
    words: Words | None,
    guesses: Sequence[Guess],
    theme: int | None,
    customers: Customers,
) -> Waiting:
    by_tier = sorted(guesses, key=lambda guess: guess.tier)  # the last that was asked counts
    last = {guess.passage: guess for guess in by_tier}
    likely = [guess for guess in last.values() if guess.issue_id is not None]
    best = max(likely, key=lambda guess: guess.confidence, default=None)
    issue = best.issue_id if best is not None else None
    alike = None
    if theme is not None:
        alike = Alike("theme", theme)
    elif issue is not None:
        alike = Alike("issue", issue)
    audit = any(guess.audit for guess in guesses)
    return Waiting(remark, words, issue, alike, audit, customers.worth([remark]))


def _rank(each: Waiting) -> tuple[bool, int, int, int]:
    return (not each.audit, -each.worth.cents * each.count, -each.count, -each.remark.id)


def _suggested(standing: Standing, epics: Mapping[int, EpicRow]) -> Standing:
    gone = {id_ for id_, row in epics.items() if row.epic.deleted}
    there = [one for one in standing if one[0].state == "suggested" and one[0].issue_id not in gone]
    return there[:MOST_SUGGESTED]


def _item(each: Waiting, suggested: Standing, known: _LookedUp) -> Item:
    remark, words, customers = each.remark, each.words, known.customers
    issues = {link.issue_id for link, _ in suggested}
    near = _near(words, issues, known.accepted, known.encoder)
    return Item(
        remark=remark.feedback_id,
        outcome=remark.outcome,
        said_at=remark.said_at,
        account_id=customers.account_of(remark) or remark.account_id,
        account=customers.name_of(remark),
        title=words.title if words else None,
        words=words.words if words else None,
        shown=shown(text_of(words)) if words else None,
        url=remark.url,
        audit=each.audit,
        worth=each.worth,
        theme=each.alike.id if each.alike is not None and each.alike.by == "theme" else None,
        alike=each.count,
        links=tuple(
            _suggestion(link, why, known.epics, near, text_of(words) if words else "")
            for link, why in suggested
        ),
    )


def _suggestion(
    link: Link,
    why: Decision,
    epics: Mapping[int, EpicRow],
    near: Mapping[int, tuple[str, ...]],
    text: str,
) -> Suggestion:
    row = epics.get(link.issue_id) if link.issue_id is not None else None
    rule, score = shown_as(why)
    return Suggestion(
        issue_key=row.epic.key if row else link.issue_key,
        issue_id=link.issue_id,
        summary=row.epic.summary if row else "",
        state=link.state,
        rule=rule,
        score=score,
        why=shared_words(text, row.epic.summary) if row else "",
        passage=None if why.quote is None else shown(why.quote),
        near=near.get(link.issue_id or 0, ()),
        closed=closed(row.epic) if row else "",
    )


def closed(epic: Epic) -> str:
    """How an issue ended, in the tracker's own word; empty while it is open."""
    if epic.resolution is not None:
        return epic.resolution
    return epic.status if epic.status_category == "done" else ""


def _near(
    words: Words | None,
    issues: set[int | None],
    accepted: Mapping[int, Sequence[Linked]],
    encoder: EncoderOf,
) -> dict[int, tuple[str, ...]]:
    """Issue id -> what people accepted for it and is like these words."""
    texts = [
        (issue, one.words.words, text_of(one.words))
        for issue in issues
        if issue is not None
        for one in accepted.get(issue, ())
        if one.words is not None
    ]
    if words is None or not texts:
        return {}
    vectors = encoder().encode([text_of(words), *(text for _, _, text in texts)])
    likeness = (vectors[1:] @ vectors[0]).tolist()
    best = sorted(zip(likeness, texts, strict=True), key=lambda each: (-each[0], each[1][1]))
    found: dict[int, tuple[str, ...]] = {}
    for how, (issue, said, _) in best:
        held = found.get(issue, ())
        if how >= LEAST_NEAR and len(held) < MOST_NEAR:
            found[issue] = (*held, said)
    return found
