"""The outbox holds the events of committed transactions until the broker has them."""

from datetime import UTC, datetime

from schemas.codec import encode
from schemas.events import Loop, LoopChanged
from sinks.store.contract import Store
from sinks.store.postgres.store import PostgresStore
from tests.contract.store.ways import Beside

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def event(number: int) -> LoopChanged:
    """An event that is easily told apart."""
    data = Loop(account_id="A", issue_id="1", state="told", by="closeloop")
    return LoopChanged(id=f"e{number}", source="/x", specversion="1.0", time=NOW, data=data)


def add(store: Store, *numbers: int) -> None:
    """Put events in, in a transaction of their own."""
    with store.transaction() as tx:
        tx.outbox.add([("loop.changed", f"key {number}", event(number)) for number in numbers])


def test_events_come_out_in_the_order_in_which_they_went_in(store: Store) -> None:
    """Within a transaction and across; bytes are what the codec makes."""
    add(store, 2, 1)
    add(store, 3)
    with store.transaction() as tx:
        rows = tx.outbox.take(10)
    assert [row.key for row in rows] == [b"key 2", b"key 1", b"key 3"]
    assert [row.value for row in rows] == [encode(event(number)) for number in (2, 1, 3)]
    assert {row.topic for row in rows} == {"loop.changed"}


def test_the_oldest_are_taken_first(store: Store) -> None:
    """As many as were asked for."""
    add(store, 1, 2, 3)
    with store.transaction() as tx:
        assert [row.key for row in tx.outbox.take(2)] == [b"key 1", b"key 2"]


def test_what_is_dropped_is_forgotten(store: Store) -> None:
    """The broker has it."""
    add(store, 1, 2)
    with store.transaction() as tx:
        tx.outbox.drop([tx.outbox.take(1)[0].id])
    with store.transaction() as tx:
        assert [row.key for row in tx.outbox.take(9)] == [b"key 2"]


def test_what_is_taken_and_not_dropped_is_taken_again(store: Store) -> None:
    """The relay died in between: at least once."""
    add(store, 1)
    with store.transaction() as tx:
        assert tx.outbox.take(9)
    with store.transaction() as tx:
        assert tx.outbox.take(9)


def test_adding_nothing_adds_nothing(store: Store) -> None:
    """No statement without rows."""
    add(store)
    with store.transaction() as tx:
        assert tx.outbox.take(9) == []


def test_there_is_one_taker_at_a_time(postgres_store: PostgresStore, beside: Beside) -> None:
    """So that the order per key is kept, and nobody waits."""
    add(postgres_store, 1, 2)
    with postgres_store.transaction() as tx:
        assert len(tx.outbox.take(1)) == 1
        assert beside(postgres_store, lambda other: other.outbox.take(9)).result(5) == []
    with postgres_store.transaction() as tx:
        assert len(tx.outbox.take(9)) == 2
