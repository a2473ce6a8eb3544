"""Decisions, append only, and where each remark and issue stand because of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from psycopg.errors import UniqueViolation
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    delete,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from sinks.store.contract.heard import PAGE
from sinks.store.postgres.copy import copy_rows
from sinks.store.postgres.demand import demand_of, linked_rows, standing_with, voices_of
from sinks.store.postgres.rulings import accepted_for, held_remarks, last_by, ruled
from sinks.store.postgres.sql import among, among_given, new_ids
from sinks.store.rows import PERSON, Decision, Demand, Link, Linked, LinkState
from sinks.store.tables import DECISION_ID, DecisionTable, LinkTable, RemarkTable

_DECISIONS: Table = DecisionTable.__table__  # type: ignore[assignment]
_LINKS: Table = LinkTable.__table__  # type: ignore[assignment]
_REMARKS: Table = RemarkTable.__table__  # type: ignore[assignment]

_NOT_BY_PERSON = text(
    "coalesce((SELECT rule FROM decision WHERE decision.id = link.decision_id), '') <> :person"
).bindparams(person=PERSON)
"""As text: built, the subquery would look at every link, not at the one in conflict."""
_RowT = TypeVar("_RowT", Link, Decision)


def _columns(table: Table, row: type[Link | Decision]) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in row.__struct_fields__]


_OF_REMARKS = (
    select(*_columns(_LINKS, Link), *_columns(_DECISIONS, Decision))
    .join_from(_LINKS, _DECISIONS, _DECISIONS.c.id == _LINKS.c.decision_id)
    .where(among_given(LinkTable.remark_id, "ids"))
    .order_by(_DECISIONS.c.score.desc(), _LINKS.c.issue_key)
)


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

    def drop(self, links: Collection[tuple[int, str]]) -> None:
        """Forget links, by remark and issue key; the decisions stay."""
        if links:
            these = tuple_(LinkTable.remark_id, LinkTable.issue_key).in_(links)
            self._connection.execute(delete(LinkTable).where(these))

    def of_remark(self, remark_id: int) -> list[tuple[Link, Decision]]:
        """Every link of a remark with the decision behind it, best score first."""
        return self.of_remarks([remark_id])[remark_id]

    def of_remarks(self, remark_ids: Collection[int]) -> dict[int, list[tuple[Link, Decision]]]:
        """The same of each of them; of one without links nothing."""
        width = len(Link.__struct_fields__)
        found: dict[int, list[tuple[Link, Decision]]] = {one: [] for one in remark_ids}
        for row in self._connection.execute(_OF_REMARKS, {"ids": list(found)}):
            link = _of(Link, row[:width])
            found[link.remark_id].append((link, _of(Decision, row[width:])))
        return found

    def held(self, after: int, limit: int = PAGE) -> dict[int, list[tuple[Link, Decision]]]:
        """Remarks that a person holds as linked to a known issue -> all their links."""
        page = [row.remark_id for row in self._connection.execute(held_remarks(after, limit))]
        return self.of_remarks(page)

    def ruled(self, remark_id: int) -> list[Decision]:
        """The last decision of a person on each issue of a remark, in order."""
        return ruled(self._connection, remark_id)

    def last_by(self, by: str) -> list[Decision]:
        """What a person decided last, in one go, and nobody decided anew since; in order."""
        return last_by(self._connection, by)

    def accepted(self, issue_ids: Collection[int], most: int) -> dict[int, list[Linked]]:
        """Issue id -> remarks that people linked to it, the last linked first, at most `most`."""
        found = {id_: accepted_for(self._connection, id_, most) for id_ in sorted(issue_ids)}
        return {id_: linked for id_, linked in found.items() if linked}

    def of_issue(
        self,
        issue_id: int,
        state: LinkState = "linked",
        *,
        account_id: str | None = None,
        after: tuple[datetime, int] | None = None,
        limit: int = PAGE,
    ) -> list[Linked]:
        """Remarks that stand so with this issue, not withdrawn, with words, oldest said first."""
        page = standing_with(issue_id, state).limit(limit)
        if account_id is not None:
            page = page.where(_REMARKS.c.account_id == account_id)
        if after is not None:
            page = page.where(tuple_(_REMARKS.c.said_at, _REMARKS.c.id) > after)
        return linked_rows(self._connection, page)

    def standing(self, issue_id: int, remarks: Collection[int], limit: int = PAGE) -> list[Linked]:
        """Of these remarks those that `of_issue` has, oldest said first, at most `limit`."""
        these = standing_with(issue_id).where(among(LinkTable.remark_id, remarks))
        return linked_rows(self._connection, these.limit(limit))

    def voices(self, issue_id: int, *, since: datetime | None, most: int) -> list[Linked]:
        """Who stands behind an issue: of each voice the `most` remarks said first."""
        return linked_rows(self._connection, voices_of(issue_id, since, most))

    def demand(self, issue_id: int) -> Demand:
        """How many remarks and accounts an issue has."""
        return demand_of(self._connection, issue_id)

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
            self._set(link, by_person=rules.get(link.decision_id) == PERSON)

    def _set(self, link: Link, *, by_person: bool) -> None:
        values = msgspec.structs.asdict(link)
        free = None if by_person else _NOT_BY_PERSON
        self._connection.execute(
            insert(LinkTable)
            .values(values)
            .on_conflict_do_update(
                index_elements=[LinkTable.remark_id, LinkTable.issue_key], set_=values, where=free
            )
        )


def _of(row: type[_RowT], values: Iterable[Any]) -> _RowT:
    return row(**dict(zip(row.__struct_fields__, values, strict=True)))
