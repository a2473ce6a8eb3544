"""Jira's JSON of an issue to our `Epic`; pure, for REST answers and for webhooks alike.

Source: Jira Cloud platform REST v3, schema IssueBean; recorded webhooks (read 2026-07).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeAlias

import msgspec

from schemas.errors import InvalidEvent
from schemas.events import Epic, FixVersion, IssueId, IssueKey, Name
from sinks.contracts import Sighting
from sinks.jira.adf import text_of

FIELDS = (
    "summary",
    "description",
    "issuetype",
    "project",
    "status",
    "resolution",
    "fixVersions",
    "labels",
    "parent",
    "updated",
)
"""What to ask Jira for, so that `epic_of` can read the answer."""

Category: TypeAlias = Literal["new", "indeterminate", "done", "unknown"]
_CATEGORIES: dict[str, Category] = {"new": "new", "indeterminate": "indeterminate", "done": "done"}
"""Key of Jira's status category -> ours. Jira's own fourth, ``undefined``, is unknown to us too."""
_LONGEST_SUMMARY = 1000
_LONGEST_DESCRIPTION = 200_000
_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")


class _Named(msgspec.Struct):
    name: Name


class _Project(msgspec.Struct):
    id: IssueId


class _Parent(msgspec.Struct):
    id: IssueId


class _Category(msgspec.Struct):
    key: str = ""


class _Status(msgspec.Struct):
    name: Name
    statusCategory: _Category = msgspec.field(default_factory=_Category)  # noqa: N815 Jira's word


class _Version(msgspec.Struct):
    id: IssueId
    name: Name
    released: bool
    releaseDate: date | None = None  # noqa: N815 Jira's word


class _Fields(msgspec.Struct):
    summary: str
    issuetype: _Named
    project: _Project
    status: _Status
    updated: str
    description: Any = None
    resolution: _Named | None = None
    fixVersions: list[_Version] | None = None  # noqa: N815 Jira's word
    labels: list[str] | None = None
    parent: _Parent | None = None


class _Issue(msgspec.Struct):
    id: IssueId
    key: IssueKey
    fields: _Fields


def epic_of(issue: Any, site: str, path: str = "$", *, deleted: bool = False) -> Epic:
    """The issue as of now, whole.

    Args:
        issue: an issue of the REST API or of a webhook, decoded.
        site: where people see Jira, as ``https://acme.atlassian.net``.
        path: where in the payload `issue` stands (``$.issue`` in a webhook), for errors.
        deleted: the payload says that the issue is gone.

    Raises:
        InvalidEvent: dead-lettered; names the path. Also for the part of an issue that comes with
            a comment, which has no ``updated``: read as whole, it would undo a resolution.
    """
    return _epic(_read(issue, path), site, deleted=deleted)


def sighting_of(issue: Any, site: str, path: str = "$") -> Sighting:
    """The issue as of now, and when Jira last changed it.

    Raises:
        InvalidEvent: dead-lettered; names the path.
    """
    read = _read(issue, path)
    updated_at = _instant(read.fields.updated, f"{path}.fields.updated")
    return Sighting(epic=_epic(read, site, deleted=False), updated_at=updated_at)


def _read(issue: Any, path: str) -> _Issue:
    try:
        return msgspec.convert(issue, _Issue)
    except msgspec.ValidationError as error:
        message = str(error)
        found = _PATH.search(message)
        reason = message[: found.start()] if found else message
        raise InvalidEvent(reason, path + (found["path"] if found else "")) from None


def _epic(issue: _Issue, site: str, *, deleted: bool) -> Epic:
    fields = issue.fields
    return Epic(
        id=issue.id,
        key=issue.key,
        project_id=fields.project.id,
        summary=text_of(fields.summary)[:_LONGEST_SUMMARY],
        description=text_of(fields.description)[:_LONGEST_DESCRIPTION],
        issue_type=fields.issuetype.name,
        status=fields.status.name,
        status_category=_CATEGORIES.get(fields.status.statusCategory.key, "unknown"),
        resolution=None if fields.resolution is None else fields.resolution.name,
        fix_versions=tuple(_fix_version(version) for version in fields.fixVersions or ()),
        labels=tuple(fields.labels or ()),
        parent_id=None if fields.parent is None else fields.parent.id,
        url=f"{site.rstrip('/')}/browse/{issue.key}",
        deleted=deleted,
    )


def _fix_version(version: _Version) -> FixVersion:
    return FixVersion(
        id=version.id,
        name=version.name,
        released=version.released,
        released_on=version.releaseDate,  # the planned day while it is not released
    )


def _instant(text: str, path: str) -> datetime:
    """Jira writes ``2026-02-15T19:01:52.971-0800``: no colon in the offset."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidEvent(f"{text[:40]!r} is not a time", path) from None
    if instant.tzinfo is None:
        raise InvalidEvent(f"{text[:40]!r} has no time zone", path)
    return instant.astimezone(UTC)
