"""The shelf of themes: what customers say that no issue is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from sinks.store.rows import Remark, Words
from sinks.store.themes import Loose, Member, Theme


class Themes(Protocol):
    """Themes, and which remark is in which.

    A remark counts in its theme for as long as it waits for a person.
    """

    def loose(self, after: int, limit: int) -> list[Loose]:
        """Remarks that wait, have words, and whose version is in no theme.

        By id, from behind the id `after`, at most `limit`.
        """

    def growing(self, limit: int) -> list[Theme]:
        """Themes that remarks may join, those that were joined last; by id."""

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh theme ids, ascending, never given out before."""

    def put(self, themes: Sequence[Theme], members: Sequence[Member]) -> None:
        """Write new themes, the later `joined_at` of old ones, and who joined."""

    def of(self, remark_ids: Collection[int]) -> dict[int, int]:
        """Remark id -> the theme that it is in."""

    def get(self, theme_id: int) -> Theme | None:
        """One by its id."""

    def largest(self, least: int, limit: int) -> list[tuple[Theme, int]]:
        """Themes with at least so many remarks that wait, and how many; most first, then by id."""

    def waiting(self, theme_id: int, limit: int) -> list[tuple[Remark, Words | None]]:
        """Its remarks that wait for a person, by id."""

    def settle(self, theme_id: int, issue_id: int) -> None:
        """This issue was made for it."""

    def alone(self) -> bool:
        """Whether nobody else sorts remarks into themes; if so, until the transaction ends."""
