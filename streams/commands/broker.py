"""Kafka as the commands use it, over kafka-python: bounded reading, acknowledged writing, waking.

Reading joins no group and commits nothing. It ends where each partition ended when it began, so
that it ends at all while others write.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    KafkaConfigurationError,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFencedError,
    RecordListTooLargeError,
)

from schemas.codec import Headers
from schemas.errors import BadSettings, SinkRefused, SinkUnreachable
from schemas.topics import CONTROL, LARGEST_DEAD_BYTES
from sinks.contracts import Outgoing
from streams.commands.errors import NotFound, Refused
from streams.commands.output import Advance, remark
from streams.settings import Settings

REACH_S = 5
"""How long a broker may take to answer at all."""
TIMEOUT_S = 10
POLL_MS = 500
AT_ONCE = 1_000
"""Records that are sent before their acknowledgements are waited for."""


class Stored(msgspec.Struct):
    """A record as the broker keeps it."""

    topic: str
    partition: int
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def servers_of(settings: Settings) -> str:
    """The broker's address; `BadSettings` where none is configured."""
    if not settings.bootstrap_servers:
        raise BadSettings(["bootstrap_servers: set KAFKA_BOOTSTRAP_SERVERS"])
    return settings.bootstrap_servers


@contextmanager
def named_faults(servers: str) -> Iterator[None]:
    """kafka-python's faults as ours; what it logs of them besides is not for a terminal."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        yield
    except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
        raise SinkRefused(f"broker: {error}") from error
    except (KafkaConfigurationError, ValueError) as error:
        raise BadSettings([f"bootstrap_servers: {servers}: {error}"]) from error
    except KafkaError as error:
        if ProducerFencedError.__name__ in repr(
            error
        ):  # raised as such, or told in another's words
            raise Refused(
                "the same command runs elsewhere and has taken over: try again"
            ) from error
        raise SinkUnreachable(f"broker {servers}: {error}") from error


def reach(servers: str) -> None:
    """See that a broker answers, sooner than the admin client would: `SinkUnreachable` if none."""
    with consumer(servers):
        return


@contextmanager
def consumer(servers: str) -> Iterator[KafkaConsumer]:
    """A consumer without a group, on nothing yet."""
    with named_faults(servers):
        client = KafkaConsumer(
            bootstrap_servers=servers.split(","),
            bootstrap_timeout_ms=REACH_S * 1000,
            enable_auto_commit=False,
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=LARGEST_DEAD_BYTES,
        )
        try:
            yield client
        finally:
            client.close()


def read(
    client: KafkaConsumer, topic: str, since: datetime | None = None, at: Advance | None = None
) -> Iterator[Stored]:
    """Every record of the topic until its ends as of now, in order per partition.

    Raises:
        NotFound: the broker has no such topic.
    """
    ends = _place(client, topic, since)
    while open_ := {part for part, end in ends.items() if client.position(part) < end}:
        for part, found in client.poll(timeout_ms=POLL_MS).items():
            for one in found:
                if part in open_ and one.offset < ends[part]:
                    yield _stored(one)
            if at is not None:
                at(len(found))


def count(client: KafkaConsumer, topic: str, since: datetime | None = None) -> int:
    """How many records `read` will pass, give or take those that compaction took."""
    ends = _place(client, topic, since)
    return sum(max(0, end - client.position(part)) for part, end in ends.items())


def read_one(client: KafkaConsumer, topic: str, partition: int, offset: int) -> Stored | None:
    """The record at this offset; None where there is none (any more)."""
    part = TopicPartition(topic, partition)
    if partition not in partitions(client, topic):
        return None
    client.assign([part])
    first, end = client.beginning_offsets([part])[part], client.end_offsets([part])[part]
    if not first <= offset < end:
        return None
    client.seek(part, offset)
    while client.position(part) <= offset:
        for one in client.poll(timeout_ms=POLL_MS).get(part, ()):
            return _stored(one) if one.offset == offset else None
    return None


def partitions(client: KafkaConsumer, topic: str) -> set[int]:
    """The topic's partitions; `NotFound` where the broker has no such topic."""
    found: set[int] = client.partitions_for_topic(topic) or set()
    if not found:
        raise NotFound(f"the broker has no topic {topic}: run `closeloop topics create`")
    return found


