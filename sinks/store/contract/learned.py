"""The shelf of what decisions taught."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sinks.store.learned import Certificate, Guess, Labelled, Lesson, Undecided


class Learned(Protocol):
    """Guesses, the lessons that people's decisions are, and certificates."""

    def guess(self, remark_ids: Collection[int], guesses: Sequence[Guess]) -> None:
        """What likeness made of these remarks, in place of all that it made of them before.

        A remark of which a guess is an audit is one for good, even where its guesses go.
        """

    def guesses_of(self, remark_ids: Collection[int]) -> dict[int, list[Guess]]:
        """Remark id -> its guesses by passage and tier; a remark without any is absent."""

    def audits(self, remark_ids: Collection[int]) -> set[int]:
        """Of these remarks those that ever were audits, decided or not."""

    def labelled(self, tier: str, limit: int, now: datetime, patience: timedelta) -> list[Labelled]:
        """Guesses of a tier that a person has decided, the last decided, oldest decision first.

        A guess is right where a person linked its issue, and wrong where a person decided anything
        else about the remark. What was decided unseen says nothing of a guess, but an audit is
        never left out: one that was decided unseen counts as wrong, and so does one that nobody has
        decided for longer than `patience`, as if decided when that ran out.
        """

    def audits_waiting(self, limit: int) -> Undecided:
        """Remarks that are audits and that nobody has decided, whether or not their time is over.

        Of the newest `limit` guesses that are audits; one that names no issue is none.
        """

    def teach(self, lessons: Sequence[Lesson]) -> None:
        """Write lessons, each over the one of the same remark and issue."""

    def lessons(self, mark: int, limit: int | None = None) -> tuple[list[Lesson], int]:
        """Lessons written after `mark` (0: all), and the mark to ask with next time.

        At most `limit`, those written first. Asking on with each mark misses no write, whichever
        transaction ends first.
        """

    def certify(self, certificate: Certificate) -> None:
        """Append it: it is the tier's from now on."""

    def certificate(self, tier: str, before: datetime | None = None) -> Certificate | None:
        """The tier's last one, or its last one from before that instant."""

    def alone(self) -> bool:
        """Whether nobody else certifies; if so, until the transaction ends."""

    def secret(self, name: str) -> bytes:
        """The store's own secret of that name, `SECRET_BYTES` long.

        The first who asks makes it, at random; whoever asks at the same time waits for it and gets
        the same.
        """

    def keep(self, name: str, body: bytes, at: datetime) -> None:
        """Keep what can be computed anew, over what was kept under that name."""

    def forget(self, prefix: str) -> int:
        """Drop what was kept under names that begin so; how many there were."""

    def kept(self, name: str) -> tuple[bytes, datetime] | None:
        """What was kept, and when."""
