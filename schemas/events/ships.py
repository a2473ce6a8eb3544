"""What customers can use, and what was taken back."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from schemas.events.base import Data, Event, Generation, Id, IssueId, Slug, Url


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
