"""Jira's JSON of what the stand-in remembers: v3 for the REST API, v2 for webhooks.

Source: Jira Cloud platform REST v3 document; recorded webhooks (read 2026-07).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

from sinks.jira.adf import document_of, text_of
from sinks.jira.standin.state import RESOLUTIONS, STATUSES, Issue, State, Version

Json: TypeAlias = dict[str, Any]
_CATEGORIES = {
    "new": (2, "blue-gray", "To Do"),
    "indeterminate": (4, "yellow", "In Progress"),
    "done": (3, "green", "Done"),
}
_TYPE_IDS = {"Epic": "10000", "Story": "10001", "Task": "10002", "Bug": "10003"}
ACTOR: Json = {
    "accountId": "5b10a2844c20165700ede21g",
    "accountType": "atlassian",
    "displayName": "Stand-in",
    "active": True,
    "timeZone": "Etc/UTC",
}


def issue_json(issue: Issue, state: State, site: str, fields: Iterable[str] | None = None) -> Json:
    """An issue as REST v3 shows it; only `fields` where they are given."""
    shown = _fields(issue, state, site)
    shown["description"] = _document(issue.description)
    wanted = None if fields is None or "*all" in fields else set(fields)
    if wanted is not None:
        shown = {name: value for name, value in shown.items() if name in wanted}
    return {"id": issue.id, "key": issue.key, "self": self_url(site, issue), "fields": shown}


def webhook_issue(issue: Issue, state: State, site: str) -> Json:
    """An issue as webhooks carry it: v2, the description plain."""
    shown = _fields(issue, state, site)
    shown["description"] = text_of(issue.description) or None
    url = self_url(site, issue).replace("/rest/api/3/", "/rest/api/2/")
    return {"id": issue.id, "key": issue.key, "self": url, "fields": shown}


def version_json(version: Version, site: str) -> Json:
    """A version, the same in REST and webhooks."""
    dated = {} if version.release_date is None else {"releaseDate": version.release_date}
    return {
        "self": f"{site}/rest/api/3/version/{version.id}",
        "id": version.id,
        "name": version.name,
        "archived": False,
        "released": version.released,
        "projectId": int(version.project.id),
        **dated,
    }


def link_json(issue: Issue, link: Json, site: str) -> Json:
    """A remote link as it was sent, with its id."""
    return {**link, "self": f"{self_url(site, issue)}/remotelink/{link['id']}"}


def self_url(site: str, issue: Issue) -> str:
    """Where REST v3 shows the issue."""
    return f"{site}/rest/api/3/issue/{issue.id}"


def stamp(instant: datetime) -> str:
    """A time as Jira writes it: milliseconds, and no colon in the offset."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}+0000"


def _fields(issue: Issue, state: State, site: str) -> Json:
    return {
        "summary": issue.summary,
        "issuetype": _type(issue.type, site),
        "project": {"id": issue.project.id, "key": issue.project.key, "name": issue.project.name},
        "status": _status(issue.status, site),
        "resolution": _resolution(issue.resolution, site),
        "fixVersions": [_fix_version(version, site) for version in issue.fix_versions],
        "labels": issue.labels,
        "created": stamp(issue.created),
        "updated": stamp(issue.updated),
        **_parent(issue, state, site),
    }


def _parent(issue: Issue, state: State, site: str) -> Json:
    parent = state.issues.get(issue.parent or "")
    if parent is None:
        return {}
    url = self_url(site, parent)
    return {"parent": {"id": parent.id, "key": parent.key, "self": url}}


def _fix_version(version: Version, site: str) -> Json:
    return {k: v for k, v in version_json(version, site).items() if k != "projectId"}


def _type(name: str, site: str) -> Json:
    number = _TYPE_IDS.get(name, "10099")
    url = f"{site}/rest/api/3/issuetype/{number}"
    return {"self": url, "id": number, "name": name, "subtask": False}


def _status(name: str, site: str) -> Json:
    number, key = STATUSES[name]
    category, colour, label = _CATEGORIES[key]
    return {
        "self": f"{site}/rest/api/3/status/{number}",
        "name": name,
        "id": number,
        "statusCategory": {"id": category, "key": key, "colorName": colour, "name": label},
    }


def _resolution(name: str | None, site: str) -> Json | None:
    if name is None:
        return None
    number = RESOLUTIONS[name]
    return {"self": f"{site}/rest/api/3/resolution/{number}", "id": number, "name": name}


def _document(description: Any) -> Json | None:
    if not description:
        return None
    return description if isinstance(description, dict) else document_of(description)
