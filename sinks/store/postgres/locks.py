"""Locks by name, also for what has no row yet; each ends with its transaction.

A row that is not there cannot be locked, so two workers could both find nothing and both write the
first one. Names fall into a fixed number of buckets, because PostgreSQL has room for a few thousand
advisory locks in all and a batch may name more; two names in one bucket wait for each other, no
more. The two-integer form has its own space: single-integer locks, as the outbox has, never meet
these.

Source: PostgreSQL 18, "Explicit Locking", section 13.3.5 (read 2026-07).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from zlib import crc32

from sqlalchemy import Connection, text

BUCKETS = 1024
_ALONE = text("""
    SELECT pg_advisory_xact_lock(:subject, bucket) FROM unnest(CAST(:buckets AS int[])) AS bucket
""")
_SHARED = text("""
    SELECT pg_advisory_xact_lock_shared(:subject, bucket)
    FROM unnest(CAST(:buckets AS int[])) AS bucket
""")
_TRY = text("SELECT pg_try_advisory_xact_lock(:subject, 0)")


class Subject(IntEnum):
    """What a lock's name is a name of. Never reuse a number: old and new workers run together."""

    ACCOUNT = 1
    OPPORTUNITY = 2
    REP = 3
    EPICS = 4
    SHIP = 5
    AUDIENCE = 6
    LOOP = 7
    LESSONS = 8
    CERTIFICATE = 9
    THEMES = 10


def lock(
    connection: Connection, subject: Subject, names: Iterable[object], *, shared: bool = False
) -> None:
    """Hold the names until the transaction ends; waits for who holds them now.

    Every caller takes its buckets in ascending order, so that callers of one `lock` never wait for
    each other in a circle. What is read afterwards, in a statement of its own, is up to date.

    Args:
        connection: in the transaction that is to hold them.
        subject: what the names are names of.
        names: anything with a stable `str`.
        shared: beside other sharers, but not beside who holds it alone.
    """
    buckets = sorted({crc32(str(name).encode()) % BUCKETS for name in names})
    if not buckets:
        return
    take = _SHARED if shared else _ALONE
    connection.execute(take, {"subject": int(subject), "buckets": buckets})


def try_lock(connection: Connection, subject: Subject) -> bool:
    """Hold the whole subject until the transaction ends, if nobody does; never waits."""
    return bool(connection.scalar(_TRY, {"subject": int(subject)}))
