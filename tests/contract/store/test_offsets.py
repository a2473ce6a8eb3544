"""Offsets move in the transaction that wrote the batch, and only from where they are expected."""

import pytest

from schemas.errors import Fenced
from sinks.store.contract import Store, Transaction
from sinks.store.rows import Move
from tests.contract.store.ways import Waits


def move(partition: int, expected: int | None, new: int, topic: str = "t") -> Move:
    """One partition's move."""
    return Move(topic=topic, partition=partition, expected=expected, new=new)


def offsets(store: Store, group: str = "g", topic: str = "t") -> dict[int, int]:
    """Where a group stands."""
    with store.transaction() as tx:
        return tx.offsets.next(group, topic)


def test_a_partition_that_was_never_read_is_absent(store: Store) -> None:
    """Nobody invents a zero."""
    assert offsets(store) == {}


def test_an_offset_moves_from_where_it_is_expected(store: Store) -> None:
    """Several at a time, and again."""
    with store.transaction() as tx:
        tx.offsets.move("g", [move(0, None, 5), move(3, None, 7)])
        tx.offsets.move("g", [move(0, 5, 8)])
    assert offsets(store) == {0: 8, 3: 7}


def test_groups_and_topics_move_apart(store: Store) -> None:
    """The same partition number means nothing across topics or groups."""
    with store.transaction() as tx:
        tx.offsets.move("g", [move(0, None, 5), move(0, None, 6, topic="u")])
        tx.offsets.move("h", [move(0, None, 7)])
    assert (offsets(store), offsets(store, topic="u"), offsets(store, "h")) == (
        {0: 5},
        {0: 6},
        {0: 7},
    )


@pytest.mark.parametrize("expected", [None, 4, 6])
def test_one_that_is_elsewhere_fences_and_none_moves(store: Store, expected: int | None) -> None:
    """Whether it was thought to be new, behind or ahead."""
    with store.transaction() as tx:
        tx.offsets.move("g", [move(0, None, 5), move(1, None, 1)])
    with pytest.raises(Fenced), store.transaction() as tx:
        tx.offsets.move("g", [move(1, 1, 2), move(0, expected, 9), move(2, None, 2)])
    assert offsets(store) == {0: 5, 1: 1}


def test_one_that_is_expected_but_was_never_read_fences(store: Store) -> None:
    """Its row is gone: somebody reset the group."""
    with pytest.raises(Fenced), store.transaction() as tx:
        tx.offsets.move("g", [move(0, 5, 9)])


@pytest.mark.parametrize("start", [None, 5])
def test_a_zombie_that_moves_at_the_same_time_is_fenced(
    store: Store, waits: Waits, start: int | None
) -> None:
    """Two workers think that they own the partition: one writes, the other drops its batch."""
    if start is not None:
        with store.transaction() as tx:
            tx.offsets.move("g", [move(0, None, start)])

    def zombie(tx: Transaction) -> None:
        with pytest.raises(Fenced):
            tx.offsets.move("g", [move(0, start, 6)])

    waits(store, lambda tx: tx.offsets.move("g", [move(0, start, 9)]), zombie)
    assert offsets(store) == {0: 9}
