"""What the store keeps, as values: one Struct a table, ids as the tables have them.

Instants are aware; money is in cents; a Jira issue id is an int here and a string on the wire.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Literal, TypeAlias

import msgspec

from schemas.events import Account, Epic, LoopState, Opportunity, Rep, TellKind, Version

Outcome: TypeAlias = Literal["linked", "suggested", "unmatched", "dismissed"]
LinkState: TypeAlias = Literal["linked", "suggested", "rejected"]
Verdict: TypeAlias = Literal["link", "suggest", "reject", "dismiss", "undo"]
CrmKind: TypeAlias = Literal["account", "opportunity", "rep"]
Facts: TypeAlias = Account | Opportunity | Rep


NEVER = datetime.min.replace(tzinfo=UTC)
"""Before every instant: when what was never replayed was replayed."""
Age: TypeAlias = tuple[datetime, datetime]
"""The source's clock, then when it was replayed: of two versions the larger is newer."""


def age(version_at: datetime, replayed_at: datetime | None) -> Age:
    """How new a version of a remark is, beside others of the same remark."""
    return version_at, replayed_at or NEVER


def remark_key(origin: str, record: str) -> bytes:
    """The 16 bytes by which a remark is found: a digest of its identity (``origin:record``)."""
    return blake2b(f"{origin}:{record}".encode(), digest_size=16).digest()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The root of all rows."""


class Move(Row, frozen=True, kw_only=True):
    """One partition's offset, from where we read to where we read next.

    Attributes:
        expected: what the store must say now; None where it must not know the partition yet.
        new: the offset of the next record to read.
    """

    topic: str
    partition: int
    expected: int | None
    new: int


class Remark(Row, frozen=True, kw_only=True):
    """One remark without its words: what stays when a person is erased.

    Attributes:
        version_at: the source's clock; of two versions the later is kept.
        replayed_at: of two of one clock time the one replayed later is kept; None: never was.
        account_id: the account it was found to belong to; None until one is known.
        stated_account: the CRM id that the source stated, known to us or not.
        domain: the customer's mail domain; None for none and for a free-mail provider's.
    """

    id: int
    origin: str
    record: str
    version_at: datetime
    said_at: datetime
    outcome: Outcome
    account_id: str | None = None
    stated_account: str | None = None
    domain: str | None = None
    opportunity_id: str | None = None
    reporter_id: str | None = None
    reporter_email: str | None = None
    thread: str | None = None
    url: str | None = None
    withdrawn: bool = False
    replayed_at: datetime | None = None

    @property
    def feedback_id(self) -> str:
        """The identity that people and topics use."""
        return f"{self.origin}:{self.record}"


class Words(Row, frozen=True, kw_only=True):
    """What was said and by whom: erased when the person asks for it."""

    remark_id: int
    words: str
    title: str | None = None
    customer_name: str | None = None
    customer_email: str | None = None


class Known(Row, frozen=True, kw_only=True):
    """What a batch needs to know of a remark that is in the store already."""

    id: int
    version_at: datetime
    replayed_at: datetime | None = None


class Decision(Row, frozen=True, kw_only=True):
    """One decision on one remark and one issue; never changed, only followed by another.

    Attributes:
        issue_key: empty where it is about the remark as a whole: that it is dismissed, or no more.
        rule: ``key``, ``url``, ``field``, ``thread``, ``likeness`` or ``person``.
        model: the version of what decided, ``1`` for plain rules.
        by: ``closeloop``, or who decided.
        quote: the passage that it rests on.
    """

    id: int
    remark_id: int
    issue_key: str
    issue_id: int | None
    verdict: Verdict
    rule: str
    score: float
    model: str
    by: str
    at: datetime
    quote: str | None = None


class Link(Row, frozen=True, kw_only=True):
    """Where a remark and an issue stand now; `decision_id` is the decision behind it."""

    remark_id: int
    issue_key: str
    issue_id: int | None
    state: LinkState
    decision_id: int


class Stated(Row, frozen=True, kw_only=True):
    """What one event stated of one CRM entity; fields left UNSET were not mentioned."""

    at: datetime
    event_id: str
    facts: Facts


class CrmVersion(Row, frozen=True, kw_only=True):
    """A CRM entity from `valid_from` until `valid_to` (None: still), all statements folded in."""

    valid_from: datetime
    valid_to: datetime | None
    event_id: str
    stated: Facts
    facts: Facts


class EpicRow(Row, frozen=True, kw_only=True):
    """An issue as of `updated_at`, with its fix versions as we know *them*, perhaps later.

    Attributes:
        versions: the fix versions the issue names, released or not as last heard of from anyone.
    """

    issue_id: int
    updated_at: datetime
    epic: Epic
    versions: tuple[Version, ...] = ()


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


class Linked(Row, frozen=True, kw_only=True):
    """A remark linked to an issue, with its words where they were asked for and are not erased."""

    remark: Remark
    words: Words | None
    linked_at: datetime


class Demand(Row, frozen=True, kw_only=True):
    """How much an issue is asked for.

    Attributes:
        remarks: how many are linked to it, the withdrawn left out.
        accounts: of all those, each once, as they were found; merges are not followed.
    """

    remarks: int
    accounts: frozenset[str]


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


class OutboxRow(Row, frozen=True, kw_only=True):
    """A record that must reach Kafka because the transaction that wrote it was committed."""

    id: int
    topic: str
    key: bytes
    value: bytes
