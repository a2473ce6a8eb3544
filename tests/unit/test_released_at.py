"""When an issue counts as shipped: on the day of its last release, where all days are known."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.events import Epic, Version
from sinks.store.rows import EpicRow, Ship
from streams.ship.rules import Policy, Widen, after_tracker

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
POLICY = Policy(hold=timedelta(minutes=15), without_version=True)
EPIC = Epic(id="1", key="APP-1", resolution="Done", status="Done", status_category="done")
TO_ACME = Ship(
    issue_id=1,
    generation=1,
    signal="ci",
    what="Export",
    docs_url=None,
    accounts=("acme",),
    shipped_at=NOW - timedelta(days=900),
    settles_at=NOW - timedelta(days=900),
)


def row(*days: date | None) -> EpicRow:
    """An issue with a version released on each of these days."""
    versions = tuple(
        Version(id=str(n), project_id="1", name=f"{n}.0", released=True, released_on=day)
        for n, day in enumerate(days, start=1)
    )
    return EpicRow(issue_id=1, updated_at=NOW, epic=EPIC, versions=versions)


def shipped_at(issue: EpicRow, latest: Ship | None) -> datetime:
    """When it shipped to everyone, by the ship that opens or by the one that is taken over."""
    step = after_tracker(issue, latest, POLICY, NOW, before=None)
    ship = step.anew if isinstance(step, Widen) else step
    assert ship is not None
    assert ship.settles_at == NOW + POLICY.hold
    return ship.shipped_at


@pytest.mark.parametrize("latest", [None, TO_ACME])
@pytest.mark.parametrize(
    ("days", "day"),
    [
        ((date(2025, 1, 5),), date(2025, 1, 5)),
        ((date(2025, 1, 5), date(2025, 6, 1), date(2024, 1, 1)), date(2025, 6, 1)),
    ],
)
def test_an_old_release_is_not_told_as_new(
    days: tuple[date, ...], day: date, latest: Ship | None
) -> None:
    """The last of its versions counts; also where some accounts had it before."""
    assert shipped_at(row(*days), latest).date() == day


@pytest.mark.parametrize("latest", [None, TO_ACME])
@pytest.mark.parametrize(
    "days", [(), (None,), (date(2025, 1, 5), None), (NOW.date(),), (date(2026, 4, 1),)]
)
def test_what_is_not_known_to_be_old_ships_now(
    days: tuple[date | None, ...], latest: Ship | None
) -> None:
    """One day that nobody knows, today, or a day to come: never in the future."""
    assert shipped_at(row(*days), latest) == NOW
