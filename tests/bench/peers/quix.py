"""Quix Streams with its PostgreSQL sink, as its documentation shows.

Source: Quix Streams 3.28, "PostgreSQL Sink" and "Creating a Custom Sink". The sink writes one
table a row, so an event becomes four rows by ``apply(expand=True)`` and the table is chosen by a
function. Kept from the tables: no metadata columns, no change of schema. A checkpoint every 10,000
rows instead of every 5 seconds, which is better for it: none waits for the clock.
"""

from __future__ import annotations

from typing import Any

from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch
from quixstreams.sinks.base.item import SinkItem
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from schemas.topics import FEEDBACK_RECEIVED
from tests.bench.peers.common import Row, Rules, dicts, our_sink
from tests.bench.work import Work

CHECKPOINT_EVENTS = 10_000
_OF_TABLE = {"origin": "remark", "words": "remark_words", "verdict": "decision", "state": "link"}
"""A column that only one of the tables has -> that table."""


def as_documented(work: Work) -> None:
    """`Application`, dataframe, `PostgreSQLSink`."""
    app, frame = _app(work)
    rules = Rules(work)

    def rows(value: bytes) -> list[Row]:
        return [row for rows in rules.rows(value) for row in dicts(rows)]

    frame = frame.apply(rows, expand=True)
    frame.sink(
        PostgreSQLSink(
            host=str(work.url.query["host"]),
            port=5432,
            dbname=str(work.url.database),
            user=str(work.url.username),
            password="",
            table_name=_table_of,
            schema_auto_update=False,
            include_metadata=False,
        )
    )
    app.run()


def with_our_sink(work: Work) -> None:
    """The same engine, with a sink of its own kind that hands batches to ours."""
    app, frame = _app(work)
    write = our_sink(work)

    class OurSink(BatchingSink):
        """A batch a partition and checkpoint."""

        def write(self, batch: SinkBatch) -> None:
            """One transaction."""
            write([item.value for item in batch])

    frame.sink(OurSink())
    app.run()


def _table_of(item: SinkItem) -> str:
    row: Row = item.value
    return next(table for column, table in _OF_TABLE.items() if column in row)


def _app(work: Work) -> tuple[Application, Any]:
    app = Application(
        broker_address=work.bootstrap_servers,
        consumer_group=f"bench-{work.run_id}",
        auto_offset_reset="earliest",
        commit_every=CHECKPOINT_EVENTS,
        state_dir=work.home,
        auto_create_topics=False,
    )
    topic = app.topic(FEEDBACK_RECEIVED.name, value_deserializer="bytes", key_deserializer="bytes")
    return app, app.dataframe(topic)
