"""What the tracker says: issues and versions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from schemas.events.base import Data, Event, IssueId, IssueKey, Name, Url


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
