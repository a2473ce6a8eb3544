"""When an issue counts as shipped: on the day of its last release, where all days are known."""

from datetime import UTC, date, datetime

import pytest

from schemas.events import Epic, Version
from sinks.store.rows import EpicRow
from streams.ship.rules import _released_at

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)


def row(*days: date | None) -> EpicRow:
    """An issue with a version released on each of these days."""
    versions = tuple(
        Version(id=str(n), project_id="1", name=f"{n}.0", released=True, released_on=day)
        for n, day in enumerate(days, start=1)
    )
    return EpicRow(issue_id=1, updated_at=NOW, epic=Epic(id="1", key="APP-1"), versions=versions)


@pytest.mark.parametrize(
    ("days", "day"),
    [
        ((date(2025, 1, 5),), date(2025, 1, 5)),
        ((date(2025, 1, 5), date(2025, 6, 1), date(2024, 1, 1)), date(2025, 6, 1)),
    ],
)
def test_an_old_release_is_not_told_as_new(days: tuple[date, ...], day: date) -> None:
    """The last of its versions counts."""
    assert _released_at(row(*days), NOW).date() == day


@pytest.mark.parametrize(
    "days", [(), (None,), (date(2025, 1, 5), None), (NOW.date(),), (date(2026, 4, 1),)]
)
def test_what_is_not_known_to_be_old_ships_now(days: tuple[date | None, ...]) -> None:
    """One day that nobody knows, today, or a day to come: never in the future."""
    assert _released_at(row(*days), NOW) == NOW
