"""Looks up what a mail says of its tells, and leaves out what is no longer true. Thin I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from schemas.events import Opportunity
from sinks.store.contract import Transaction
from sinks.store.rows import EpicRow, Linked, LoopRow, Ship, Tell
from streams.tell.customers import deal_to_watch, known, person_of
from streams.tell.entry import weight
from streams.tell.lookup import knows
from streams.tell.message import MOST_IN_FULL
from streams.tell.views import Links, Snapshot, TellView
from streams.verify.rules import in_mail

LinksOf = Callable[[Tell, datetime], Links]
MOST_QUOTED = 20
"""Remarks that a mail quotes of one account and issue: those said first."""


class Gathering(msgspec.Struct, frozen=True):
    """What was looked up for all tells of one mail."""

    ships: Mapping[int, Ship]
    epics: Mapping[int, EpicRow]
    names: Mapping[str, str]
    loops: Mapping[tuple[str, int], LoopRow]


def gather(
    tx: Transaction, tells: Sequence[Tell], now: datetime, links_of: LinksOf
) -> list[TellView]:
    """What the mail is to say, the weightiest first; empty where nothing of it is true any more."""
    said = in_mail(tells)
    issues = {tell.issue_id for tell in said}
    found = Gathering(
        tx.ships.latest(issues),
        tx.epics.get(issues),
        _names(tx, said, now),
        tx.loops.get({(tell.account_id, tell.issue_id) for tell in said}),
    )
    views = [
        _view(tell, found, remarks, links_of(tell, now))
        for tell in said
        if is_true(tell, found.ships.get(tell.issue_id), remarks := _remarks(tx, tell))
    ]
    views.sort(key=lambda view: (weight(view), view.tell.id))
    full = [_with_answers(tx, _with_snapshots(tx, view, now)) for view in views[:MOST_IN_FULL]]
    return full + views[MOST_IN_FULL:]


def is_true(tell: Tell, latest: Ship | None, remarks: Sequence[Linked]) -> bool:
    """Whether what the tell says still holds, with the issue's latest generation in view.

    A correction holds until the next generation is told of; anything else until its own is taken
    back, or until no remark is left that it would answer.
    """
    if latest is None:
        return False
    if tell.kind == "correction":
        return latest.withdrawn_at is not None or latest.settled_at is None
    is_out = latest.generation == tell.generation and latest.withdrawn_at is None
    return is_out and bool(remarks)


def _names(tx: Transaction, tells: Sequence[Tell], now: datetime) -> dict[str, str]:
    accounts = tx.crm.accounts({tell.account_id for tell in tells}, now)
    return {id_: known(account.name) or "" for id_, account in accounts.items()}


def _remarks(tx: Transaction, tell: Tell) -> list[Linked]:
    return tx.links.standing(tell.issue_id, tell.remark_ids, MOST_QUOTED)


def _view(tell: Tell, found: Gathering, remarks: Sequence[Linked], links: Links) -> TellView:
    loop = found.loops.get((tell.account_id, tell.issue_id))
    return TellView(
        tell=tell,
        ship=found.ships[tell.issue_id],
        links=links,
        epic=found.epics.get(tell.issue_id),
        remarks=remarks,
        account_name=found.names.get(tell.account_id, ""),
        customer_knows=loop is not None and knows(loop),
    )


def _with_answers(tx: Transaction, view: TellView) -> TellView:
    answers = tx.loops.answers(view.tell.account_id, view.tell.issue_id)
    return msgspec.structs.replace(view, answers=answers)


def _with_snapshots(tx: Transaction, view: TellView, now: datetime) -> TellView:
    if not view.remarks:
        return view
    first = view.remarks[0].remark
    named = next((i.remark.opportunity_id for i in view.remarks if i.remark.opportunity_id), None)
    account_id = view.tell.account_id
    return msgspec.structs.replace(
        view,
        said=_snapshot(tx, first.account_id or account_id, named, first.said_at),
        shipped=_snapshot(tx, account_id, named, view.ship.shipped_at),
        present=_snapshot(tx, account_id, named, now),
    )


def _snapshot(tx: Transaction, account_id: str, named: str | None, at: datetime) -> Snapshot:
    account = tx.crm.accounts({account_id}, at).get(account_id)
    owner_id = known(account.owner_id) if account else None
    owner = tx.crm.reps({owner_id}, at).get(owner_id) if owner_id else None
    return Snapshot(
        account=account,
        deal=_deal(tx, account_id, named, at),
        owner=person_of(owner).name if owner else "",
    )


def _deal(tx: Transaction, account_id: str, named: str | None, at: datetime) -> Opportunity | None:
    """The deal that a remark names; else the open one that closes first, as of then."""
    if named is not None:
        return tx.crm.opportunities({named}, at).get(named)
    return deal_to_watch(tx.crm.opportunities_of({account_id}, at).get(account_id, ()))
