"""The shipping stage: keeps issues and versions, and says when an issue ships or is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from schemas.codec import decode, validate
from schemas.events import (
    EpicChanged,
    FeatureShipped,
    FeatureWithdrawn,
    Shipment,
    VersionChanged,
    Withdrawal,
)
from schemas.topics import EPIC_CHANGED, FEATURE_SHIPPED, FEATURE_WITHDRAWN
from sinks.contracts import Outgoing, Sighting
from sinks.store.contract import Transaction
from sinks.store.rows import EpicRow, Ship
from streams.batches import Record
from streams.ship.rules import (
    Policy,
    Step,
    Widen,
    Withdraw,
    after_shipment,
    after_tracker,
    after_withdrawal,
    not_done_because,
)
from streams.stage import Stage

SOURCE = "/closeloop/ship"
_EVENTS = (EpicChanged, VersionChanged, FeatureShipped, FeatureWithdrawn)
Said = EpicChanged | VersionChanged | FeatureShipped | FeatureWithdrawn


class ShipStage:
    """Wires the rules of shipping to a `Stage`.

    Args:
        evidence_after_s: how long an issue's demand is collected before the tracker is shown it.
    """

    def __init__(self, policy: Policy, evidence_after_s: float) -> None:
        self._policy = policy
        self._evidence_after = timedelta(seconds=evidence_after_s)

    def stage(self) -> Stage[Said]:
        """The stage to run."""
        topics = (EPIC_CHANGED, FEATURE_SHIPPED, FEATURE_WITHDRAWN)
        return Stage("ship", topics, self.read, self.write)

    def read(self, record: Record, now: datetime) -> Said:
        """What the record says; which of the four it may be is its topic's matter."""
        allowed = _ALLOWED[record.topic]
        event: Said = decode(record.value, record.headers, allowed)
        validate(event, record.value or b"", now)
        return event

    def write(self, tx: Transaction, items: Sequence[Said], now: datetime) -> list[Outgoing]:
        """The tracker's news first, then what was said to have shipped or not, in order."""
        before = _before(tx, items)
        undone = _undone(items, before)
        changed = self._keep(tx, items) | undone
        gained = self._adopt(tx, changed, now)
        latest = tx.ships.latest(changed)  # before any wake: its lock is the stronger one
        if gained:
            tx.ships.wake(gained, now)
        for issue_id, epic in sorted(tx.epics.get(changed).items()):
            step = after_tracker(
                epic,
                latest.get(issue_id),
                self._policy,
                now,
                before=before.get(issue_id),
                undone_meanwhile=issue_id in undone,
            )
            take(tx, step, now)
        for event in items:
            if isinstance(event, FeatureShipped | FeatureWithdrawn):
                self._follow_word(tx, event, now)
        return []

    def _keep(self, tx: Transaction, items: Sequence[Said]) -> set[int]:
        seen = [event for event in items if isinstance(event, EpicChanged)]
        epics = [Sighting(epic=event.data, updated_at=event.time) for event in seen]
        versions = [(e.data, e.time) for e in items if isinstance(e, VersionChanged)]
        return tx.epics.put(epics) | tx.epics.put_versions(versions)

    def _adopt(self, tx: Transaction, changed: set[int], now: datetime) -> set[int]:
        """Remarks that named a key before its issue was known are linked to the issue now.

        Issues are held before ships are, everywhere: or two transactions wait for each other.
        """
        keys = {row.epic.key: row.issue_id for row in tx.epics.get(changed).values()}
        gained = tx.links.adopt(keys)
        if gained:
            tx.epics.owe_evidence(gained, now + self._evidence_after)
        return gained

    def _follow_word(
        self, tx: Transaction, event: FeatureShipped | FeatureWithdrawn, now: datetime
    ) -> None:
        issue_id = int(event.data.issue_id)
        latest = tx.ships.latest({issue_id}).get(issue_id)
        if isinstance(event, FeatureShipped):
            take(tx, after_shipment(event.data, latest, self._policy, event.time, now), now)
        elif latest is not None:
            take(tx, after_withdrawal(event.data, latest), now)


def _before(tx: Transaction, items: Sequence[Said]) -> dict[int, EpicRow]:
    """Every issue that these may change, as it is before they do."""
    seen = [event.data for event in items if isinstance(event, EpicChanged)]
    said = [event.data.id for event in items if isinstance(event, VersionChanged)]
    named = [version.id for epic in seen for version in epic.fix_versions]
    ids = {int(epic.id) for epic in seen} | tx.epics.naming({int(id_) for id_ in (*said, *named)})
    return tx.epics.get(ids)


def _undone(items: Sequence[Said], before: Mapping[int, EpicRow]) -> set[int]:
    """The issues that these say were not done at some time after they were looked at last.

    Of several states in one batch the store sees the last alone, which may be as the first was.
    """
    news = [event for event in items if isinstance(event, EpicChanged)]
    undone = [event for event in news if not_done_because(event.data) is not None]
    return {
        id_
        for event in undone
        if (id_ := int(event.data.id)) not in before or event.time > before[id_].updated_at
    }


_ALLOWED: dict[str, tuple[type[Said], ...]] = {
    EPIC_CHANGED.name: (EpicChanged, VersionChanged),
    FEATURE_SHIPPED.name: (FeatureShipped,),
    FEATURE_WITHDRAWN.name: (FeatureWithdrawn,),
}


def take(tx: Transaction, step: Step, now: datetime) -> None:
    """Do what a rule said follows, and announce it in the same transaction."""
    if isinstance(step, Ship):
        tx.ships.open(step)
        tx.outbox.add([(FEATURE_SHIPPED.name, str(step.issue_id), shipped_event(step, now))])
    elif isinstance(step, Withdraw):
        tx.ships.withdraw(step.issue_id, step.generation, now, step.why)
        tx.outbox.add([(FEATURE_WITHDRAWN.name, str(step.issue_id), withdrawn_event(step, now))])
    elif isinstance(step, Widen):
        tx.ships.widen(step.issue_id, step.generation, step.accounts, step.anew)


def shipped_event(ship: Ship, now: datetime) -> FeatureShipped:
    """The announcement; one id a generation."""
    return FeatureShipped(
        id=f"{ship.issue_id}:{ship.generation}:shipped",
        source=SOURCE,
        specversion="1.0",
        time=now,
        data=Shipment(
            issue_id=str(ship.issue_id),
            generation=ship.generation,
            accounts=ship.accounts,
            signal=ship.signal,
            what=ship.what,
            docs_url=ship.docs_url,
        ),
    )


def withdrawn_event(step: Withdraw, now: datetime) -> FeatureWithdrawn:
    """The announcement; one id a generation."""
    return FeatureWithdrawn(
        id=f"{step.issue_id}:{step.generation}:withdrawn",
        source=SOURCE,
        specversion="1.0",
        time=now,
        data=Withdrawal(issue_id=str(step.issue_id), generation=step.generation, reason=step.why),
    )
