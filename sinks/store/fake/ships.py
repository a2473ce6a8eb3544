"""What shipped, generation by generation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from sinks.store.fake.state import State
from sinks.store.rows import Anew, Ship


class FakeShips:
    """`sinks.store.contract.Ships`."""

    def __init__(self, state: State) -> None:
        self._ships = state.ships
        self._due = state.audience_due

    def latest(self, ids: Collection[int]) -> dict[int, Ship]:
        """Issue id -> its latest generation; locks them until the transaction ends."""
        by_age = sorted(self._ships.items())
        return {issue_id: ship for (issue_id, _), ship in by_age if issue_id in ids}

    def open(self, ship: Ship) -> None:
        """Write a new generation, whose audience is worked out when it settles."""
        key = (ship.issue_id, ship.generation)
        if key in self._ships:
            raise ValueError(f"issue {ship.issue_id} has a generation {ship.generation} already")
        self._ships[key] = ship
        self._due[key] = ship.settles_at

    def withdraw(self, issue_id: int, generation: int, at: datetime, why: str) -> None:
        """Take a generation back; its audience is worked out again now, for corrections."""
        key = (issue_id, generation)
        if key in self._ships and self._ships[key].withdrawn_at is None:
            self._change(key, withdrawn_at=at, withdrawn_why=why)
            self._due[key] = at

    def widen(
        self,
        issue_id: int,
        generation: int,
        accounts: Collection[str] | None,
        anew: Anew | None = None,
    ) -> None:
        """These accounts can use it, None: everyone; its audience is worked out again."""
        key = (issue_id, generation)
        if key in self._ships:
            taken_over = msgspec.structs.asdict(anew) if anew else {}
            self._change(key, accounts=None if accounts is None else tuple(accounts), **taken_over)
            ship = self._ships[key]
            self._due[key] = anew.settles_at if anew else ship.settled_at or ship.settles_at

    def wake(self, ids: Collection[int], at: datetime) -> None:
        """Work the latest generation's audience out again, at `at` but not before it settles."""
        for ship in self.latest(ids).values():
            if ship.withdrawn_at is None:
                key, due = (ship.issue_id, ship.generation), max(at, ship.settles_at)
                self._due[key] = min(self._due.get(key, due), due)

    def correct(self, generations: Collection[tuple[int, int]], at: datetime) -> None:
        """Of these work out again, at `at`, whom those that are withdrawn are owed to."""
        for key in generations:
            if key in self._ships and self._ships[key].withdrawn_at is not None:
                self._due[key] = min(self._due.get(key, at), at)

    def due(self, now: datetime, limit: int) -> list[Ship]:
        """Take ships whose audience is due; one withdrawn before it settled never settles."""
        waiting = sorted((at, key) for key, at in self._due.items() if at <= now)
        taken = sorted(key for _, key in waiting[:limit])
        for key in taken:
            del self._due[key]
            if self._ships[key].withdrawn_at is None and self._ships[key].settled_at is None:
                self._change(key, settled_at=now)
        return [self._ships[key] for key in taken]

    def all(self, limit: int) -> list[Ship]:
        """The newest, latest first."""
        by_age = sorted(
            self._ships.values(),
            key=lambda ship: (ship.shipped_at, ship.issue_id, ship.generation),
            reverse=True,
        )
        return by_age[:limit]

    def _change(self, key: tuple[int, int], **changes: Any) -> None:
        self._ships[key] = msgspec.structs.replace(self._ships[key], **changes)
