"""Every event as a Struct: CloudEvents 1.0 attributes outside, our data inside.

The Structs are the one source of truth: JSON Schema, AsyncAPI and the codec come from them. A field
may be added with a default; none may be removed or narrowed (``tests/unit/test_compatibility.py``).

Source: CloudEvents 1.0.2, https://github.com/cloudevents/spec (read 2026-07).
"""

from __future__ import annotations

from typing import TypeAlias

from schemas.events.base import (
    Cents,
    Currency,
    Data,
    Domain,
    Email,
    Event,
    Generation,
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
from schemas.events.crm import (
    Account,
    AccountChanged,
    Opportunity,
    OpportunityChanged,
    Rep,
    RepChanged,
)
from schemas.events.epics import Epic, EpicChanged, FixVersion, Version, VersionChanged
from schemas.events.feedback import (
    Customer,
    Feedback,
    FeedbackLinked,
    FeedbackReceived,
    LinkClaim,
    Linking,
    Reporter,
)
from schemas.events.ships import FeatureShipped, FeatureWithdrawn, Shipment, Withdrawal
from schemas.events.tells import (
    Loop,
    LoopChanged,
    LoopState,
    Notification,
    NotificationRequested,
    NotificationSettled,
    Settlement,
    TellKind,
)

__all__ = [
    "Account",
    "AccountChanged",
    "AnyEvent",
    "Cents",
    "Currency",
    "Customer",
    "Data",
    "Domain",
    "Email",
    "Epic",
    "EpicChanged",
    "Event",
    "FeatureShipped",
    "FeatureWithdrawn",
    "Feedback",
    "FeedbackLinked",
    "FeedbackReceived",
    "FixVersion",
    "Generation",
    "Id",
    "Instant",
    "IssueId",
    "IssueKey",
    "LinkClaim",
    "Linking",
    "Loop",
    "LoopChanged",
    "LoopState",
    "Name",
    "Notification",
    "NotificationRequested",
    "NotificationSettled",
    "Opportunity",
    "OpportunityChanged",
    "Probability",
    "Rep",
    "RepChanged",
    "Reporter",
    "Settlement",
    "Shipment",
    "Slug",
    "TellKind",
    "Url",
    "Version",
    "VersionChanged",
    "Withdrawal",
    "Words",
]

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
