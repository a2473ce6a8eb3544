"""How a stage becomes Faust: one reader, two bounded channels, two agents.

::

    BatchReader ─► channel(2) ─► agent "<stage>.read" ─► channel(1) ─► agent "<stage>.write"

The reader blocks while the first channel is full, which is the back-pressure; while one batch is
being written the next is being read, so that rules and PostgreSQL work at the same time.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from typing import Any

import faust
import stamina
from aiokafka import AIOKafkaConsumer
from faust.channels import Channel
from faust.types import StreamT
from mode.utils.queues import ThrowableQueue

from schemas.errors import Temporary
from sinks.store.contract import Store
from streams.batches import Batch, BatchReader
from streams.stage import Prepared, StageRunner

WAITING_BATCHES = 2
SESSION_TIMEOUT_MS = 10_000
FETCH_BYTES = 2 * 1024 * 1024
"""What one request brings of a partition, as it is compressed; a larger record comes alone."""
FETCH_MAX_BYTES = 16 * 1024 * 1024
"""What one request brings of all partitions of a broker."""
COLLECTOR = (100_000, 20, 100)
"""When Python looks for circular garbage. Batches leave none, but make so many objects that by the
default they set it off hundreds of times, each time over all that waits: two fifths of our CPU time
(``docs/decisions/0001-batches.md``)."""


def host(app: faust.App, runner: StageRunner[Any], store: Store, bootstrap_servers: str) -> None:
    """Let `app` run this stage: it starts and stops with the app.

    Effects: sets how often the whole process looks for circular garbage.
    """
    gc.set_threshold(*COLLECTOR)
    name = runner.stage.name
    arrived = bounded_channel(app, WAITING_BATCHES)
    ready = bounded_channel(app, 1)
    put_arrived: Any = arrived.put  # typed for Faust's own events, though any value may be put
    put_ready: Any = ready.put

    async def read(batches: StreamT[Batch]) -> None:
        async for batch in batches:
            await put_ready(await runner.prepare(batch))

    async def write(prepared: StreamT[Prepared[Any]]) -> None:
        async for one in prepared:
            await runner.commit(one)

    app.agent(arrived, name=f"{name}.read")(read)
    app.agent(ready, name=f"{name}.write")(write)

    @app.service
    class Reader(BatchReader):
        """The reader of this stage; Faust makes it, with its own loop."""

        def __init__(self, **options: Any) -> None:
            consumer = consumer_of(runner, bootstrap_servers)
            super().__init__(
                consumer, consumed(runner), _next_offsets(runner, store), put_arrived, **options
            )
            runner.reader = self


class KeptChannel(Channel[Any]):
    """A channel that keeps what is in it, whatever happens to Faust's own consumer.

    The queue of a plain `app.channel` is emptied, and whoever waits to put is cancelled, each time
    the group of the control topic rebalances: batches would be lost and their reader would end. An
    agent reads from a clone, which makes a queue of its own: so it is the kind that decides.
    """

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue of this clone, made when it is first asked for."""
        if self._queue is None:
            self._queue = self.app.FlowControlQueue(maxsize=self.maxsize, clear_on_resume=False)
        return self._queue


def bounded_channel(app: faust.App, maxsize: int) -> Channel[Any]:
    """A `KeptChannel` that lets whoever puts wait once it holds `maxsize`."""
    return KeptChannel(app, maxsize=maxsize)


def consumed(runner: StageRunner[Any]) -> list[str]:
    """The names of the topics that a stage reads."""
    return [topic.name for topic in runner.stage.topics]


def consumer_of(runner: StageRunner[Any], bootstrap_servers: str) -> AIOKafkaConsumer:
    """The stage's consumer. Not connected; where it reads on is the store's word."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=runner.stage.group,
        client_id=runner.stage.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_bytes=FETCH_MAX_BYTES,
        max_partition_fetch_bytes=FETCH_BYTES,
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=SESSION_TIMEOUT_MS // 4,
        max_poll_interval_ms=15 * 60 * 1000,
        isolation_level="read_committed",
    )


def _next_offsets(runner: StageRunner[Any], store: Store) -> Any:
    group = runner.stage.group

    def look_up() -> Mapping[tuple[str, int], int]:
        with store.transaction() as tx:
            return {
                (topic, partition): offset
                for topic in consumed(runner)
                for partition, offset in tx.offsets.next(group, topic).items()
            }

    async def next_offsets() -> Mapping[tuple[str, int], int]:
        async for attempt in stamina.retry_context(
            on=Temporary, attempts=None, timeout=None, wait_max=5.0
        ):
            with attempt:
                return await asyncio.to_thread(look_up)
        raise AssertionError("a retry without end has ended")

    return next_offsets
