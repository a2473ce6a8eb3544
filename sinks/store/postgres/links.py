"""Decisions, append only, and where each remark and issue stand because of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from psycopg.errors import UniqueViolation
from sqlalchemy import ColumnElement, Connection, Table, func, select, update
from sqlalchemy.dialects.postgresql import insert

from sinks.store.postgres.copy import copy_rows
from sinks.store.postgres.remarks import remark_of, words_columns
from sinks.store.postgres.sql import new_ids
from sinks.store.rows import Decision, Link, Linked, LinkState
from sinks.store.tables import DECISION_ID, DecisionTable, LinkTable, RemarkTable, WordsTable

_DECISIONS: Table = DecisionTable.__table__  # type: ignore[assignment]
_LINKS: Table = LinkTable.__table__  # type: ignore[assignment]
_REMARKS: Table = RemarkTable.__table__  # type: ignore[assignment]
_WORDS: Table = WordsTable.__table__  # type: ignore[assignment]

_RowT = TypeVar("_RowT", Link, Decision)


class PostgresLinks:
    """`sinks.store.contract.Links`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh decision ids, ascending, never given out before."""
        return new_ids(self._connection, DECISION_ID.name, count)

    def add(self, decisions: Sequence[Decision], links: Sequence[Link]) -> None:
        """COPY both; where a link is there already, set it, unless a person decided it."""
        as_tuple = msgspec.structs.astuple
        fields = Decision.__struct_fields__
        copy_rows(self._connection, _DECISIONS, fields, (as_tuple(each) for each in decisions))
        try:
            with self._connection.begin_nested():
                rows = (as_tuple(each) for each in links)
                copy_rows(self._connection, _LINKS, Link.__struct_fields__, rows)
        except UniqueViolation:
            self._upsert(decisions, links)

    def of_remark(self, remark_id: int) -> list[tuple[Link, Decision]]:
        """Every link of a remark with the decision behind it, best score first."""
        width = len(Link.__struct_fields__)
        rows = self._connection.execute(
            select(*_columns(_LINKS, Link), *_columns(_DECISIONS, Decision))
            .join_from(_LINKS, _DECISIONS, _DECISIONS.c.id == _LINKS.c.decision_id)
            .where(_LINKS.c.remark_id == remark_id)
            .order_by(_DECISIONS.c.score.desc(), _LINKS.c.issue_key)
        )
        return [(_of(Link, row[:width]), _of(Decision, row[width:])) for row in map(tuple, rows)]

    def of_issue(self, issue_id: int, state: LinkState = "linked") -> list[Linked]:
        """Every remark that stands so with this issue, not withdrawn, oldest said first."""
        rows = self._connection.execute(
            select(_REMARKS, *words_columns(), _DECISIONS.c.at.label("linked_at"))
            .join(_LINKS, _LINKS.c.remark_id == _REMARKS.c.id)
            .join(_DECISIONS, _DECISIONS.c.id == _LINKS.c.decision_id)
            .outerjoin(_WORDS, _WORDS.c.remark_id == _REMARKS.c.id)
            .where(_LINKS.c.issue_id == issue_id, _LINKS.c.state == state)
            .where(~_REMARKS.c.withdrawn)
            .order_by(_REMARKS.c.said_at, _REMARKS.c.id)
        )
        found = []
        for row in rows.mappings():
            remark, words = remark_of(row)
            found.append(Linked(remark=remark, words=words, linked_at=row["linked_at"]))
        return found

    def adopt(self, keys: Mapping[str, int]) -> set[int]:
        """Issue key -> id, now known: links by key alone get the id. The ids that gained links."""
        gained: set[int] = set()
        for key, issue_id in keys.items():
            changed = self._connection.execute(
                update(LinkTable)
                .where(LinkTable.issue_id.is_(None), LinkTable.issue_key == key)
                .values(issue_id=issue_id)
            )
            gained |= {issue_id} if changed.rowcount else set()
        return gained

    def unknown_keys(self, limit: int, after: str = "") -> list[str]:
        """Keys that remarks name and no issue is known for, in order, from behind `after`."""
        orphans = (
            select(LinkTable.issue_key)
            .where(LinkTable.issue_id.is_(None), LinkTable.issue_key > after)
            .distinct()
        )
        return list(self._connection.scalars(orphans.order_by(LinkTable.issue_key).limit(limit)))

    def _upsert(self, decisions: Sequence[Decision], links: Sequence[Link]) -> None:
        rules = {each.id: each.rule for each in decisions}
        for link in links:
            self._set(link, by_person=rules.get(link.decision_id) == "person")

    def _set(self, link: Link, *, by_person: bool) -> None:
        values = msgspec.structs.asdict(link)
        old_rule = (
            select(DecisionTable.rule)
            .where(DecisionTable.id == LinkTable.decision_id)
            .scalar_subquery()
        )
        free = None if by_person else func.coalesce(old_rule, "") != "person"
        self._connection.execute(
            insert(LinkTable)
            .values(values)
            .on_conflict_do_update(
                index_elements=[LinkTable.remark_id, LinkTable.issue_key], set_=values, where=free
            )
        )


def _columns(table: Table, row: type[Link | Decision]) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in row.__struct_fields__]


def _of(row: type[_RowT], values: Sequence[Any]) -> _RowT:
    return row(**dict(zip(row.__struct_fields__, values, strict=True)))
