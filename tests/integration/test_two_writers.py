"""Two workers have the same remark at the same time: what the first one wrote is what stands."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from deploy.embedded import EmbeddedPostgres
from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.events import Customer, Feedback, FeedbackReceived
from schemas.topics import EPIC_CHANGED, FEEDBACK_RECEIVED
from sinks.contracts import Outgoing
from sinks.store.contract import Transaction
from sinks.store.learned import Guess
from sinks.store.migrations import migrate
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Decision, Link, Remark
from streams.collect.rereading import Kept
from streams.link.alike import Audits
from streams.link.linker import Answer
from streams.link.rules import Candidate
from streams.link.stage import LinkStage
from streams.ship.rules import Policy
from streams.ship.stage import ShipStage
from tests.integration.commands.world import EARLIER, NOW, attributes, epics, feed

ALL, NONE = Audits(share=1.0), Audits(share=0.0)
HOUR = timedelta(hours=1)
_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


class Sure:
    """Is sure of one issue, whatever is said."""

    version = "sure"

    def __init__(self, issue_id: int) -> None:
        self._near = Candidate(issue_id, f"APP-{issue_id - 10000}", 0.99)

    def ask(self, _tx: Transaction, texts: Sequence[str]) -> list[list[Answer]]:
        """The same of each."""
        answer = Answer([self._near], (0.9,), 0.99, sure=True, basis="b", epics=2, certified=True)
        return [[answer] for _ in texts]


class Worker:
    """One that draws all remarks as audits, or none."""

    def __init__(self, audits: Audits, issue_id: int = 10001) -> None:
        self._stage = LinkStage(Sure(issue_id), frozenset({"upstream"}), 0, audits).stage()

    def hears(
        self, tx: Transaction, said: dict[str, str], later: timedelta = timedelta(0)
    ) -> Sequence[Outgoing]:
        """Record -> words, said so much later than the first version."""
        items = [
            self._stage.read(
                Kept(FEEDBACK_RECEIVED.name, 0, 0, b"", encode(event), STRUCTURED_HEADERS), NOW
            )
            for event in (_event(*one, later) for one in said.items())
        ]
        return self._stage.write(tx, items, NOW)


def _event(record: str, words: str, later: timedelta) -> FeedbackReceived:
    said = Feedback(origin="upstream", record=record, words=words, customer=Customer())
    return FeedbackReceived(**attributes(f"f{record}{later}", EARLIER + later), data=said)


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A database with the schema and nothing in it."""
    migrate(postgres.create_database("writers_template"))
    return "writers_template"


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    """A store with two issues."""
    opened = PostgresStore(database_url, timeout_s=20)
    opened.open()
    feed(opened, ShipStage(Policy(hold=timedelta(0)), 0).stage(), EPIC_CHANGED.name, epics())
    yield opened
    opened.close()


def race(
    store: PostgresStore,
    first: Callable[[Transaction], Any],
    second: Callable[[Transaction], Any],
) -> Any:
    """What the second got, which looked before the first one committed, and had to wait for it."""

    def run() -> Any:
        with store.transaction() as tx:
            return second(tx)

    with ThreadPoolExecutor(1) as pool, ExitStack() as open_:
        first(open_.enter_context(store.transaction()))
        other = pool.submit(run)
        while not _waits(store):
            assert wait([other], timeout=0.02).not_done, "the second never waited"
        open_.close()  # commits
        return other.result(timeout=20)


def _waits(store: PostgresStore) -> bool:
    """Whether anybody waits for somebody else's lock."""
    engine = store._engine
    assert engine is not None
    with engine.connect() as connection:
        return bool(connection.scalar(_WAITING))


def stands(
    store: PostgresStore, name: str
) -> tuple[Remark, list[tuple[Link, Decision]], list[Guess]]:
    """The remark with its links and what likeness made of it."""
    with store.transaction() as tx:
        found = tx.remarks.find(name)
        assert found is not None
        id_ = found[0].id
        return found[0], tx.links.of_remark(id_), tx.learned.guesses_of([id_]).get(id_, [])


