"""Writes records for as long as it takes, over kafka-python: the command line's way onto Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaProducer

from sinks.contracts import Outgoing
from sinks.kafka.faults import named_faults
from sinks.kafka.reading import REACH_S, consumer, partitions

TIMEOUT_S = 10
LARGEST_UNPACKED_BYTES = 1024 * 1024 * 1024
"""The broker's limit is on what is compressed, and it is the broker who refuses."""
AT_ONCE = 1_000
"""Records that are sent before their acknowledgements are waited for."""


class Sender:
    """Writes records, each acknowledged by all in-sync replicas before `send` returns."""

    def __init__(self, producer: KafkaProducer) -> None:
        self._producer = producer

    def send(
        self, records: Iterable[Outgoing], advance: Callable[[int], object] = lambda _: None
    ) -> int:
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
            compression_type="zstd",
            linger_ms=5,
            max_request_size=LARGEST_UNPACKED_BYTES,
            allow_auto_create_topics=False,
            **options,
        )
        try:
            yield client
        finally:
            client.close(timeout=timeout_s)


@contextmanager
def sender(servers: str, topics: Sequence[str]) -> Iterator[Sender]:
    """A `Sender` onto these topics; `SinkRefused` where the broker lacks one."""
    with consumer(servers) as client:
        for topic in topics:
            partitions(client, topic)
    with producer(servers) as client:
        yield Sender(client)


def _chunks(records: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    some: list[Outgoing] = []
    for one in records:
        some.append(one)
        if len(some) >= AT_ONCE:
            yield some
            some = []
    if some:
        yield some
