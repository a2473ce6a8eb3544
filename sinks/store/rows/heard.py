"""What was heard, as values: remarks, links, the history of customers, issues."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, TypeAlias

from schemas.events import Account, Epic, Opportunity, Rep, Version
from sinks.store.rows.base import Row

Outcome: TypeAlias = Literal["linked", "suggested", "unmatched", "dismissed"]
LinkState: TypeAlias = Literal["linked", "suggested", "rejected"]
Verdict: TypeAlias = Literal["link", "suggest", "reject", "dismiss", "undo"]
CrmKind: TypeAlias = Literal["account", "opportunity", "rep"]
Facts: TypeAlias = Account | Opportunity | Rep


PERSON = "person"
"""The rule of a decision that a person made."""

NEVER = datetime.min.replace(tzinfo=UTC)
"""Before every instant: when what was never replayed was replayed."""
Age: TypeAlias = tuple[datetime, datetime]
"""The source's clock, then when it was replayed: of two versions the larger is newer."""


def age(version_at: datetime, replayed_at: datetime | None) -> Age:
    """How new a version of a remark is, beside others of the same remark."""
    return version_at, replayed_at or NEVER


@lru_cache(maxsize=16_384)
def remark_key(origin: str, record: str) -> bytes:
    """The 16 bytes by which a remark is found: a digest of its identity (``origin:record``)."""
    return blake2b(f"{origin}:{record}".encode(), digest_size=16).digest()


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
        unseen: a person decided it together with others, without looking at the remark.
        claimed_by: of a person's decision the rule that claimed the link before any person did;
            None where none did. `claimed_score` is how surely.
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
    unseen: bool = False
    claimed_by: str | None = None
    claimed_score: float | None = None


class Link(Row, frozen=True, kw_only=True):
    """Where a remark and an issue stand now; `decision_id` is the decision behind it."""

    remark_id: int
    issue_key: str
    issue_id: int | None
    state: LinkState
    decision_id: int


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
