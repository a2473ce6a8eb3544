"""Reads topics in batches into a bounded channel: how Faust is made fast, and how it is fenced.

Where to read on is the store's word, not Kafka's: offsets are read from it whenever partitions are
assigned, and a batch carries the moves that its transaction has to make. Batches that were read
before an assignment, or before the store disagreed, are of an older `epoch` and are dropped.
Kafka gets the offsets too, afterwards, for lag tools only.

Source of the figures behind this shape: ``docs/decisions/0001-batches.md``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaConnectionError, KafkaError
from mode import Service

from schemas.codec import Headers
from sinks.store.rows import Move
from streams.budget import Budget

log = structlog.get_logger()

POLL_MS = 500
COMMIT_EVERY_S = 5.0
MAX_POLL_INTERVAL_MS = 15 * 60 * 1000
"""How long a full channel may keep us from polling before the group gives our partitions away."""


class Record(Protocol):
    """What a stage sees of a Kafka record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Batch(msgspec.Struct, frozen=True):
    """Records in order per partition, and the moves that follow once they are written."""

    records: Sequence[Record]
    moves: tuple[Move, ...]
    epoch: int


NextOffsets = Callable[[], Awaitable[Mapping[tuple[str, int], int]]]
"""(topic, partition) -> offset to read next, from the store; a partition never read is absent."""


class BatchReader(Service):
    """Owns one consumer; puts batches where `put` leads, which blocks while the stage is behind.

    Args:
        turns: one is taken before a batch is gathered, so that it holds all that came meanwhile;
            whoever is done with the batch gives it back.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        topics: Collection[str],
        next_offsets: NextOffsets,
        put: Callable[[Batch], Awaitable[Any]],
        turns: asyncio.Semaphore | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._turns = turns or asyncio.Semaphore(sys.maxsize)
        self._consumer = consumer
        self._topics = topics
        self._next_offsets = next_offsets
        self._put = put
        self._chain: dict[TopicPartition, int | None] = {}
        self._unreported: dict[TopicPartition, int] = {}
        self._reported_at = 0.0
        self._lock = asyncio.Lock()
        self._budget = Budget()
        self._is_lost = False
        self.epoch = 0

    async def on_start(self) -> None:
        """Join the group, waiting for a broker as long as it takes."""
        self._consumer.subscribe(topics=list(self._topics), listener=_Listener(self))
        while not self.should_stop:
            try:
                await self._consumer.start()
                break
            except KafkaConnectionError as error:
                log.warning("no broker yet", error=str(error))
                await self.sleep(1.0)

    async def on_stop(self) -> None:
        """Leave the group."""
        await self._consumer.stop()

    @Service.task
    async def _read(self) -> None:
        with suppress(ConsumerStoppedError):  # `on_stop` comes before the end of this task
            while not self.should_stop:
                await self._turns.acquire()
                batch = await self._next()
                if batch.records:
                    await self._put(batch)
                else:
                    self._turns.release()

    async def _next(self) -> Batch:
        if self._is_lost:
            await self.find_place()
        if self._is_lost:
            await self.sleep(COMMIT_EVERY_S)
            return Batch([], (), self.epoch)
        async with self._lock:
            return await self._gather()

    async def find_place(self) -> None:
        """`resync`, now or, where that fails, before anything more is read."""
        try:
            await self.resync()
            self._is_lost = False
        except Exception:
            log.exception("place not found; tried again before the next read")
            self._is_lost = True

    async def _gather(self) -> Batch:
        """A batch of what is here already, as much as the budget allows; waits for the first of it.

        What came before partitions were taken from us is of the epoch in which it was read.
        """
        epoch, budget = self.epoch, self._budget
        records: list[Record] = []
        moves: dict[TopicPartition, Move] = {}
        budget.begin()
        while room := budget.room():
            found = await self._consumer.getmany(
                timeout_ms=0 if records else POLL_MS, max_records=room
            )
            taken = [part for at, part in found.items() if self._chained(at, part, moves)]
            for part in taken:
                records.extend(part)
                budget.take(part)
            if not taken or epoch != self.epoch:
                break
        return Batch(records, tuple(moves.values()), epoch)

    def _chained(
        self, at: TopicPartition, part: Sequence[Record], moves: dict[TopicPartition, Move]
    ) -> bool:
        """Chain what was found to what was read before; whether it may be taken.

        A partition without a chain is on its way to another worker, or to us again: `resync` will
        start it anew from the store, so that what it yields now must not be taken.
        """
        if not part or at not in self._chain:
            return False
        expected = moves[at].expected if at in moves else self._chain[at]
        new = part[-1].offset + 1
        moves[at] = Move(topic=at.topic, partition=at.partition, expected=expected, new=new)
        self._chain[at] = new
        return True

    async def resync(self) -> None:
        """Read on where the store says, and let every batch that is under way be dropped.

        The lock keeps a read from falling between two seeks: it would move the position without
        being taken, and the next batch would skip what it read.
        """
        self.forget()
        async with self._lock:
            stored = await self._next_offsets()
            unread = [at for at in self._consumer.assignment() if _key(at) not in stored]
            starts = await self._starts(unread)
            self.forget()
            for at in self._consumer.assignment():
                offset = stored.get(_key(at))
                start = starts.get(at) if offset is None else offset
                if start is not None:  # else it came meanwhile, and a later call is for it
                    self._consumer.seek(at, start)
                    self._chain[at] = offset

    async def _starts(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Where these begin, asked for in one request.

        `seek_to_beginning` waits for the fetches under way, partition by partition, while the group
        gets no heartbeat: with the twenty of `collect` that outlasts our session, and it begins
        anew without end.
        """
        while partitions and not self.should_stop:
            try:
                return dict(await self._consumer.beginning_offsets(partitions))
            except KafkaError as error:
                log.warning("no beginnings yet", error=f"{type(error).__name__} {error}")
                await self.sleep(1.0)
        return {}

    async def report(self, moves: Sequence[Move]) -> None:
        """Tell Kafka what the store has committed, now and then, for whoever watches the lag."""
        self._unreported |= {TopicPartition(m.topic, m.partition): m.new for m in moves}
        now = asyncio.get_running_loop().time()
        if now - self._reported_at < COMMIT_EVERY_S:
            return
        self._reported_at = now
        mine = {p: o for p, o in self._unreported.items() if p in self._consumer.assignment()}
        self._unreported.clear()
        if not mine:
            return
        try:
            await asyncio.wait_for(self._consumer.commit(mine), COMMIT_EVERY_S)
        except (KafkaError, TimeoutError) as error:
            log.debug("lag report failed", error=f"{type(error).__name__} {error}")

    def forget(self) -> None:
        """Partitions are being taken from us: what is under way is not ours any more."""
        self.epoch += 1
        self._chain.clear()


def _key(at: TopicPartition) -> tuple[str, int]:
    return at.topic, at.partition


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, reader: BatchReader) -> None:
        self._reader = reader

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        if revoked:
            self._reader.forget()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        log.info("partitions assigned", partitions=[f"{p.topic}[{p.partition}]" for p in assigned])
        await self._reader.find_place()
