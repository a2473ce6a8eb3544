"""The shelves of what shipped, who is told, by which mail, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from sinks.store.rows import Anew, Answer, LoopRow, Message, Report, Ship, Tell


class Ships(Protocol):
    """What shipped, generation by generation."""

    def latest(self, ids: Collection[int]) -> dict[int, Ship]:
        """Issue id -> its latest generation; locks them until the transaction ends."""

    def open(self, ship: Ship) -> None:
        """Write a new generation, whose audience is worked out when it settles."""

    def withdraw(self, issue_id: int, generation: int, at: datetime, why: str) -> None:
        """Take a generation back; its audience is worked out again now, for corrections."""

    def widen(
        self,
        issue_id: int,
        generation: int,
        accounts: Collection[str] | None,
        anew: Anew | None = None,
    ) -> None:
        """These accounts can use it, None: everyone; its audience is worked out again.

        Where another signal took it over, as `anew` says, not before it has settled once more.
        """

    def wake(self, ids: Collection[int], at: datetime) -> None:
        """Work the latest generation's audience out again, at `at` but not before it settles.

        Unless it is withdrawn. Where it is due earlier it stays so. Best called last: holds them.
        """

    def correct(self, generations: Collection[tuple[int, int]], at: datetime) -> None:
        """Of these (issue, generation) work out again, at `at`, whom those withdrawn are owed to.

        The others stay as they are. Where it is due earlier it stays so. Holds them.
        """

    def due(self, now: datetime, limit: int) -> list[Ship]:
        """Take ships whose audience is due; locked until the transaction ends, then settled.

        One that was withdrawn before it settled never settles.
        """

    def all(self, limit: int) -> list[Ship]:
        """The newest, latest first."""


class Tells(Protocol):
    """Who is told of what, and who is not, and why."""

    def of_ship(self, issue_id: int, generation: int) -> list[Tell]:
        """Everyone considered so far."""

    def put(self, tells: Sequence[Tell]) -> list[Tell]:
        """Write verdicts; of those that say tell, the ones that are new.

        A tell is never overwritten; a skip is, by whatever is decided later. A second tell of the
        same at the same mail address, for a person known under two ids, is written as a skip.
        """

    def lose(self, ids: Collection[str], why: str) -> None:
        """Make tells that no mail has said skips, for this reason: they may be told anew."""

    def forget(self, ids: Collection[str]) -> None:
        """Forget skips of people who are not considered any more; a tell stays."""

    def skipped(
        self, people: Collection[str], reasons: Collection[str], since: datetime, limit: int
    ) -> set[int]:
        """Issues of which these people, by id, were not told for one of these reasons since then.

        The latest `limit` of such verdicts count.
        """

    def of_message(self, message_id: str) -> list[Tell]:
        """What a mail carries."""

    def told_beside(self, message_id: str) -> dict[tuple[str, int], datetime]:
        """(account id, issue id) -> when last another mail that arrived told of the same ship.

        Only of what this mail tells; what no other mail told of is absent.
        """

    def find(self, tell_id: str) -> Tell | None:
        """One by its notification id."""

    def all(self, limit: int) -> list[Tell]:
        """The newest, latest first."""


class Messages(Protocol):
    """Mails: claimed before they are sent, settled by what the provider says."""

    def join(self, person_id: str, email: str, name: str, due_at: datetime, now: datetime) -> str:
        """The id of the person's open mail; made where there is none.

        It is due at `due_at`, or earlier where it was due earlier already.
        """

    def claim(self, now: datetime, resend_after_s: float, limit: int) -> list[Message]:
        """Take mails that are due: state ``sending``, due again after `resend_after_s`.

        A mail that is due while ``sending`` is one of which nobody can tell whether it went out,
        unless it has no `doubts`; each claim is one more until its outcome is written.
        """

    def sent(self, message_id: str, provider_id: str, at: datetime) -> None:
        """The provider took it. One that was settled meanwhile stays settled."""

    def postpone(
        self, message_id: str, due_at: datetime, why: str, doubts: int | None = None
    ) -> None:
        """Not taken: due again then. One that was settled meanwhile stays settled.

        It stays ``sending``: a time-out may hide that it went out, so nothing more may join it.

        Args:
            message_id: which one.
            due_at: when it is to be tried again.
            why: for a person to read.
            doubts: tries that may have gone out, where that is known better than by its claims.
        """

    def fail(self, message_id: str, at: datetime, why: str, doubts: int | None = None) -> None:
        """It will never be taken. One that was taken or settled meanwhile stays so."""

    def settle(self, reports: Sequence[Report]) -> list[Message]:
        """Take the provider's reports, each once, in any order; the mails whose state changed."""

    def find(self, message_id: str) -> Message | None:
        """One by its id."""

    def get(self, ids: Collection[str]) -> dict[str, Message]:
        """Mails by id."""


class Loops(Protocol):
    """How far each loop has closed."""

    def get(self, pairs: Collection[tuple[str, int]]) -> dict[tuple[str, int], LoopRow]:
        """(account id, issue id) -> where it stands; locks them until the transaction ends."""

    def put(self, rows: Sequence[LoopRow]) -> None:
        """Write where they stand now."""

    def use_reply(self, token_id: str, at: datetime) -> bool:
        """Whether this is the first use of a mail's link."""

    def reply_used(self, token_id: str) -> bool:
        """Whether the link has been used, for the page that shows it."""

    def keep(self, answers: Sequence[Answer]) -> None:
        """Keep what was written beside answers, each once."""

    def answers(self, account_id: str, issue_id: int) -> list[Answer]:
        """What was written beside a loop's answers, the oldest first."""

    def all(self, limit: int) -> list[LoopRow]:
        """The last changed, latest first."""
