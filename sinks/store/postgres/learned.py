"""Guesses, lessons and certificates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from sinks.store.learned import SECRET_BYTES, Certificate, Guess, Labelled, Lesson, Undecided
from sinks.store.postgres.copy import copy_rows
from sinks.store.postgres.locks import Subject, lock, try_lock
from sinks.store.postgres.sql import among, new_ids
from sinks.store.rows import PERSON
from sinks.store.tables import (
    LESSON_MARK,
    AuditTable,
    CertificateTable,
    GuessTable,
    KeptTable,
    LessonTable,
    SecretTable,
)

_GUESSES: Table = GuessTable.__table__  # type: ignore[assignment]
_GUESS_FIELDS = Guess.__struct_fields__
_DRAWN = text("""
    INSERT INTO audit SELECT unnest(CAST(:drawn AS bigint[])) ON CONFLICT DO NOTHING
""")
_LABELLED = text(f"""
    WITH decided AS (
        SELECT guess.remark_id, guess.passage, max(decision.at) AS decided_at,
               max(decision.id) AS last,
               bool_or(NOT decision.unseen AND link.state = 'linked'
                       AND link.issue_id = guess.issue_id) AS is_right
        FROM guess
        JOIN link ON link.remark_id = guess.remark_id
        JOIN decision ON decision.id = link.decision_id
        WHERE guess.tier = :tier AND guess.issue_id IS NOT NULL
          AND decision.rule = '{PERSON}' AND decision.verdict IN ('link', 'reject')
          AND (guess.audit OR NOT decision.unseen)
        GROUP BY guess.remark_id, guess.passage
    ), overdue AS (
        SELECT guess.remark_id, guess.passage,
               guess.at + CAST(:patience AS interval) AS decided_at, 0 AS last, false AS is_right
        FROM guess
        JOIN remark ON remark.id = guess.remark_id
        WHERE guess.tier = :tier AND guess.audit AND guess.issue_id IS NOT NULL
          AND guess.at < :overdue AND remark.outcome IN ('suggested', 'unmatched')
          AND NOT remark.withdrawn
          AND NOT EXISTS (
              SELECT FROM decided
              WHERE decided.remark_id = guess.remark_id AND decided.passage = guess.passage
          )
    ), last AS (
        SELECT * FROM (TABLE decided UNION ALL TABLE overdue) AS every
        ORDER BY decided_at DESC, last DESC, remark_id DESC, passage DESC
        LIMIT :limit
    )
    SELECT {", ".join(f"guess.{name}" for name in _GUESS_FIELDS)}, last.is_right, last.decided_at
    FROM last JOIN guess USING (remark_id, passage)
    WHERE guess.tier = :tier
    ORDER BY last.decided_at, last.last, guess.remark_id, guess.passage
""")  # noqa: S608 - the names are those of our own Struct

_AUDITS_WAITING = text(f"""
    SELECT count(DISTINCT audit.remark_id), min(audit.at)
    FROM (
        SELECT remark_id, at FROM guess
        WHERE audit AND issue_id IS NOT NULL
        ORDER BY at DESC
        LIMIT :limit
    ) AS audit
    WHERE (
        SELECT outcome IN ('suggested', 'unmatched') AND NOT withdrawn
        FROM remark WHERE remark.id = audit.remark_id
    ) AND (
        SELECT count(*) FROM link
        WHERE link.remark_id = audit.remark_id AND (
            SELECT rule = '{PERSON}' AND verdict IN ('link', 'reject')
            FROM decision WHERE decision.id = link.decision_id
        )
    ) = 0
""")  # noqa: S608 - the name is ours
"""Subqueries and no joins: each audit's own few rows are looked up.

