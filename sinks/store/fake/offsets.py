"""Where each consumer group reads on."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.errors import Fenced
from sinks.store.fake.state import State
from sinks.store.rows import Move


class FakeOffsets:
    """`sinks.store.contract.Offsets`."""

    def __init__(self, state: State) -> None:
        self._offsets = state.offsets

    def next(self, group: str, topic: str) -> dict[int, int]:
        """Partition -> offset to read next; a partition that was never read is absent."""
        return {
            partition: offset
            for (its_group, its_topic, partition), offset in self._offsets.items()
            if (its_group, its_topic) == (group, topic)
        }

    def move(self, group: str, moves: Sequence[Move]) -> None:
        """Move all or none; `Fenced` where one is not where it was expected."""
        for move in moves:
            if self._offsets.get((group, move.topic, move.partition)) != move.expected:
                raise Fenced(f"{group}: {move.topic}[{move.partition}] is not at {move.expected}")
        self._offsets.update({(group, move.topic, move.partition): move.new for move in moves})
