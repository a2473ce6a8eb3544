"""Who is told of what; two unique keys stand guard, and a lock keeps writers from meeting them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from sinks.store.mailstate import ARRIVED
from sinks.store.postgres.locks import Subject, lock
from sinks.store.postgres.sql import among
from sinks.store.postgres.values import columns_of, rows_of
from sinks.store.rows import Tell
from sinks.store.tables import MessageTable, TellTable
from sinks.store.verdicts import admit

_COLUMNS = columns_of(TellTable, Tell)
_KEY = ("person_id", "account_id", "issue_id", "generation", "kind")


class PostgresTells:
    """`sinks.store.contract.Tells`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_ship(self, issue_id: int, generation: int) -> list[Tell]:
        """Everyone considered so far, by id."""
        return self._read(TellTable.issue_id == issue_id, TellTable.generation == generation)

    def put(self, tells: Sequence[Tell]) -> list[Tell]:
        """Write verdicts; of those that say tell, the ones that are new."""
        if not tells:
            return []
        ships = {(tell.issue_id, tell.generation) for tell in tells}
        lock(self._connection, Subject.AUDIENCE, ships)
        of_ships = tuple_(TellTable.issue_id, TellTable.generation).in_(sorted(ships))
        new = admit(tells, self._read(of_ships, TellTable.verdict == "tell"))
        self._upsert(new)
        return [tell for tell in new if tell.verdict == "tell"]

    def lose(self, ids: Collection[str], why: str) -> None:
        """Make tells that no mail has said skips, for this reason."""
        self._connection.execute(
            update(TellTable)
            .where(among(TellTable.id, ids), TellTable.verdict == "tell")
            .values(verdict="skip", reason=why, message_id=None)
        )

    def forget(self, ids: Collection[str]) -> None:
        """Forget skips of people who are not considered any more; a tell stays."""
        gone = delete(TellTable).where(among(TellTable.id, ids), TellTable.verdict == "skip")
        self._connection.execute(gone)

    def skipped(
        self, people: Collection[str], reasons: Collection[str], since: datetime, limit: int
    ) -> set[int]:
        """Issues of which these people were not told for one of these reasons since then."""
        rows = self._connection.scalars(
            select(TellTable.issue_id)
            .where(among(TellTable.person_id, people), among(TellTable.reason, reasons))
            .where(TellTable.verdict == "skip", TellTable.decided_at >= since)
            .order_by(TellTable.decided_at.desc(), TellTable.id.desc())
            .limit(limit)
        )
        return set(rows)

    def told_beside(self, message_id: str) -> dict[tuple[str, int], datetime]:
        """(account id, issue id) -> when last another mail that arrived told of the same ship."""
        here = aliased(TellTable)
        rows = self._connection.execute(
            select(here.account_id, here.issue_id, func.max(MessageTable.sent_at))
            .join(
                TellTable,
                (TellTable.issue_id == here.issue_id)
                & (TellTable.generation == here.generation)
                & (TellTable.account_id == here.account_id),
            )
            .join(MessageTable, MessageTable.id == TellTable.message_id)
            .where(here.message_id == message_id, TellTable.message_id != message_id)
            .where(here.kind != "correction", TellTable.kind != "correction")
            .where(MessageTable.state.in_(ARRIVED), MessageTable.sent_at.is_not(None))
            .group_by(here.account_id, here.issue_id)
        )
        return {(account_id, issue_id): at for account_id, issue_id, at in rows if at is not None}

    def of_message(self, message_id: str) -> list[Tell]:
        """What a mail carries, by id."""
        return self._read(TellTable.message_id == message_id)

    def find(self, tell_id: str) -> Tell | None:
        """One by its notification id."""
        found = self._read(TellTable.id == tell_id)
        return found[0] if found else None

    def all(self, limit: int) -> list[Tell]:
        """The newest, latest first."""
        rows = self._connection.execute(
            select(*_COLUMNS).order_by(TellTable.decided_at.desc(), TellTable.id).limit(limit)
        )
        return rows_of(rows, Tell)

    def _upsert(self, tells: Sequence[Tell]) -> None:
        if not tells:
            return
        statement = insert(TellTable)
        later = {name: statement.excluded[name] for name in Tell.__struct_fields__}
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[getattr(TellTable, name) for name in _KEY],
                set_=later,
                where=TellTable.verdict == "skip",
            ),
            [msgspec.structs.asdict(tell) for tell in tells],
        )

    def _read(self, *where: Any) -> list[Tell]:
        rows = self._connection.execute(select(*_COLUMNS).where(*where).order_by(TellTable.id))
        return rows_of(rows, Tell)
