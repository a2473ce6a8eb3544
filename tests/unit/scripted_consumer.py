"""A Kafka consumer that does what a test tells it to."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import ConsumerStoppedError

AT_ONCE = 3
"""Records that one read yields of a partition."""


class Given(msgspec.Struct):
    """A record."""

    offset: int
    partition: int
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class ScriptedConsumer:
    """Yields what is on its partitions, `AT_ONCE` a partition and read; `gate` holds reads back.

    Like the real one it moves its position when it yields, whatever becomes of that. Who does not
    want to wait finds nothing, unless `fetched` says that all is here already.
    """

    def __init__(self, lengths: Mapping[TopicPartition, int]) -> None:
        self.lengths = lengths
        self.begins = dict.fromkeys(lengths, 0)
        self.position: dict[TopicPartition, int] = {}
        self.listener: Any = None
        self.reads = 0
        self.fetched = False
        self.values: dict[int, bytes] = {}
        self.before_read: Callable[[], None] = lambda: None
        self.committed: list[dict[TopicPartition, int]] = []
        self.commit_error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.starts: list[Exception] = []
        self.stopped = False

    def subscribe(self, topics: list[str], listener: Any) -> None:
        """Remember who wants to know of assignments."""
        assert topics == ["t"]
        self.listener = listener

    async def start(self) -> None:
        """Connect, or fail as told."""
        if self.starts:
            raise self.starts.pop(0)

    async def stop(self) -> None:
        """Let go."""
        self.stopped = True
        self.gate.set()

    def assignment(self) -> Collection[TopicPartition]:
        """What is ours."""
        return set(self.position)

    async def assign(self, *partitions: TopicPartition) -> None:
        """A rebalance: all are taken, then these are given."""
        self.listener.on_partitions_revoked(set(self.position))
        self.position = dict.fromkeys(partitions, -1)
        await self.listener.on_partitions_assigned(list(partitions))

    def seek(self, at: TopicPartition, offset: int) -> None:
        """Read on there."""
        self.position[at] = offset

    async def beginning_offsets(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Where they begin: retention has taken what was before."""
        await asyncio.sleep(0)
        return {at: self.begins[at] for at in partitions}

    async def getmany(
        self, *, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Given]]:
        """The next of every partition; the position moves as the records are handed out."""
        if self.stopped:
            raise ConsumerStoppedError
        if not timeout_ms and not self.fetched:
            return {}
        self.before_read()
        found: dict[TopicPartition, list[Given]] = {}
        for at, start in list(self.position.items()):
            end = min(self.lengths[at], start + min(AT_ONCE, max_records)) if start >= 0 else start
            found[at] = [
                Given(offset, at.partition, value=self.values.get(offset))
                for offset in range(start, end)
            ]
            max_records -= len(found[at])
            self.position[at] = max(start, end)
            if not max_records:
                break
        self.reads += 1
        await asyncio.sleep(0)
        await self.gate.wait()
        return {at: part for at, part in found.items() if part}

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """For lag tools."""
        if self.commit_error:
            raise self.commit_error
        self.committed.append(offsets)
