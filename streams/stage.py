"""The only place that handles failure: what every stage does with a batch, whatever its rule.

A stage is two plain functions. `read` is pure and takes one record; `write` takes what was read of
a whole batch inside one transaction and returns what is to be published. Around them, here:

======================  ===========================================================
what happens            what becomes of it
======================  ===========================================================
`InvalidEvent` in read  that record is dead-lettered, the rest goes on
any other in read       the same: the record that provokes it is alone already
`Temporary` in write    everything is rolled back and tried again, for ever
`Fenced`                the batch is dropped, the reader asks the store where to go on
any other in write      the batch is halved until the record is alone; it is dead-lettered
too many dead           `BadRelease`: rolled back, nothing dead-lettered, the stage stops
`BadSettings` in write  the same: what the settings promise is not there
======================  ===========================================================

Records, dead letters and offsets are one transaction; Kafka has acknowledged what is published
before it commits. A crash in between publishes again, under the same event ids. The transaction
waits for the broker a few seconds only, and is not begun again before the broker answers: others
need the rows that it holds (``docs/decisions/0008-what-is-bounded.md``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

import stamina
import structlog

from schemas.errors import (
    BadRelease,
    BadSettings,
    Fenced,
    InvalidEvent,
    SinkBusy,
    SinkUnreachable,
    Temporary,
)
from schemas.topics import Topic
from sinks.contracts import Outgoing, Publisher
from sinks.store.contract import Store, Transaction
from streams import metrics
from streams.batches import Batch, BatchReader, Record
from streams.clock import Clock
from streams.dead.burial import dead_letter
from streams.probe import Probe, pass_by

log = structlog.get_logger()

ItemT = TypeVar("ItemT")
PATIENCE_S = 4.0
"""How long a transaction, with its locks, waits for the broker; a batch takes a tenth of that."""
LONGEST_PATIENCE_S = 16.0
"""For a broker that is there and slow: patience doubles up to this, so that it gets on all the
same."""
PAUSE_S = 1.0
"""Before a batch that failed where no rule is at work is read again."""
WINDOW = 1_000
"""Records over which a stage's failures are counted, besides those of each batch alone."""
LEAST_DEAD = 10
"""Fewer dead letters than this in the window are single faults, however few records there were."""
DEAD_SHARE = 0.1


@dataclass(frozen=True)
class Stage(Generic[ItemT]):
    """A room of the flow.

    Attributes:
        name: also names its consumer group, ``closeloop.<name>``.
        read: one record and the time -> what the rule makes of it. Pure.
        write: the batch's items, in order -> what to publish. Called again with parts of the batch
            when it raises, so its effects must be the transaction's alone.
    """

    name: str
    topics: tuple[Topic, ...]
    read: Callable[[Record, datetime], ItemT]
    write: Callable[[Transaction, Sequence[ItemT], datetime], Sequence[Outgoing]]

    @property
    def group(self) -> str:
        """The consumer group."""
        return f"closeloop.{self.name}"


@dataclass(frozen=True)
class Prepared(Generic[ItemT]):
    """A batch after `read`: what can be written, and what is dead already."""

    batch: Batch
    items: list[tuple[Record, ItemT]]
    dead: list[tuple[Record, Exception]]
    started: float = field(default=0.0)


def prepare(stage: Stage[ItemT], batch: Batch, now: datetime) -> Prepared[ItemT]:
    """Every record read, or dead with the error that says why."""
    items: list[tuple[Record, ItemT]] = []
    dead: list[tuple[Record, Exception]] = []
    read = stage.read
    for record in batch.records:
        try:
            items.append((record, read(record, now)))
        except Exception as error:  # noqa: BLE001 - the one place where it is handled
            dead.append((record, error))
    return Prepared(batch, items, dead)


def write_bisecting(
    stage: Stage[ItemT],
    tx: Transaction,
    items: Sequence[tuple[Record, ItemT]],
    now: datetime,
) -> tuple[list[Outgoing], list[tuple[Record, Exception]]]:
    """Write all that can be written: what to publish, and the records that cannot be written."""
    if not items:
        return [], []
    try:
        with tx.savepoint():
            return list(stage.write(tx, [item for _, item in items], now)), []
    except (Temporary, Fenced, BadRelease, BadSettings):
        raise
    except Exception as error:  # noqa: BLE001 - the one place where it is handled
        if len(items) == 1:
            return [], [(items[0][0], error)]
    middle = len(items) // 2
    published, dead = write_bisecting(stage, tx, items[:middle], now)
    more_published, more_dead = write_bisecting(stage, tx, items[middle:], now)
    return published + more_published, dead + more_dead


class Judge:
    """Tells single faults from a bad release: too many of a batch, or of the last records, died.

    Only of our own errors: invalid input is the sender's doing and counts for nothing here.
    """

    def __init__(self) -> None:
        self._window: deque[bool] = deque(maxlen=WINDOW)

    def weigh(self, count: int, dead: Sequence[tuple[Record, Exception]]) -> None:
        """Look at a batch before it commits, as often as that is tried; raises `BadRelease`."""
        batch = _failures(count, dead)
        for last in (batch, [*self._window, *batch][-max(WINDOW, count) :]):
            failed = sum(last)
            if failed > LEAST_DEAD and failed > DEAD_SHARE * len(last):
                raise BadRelease(f"{failed} of {len(last)} records failed: {dead[-1][1]!r}")

    def keep(self, count: int, dead: Sequence[tuple[Record, Exception]]) -> None:
        """Take a batch into account, once: it is committed."""
        self._window.extend(_failures(count, dead))


