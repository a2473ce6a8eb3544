"""Where each consumer group reads on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from schemas.errors import Fenced
from sinks.store.rows import Move
from sinks.store.tables import ConsumerOffset

_MOVE = text("""
    UPDATE consumer_offset SET next_offset = move.new
    FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]),
                CAST(:expected AS bigint[]), CAST(:new AS bigint[]))
        AS move (topic, partition, expected, new)
    WHERE group_id = :group_id AND consumer_offset.topic = move.topic
        AND consumer_offset.partition = move.partition AND next_offset = move.expected
    RETURNING move.topic, move.partition
""")


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
        moved = self._on(group, [move for move in moves if move.expected is not None])
        for move in sorted(moves, key=lambda each: (each.topic, each.partition)):
            if move.expected is None:
                is_moved = self._first(group, move)
            else:
                is_moved = (move.topic, move.partition) in moved
            if not is_moved:
                raise Fenced(f"{group}: {move.topic}[{move.partition}] is not at {move.expected}")

    def _on(self, group: str, moves: Sequence[Move]) -> set[tuple[str, int]]:
        """Move those that are where they are expected, in one statement; which those were."""
        if not moves:
            return set()
        names = {"topics": "topic", "partitions": "partition", "expected": "expected", "new": "new"}
        lists = {name: [getattr(move, of) for move in moves] for name, of in names.items()}
        rows = self._connection.execute(_MOVE, {"group_id": group, **lists})
        return {(topic, partition) for topic, partition in rows}

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
