"""Repairs what two transactions could not know of each other, and asks the tracker what is due.

A remark may look for its account or issue while another worker is just about to commit it. Neither
sees the other, so what is without a home is looked at again here; with nothing to repair, each of
these is one indexed read.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.errors import SinkRefused, Temporary
from schemas.events import EpicChanged
from schemas.topics import EPIC_CHANGED
from sinks.contracts import Evidence, Outgoing, Sighting, Tracker
from sinks.store.contract import Store, Transaction

log = structlog.get_logger()

AT_ONCE = 200
EVIDENCE_AGAIN = timedelta(minutes=5)
SOURCE = "/closeloop/jira"
EVIDENCE_PATH = "/evidence"
"""Where the gateway says what the numbers on an issue are."""


class CatchUp:
    """Work that the worker's timers do.

    Args:
        evidence_url: where a person reads what the numbers are; trackers take no link without one.
        ask_again: how long a key that the tracker does not know is left alone.
    """

    def __init__(
        self,
        store: Store,
        tracker: Tracker,
        *,
        evidence_after_s: float,
        evidence_url: str,
        ask_again: timedelta = timedelta(minutes=10),
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._evidence_after = timedelta(seconds=evidence_after_s)
        self._evidence_url = evidence_url
        self._ask_again = ask_again
        self._asked: dict[str, datetime] = {}
        self._after_home = self._after_orphan = self._after_asked = ""

    def find_homes(self, now: datetime) -> int:
        """Give homeless remarks the accounts that exist by now, and orphaned links their issues."""
        with self._store.transaction() as tx:
            domains, stated = tx.remarks.homeless(AT_ONCE, self._after_home)
            self._after_home = _next_after(domains, stated)
            owners = tx.crm.accounts_by_domain(domains) if domains else {}
            existing = tx.crm.existing(stated) if stated else {}
            gained = (
                tx.remarks.claim_for_accounts(owners, existing) if owners or existing else set()
            )
            keys = tx.links.unknown_keys(AT_ONCE, self._after_orphan)
            self._after_orphan = _next_after(keys)
            gained |= tx.links.adopt(tx.epics.ids_of_keys(keys)) if keys else set()
            self._wake(tx, gained, now)
        return len(gained)

    def _wake(self, tx: Transaction, gained: set[int], now: datetime) -> None:
        if gained:
            tx.epics.owe_evidence(gained, now + self._evidence_after)
            tx.ships.wake(gained, now)

    def unknown_issues(self, now: datetime) -> list[Outgoing]:
        """Ask the tracker for issues that remarks name and nobody told us of."""
        with self._store.transaction() as tx:
            unknown = tx.links.unknown_keys(AT_ONCE, self._after_asked)
        self._after_asked = _next_after(unknown)
        keys = [key for key in unknown if self._may_ask(key, now)]
        found = []
        for key in keys:
            try:
                sighting = self._tracker.issue(key)
            except Temporary as error:
                log.warning("tracker is not asked further", why=str(error))
                break
            self._asked[key] = now
            if sighting is not None:
                found.append(sighted(sighting))
        return found

    def _may_ask(self, key: str, now: datetime) -> bool:
        asked = self._asked.get(key)
        return asked is None or now - asked >= self._ask_again

    def show_evidence(self, now: datetime) -> int:
        """Put the demand of issues whose time has come where the tracker's readers see it.

        The tracker is called without a lock. What it does not take is owed again, so that one issue
        it stumbles over does not keep the others waiting.
        """
        with self._store.transaction() as tx:
            due = {id_: self._evidence(tx, id_, now) for id_ in tx.epics.evidence_due(now, 1)}
        for issue_id, evidence in due.items():
            try:
                self._tracker.show_evidence(str(issue_id), evidence)
            except SinkRefused as error:
                log.warning("tracker refuses evidence", issue=issue_id, why=str(error))
            except Temporary as error:
                log.warning("evidence waits", issue=issue_id, why=str(error))
                with self._store.transaction() as tx:
                    tx.epics.owe_evidence({issue_id}, now + EVIDENCE_AGAIN)
        return len(due)

    def _evidence(self, tx: Transaction, issue_id: int, now: datetime) -> Evidence:
        demand = tx.links.demand(issue_id)
        facts = tx.crm.accounts(demand.accounts, now)
        revenue = sum(known for each in facts.values() if (known := each.revenue_cents))
        return Evidence(
            remarks=demand.remarks,
            accounts=len(demand.accounts),
            revenue_band=band(revenue),
            url=self._evidence_url,
            as_of=now,
        )


def _next_after(*looked_at: Collection[str]) -> str:
    """Where to look on, so that what nobody knows does not hide the rest; empty: from the start."""
    full = [max(some) for some in looked_at if len(some) >= AT_ONCE]
    return min(full, default="")


BANDS = (10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000)


def band(revenue_cents: int) -> str:
    """Revenue as a band, which gives no single customer away; empty where none is known."""
    revenue = revenue_cents // 100
    if revenue <= 0:
        return ""
    if revenue < BANDS[0]:
        return f"under {BANDS[0]:,}"
    lower = max(edge for edge in BANDS if edge <= revenue)
    upper = next((edge for edge in BANDS if edge > revenue), None)
    return f"{lower:,} to {upper:,}" if upper else f"over {lower:,}"


def sighted(sighting: Sighting) -> Outgoing:
    """The event that says how the tracker showed an issue; one id a state of it."""
    epic = sighting.epic
    event = EpicChanged(
        id=f"{epic.id}:{sighting.updated_at.isoformat()}:seen",
        source=SOURCE,
        specversion="1.0",
        time=sighting.updated_at,
        data=epic,
    )
    return Outgoing(
        EPIC_CHANGED.name, f"issue:{epic.id}".encode(), encode(event), STRUCTURED_HEADERS
    )
