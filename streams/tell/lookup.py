"""Looks up what deciding an audience needs, a few statements a ship. Thin I/O, no decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from schemas.events import Account, Opportunity, Rep
from sinks.store.contract import Transaction
from sinks.store.rows import Linked, LoopRow, Ship, Tell
from streams.tell.customers import MOST_HOPS, Customers, known, spellings
from streams.tell.reach import unreached


def look_up(  # noqa: PLR0913 - as `decide_audience`, for which it looks
    tx: Transaction,
    ship: Ship,
    linked: Sequence[Linked],
    already: Sequence[Tell],
    *,
    now: datetime,
    unowned_email: str,
) -> Customers:
    """All that `decide_audience` asks of customers and people, as of `now`."""
    stated = {item.remark.account_id for item in linked} | {*(ship.accounts or ())}
    ids = {id_ for id_ in stated if id_ is not None}
    survivors = tx.crm.existing(ids)
    ids |= set(survivors.values())
    accounts = tx.crm.accounts(ids, now)
    deals = _deals(tx, ids, survivors, now)
    named = tx.crm.opportunities(_ids(item.remark.opportunity_id for item in linked), now)
    then = _owners_then(tx, linked, survivors)
    previous = _previous_owners(tx, accounts)
    wanted = {
        *_ids(known(account.owner_id) for account in accounts.values()),
        *_ids(known(deal.owner_id) for ones in deals.values() for deal in ones),
        *_ids(known(deal.owner_id) for deal in named.values()),
        *_ids(item.remark.reporter_id for item in linked),
        *then.values(),
        *(id_ for owners in previous.values() for id_ in owners),
        *(tell.person_id for tell in already),
    }
    said = {unowned_email, *_ids(item.remark.reporter_email for item in linked)}
    emails = {name for email in said for name in spellings(email)}
    by_email = tx.crm.reps_by_email(emails, now)
    messages = tx.messages.get(_ids(tell.message_id for tell in already))
    return Customers(
        accounts=accounts,
        survivors=survivors,
        deals=deals,
        named_deals=named,
        reps=_with_managers(tx, wanted, by_email, now),
        by_email=by_email,
        owners_then=then,
        previous_owners=previous,
        customer_told=_customers_told(tx, ship, already),
        messages=messages,
        unreached=unreached(already, messages),
    )


def knows(loop: LoopRow) -> bool:
    """Whether the customer has been told, by all that the loop says."""
    return any((loop.customer_told_at, loop.solved_at, loop.not_solved_at))


def _ids(values: Iterable[str | None]) -> set[str]:
    return {value for value in values if value}


def _deals(
    tx: Transaction, ids: Collection[str], survivors: Mapping[str, str], now: datetime
) -> dict[str, list[Opportunity]]:
    """By the account as it goes by now: deals stay where they were when accounts are merged."""
    found: dict[str, list[Opportunity]] = {}
    for id_, deals in tx.crm.opportunities_of(ids, now).items():
        found.setdefault(survivors.get(id_, id_), []).extend(deals)
    return found


def _owners_then(
    tx: Transaction, linked: Sequence[Linked], survivors: Mapping[str, str]
) -> dict[str, str]:
    newest: dict[str, Linked] = {}
    for item in sorted(linked, key=lambda one: (one.remark.said_at, one.remark.id)):
        if item.remark.account_id is not None:
            newest[survivors.get(item.remark.account_id, item.remark.account_id)] = item
    found: dict[str, str] = {}
    for id_, item in newest.items():
        stated = item.remark.account_id or id_
        account = tx.crm.accounts({stated}, item.remark.said_at).get(stated)
        owner_id = known(account.owner_id) if account else None
        if owner_id is not None:
            found[id_] = owner_id
    return found


def _previous_owners(
    tx: Transaction, accounts: Mapping[str, Account]
) -> dict[str, tuple[str, ...]]:
    """Only of accounts that nobody owns: reading a whole history locks it."""
    ownerless = [id_ for id_, account in accounts.items() if known(account.owner_id) is None]
    if not ownerless:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for id_, history in tx.crm.stated("account", ownerless).items():
        said = [each.facts for each in reversed(history) if isinstance(each.facts, Account)]
        owners = [owner for facts in said if (owner := known(facts.owner_id)) is not None]
        found[id_] = tuple(dict.fromkeys(owners))
    return found


def _with_managers(
    tx: Transaction, ids: Collection[str], by_email: Mapping[str, Rep], now: datetime
) -> dict[str, Rep]:
    """These reps and their managers up the line."""
    found = {rep.id: rep for rep in by_email.values()} | tx.crm.reps(ids, now)
    for _ in range(MOST_HOPS):
        missing = _ids(known(rep.manager_id) for rep in found.values()) - found.keys()
        if not missing:
            break
        found |= tx.crm.reps(missing, now)
    return found


def _customers_told(tx: Transaction, ship: Ship, already: Sequence[Tell]) -> frozenset[str]:
    if ship.withdrawn_at is None:
        return frozenset()
    loops = tx.loops.get({(tell.account_id, tell.issue_id) for tell in already})
    return frozenset(account_id for (account_id, _), loop in loops.items() if knows(loop))
