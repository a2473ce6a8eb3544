"""The broker is frozen, or gone: locks are held for seconds, and all is written in the end."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiokafka.errors import OutOfOrderSequenceNumber
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.embedded import EmbeddedKafka, EmbeddedPostgres
from schemas.errors import SinkUnreachable
from schemas.topics import FEEDBACK_LINKED, FEEDBACK_RECEIVED
from sinks.contracts import Outgoing
from sinks.kafka.publisher import KafkaPublisher
from sinks.store.contract import Transaction
from sinks.store.migrations import migrate
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Move, Ship
from streams.batches import Batch
from streams.clock import HandClock
from streams.stage import Stage, StageRunner
from tests.integration.test_stage import Given

NOW = datetime(2026, 7, 28, 10, 30, tzinfo=UTC)
SOON_S = 10.0
ISSUE = 7


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A database with the schema and nothing in it."""
    migrate(postgres.create_database("away_template"))
    return "away_template"


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    """An open store with one ship in it."""
    opened = PostgresStore(database_url)
    opened.open()
    ship = Ship(
        issue_id=ISSUE,
        generation=1,
        signal="ci",
        what="",
        docs_url=None,
        accounts=None,
        shipped_at=NOW,
        settles_at=NOW,
    )
    with opened.transaction() as tx:
        tx.ships.open(ship)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def broker(fresh_kafka: EmbeddedKafka) -> EmbeddedKafka:
    """A broker of our own, which may be frozen and killed."""
    admin = KafkaAdminClient(bootstrap_servers=fresh_kafka.bootstrap_servers)
    admin.create_topics([NewTopic(FEEDBACK_LINKED.name, 1, 1)])
    admin.close()
    return fresh_kafka


@asynccontextmanager
async def opened(broker: EmbeddedKafka) -> AsyncIterator[KafkaPublisher]:
    """A publisher that has written before."""
    publisher = KafkaPublisher(broker.bootstrap_servers)
    await publisher.open()
    try:
        await publisher.publish([Outgoing(FEEDBACK_LINKED.name, b"k", b"before")])
        yield publisher
    finally:
        await publisher.close()


def read(_record: Given, _now: datetime) -> int:
    """Every record is about our issue."""
    return ISSUE


def write(tx: Transaction, issues: Sequence[int], now: datetime) -> list[Outgoing]:
    """As linking does: wakes the ship, and holds it until the transaction ends."""
    tx.ships.wake(set(issues), now)
    return [Outgoing(FEEDBACK_LINKED.name, b"k", b"linked") for _ in issues]


def locked_for(store: PostgresStore) -> float:
    """How long somebody else has to wait for the ship, in seconds."""
    began = time.monotonic()
    with store.transaction() as tx:
        assert tx.ships.latest([ISSUE])
    return time.monotonic() - began


def values(broker: EmbeddedKafka) -> list[bytes | None]:
    """All that is on the topic."""
    consumer = KafkaConsumer(
        FEEDBACK_LINKED.name,
        bootstrap_servers=broker.bootstrap_servers,
        auto_offset_reset="earliest",
        consumer_timeout_ms=3_000,
    )
    found = [record.value for record in consumer]
    consumer.close()
    return found


async def test_a_frozen_broker_does_not_keep_others_from_the_rows(
    broker: EmbeddedKafka, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds, and then never again until it answers; what was to be published then is."""
    async with opened(broker) as publisher:
        asked, reach = 0, publisher.reach

        async def reach_and_count(topics: Collection[str] = ()) -> None:
            nonlocal asked
            asked += 1
            await reach(topics)

        monkeypatch.setattr(publisher, "reach", reach_and_count)
        stage = Stage("away", (FEEDBACK_RECEIVED,), read, write)
        runner = StageRunner(stage, store, publisher, HandClock(NOW))
        move = Move(topic=FEEDBACK_RECEIVED.name, partition=0, expected=None, new=1)
        prepared = await runner.prepare(Batch([Given(0, b"said")], (move,), 0))
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            commit = asyncio.create_task(runner.commit(prepared))
            await until_locked(store)
            assert await asyncio.to_thread(locked_for, store) < SOON_S
            async with asyncio.timeout(40):
                while asked < 2:
                    assert await asyncio.to_thread(locked_for, store) < 1.0
            assert not commit.done()
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        await asyncio.wait_for(commit, 60)
    with store.transaction() as tx:
        assert tx.offsets.next("closeloop.away", FEEDBACK_RECEIVED.name) == {0: 1}
    assert b"linked" in values(broker)


async def until_locked(store: PostgresStore) -> None:
    """Wait until the stage holds the ship."""

    def is_locked() -> bool:
        with store.transaction() as tx:
            locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
            return bool(tx.offsets._connection.exec_driver_sql(locks).scalar())  # type: ignore[attr-defined]

    async with asyncio.timeout(20):
        while not await asyncio.to_thread(is_locked):  # noqa: ASYNC110 - another session's lock
            await asyncio.sleep(0.01)


async def test_what_still_waits_for_the_broker_is_owed(broker: EmbeddedKafka) -> None:
    """It answers questions, but has not taken that batch: not reached, for that topic."""
    async with opened(broker) as publisher:
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await publisher.publish([Outgoing(FEEDBACK_LINKED.name, b"k", b"owed")])
            (owed,) = publisher._waiting[FEEDBACK_LINKED.name]
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        await asyncio.wait({owed}, timeout=60)
        assert publisher._waiting[FEEDBACK_LINKED.name] == set()
        assert b"owed" in values(broker)

        publisher._await_for(FEEDBACK_LINKED.name, asyncio.Future())
        await publisher.reach(["another.topic"])
        with pytest.raises(SinkUnreachable):
            await publisher.reach([FEEDBACK_LINKED.name])


async def test_a_broker_that_comes_back_is_written_to_again(broker: EmbeddedKafka) -> None:
    """Killed while nothing is under way; the same publisher goes on."""
    async with opened(broker) as publisher:
        broker.kill()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await publisher.publish([Outgoing(FEEDBACK_LINKED.name, b"k", b"lost answer")])
        broker.start()
        async with asyncio.timeout(60):
            await publisher.publish([Outgoing(FEEDBACK_LINKED.name, b"k", b"after")])
    assert values(broker).count(b"after") == 1


async def test_a_broken_sequence_costs_one_try(broker: EmbeddedKafka) -> None:
    """The broker refuses what follows a gap: the next try is another producer's, and is taken."""
    async with opened(broker) as publisher:
        assert publisher._producer is not None
        manager = publisher._producer._txn_manager
        for at in list(manager._sequence_numbers):
            manager._sequence_numbers[at] += 5
        record = Outgoing(FEEDBACK_LINKED.name, b"k", b"in sequence")
        with pytest.raises(SinkUnreachable, match=OutOfOrderSequenceNumber.__name__):
            await publisher.publish([record])
        await publisher.publish([record])
    assert values(broker).count(b"in sequence") == 1


async def test_a_producer_that_was_given_up_is_replaced_when_the_broker_is_back(
    broker: EmbeddedKafka,
) -> None:
    """It went away in the very moment in which we needed another: that is no end for ever."""
    async with opened(broker) as publisher:
        assert publisher._producer is not None
        producer = publisher._producer
        await publisher._give_up(producer)
        broker.kill()
        with pytest.raises(SinkUnreachable):
            await publisher.publish([Outgoing(FEEDBACK_LINKED.name, b"k", b"too early")])
        broker.start()
        await publisher.publish([Outgoing(FEEDBACK_LINKED.name, b"k", b"in time")])
    assert b"in time" in values(broker)
