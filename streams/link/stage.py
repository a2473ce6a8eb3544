"""The linking stage: looks up once a batch, decides by `streams.link.rules`, writes by COPY."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from schemas.codec import decode, validate
from schemas.errors import UnknownType
from schemas.events import FeedbackReceived
from schemas.topics import FEEDBACK_RECEIVED
from sinks.contracts import Outgoing
from sinks.store.contract import Transaction
from sinks.store.rows import Age, age, remark_key
from sinks.store.rows import Known as Stored
from streams.batches import Record
from streams.link.building import Decided, decision_rows, linked_event, remark_row
from streams.link.revising import Before, Change, as_before, change, is_likened, retractions
from streams.link.rules import (
    Candidate,
    Known,
    Read,
    decide,
    read,
    suggest,
    text_of,
    with_batch,
)
from streams.link.triage import outcome_of
from streams.stage import Stage

TOP = 5
_EVENTS = (FeedbackReceived,)


class Likeness(Protocol):
    """Ranks issues by how like a text is to them."""

    version: str

    def refresh(self, tx: Transaction) -> None:
        """Take in the issues that changed since the last time."""

    def rank(self, texts: Sequence[str], top: int) -> list[list[Candidate]]:
        """For each text the likeliest, best first, at most `top`; none where nothing is near."""


class LinkStage:
    """Wires rule, likeness and store to a `Stage`.

    Args:
        origins: the sources that remarks may come from.
        evidence_after_s: how long an issue's demand is collected before the tracker is shown it.
    """

    def __init__(
        self, likeness: Likeness, origins: frozenset[str], evidence_after_s: float
    ) -> None:
        self._likeness = likeness
        self._origins = origins
        self._evidence_after = timedelta(seconds=evidence_after_s)

    def stage(self) -> Stage[Read]:
        """The stage to run."""
        return Stage("link", (FEEDBACK_RECEIVED,), self.read, self.write)

    def read(self, record: Record, now: datetime) -> Read:
        """The remark and what its own words say."""
        event = decode(record.value, record.headers, _EVENTS)
        validate(event, record.value or b"", now)
        if event.data.origin not in self._origins:
            raise UnknownType(f"no source is called {event.data.origin!r}", "$.data.origin")
        return read(event)

    def write(self, tx: Transaction, items: Sequence[Read], now: datetime) -> list[Outgoing]:
        """Every new remark, or newer version of one, with its links; the rest is known already."""
        newest = _newest(items)
        stored = tx.remarks.known(list(newest))
        fresh = [item for key, item in newest.items() if key not in stored]
        newer = {
            stored[key].id: item
            for key, item in newest.items()
            if key in stored and _age_of(stored[key]) < item.age
        }
        before = {id_: found for id_, item in newer.items() if (found := _before(tx, item))}
        decided = self._decide(tx, [*zip(tx.remarks.new_ids(len(fresh)), fresh, strict=True)], {})
        revised = self._decide(tx, list(newer.items()), before)
        kept = tx.remarks.add([remark_row(one) for one in decided])
        if kept:
            decided = [msgspec.structs.replace(o, id=kept.get(o.id, o.id)) for o in decided]
        tx.remarks.revise([remark_row(one) for one in revised])
        changes = {one.id: change(one, before[one.id]) for one in revised}
        self._link(tx, [*decided, *(each.new for each in changes.values())], changes, now)
        _restate(tx, [one.id for one in decided if one.id in kept.values()], before)
        told = [one for one in revised if changes[one.id].has_news]
        new = {one.id for one in told if one.remark.event.replayed is None}
        same = {id_: was for id_, was in before.items() if id_ not in new}
        _restate(tx, [one.id for one in revised], same)
        return [linked_event(one, now) for one in (*decided, *told)]

    def _decide(
        self,
        tx: Transaction,
        remarks: Sequence[tuple[int, Read]],
        before: Mapping[int, Before],
    ) -> list[Decided]:
        """What linking comes to for each; `before` are those that are in the store already."""
        if not remarks:
            return []
        items = [item for _, item in remarks]
        known = with_batch(_look_up(tx, items, before), items)
        owners = tx.crm.accounts_by_domain({item.domain for item in items if item.domain})
        stated = tx.crm.existing({a for item in items if (a := item.event.data.account_id)})
        decided = [
            Decided(remark_id, item, _owner(item, owners, stated), *decide(item, known))
            for remark_id, item in remarks
        ]
        return self._with_likeness(tx, decided, before)

    def _with_likeness(
        self, tx: Transaction, decided: list[Decided], before: Mapping[int, Before]
    ) -> list[Decided]:
        """The same, those that nothing firmer decides with what they are like."""
        places: list[int] = []
        for place, one in enumerate(decided):
            if one.outcome != "unmatched":
                continue
            if one.id in before and is_likened(one, before[one.id]):
                decided[place] = as_before(one, before[one.id])
            else:
                places.append(place)
        if not places:
            return decided
        self._likeness.refresh(tx)
        texts = [text_of(decided[place].remark.event) for place in places]
        for place, alike in zip(places, self._likeness.rank(texts, TOP), strict=True):
            outcome, claims = suggest(alike)
            decided[place] = msgspec.structs.replace(
                decided[place], outcome=outcome, claims=claims, model=self._likeness.version
            )
        return decided

    def _link(
        self,
        tx: Transaction,
        decided: Sequence[Decided],
        changes: Mapping[int, Change],
        now: datetime,
    ) -> None:
        dropped = [link for each in changes.values() for link in each.dropped]
        claims = sum(len(one.claims) for one in decided)
        ids = tx.links.new_ids(claims + len(dropped))
        decisions, links = decision_rows(decided, ids[:claims], now)
        taken_back, without = retractions(dropped, ids[claims:], now)
        tx.links.add([*decisions, *taken_back], [*links, *without])
        gained = {e.issue_id for e in links if e.issue_id is not None and e.state == "linked"}
        gained |= {e.issue_id for e in dropped if e.issue_id is not None and e.state == "linked"}
        if gained:
            tx.epics.owe_evidence(gained, now + self._evidence_after)
            tx.ships.wake(gained, now)


def _restate(tx: Transaction, remark_ids: Sequence[int], same: Mapping[int, Before]) -> None:
    """What linking has come to for remarks that had links before: a person's stand.

    Those whose source says the `same` as before, or is only read again, stay dismissed.
    """
    outcomes = {one: outcome_of(tx.links.of_remark(one), ()) for one in remark_ids}
    for one, was in same.items():
        if was.remark.outcome == "dismissed" and outcomes.get(one) != "linked":
            outcomes[one] = "dismissed"
    tx.remarks.set_outcome(outcomes)


def _age_of(known: Stored) -> Age:
    return age(known.version_at, known.replayed_at)


def _before(tx: Transaction, item: Read) -> Before | None:
    found = tx.remarks.find(f"{item.event.data.origin}:{item.event.data.record}")
    return Before(*found, tx.links.of_remark(found[0].id)) if found else None


def _newest(items: Iterable[Read]) -> dict[bytes, Read]:
    """Key -> the newest version in the batch; of equal ones the first."""
    newest: dict[bytes, Read] = {}
    for item in items:
        key = remark_key(item.event.data.origin, item.event.data.record)
        other = newest.get(key)
        if other is None or other.age < item.age:
            newest[key] = item
    return newest


def _look_up(tx: Transaction, items: Sequence[Read], before: Collection[int]) -> Known:
    """What the rules ask; those decided `before` are no threads to follow for themselves."""
    threads = {(i.event.data.origin, i.event.data.thread) for i in items if i.event.data.thread}
    asked = {(origin, thread) for origin, thread in threads if thread}
    earlier = tx.remarks.thread_issues(asked, before) if asked else {}
    named = {issue for issues in earlier.values() for issue in issues}
    keys = {row.issue_id: row.epic.key for row in tx.epics.get(named).values()} if named else {}
    mentioned = {mention.key for item in items for mention in item.mentions}
    issues = tx.epics.ids_of_keys(mentioned) if mentioned else {}
    projects = tx.epics.projects() if mentioned - issues.keys() else set()
    return Known(issues, projects, earlier, keys)


def _owner(item: Read, owners: Mapping[str, str], stated: Mapping[str, str]) -> str | None:
    """The account: the one the source states, once it exists; else the mail domain's."""
    account = item.event.data.account_id
    if account is not None:
        return stated.get(account)
    return owners.get(item.domain) if item.domain else None
