"""What customers said, and what it was linked to."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from schemas.events.base import (
    Cents,
    Data,
    Email,
    Event,
    Id,
    Instant,
    IssueId,
    IssueKey,
    Name,
    Probability,
    Slug,
    Url,
    Words,
)


class Customer(Data, frozen=True, kw_only=True):
    """The person at the customer whose words these are; any part may be unknown."""

    email: Email | None = None
    name: Name | None = None
    id: Id | None = None


class Reporter(Data, frozen=True, kw_only=True):
    """Who of our own people passed the remark on: told what becomes of it."""

    email: Email | None = None
    name: Name | None = None
    id: Id | None = None


class Feedback(Data, frozen=True, kw_only=True):
    """One remark of one customer, as one source recorded it.

    Attributes:
        origin: the name of the source, as in ``source.<name>``.
        record: the source's own id of the remark; with `origin` it is the remark's identity.
        words: what the customer said, verbatim.
        said_at: when it was first said; absent means the event's `time`.
        account_id: the CRM's id, where the source knows it; else the mail domain decides.
        thread: the source's id of the conversation; remarks of one thread are about one thing.
        issue_keys: the source's own link field: issues that somebody tied the remark to there.
        withdrawn: the source deleted the remark.
    """

    origin: Slug
    record: Id
    words: Words
    title: Annotated[str, Meta(max_length=1000)] | None = None
    said_at: Instant | None = None
    customer: Customer = Customer()
    account_id: Id | None = None
    opportunity_id: Id | None = None
    reporter: Reporter = Reporter()
    thread: Id | None = None
    issue_keys: Annotated[tuple[IssueKey, ...], Meta(max_length=100)] = ()
    url: Url | None = None
    withdrawn: bool = False


class FeedbackReceived(Event, frozen=True, kw_only=True, tag="closeloop.feedback.received.v1"):
    """A remark was made, corrected or withdrawn."""

    data: Feedback


class LinkClaim(Data, frozen=True, kw_only=True):
    """One epic that a remark is linked to, or might be, and why.

    Attributes:
        rule: ``key``, ``url``, ``field``, ``quoted``, ``thread``, ``likeness`` or ``person``.
        score: how sure the rule is, 0..1.
        issue_id: null while only the key is known.
    """

    issue_key: IssueKey
    rule: Name
    score: Probability
    issue_id: IssueId | None = None


class Linking(Data, frozen=True, kw_only=True):
    """What linking came to for one remark, and for whom."""

    feedback: Id
    outcome: Literal["linked", "suggested", "unmatched"]
    links: tuple[LinkClaim, ...] = ()
    account_id: Id | None = None
    opportunity_id: Id | None = None
    owner_id: Id | None = None
    revenue_cents: Cents | None = None


class FeedbackLinked(Event, frozen=True, kw_only=True, tag="closeloop.feedback.linked.v1"):
    """A remark was tied to its account and put to its epics, or to a person to decide."""

    data: Linking