@pytest.mark.parametrize(
    ("first", "second", "outcome"), [(ALL, NONE, "suggested"), (NONE, ALL, "linked")]
)
def test_the_first_to_commit_decides_what_a_new_remark_is(
    store: PostgresStore, first: Audits, second: Audits, outcome: str
) -> None:
    """Whoever comes second keeps it, as of a remark that comes again, and announces nothing."""
    said = {"1": "Please sort the ledger."}
    published = race(
        store,
        lambda tx: Worker(first).hears(tx, said),
        lambda tx: Worker(second, 10002).hears(tx, said),
    )
    remark, links, guesses = stands(store, "upstream:1")
    assert list(published) == []
    assert remark.outcome == outcome
    assert [(link.issue_key, link.state) for link, _ in links] == [("APP-1", outcome)]
    assert [(guess.issue_id, guess.audit) for guess in guesses] == [(10001, first is ALL)]


def test_others_of_the_second_ones_batch_are_written(store: PostgresStore) -> None:
    """One that was there already costs the rest nothing."""
    published = race(
        store,
        lambda tx: Worker(ALL).hears(tx, {"2": "Sorted, please."}),
        lambda tx: Worker(NONE).hears(tx, {"1": "Sort it.", "2": "Sorted, please.", "3": "Sort!"}),
    )
    assert [one.key for one in published] == [b"upstream:1", b"upstream:3"]
    outcomes = [stands(store, f"upstream:{number}")[0].outcome for number in (1, 2, 3)]
    assert outcomes == ["linked", "suggested", "linked"]


def test_a_newer_version_revises_what_the_other_has_just_written(store: PostgresStore) -> None:
    """It is decided anew, but an audit stays one."""
    race(
        store,
        lambda tx: Worker(ALL).hears(tx, {"1": "Sort the ledger."}),
        lambda tx: Worker(NONE, 10002).hears(tx, {"1": "Dark colours, please."}, HOUR),
    )
    remark, links, guesses = stands(store, "upstream:1")
    assert (remark.version_at, remark.outcome) == (EARLIER + HOUR, "suggested")
    assert {link.issue_key: link.state for link, _ in links} == {
        "APP-1": "rejected",
        "APP-2": "suggested",
    }
    assert [(guess.issue_id, guess.audit) for guess in guesses] == [(10002, True)]


def test_an_older_version_changes_nothing_of_what_the_other_has_written(
    store: PostgresStore,
) -> None:
    """The source's clock tells."""
    published = race(
        store,
        lambda tx: Worker(NONE).hears(tx, {"1": "Sort the ledger."}, HOUR),
        lambda tx: Worker(ALL, 10002).hears(tx, {"1": "Dark colours, please."}),
    )
    remark, links, _ = stands(store, "upstream:1")
    assert list(published) == []
    assert (remark.version_at, remark.outcome) == (EARLIER + HOUR, "linked")
    assert [link.issue_key for link, _ in links] == ["APP-1"]


@pytest.mark.parametrize(
    ("first", "second", "outcome"), [(ALL, NONE, "suggested"), (NONE, ALL, "linked")]
)
def test_the_first_to_commit_decides_what_a_newer_version_is(
    store: PostgresStore, first: Audits, second: Audits, outcome: str
) -> None:
    """Both found the old one, that named its issue."""
    with store.transaction() as tx:
        Worker(NONE).hears(tx, {"1": "APP-2, please."})
    published = race(
        store,
        lambda tx: Worker(first).hears(tx, {"1": "Sort the ledger."}, HOUR),
        lambda tx: Worker(second, 10002).hears(tx, {"1": "Sort the ledger."}, HOUR),
    )
    remark, links, guesses = stands(store, "upstream:1")
    assert list(published) == []
    assert remark.outcome == outcome
    assert {link.issue_key: link.state for link, _ in links} == {
        "APP-1": outcome,
        "APP-2": "rejected",
    }
    assert [(guess.issue_id, guess.audit) for guess in guesses] == [(10001, first is ALL)]
