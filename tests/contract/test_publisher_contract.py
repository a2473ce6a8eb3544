"""The publisher's contract: the same suite for the fake and for the real one on a real broker."""

import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from itertools import islice

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.partitioner.default import murmur2

from deploy.embedded import EmbeddedKafka
from schemas.errors import SinkRefused, SinkUnreachable
from schemas.topics import LARGEST_BODY_BYTES, LARGEST_RECORD_BYTES
from sinks.contracts import Outgoing, Publisher
from sinks.kafka.fake import FakePublisher
from sinks.kafka.publisher import KafkaPublisher

PARTITIONS = 4


class World(ABC):
    """A publisher, and what can be read of what it wrote."""

    publisher: Publisher
    prefix: str

    @abstractmethod
    def written(self, topic: str) -> list[Outgoing]:
        """Every record of a topic, in order per key."""

    @abstractmethod
    def partition_of(self, topic: str, key: bytes) -> int:
        """Where the records of a key are."""

    async def stop(self) -> None:
        """Let go."""
        await self.publisher.close()


class FakeWorld(World):
    """In memory; partitions as kafka-python chooses them, for want of a broker."""

    def __init__(self, prefix: str) -> None:
        self.publisher = self.fake = FakePublisher()
        self.prefix = prefix

    def written(self, topic: str) -> list[Outgoing]:
        """What it took."""
        return [record for record in self.fake.records if record.topic == topic]

    def partition_of(self, topic: str, key: bytes) -> int:
        """There are none."""
        assert any(record.key == key for record in self.written(topic))
        return chosen_by_kafka_python(key)


class KafkaWorld(World):
    """The real one, on a real broker."""

    def __init__(self, broker: EmbeddedKafka, prefix: str) -> None:
        self.publisher = KafkaPublisher(broker.bootstrap_servers)
        self.prefix = prefix
        self._broker = broker
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
        limit = {"max.message.bytes": str(LARGEST_RECORD_BYTES)}
        admin.create_topics(
            [NewTopic(f"{prefix}{name}", PARTITIONS, 1, topic_configs=limit) for name in ("a", "b")]
        )
        admin.close()

    def written(self, topic: str) -> list[Outgoing]:
        """Read with the other client."""
        return [record for _, record in self._read(topic)]

    def partition_of(self, topic: str, key: bytes) -> int:
        """The only one that has the key."""
        (partition,) = {at for at, record in self._read(topic) if record.key == key}
        return partition

    def _read(self, topic: str) -> list[tuple[int, Outgoing]]:
        consumer = KafkaConsumer(
            bootstrap_servers=self._broker.bootstrap_servers,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=2 * LARGEST_RECORD_BYTES,
        )
        try:
            parts = [TopicPartition(topic, each) for each in range(PARTITIONS)]
            consumer.assign(parts)
            count = sum(consumer.end_offsets(parts).values())
            return [
                (each.partition, Outgoing(topic, each.key, each.value, tuple(each.headers)))
                for each in islice(consumer, count)
            ]
        finally:
            consumer.close()


def chosen_by_kafka_python(key: bytes) -> int:
    """The partition that the command line's client would write to."""
    return int((murmur2(key) & 0x7FFFFFFF) % PARTITIONS)


@pytest.fixture(params=["fake", "kafka"])
async def world(request: pytest.FixtureRequest, topic_prefix: str) -> AsyncIterator[World]:
    """Each of the two, open."""
    made: World = (
        FakeWorld(topic_prefix)
        if request.param == "fake"
        else KafkaWorld(request.getfixturevalue("kafka"), topic_prefix)
    )
    await made.publisher.open()
    yield made
    await made.stop()


def some(topic: str, keys: Sequence[bytes | None], count: int) -> list[Outgoing]:
    """Records that count up, key after key."""
    return [
        Outgoing(topic, keys[n % len(keys)], b"%d" % n, (("n", b"%d" % n),)) for n in range(count)
    ]


async def test_what_was_published_is_there_when_it_returns(world: World) -> None:
    """Value, key and headers as they were, in every topic."""
    a, b = f"{world.prefix}a", f"{world.prefix}b"
    headers = (("content-type", b"x"), ("twice", b"1"), ("twice", b"2"), ("odd", b"\x00\xff"))
    sent = [Outgoing(a, b"k", b"\x00\xff\r\n", headers), Outgoing(b, b"k", b"other")]
    await world.publisher.publish(sent)
    assert world.written(a) == sent[:1]
    assert world.written(b) == sent[1:]


async def test_records_of_one_key_stay_in_order(world: World) -> None:
    """Over many calls and many batches."""
    topic = f"{world.prefix}a"
    sent = some(topic, [b"k%d" % n for n in range(7)], 3_000)
    for start in range(0, len(sent), 1_000):
        await world.publisher.publish(sent[start : start + 1_000])
    by_key: dict[bytes | None, list[Outgoing]] = defaultdict(list)
    for record in world.written(topic):
        by_key[record.key].append(record)
    for key, records in by_key.items():
        assert records == [record for record in sent if record.key == key]
    assert len(by_key) == 7


