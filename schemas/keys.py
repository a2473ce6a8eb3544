"""The record key of an event, as `schemas.topics` says it in words and ``docs/topics.md`` shows it.

One key always has one partition, so that a correction is never read before what it corrects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from msgspec import UNSET

from schemas.events import (
    Account,
    AccountChanged,
    AnyEvent,
    EpicChanged,
    FeatureShipped,
    FeatureWithdrawn,
    FeedbackLinked,
    FeedbackReceived,
    LoopChanged,
    NotificationRequested,
    NotificationSettled,
    Opportunity,
    OpportunityChanged,
    Rep,
    RepChanged,
    VersionChanged,
)


def key_of(event: AnyEvent) -> str:
    """The key; the same for all events about one thing."""
    of = cast("Callable[[AnyEvent], str]", _KEYS[type(event)])
    return of(event)


def _crm(entity: str, data: Account | Opportunity | Rep) -> str:
    """A change of one field has a key of its own: compaction would drop the other fields."""
    mentioned = [
        name for name in data.__struct_fields__ if name != "id" and getattr(data, name) is not UNSET
    ]
    field = f"#{mentioned[0]}" if len(mentioned) == 1 else ""
    return f"{entity}:{data.id}{field}"


def _feedback(event: FeedbackReceived) -> str:
    return f"{event.data.origin}:{event.data.record}"


_KEYS: dict[type[Any], Callable[[Any], str]] = {
    FeedbackReceived: _feedback,
    AccountChanged: lambda event: _crm("account", event.data),
    OpportunityChanged: lambda event: _crm("opportunity", event.data),
    RepChanged: lambda event: _crm("rep", event.data),
    EpicChanged: lambda event: f"issue:{event.data.id}",
    VersionChanged: lambda event: f"version:{event.data.id}",
    FeedbackLinked: lambda event: event.data.feedback,
    FeatureShipped: lambda event: event.data.issue_id,
    FeatureWithdrawn: lambda event: event.data.issue_id,
    NotificationRequested: lambda event: event.data.notification,
    NotificationSettled: lambda event: event.data.message,
    LoopChanged: lambda event: f"{event.data.account_id}:{event.data.issue_id}",
}
