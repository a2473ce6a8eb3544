"""Guesses, lessons and certificates, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from secrets import token_bytes

from sinks.store.fake.state import Counters, State
from sinks.store.learned import SECRET_BYTES, Certificate, Guess, Labelled, Lesson, Undecided
from sinks.store.rows import PERSON, Decision, Link


class FakeLearned:
    """`sinks.store.contract.Learned`."""

    def __init__(self, state: State, counters: Counters) -> None:
        self._state = state
        self._marks = counters.mark

    def guess(self, remark_ids: Collection[int], guesses: Sequence[Guess]) -> None:
        """What likeness made of these remarks, in place of all that it made of them before."""
        for key in [key for key in self._state.guesses if key[0] in set(remark_ids)]:
            del self._state.guesses[key]
        self._state.guesses.update({(one.remark_id, one.passage, one.tier): one for one in guesses})
        self._state.audits.update(guess.remark_id for guess in guesses if guess.audit)

    def guesses_of(self, remark_ids: Collection[int]) -> dict[int, list[Guess]]:
        """Remark id -> its guesses by passage; a remark without any is absent."""
        found: dict[int, list[Guess]] = {}
        for (remark_id, *_), guess in sorted(self._state.guesses.items()):
            if remark_id in remark_ids:
                found.setdefault(remark_id, []).append(guess)
        return found

    def audits(self, remark_ids: Collection[int]) -> set[int]:
        """Of these remarks those that ever were audits, decided or not."""
        return self._state.audits & set(remark_ids)

    def labelled(self, tier: str, limit: int, now: datetime, patience: timedelta) -> list[Labelled]:
        """Guesses of a tier that a person has decided, the last decided, oldest decision first."""
        found: list[tuple[datetime, int, int, int, Labelled]] = []
        for (remark_id, passage, _), guess in self._state.guesses.items():
            if guess.tier == tier and guess.issue_id is not None:
                at, last, right = self._decided(guess, now, patience)
                if at is not None:
                    one = Labelled(guess=guess, right=right, decided_at=at)
                    found.append((at, last, remark_id, passage, one))
        return [each[-1] for each in sorted(found, key=lambda each: each[:4])[-limit:]]

    def audits_waiting(self, limit: int) -> Undecided:
        """How many audits nobody has decided, whether or not their time is over, and since when."""
        audits = [g for g in self._state.guesses.values() if g.audit and g.issue_id is not None]
        newest = sorted(audits, key=lambda guess: guess.at, reverse=True)[:limit]
        found = [g for g in newest if self._waits(g) and not self._theirs(g)]
        at = min((guess.at for guess in found), default=None)
        return Undecided(len({guess.remark_id for guess in found}), at)

    def teach(self, lessons: Sequence[Lesson]) -> None:
        """Write lessons, each over the one of the same remark and issue."""
        for lesson in lessons:
            key = (lesson.remark_id, lesson.issue_id)
            self._state.lessons[key] = (lesson, next(self._marks))

    def lessons(self, mark: int, limit: int | None = None) -> tuple[list[Lesson], int]:
        """Lessons written after `mark` (0: all), and the mark to ask with next time."""
        later = sorted(
            ((its, lesson) for lesson, its in self._state.lessons.values() if its > mark),
            key=lambda each: each[0],
        )[:limit]
        return [lesson for _, lesson in later], later[-1][0] if later else mark

    def certify(self, certificate: Certificate) -> None:
        """Append it: it is the tier's from now on."""
        self._state.certificates[len(self._state.certificates)] = certificate

    def certificate(self, tier: str, before: datetime | None = None) -> Certificate | None:
        """The tier's last one, or its last one from before that instant."""
        held = [
            each
            for each in self._state.certificates.values()
            if each.tier == tier and (before is None or each.at < before)
        ]
        return held[-1] if held else None

    def alone(self) -> bool:
        """Whether nobody else certifies: transactions come one after the other here."""
        return True

    def secret(self, name: str) -> bytes:
        """The store's own secret of that name; the first who asks makes it."""
        return self._state.secrets.setdefault(name, token_bytes(SECRET_BYTES))

    def keep(self, name: str, body: bytes, at: datetime) -> None:
        """Keep what can be computed anew, over what was kept under that name."""
        self._state.kept[name] = (body, at)

    def forget(self, prefix: str) -> int:
        """Drop what was kept under names that begin so; how many there were."""
        names = [name for name in self._state.kept if name.startswith(prefix)]
        for name in names:
            del self._state.kept[name]
        return len(names)

    def kept(self, name: str) -> tuple[bytes, datetime] | None:
        """What was kept, and when."""
        return self._state.kept.get(name)

    def _decided(
        self, guess: Guess, now: datetime, patience: timedelta
    ) -> tuple[datetime | None, int, bool]:
        """When a person decided its remark, by which decision, and whether the guess was right."""
        theirs = self._theirs(guess)
        if theirs:
            right = any(
                not decision.unseen and link.state == "linked" and link.issue_id == guess.issue_id
                for decision, link in theirs
            )
            last = max(decision.id for decision, _ in theirs)
            return max(decision.at for decision, _ in theirs), last, right
        if guess.audit and guess.at < now - patience and self._waits(guess):
            return guess.at + patience, 0, False
        return None, 0, False

    def _theirs(self, guess: Guess) -> list[tuple[Decision, Link]]:
        """What people decided about its remark, as far as it says something of the guess."""
        links = [link for (of, _), link in self._state.links.items() if of == guess.remark_id]
        return [
            (decision, link)
            for decision, link in (
                (self._state.decisions[each.decision_id], each) for each in links
            )
            if decision.rule == PERSON
            and decision.verdict in {"link", "reject"}
            and (guess.audit or not decision.unseen)
        ]

    def _waits(self, guess: Guess) -> bool:
        return any(
            remark.id == guess.remark_id
            and remark.outcome in {"suggested", "unmatched"}
            and not remark.withdrawn
            for remark in self._state.remarks.values()
        )
