"""The linking stage: looks up once a batch, decides by `streams.link.rules`, writes by COPY."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from schemas.codec import decode, validate
from schemas.errors import UnknownType
from schemas.events import FeedbackReceived
from schemas.topics import FEEDBACK_RECEIVED
from sinks.contracts import Outgoing
from sinks.store.contract import Transaction
from sinks.store.rows import Age, Remark, age, remark_key
from sinks.store.rows import Known as Stored
from streams.batches import Record
from streams.link.alike import Audits
from streams.link.building import Decided, decision_rows, linked_event, remark_row
from streams.link.drawing import Drawing
from streams.link.keys import site_of
from streams.link.likening import Likeness, Likening
from streams.link.looking import look_up
from streams.link.revising import Before, Change, change, retractions
from streams.link.rules import Read, decide, read, with_batch
from streams.link.triage import outcome_of
from streams.stage import Stage

EVERY_TENTH = Audits()
_EVENTS = (FeedbackReceived,)


class LinkStage:
    """Wires rule, likeness and store to a `Stage`.

    Args:
        origins: the sources that remarks may come from.
        evidence_after_s: how long an issue's demand is collected before the tracker is shown it.
        audits: which remarks are asked however sure likeness is.
        jira_url: where Jira is; empty where that is not known.
    """

    def __init__(
        self,
        likeness: Likeness,
        origins: frozenset[str],
        evidence_after_s: float,
        audits: Audits = EVERY_TENTH,
        jira_url: str = "",
    ) -> None:
        self._likening = Likening(likeness)
        self._audits = audits
        self._origins = origins
        self._site = site_of(jira_url)
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
        return read(event, self._site)

    def write(self, tx: Transaction, items: Sequence[Read], now: datetime) -> list[Outgoing]:
        """Every new remark, or newer version of one, with its links; the rest is known already.

        Of two workers that have the same remark the first to commit decides it. The other one finds
        what was decided: it holds what it revises, and takes up again what it took for new.
        """
        fresh, newer = _sift(tx, items)
        before = _before(tx, newer)
        drawing = Drawing(tx, self._audits, now)
        ids = tx.remarks.new_ids(len(fresh))
        decided = self._decide(tx, [*zip(ids, fresh, strict=True)], {}, drawing, now)
        revised = self._decide(tx, [(id_, newer[id_]) for id_ in before], before, drawing, now)
        there = tx.remarks.add([remark_row(one) for one in decided])
        added = [one for one in decided if one.id not in there]
        tx.remarks.revise([remark_row(one) for one in revised])
        changes = {one.id: change(one, before[one.id]) for one in revised}
        self._link(tx, [*added, *(each.new for each in changes.values())], changes, now)
        _remember(tx, added, revised)
        told = [one for one in revised if changes[one.id].has_news]
        new = {one.id for one in told if one.remark.event.replayed is None}
        same = {one.id: before[one.id] for one in revised if one.id not in new}
        _restate(tx, [one.id for one in revised], same)
        announced = [linked_event(one, now) for one in (*added, *told)]
        again = [one.remark for one in decided if one.id in there]
        return [*announced, *self.write(tx, again, now)] if again else announced

    def _decide(
        self,
        tx: Transaction,
        remarks: Sequence[tuple[int, Read]],
        before: Mapping[int, Before],
        drawing: Drawing,
        now: datetime,
    ) -> list[Decided]:
        """What linking comes to for each; `before` are those that are in the store already."""
        if not remarks:
            return []
        items = [item for _, item in remarks]
        known = with_batch(look_up(tx, items, before), items)
        owners = tx.crm.accounts_by_domain({item.domain for item in items if item.domain})
        stated = tx.crm.existing({a for item in items if (a := item.event.data.account_id)})
        decided = [
            Decided(remark_id, item, _owner(item, owners, stated), *decide(item, known))
            for remark_id, item in remarks
        ]
        return self._likening.likened(tx, decided, before, drawing, now)

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


def _remember(tx: Transaction, decided: Sequence[Decided], revised: Sequence[Decided]) -> None:
    """What likeness made of them; of a revised one, what it made of it before is gone."""
    guessed = [
        msgspec.structs.replace(guess, remark_id=one.id)
        for one in (*decided, *revised)
        for guess in one.guesses or ()
    ]
    ids = {guess.remark_id for guess in guessed}
    ids |= {one.id for one in revised if one.guesses is not None}
    if ids:
        tx.learned.guess(ids, guessed)


def _restate(tx: Transaction, remark_ids: Sequence[int], same: Mapping[int, Before]) -> None:
    """What linking has come to for remarks that had links before: a person's stand.

    Those whose source says the `same` as before, or is only read again, stay dismissed.
    """
    if not remark_ids:
        return
    standing = tx.links.of_remarks(remark_ids)
    outcomes = {one: outcome_of(links, ()) for one, links in standing.items()}
    for one, was in same.items():
        if was.remark.outcome == "dismissed" and outcomes[one] != "linked":
            outcomes[one] = "dismissed"
    tx.remarks.set_outcome(outcomes)


def _age_of(known: Stored | Remark) -> Age:
    return age(known.version_at, known.replayed_at)


def _before(tx: Transaction, newer: Mapping[int, Read]) -> dict[int, Before]:
    """Remark id -> the remark as it is in the store, with its words and links, and held.

    Left out is what somebody else has made as new as this since it was looked up.
    """
    if not newer:
        return {}
    held = tx.remarks.hold({item.feedback_id for item in newer.values()})
    found = {one.id: (one, words) for one, words in held.values()}
    older = [id_ for id_, item in newer.items() if _age_of(found[id_][0]) < item.age]
    standing = tx.links.of_remarks(older)
    return {id_: Before(*found[id_], standing[id_]) for id_ in older}


def _sift(tx: Transaction, items: Iterable[Read]) -> tuple[list[Read], dict[int, Read]]:
    """The remarks that the store does not have; by id those that it has in an older version."""
    newest = _newest(items)
    stored = tx.remarks.known(list(newest))
    fresh = [item for key, item in newest.items() if key not in stored]
    newer = {
        stored[key].id: item
        for key, item in newest.items()
        if key in stored and _age_of(stored[key]) < item.age
    }
    return fresh, newer


def _newest(items: Iterable[Read]) -> dict[bytes, Read]:
    """Key -> the newest version in the batch; of equal ones the first."""
    newest: dict[bytes, Read] = {}
    for item in items:
        key = remark_key(item.event.data.origin, item.event.data.record)
        other = newest.get(key)
        if other is None or other.age < item.age:
            newest[key] = item
    return newest


def _owner(item: Read, owners: Mapping[str, str], stated: Mapping[str, str]) -> str | None:
    """The account: the one the source states, once it exists; else the mail domain's."""
    account = item.event.data.account_id
    if account is not None:
        return stated.get(account)
    return owners.get(item.domain) if item.domain else None
