"""What makes a ticket's words a remark: one identity, whichever way Zendesk tells of it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.events import Feedback, FeedbackReceived
from schemas.topics import FEEDBACK_RECEIVED
from streams.collect.source import Fact


def record_of(ticket: str, words: str, description: str | None, comment: str) -> str:
    """The remark's id: the ticket's, if the words are its first; else also the comment's.

    The description of a ticket is its first comment, so that both tell of one remark.
    """
    is_first = description is not None and words.strip() == description.strip()
    return ticket if is_first else f"{ticket}-{comment}"


def fact(event_id: str, at: datetime, data: Feedback) -> Fact:
    """The remark as an event."""
    event = FeedbackReceived(id=event_id, source="/zendesk", time=at, specversion="1.0", data=data)
    return Fact(FEEDBACK_RECEIVED.name, f"zendesk:{data.record}", event)


def withdrawn(data: Feedback) -> Feedback:
    """The same remark, taken back."""
    return msgspec.structs.replace(data, withdrawn=True)
