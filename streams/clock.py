"""The one clock. Whoever needs the time is given one of these, so that a test can play a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """Aware, UTC."""


class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self._now += by
