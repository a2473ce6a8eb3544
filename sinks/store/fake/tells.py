"""Who is told of what, and who is not, and why."""

from __future__ import annotations

from collections.abc import Sequence

from sinks.store.fake.state import State
from sinks.store.rows import Tell
from sinks.store.verdicts import admit, key_of


class FakeTells:
    """`sinks.store.contract.Tells`."""

    def __init__(self, state: State) -> None:
        self._tells = state.tells

    def of_ship(self, issue_id: int, generation: int) -> list[Tell]:
        """Everyone considered so far, by id."""
        ship = (issue_id, generation)
        return [tell for tell in self._by_id() if (tell.issue_id, tell.generation) == ship]

    def put(self, tells: Sequence[Tell]) -> list[Tell]:
        """Write verdicts; of those that say tell, the ones that are new."""
        new = admit(tells, self._tells.values())
        self._tells.update({key_of(tell): tell for tell in new})
        return [tell for tell in new if tell.verdict == "tell"]

    def of_message(self, message_id: str) -> list[Tell]:
        """What a mail carries, by id."""
        return [tell for tell in self._by_id() if tell.message_id == message_id]

    def find(self, tell_id: str) -> Tell | None:
        """One by its notification id."""
        return next((tell for tell in self._tells.values() if tell.id == tell_id), None)

    def all(self, limit: int) -> list[Tell]:
        """The newest, latest first."""
        by_age = sorted(self._by_id(), key=lambda tell: tell.decided_at, reverse=True)
        return by_age[:limit]

    def _by_id(self) -> list[Tell]:
        return sorted(self._tells.values(), key=lambda tell: tell.id)
