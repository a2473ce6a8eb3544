"""The reader on a real broker: every record once, whatever rebalances, whoever wrote it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.embedded import EmbeddedKafka
from sinks.store.rows import Move
from streams.batches import Batch, BatchReader

PARTITIONS = 4
MANY = 4_000
SOON_S = 60.0
CODECS = ("gzip", "snappy", "lz4", "zstd")


class Sink:
    """The store as the readers' fence: takes a batch whole, or finds that it is not its turn."""

    def __init__(self) -> None:
        self.offsets: dict[tuple[str, int], int] = {}
        self.rows: Counter[tuple[int, int]] = Counter()
        self.fenced = 0

    async def next(self) -> dict[tuple[str, int], int]:
        """Where to read on."""
        await asyncio.sleep(0)
        return dict(self.offsets)

    def take(self, batch: Batch) -> bool:
        """Write a batch, all or none of it."""
        if any(self._at(move) != move.expected for move in batch.moves):
            self.fenced += 1
            return False
        self.offsets |= {(move.topic, move.partition): move.new for move in batch.moves}
        self.rows.update((record.partition, record.offset) for record in batch.records)
        return True

    def _at(self, move: Move) -> int | None:
        return self.offsets.get((move.topic, move.partition))


class Worker:
    """A reader and a stage that writes into the sink, slowly enough to be interrupted."""

    def __init__(self, servers: str, topic: str, sink: Sink, pause_s: float = 0.0) -> None:
        self.sink, self.pause_s = sink, pause_s
        self.channel: asyncio.Queue[Batch] = asyncio.Queue(2)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=servers,
            group_id=f"{topic}.readers",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=500,
            max_partition_fetch_bytes=2_000,
        )
        self.reader = BatchReader(consumer, [topic], sink.next, self.channel.put)

    async def run(self) -> None:
        """Write what is read, until it is cancelled."""
        async with self.reader:
            while True:
                batch = await self.channel.get()
                await asyncio.sleep(self.pause_s)
                if batch.epoch == self.reader.epoch and not self.sink.take(batch):
                    await self.reader.resync()


@pytest.fixture
def topic(kafka: EmbeddedKafka, topic_prefix: str) -> str:
    """A topic of this test's own."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    name = f"{topic_prefix}read"
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    admin.close()
    return name


def fill(kafka: EmbeddedKafka, topic: str, number: int = MANY, **options: Any) -> None:
    """So many records, spread evenly over the partitions."""
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers, **options)
    for n in range(number):
        producer.send(topic, b"%06d" % n * 10, partition=n % PARTITIONS)
    producer.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it; the test has failed where it does not become so."""
    async with asyncio.timeout(SOON_S):
        while not condition():  # noqa: ASYNC110 - there is nobody who could set an event
            await asyncio.sleep(0.01)


EVERY_ONE = {(n % PARTITIONS, n // PARTITIONS): 1 for n in range(MANY)}


async def test_every_record_once_from_the_earliest_on(kafka: EmbeddedKafka, topic: str) -> None:
    """Of a topic that nobody has read yet."""
    fill(kafka, topic)
    sink = Sink()
    async with AsyncExitStack() as stack:
        _start(stack, Worker(kafka.bootstrap_servers, topic, sink))
        await until(lambda: sum(sink.rows.values()) >= MANY)
    assert sink.rows == EVERY_ONE
    assert sink.fenced == 0


async def test_every_record_once_while_workers_come_and_go(
    kafka: EmbeddedKafka, topic: str
) -> None:
    """A second one joins in the middle, the first one leaves: partitions change hands twice."""
    fill(kafka, topic)
    sink = Sink()
    servers = kafka.bootstrap_servers
    async with AsyncExitStack() as stack:
        first, second = (Worker(servers, topic, sink, pause_s=0.02) for _ in range(2))
        one = _start(stack, first)
        await until(lambda: sum(sink.rows.values()) > MANY // 20)
        _start(stack, second)
        await until(lambda: bool(second.reader._chain) and bool(first.reader._chain))
        held = [len(each.reader._consumer.assignment()) for each in (first, second)]
        one.cancel()
        await until(lambda: sum(sink.rows.values()) >= MANY)
    assert held == [2, 2]
    assert sink.rows == EVERY_ONE


async def test_a_store_that_knows_better_is_followed(kafka: EmbeddedKafka, topic: str) -> None:
    """Somebody else wrote the half of a partition while we had it: the rest is read, once."""
    fill(kafka, topic)
    sink = Sink()
    half = MANY // PARTITIONS // 2
    async with AsyncExitStack() as stack:
        worker = Worker(kafka.bootstrap_servers, topic, sink, pause_s=0.01)
        _start(stack, worker)
        await until(lambda: bool(sink.offsets))
        sink.offsets[topic, 0] = half
        sink.rows.update((0, offset) for offset in range(half) if (0, offset) not in sink.rows)
        await until(lambda: sum(sink.rows.values()) >= MANY)
    assert sink.rows == EVERY_ONE
    assert sink.fenced == 1


def _start(stack: AsyncExitStack, worker: Worker) -> "asyncio.Task[None]":
    """Run it until the ``with`` ends."""
    task = asyncio.create_task(worker.run())

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)
    return task


@pytest.mark.parametrize("codec", CODECS)
async def test_every_codec_is_read(kafka: EmbeddedKafka, topic: str, codec: str) -> None:
    """An upstream producer chooses it: our reader and kafka-python read what both clients wrote."""
    fill(kafka, topic, 200, compression_type=codec)
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, compression_type=codec
    ) as producer:
        for n in range(200):
            await producer.send(topic, b"%06d" % n * 10, partition=n % PARTITIONS)
    sink = Sink()
    async with AsyncExitStack() as stack:
        _start(stack, Worker(kafka.bootstrap_servers, topic, sink))
        await until(lambda: sum(sink.rows.values()) >= 400)
    assert set(sink.rows.values()) == {1}
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=kafka.bootstrap_servers,
        auto_offset_reset="earliest",
        consumer_timeout_ms=60_000,
    )
    values = Counter(next(consumer).value for _ in range(400))
    consumer.close()
    assert values == {b"%06d" % n * 10: 2 for n in range(200)}
