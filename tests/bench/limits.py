"""What each of the three steps would reach alone: reading, rules, COPY. They measure themselves."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer
from sqlalchemy import create_engine

from schemas.topics import FEEDBACK_RECEIVED
from sinks.store.postgres.copy import copy_rows
from sinks.store.rows import remark_key
from sinks.store.tables import DecisionTable, LinkTable, RemarkTable, WordsTable
from streams.budget import MAX_RECORDS
from streams.hosting import FETCH_BYTES
from streams.link.rules import decide
from streams.link.stage import LinkStage
from tests.bench.load import ORIGIN
from tests.bench.peers.common import Rules, _known, _NoLikeness, opened
from tests.bench.work import Work, tell

_TABLES: tuple[Any, ...] = (
    RemarkTable.__table__,
    WordsTable.__table__,
    DecisionTable.__table__,
    LinkTable.__table__,
)


def reading(work: Work) -> None:
    """`getmany` until all events have come; nothing is done with them."""
    records, seconds = asyncio.run(_read(work))
    tell("rate", len(records) / seconds)


def rules(work: Work) -> None:
    """What `read` and `decide` take, over records that are in memory."""
    records, _ = asyncio.run(_read(work))
    stage = LinkStage(_NoLikeness(), frozenset({ORIGIN}), 300.0).stage()
    with opened(work).transaction() as tx:
        known = _known(tx)
    now = datetime.now(UTC)
    begun = time.perf_counter()
    for record in records:
        decide(stage.read(record, now), known)
    tell("rate", len(records) / (time.perf_counter() - begun))


def copying(work: Work) -> None:
    """Binary COPY of rows that are made already, and a commit, batch by batch."""
    records, _ = asyncio.run(_read(work))
    make, seconds = Rules(work), 0.0
    names = [
        ("key", *row.__struct_fields__) if at == 0 else row.__struct_fields__
        for at, row in enumerate(next(make.rows(records[0].value)))
    ]
    make = Rules(work)
    with create_engine(work.database_url).connect() as connection:
        for start in range(0, len(records), MAX_RECORDS):
            rows = _tuples(make, records[start : start + MAX_RECORDS])
            begun = time.perf_counter()
            for table, columns, some in zip(_TABLES, names, rows, strict=True):
                copy_rows(connection, table, columns, some)
            connection.commit()
            seconds += time.perf_counter() - begun
    tell("rate", len(records) / seconds)


def _tuples(make: Rules, records: list[Any]) -> list[list[tuple[Any, ...]]]:
    tables: list[list[tuple[Any, ...]]] = [[], [], [], []]
    for record in records:
        for rows in make.rows(record.value):
            for table, row in zip(tables, rows, strict=True):
                table.append(msgspec.structs.astuple(row))
            remark = rows[0]
            tables[0][-1] = (remark_key(remark.origin, remark.record), *tables[0][-1])
    return tables


async def _read(work: Work) -> tuple[list[Any], float]:
    """The records of the run, and the seconds from the first batch's request to the last."""
    consumer = AIOKafkaConsumer(
        FEEDBACK_RECEIVED.name,
        bootstrap_servers=work.bootstrap_servers,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await consumer.start()
    records: list[Any] = []
    begun = time.perf_counter()
    while len(records) < work.events:
        found = await consumer.getmany(timeout_ms=500, max_records=MAX_RECORDS)
        for part in found.values():
            records += part
    seconds = time.perf_counter() - begun
    await consumer.stop()
    return records[: work.events], seconds
