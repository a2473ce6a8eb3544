"""Publishes in whole record batches: one append a record, one request a partition and megabyte."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerEpoch,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    RecordListTooLargeError,
    UnknownProducerId,
)

from schemas.errors import SinkRefused, SinkUnreachable
from schemas.topics import LARGEST_DEAD_BYTES
from sinks.contracts import Outgoing

BATCH_BYTES = 1024 * 1024
REQUEST_BYTES = LARGEST_DEAD_BYTES
TIMEOUT_S = 30.0
_SEQUENCE_LOST = (
    InvalidProducerEpoch,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    UnknownProducerId,
)


class KafkaPublisher:
    """`sinks.contracts.Publisher` on aiokafka: idempotent, acknowledged by all in-sync replicas.

    Args:
        bootstrap_servers: ``host:port``, comma separated.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._producer: AIOKafkaProducer | None = None

    async def open(self) -> None:
        """Connect; `SinkUnreachable` where no broker answers in time."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            enable_idempotence=True,
            compression_type="lz4",
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            request_timeout_ms=int(TIMEOUT_S * 1000),
        )
        try:
            await asyncio.wait_for(producer.start(), TIMEOUT_S)
        except (KafkaError, TimeoutError) as error:
            await producer.stop()
            raise SinkUnreachable(f"broker {self._bootstrap_servers}: {error}") from error
        self._producer = producer

    async def close(self) -> None:
        """Send what is under way, then let go; safe to repeat."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Write all, in order per key; when it returns the broker has acknowledged every one."""
        if self._producer is None:
            raise SinkUnreachable("the publisher is not open")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._send(self._producer, records)
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            await self._renew()
            raise SinkRefused(f"broker: {error}") from error
        except (KafkaError, TimeoutError) as error:
            if isinstance(error, _SEQUENCE_LOST):
                await self._renew()
            raise SinkUnreachable(f"broker: {type(error).__name__} {error}") from error

    async def _renew(self) -> None:
        """Another producer: this one's sequence has a gap, so that the broker refuses all it sends.

        aiokafka numbers a batch before it is sent, and does not take the number back.
        """
        await self.close()
        await self.open()

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> None:
        by_topic: dict[str, list[Outgoing]] = defaultdict(list)
        for record in records:
            by_topic[record.topic].append(record)
        acknowledged: list[Any] = []
        for topic, some in by_topic.items():
            partitions = sorted(await producer.partitions_for(topic))
            for partition, part in _spread(producer, some, partitions).items():
                acknowledged += await _append(producer, topic, partition, part)
        await asyncio.gather(*acknowledged)


def _spread(
    producer: AIOKafkaProducer, records: Iterable[Outgoing], partitions: list[int]
) -> dict[int, list[Outgoing]]:
    """Partition -> its records, by Kafka's own hash of the key."""
    spread: dict[int, list[Outgoing]] = defaultdict(list)
    choose = producer._partitioner  # noqa: SLF001 - the only way to the hash that send() uses
    for record in records:
        spread[choose(record.key, partitions, partitions)].append(record)
    return spread


async def _append(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Outgoing]
) -> list[Any]:
    """Hand over as many batches as it takes, in order; their acknowledgements to come."""
    waiting = []
    batch = producer.create_batch()
    for record in records:
        if _add(batch, record) is None:
            waiting.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            _add(batch, record)
    waiting.append(await producer.send_batch(batch, topic, partition=partition))
    return waiting


def _add(batch: Any, record: Outgoing) -> Any:
    headers = list(record.headers)
    return batch.append(key=record.key, value=record.value, timestamp=None, headers=headers)
