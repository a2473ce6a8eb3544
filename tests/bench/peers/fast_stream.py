"""FastStream's batch subscriber with SQLAlchemy's bulk insert, as their documentation shows.

Source: FastStream 0.7, "Kafka, Batch Subscriber" (``batch=True``); SQLAlchemy 2.1, "ORM Bulk INSERT
Statements" (``session.execute(insert(Table), rows)``) on asyncpg.
"""

from __future__ import annotations

import asyncio
from typing import Any

from faststream import FastStream
from faststream.kafka import KafkaBroker
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import async_sessionmaker

from schemas.topics import FEEDBACK_RECEIVED
from sinks.store.tables import DecisionTable, LinkTable, RemarkTable, WordsTable
from tests.bench.peers.common import Rules, by_table, our_sink
from tests.bench.peers.plain_faust import engine_of
from tests.bench.work import Work

_TABLES = (RemarkTable, WordsTable, DecisionTable, LinkTable)


def as_documented(work: Work) -> None:
    """A handler of a list, one session and one commit a batch."""
    broker = KafkaBroker(work.bootstrap_servers)
    rules = Rules(work)
    begin = async_sessionmaker(engine_of(work)).begin

    async def link(values: list[bytes]) -> None:
        async with begin() as session:
            for table, rows in zip(_TABLES, by_table(rules, values), strict=True):
                await session.execute(insert(table), rows)

    _subscribe(broker, work)(link)
    asyncio.run(FastStream(broker).run())


def with_our_sink(work: Work) -> None:
    """The same engine, with our sink in a thread."""
    broker = KafkaBroker(work.bootstrap_servers)
    write = our_sink(work)

    async def link(values: list[bytes]) -> None:
        await asyncio.to_thread(write, values)

    _subscribe(broker, work)(link)
    asyncio.run(FastStream(broker).run())


def _subscribe(broker: KafkaBroker, work: Work) -> Any:
    return broker.subscriber(
        FEEDBACK_RECEIVED.name,
        batch=True,
        group_id=f"bench-{work.run_id}",
        auto_offset_reset="earliest",
    )