def _failures(count: int, dead: Sequence[tuple[Record, Exception]]) -> list[bool]:
    """One for each record of a batch: whether it died of an error of ours."""
    ours = sum(not isinstance(error, InvalidEvent) for _, error in dead)
    return [True] * ours + [False] * (count - ours)


class StageRunner(Generic[ItemT]):
    """Runs one stage on batches, one after the other; its two halves overlap on successive ones."""

    def __init__(
        self,
        stage: Stage[ItemT],
        store: Store,
        publisher: Publisher,
        clock: Clock,
        probe: Probe = pass_by,
    ) -> None:
        self.stage = stage
        self._store = store
        self._publisher = publisher
        self._patience_s = PATIENCE_S
        self._doubted: frozenset[str] = frozenset()
        self._clock = clock
        self._probe = probe
        self._judge = Judge()
        self.reader: BatchReader | None = None
        self.stopped = False

    async def prepare(self, batch: Batch) -> Prepared[ItemT]:
        """The first half: no I/O, in a thread."""
        return await asyncio.to_thread(prepare, self.stage, batch, self._clock.now())

    async def commit(self, prepared: Prepared[ItemT]) -> None:
        """The second half: everything that the batch does to the world, or nothing of it."""
        try:
            await self._commit_retrying(prepared)
        except Fenced as error:
            metrics.FENCED.labels(self.stage.name).inc()
            log.warning("fenced", stage=self.stage.name, why=str(error))
            await self._resync()
        except (BadRelease, BadSettings) as error:
            self.stopped = True
            metrics.STOPPED.labels(self.stage.name).set(1)
            log.critical("stage stopped", stage=self.stage.name, why=str(error))
        except Exception:
            log.exception("batch failed outside its rule", stage=self.stage.name)
            await asyncio.sleep(PAUSE_S)
            await self._resync()

    async def _commit_retrying(self, prepared: Prepared[ItemT]) -> None:
        async for attempt in stamina.retry_context(
            on=self._worth_another_try, attempts=None, timeout=None, wait_max=10.0
        ):
            with attempt:
                if self._is_stale(prepared.batch):
                    log.info("batch dropped", stage=self.stage.name, why="read before a change")
                    return
                if self._doubted:
                    await self._publisher.reach(self._doubted)
                loop = asyncio.get_running_loop()
                await asyncio.to_thread(self._transact, prepared, loop)
                self._doubted, self._patience_s = frozenset(), PATIENCE_S
        if self.reader is not None:
            await self.reader.report(prepared.batch.moves)

    def _is_stale(self, batch: Batch) -> bool:
        return self.stopped or (self.reader is not None and batch.epoch != self.reader.epoch)

    async def _resync(self) -> None:
        if self.reader is not None:
            await self.reader.find_place()

    def _worth_another_try(self, error: Exception) -> bool | float:
        if not isinstance(error, Temporary):
            return False
        metrics.RETRIES.labels(self.stage.name, type(error).__name__).inc()
        log.warning("will try again", stage=self.stage.name, why=str(error))
        return error.retry_after_s if isinstance(error, SinkBusy) else True

    def _transact(self, prepared: Prepared[ItemT], loop: asyncio.AbstractEventLoop) -> None:
        """One transaction, in a thread; publishing happens on the loop meanwhile."""
        now = self._clock.now()
        stage = self.stage
        count = len(prepared.batch.records)
        with metrics.BATCH_S.labels(stage.name).time():
            with self._store.transaction() as tx:
                published, poison = write_bisecting(stage, tx, prepared.items, now)
                dead = prepared.dead + poison
                self._judge.weigh(count, dead)
                tx.offsets.move(stage.group, prepared.batch.moves)
                self._probe("produce.before")
                self._publish_from_thread([*published, *_letters(dead, now)], loop)
                self._probe("produce.after")
                self._probe("commit.before")
            self._probe("commit.after")
        self._judge.keep(count, dead)
        metrics.RECORDS.labels(stage.name).inc(count)
        for _, error in dead:
            metrics.DEAD.labels(stage.name, type(error).__name__).inc()

    def _publish_from_thread(
        self, records: Sequence[Outgoing], loop: asyncio.AbstractEventLoop
    ) -> None:
        if records:
            sending = asyncio.run_coroutine_threadsafe(self._publish(records), loop)
            sending.result(2 * LONGEST_PATIENCE_S)

    async def _publish(self, records: Sequence[Outgoing]) -> None:
        """Publish within our patience; else the broker is in doubt until it has answered."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._publisher.publish(records)
        except (Temporary, TimeoutError) as error:
            self._doubted = frozenset(record.topic for record in records)
            self._patience_s = min(2 * self._patience_s, LONGEST_PATIENCE_S)
            if isinstance(error, Temporary):
                raise
            raise SinkUnreachable("the broker takes too long") from error


def _letters(dead: Sequence[tuple[Record, Exception]], now: datetime) -> list[Outgoing]:
    return [dead_letter(record, error, now) for record, error in dead]
