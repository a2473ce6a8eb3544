"""How far each loop has closed, and which links of mails have been used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from sinks.store.postgres.locks import Subject, lock
from sinks.store.postgres.values import columns_of, rows_of
from sinks.store.rows import Answer, LoopRow
from sinks.store.tables import AnswerTable, LoopTable, ReplyTable

_FIELDS = LoopRow.__struct_fields__
_COLUMNS = columns_of(LoopTable, LoopRow)
_ANSWER = columns_of(AnswerTable, Answer)


class PostgresLoops:
    """`sinks.store.contract.Loops`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, pairs: Collection[tuple[str, int]]) -> dict[tuple[str, int], LoopRow]:
        """(account id, issue id) -> where it stands; locks them until the transaction ends."""
        if not pairs:
            return {}
        lock(self._connection, Subject.LOOP, pairs)
        key = tuple_(LoopTable.account_id, LoopTable.issue_id)
        rows = self._connection.execute(select(*_COLUMNS).where(key.in_(sorted(pairs))))
        return {(row.account_id, row.issue_id): row for row in rows_of(rows, LoopRow)}

    def put(self, rows: Sequence[LoopRow]) -> None:
        """Write where they stand now."""
        last = {(row.account_id, row.issue_id): row for row in rows}
        lock(self._connection, Subject.LOOP, last)
        if not last:
            return
        statement = insert(LoopTable)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[LoopTable.account_id, LoopTable.issue_id],
                set_={name: statement.excluded[name] for name in _FIELDS},
            ),
            [msgspec.structs.asdict(row) for row in last.values()],
        )

    def use_reply(self, token_id: str, at: datetime) -> bool:
        """Whether this is the first use of a mail's link."""
        used = (
            insert(ReplyTable)
            .values(token_id=token_id, used_at=at)
            .on_conflict_do_nothing()
            .returning(ReplyTable.token_id)
        )
        return self._connection.scalar(used) is not None

    def reply_used(self, token_id: str) -> bool:
        """Whether the link has been used, for the page that shows it."""
        found = select(ReplyTable.token_id).where(ReplyTable.token_id == token_id)
        return self._connection.scalar(found) is not None

    def keep(self, answers: Sequence[Answer]) -> None:
        """Keep what was written beside answers, each once."""
        if answers:
            rows = [msgspec.structs.asdict(answer) for answer in answers]
            self._connection.execute(insert(AnswerTable).on_conflict_do_nothing(), rows)

    def answers(self, account_id: str, issue_id: int) -> list[Answer]:
        """What was written beside a loop's answers, the oldest first."""
        rows = self._connection.execute(
            select(*_ANSWER)
            .where(AnswerTable.account_id == account_id, AnswerTable.issue_id == issue_id)
            .order_by(AnswerTable.at, AnswerTable.token_id)
        )
        return rows_of(rows, Answer)

    def all(self, limit: int) -> list[LoopRow]:
        """The last changed, latest first."""
        rows = self._connection.execute(
            select(*_COLUMNS)
            .order_by(LoopTable.changed_at.desc(), LoopTable.account_id, LoopTable.issue_id)
            .limit(limit)
        )
        return rows_of(rows, LoopRow)
