"""What deciding an audience needs to know of customers and of our own people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

import msgspec
from msgspec import UnsetType

from schemas.events import Account, Opportunity, Rep
from sinks.store.rows import Message
from streams.tell.staff import plain_address, untagged

MOST_HOPS = 5
"""Managers of managers that are asked for, before somebody counts as having none."""
URGENT = timedelta(days=30)
"""A deal that closes, or an account that renews, within this does not wait for a digest."""

ValueT = TypeVar("ValueT")


class Person(msgspec.Struct, frozen=True):
    """One of our own people: a rep's id where known, else the mail address in lower case."""

    id: str
    name: str
    email: str | None


class Customers(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked up, as of now where nothing else is said.

    Attributes:
        accounts: account id -> facts, deleted and merged ones too.
        survivors: account id -> the id it goes by now; a deleted account is absent.
        deals: account id (as it goes by now) -> its opportunities.
        named_deals: opportunity id -> facts, for those that remarks name.
        reps: rep id -> facts, their managers too.
        by_email: lower-case mail address -> rep.
        owners_then: account id -> the rep id of who owned it when its newest remark was said.
        previous_owners: id of an account that nobody owns -> rep ids of who did, last first.
        customer_told: accounts whose customer has been told of this issue already.
        messages: the mails that told of this ship so far, by id.
        unreached: (person id, mail address) whose mails of this ship all came back.
    """

    accounts: Mapping[str, Account] = {}
    survivors: Mapping[str, str] = {}
    deals: Mapping[str, Sequence[Opportunity]] = {}
    named_deals: Mapping[str, Opportunity] = {}
    reps: Mapping[str, Rep] = {}
    by_email: Mapping[str, Rep] = {}
    owners_then: Mapping[str, str] = {}
    previous_owners: Mapping[str, Sequence[str]] = {}
    customer_told: frozenset[str] = frozenset()
    messages: Mapping[str, Message] = {}
    unreached: frozenset[tuple[str, str]] = frozenset()

    def rep_at(self, email: str | None) -> Rep | None:
        """The rep who has this mail address, or the mailbox behind its plus-tag."""
        found = (self.by_email.get(name) for name in spellings(email))
        return next((rep for rep in found if rep is not None), None)


def spellings(email: str | None) -> tuple[str, ...]:
    """What an address may stand under in the CRM, the surest first; none where there is none."""
    if not email:
        return ()
    address = plain_address(email) or email.lower()
    return tuple(dict.fromkeys((email.lower(), address, untagged(address))))


def known(value: ValueT | UnsetType | None) -> ValueT | None:
    """A field of the CRM; None where it was never said or was cleared."""
    return None if isinstance(value, UnsetType) else value


def person_of(rep: Rep) -> Person:
    """The rep as somebody to write to."""
    email = known(rep.email)
    return Person(rep.id, known(rep.name) or email or rep.id, email.lower() if email else None)


def has_left(rep: Rep) -> bool:
    """Whether the rep is gone, by whatever word the CRM has for it."""
    return rep.active is False or rep.deleted is True


def can_be_told(rep: Rep) -> bool:
    """Whether a mail would reach somebody who still works here."""
    return not has_left(rep) and known(rep.email) is not None


def mail_comes_back(rep: Rep, customers: Customers) -> bool:
    """Whether what we sent of this ship to the address that is the rep's now came back."""
    return (rep.id, person_of(rep).email) in customers.unreached


def stand_in(rep: Rep, customers: Customers) -> Rep | None:
    """The nearest manager up the line who can be told; None where it ends or comes back."""
    at = rep
    for _ in range(MOST_HOPS):
        manager = customers.reps.get(known(at.manager_id) or "")
        if manager is None or manager.id == rep.id:
            return None
        if can_be_told(manager) and not mail_comes_back(manager, customers):
            return manager
        at = manager
    return None


def team_mate(rep: Rep, customers: Customers) -> Rep | None:
    """The first by id of those we know in the same team who can be told."""
    team = known(rep.team)
    mates = (
        mate
        for _, mate in sorted(customers.reps.items())
        if mate.id != rep.id
        and known(mate.team) == team
        and can_be_told(mate)
        and not mail_comes_back(mate, customers)
    )
    return next(mates, None) if team else None


def deal_to_watch(deals: Sequence[Opportunity]) -> Opportunity | None:
    """Of an account's open deals the one that closes first; without a date comes last."""
    open_ones = [deal for deal in deals if deal.is_open is True and deal.deleted is not True]
    return min(open_ones, key=lambda d: (known(d.closes_on) or date.max, d.id), default=None)


def is_urgent(account: Account | None, deals: Sequence[Opportunity], today: date) -> bool:
    """Whether a deal closes (or is overdue) or the account renews within `URGENT`."""
    latest = today + URGENT
    renews_on = known(account.renews_on) if account else None
    return (renews_on is not None and today <= renews_on <= latest) or any(
        closes_on <= latest for closes_on in _open_until(deals)
    )


def _open_until(deals: Sequence[Opportunity]) -> Iterator[date]:
    for deal in deals:
        closes_on = known(deal.closes_on)
        if deal.is_open is True and deal.deleted is not True and closes_on is not None:
            yield closes_on
