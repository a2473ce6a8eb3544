"""When an issue counts as shipped, and what follows when that changes. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Literal, TypeAlias

import msgspec

from schemas.events import Shipment, Withdrawal
from sinks.store.rows import EpicRow, Ship

DONE = frozenset(
    {"done", "fixed", "resolved", "complete", "completed", "implemented", "released", "shipped"}
)
DECLINED = frozenset(
    {
        "won't do",
        "won't fix",
        "wontfix",
        "declined",
        "rejected",
        "duplicate",
        "cannot reproduce",
        "invalid",
        "incomplete",
        "obsolete",
        "known error",
        "not a bug",
    }
)
Resolution: TypeAlias = Literal["open", "done", "declined", "unknown"]
JIRA = "jira"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What counts as shipped.

    Attributes:
        hold: how long a ship settles before anyone is told.
        without_version: an issue that names no fix version ships when it is resolved as done.
    """

    hold: timedelta
    without_version: bool = False


class Withdraw(msgspec.Struct, frozen=True):
    """A generation to take back, and why."""

    issue_id: int
    generation: int
    why: str


class Widen(msgspec.Struct, frozen=True):
    """A generation that more accounts can use; None: everyone."""

    issue_id: int
    generation: int
    accounts: tuple[str, ...] | None


Step: TypeAlias = Ship | Withdraw | Widen | None


def resolution_of(epic: EpicRow) -> Resolution:
    """Jira's resolution in our words; one that we do not know ships nothing."""
    name = epic.epic.resolution
    if name is None:
        return "open"
    word = name.strip().lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return "done" if word in DONE else "declined" if word in DECLINED else "unknown"


def not_shipped_because(epic: EpicRow, policy: Policy) -> str | None:
    """Why the tracker's state does not count as shipped; None where it does."""
    if epic.epic.deleted:
        return "the issue was deleted"
    resolution = resolution_of(epic)
    if resolution != "done":
        said = f"its resolution is {epic.epic.resolution!r}" if epic.epic.resolution else ""
        return said or "it is not resolved"
    waiting = [version.name for version in epic.versions if not version.released]
    if waiting:
        return f"not released yet: {', '.join(waiting)}"
    if not epic.versions and not policy.without_version:
        return "it is resolved as done but names no fix version"
    return None


def after_tracker(epic: EpicRow, latest: Ship | None, policy: Policy, now: datetime) -> Step:
    """What follows from an issue's state: a new generation, a withdrawal, or nothing.

    What CI or a person shipped is not taken back by the tracker.
    """
    reason = not_shipped_because(epic, policy)
    out = latest is not None and latest.withdrawn_at is None
    if reason is None and not out:
        return _opened(epic, latest, policy, now)
    if reason is not None and latest is not None and out and latest.signal == JIRA:
        return Withdraw(epic.issue_id, latest.generation, reason)
    return None


def after_shipment(
    said: Shipment, latest: Ship | None, policy: Policy, at: datetime, now: datetime
) -> Step:
    """What follows from ``feature.shipped``: a generation, more accounts for one, or nothing."""
    issue_id = int(said.issue_id)
    generation = said.generation or _next(latest)
    about_latest = latest is not None and said.generation in {None, latest.generation}
    if latest is not None and about_latest and latest.withdrawn_at is None:
        return _widened(latest, said.accounts)
    if latest is not None and generation <= latest.generation:
        return None
    return Ship(
        issue_id=issue_id,
        generation=generation,
        signal=said.signal,
        what=said.what,
        docs_url=said.docs_url,
        accounts=said.accounts,
        shipped_at=at,
        settles_at=now + policy.hold,
    )


def after_withdrawal(said: Withdrawal, latest: Ship) -> Step:
    """What follows from ``feature.withdrawn``: only the latest generation can be taken back."""
    if latest.generation != said.generation or latest.withdrawn_at is not None:
        return None
    return Withdraw(latest.issue_id, latest.generation, said.reason or "withdrawn")


def _next(latest: Ship | None) -> int:
    return 1 if latest is None else latest.generation + 1


def _opened(epic: EpicRow, latest: Ship | None, policy: Policy, now: datetime) -> Ship:
    released = ", ".join(version.name for version in epic.versions)
    return Ship(
        issue_id=epic.issue_id,
        generation=_next(latest),
        signal=JIRA,
        what=f"{epic.epic.summary} ({released})" if released else epic.epic.summary,
        docs_url=None,
        accounts=None,
        shipped_at=_released_at(epic, now),
        settles_at=now + policy.hold,
    )


def _released_at(epic: EpicRow, now: datetime) -> datetime:
    """The day of the last release where all are known, so that an old one is not told as new."""
    days = [version.released_on for version in epic.versions]
    known = [day for day in days if day is not None]
    if not known or len(known) < len(days):
        return now
    return min(now, datetime.combine(max(known), time.max, tzinfo=UTC))


def _widened(latest: Ship, accounts: tuple[str, ...] | None) -> Step:
    if latest.accounts is None:
        return None
    if accounts is None:
        return Widen(latest.issue_id, latest.generation, None)
    more = tuple(sorted({*latest.accounts, *accounts}))
    if set(more) == set(latest.accounts):
        return None
    return Widen(latest.issue_id, latest.generation, more)
