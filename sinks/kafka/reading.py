"""Reads a topic from beginning to end, over kafka-python: joins no group, commits nothing.

Reading ends where each partition ended when it began, so that it ends at all while others write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition

from schemas.codec import Headers
from schemas.errors import SinkRefused
from schemas.topics import LARGEST_DEAD_BYTES
from sinks.kafka.faults import named_faults

REACH_S = 5
"""How long a broker may take to answer at all."""
POLL_MS = 500


class Stored(msgspec.Struct):
    """A record as the broker keeps it."""

    topic: str
    partition: int
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def reach(servers: str) -> None:
    """See that a broker answers; `SinkUnreachable` where none does within `REACH_S`."""
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
    client: KafkaConsumer,
    topic: str,
    since: datetime | None = None,
    at: Callable[[int], object] | None = None,
) -> Iterator[Stored]:
    """Every record of the topic until its ends as of now, in order per partition.

    Raises:
        SinkRefused: the broker has no such topic.
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
    """The topic's partitions; `SinkRefused` where the broker has no such topic."""
    found: set[int] = client.partitions_for_topic(topic) or set()
    if not found:
        raise SinkRefused(f"the broker has no topic {topic}: run `closeloop topics create`")
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
