"""A Jira webhook to the state of an issue or a version; pure.

Which of two states is newer is decided by the state's own clock. For an issue that is
``fields.updated``: it is part of the very snapshot, and the REST API shows the same, while the
webhook's ``timestamp`` says only when it was written, up to seconds later, by when the issue may
have changed again. A deletion does not touch ``updated``, so it counts from the ``timestamp``, and
at the least from a millisecond after the last change. A version has no clock but ``timestamp``.

Source: Atlassian, "Webhooks" of Jira Cloud; recorded webhooks (read 2026-07).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import msgspec

from schemas.delivery import Delivery
from schemas.errors import UnknownType
from schemas.events import Epic, EpicChanged, Version, VersionChanged
from schemas.topics import EPIC_CHANGED
from sinks.jira.read import epic_of
from streams.collect.outside import Outside, payload_of
from streams.collect.source import Fact, Ignored, Result, digest, event_id

IDENTIFIER = "x-atlassian-webhook-identifier"
DELETED = "jira:issue_deleted"
ISSUES = ("jira:issue_created", "jira:issue_updated", DELETED)
VERSION_DELETED = "jira:version_deleted"
VERSIONS = (
    "jira:version_created",
    "jira:version_moved",
    "jira:version_released",
    "jira:version_unreleased",
    "jira:version_updated",
    VERSION_DELETED,
)
_PART = "carries only a part of the issue; read as a whole it would undo a resolution"
_ELSE = "says nothing of what is to ship"
IGNORED = {
    **dict.fromkeys(("comment_created", "comment_updated", "comment_deleted"), _PART),
    **dict.fromkeys(("worklog_created", "worklog_updated", "worklog_deleted"), _PART),
    "jira:worklog_updated": _PART,
    **dict.fromkeys(("issue_property_set", "issue_property_deleted"), "our own writing, mostly"),
    **dict.fromkeys(("issuelink_created", "issuelink_deleted"), _ELSE),
    **dict.fromkeys(("attachment_created", "attachment_deleted"), _ELSE),
    **dict.fromkeys(("user_created", "user_updated", "user_deleted"), _ELSE),
    **dict.fromkeys(("project_created", "project_updated", "project_deleted"), _ELSE),
    **dict.fromkeys(("project_archived", "project_restored_archived"), _ELSE),
    **dict.fromkeys(("project_soft_deleted", "project_restored_deleted"), _ELSE),
    **dict.fromkeys(("sprint_created", "sprint_updated", "sprint_deleted"), _ELSE),
    **dict.fromkeys(("sprint_started", "sprint_closed"), _ELSE),
    **dict.fromkeys(("board_created", "board_updated", "board_deleted"), _ELSE),
    "board_configuration_changed": _ELSE,
}
_REST = "/rest/"
_LONGEST_SITE = 500


def delivery_id(body: bytes) -> str:
    """A re-delivery has the same body; the header that tells it too is not signed."""
    return digest(body)


def parse(delivery: Delivery) -> Sequence[Result]:
    """The issue or the version as of now."""
    payload = payload_of(delivery.body)
    kind = payload["webhookEvent"].text()
    if kind in IGNORED:
        return [Ignored(kind, IGNORED[kind])]
    if kind in ISSUES:
        return [_issue(payload, kind)]
    if kind in VERSIONS:
        return list(_version(payload, kind))
    raise UnknownType(f"no such event of Jira's: {kind[:60]!r}", "$.webhookEvent")


def _issue(payload: Outside, kind: str) -> Fact:
    issue = payload["issue"]
    deleted = kind == DELETED
    epic = _epic(issue, deleted=deleted)
    updated = issue["fields"]["updated"].instant()
    if deleted:
        updated = max(_timestamp(payload), updated + timedelta(milliseconds=1))
    event = EpicChanged(
        id=_id(epic, updated), source="/jira", time=updated, specversion="1.0", data=epic
    )
    return Fact(EPIC_CHANGED.name, f"issue:{epic.id}", event)


def _epic(issue: Outside, *, deleted: bool) -> Epic:
    if issue.absent:
        raise issue.wrong("required field is missing")
    site = _site(issue["self"])
    epic = epic_of(issue.raw, site, issue.path, deleted=deleted)
    return epic if site else msgspec.structs.replace(epic, url=None)


def _site(self_url: Outside) -> str:
    """Where people see this Jira, from where its API shows the issue; empty where it is unclear."""
    if self_url.absent:
        return ""
    site, rest, _ = self_url.url().partition(_REST)
    return site if rest and len(site) <= _LONGEST_SITE else ""


def _version(payload: Outside, kind: str) -> Iterator[Fact]:
    said = payload["version"]
    version = Version(
        id=said["id"].issue_id(),
        project_id=said["projectId"].issue_id(),
        name=said["name"].name(),
        released=said["released"].boolean(),
        released_on=said["releaseDate"].maybe(_date),
        deleted=kind == VERSION_DELETED,
    )
    at = _timestamp(payload)
    event = VersionChanged(
        id=_id(version, at), source="/jira", time=at, specversion="1.0", data=version
    )
    yield Fact(EPIC_CHANGED.name, f"version:{version.id}", event)


def _timestamp(payload: Outside) -> datetime:
    return payload["timestamp"].milliseconds()


def _id(state: Epic | Version, at: datetime) -> str:
    """The same state at the same time is one fact, though two webhooks may tell it."""
    kind = type(state).__name__.lower()
    return event_id("jira", kind, state.id, at.isoformat(), digest(msgspec.json.encode(state)))


def _date(said: Outside) -> date:
    try:
        return date.fromisoformat(said.text())
    except ValueError:
        raise said.wrong("expected a day, as 2026-07-31") from None
