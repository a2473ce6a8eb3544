"""What shipped, generation by generation, and when its audience is worked out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sinks.store.contract import Ships, Store, Transaction
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Anew, Ship
from tests.contract.store.ways import Beside, Waits, failing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOLD = timedelta(minutes=15)
SETTLES = NOW + HOLD
MINUTE = timedelta(minutes=1)


def ship(
    issue: int = 10,
    generation: int = 1,
    accounts: tuple[str, ...] | None = None,
    at: datetime = NOW,
) -> Ship:
    """A ship that settles a quarter of an hour after it shipped."""
    return Ship(
        issue_id=issue,
        generation=generation,
        signal="ci",
        what="exports",
        docs_url=None,
        accounts=accounts,
        shipped_at=at,
        settles_at=at + HOLD,
    )


def do(store: Store, work: Callable[[Ships], Any]) -> Any:
    """Work on ships in a transaction of its own."""
    with store.transaction() as tx:
        return work(tx.ships)


def opened(store: Store, *ships: Ship) -> None:
    """Open generations."""
    with store.transaction() as tx:
        for each in ships:
            tx.ships.open(each)


def due(store: Store, now: datetime, limit: int = 9) -> list[tuple[int, int]]:
    """Take what is due: issue and generation."""
    return [(each.issue_id, each.generation) for each in do(store, lambda it: it.due(now, limit))]


def test_the_latest_generation_is_the_highest(store: Store) -> None:
    """An issue that never shipped is absent."""
    opened(store, ship(accounts=("A", "B")), ship(generation=2), ship(11))
    found = do(store, lambda it: it.latest([10, 11, 12]))
    assert found == {10: ship(generation=2), 11: ship(11)}
    assert do(store, lambda it: it.latest([])) == {}


def test_accounts_come_back_as_they_went_in(store: Store) -> None:
    """Nobody and everybody are not the same."""
    opened(store, ship(10, accounts=("A", "B")), ship(11, accounts=()), ship(12, accounts=None))
    found = do(store, lambda it: it.latest([10, 11, 12]))
    assert [found[issue].accounts for issue in (10, 11, 12)] == [("A", "B"), (), None]


def test_an_issue_is_locked_while_somebody_looks_even_before_it_ships(
    store: Store, waits: Waits
) -> None:
    """Two workers must not both open the first generation."""

    def open_first(tx: Transaction) -> None:
        assert tx.ships.latest([10]) == {}
        tx.ships.open(ship())

    assert waits(store, open_first, lambda tx: tx.ships.latest([10])) == {10: ship()}


def test_issues_named_in_another_order_are_locked_without_a_deadlock(
    store: Store, beside: Beside
) -> None:
    """Two batches that share issues wait for each other, and no more."""
    many = list(range(1, 5000))
    orders = [many, many[::-1]] * 20
    runs = [beside(store, lambda tx, ids=ids: tx.ships.latest(ids)) for ids in orders]
    assert [each.result(20) for each in runs] == [{}] * len(orders)


def test_a_ship_that_is_looked_at_cannot_settle_meanwhile(store: Store, waits: Waits) -> None:
    """Whoever takes it back wants to know whether telling began."""
    opened(store, ship())
    seen = waits(
        store,
        lambda tx: tx.ships.due(SETTLES, 9),
        lambda tx: tx.ships.latest([10])[10].settled_at,
    )
    assert seen == SETTLES


def test_nobody_is_told_before_a_ship_settles(store: Store) -> None:
    """The hold."""
    opened(store, ship())
    assert due(store, SETTLES - MINUTE) == []
    assert due(store, SETTLES) == [(10, 1)]


def test_a_ship_that_was_taken_is_settled_and_not_due_again(store: Store) -> None:
    """It knows since when."""
    opened(store, ship())
    (taken,) = do(store, lambda it: it.due(SETTLES + MINUTE, 9))
    assert taken == msgspec.structs.replace(ship(), settled_at=SETTLES + MINUTE)
    assert due(store, SETTLES + HOLD) == []
    assert do(store, lambda it: it.latest([10]))[10] == taken


def test_what_is_taken_by_a_transaction_that_fails_is_due_again(store: Store) -> None:
    """Its audience was not told."""
    opened(store, ship())
    assert failing(store, lambda tx: tx.ships.due(SETTLES, 9))
    assert due(store, SETTLES) == [(10, 1)]


def test_those_due_longest_are_taken_first(store: Store) -> None:
    """The others wait for the next round."""
    opened(store, ship(10, at=NOW + MINUTE), ship(11), ship(12, at=NOW + 2 * MINUTE))
    later = SETTLES + HOLD
    assert due(store, later, limit=2) == [(10, 1), (11, 1)]
    assert due(store, later, limit=2) == [(12, 1)]


def test_a_withdrawal_after_telling_began_is_due_now_for_corrections(store: Store) -> None:
    """It stays settled, so that those who were told are found."""
    opened(store, ship())
    due(store, SETTLES)
    later = SETTLES + MINUTE
    do(store, lambda it: it.withdraw(10, 1, later, "re-opened"))
    (taken,) = do(store, lambda it: it.due(later, 9))
    assert (taken.settled_at, taken.withdrawn_at) == (SETTLES, later)
    assert taken.withdrawn_why == "re-opened"


def test_a_ship_withdrawn_before_it_settled_never_settles(store: Store) -> None:
    """Nobody was told, so nobody needs a correction."""
    opened(store, ship())
    do(store, lambda it: it.withdraw(10, 1, NOW + MINUTE, "re-opened"))
    (taken,) = do(store, lambda it: it.due(NOW + MINUTE, 9))
    assert taken.settled_at is None
    assert due(store, SETTLES) == []


def test_withdrawing_again_changes_nothing(store: Store) -> None:
    """The first reason stays; one that never was is no fault."""
    opened(store, ship())
    do(store, lambda it: it.withdraw(10, 1, NOW, "first"))
    due(store, NOW)
    do(store, lambda it: it.withdraw(10, 1, NOW + MINUTE, "second"))
    do(store, lambda it: it.withdraw(99, 1, NOW, "there is none"))
    assert do(store, lambda it: it.latest([10]))[10].withdrawn_why == "first"
    assert due(store, SETTLES) == []


def test_waking_works_the_audience_out_again(store: Store) -> None:
    """A late link: those who are new are told, those who were told are not."""
    opened(store, ship())
    due(store, SETTLES)
    later = SETTLES + HOLD
    do(store, lambda it: it.wake([10, 99], later))
    assert due(store, later - MINUTE) == []
    (taken,) = do(store, lambda it: it.due(later, 9))
    assert taken.settled_at == SETTLES


def test_waking_never_comes_before_a_ship_settles(store: Store) -> None:
    """A link that comes within the hold."""
    opened(store, ship())
    do(store, lambda it: it.wake([10], NOW))
    assert due(store, SETTLES - MINUTE) == []
    assert due(store, SETTLES) == [(10, 1)]


def test_waking_later_keeps_what_is_due_earlier(store: Store) -> None:
    """Others may have asked for sooner."""
    opened(store, ship())
    do(store, lambda it: it.wake([10], SETTLES + HOLD))
    assert due(store, SETTLES) == [(10, 1)]


def test_only_the_latest_generation_is_woken_and_not_when_withdrawn(store: Store) -> None:
    """Nobody is told of an old generation again, nor of one that was taken back."""
    opened(store, ship(), ship(generation=2), ship(11))
    due(store, SETTLES)
    do(store, lambda it: it.withdraw(11, 1, SETTLES, "no"))
    due(store, SETTLES)
    do(store, lambda it: it.wake([10, 11], SETTLES))
    assert due(store, SETTLES) == [(10, 2)]


def test_waking_while_the_audience_is_worked_out_is_not_lost(store: Store, waits: Waits) -> None:
    """What the one who wakes has written was not seen by the one who is at work."""
    opened(store, ship())
    waits(
        store,
        lambda tx: tx.ships.due(SETTLES, 9),
        lambda tx: tx.ships.wake([10], SETTLES),
    )
    assert due(store, SETTLES) == [(10, 1)]


def test_waking_while_a_generation_is_opened_is_not_lost(store: Store, waits: Waits) -> None:
    """One that settles at once would be told without our link."""

    def open_and_settle(tx: Transaction) -> None:
        tx.ships.latest([10])
        tx.ships.open(ship(at=NOW - HOLD))
        assert tx.ships.due(NOW, 9)

    waits(store, open_and_settle, lambda tx: tx.ships.wake([10], SETTLES))
    assert due(store, SETTLES) == [(10, 1)]


def test_those_who_wake_an_issue_that_has_not_shipped_do_not_wait(
    postgres_store: PostgresStore, beside: Beside
) -> None:
    """Many batches may link to one issue at a time."""
    with postgres_store.transaction() as tx:
        tx.ships.wake([10], NOW)
        beside(postgres_store, lambda other: other.ships.wake([10], NOW)).result(5)


def test_widening_works_the_audience_out_again_but_not_before_it_settles(store: Store) -> None:
    """A settled one is due at once and keeps when it settled."""
    opened(store, ship(accounts=("A",)))
    do(store, lambda it: it.widen(10, 1, ["A", "B"]))
    assert due(store, SETTLES - MINUTE) == []
    assert due(store, SETTLES) == [(10, 1)]
    do(store, lambda it: it.widen(10, 1, None))
    (taken,) = do(store, lambda it: it.due(SETTLES + MINUTE, 9))
    assert (taken.accounts, taken.settled_at) == (None, SETTLES)


def test_a_ship_that_another_signal_took_over_settles_once_more(store: Store) -> None:
    """It keeps when telling began; what the next audience sees is the other's."""
    opened(store, ship(accounts=("A",)))
    due(store, SETTLES)
    later = SETTLES + 9 * HOLD
    anew = Anew(signal="jira", shipped_at=later, settles_at=later + HOLD)
    do(store, lambda it: it.widen(10, 1, None, anew))
    do(store, lambda it: it.wake([10], later))
    assert due(store, later + HOLD - MINUTE) == []
    (taken,) = do(store, lambda it: it.due(later + HOLD, 9))
    assert (taken.signal, taken.shipped_at, taken.settles_at) == ("jira", later, later + HOLD)
    assert (taken.accounts, taken.settled_at) == (None, SETTLES)


