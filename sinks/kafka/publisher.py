"""Publishes in whole record batches: one append a record, one request a partition and megabyte."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
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
from sinks.kafka.partitions import partitions_of

BATCH_BYTES = 1024 * 1024
REQUEST_BYTES = LARGEST_DEAD_BYTES
TIMEOUT_S = 30.0
REACH_S = 3.0
"""For a question that a broker answers at once, if it is there."""
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
        self._is_open = False
        self._changing = asyncio.Lock()
        self._waiting: dict[str, set[asyncio.Future[Any]]] = defaultdict(set)
        self._ending: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect; `SinkUnreachable` where no broker answers in time."""
        async with self._changing:
            self._producer = await self._connected()
            self._is_open = True

    async def close(self) -> None:
        """Send what is under way, then let go; safe to repeat."""
        async with self._changing:
            self._is_open = False
            await self._end(TIMEOUT_S)

    async def reach(self, topics: Collection[str] = ()) -> None:
        """See that a broker answers, and that nothing for these topics waits for it any more."""
        producer = await self._working()
        try:
            async with asyncio.timeout(REACH_S):
                await producer.client.fetch_all_metadata()
                left = [each for topic in topics for each in self._waiting[topic]]
                await asyncio.gather(*map(asyncio.shield, left), return_exceptions=True)
        except (KafkaError, TimeoutError) as error:
            raise SinkUnreachable(f"broker: {type(error).__name__} {error}") from error

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Write all, in order per key; when it returns the broker has acknowledged every one."""
        producer = await self._working()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._send(producer, records)
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            await self._give_up(producer)
            raise SinkRefused(f"broker: {error}") from error
        except (KafkaError, TimeoutError) as error:
            if isinstance(error, _SEQUENCE_LOST) or type(error) is KafkaError:
                await self._give_up(producer)
            raise SinkUnreachable(f"broker: {type(error).__name__} {error}") from error

    async def _working(self) -> AIOKafkaProducer:
        """The producer; another one where the last was given up."""
        if self._producer is not None:
            return self._producer
        async with self._changing:
            if not self._is_open:
                raise SinkUnreachable("the publisher is not open")
            if self._producer is None:
                self._producer = await self._connected()
            return self._producer

    async def _give_up(self, producer: AIOKafkaProducer) -> None:
        """Have the next call make another: all that this one sends is refused, for a gap before it.

        aiokafka numbers a batch before it is sent, and does not take the number back. A bare
        `KafkaError` is the end of its sending task, which has no other name. What others have under
        way is lost with it, and tried again by them.
        """
        async with self._changing:
            if self._producer is producer:
                await self._end(REACH_S)

    async def _end(self, patience_s: float) -> None:
        """Stop the producer; what is still under way after `patience_s` goes on by itself."""
        producer, self._producer = self._producer, None
        self._waiting.clear()
        if producer is None:
            return
        ending = asyncio.create_task(producer.stop())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        await asyncio.wait({ending}, timeout=patience_s)

    async def _connected(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            request_timeout_ms=int(TIMEOUT_S * 1000),
        )
        try:
            await asyncio.wait_for(producer.start(), TIMEOUT_S)
        except (KafkaError, TimeoutError) as error:
            await producer.stop()
            raise SinkUnreachable(f"broker {self._bootstrap_servers}: {error}") from error
        except asyncio.CancelledError:
            await producer.stop()
            raise
        return producer

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> None:
        by_topic: dict[str, list[Outgoing]] = defaultdict(list)
        for record in records:
            by_topic[record.topic].append(record)
        acknowledged: list[asyncio.Future[Any]] = []
        for topic, some in by_topic.items():
            partitions = sorted(await producer.partitions_for(topic))
            for partition, part in _spread(some, partitions).items():
                async for future in _append(producer, topic, partition, part):
                    self._await_for(topic, future)
                    acknowledged.append(future)
        await asyncio.gather(*map(asyncio.shield, acknowledged))

    def _await_for(self, topic: str, future: asyncio.Future[Any]) -> None:
        """Remember it until the broker has answered, even if nobody waits for that any more."""
        waiting = self._waiting[topic]
        waiting.add(future)
        future.add_done_callback(waiting.discard)


def _spread(records: Sequence[Outgoing], partitions: list[int]) -> dict[int, list[Outgoing]]:
    """Partition -> its records, in order; those without a key are dealt out by chance."""
    keys = [record.key for record in records if record.key is not None]
    places = iter(partitions_of(keys, len(partitions)))
    spread: dict[int, list[Outgoing]] = defaultdict(list)
    for record in records:
        keyed = record.key is not None
        at = partitions[next(places)] if keyed else random.choice(partitions)  # noqa: S311 - no secret
        spread[at].append(record)
    return spread


async def _append(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Outgoing]
) -> AsyncIterator[asyncio.Future[Any]]:
    """Hand over as many batches as it takes, in order; their acknowledgements to come."""
    batch = producer.create_batch()
    for record in records:
        if _add(batch, record) is None:
            yield await producer.send_batch(batch, topic, partition=partition)
            batch = producer.create_batch()
            _add(batch, record)
    yield await producer.send_batch(batch, topic, partition=partition)


def _add(batch: Any, record: Outgoing) -> Any:
    headers = list(record.headers)
    return batch.append(key=record.key, value=record.value, timestamp=None, headers=headers)