Joined, it took seconds over 100,000 links of which PostgreSQL had no statistics yet.
"""


class PostgresLearned:
    """`sinks.store.contract.Learned`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def guess(self, remark_ids: Collection[int], guesses: Sequence[Guess]) -> None:
        """What likeness made of these remarks, in place of all that it made of them before."""
        self._connection.execute(_GUESSES.delete().where(among(GuessTable.remark_id, remark_ids)))
        rows = (
            [list(value) if isinstance(value, tuple) else value for value in _values(each)]
            for each in guesses
        )
        copy_rows(self._connection, _GUESSES, _GUESS_FIELDS, rows)
        drawn = {guess.remark_id for guess in guesses if guess.audit}
        if drawn:
            self._connection.execute(_DRAWN, {"drawn": sorted(drawn)})

    def guesses_of(self, remark_ids: Collection[int]) -> dict[int, list[Guess]]:
        """Remark id -> its guesses by passage; a remark without any is absent."""
        rows = self._connection.execute(
            select(*(_GUESSES.c[name] for name in _GUESS_FIELDS))
            .where(among(GuessTable.remark_id, remark_ids))
            .order_by(GuessTable.remark_id, GuessTable.passage, GuessTable.tier)
        )
        found: dict[int, list[Guess]] = {}
        for row in rows:
            found.setdefault(row.remark_id, []).append(_guess(row))
        return found

    def audits(self, remark_ids: Collection[int]) -> set[int]:
        """Of these remarks those that ever were audits, decided or not."""
        these = among(AuditTable.remark_id, remark_ids)
        return set(self._connection.scalars(select(AuditTable.remark_id).where(these)))

    def labelled(self, tier: str, limit: int, now: datetime, patience: timedelta) -> list[Labelled]:
        """Guesses of a tier that a person has decided, the last decided, oldest decision first."""
        overdue = now - patience
        asked = {"tier": tier, "limit": limit, "overdue": overdue, "patience": patience}
        return [
            Labelled(guess=_guess(row), right=row.is_right, decided_at=row.decided_at)
            for row in self._connection.execute(_LABELLED, asked)
        ]

    def audits_waiting(self, limit: int) -> Undecided:
        """How many audits nobody has decided, whether or not their time is over, and since when."""
        return Undecided(*self._connection.execute(_AUDITS_WAITING, {"limit": limit}).one())

    def teach(self, lessons: Sequence[Lesson]) -> None:
        """Write lessons, each over the one of the same remark and issue."""
        if not lessons:
            return
        lock(self._connection, Subject.LESSONS, ["all"])
        marks = new_ids(self._connection, LESSON_MARK.name, len(lessons))
        rows = [
            msgspec.structs.asdict(lesson) | {"mark": mark}
            for lesson, mark in zip(lessons, marks, strict=True)
        ]
        statement = insert(LessonTable)
        new = statement.excluded
        upsert = statement.on_conflict_do_update(
            index_elements=["remark_id", "issue_id"],
            set_={name: new[name] for name in ("text", "learned", "mark")},
        )
        self._connection.execute(upsert, rows)

    def lessons(self, mark: int, limit: int | None = None) -> tuple[list[Lesson], int]:
        """Lessons written after `mark` (0: all), and the mark to ask with next time."""
        names = Lesson.__struct_fields__
        rows = self._connection.execute(
            select(*(getattr(LessonTable, name) for name in names), LessonTable.mark)
            .where(LessonTable.mark > mark)
            .order_by(LessonTable.mark)
            .limit(limit)
        ).all()
        found = [Lesson(**{name: getattr(row, name) for name in names}) for row in rows]
        return found, rows[-1].mark if rows else mark

    def certify(self, certificate: Certificate) -> None:
        """Append it: it is the tier's from now on."""
        self._connection.execute(insert(CertificateTable), [msgspec.structs.asdict(certificate)])

    def certificate(self, tier: str, before: datetime | None = None) -> Certificate | None:
        """The tier's last one, or its last one from before that instant."""
        names = Certificate.__struct_fields__
        asked = select(*(getattr(CertificateTable, name) for name in names)).where(
            CertificateTable.tier == tier
        )
        if before is not None:
            asked = asked.where(CertificateTable.at < before)
        last = asked.order_by(CertificateTable.id.desc()).limit(1)
        row = self._connection.execute(last).one_or_none()
        return Certificate(**{name: getattr(row, name) for name in names}) if row else None

    def alone(self) -> bool:
        """Whether nobody else certifies; if so, until the transaction ends."""
        return try_lock(self._connection, Subject.CERTIFICATE)

    def secret(self, name: str) -> bytes:
        """The store's own secret of that name; the first who asks makes it."""
        asked = select(SecretTable.value).where(SecretTable.name == name)
        found = self._connection.scalar(asked)
        if found is None:
            made = insert(SecretTable).values(name=name, value=token_bytes(SECRET_BYTES))
            self._connection.execute(made.on_conflict_do_nothing())
            found = self._connection.execute(asked).scalar_one()
        return bytes(found)

    def keep(self, name: str, body: bytes, at: datetime) -> None:
        """Keep what can be computed anew, over what was kept under that name."""
        statement = insert(KeptTable).values(name=name, body=body, at=at)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"body": body, "at": at})
        )

    def forget(self, prefix: str) -> int:
        """Drop what was kept under names that begin so; how many there were."""
        named = KeptTable.name.startswith(prefix, autoescape=True)
        return self._connection.execute(delete(KeptTable).where(named)).rowcount

    def kept(self, name: str) -> tuple[bytes, datetime] | None:
        """What was kept, and when."""
        row = self._connection.execute(
            select(KeptTable.body, KeptTable.at).where(KeptTable.name == name)
        ).one_or_none()
        return (bytes(row.body), row.at) if row else None


def _values(guess: Guess) -> tuple[Any, ...]:
    return msgspec.structs.astuple(guess)


def _guess(row: Any) -> Guess:
    values = {name: getattr(row, name) for name in _GUESS_FIELDS}
    return Guess(**{**values, "features": tuple(values["features"])})