def _place(client: KafkaConsumer, topic: str, since: datetime | None) -> dict[TopicPartition, int]:
    """Seek to the beginning, or to the first record since then; partition -> its end."""
    parts = [TopicPartition(topic, number) for number in sorted(partitions(client, topic))]
    client.assign(parts)
    ends: dict[TopicPartition, int] = client.end_offsets(parts)
    starts = client.beginning_offsets(parts)
    if since is not None:
        at_ms = int(since.timestamp() * 1000)
        found = client.offsets_for_times(dict.fromkeys(parts, at_ms))
        starts = {part: found[part].offset if found.get(part) else ends[part] for part in parts}
    for part, start in starts.items():
        client.seek(part, start)
    return ends


def _stored(one: Any) -> Stored:
    headers = tuple(one.headers or ())
    return Stored(one.topic, one.partition, one.offset, one.timestamp, one.key, one.value, headers)


class Sender:
    """Writes records, each acknowledged by all in-sync replicas before `send` returns."""

    def __init__(self, producer: KafkaProducer) -> None:
        self._producer = producer

    def send(self, records: Iterable[Outgoing], advance: Advance = lambda _: None) -> int:
        """Write all, in order per key; how many."""
        sent = 0
        for some in _chunks(records):
            waiting = [hand_over(self._producer, one) for one in some]
            self._producer.flush(timeout=TIMEOUT_S * 6)
            for each in waiting:
                each.get(timeout=TIMEOUT_S)
                advance(1)
            sent += len(some)
        return sent


def hand_over(producer: KafkaProducer, record: Outgoing, partition: int | None = None) -> Any:
    """Give the producer a record; its acknowledgement to come.

    A header without a value gets an empty one: kafka-python cannot write none.
    """
    headers = [(name, value or b"") for name, value in record.headers]
    return producer.send(
        record.topic, record.value, key=record.key, headers=headers, partition=partition
    )


@contextmanager
def producer(servers: str, timeout_s: float = TIMEOUT_S, **options: Any) -> Iterator[KafkaProducer]:
    """An idempotent producer, acknowledged by all in-sync replicas, that creates no topic."""
    with named_faults(servers):
        client = KafkaProducer(
            bootstrap_servers=servers.split(","),
            bootstrap_timeout_ms=int(min(timeout_s, REACH_S) * 1000),
            max_block_ms=int(timeout_s * 1000),
            acks="all",
            compression_type="lz4",
            linger_ms=5,
            max_request_size=LARGEST_DEAD_BYTES,
            allow_auto_create_topics=False,
            **options,
        )
        try:
            yield client
        finally:
            client.close(timeout=timeout_s)


@contextmanager
def sender(servers: str, topics: Sequence[str]) -> Iterator[Sender]:
    """A `Sender` onto these topics; `NotFound` where the broker lacks one."""
    with consumer(servers) as client:
        for topic in topics:
            partitions(client, topic)
    with producer(servers) as client:
        yield Sender(client)


def wake(settings: Settings, why: str) -> None:
    """Tell the workers to look for what is due. Best effort: they look by themselves as well."""
    if not settings.bootstrap_servers:
        return
    try:
        with producer(settings.bootstrap_servers, timeout_s=3) as client:
            client.send(CONTROL.name, why.encode()).get(timeout=3)
    except (SinkUnreachable, SinkRefused, BadSettings, Refused):
        remark(f"the workers could not be woken; they look every {settings.tick_s:g} s")


def _chunks(records: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    some: list[Outgoing] = []
    for one in records:
        some.append(one)
        if len(some) >= AT_ONCE:
            yield some
            some = []
    if some:
        yield some
