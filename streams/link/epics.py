"""Themes as a person sees them, and the epic that is made of one, or of a single remark.

What is written to the tracker holds counts and a band of revenue: no customer's name, no word of
theirs and no amount, unless the person who makes the epic types it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from sinks.contracts import Sighting
from sinks.store.contract import Transaction
from sinks.store.rows import Remark, Words
from sinks.store.themes import Theme
from streams.catchup import band
from streams.link.desk import MOST_AT_ONCE, Asked, Result, carry_out_all, plan_all
from streams.link.themes import MOST_NAMED_FROM, SHOWN_FROM, name_of
from streams.link.theming import text_of
from streams.link.triage import CannotRule
from streams.link.worth import Customers, Worth, customers_of

MOST_QUOTES = 3
OTHERS = 500
"""Remarks outside of a theme that its words are held against."""


class ThemeView(msgspec.Struct, frozen=True):
    """A theme that is worth showing; `quotes` are the shortest of what its remarks say."""

    id: int
    name: str
    remarks: int
    worth: Worth
    newest: datetime
    quotes: tuple[str, ...]


class NewEpic(msgspec.Struct, frozen=True, kw_only=True):
    """An epic that somebody wants made, of one remark or of one theme.

    Attributes:
        summary: its title; as typed.
        description: goes before the counts; as typed.
        again: repeated after it was made, it yields what was made.
    """

    project: str
    summary: str
    description: str = ""
    remark: str | None = None
    theme: int | None = None
    by: str
    again: bool = False


class Draft(msgspec.Struct, frozen=True):
    """What is ready to be made.

    Attributes:
        token: the same for the same remark or theme: the tracker makes one epic of it.
        remarks: those that will be linked to it.
        issue_id: of the epic that was made for the theme before.
    """

    token: str
    description: str
    remarks: tuple[str, ...]
    issue_id: int | None = None


class Made(msgspec.Struct, frozen=True):
    """The epic, and what became of each remark."""

    issue_key: str
    issue_id: int
    remarks: tuple[Result, ...]


Member = tuple[Remark, Words | None]


def themes(tx: Transaction, now: datetime, limit: int) -> list[ThemeView]:
    """Those of three remarks or more that wait, by the money that waits, then by their size."""
    found = [
        (theme, size, tx.themes.waiting(theme.id, MOST_AT_ONCE))
        for theme, size in tx.themes.largest(SHOWN_FROM, limit)
    ]
    others = [*tx.remarks.waiting(OTHERS), *(one for _, _, members in found for one in members)]
    customers = customers_of(tx, [remark for remark, _ in others], now)
    views = [_view(theme, size, members, others, customers) for theme, size, members in found]
    return sorted(views, key=lambda view: (-view.worth.cents, -view.remarks, view.id))


def draft(tx: Transaction, asked: NewEpic, now: datetime) -> Draft:
    """What the epic would say, and whom it would answer; nothing is written.

    Raises:
        CannotRule: there is no such remark or theme, or an epic was made for it already.
    """
    if (asked.remark is None) == (asked.theme is None):
        raise CannotRule("an epic is made of one remark or of one theme")
    if asked.theme is None:
        return _draft_of_remark(tx, asked, now)
    theme = tx.themes.get(asked.theme)
    if theme is None:
        raise CannotRule(f"no theme {asked.theme} is known; `closeloop triage themes` lists them")
    members = tx.themes.waiting(theme.id, MOST_AT_ONCE)
    if not members and not (asked.again and theme.issue_id is not None):
        raise CannotRule(f"no remark of theme {theme.id} waits")
    remarks = [remark for remark, _ in members]
    return Draft(
        token=f"triage:theme:{theme.id}",
        description=_description(tx, asked, remarks, now),
        remarks=tuple(remark.feedback_id for remark in remarks),
        issue_id=theme.issue_id,
    )


def settle(tx: Transaction, asked: NewEpic, what: Draft, made: Sighting, now: datetime) -> Made:
    """Link the remarks to the epic that was made, by this person's word.

    Effects: the epic, decisions and links; the theme grows no more. Repeating it changes nothing.
    A theme's remarks teach nothing: nobody has looked at each of them.

    Raises:
        CannotRule: one of the remarks cannot be linked; nothing was written, the epic is there.
    """
    tx.epics.put([made])
    issue_id = int(made.epic.id)
    results: Sequence[Result] = ()
    if what.remarks:
        accept = Asked(
            action="accept",
            remarks=what.remarks,
            issues=[made.epic.key],
            by=asked.by,
            again=asked.again,
            unseen=what.remarks if asked.theme is not None else (),
        )
        results = carry_out_all(tx, plan_all(tx, accept), asked.by, now)
    if asked.theme is not None:
        tx.themes.settle(asked.theme, issue_id)
    return Made(made.epic.key, issue_id, tuple(results))


def _draft_of_remark(tx: Transaction, asked: NewEpic, now: datetime) -> Draft:
    found = tx.remarks.find(asked.remark or "")
    if found is None:
        raise CannotRule(f"no remark {asked.remark} is known; they are called SOURCE:RECORD")
    remark = found[0]
    return Draft(
        token=f"triage:{remark.feedback_id}",
        description=_description(tx, asked, [remark], now),
        remarks=(remark.feedback_id,),
    )


def _description(tx: Transaction, asked: NewEpic, remarks: Sequence[Remark], now: datetime) -> str:
    worth = customers_of(tx, remarks, now).worth(remarks)
    counts = f"{_counted(len(remarks), 'remark')} from {_counted(worth.accounts, 'account')}"
    revenue = band(worth.revenue_cents)
    said = f"{counts}{f', revenue {revenue}' if revenue else ''}"
    day = now.astimezone(UTC).date().isoformat()
    return "\n\n".join(part for part in (asked.description, f"{said}, as of {day}.") if part)


def _view(
    theme: Theme,
    size: int,
    members: Sequence[Member],
    others: Sequence[Member],
    customers: Customers,
) -> ThemeView:
    inside = {remark.id for remark, _ in members}
    said = [words for _, words in members if words is not None]
    outside = {remark.id: words for remark, words in others if remark.id not in inside and words}
    name = name_of(
        [text_of(words) for words in said[:MOST_NAMED_FROM]],
        [text_of(words) for words in outside.values()],
        _names(members, customers),
        f"theme {theme.id}",
    )
    return ThemeView(
        id=theme.id,
        name=name,
        remarks=size,
        worth=customers.worth(remark for remark, _ in members),
        newest=max(remark.said_at for remark, _ in members),
        quotes=tuple(sorted({one.words for one in said}, key=lambda one: (len(one), one)))[
            :MOST_QUOTES
        ],
    )


def _names(members: Sequence[Member], customers: Customers) -> list[str]:
    """What stands for a customer: names, mail addresses and domains."""
    names = [customers.name_of(remark) for remark, _ in members]
    domains = [remark.domain for remark, _ in members]
    people = [name for _, w in members if w for name in (w.customer_name, w.customer_email)]
    return [name for name in (*names, *domains, *people) if name]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
