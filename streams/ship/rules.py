"""When an issue counts as shipped, and what follows when that changes. Pure.

What the tracker's news does to an issue's latest generation, by where that stands:

==========================================  ========  ===========  ============  ============
the issue, and what has become of it        none yet  on hold      settled       taken back
==========================================  ========  ===========  ============  ============
shipped, and was not before                 opens     -            -             opens anew
shipped, as it was before                   opens     -            -             -
re-opened: resolution cleared               -         takes back   takes back    -
re-opened: status moved back                -         takes back   takes back    -
a version it names is unreleased            -         takes back   takes back    -
an unreleased version is added              -         takes back   -             -
its versions are removed, merged, deleted   -         takes back   -             -
another resolution, or one we do not know   -         takes back   -             -
deleted                                     -         takes back   -             -
==========================================  ========  ===========  ============  ============

Tidying up in the tracker takes nothing from customers, so once people have been told, only what
says that it is not there any more takes a ship back. What was taken back, by whomever, stays so
until the issue ships anew. What CI or a person shipped the tracker does not take back. Where that
was for some accounts, it becomes everyone's, and the tracker's, once the issue ships anew.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Literal, TypeAlias

import msgspec

from schemas.events import Epic, Shipment, Withdrawal
from sinks.store.rows import Anew, EpicRow, Ship

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
BEGUN = frozenset({"new", "indeterminate"})
"""Jira's categories of a status that is not done."""


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
    """A generation that more accounts can use; None: everyone.

    Attributes:
        anew: by whose word from now on, where another took it over; those who gain it by that are
            told once it has settled again.
    """

    issue_id: int
    generation: int
    accounts: tuple[str, ...] | None
    anew: Anew | None = None


Step: TypeAlias = Ship | Withdraw | Widen | None


def resolution_of(epic: Epic) -> Resolution:
    """Jira's resolution in our words; one that we do not know ships nothing."""
    name = epic.resolution
    if name is None:
        return "open"
    word = name.strip().lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return "done" if word in DONE else "declined" if word in DECLINED else "unknown"


def not_done_because(epic: Epic) -> str | None:
    """Why the issue itself is not done, whatever its versions; None where it is."""
    if resolution_of(epic) != "done":
        said = f"its resolution is {epic.resolution!r}" if epic.resolution else ""
        return said or "it is not resolved"
    return f"its status is {epic.status!r}" if epic.status_category in BEGUN else None


def not_shipped_because(epic: EpicRow, policy: Policy) -> str | None:
    """Why the tracker's state does not count as shipped; None where it does."""
    if epic.epic.deleted:
        return "the issue was deleted"
    undone = not_done_because(epic.epic)
    if undone is not None:
        return undone
    waiting = [version.name for version in epic.versions if not version.released]
    if waiting:
        return f"not released yet: {', '.join(waiting)}"
    if not epic.versions and not policy.without_version:
        return "it is resolved as done but names no fix version"
    return None


def after_tracker(  # noqa: PLR0913 - all that it depends on
    epic: EpicRow,
    latest: Ship | None,
    policy: Policy,
    now: datetime,
    *,
    before: EpicRow | None,
    undone_meanwhile: bool = False,
) -> Step:
    """What follows from an issue's state, by the table at the head of this file.

    Args:
        epic: as it is now.
        latest: its latest generation.
        policy: what counts as shipped.
        now: aware.
        before: as it was when it was last looked at; None where nobody had heard of it.
        undone_meanwhile: it was not done at some time between the two.
    """
    reason = not_shipped_because(epic, policy)
    if reason is not None:
        return _taken_back(epic, before, latest, reason)
    anew = undone_meanwhile or before is None or not_shipped_because(before, policy) is not None
    if latest is None or (latest.withdrawn_at is not None and anew):
        return _opened(epic, latest, policy, now)
    if latest.withdrawn_at is None and latest.accounts is not None and anew:
        taken_over = Anew(
            signal=JIRA, shipped_at=_released_at(epic, now), settles_at=now + policy.hold
        )
        return Widen(latest.issue_id, latest.generation, None, taken_over)
    return None


def reopened_because(epic: EpicRow, before: EpicRow | None) -> str | None:
    """What says that it is not there any more, and not only that somebody tidied up."""
    if epic.epic.deleted:
        return None
    if resolution_of(epic.epic) == "open":
        return "it was re-opened"
    if resolution_of(epic.epic) == "done" and epic.epic.status_category in BEGUN:
        return f"its status is {epic.epic.status!r} again"
    released = {version.id for version in before.versions if version.released} if before else set()
    back = [one.name for one in epic.versions if not one.released and one.id in released]
    return f"not released any more: {', '.join(back)}" if back else None


def _taken_back(epic: EpicRow, before: EpicRow | None, latest: Ship | None, reason: str) -> Step:
    if latest is None or latest.withdrawn_at is not None or latest.signal != JIRA:
        return None
    why = reason if latest.settled_at is None else reopened_because(epic, before)
    return Withdraw(epic.issue_id, latest.generation, why) if why is not None else None


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
