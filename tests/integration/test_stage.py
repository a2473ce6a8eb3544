"""Whatever a rule does, a stage's batch is written whole, once, or not at all: on PostgreSQL."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import text

from deploy.embedded import EmbeddedPostgres
from schemas.deadletter import letter_of, strip
from schemas.errors import BadSettings, Fenced, InvalidEvent, SinkBusy, SinkUnreachable
from schemas.topics import FEEDBACK_RECEIVED
from sinks.contracts import Outgoing
from sinks.store.contract import Transaction
from sinks.store.migrations import migrate
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Move
from streams.batches import Batch
from streams.clock import HandClock
from streams.dead.burial import code_version
from streams.stage import Stage, StageRunner

NOW = datetime(2026, 7, 28, 10, 30, tzinfo=UTC)
TOPIC = FEEDBACK_RECEIVED.name
HEADERS = (("content-type", b"text/plain"), ("trace", b"7"))


class Given(msgspec.Struct):
    """A Kafka record as a stage sees it."""

    offset: int
    value: bytes | None
    topic: str = TOPIC
    partition: int = 0
    key: bytes | None = b"key"
    headers: Sequence[tuple[str, bytes]] = HEADERS


class Reader:
    """Stands in for the reader: what it was told."""

    def __init__(self) -> None:
        self.epoch = 0
        self.resyncs = 0
        self.reported: list[Move] = []

    async def find_place(self) -> None:
        """Read on where the store says."""
        self.resyncs += 1

    async def report(self, moves: Sequence[Move]) -> None:
        """Tell Kafka."""
        self.reported += moves


class Rig:
    """One stage that writes a row for each record, and says so on a topic."""

    def __init__(self, store: PostgresStore) -> None:
        self.store = store
        self.published: list[Outgoing] = []
        self.doubted: list[Collection[str]] = []
        self.faults: list[Exception] = []
        self.poison: Callable[[Transaction, str], None] = lambda tx, said: None  # noqa: ARG005
        self.invalid: set[str] = set()
        self.reader = Reader()
        stage = Stage("test", (FEEDBACK_RECEIVED,), self._read, self._write)
        self.runner = StageRunner(stage, store, self, HandClock(NOW))  # type: ignore[arg-type] - all that it uses
        self.runner.reader = self.reader  # type: ignore[assignment]

    def _read(self, record: Given, _now: datetime) -> str:
        said = (record.value or b"").decode()
        if said in self.invalid:
            raise InvalidEvent("no such thing", "$.data.words")
        return said

    def _write(self, tx: Transaction, items: Sequence[str], now: datetime) -> list[Outgoing]:
        for said in items:
            assert tx.loops.use_reply(said, now), "written twice"
            self.poison(tx, said)
        return [Outgoing("feedback.linked", said.encode(), b"{}") for said in items]

    async def reach(self, topics: Collection[str] = ()) -> None:
        """The broker answers, or it does not."""
        self.doubted.append(topics)

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """To Kafka."""
        if self.faults:
            raise self.faults.pop(0)
        self.published += records

    async def run(self, *said: str, start: int | None = None) -> None:
        """One batch of these words, from offset `start` on (None: the partition's first)."""
        first = start or 0
        records = [Given(first + n, word.encode()) for n, word in enumerate(said)]
        move = Move(topic=TOPIC, partition=0, expected=start, new=first + len(said))
        batch = Batch(records, (move,), self.reader.epoch)
        await self.runner.commit(await self.runner.prepare(batch))

    def rows(self) -> list[str]:
        """The words that are in the store."""
        with self.store.transaction() as tx:
            found = tx.loops._connection.execute(text("SELECT token_id FROM reply ORDER BY 1"))
            return [row[0] for row in found]

    def offset(self) -> int | None:
        """Where the store says to read on."""
        with self.store.transaction() as tx:
            return tx.offsets.next("closeloop.test", TOPIC).get(0)

    def dead(self) -> list[Outgoing]:
        """The dead letters."""
        return [one for one in self.published if one.topic == f"{TOPIC}.dead"]

    def linked(self) -> list[str]:
        """What was said on the topic that the stage writes."""
        return [(one.key or b"").decode() for one in self.published if one.topic != f"{TOPIC}.dead"]


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A database with the schema and nothing in it."""
    migrate(postgres.create_database("stage_template"))
    return "stage_template"


@pytest.fixture
def rig(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """A stage on a store of its own."""
    monkeypatch.setattr("streams.stage.PAUSE_S", 0.0)
    store = PostgresStore(database_url, timeout_s=20)
    store.open()
    yield Rig(store)
    store.close()


def words(number: int, prefix: str = "word") -> list[str]:
    """So many different ones, in their order."""
    return [f"{prefix}{n:03d}" for n in range(number)]


def our_bug(_tx: Transaction, said: str) -> None:
    """Python's own error."""
    if said.startswith("poison"):
        raise KeyError("owner_id")


def the_databases_no(tx: Transaction, said: str) -> None:
    """An error that leaves PostgreSQL's transaction broken."""
    if said.startswith("poison"):
        tx.loops._connection.execute(text("SELECT 1 / 0"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("poison", [our_bug, the_databases_no])
@pytest.mark.parametrize("place", [0, 37, 99])
async def test_one_poison_record_is_found_and_the_rest_is_written(
    rig: Rig, poison: Callable[[Transaction, str], None], place: int
) -> None:
    """Ninety-nine rows, one letter that says everything, and the offset behind them all."""
    rig.poison = poison
    good = words(99)
    await rig.run(*good[:place], "poison", *good[place:])
    assert rig.rows() == good
    assert rig.linked() == good
    assert rig.offset() == 100
    (letter,) = rig.dead()
    said = letter_of(letter.headers)
    assert (letter.key, letter.value, strip(letter.headers)) == (b"key", b"poison", [*HEADERS])
    assert (said.topic, said.partition, said.offset, said.path) == (TOPIC, 0, place, "$")
    assert said.error in {"KeyError", "DataError"}
    assert (said.at, said.version) == (NOW, code_version())
    assert said.reason
    assert not rig.runner.stopped


async def test_two_in_a_batch_are_both_found(rig: Rig) -> None:
    """Side by side, and far apart."""
    rig.poison = our_bug
    await rig.run("poison1", "poison2", *words(60), "poison3")
    assert rig.rows() == words(60)
    assert [one.value for one in rig.dead()] == [b"poison1", b"poison2", b"poison3"]


async def test_more_than_a_tenth_poison_is_a_bad_release(rig: Rig) -> None:
    """The stage stops: no row, no letter, no offset, and nothing after it either."""
    rig.poison = our_bug
    await rig.run(*words(89), *words(11, "poison"))
    assert rig.runner.stopped
    assert (rig.rows(), rig.published, rig.offset()) == ([], [], None)
    rig.poison = lambda _tx, _said: None
    await rig.run(*words(10, "later"))
    assert (rig.rows(), rig.offset()) == ([], None)


async def test_a_tenth_poison_is_not(rig: Rig) -> None:
    """The line is drawn above it."""
    rig.poison = our_bug
    await rig.run(*words(90), *words(10, "poison"))
    assert not rig.runner.stopped
    assert (len(rig.rows()), len(rig.dead()), rig.offset()) == (90, 10, 100)


async def test_a_bad_release_shows_over_small_batches_too(rig: Rig) -> None:
    """Three of every ten: the fourth batch is one too many, and is left as it was."""
    rig.poison = our_bug
    for n in range(5):
        await rig.run(*words(7, f"w{n}"), *words(3, f"poison{n}"), start=n * 10 or None)
    assert rig.runner.stopped
    assert (len(rig.rows()), len(rig.dead()), rig.offset()) == (21, 9, 30)


async def test_a_long_good_past_excuses_no_bad_batch(rig: Rig) -> None:
    """A thousand good ones, then most of a batch dies."""
    await rig.run(*words(1000))
    rig.poison = our_bug
    await rig.run(*words(9, "later"), *words(11, "poison"), start=1000)
    assert rig.runner.stopped
    assert (len(rig.rows()), rig.dead(), rig.offset()) == (1000, [], 1000)


async def test_what_the_settings_promise_and_is_not_there_stops_the_stage(rig: Rig) -> None:
    """No record is to blame: none is dead-lettered, however few there are."""

    def missing(_tx: Transaction, _said: str) -> None:
        raise BadSettings(["link_tier: the extra is missing"])

    rig.poison = missing
    await rig.run("word")
    assert rig.runner.stopped
    assert (rig.rows(), rig.published, rig.offset()) == ([], [], None)


async def test_what_senders_do_wrong_stops_nothing(rig: Rig) -> None:
    """A hundred letters, and the stage goes on."""
    rig.invalid = set(words(100, "bad"))
    await rig.run(*words(100, "bad"), "good")
    assert not rig.runner.stopped
    assert (rig.rows(), len(rig.dead()), rig.offset()) == (["good"], 100, 101)


@pytest.mark.parametrize("fault", [SinkUnreachable("no broker"), SinkBusy("broker", 0.01)])
async def test_a_broker_that_is_away_is_waited_for(rig: Rig, fault: Exception) -> None:
    """Rolled back and tried again: each row once, nothing dead."""
    rig.faults = [fault, fault]
    await rig.run(*words(5))
    assert (rig.rows(), rig.linked(), rig.dead(), rig.offset()) == (words(5), words(5), [], 5)
    assert rig.reader.reported[0].new == 5


async def test_trying_again_counts_a_poison_record_once(rig: Rig) -> None:
    """A broker that is away does not turn four single faults into a bad release."""
    rig.poison = our_bug
    rig.faults = [SinkBusy("broker", 0.01)] * 4
    await rig.run(*words(26), *words(4, "poison"))
    assert not rig.runner.stopped
    assert (len(rig.rows()), len(rig.dead()), rig.offset()) == (26, 4, 30)


async def test_a_store_that_passes_is_waited_for(rig: Rig) -> None:
    """A deadlock, or a restart: never a dead letter."""
    faults = [SinkUnreachable("restart")] * 2

    def away(_tx: Transaction, _said: str) -> None:
        if faults:
            raise faults.pop()

    rig.poison = away
    await rig.run(*words(5))
    assert (rig.rows(), rig.dead(), rig.offset()) == (words(5), [], 5)


async def test_a_fenced_batch_leaves_nothing(rig: Rig) -> None:
    """Another worker has moved on: no row, nothing said, and the reader asks where to read on."""
    await rig.run(*words(3))
    rig.published.clear()
    await rig.run(*words(3, "late"))
    assert (rig.rows(), rig.published, rig.offset()) == (words(3), [], 3)
    assert rig.reader.resyncs == 1
    await rig.run("next", start=3)
    assert (rig.rows(), rig.offset()) == ([*["next"], *words(3)], 4)


async def test_a_batch_of_an_older_epoch_is_dropped(rig: Rig) -> None:
    """It was read before the partitions were given out anew."""
    records = [Given(0, b"old")]
    move = Move(topic=TOPIC, partition=0, expected=None, new=1)
    prepared = await rig.runner.prepare(Batch(records, (move,), rig.reader.epoch))
    rig.reader.epoch += 1
    await rig.runner.commit(prepared)
    assert (rig.rows(), rig.published, rig.offset()) == ([], [], None)


async def test_an_error_outside_the_rule_is_not_the_records_fault(rig: Rig) -> None:
    """Nothing is written, nothing is dead, and the batch is read again."""
    rig.faults = [RuntimeError("our publisher has a bug")]
    await rig.run(*words(3))
    assert (rig.rows(), rig.published, rig.offset()) == ([], [], None)
    assert rig.reader.resyncs == 1
    await rig.run(*words(3))
    assert (rig.rows(), rig.offset()) == (words(3), 3)


async def test_a_fence_inside_the_rule_is_a_fence(rig: Rig) -> None:
    """It is never bisected."""

    def fenced(_tx: Transaction, _said: str) -> None:
        raise Fenced("moved on")

    rig.poison = fenced
    await rig.run(*words(3))
    assert (rig.rows(), rig.dead(), rig.reader.resyncs) == ([], [], 1)
