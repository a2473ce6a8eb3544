"""Faust without our reader: an agent on the topic, as its user guide shows.

Source: faust-streaming 0.15, "Agents" (``async for event in stream``) and "Streams" (``take``);
SQLAlchemy 2.1, "Asynchronous I/O" (``async_sessionmaker.begin``).
"""

from __future__ import annotations

import asyncio
from typing import Any

import faust
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from schemas.topics import FEEDBACK_RECEIVED
from sinks.store.tables import DecisionTable, LinkTable, RemarkTable, WordsTable
from tests.bench.peers.common import Rules, dicts, our_sink
from tests.bench.work import Work

AT_ONCE = 5_000
WITHIN_S = 0.5


def engine_of(work: Work) -> AsyncEngine:
    """SQLAlchemy's engine on asyncpg, the driver its documentation uses."""
    return create_async_engine(work.url.set(drivername="postgresql+asyncpg"))


def as_documented(work: Work) -> None:
    """One event, one session, one commit; stops by itself after the events of the run."""
    app, topic = _app(work)
    rules = Rules(work)
    begin = async_sessionmaker(engine_of(work)).begin

    async def link(stream: Any) -> None:
        left = work.events
        async for value in stream:
            for rows in rules.rows(value):
                remark, words, decision, linked = dicts(rows)
                async with begin() as session:
                    session.add(RemarkTable(**remark))
                    session.add(WordsTable(**words))
                    session.add(DecisionTable(**decision))
                    session.add(LinkTable(**linked))
            left -= 1
            if not left:
                await asyncio.Event().wait()

    app.agent(topic)(link)
    _run(app)


def with_our_sink(work: Work) -> None:
    """Faust's own batching, `take`, with our sink behind it."""
    app, topic = _app(work)
    write = our_sink(work)

    async def link(stream: Any) -> None:
        async for values in stream.take(AT_ONCE, within=WITHIN_S):
            await asyncio.to_thread(write, values)

    app.agent(topic)(link)
    _run(app)


def _app(work: Work) -> tuple[faust.App, Any]:
    app = faust.App(
        f"bench-{work.run_id}",
        broker=f"kafka://{work.bootstrap_servers}",
        store="memory://",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        autodiscover=False,
        datadir=work.home,
    )
    return app, app.topic(FEEDBACK_RECEIVED.name, value_serializer="raw", key_serializer="raw")


def _run(app: faust.App) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    faust.Worker(
        app, loop=loop, loglevel="WARN", quiet=True, redirect_stdouts=False
    ).execute_from_commandline()