async def test_a_key_goes_where_the_command_lines_client_would_put_it(world: World) -> None:
    """Two clients, one order per key."""
    topic = f"{world.prefix}a"
    keys = [b"typeform:1", b"zendesk:4711", "größe".encode(), b"\x00\xff", b"x" * 300]
    await world.publisher.publish(some(topic, keys, len(keys)))
    assert [world.partition_of(topic, key) for key in keys] == [
        chosen_by_kafka_python(key) for key in keys
    ]


async def test_a_tombstone_and_a_record_without_a_key_are_records_too(world: World) -> None:
    """A null is not an empty text."""
    topic = f"{world.prefix}a"
    sent = [Outgoing(topic, b"k", None), Outgoing(topic, None, b"v"), Outgoing(topic, b"e", b"")]
    await world.publisher.publish(sent)
    key = repr
    assert sorted(world.written(topic), key=key) == sorted(sent, key=key)


async def test_nothing_to_publish_is_published(world: World) -> None:
    """At once."""
    await world.publisher.publish([])


async def test_the_largest_body_that_the_gateway_takes_is_taken(world: World) -> None:
    """With its headers, and compressed or not: these bytes cannot be."""
    topic = f"{world.prefix}a"
    sent = [Outgoing(topic, b"k", os.urandom(LARGEST_BODY_BYTES), (("h", b"v" * 8_000),))]
    await world.publisher.publish(sent)
    assert world.written(topic) == sent


async def test_a_record_that_is_too_large_is_refused_for_good(world: World) -> None:
    """And the publisher lives on."""
    topic = f"{world.prefix}a"
    with pytest.raises(SinkRefused):
        await world.publisher.publish(
            [Outgoing(topic, b"k", os.urandom(LARGEST_RECORD_BYTES + 1_000))]
        )
    await world.publisher.publish([Outgoing(topic, b"k", b"small")])
    assert [record.value for record in world.written(topic)] == [b"small"]


async def test_after_a_refusal_the_next_ones_are_written_in_their_order(world: World) -> None:
    """The refused batch had a number; its successor must not be taken for one out of order."""
    topic = f"{world.prefix}a"
    before, after = some(topic, [b"k"], 3), some(topic, [b"k"], 5)[3:]
    await world.publisher.publish(before)
    for _ in range(2):
        with pytest.raises(SinkRefused):
            await world.publisher.publish(
                [Outgoing(topic, b"k", os.urandom(LARGEST_RECORD_BYTES + 1_000))]
            )
    await world.publisher.publish(after)
    assert world.written(topic) == before + after


async def test_a_broker_that_answers_is_reached(world: World) -> None:
    """At once, and with nothing owed."""
    await world.publisher.publish([Outgoing(f"{world.prefix}a", b"k", b"v")])
    await world.publisher.reach()
    await world.publisher.reach([f"{world.prefix}a"])


async def test_a_publisher_that_is_not_open_cannot_be_reached(world: World) -> None:
    """Closed is as good as away; closing again harms nobody."""
    await world.publisher.close()
    await world.publisher.close()
    with pytest.raises(SinkUnreachable):
        await world.publisher.publish([Outgoing(f"{world.prefix}a", b"k", b"v")])


async def test_it_can_be_opened_again(world: World) -> None:
    """After it was closed."""
    topic = f"{world.prefix}a"
    await world.publisher.close()
    await world.publisher.open()
    await world.publisher.publish([Outgoing(topic, b"k", b"v")])
    assert len(world.written(topic)) == 1


async def test_a_broker_that_is_away_cannot_be_reached() -> None:
    """Neither the one in memory nor the one that nobody runs."""
    fake = FakePublisher()
    fake.is_away = True
    for publisher in (fake, KafkaPublisher("127.0.0.1:1")):
        with pytest.raises(SinkUnreachable):
            await publisher.open()
        with pytest.raises(SinkUnreachable):
            await publisher.publish([Outgoing("a", b"k", b"v")])
        with pytest.raises(SinkUnreachable):
            await publisher.reach()


async def test_the_fake_fails_on_order() -> None:
    """Once each; the record may have been taken all the same."""
    fake = FakePublisher()
    await fake.open()
    fake.fail_next(SinkUnreachable("gone"), SinkRefused("never"))
    fake.fail_next(SinkUnreachable("the answer was lost"), taken=True)
    record = Outgoing("a", b"k", b"v")
    for error in (SinkUnreachable, SinkRefused, SinkUnreachable):
        with pytest.raises(error):
            await fake.publish([record])
    assert fake.records == [record]
    await fake.publish([record])
    assert fake.records == [record, record]
