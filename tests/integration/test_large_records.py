"""Large records on a real broker: memory is bounded, nothing is lost, and nothing in the way."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaConsumer

from deploy.embedded import EmbeddedKafka
from schemas.codec import STRUCTURED_HEADERS
from schemas.deadletter import letter_of
from schemas.errors import InvalidEvent
from schemas.topics import FEEDBACK_RECEIVED, LARGEST_RECORD_BYTES
from sinks.contracts import Outgoing
from sinks.kafka.admin import create_missing
from sinks.kafka.publisher import KafkaPublisher
from streams.collect.rereading import Kept
from streams.dead.burial import LARGEST_SAID_BYTES, WHOLE_BYTES, dead_letter

NOW = datetime(2026, 7, 28, 10, 30, tzinfo=UTC)
TOPIC = FEEDBACK_RECEIVED.name
MANY = 1_200
MEGABYTE = 1_000_000
MOST_MEMORY_BYTES = 450 * 1024 * 1024
"""Of a process that reads; all of the records at once would be three times as much."""
READER = """
import asyncio, json, resource, sys
from pathlib import Path
from types import SimpleNamespace
from schemas.topics import FEEDBACK_RECEIVED
from streams.batches import BatchReader
from streams.hosting import IN_FLIGHT, consumer_of

def most_memory():
    # Of this program: what getrusage says on Linux counts the one that started it as well.
    if not Path("/proc/self/status").exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

async def main(servers, many):
    stage = SimpleNamespace(group="large", topics=(FEEDBACK_RECEIVED,))
    channel, turns = asyncio.Queue(), asyncio.Semaphore(IN_FLIGHT)
    stored = {}

    async def next_offsets():
        return dict(stored)

    consumer = consumer_of(SimpleNamespace(stage=stage), servers)
    seen, batches = [], 0
    topics = [FEEDBACK_RECEIVED.name]
    async with BatchReader(consumer, topics, next_offsets, channel.put, turns):
        while len(seen) < many:
            batch = await channel.get()
            for move in batch.moves:
                assert stored.get((move.topic, move.partition)) == move.expected
                stored[move.topic, move.partition] = move.new
            seen += [(record.partition, record.offset) for record in batch.records]
            batches += 1
            await asyncio.sleep(0.02)  # a stage that is slower than its reader
            turns.release()
    most = most_memory()
    print(json.dumps({"seen": len(seen), "once": len(set(seen)), "batches": batches, "most": most}))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def broker(fresh_kafka: EmbeddedKafka) -> EmbeddedKafka:
    """A broker with the product's topics."""
    create_missing(fresh_kafka.bootstrap_servers)
    return fresh_kafka


@asynccontextmanager
async def upstream(broker: EmbeddedKafka, codec: str | None) -> AsyncIterator[AIOKafkaProducer]:
    """A producer of somebody else's."""
    async with AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap_servers,
        compression_type=codec,
        max_request_size=64 * MEGABYTE,
    ) as producer:
        yield producer


async def test_many_large_records_are_read_in_bounded_memory(broker: EmbeddedKafka) -> None:
    """They come compressed to a hundredth, so that no fetch limit sees how large they are."""
    async with upstream(broker, "zstd") as producer:
        value = b"We retype every number. " * (MEGABYTE // 24)
        for number in range(MANY):
            await producer.send(TOPIC, value, partition=number % FEEDBACK_RECEIVED.partitions)
    line = [sys.executable, "-c", READER, broker.bootstrap_servers, str(MANY)]
    ran = subprocess.run(line, capture_output=True, text=True, timeout=110, check=False)  # noqa: ASYNC221, S603 - ours
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert (found["seen"], found["once"]) == (MANY, MANY)
    assert found["batches"] > MANY // 100
    assert found["most"] < MOST_MEMORY_BYTES


def records(broker: EmbeddedKafka, topic: str) -> Iterator[Any]:
    """All that is on a topic."""
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap_servers,
        auto_offset_reset="earliest",
        consumer_timeout_ms=5_000,
        max_partition_fetch_bytes=4 * LARGEST_RECORD_BYTES,
    )
    yield from consumer
    consumer.close()


async def bury(broker: EmbeddedKafka, record: Kept, error: Exception) -> Any:
    """The letter as it lies on the dead-letter topic."""
    publisher = KafkaPublisher(broker.bootstrap_servers)
    await publisher.open()
    try:
        await publisher.publish([dead_letter(record, error, NOW)])
    finally:
        await publisher.close()
    *_, last = records(broker, FEEDBACK_RECEIVED.dead)
    return last


async def test_a_record_at_the_limit_has_a_letter_of_its_own(broker: EmbeddedKafka) -> None:
    """Bytes that no codec makes smaller, and a reason longer than any page: the letter fits."""
    value = os.urandom(LARGEST_RECORD_BYTES - 2_000)
    headers = [*STRUCTURED_HEADERS, ("trace", os.urandom(1_000))]
    async with upstream(broker, None) as producer:
        sent = await producer.send_and_wait(TOPIC, value, key=b"k", partition=0, headers=headers)
    record = Kept(TOPIC, 0, sent.offset, b"k", value, headers)
    error = InvalidEvent("\N{PILE OF POO}" * 100_000, "$" + ".deep" * 100_000)
    letter = await bury(broker, record, error)
    assert (letter.key, letter.value) == (b"k", value)
    said = letter_of(letter.headers)
    assert (said.offset, said.left_bytes) == (sent.offset, 0)
    ours = sum(len(name) + len(each) for name, each in letter.headers if name.startswith("dead_"))
    assert ours <= LARGEST_SAID_BYTES
    with pytest.raises(Exception, match="MessageSizeTooLarge"):
        async with upstream(broker, None) as producer:
            await producer.send_and_wait(TOPIC, os.urandom(LARGEST_RECORD_BYTES), partition=0)


async def test_a_record_that_may_not_fit_twice_is_left_where_it_is(broker: EmbeddedKafka) -> None:
    """An upstream codec that sees far makes it small, ours does not: a letter without the bytes."""
    value = os.urandom(MEGABYTE) * 24
    async with upstream(broker, "zstd") as producer:
        sent = await producer.send_and_wait(TOPIC, value, key=b"far", partition=1)
    record = Kept(TOPIC, 1, sent.offset, b"far", value, [])
    letter = await bury(broker, record, InvalidEvent("not JSON"))
    said = letter_of(letter.headers)
    assert (letter.key, letter.value) == (b"far", None)
    assert (said.partition, said.offset, said.reason) == (1, sent.offset, "not JSON")
    assert said.left_bytes == len(value) + len(b"far")
    left = [one.value for one in records(broker, TOPIC) if one.offset == sent.offset]
    assert value in left


def test_whatever_is_repeated_fits_uncompressed() -> None:
    """At the bound there is still room for what the letter says and for framing."""
    value = bytes(WHOLE_BYTES - 1)
    letter = dead_letter(Kept(TOPIC, 0, 0, b"k", value, []), InvalidEvent("x" * 10_000), NOW)
    size = len(letter.value or b"") + sum(len(n) + len(v) for n, v in letter.headers)
    assert letter.value == value
    assert size + 64 * 1024 < 7 * 1024 * 1024
    larger = dead_letter(Kept(TOPIC, 0, 0, b"k", bytes(WHOLE_BYTES), []), InvalidEvent("x"), NOW)
    assert larger == Outgoing(FEEDBACK_RECEIVED.dead, b"k", None, larger.headers)
