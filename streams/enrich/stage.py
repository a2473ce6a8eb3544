"""The enrichment stage: keeps customers' history, and gives homeless remarks their account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import UNSET

from schemas.codec import decode, validate
from schemas.events import Account, AccountChanged, OpportunityChanged, Rep, RepChanged
from schemas.topics import CRM_CHANGED
from sinks.contracts import Outgoing
from sinks.store.contract import Transaction
from sinks.store.rows import CrmKind, CrmVersion, Stated
from streams.batches import Record
from streams.enrich.history import fold
from streams.stage import Stage
from streams.tell.candidates import UNKNOWN

Said = AccountChanged | OpportunityChanged | RepChanged
_EVENTS: tuple[type[Said], ...] = (AccountChanged, OpportunityChanged, RepChanged)
_KINDS: dict[type, CrmKind] = {
    AccountChanged: "account",
    OpportunityChanged: "opportunity",
    RepChanged: "rep",
}
LATE = timedelta(days=90)
"""How long after it was decided somebody who becomes known is told of a ship."""
MOST_LATE = 1_000
"""Verdicts that one batch of people may overturn."""
ORDER: tuple[CrmKind, ...] = ("account", "opportunity", "rep")


class Change(msgspec.Struct, frozen=True):
    """One statement about one CRM entity."""

    kind: CrmKind
    id: str
    stated: Stated


class EnrichStage:
    """Wires history and store to a `Stage`.

    Args:
        evidence_after_s: how long an issue's demand is collected before the tracker is shown it.
    """

    def __init__(self, evidence_after_s: float) -> None:
        self._evidence_after = timedelta(seconds=evidence_after_s)

    def stage(self) -> Stage[Change]:
        """The stage to run."""
        return Stage("enrich", (CRM_CHANGED,), self.read, self.write)

    def read(self, record: Record, now: datetime) -> Change:
        """What the record states, and of whom."""
        event = decode(record.value, record.headers, _EVENTS)
        validate(event, record.value or b"", now)
        stated = Stated(at=event.time, event_id=f"{event.source} {event.id}", facts=event.data)
        return Change(_KINDS[type(event)], event.data.id, stated)

    def write(self, tx: Transaction, items: Sequence[Change], now: datetime) -> list[Outgoing]:
        """Land every change in its place; then see whose remarks have an account by now."""
        for kind in ORDER:
            changes = [item for item in items if item.kind == kind]
            histories = _rewrite(tx, kind, changes)
            if kind == "account" and histories:
                self._claim(tx, histories.values(), now)
            if kind == "rep" and histories:
                _wake_for(tx, histories.values(), now)
        return []

    def _claim(
        self, tx: Transaction, histories: Iterable[Sequence[CrmVersion]], now: datetime
    ) -> None:
        present = [history[-1].facts for history in histories]
        accounts = [facts for facts in present if isinstance(facts, Account)]
        domains = {
            domain.lower()
            for each in accounts
            if each.domains is not UNSET
            for domain in each.domains
        }
        owners = tx.crm.accounts_by_domain(domains)
        gained = tx.remarks.claim_for_accounts(owners, tx.crm.existing({a.id for a in accounts}))
        if gained:
            tx.epics.owe_evidence(gained, now + self._evidence_after)
            tx.ships.wake(gained, now)


def _wake_for(tx: Transaction, histories: Iterable[Sequence[CrmVersion]], now: datetime) -> None:
    """Work out again whom to tell where these people were not known or had no address before."""
    reps = [history[-1].facts for history in histories]
    people = {each.id for each in reps} | {
        each.email.lower() for each in reps if isinstance(each, Rep) and each.email
    }
    missed = tx.tells.skipped(people, UNKNOWN, now - LATE, MOST_LATE)
    if missed:
        tx.ships.wake(missed, now)


def _rewrite(
    tx: Transaction, kind: CrmKind, changes: Sequence[Change]
) -> dict[str, Sequence[CrmVersion]]:
    """Id -> its whole history, the changes in their place."""
    if not changes:
        return {}
    new: dict[str, list[Stated]] = defaultdict(list)
    for change in changes:
        new[change.id].append(change.stated)
    old = tx.crm.stated(kind, list(new))
    histories = {one: fold([*old.get(one, ()), *stated]) for one, stated in new.items()}
    tx.crm.rewrite(kind, histories)
    return dict(histories)
