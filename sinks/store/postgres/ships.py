"""What shipped, generation by generation; when to work out whom to tell is a column."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Select,
    Update,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from sinks.store.postgres.locks import Subject, lock
from sinks.store.postgres.sql import among_given
from sinks.store.postgres.values import columns_of, rows_of
from sinks.store.rows import Anew, Ship
from sinks.store.tables import ShipTable

_COLUMNS = columns_of(ShipTable, Ship)


def _same(rows: Any) -> Any:
    return and_(ShipTable.issue_id == rows.c.issue_id, ShipTable.generation == rows.c.generation)


def _held(*columns: Any) -> Select[Any]:
    """The latest generation of each of `ids`, locked in order."""
    latest = (
        select(ShipTable.issue_id, func.max(ShipTable.generation))
        .where(among_given(ShipTable.issue_id, "ids"))
        .group_by(ShipTable.issue_id)
    )
    return (
        select(*columns)
        .where(tuple_(ShipTable.issue_id, ShipTable.generation).in_(latest))
        .order_by(ShipTable.issue_id)
        .with_for_update(key_share=True)
    )


def _wake() -> Update:
    held = _held(ShipTable.issue_id, ShipTable.generation).cte("held")
    at = func.greatest(bindparam("at", type_=ShipTable.settles_at.type), ShipTable.settles_at)
    return (
        update(ShipTable)
        .where(_same(held), ShipTable.withdrawn_at.is_(None))
        .values(audience_due_at=func.least(ShipTable.audience_due_at, at))
    )


_LATEST, _WAKE = _held(*_COLUMNS), _wake()


class PostgresShips:
    """`sinks.store.contract.Ships`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, ids: Collection[int]) -> dict[int, Ship]:
        """Issue id -> its latest generation; locks them until the transaction ends.

        By name, so that nobody else opens a first generation meanwhile, and by row, so that nobody
        settles one.
        """
        lock(self._connection, Subject.SHIP, ids)
        rows = self._connection.execute(_LATEST, {"ids": list(ids)})
        return {ship.issue_id: ship for ship in rows_of(rows, Ship)}

    def open(self, ship: Ship) -> None:
        """Write a new generation, whose audience is worked out when it settles."""
        lock(self._connection, Subject.SHIP, (ship.issue_id,))
        columns = msgspec.structs.asdict(ship) | {"audience_due_at": ship.settles_at}
        self._connection.execute(insert(ShipTable), [columns])

    def withdraw(self, issue_id: int, generation: int, at: datetime, why: str) -> None:
        """Take a generation back; its audience is worked out again now, for corrections."""
        self._connection.execute(
            update(ShipTable)
            .where(ShipTable.issue_id == issue_id, ShipTable.generation == generation)
            .where(ShipTable.withdrawn_at.is_(None))
            .values(withdrawn_at=at, withdrawn_why=why, audience_due_at=at)
        )

    def widen(
        self,
        issue_id: int,
        generation: int,
        accounts: Collection[str] | None,
        anew: Anew | None = None,
    ) -> None:
        """These accounts can use it, None: everyone; its audience is worked out again."""
        lock(self._connection, Subject.SHIP, (issue_id,))
        settled = func.coalesce(ShipTable.settled_at, ShipTable.settles_at)
        self._connection.execute(
            update(ShipTable)
            .where(ShipTable.issue_id == issue_id, ShipTable.generation == generation)
            .values(
                accounts=None if accounts is None else list(accounts),
                audience_due_at=anew.settles_at if anew else settled,
                **(msgspec.structs.asdict(anew) if anew else {}),
            )
        )

    def wake(self, ids: Collection[int], at: datetime) -> None:
        """Work the latest generation's audience out again, at `at` but not before it settles.

        Waits for who opens a generation or works out an audience at this moment: that one may not
        see what we write. Those who wake do not wait for each other except over a ship's row, so it
        is best called last.
        """
        lock(self._connection, Subject.SHIP, ids, shared=True)
        self._connection.execute(_WAKE, {"ids": list(ids), "at": at})

    def correct(self, generations: Collection[tuple[int, int]], at: datetime) -> None:
        """Of these work out again, at `at`, whom those that are withdrawn are owed to."""
        if not generations:
            return
        key = tuple_(ShipTable.issue_id, ShipTable.generation)
        held = (
            select(ShipTable.issue_id, ShipTable.generation)
            .where(key.in_(sorted(generations)), ShipTable.withdrawn_at.is_not(None))
            .order_by(ShipTable.issue_id, ShipTable.generation)
            .with_for_update(key_share=True)
            .cte("held")
        )
        self._connection.execute(
            update(ShipTable)
            .where(_same(held))
            .values(audience_due_at=func.least(ShipTable.audience_due_at, at))
        )

    def due(self, now: datetime, limit: int) -> list[Ship]:
        """Take ships whose audience is due; locked until the transaction ends, then settled.

        One that was withdrawn before it settled never settles.
        """
        waiting = (
            select(ShipTable.issue_id, ShipTable.generation)
            .where(ShipTable.audience_due_at <= now)
            .order_by(ShipTable.audience_due_at, ShipTable.issue_id, ShipTable.generation)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
            .cte("waiting")
        )
        rows = self._connection.execute(_settle(now).where(_same(waiting)).returning(*_COLUMNS))
        return sorted(rows_of(rows, Ship), key=lambda ship: (ship.issue_id, ship.generation))

    def all(self, limit: int) -> list[Ship]:
        """The newest, latest first."""
        rows = self._connection.execute(
            select(*_COLUMNS)
            .order_by(
                ShipTable.shipped_at.desc(),
                ShipTable.issue_id.desc(),
                ShipTable.generation.desc(),
            )
            .limit(limit)
        )
        return rows_of(rows, Ship)


def _settle(now: datetime) -> Update:
    settled = case(
        (ShipTable.withdrawn_at.is_(None), func.coalesce(ShipTable.settled_at, literal(now))),
        else_=ShipTable.settled_at,
    )
    return update(ShipTable).values(audience_due_at=None, settled_at=settled)
