"""What shipped, who is told, by which mail, and what came of it, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from schemas.events import LoopState, TellKind
from sinks.store.rows.base import Row


class Ship(Row, frozen=True, kw_only=True):
    """One generation of one issue, out with customers.

    Attributes:
        accounts: who can use it; None means everyone.
        settles_at: nobody is told before.
        settled_at: when telling began; a withdrawal after it owes corrections.
    """

    issue_id: int
    generation: int
    signal: str
    what: str
    docs_url: str | None
    accounts: tuple[str, ...] | None
    shipped_at: datetime
    settles_at: datetime
    settled_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_why: str = ""


class Anew(Row, frozen=True, kw_only=True):
    """A ship that another signal took over: by whose word, since when, and until when it holds."""

    signal: str
    shipped_at: datetime
    settles_at: datetime


class Tell(Row, frozen=True, kw_only=True):
    """One person and one ship for one account: told, or not and why.

    Attributes:
        id: the notification id, the same however often the audience is worked out.
        role: why this person is considered, for a person to read.
        verdict: ``tell`` or ``skip``; `reason` says why of a skip.
        remark_ids: the remarks that this tell answers.
    """

    id: str
    person_id: str
    person_name: str
    email: str | None
    account_id: str
    issue_id: int
    generation: int
    kind: TellKind
    role: str
    verdict: Literal["tell", "skip"]
    reason: str
    decided_at: datetime
    remark_ids: tuple[int, ...] = ()
    message_id: str | None = None


MessageState: TypeAlias = Literal[
    "open", "sending", "sent", "delivered", "bounced", "dropped", "failed"
]


class Message(Row, frozen=True, kw_only=True):
    """One mail: a digest of the tells of one person in one window.

    Attributes:
        due_at: when it is to be sent, or looked at again.
        attempts: how often it was claimed.
        doubts: how many of these tries may have gone out without our knowing.
    """

    id: str
    person_id: str
    email: str
    name: str
    state: MessageState
    due_at: datetime
    created_at: datetime
    attempts: int = 0
    doubts: int = 0
    claimed_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    provider_id: str = ""
    reason: str = ""


class Report(Row, frozen=True, kw_only=True):
    """One report of the mail provider; `id` makes its repetition harmless."""

    id: str
    message_id: str
    outcome: str
    reason: str
    at: datetime


class LoopRow(Row, frozen=True, kw_only=True):
    """How far the loop of one account and one issue has closed."""

    account_id: str
    issue_id: int
    state: LoopState
    changed_at: datetime
    by: str
    told_at: datetime | None = None
    acknowledged_at: datetime | None = None
    customer_told_at: datetime | None = None
    solved_at: datetime | None = None
    not_solved_at: datetime | None = None


class Answer(Row, frozen=True, kw_only=True):
    """What somebody wrote beside an answer: a person's words, kept from the tracker.

    Attributes:
        token_id: of the link that was used.
        said: what that link answers.
    """

    token_id: str
    account_id: str
    issue_id: int
    said: LoopState
    at: datetime
    by: str
    words: str
