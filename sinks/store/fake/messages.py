"""Mails: claimed before they are sent, settled by what the provider says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sinks.store.fake.state import Counters, State
from sinks.store.mailstate import below, settle
from sinks.store.rows import Message, MessageState, Report

_WAITING: tuple[MessageState, ...] = ("open", "sending")


class FakeMessages:
    """`sinks.store.contract.Messages`."""

    def __init__(self, state: State, counters: Counters) -> None:
        self._messages = state.messages
        self._reports = state.reports
        self._ids = counters.message

    def join(self, person_id: str, email: str, name: str, due_at: datetime, now: datetime) -> str:
        """The id of the person's open mail; made where there is none."""
        for message in self._messages.values():
            if message.person_id == person_id and message.state == "open":
                due_at = min(due_at, message.due_at)
                self._set(message.id, due_at=due_at, email=email, name=name)
                return message.id
        new = Message(
            id=f"mail-{next(self._ids)}",
            person_id=person_id,
            email=email,
            name=name,
            state="open",
            due_at=due_at,
            created_at=now,
        )
        self._messages[new.id] = new
        return new.id

    def claim(self, now: datetime, resend_after_s: float, limit: int) -> list[Message]:
        """Take mails that are due: state ``sending``, due again after `resend_after_s`."""
        due = sorted(
            (each for each in self._messages.values() if each.state in _WAITING),
            key=lambda each: (each.due_at, each.id),
        )
        taken = [each for each in due if each.due_at <= now][:limit]
        again = now + timedelta(seconds=resend_after_s)
        for each in taken:
            tries = {"attempts": each.attempts + 1, "doubts": each.doubts + 1}
            self._set(each.id, state="sending", claimed_at=now, due_at=again, **tries)
        by_age = sorted(taken, key=lambda each: (each.created_at, each.id))
        return [self._messages[each.id] for each in by_age]

    def sent(self, message_id: str, provider_id: str, at: datetime) -> None:
        """The provider took it. One that was settled meanwhile stays settled."""
        message = self._messages.get(message_id)
        if message is None:
            return
        if message.state in below("sent"):
            self._set(message_id, state="sent", settled_at=None)
        self._set(
            message_id,
            sent_at=min(message.sent_at or at, at),
            provider_id=provider_id or message.provider_id,
        )

    def postpone(
        self, message_id: str, due_at: datetime, why: str, doubts: int | None = None
    ) -> None:
        """Not taken: due again then, still ``sending``."""
        if self._is(message_id, _WAITING):
            self._set(message_id, due_at=due_at, reason=why, **_known(doubts))

    def fail(self, message_id: str, at: datetime, why: str, doubts: int | None = None) -> None:
        """It will never be taken."""
        if self._is(message_id, below("failed")):
            self._set(message_id, state="failed", settled_at=at, reason=why, **_known(doubts))

    def settle(self, reports: Sequence[Report]) -> list[Message]:
        """Take the provider's reports, each once, in any order; the mails whose state changed."""
        for report in reports:
            self._reports.setdefault(report.id, report)
        named = sorted({report.message_id for report in reports} & self._messages.keys())
        before = {id_: self._messages[id_] for id_ in named}
        for id_, message in before.items():
            told = [each for each in self._reports.values() if each.message_id == id_]
            self._messages[id_] = settle(message, told)
        after = [self._messages[id_] for id_ in named]
        return [message for message in after if message.state != before[message.id].state]

    def find(self, message_id: str) -> Message | None:
        """One by its id."""
        return self._messages.get(message_id)

    def get(self, ids: Collection[str]) -> dict[str, Message]:
        """Mails by id."""
        return {id_: self._messages[id_] for id_ in ids if id_ in self._messages}

    def _is(self, message_id: str, states: Sequence[MessageState]) -> bool:
        return message_id in self._messages and self._messages[message_id].state in states

    def _set(self, message_id: str, **changes: Any) -> None:
        self._messages[message_id] = msgspec.structs.replace(self._messages[message_id], **changes)


def _known(doubts: int | None) -> dict[str, int]:
    return {} if doubts is None else {"doubts": doubts}
