"""All of a transaction becomes true at once, or none of it."""

from datetime import UTC, datetime

import pytest

from schemas.errors import SinkRefused, SinkUnreachable
from sinks.store.contract import Store, Transaction
from sinks.store.migrations import unmigrate
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Move
from tests.contract.store.ways import Broken, failing

MOVE = Move(topic="t", partition=0, expected=None, new=5)


def offsets(store: Store) -> dict[int, int]:
    """Where the group of these tests stands."""
    with store.transaction() as tx:
        return tx.offsets.next("g", "t")


def test_what_a_transaction_wrote_is_there_after_it(store: Store) -> None:
    """Another transaction reads it."""
    with store.transaction() as tx:
        tx.offsets.move("g", [MOVE])
    assert offsets(store) == {0: 5}


def test_a_transaction_sees_what_it_wrote_itself(store: Store) -> None:
    """Nobody else does before its end."""
    with store.transaction() as tx:
        tx.offsets.move("g", [MOVE])
        assert tx.offsets.next("g", "t") == {0: 5}


def test_an_exception_leaves_nothing_behind(store: Store) -> None:
    """Whatever shelves it wrote to."""

    def write(tx: Transaction) -> None:
        tx.offsets.move("g", [MOVE])
        tx.loops.use_reply("token", datetime.now(UTC))

    failing(store, write)
    assert offsets(store) == {}
    with store.transaction() as tx:
        assert not tx.loops.reply_used("token")


def test_after_an_exception_the_store_goes_on(store: Store) -> None:
    """The connection is as good as new."""
    failing(store, lambda tx: tx.offsets.move("g", [MOVE]))
    with store.transaction() as tx:
        tx.offsets.move("g", [MOVE])
    assert offsets(store) == {0: 5}


def test_a_savepoint_that_fails_is_undone_alone(store: Store) -> None:
    """What was written before it stays."""

    def break_inside(tx: Transaction) -> None:
        with tx.savepoint():
            tx.offsets.move("g", [Move(topic="t", partition=1, expected=None, new=9)])
            raise Broken

    with store.transaction() as tx:
        tx.offsets.move("g", [MOVE])
        with pytest.raises(Broken):
            break_inside(tx)
        assert tx.offsets.next("g", "t") == {0: 5}
    assert offsets(store) == {0: 5}


def test_a_savepoint_that_ends_well_is_part_of_the_transaction(store: Store) -> None:
    """It adds no commit of its own."""
    with store.transaction() as tx, tx.savepoint():
        tx.offsets.move("g", [MOVE])
    assert offsets(store) == {0: 5}


def test_a_store_that_is_not_open_has_no_transactions(store: Store) -> None:
    """Closing twice is no fault."""
    store.close()
    store.close()
    with pytest.raises(SinkUnreachable), store.transaction():
        pass


def test_a_store_may_be_opened_again_and_knows_what_it_knew(store: Store) -> None:
    """Both keep what was committed."""
    with store.transaction() as tx:
        tx.offsets.move("g", [MOVE])
    store.close()
    store.open()
    assert offsets(store) == {0: 5}


def test_a_database_that_does_not_answer_is_unreachable() -> None:
    """The start is tried again, not given up."""
    store = PostgresStore("postgresql+psycopg://nobody@/none?host=/nonexistent", timeout_s=2)
    with pytest.raises(SinkUnreachable):
        store.open()


def test_a_schema_that_is_not_ours_is_refused(database_url: str) -> None:
    """An old program on a new schema, or none at all."""
    unmigrate(database_url)
    store = PostgresStore(database_url)
    with pytest.raises(SinkRefused, match="migrate"):
        store.open()
    store.close()


def test_a_worker_that_froze_in_a_transaction_keeps_no_locks(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it stops at `produce.before`: the server ends it, and it finds that out."""
    monkeypatch.setattr("sinks.store.postgres.store.IDLE_S", 1)
    frozen = PostgresStore(database_url)
    frozen.open()
    store = PostgresStore(database_url, timeout_s=15)
    store.open()

    def freeze() -> None:
        with frozen.transaction() as tx:
            tx.ships.latest([1])
            with store.transaction() as other:  # waits until the server has had enough
                other.ships.latest([1])
                freed.append(True)
            tx.offsets.move("g", [MOVE])

    freed: list[bool] = []
    with pytest.raises(SinkUnreachable):
        freeze()
    assert freed
    assert offsets(store) == {}
    frozen.close()
    store.close()


def test_a_lock_that_is_held_too_long_is_temporary(database_url: str) -> None:
    """A statement's time-out ends the wait, as unreachable: the work is tried again."""
    store = PostgresStore(database_url, timeout_s=1)
    store.open()
    with store.transaction() as tx:
        tx.ships.latest([1])
        with pytest.raises(SinkUnreachable), store.transaction() as other:
            other.ships.latest([1])
    store.close()
