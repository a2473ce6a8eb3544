"""Themes, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import msgspec

from sinks.store.fake.state import Counters, State
from sinks.store.rows import Remark, Words
from sinks.store.themes import Loose, Member, Theme


class FakeThemes:
    """`sinks.store.contract.Themes`."""

    def __init__(self, state: State, counters: Counters) -> None:
        self._state = state
        self._ids = counters.theme

    def loose(self, after: int, limit: int) -> list[Loose]:
        """Remarks that wait, have words, and whose version is in no theme, by id."""
        found = []
        for remark in self._undecided():
            member = self._state.members.get(remark.id)
            words = self._state.words.get(remark.id)
            in_one = member is not None and member.version_at >= remark.version_at
            if remark.id > after and words is not None and not in_one:
                confidence = self._confidence(remark.id)
                found.append(Loose(remark=remark, words=words, confidence=confidence))
        return found[:limit]

    def growing(self, limit: int) -> list[Theme]:
        """Themes that remarks may join, those that were joined last; by id."""
        growing = [theme for theme in self._state.themes.values() if theme.issue_id is None]
        last = sorted(growing, key=lambda theme: (theme.joined_at, theme.id))[-limit:]
        return sorted(last, key=lambda theme: theme.id)

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh theme ids, ascending, never given out before."""
        return [next(self._ids) for _ in range(count)]

    def put(self, themes: Sequence[Theme], members: Sequence[Member]) -> None:
        """Write new themes, the later `joined_at` of old ones, and who joined."""
        for theme in themes:
            known = self._state.themes.get(theme.id, theme)
            joined = max(theme.joined_at, known.joined_at)
            self._state.themes[theme.id] = msgspec.structs.replace(known, joined_at=joined)
        self._state.members.update({member.remark_id: member for member in members})

    def of(self, remark_ids: Collection[int]) -> dict[int, int]:
        """Remark id -> the theme that it is in."""
        members = self._state.members
        return {id_: members[id_].theme_id for id_ in remark_ids if id_ in members}

    def get(self, theme_id: int) -> Theme | None:
        """One by its id."""
        return self._state.themes.get(theme_id)

    def largest(self, least: int, limit: int) -> list[tuple[Theme, int]]:
        """Themes with at least so many remarks that wait, and how many; most first, then by id."""
        members = self._state.members
        sizes = Counter(
            members[remark.id].theme_id for remark in self._undecided() if remark.id in members
        )
        found = sorted(sizes.items(), key=lambda each: (-each[1], each[0]))
        return [(self._state.themes[id_], size) for id_, size in found if size >= least][:limit]

    def waiting(self, theme_id: int, limit: int) -> list[tuple[Remark, Words | None]]:
        """Its remarks that wait for a person, by id."""
        members = self._state.members
        return [
            (remark, self._state.words.get(remark.id))
            for remark in self._undecided()
            if remark.id in members and members[remark.id].theme_id == theme_id
        ][:limit]

    def settle(self, theme_id: int, issue_id: int) -> None:
        """This issue was made for it."""
        theme = self._state.themes[theme_id]
        self._state.themes[theme_id] = msgspec.structs.replace(theme, issue_id=issue_id)

    def alone(self) -> bool:
        """Whether nobody else sorts: transactions come one after the other here."""
        return True

    def _undecided(self) -> list[Remark]:
        waits = [
            remark
            for remark in self._state.remarks.values()
            if remark.outcome in {"suggested", "unmatched"} and not remark.withdrawn
        ]
        return sorted(waits, key=lambda remark: remark.id)

    def _confidence(self, remark_id: int) -> float | None:
        known = [
            guess.confidence
            for guess in self._state.guesses.values()
            if guess.remark_id == remark_id and guess.issue_id is not None
        ]
        return max(known, default=None)
