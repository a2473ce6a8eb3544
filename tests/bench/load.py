"""The load: events of 1 kB with an explicit issue key, and what the store knows beforehand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.events import (
    Account,
    Customer,
    Epic,
    Feedback,
    FeedbackReceived,
    Reporter,
)
from schemas.topics import FEEDBACK_RECEIVED
from sinks.contracts import Outgoing, Sighting
from sinks.kafka.publisher import KafkaPublisher
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import CrmVersion

EPICS = 300
DOMAINS = 5_000
CUSTOMERS = 4_000
"""So many of the domains belong to an account; remarks from the others wait for theirs."""
EVENT_BYTES = 1_000
ORIGIN = "upstream"
_AT_ONCE = 5_000
_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


def fill_store(url: str) -> None:
    """Every epic and every account, before the first remark comes."""
    store = PostgresStore(url)
    store.open()
    with store.transaction() as tx:
        epics = [
            Epic(id=str(10_000 + i), key=f"APP-{i}", summary=f"Epic number {i}")
            for i in range(1, EPICS + 1)
        ]
        tx.epics.put([Sighting(epic=epic, updated_at=_BEFORE) for epic in epics])
        tx.crm.rewrite("account", {f"a{i}": [_account(i)] for i in range(CUSTOMERS)})
    store.close()


def _account(number: int) -> CrmVersion:
    facts = Account(
        id=f"a{number}",
        name=f"Customer {number}",
        domains=(f"customer{number}.example",),
        merged_into=None,
        deleted=False,
    )
    return CrmVersion(
        valid_from=_BEFORE, valid_to=None, event_id=f"made-{number}", stated=facts, facts=facts
    )


def events(count: int, prefix: str = "r", seed: int = 1) -> Iterator[FeedbackReceived]:
    """Remarks, each once, of about `EVENT_BYTES` when encoded; the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - a load, not a secret
    words = [
        "".join(chance.choices("abcdefghijklmnoprstuvw", k=size % 9 + 2)) for size in range(2000)
    ]
    start = datetime.now(UTC) - timedelta(hours=1)
    for number in range(count):
        event = _event(f"{prefix}{number}", number, start, chance, words)
        yield event


def _event(
    record: str, number: int, start: datetime, chance: random.Random, words: list[str]
) -> FeedbackReceived:
    domain = f"customer{chance.randrange(DOMAINS)}.example"
    said = " ".join(chance.choices(words, k=95))[:560]
    key = f"APP-{chance.randrange(1, EPICS + 1)}"
    end = " ".join(chance.choices(words, k=12))[:60]
    return FeedbackReceived(
        id=f"event-{record}",
        source="/upstream",
        time=start + timedelta(milliseconds=number),
        specversion="1.0",
        data=Feedback(
            origin=ORIGIN,
            record=record,
            words=f"{said}. We wait for {key}, {end}",
            title="What a customer said",
            customer=Customer(email=f"person{number % 97}@{domain}", name="Pat Customer"),
            reporter=Reporter(email="dana@vendor.example", name="Dana Rep"),
            url=f"https://upstream.example/remarks/{record}",
        ),
    )


def outgoing(event: FeedbackReceived) -> Outgoing:
    """The record as an upstream producer publishes it."""
    key = f"{event.data.origin}:{event.data.record}".encode()
    return Outgoing(FEEDBACK_RECEIVED.name, key, encode(event), STRUCTURED_HEADERS)


async def fill_topic(bootstrap_servers: str, count: int) -> float:
    """Publish the load, compressed as ours is; the average size of an event in bytes."""
    publisher = KafkaPublisher(bootstrap_servers)
    await publisher.open()
    size = 0
    waiting: list[Outgoing] = []
    for event in events(count):
        waiting.append(outgoing(event))
        size += len(waiting[-1].value or b"")
        if len(waiting) == _AT_ONCE:
            await publisher.publish(waiting)
            waiting = []
    if waiting:
        await publisher.publish(waiting)
    await publisher.close()
    return size / count
