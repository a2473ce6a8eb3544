"""When the tracker is to be shown the demand for an issue."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.events import Epic, FixVersion
from sinks.contracts import Sighting
from sinks.store.contract import Epics, Store
from tests.contract.store.ways import Beside, Waits, failing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def epic(
    id_: int = 10, key: str = "PROJ-1", versions: Sequence[FixVersion] = (), **facts: Any
) -> Epic:
    """An issue."""
    return Epic(id=str(id_), key=key, project_id="3", fix_versions=tuple(versions), **facts)


def seen(at: datetime = NOW, **facts: Any) -> Sighting:
    """A sighting of an issue."""
    return Sighting(epic=epic(**facts), updated_at=at)


def put(store: Store, *sightings: Sighting) -> set[int]:
    """Put sightings in a transaction; the ids that changed."""
    with store.transaction() as tx:
        return tx.epics.put(sightings)


def ask(store: Store, question: Callable[[Epics], Any]) -> Any:
    """Ask one question in a transaction of its own."""
    with store.transaction() as tx:
        return question(tx.epics)


def owe(store: Store, ids: list[int], at: datetime) -> None:
    """Owe evidence in a transaction."""
    with store.transaction() as tx:
        tx.epics.owe_evidence(ids, at)


def due(store: Store, now: datetime, limit: int = 9) -> list[int]:
    """Take the evidence that is due."""
    return ask(store, lambda it: it.evidence_due(now, limit))


def test_evidence_that_is_owed_is_due_once(store: Store) -> None:
    """Neither early nor twice; an unknown issue owes nothing."""
    put(store, seen(), seen(id_=11, key="PROJ-2"))
    owe(store, [10, 99], NOW)
    assert due(store, NOW - HOUR) == []
    assert due(store, NOW) == [10]
    assert due(store, NOW + HOUR) == []


def test_evidence_that_is_owed_earlier_stays_so(store: Store) -> None:
    """Ten remarks in an hour make one update."""
    put(store, seen())
    owe(store, [10], NOW + HOUR)
    owe(store, [10], NOW)
    owe(store, [10], NOW + 2 * HOUR)
    assert due(store, NOW) == [10]


def test_evidence_survives_a_new_sighting(store: Store) -> None:
    """Sightings and debts are written apart."""
    put(store, seen())
    owe(store, [10], NOW)
    put(store, seen(NOW + HOUR, summary="new"))
    assert due(store, NOW) == [10]


def test_evidence_due_longest_is_taken_first(store: Store) -> None:
    """The others wait for the next round."""
    put(store, *[seen(id_=id_, key=f"PROJ-{id_}") for id_ in (10, 11, 12)])
    for id_, at in ((10, NOW), (11, NOW - HOUR), (12, NOW - 2 * HOUR)):
        owe(store, [id_], at)
    assert due(store, NOW, limit=2) == [11, 12]


def test_evidence_is_due_again_when_the_transaction_fails(store: Store) -> None:
    """Taken by a worker that died."""
    put(store, seen())
    owe(store, [10], NOW)
    assert failing(store, lambda tx: tx.epics.evidence_due(NOW, 9)) == [10]
    assert due(store, NOW) == [10]


def test_evidence_owed_while_it_is_shown_is_not_lost(store: Store, waits: Waits) -> None:
    """What the remark adds may have come too late to be counted."""
    put(store, seen())
    owe(store, [10], NOW)
    waits(
        store,
        lambda tx: tx.epics.evidence_due(NOW, 9),
        lambda tx: tx.epics.owe_evidence([10], NOW),
    )
    assert due(store, NOW) == [10]


def test_issues_owed_in_another_order_do_not_deadlock(store: Store, beside: Beside) -> None:
    """Batches link to many issues at a time, in any order."""
    ids = list(range(100, 400))
    put(store, *[seen(id_=id_, key=f"PROJ-{id_}") for id_ in ids])
    runs = [
        beside(store, lambda tx, order=order: tx.epics.owe_evidence(order, NOW))
        for order in (ids, ids[::-1]) * 4
    ]
    assert [each.result(20) for each in runs] == [None] * 8
