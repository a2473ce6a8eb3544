"""Mails: claimed before they are sent, settled by what the provider says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, bindparam, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from sinks.store.mailstate import below, settle
from sinks.store.postgres.sql import among
from sinks.store.postgres.values import columns_of, rows_of
from sinks.store.rows import Message, Report
from sinks.store.tables import MessageTable, ReportTable

_COLUMNS = columns_of(MessageTable, Message)
_REPORT = columns_of(ReportTable, Report)
_WAITING = ("open", "sending")


class PostgresMessages:
    """`sinks.store.contract.Messages`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def join(self, person_id: str, email: str, name: str, due_at: datetime, now: datetime) -> str:
        """The id of the person's open mail; made where there is none."""
        new = Message(
            id=uuid4().hex,
            person_id=person_id,
            email=email,
            name=name,
            state="open",
            due_at=due_at,
            created_at=now,
        )
        statement = insert(MessageTable).values(msgspec.structs.asdict(new))
        asked = statement.excluded
        joined = statement.on_conflict_do_update(
            index_elements=[MessageTable.person_id],
            index_where=MessageTable.state == literal("open", literal_execute=True),
            set_={
                "due_at": func.least(MessageTable.due_at, asked.due_at),
                "email": asked.email,
                "name": asked.name,
            },
        ).returning(MessageTable.id)
        return self._connection.execute(joined).scalar_one()

    def claim(self, now: datetime, resend_after_s: float, limit: int) -> list[Message]:
        """Take mails that are due: state ``sending``, due again after `resend_after_s`."""
        due = (
            select(MessageTable.id)
            .where(MessageTable.state.in_(_WAITING), MessageTable.due_at <= now)
            .order_by(MessageTable.due_at, MessageTable.id)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
            .cte("due")
        )
        rows = self._connection.execute(
            update(MessageTable)
            .where(MessageTable.id == due.c.id)
            .values(
                state="sending",
                attempts=MessageTable.attempts + 1,
                doubts=MessageTable.doubts + 1,
                claimed_at=now,
                due_at=now + timedelta(seconds=resend_after_s),
            )
            .returning(*_COLUMNS)
        )
        return sorted(rows_of(rows, Message), key=lambda message: (message.created_at, message.id))

    def sent(self, message_id: str, provider_id: str, at: datetime) -> None:
        """The provider took it. One that was settled meanwhile stays settled."""
        self._change(message_id, below("sent"), state="sent", settled_at=None)
        self._connection.execute(
            update(MessageTable)
            .where(MessageTable.id == message_id)
            .values(
                provider_id=provider_id or MessageTable.provider_id,
                sent_at=func.least(MessageTable.sent_at, at),
            )
        )

    def postpone(
        self, message_id: str, due_at: datetime, why: str, doubts: int | None = None
    ) -> None:
        """Not taken: due again then. One that was settled meanwhile stays settled.

        It stays ``sending``: a time-out may hide that it went out, so nothing more may join it.
        """
        self._change(message_id, _WAITING, due_at=due_at, reason=why, **_known(doubts))

    def fail(self, message_id: str, at: datetime, why: str, doubts: int | None = None) -> None:
        """It will never be taken."""
        values = {"state": "failed", "settled_at": at, "reason": why, **_known(doubts)}
        self._change(message_id, below("failed"), **values)

    def settle(self, reports: Sequence[Report]) -> list[Message]:
        """Take the provider's reports, each once, in any order; the mails whose state changed."""
        if not reports:
            return []
        self._keep(reports)
        before = self._held({report.message_id for report in reports})
        told = self._reports(before)
        now = {id_: settle(message, told[id_]) for id_, message in before.items()}
        self._write([message for id_, message in now.items() if message != before[id_]])
        return [message for id_, message in now.items() if message.state != before[id_].state]

    def find(self, message_id: str) -> Message | None:
        """One by its id."""
        rows = self._connection.execute(select(*_COLUMNS).where(MessageTable.id == message_id))
        return next(iter(rows_of(rows, Message)), None)

    def get(self, ids: Collection[str]) -> dict[str, Message]:
        """Mails by id."""
        rows = self._connection.execute(select(*_COLUMNS).where(among(MessageTable.id, ids)))
        return {message.id: message for message in rows_of(rows, Message)}

    def _change(self, message_id: str, states: Sequence[str], **values: Any) -> None:
        self._connection.execute(
            update(MessageTable)
            .where(MessageTable.id == message_id, MessageTable.state.in_(states))
            .values(**values)
        )

    def _keep(self, reports: Iterable[Report]) -> None:
        rows = {report.id: msgspec.structs.asdict(report) for report in reports}
        self._connection.execute(
            insert(ReportTable).on_conflict_do_nothing(), [rows[id_] for id_ in sorted(rows)]
        )

    def _held(self, ids: Collection[str]) -> dict[str, Message]:
        rows = self._connection.execute(
            select(*_COLUMNS)
            .where(among(MessageTable.id, ids))
            .order_by(MessageTable.id)
            .with_for_update(key_share=True)
        )
        return {message.id: message for message in rows_of(rows, Message)}

    def _reports(self, ids: Collection[str]) -> dict[str, list[Report]]:
        found: dict[str, list[Report]] = {id_: [] for id_ in ids}
        rows = self._connection.execute(select(*_REPORT).where(among(ReportTable.message_id, ids)))
        for report in rows_of(rows, Report):
            found[report.message_id].append(report)
        return found

    def _write(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        names = ("state", "sent_at", "settled_at", "reason")
        self._connection.execute(
            update(MessageTable.__table__)  # type: ignore[arg-type]
            .where(MessageTable.id == bindparam("message"))
            .values({name: bindparam(f"new_{name}") for name in names}),
            [
                {"message": each.id} | {f"new_{name}": getattr(each, name) for name in names}
                for each in messages
            ],
        )


def _known(doubts: int | None) -> dict[str, int]:
    return {} if doubts is None else {"doubts": doubts}
