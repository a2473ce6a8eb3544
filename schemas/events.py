"""Every event as a Struct: CloudEvents 1.0 attributes outside, our data inside.

The Structs are the one source of truth: JSON Schema, AsyncAPI and the codec come from them. A field
may be added with a default; none may be removed or narrowed (``tests/unit/test_compatibility.py``).

Source: CloudEvents 1.0.2, https://github.com/cloudevents/spec (read 2026-07).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=500)]
Words: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1_000_000)]
# In Python a plain `$` also matches before a last newline, in JSON Schema it does not: `(?!\n)`.
Slug: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$(?!\n)")]
Email: TypeAlias = Annotated[str, Meta(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$(?!\n)")]
Domain: TypeAlias = Annotated[str, Meta(pattern=r"^[^@\s/]{1,255}$(?!\n)")]
Url: TypeAlias = Annotated[str, Meta(pattern=r"^https?://\S{1,2000}$(?!\n)")]
Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
Cents: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""Hundredths of `currency`, up to the largest integer that every JSON reader keeps exactly."""
Currency: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Probability: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Generation: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000)]
IssueId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9]{1,18}$(?!\n)")]
IssueKey: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{1,30}-[1-9][0-9]{0,9}$(?!\n)")]


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The root of every payload. A default is not written, and an unknown field is not an error."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """The CloudEvents attributes that every event carries; `type` is the Struct's tag.

    Attributes:
        id: unique within `source`; the same fact has the same id however often it is published.
        source: who says so, a URI-reference (``/zendesk``, ``https://crm.example``).
        time: when it became so, by the source's own clock; the later of two versions is newer.
    """

    id: Id
    source: Name
    time: Instant
    specversion: Literal["1.0"]
    subject: str | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str | None = None


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
        issue_keys: the source's own link field (Zendesk's Jira links, Intercom's tracker tickets).
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


class Account(Data, frozen=True, kw_only=True):
    """A customer company; an absent field is unchanged, a null clears it.

    Attributes:
        domains: mail domains by which remarks find the account.
        revenue_cents: annual recurring revenue, in hundredths of `currency`.
        merged_into: the id of the account that took this one over.
    """

    id: Id
    name: Name | UnsetType = UNSET
    domains: tuple[Domain, ...] | UnsetType = UNSET
    revenue_cents: Cents | UnsetType | None = UNSET
    currency: Currency | UnsetType = UNSET
    segment: Name | UnsetType | None = UNSET
    region: Name | UnsetType | None = UNSET
    owner_id: Id | UnsetType | None = UNSET
    renews_on: date | UnsetType | None = UNSET
    merged_into: Id | UnsetType | None = UNSET
    deleted: bool | UnsetType = UNSET


class Opportunity(Data, frozen=True, kw_only=True):
    """A deal; an absent field is unchanged, a null clears it."""

    id: Id
    account_id: Id | UnsetType | None = UNSET
    name: Name | UnsetType = UNSET
    stage: Name | UnsetType | None = UNSET
    amount_cents: Cents | UnsetType | None = UNSET
    currency: Currency | UnsetType = UNSET
    probability: Probability | UnsetType | None = UNSET
    closes_on: date | UnsetType | None = UNSET
    owner_id: Id | UnsetType | None = UNSET
    is_open: bool | UnsetType = UNSET
    merged_into: Id | UnsetType | None = UNSET
    deleted: bool | UnsetType = UNSET


class Rep(Data, frozen=True, kw_only=True):
    """One of our own people; an absent field is unchanged, a null clears it.

    Attributes:
        time_zone: IANA name; mails wait for this person's working hours.
        active: False once the person has left.
    """

    id: Id
    email: Email | UnsetType | None = UNSET
    name: Name | UnsetType = UNSET
    manager_id: Id | UnsetType | None = UNSET
    team: Name | UnsetType | None = UNSET
    time_zone: Name | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET


class AccountChanged(Event, frozen=True, kw_only=True, tag="closeloop.crm.account.changed.v1"):
    """An account is now as `data` says, since `time`."""

    data: Account


class OpportunityChanged(
    Event, frozen=True, kw_only=True, tag="closeloop.crm.opportunity.changed.v1"
):
    """An opportunity is now as `data` says, since `time`."""

    data: Opportunity


class RepChanged(Event, frozen=True, kw_only=True, tag="closeloop.crm.rep.changed.v1"):
    """A rep is now as `data` says, since `time`."""

    data: Rep


class FixVersion(Data, frozen=True, kw_only=True):
    """A Jira version as an issue names it."""

    id: IssueId
    name: Name
    released: bool
    released_on: date | None = None


class Epic(Data, frozen=True, kw_only=True):
    """A Jira issue as of now, whole. Its `id` is for ever; its key and project may change.

    Attributes:
        status_category: Jira's own three (``new``, ``indeterminate``, ``done``), else ``unknown``.
        resolution: Jira's resolution name, null while unresolved.
        deleted: the issue is gone.
    """

    id: IssueId
    key: IssueKey
    project_id: IssueId | None = None
    summary: Annotated[str, Meta(max_length=1000)] = ""
    description: Annotated[str, Meta(max_length=200_000)] = ""
    issue_type: Name = "Epic"
    status: Name = "unknown"
    status_category: Literal["new", "indeterminate", "done", "unknown"] = "unknown"
    resolution: Name | None = None
    fix_versions: tuple[FixVersion, ...] = ()
    labels: tuple[str, ...] = ()
    parent_id: IssueId | None = None
    url: Url | None = None
    deleted: bool = False


class EpicChanged(Event, frozen=True, kw_only=True, tag="closeloop.epic.changed.v1"):
    """A Jira issue is now as `data` says."""

    data: Epic


class Version(Data, frozen=True, kw_only=True):
    """A Jira version as of now."""

    id: IssueId
    project_id: IssueId
    name: Name
    released: bool
    released_on: date | None = None
    deleted: bool = False


class VersionChanged(Event, frozen=True, kw_only=True, tag="closeloop.epic.version.changed.v1"):
    """A Jira version was released, taken back, renamed or removed."""

    data: Version


class LinkClaim(Data, frozen=True, kw_only=True):
    """One epic that a remark is linked to, or might be, and why.

    Attributes:
        rule: ``key``, ``url``, ``field``, ``thread``, ``likeness`` or ``person``.
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


class Shipment(Data, frozen=True, kw_only=True):
    """A feature that customers can use from now on.

    Attributes:
        generation: counts how often this issue shipped; absent where the publisher cannot know it.
        accounts: CRM ids of those who can use it; null means everyone.
        signal: what said so, ``jira``, ``ci`` or ``person``.
    """

    issue_id: IssueId
    generation: Generation | None = None
    accounts: tuple[Id, ...] | None = None
    signal: Slug = "ci"
    what: Annotated[str, Meta(max_length=10_000)] = ""
    docs_url: Url | None = None


class FeatureShipped(Event, frozen=True, kw_only=True, tag="closeloop.feature.shipped.v1"):
    """A feature shipped, to everyone or to some accounts."""

    data: Shipment


class Withdrawal(Data, frozen=True, kw_only=True):
    """A ship that is taken back."""

    issue_id: IssueId
    generation: Generation
    reason: Annotated[str, Meta(max_length=10_000)] = ""


class FeatureWithdrawn(Event, frozen=True, kw_only=True, tag="closeloop.feature.withdrawn.v1"):
    """A feature that shipped is not available after all."""

    data: Withdrawal


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


AnyEvent: TypeAlias = (
    FeedbackReceived
    | AccountChanged
    | OpportunityChanged
    | RepChanged
    | EpicChanged
    | VersionChanged
    | FeedbackLinked
    | FeatureShipped
    | FeatureWithdrawn
    | NotificationRequested
    | NotificationSettled
    | LoopChanged
)
