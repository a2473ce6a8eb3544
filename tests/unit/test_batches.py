"""The reader's promises, on a consumer that does what it is told: in order, none skipped."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.batches import Batch, BatchReader
from tests.unit.scripted_consumer import ScriptedConsumer

A, B = TopicPartition("t", 0), TopicPartition("t", 1)
SOON_S = 20.0


class Rig:
    """A reader, the store's offsets, and the channel to the stage."""

    def __init__(
        self,
        lengths: Mapping[TopicPartition, int],
        waiting: int = 1,
        turns: asyncio.Semaphore | None = None,
    ) -> None:
        self.consumer = ScriptedConsumer(lengths)
        self.stored: dict[tuple[str, int], int] = {}
        self.faults: list[Exception] = []
        self.channel: asyncio.Queue[Batch] = asyncio.Queue(waiting)
        self.reader = BatchReader(self.consumer, ["t"], self._next_offsets, self.channel.put, turns)

    async def _next_offsets(self) -> dict[tuple[str, int], int]:
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop()
        return dict(self.stored)

    async def next(self) -> Batch:
        """The next batch of the present epoch; those before it are dropped, as the stage does."""
        while True:
            batch = await asyncio.wait_for(self.channel.get(), SOON_S)
            if batch.epoch == self.reader.epoch:
                return batch

    def store(self, batch: Batch) -> None:
        """Write a batch: each partition must be where the batch expects it."""
        for move in batch.moves:
            at = (move.topic, move.partition)
            assert self.stored.get(at) == move.expected
            self.stored[at] = move.new


@asynccontextmanager
async def running(
    lengths: Mapping[TopicPartition, int],
    waiting: int = 1,
    turns: asyncio.Semaphore | None = None,
    **stored: int,
) -> AsyncIterator[Rig]:
    """A reader that has its partitions; `stored` by partition, as ``p0=3``."""
    rig = Rig(lengths, waiting, turns)
    rig.stored = {("t", int(name[1:])): offset for name, offset in stored.items()}
    async with rig.reader:
        await rig.consumer.assign(*lengths)
        yield rig


def offsets(batch: Batch, partition: int = 0) -> list[int]:
    """What a batch holds of a partition."""
    return [record.offset for record in batch.records if record.partition == partition]


async def all_of(rig: Rig, length: int, partition: int = 0) -> list[int]:
    """Store batch by batch until that partition is read to its end; every offset in order."""
    seen: list[int] = []
    while rig.stored.get(("t", partition), 0) < length:
        batch = await rig.next()
        rig.store(batch)
        seen += offsets(batch, partition)
    return seen


async def test_what_comes_while_no_turn_is_free_is_one_batch() -> None:
    """A stage that is behind finds what waits for it together, not a queue of small batches."""
    turns = asyncio.Semaphore(1)
    async with running({A: 3}, waiting=3, turns=turns) as rig:
        first = await rig.next()
        reads = rig.consumer.reads
        rig.consumer.lengths, rig.consumer.fetched = {A: 9}, True
        await asyncio.sleep(0)
        assert turns.locked()
        assert rig.consumer.reads == reads
        turns.release()
        second = await rig.next()
    assert (offsets(first), offsets(second)) == ([0, 1, 2], [3, 4, 5, 6, 7, 8])


async def test_a_read_that_finds_nothing_keeps_no_turn() -> None:
    """Else a quiet topic would stop its reader for good."""
    turns = asyncio.Semaphore(1)
    async with running({A: 0}, turns=turns) as rig:
        while rig.consumer.reads < 3:  # noqa: ASYNC110 - the reader reads on its own
            await asyncio.sleep(0)
        rig.consumer.lengths = {A: 2}
        assert offsets(await rig.next()) == [0, 1]


async def test_each_batch_expects_what_the_one_before_it_left() -> None:
    """From the earliest record of a partition that the store has never seen."""
    async with running({A: 7, B: 4}) as rig:
        one, two, three = [await rig.next() for _ in range(3)]
    assert [(m.partition, m.expected, m.new) for m in one.moves] == [(0, None, 3), (1, None, 3)]
    assert [(m.partition, m.expected, m.new) for m in two.moves] == [(0, 3, 6), (1, 3, 4)]
    assert [(m.partition, m.expected, m.new) for m in three.moves] == [(0, 6, 7)]
    assert offsets(one) + offsets(two) + offsets(three) == list(range(7))


