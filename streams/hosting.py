"""How a stage becomes Faust: one reader, two bounded channels, two agents.

::

    BatchReader ─► channel ─► agent "<stage>.read" ─► channel ─► agent "<stage>.write"

At most `IN_FLIGHT` batches are on their way, which is the back-pressure: while one is being written
the next is being read, so that rules and PostgreSQL work at the same time. The reader gathers the
next only then, so that what comes meanwhile is one batch, not a queue of small ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
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

IN_FLIGHT = 2
SESSION_TIMEOUT_MS = 10_000
FETCH_BYTES = 2 * 1024 * 1024
"""What one request brings of a partition, as it is compressed; a larger record comes alone."""
FETCH_MAX_BYTES = 16 * 1024 * 1024
"""What one request brings of all partitions of a broker."""


def host(app: faust.App, runner: StageRunner[Any], store: Store, bootstrap_servers: str) -> None:
    """Let `app` run this stage: it starts and stops with the app."""
    name = runner.stage.name
    turns = asyncio.Semaphore(IN_FLIGHT)
    arrived, ready = bounded_channel(app, IN_FLIGHT), bounded_channel(app, IN_FLIGHT)
    put_arrived: Any = arrived.put  # typed for Faust's own events, though any value may be put
    put_ready: Any = ready.put

    async def read(batches: StreamT[Batch]) -> None:
        await read_all(batches, runner, put_ready, turns)

    async def write(prepared: StreamT[Prepared[Any]]) -> None:
        await write_all(prepared, runner, turns)

    app.agent(arrived, name=f"{name}.read")(read)
    app.agent(ready, name=f"{name}.write")(write)

    @app.service
    class Reader(BatchReader):
        """The reader of this stage; Faust makes it, with its own loop."""

        def __init__(self, **options: Any) -> None:
            consumer = consumer_of(runner, bootstrap_servers)
            next_offsets = _next_offsets(runner, store)
            super().__init__(
                consumer, consumed(runner), next_offsets, put_arrived, turns, **options
            )
            runner.reader = self


async def read_all(
    batches: AsyncIterable[Batch],
    runner: StageRunner[Any],
    put: Callable[[Prepared[Any]], Awaitable[Any]],
    turns: asyncio.Semaphore,
) -> None:
    """Hand on every batch once it is read; the turn of one that cannot be is over."""
    async for batch in batches:
        try:
            await put(await runner.prepare(batch))
        except BaseException:
            turns.release()
            raise


async def write_all(
    prepared: AsyncIterable[Prepared[Any]], runner: StageRunner[Any], turns: asyncio.Semaphore
) -> None:
    """Write one batch after the other; the turn of each is over then, whatever became of it."""
    async for one in prepared:
        try:
            await runner.commit(one)
        finally:
            turns.release()


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
