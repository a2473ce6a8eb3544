"""Events that must not be lost or invented: rows of the transaction that made them true."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from schemas.codec import encode
from schemas.events import AnyEvent
from sinks.store.postgres.sql import among
from sinks.store.rows import OutboxRow
from sinks.store.tables import OutboxTable

RELAY_LOCK = 0x6F7574626F78
"""The advisory lock of the one relay, so that the order per key is kept ("outbox" in ASCII)."""


class PostgresOutbox:
    """`sinks.store.contract.Outbox`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, events: Sequence[tuple[str, str, AnyEvent]]) -> None:
        """Keep (topic, key, event), to be relayed in this order."""
        rows = [
            {"topic": topic, "key": key.encode(), "value": encode(event)}
            for topic, key, event in events
        ]
        if rows:
            self._connection.execute(insert(OutboxTable), rows)

    def take(self, limit: int) -> list[OutboxRow]:
        """The oldest; one taker at a time, the others get none until this transaction ends."""
        if not self._connection.scalar(select(func.pg_try_advisory_xact_lock(RELAY_LOCK))):
            return []
        rows = self._connection.execute(
            select(OutboxTable.id, OutboxTable.topic, OutboxTable.key, OutboxTable.value)
            .order_by(OutboxTable.id)
            .limit(limit)
        )
        return [OutboxRow(id=r.id, topic=r.topic, key=r.key, value=r.value) for r in rows]

    def drop(self, ids: Sequence[int]) -> None:
        """Forget what the broker has acknowledged."""
        self._connection.execute(delete(OutboxTable).where(among(OutboxTable.id, ids)))