async def test_it_reads_on_where_the_store_says() -> None:
    """Partition by partition: one is known, the other is not."""
    async with running({A: 7, B: 4}, p0=5) as rig:
        batch = await rig.next()
    assert (offsets(batch, 0), offsets(batch, 1)) == ([5, 6], [0, 1, 2])
    assert [(m.partition, m.expected, m.new) for m in batch.moves] == [(0, 5, 7), (1, None, 3)]


async def test_a_partition_that_nobody_read_starts_where_it_begins_now() -> None:
    """Its first records were too old to be kept: the store is told of none of them."""
    async with running({A: 7}) as rig:
        rig.consumer.begins[A] = 5
        await rig.consumer.assign(A)
        batch = await rig.next()
    assert offsets(batch) == [5, 6]
    assert [(m.expected, m.new) for m in batch.moves] == [(None, 7)]


async def test_a_store_that_cannot_say_where_to_read_on_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before anything more is read: nothing is taken, and nothing skipped, until it has said so."""
    monkeypatch.setattr("streams.batches.COMMIT_EVERY_S", 0.0)
    async with running({A: 20}) as rig:
        rig.store(await rig.next())
        rig.faults = [RuntimeError("no such table")] * 2
        await rig.consumer.assign(A)
        assert await all_of(rig, 20) == list(range(3, 20))
        assert rig.faults == []


async def test_a_dropped_batch_is_read_again() -> None:
    """The stage was fenced: nothing that was read ahead counts, and nothing is skipped."""
    async with running({A: 20}, waiting=2) as rig:
        rig.store(await rig.next())
        await rig.next()  # read, and lost
        await rig.reader.resync()
        assert await all_of(rig, 20) == list(range(3, 20))


async def test_a_resync_waits_for_the_read_that_is_under_way() -> None:
    """Else that read would move the position behind the seek, and its records would be skipped."""
    async with running({A: 20}) as rig:
        rig.store(await rig.next())
        rig.consumer.gate.clear()
        reads = rig.consumer.reads
        while rig.consumer.reads == reads:  # one is under way, its records are handed out
            await drained(rig)
        resync = asyncio.create_task(rig.reader.resync())
        await asyncio.sleep(0)
        assert not resync.done()
        rig.consumer.gate.set()
        await resync
        assert await all_of(rig, 20) == list(range(3, 20))


async def drained(rig: Rig) -> None:
    """Make room for what is read ahead, and let the reader run."""
    while not rig.channel.empty():
        rig.channel.get_nowait()
    await asyncio.sleep(0)


async def test_partitions_that_are_taken_while_reading_are_not_taken_from() -> None:
    """Between the revocation and the new assignment a read yields nothing, and skips nothing."""
    async with running({A: 20, B: 8}) as rig:
        rig.store(await rig.next())
        epoch = rig.reader.epoch
        rig.consumer.listener.on_partitions_revoked({A, B})
        assert rig.reader.epoch == epoch + 1
        reads = rig.consumer.reads
        while rig.consumer.reads < reads + 2:
            await drained(rig)
        assert rig.channel.empty()
        await rig.consumer.assign(A, B)
        assert await all_of(rig, 20) == list(range(3, 20))


async def test_a_rebalance_that_takes_nothing_drops_nothing() -> None:
    """A member joined a group of which we have nothing yet."""
    async with running({A: 20}) as rig:
        epoch = rig.reader.epoch
        rig.consumer.listener.on_partitions_revoked(set())
        assert rig.reader.epoch == epoch


async def test_a_partition_that_came_back_starts_from_the_store() -> None:
    """Somebody else had it and went on; what we read before they did is not ours."""
    async with running({A: 20}, waiting=2) as rig:
        rig.store(await rig.next())
        await rig.consumer.assign()
        rig.stored["t", 0] = 12
        await rig.consumer.assign(A)
        assert await all_of(rig, 20) == list(range(12, 20))


async def test_a_full_channel_stops_the_reading() -> None:
    """Four wait in the channel and one before it: that is the back-pressure."""
    async with running({A: 60}, waiting=4) as rig:
        for _ in range(200):
            await asyncio.sleep(0)
        assert (rig.channel.qsize(), rig.consumer.reads) == (4, 5)
        await rig.next()
        for _ in range(200):
            await asyncio.sleep(0)
        assert rig.consumer.reads == 6


async def test_a_batch_ends_at_its_number_of_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut in the middle of a partition: the next batch expects exactly what this one left."""
    monkeypatch.setattr("streams.budget.MAX_RECORDS", 8)
    async with running({A: 10, B: 10}) as rig:
        rig.consumer.fetched = True
        await rig.reader.resync()
        one, two = await rig.next(), await rig.next()
    assert [(m.partition, m.expected, m.new) for m in one.moves] == [(0, None, 5), (1, None, 3)]
    assert [(m.partition, m.expected, m.new) for m in two.moves] == [(0, 5, 10), (1, 3, 6)]
    for partition in (0, 1):
        seen = offsets(one, partition) + offsets(two, partition)
        assert seen == list(range(len(seen)))


