"""Who is told of what, and who is not, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from sinks.store.fake.state import State
from sinks.store.mailstate import ARRIVED
from sinks.store.rows import Tell
from sinks.store.verdicts import admit, key_of


class FakeTells:
    """`sinks.store.contract.Tells`."""

    def __init__(self, state: State) -> None:
        self._tells = state.tells
        self._messages = state.messages

    def of_ship(self, issue_id: int, generation: int) -> list[Tell]:
        """Everyone considered so far, by id."""
        ship = (issue_id, generation)
        return [tell for tell in self._by_id() if (tell.issue_id, tell.generation) == ship]

    def put(self, tells: Sequence[Tell]) -> list[Tell]:
        """Write verdicts; of those that say tell, the ones that are new."""
        new = admit(tells, self._tells.values())
        self._tells.update({key_of(tell): tell for tell in new})
        return [tell for tell in new if tell.verdict == "tell"]

    def lose(self, ids: Collection[str], why: str) -> None:
        """Make tells that no mail has said skips, for this reason."""
        for key, tell in self._tells.items():
            if tell.id in ids and tell.verdict == "tell":
                self._tells[key] = msgspec.structs.replace(
                    tell, verdict="skip", reason=why, message_id=None
                )

    def forget(self, ids: Collection[str]) -> None:
        """Forget skips of people who are not considered any more; a tell stays."""
        for tell in list(self._tells.values()):
            if tell.id in ids and tell.verdict == "skip":
                del self._tells[key_of(tell)]

    def skipped(
        self, people: Collection[str], reasons: Collection[str], since: datetime, limit: int
    ) -> set[int]:
        """Issues of which these people were not told for one of these reasons since then."""
        found = [
            tell
            for tell in self._tells.values()
            if (tell.verdict, tell.person_id in people) == ("skip", True)
            and tell.reason in reasons
            and tell.decided_at >= since
        ]
        latest = sorted(found, key=lambda tell: (tell.decided_at, tell.id), reverse=True)
        return {tell.issue_id for tell in latest[:limit]}

    def told_beside(self, message_id: str) -> dict[tuple[str, int], datetime]:
        """(account id, issue id) -> when last another mail that arrived told of the same ship."""
        here = {
            (each.account_id, each.issue_id, each.generation)
            for each in self.of_message(message_id)
            if each.kind != "correction"
        }
        found: dict[tuple[str, int], datetime] = {}
        for each in self._tells.values():
            mail = self._messages.get(each.message_id or "")
            is_same = (each.account_id, each.issue_id, each.generation) in here
            if not is_same or each.kind == "correction" or mail is None or mail.sent_at is None:
                continue
            if mail.id != message_id and mail.state in ARRIVED:
                pair = (each.account_id, each.issue_id)
                found[pair] = max(mail.sent_at, found.get(pair, mail.sent_at))
        return found

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
