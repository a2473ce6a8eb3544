"""Themes, and which remark is in which."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from sinks.store.postgres.locks import Subject, try_lock
from sinks.store.postgres.remarks import UNDECIDED, remark_of, words_columns
from sinks.store.postgres.sql import among, new_ids
from sinks.store.postgres.values import columns_of, rows_of
from sinks.store.rows import Remark, Words
from sinks.store.tables import (
    THEME_ID,
    GuessTable,
    RemarkTable,
    ThemeMemberTable,
    ThemeTable,
    WordsTable,
)
from sinks.store.themes import Loose, Member, Theme

_REMARKS: Table = RemarkTable.__table__  # type: ignore[assignment]
_THEME = columns_of(ThemeTable, Theme)


class PostgresThemes:
    """`sinks.store.contract.Themes`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def loose(self, after: int, limit: int) -> list[Loose]:
        """Remarks that wait, have words, and whose version is in no theme, by id."""
        confidence = (
            select(func.max(GuessTable.confidence))
            .where(GuessTable.remark_id == RemarkTable.id, GuessTable.issue_id.is_not(None))
            .scalar_subquery()
        )
        in_one = and_(
            ThemeMemberTable.remark_id == RemarkTable.id,
            ThemeMemberTable.version_at >= RemarkTable.version_at,
        )
        rows = self._connection.execute(
            select(_REMARKS, *words_columns(), confidence.label("confidence"))
            .join(WordsTable, WordsTable.remark_id == RemarkTable.id)
            .outerjoin(ThemeMemberTable, in_one)
            .where(*UNDECIDED, RemarkTable.id > after, ThemeMemberTable.remark_id.is_(None))
            .order_by(RemarkTable.id)
            .limit(limit)
        )
        return [found for row in rows.mappings() if (found := _loose(row))]

    def growing(self, limit: int) -> list[Theme]:
        """Themes that remarks may join, those that were joined last; by id."""
        last = (
            select(*_THEME)
            .where(ThemeTable.issue_id.is_(None))
            .order_by(ThemeTable.joined_at.desc(), ThemeTable.id.desc())
            .limit(limit)
        )
        return sorted(rows_of(self._connection.execute(last), Theme), key=lambda theme: theme.id)

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh theme ids, ascending, never given out before."""
        return new_ids(self._connection, THEME_ID.name, count)

    def put(self, themes: Sequence[Theme], members: Sequence[Member]) -> None:
        """Write new themes, the later `joined_at` of old ones, and who joined."""
        if themes:
            new = insert(ThemeTable)
            later = func.greatest(ThemeTable.joined_at, new.excluded.joined_at)
            upsert = new.on_conflict_do_update(index_elements=["id"], set_={"joined_at": later})
            self._connection.execute(upsert, [msgspec.structs.asdict(each) for each in themes])
        if members:
            joins = insert(ThemeMemberTable)
            set_ = {name: joins.excluded[name] for name in ("theme_id", "version_at", "likeness")}
            self._connection.execute(
                joins.on_conflict_do_update(index_elements=["remark_id"], set_=set_),
                [msgspec.structs.asdict(each) for each in members],
            )

    def of(self, remark_ids: Collection[int]) -> dict[int, int]:
        """Remark id -> the theme that it is in."""
        rows = self._connection.execute(
            select(ThemeMemberTable.remark_id, ThemeMemberTable.theme_id).where(
                among(ThemeMemberTable.remark_id, remark_ids)
            )
        )
        return {row.remark_id: row.theme_id for row in rows}

    def get(self, theme_id: int) -> Theme | None:
        """One by its id."""
        found = self._connection.execute(select(*_THEME).where(ThemeTable.id == theme_id))
        return next(iter(rows_of(found, Theme)), None)

    def largest(self, least: int, limit: int) -> list[tuple[Theme, int]]:
        """Themes with at least so many remarks that wait, and how many; most first, then by id."""
        size = func.count()
        counted = (
            select(ThemeMemberTable.theme_id, size.label("size"))
            .join(RemarkTable, RemarkTable.id == ThemeMemberTable.remark_id)
            .where(*UNDECIDED)
            .group_by(ThemeMemberTable.theme_id)
            .having(size >= least)
            .order_by(size.desc(), ThemeMemberTable.theme_id)
            .limit(limit)
            .subquery()
        )
        rows = self._connection.execute(
            select(*_THEME, counted.c.size)
            .join(counted, counted.c.theme_id == ThemeTable.id)
            .order_by(counted.c.size.desc(), ThemeTable.id)
        )
        return [
            (msgspec.convert({k: v for k, v in row.items() if k != "size"}, Theme), row["size"])
            for row in rows.mappings()
        ]

    def waiting(self, theme_id: int, limit: int) -> list[tuple[Remark, Words | None]]:
        """Its remarks that wait for a person, by id."""
        rows = self._connection.execute(
            select(_REMARKS, *words_columns())
            .join(ThemeMemberTable, ThemeMemberTable.remark_id == RemarkTable.id)
            .outerjoin(WordsTable, WordsTable.remark_id == RemarkTable.id)
            .where(ThemeMemberTable.theme_id == theme_id, *UNDECIDED)
            .order_by(RemarkTable.id)
            .limit(limit)
        )
        return [remark_of(row) for row in rows.mappings()]

    def settle(self, theme_id: int, issue_id: int) -> None:
        """This issue was made for it."""
        made = update(ThemeTable).where(ThemeTable.id == theme_id).values(issue_id=issue_id)
        self._connection.execute(made)

    def alone(self) -> bool:
        """Whether nobody else sorts remarks into themes; if so, until the transaction ends."""
        return try_lock(self._connection, Subject.THEMES)


def _loose(row: Any) -> Loose | None:
    remark, words = remark_of(row)
    if words is None:
        return None
    return Loose(remark=remark, words=words, confidence=row["confidence"])
