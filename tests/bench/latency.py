"""From publish to row visible, at a steady pace, through our whole worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import FEEDBACK_RECEIVED
from tests.bench.load import events, outgoing
from tests.bench.rig import Rig

PER_S = 500
WARM_UP_S = 4.0
POLL_S = 0.01
"""How often the observer looks: what it measures is late by half of this."""
_NEW = """
    SELECT remark.id, remark.record FROM link JOIN remark ON remark.id = link.remark_id
    WHERE remark.id > %s AND link.remark_id > %s
"""
_READ = "SELECT coalesce(sum(next_offset), 0) FROM consumer_offset WHERE topic = %s"


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from handing an event to the producer to seeing its linked row."""

    per_s: float
    events: int
    seen: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    peak_mb: float | None


def latency(rig: Rig, seconds: float) -> Latency:
    """Publish at `PER_S` and watch; the first seconds warm up and do not count.

    The worker first reads all that is on the topic already: nothing is published before.
    """
    with rig.child("ours", 0) as child:
        if not child.hears(60) and not child.alive:
            raise RuntimeError("the worker did not start")
        asyncio.run(_caught_up(rig.kafka.bootstrap_servers, child.work.database_url))
        return asyncio.run(_run(rig, child.work.database_url, seconds, child.peak_mb))


async def _run(rig: Rig, url: str, seconds: float, peak_mb: object) -> Latency:
    published: dict[str, float] = {}
    seen: dict[str, float] = {}
    stop = asyncio.Event()
    watching = asyncio.create_task(asyncio.to_thread(_watch, url, seen, stop))
    await _publish(rig.kafka.bootstrap_servers, seconds + WARM_UP_S, published)
    deadline = time.monotonic() + 10
    while published.keys() - seen.keys() and time.monotonic() < deadline:  # noqa: ASYNC110 - filled by a thread
        await asyncio.sleep(0.1)
    stop.set()
    await watching
    begun = min(published.values()) + WARM_UP_S
    counted = {record for record, at in published.items() if at >= begun}
    took = sorted((seen[r] - published[r]) * 1000 for r in counted & seen.keys())
    return Latency(
        per_s=len(counted) / (max(published.values()) - begun),
        events=len(counted),
        seen=len(took),
        p50_ms=_share(took, 0.5),
        p99_ms=_share(took, 0.99),
        max_ms=took[-1],
        peak_mb=peak_mb() if callable(peak_mb) else None,
    )


async def _caught_up(bootstrap_servers: str, url: str) -> None:
    """Wait until the worker has read the topic to its end."""
    name = FEEDBACK_RECEIVED.name
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await consumer.start()
    partitions = [TopicPartition(name, each) for each in range(FEEDBACK_RECEIVED.partitions)]
    end = sum((await consumer.end_offsets(partitions)).values())
    await consumer.stop()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as database:
        while True:
            row = database.execute(_READ, (name,)).fetchone()
            if row is not None and row[0] >= end:
                return
            await asyncio.sleep(POLL_S)


async def _publish(bootstrap_servers: str, seconds: float, published: dict[str, float]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, compression_type="lz4")
    await producer.start()
    begun = time.monotonic()
    prefix = f"latency-{time.time_ns()}-"
    for number, event in enumerate(events(int(seconds * PER_S), prefix=prefix)):
        await asyncio.sleep(max(0.0, begun + number / PER_S - time.monotonic()))
        record = outgoing(event)
        published[event.data.record] = time.monotonic()
        await producer.send(
            record.topic, key=record.key, value=record.value, headers=list(record.headers)
        )
    await producer.stop()


def _watch(url: str, seen: dict[str, float], stop: asyncio.Event) -> None:
    last = 0
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as database:
        while not stop.is_set():
            rows = database.execute(_NEW, (last, last), prepare=True).fetchall()
            now = time.monotonic()
            for remark_id, record in rows:
                last = max(last, remark_id)
                seen.setdefault(record, now)
            time.sleep(POLL_S)


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
