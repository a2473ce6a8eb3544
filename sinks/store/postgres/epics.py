"""Issues and versions of the tracker, each in its newest known state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from schemas.events import Epic, Version
from sinks.contracts import Sighting
from sinks.store.postgres.locks import Subject, lock
from sinks.store.postgres.sql import among, among_given, new_ids
from sinks.store.postgres.versions import put_versions, versions_by_id
from sinks.store.rows import EpicRow
from sinks.store.sightings import newest, newest_named, newest_said
from sinks.store.tables import EPIC_MARK, EpicKey, EpicTable

_PROJECTS = text("""
    WITH RECURSIVE project (name) AS (
        SELECT min(split_part(key, '-', 1)) FROM epic_key
        UNION ALL
        SELECT (SELECT min(split_part(key, '-', 1)) FROM epic_key
                WHERE split_part(key, '-', 1) > project.name)
        FROM project WHERE project.name IS NOT NULL
    )
    SELECT name FROM project WHERE name IS NOT NULL
""")
"""From one project to the next in the index: one step a project, however many issues there are."""
_BY_KEY = select(EpicKey.key, EpicKey.issue_id).where(among_given(EpicKey.key, "keys"))
_DELETED = select(EpicTable.issue_id).where(
    among_given(EpicTable.issue_id, "ids"), EpicTable.issue["deleted"].as_boolean()
)
_HELD = (
    select(EpicTable.issue_id)
    .where(among_given(EpicTable.issue_id, "ids"))
    .order_by(EpicTable.issue_id)
    .with_for_update(key_share=True)
    .cte("held")
)
_DUE_AT = bindparam("due_at", type_=EpicTable.evidence_due_at.type)
_OWE = (
    update(EpicTable)
    .where(EpicTable.issue_id == _HELD.c.issue_id)
    .values(evidence_due_at=func.least(EpicTable.evidence_due_at, _DUE_AT))
)


class PostgresEpics:
    """`sinks.store.contract.Epics`.

    Writers wait for each other. They are few, and only so do marks become visible in their order: a
    reader that has seen one has seen all before it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, sightings: Sequence[Sighting]) -> set[int]:
        """Keep each unless a newer one is known; the ids that changed."""
        if not sightings:
            return set()
        lock(self._connection, Subject.EPICS, ("write",))
        last = newest(sightings)
        changed = self._upsert(last)
        self._keep_keys(sightings)
        versions = put_versions(self._connection, newest_named(sightings))
        return changed | self.naming(versions)

    def put_versions(self, versions: Sequence[tuple[Version, datetime]]) -> set[int]:
        """Keep each unless a newer is known; the ids of the issues fixed in those that changed."""
        if not versions:
            return set()
        lock(self._connection, Subject.EPICS, ("write",))
        return self.naming(put_versions(self._connection, newest_said(versions)))

    def get(self, ids: Collection[int]) -> dict[int, EpicRow]:
        """Issues by id, with their versions."""
        return {row.issue_id: row for row in self._rows(among(EpicTable.issue_id, ids))}

    def naming(self, versions: Collection[int]) -> set[int]:
        """The ids of the issues that name one of these versions."""
        if not versions:
            return set()
        named = EpicTable.version_ids.overlap(list(versions))
        return set(self._connection.scalars(select(EpicTable.issue_id).where(named)))

    def ids_of_keys(self, keys: Collection[str]) -> dict[str, int]:
        """Issue key, present or former -> id."""
        rows = self._connection.execute(_BY_KEY, {"keys": list(keys)})
        return {key: issue_id for key, issue_id in rows}  # noqa: C416 - a row is no pair to mypy

    def deleted(self, ids: Collection[int]) -> set[int]:
        """Of these issues those that the tracker deleted."""
        return set(self._connection.scalars(_DELETED, {"ids": list(ids)}))

    def projects(self) -> set[str]:
        """The project keys of every issue known, present or former."""
        return set(self._connection.scalars(_PROJECTS))

    def since(self, mark: int) -> tuple[list[EpicRow], int]:
        """Issues written after `mark` (0: all), and the mark to ask with next time."""
        rows = self._connection.execute(
            select(EpicTable.issue_id, EpicTable.mark)
            .where(EpicTable.mark > mark)
            .order_by(EpicTable.mark)
        ).all()
        found = self.get([row.issue_id for row in rows])
        return [found[row.issue_id] for row in rows], rows[-1].mark if rows else mark

    def owe_evidence(self, ids: Collection[int], at: datetime) -> None:
        """The tracker is to be shown these issues' demand at `at`, unless it is owed earlier.

        Waits for who shows it at this moment: what that one counted may lack what we add. Holds the
        issues until the transaction ends, so it is best called last.
        """
        self._connection.execute(_OWE, {"ids": list(ids), "due_at": at})

    def evidence_due(self, now: datetime, limit: int) -> list[int]:
        """Take issues whose demand is to be shown; locked until the transaction ends."""
        due = (
            select(EpicTable.issue_id)
            .where(EpicTable.evidence_due_at <= now)
            .order_by(EpicTable.evidence_due_at, EpicTable.issue_id)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
            .cte("due")
        )
        taken = (
            update(EpicTable)
            .where(EpicTable.issue_id == due.c.issue_id)
            .values(evidence_due_at=None)
            .returning(EpicTable.issue_id)
        )
        return sorted(self._connection.scalars(taken))

    def _upsert(self, last: Mapping[int, Sighting]) -> set[int]:
        """Write what is not older than what is known; the ids whose content that changed."""
        before = {row.issue_id: row.epic for row in self._rows(among(EpicTable.issue_id, last))}
        statement = insert(EpicTable)
        new = statement.excluded
        names = ("key", "updated_at", "issue", "version_ids", "mark")
        upsert = statement.on_conflict_do_update(
            index_elements=[EpicTable.issue_id],
            set_={name: new[name] for name in names},
            where=or_(
                EpicTable.updated_at < new.updated_at,
                (EpicTable.updated_at == new.updated_at) & (EpicTable.issue != new.issue),
            ),
        ).returning(EpicTable.issue_id)
        marks = new_ids(self._connection, EPIC_MARK.name, len(last))
        rows = [
            _columns(id_, seen) | {"mark": mark}
            for (id_, seen), mark in zip(sorted(last.items()), marks, strict=True)
        ]
        written = set(self._connection.scalars(upsert, rows))
        return {id_ for id_ in written if last[id_].epic != before.get(id_)}

    def _keep_keys(self, sightings: Sequence[Sighting]) -> None:
        """A key is its present issue's, of two the one seen later; a former one stays known."""
        present = (
            select(EpicTable.key, EpicTable.issue_id)
            .ext(distinct_on(EpicTable.key))
            .where(among(EpicTable.key, {seen.epic.key for seen in sightings}))
            .order_by(EpicTable.key, EpicTable.updated_at.desc(), EpicTable.issue_id.desc())
        )
        taken = insert(EpicKey).from_select(["key", "issue_id"], present)
        self._connection.execute(
            taken.on_conflict_do_update(
                index_elements=[EpicKey.key], set_={"issue_id": taken.excluded.issue_id}
            )
        )
        former = {(seen.epic.key, int(seen.epic.id)) for seen in sightings}
        self._connection.execute(
            insert(EpicKey).on_conflict_do_nothing(),
            [{"key": key, "issue_id": issue_id} for key, issue_id in sorted(former)],
        )

    def _rows(self, where: ColumnElement[bool]) -> list[EpicRow]:
        rows = self._connection.execute(
            select(
                EpicTable.issue_id, EpicTable.updated_at, EpicTable.issue, EpicTable.version_ids
            ).where(where)
        ).all()
        known = versions_by_id(self._connection, {each for row in rows for each in row.version_ids})
        return [
            EpicRow(
                issue_id=row.issue_id,
                updated_at=row.updated_at,
                epic=msgspec.convert(row.issue, Epic),
                versions=tuple(known[each] for each in row.version_ids if each in known),
            )
            for row in rows
        ]


def _columns(issue_id: int, seen: Sighting) -> dict[str, Any]:
    return {
        "issue_id": issue_id,
        "key": seen.epic.key,
        "updated_at": seen.updated_at,
        "issue": msgspec.to_builtins(seen.epic),
        "version_ids": [int(version.id) for version in seen.epic.fix_versions],
    }
