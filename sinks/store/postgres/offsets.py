"""Where each consumer group reads on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from schemas.errors import Fenced
from sinks.store.rows import Move
from sinks.store.tables import ConsumerOffset


class PostgresOffsets:
    """`sinks.store.contract.Offsets`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def next(self, group: str, topic: str) -> dict[int, int]:
        """Partition -> offset to read next; a partition that was never read is absent."""
        rows = self._connection.execute(
            select(ConsumerOffset.partition, ConsumerOffset.next_offset).where(
                ConsumerOffset.group_id == group, ConsumerOffset.topic == topic
            )
        )
        return {row.partition: row.next_offset for row in rows}

    def move(self, group: str, moves: Sequence[Move]) -> None:
        """Move all or none; `Fenced` where one is not where it was expected."""
        for move in sorted(moves, key=lambda each: (each.topic, each.partition)):
            moved = self._first(group, move) if move.expected is None else self._on(group, move)
            if not moved:
                raise Fenced(f"{group}: {move.topic}[{move.partition}] is not at {move.expected}")

    def _on(self, group: str, move: Move) -> bool:
        result = self._connection.execute(
            update(ConsumerOffset)
            .where(
                ConsumerOffset.group_id == group,
                ConsumerOffset.topic == move.topic,
                ConsumerOffset.partition == move.partition,
                ConsumerOffset.next_offset == move.expected,
            )
            .values(next_offset=move.new)
        )
        return bool(result.rowcount)

    def _first(self, group: str, move: Move) -> bool:
        """Asked by what is returned: the driver's row count says nothing of a conflict."""
        inserted = self._connection.scalar(
            insert(ConsumerOffset)
            .values(
                group_id=group,
                topic=move.topic,
                partition=move.partition,
                next_offset=move.new,
            )
            .on_conflict_do_nothing()
            .returning(ConsumerOffset.next_offset)
        )
        return inserted is not None
