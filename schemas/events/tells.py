"""Who is told, what became of the mail, and how far the loop has closed."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from schemas.events.base import Data, Event, Generation, Id, IssueId, Name

TellKind: TypeAlias = Literal["shipped", "available", "correction"]


class Notification(Data, frozen=True, kw_only=True):
    """A person is to be told. `kind` ``available`` is a ship that was there before the link."""

    notification: Id
    person_id: Id
    account_id: Id
    issue_id: IssueId
    generation: Generation
    kind: TellKind


class NotificationRequested(
    Event, frozen=True, kw_only=True, tag="closeloop.notification.requested.v1"
):
    """A person is to be told of one ship for one account, once."""

    data: Notification


class Settlement(Data, frozen=True, kw_only=True):
    """What became of one mail.

    Attributes:
        message: our id of the mail, which the provider gave back.
        outcome: ours; a word of the provider's that we do not know is ``unknown``.
        provider_id: the provider's id of this very report; the same report has the same id.
    """

    message: Id
    outcome: Literal[
        "accepted", "delivered", "deferred", "bounced", "dropped", "spam", "opened", "unknown"
    ]
    provider_id: Id
    reason: Annotated[str, Meta(max_length=10_000)] = ""


class NotificationSettled(
    Event, frozen=True, kw_only=True, tag="closeloop.notification.settled.v1"
):
    """The mail provider says what became of a mail."""

    data: Settlement


LoopState: TypeAlias = Literal["told", "acknowledged", "customer_told", "solved", "not_solved"]


class Loop(Data, frozen=True, kw_only=True):
    """How far the loop of one account and one issue has closed, and by whom."""

    account_id: Id
    issue_id: IssueId
    state: LoopState
    by: Name


class LoopChanged(Event, frozen=True, kw_only=True, tag="closeloop.loop.changed.v1"):
    """The loop of one account and one issue moved on."""

    data: Loop