def test_two_takers_never_get_the_same_ship(store: Store, beside: Beside) -> None:
    """Else people would be told twice."""
    opened(store, *[ship(issue) for issue in range(1, 41)])
    takers = [beside(store, lambda tx: tx.ships.due(SETTLES, 7)) for _ in range(8)]
    taken = [each.issue_id for taker in takers for each in taker.result(20)]
    assert len(taken) == len(set(taken))


def test_a_taker_does_not_wait_for_another(postgres_store: PostgresStore, beside: Beside) -> None:
    """Many may work at a time."""
    opened(postgres_store, ship(10), ship(11))
    with postgres_store.transaction() as tx:
        (mine,) = tx.ships.due(SETTLES, 1)
        (theirs,) = beside(postgres_store, lambda other: other.ships.due(SETTLES, 9)).result(5)
    assert {mine.issue_id, theirs.issue_id} == {10, 11}


def test_two_who_open_the_next_generation_at_once_open_two(store: Store, beside: Beside) -> None:
    """The second sees the first one's and opens the next."""

    def open_next(tx: Transaction) -> None:
        latest = tx.ships.latest([10])
        tx.ships.open(ship(generation=latest[10].generation + 1 if latest else 1))

    for each in [beside(store, open_next) for _ in range(8)]:
        each.result(20)
    assert do(store, lambda it: it.latest([10]))[10].generation == 8


def test_the_newest_come_first(store: Store) -> None:
    """For a person who looks."""
    opened(store, ship(10), ship(11, at=NOW + MINUTE), ship(12, at=NOW - MINUTE))
    assert [each.issue_id for each in do(store, lambda it: it.all(2))] == [11, 10]


def test_only_what_was_taken_back_is_looked_at_again_for_corrections(store: Store) -> None:
    """Also an older generation; what is due earlier stays so."""
    opened(store, ship(10), ship(11), ship(11, 2), ship(12))
    due(store, SETTLES)
    for issue in (10, 11):
        do(store, lambda it, issue=issue: it.withdraw(issue, 1, SETTLES, "no"))
    due(store, SETTLES)
    later = SETTLES + HOLD
    do(store, lambda it: it.correct([(10, 1), (11, 1), (11, 2), (12, 1), (99, 1)], later))
    do(store, lambda it: it.correct([(10, 1)], later + HOLD))
    do(store, lambda it: it.correct([], later))
    assert due(store, later - MINUTE) == []
    assert due(store, later) == [(10, 1), (11, 1)]