async def test_a_batch_ends_at_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of a third of the budget come three a batch, and none is skipped."""
    monkeypatch.setattr("streams.budget.MAX_BYTES", 3_000)
    async with running({A: 20}) as rig:
        rig.consumer.fetched = True
        rig.consumer.values = dict.fromkeys(range(20), b"x" * 1_000)
        await rig.reader.resync()
        sizes = []
        while rig.stored.get(("t", 0), 0) < 20:
            batch = await rig.next()
            rig.store(batch)
            sizes.append(len(batch.records))
    assert sizes[1:-1] == [3] * len(sizes[1:-1])
    assert sum(sizes) == 20


async def test_what_was_gathered_before_partitions_were_taken_is_of_the_old_epoch() -> None:
    """The first half of a batch is here when they go: the stage drops it, and it is read again."""
    async with running({A: 20}) as rig:
        rig.store(await rig.next())
        await rig.consumer.assign()
        while not rig.channel.empty():
            rig.channel.get_nowait()
        rig.consumer.fetched = True
        reads: list[int] = []

        def revoke_at_the_second_read() -> None:
            reads.append(rig.reader.epoch)
            if len(reads) == 2:
                rig.consumer.listener.on_partitions_revoked({A})

        await rig.consumer.assign(A)
        rig.consumer.before_read = revoke_at_the_second_read
        batch = await asyncio.wait_for(rig.channel.get(), SOON_S)
        while batch.epoch < reads[0]:
            batch = await asyncio.wait_for(rig.channel.get(), SOON_S)
        assert batch.records
        assert batch.epoch < rig.reader.epoch
        await rig.consumer.assign(A)
        assert await all_of(rig, 20) == list(range(3, 20))


async def test_kafka_is_told_now_and_then_and_only_of_what_is_ours() -> None:
    """For lag tools; a broker that does not take it stops nothing."""
    async with running({A: 60, B: 60}) as rig:
        first = await rig.next()
        await rig.reader.report(first.moves)
        await rig.reader.report((await rig.next()).moves)
        assert rig.consumer.committed == [{A: 3, B: 3}]
        rig.reader._reported_at = float("-inf")
        await rig.consumer.assign(B)
        await rig.reader.report(first.moves)
        assert rig.consumer.committed[1:] == [{B: 3}]
        rig.reader._reported_at = float("-inf")
        rig.consumer.commit_error = KafkaError()
        await rig.reader.report(first.moves)


async def test_a_broker_that_is_not_there_yet_is_waited_for() -> None:
    """However often it takes."""
    rig = Rig({A: 4})
    rig.consumer.starts = [KafkaConnectionError()]
    async with rig.reader:
        await rig.consumer.assign(A)
        assert offsets(await rig.next()) == [0, 1, 2]


async def test_it_ends_without_a_crash() -> None:
    """The consumer is stopped while it is being read from."""
    async with running({A: 4}) as rig:
        await rig.next()
    assert rig.consumer.stopped
    assert not rig.reader.crashed
