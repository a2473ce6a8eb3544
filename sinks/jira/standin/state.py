"""What the stand-in of Jira remembers, and what changes it. Nothing here knows HTTP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

FIRST_ID = 10_000
STATUSES: dict[str, tuple[str, str]] = {
    "To Do": ("10001", "new"),
    "In Progress": ("3", "indeterminate"),
    "Done": ("10002", "done"),
}
"""Status name -> its id, and the key of its category."""
RESOLUTIONS: dict[str, str] = {
    "Done": "10000",
    "Won't Do": "10001",
    "Duplicate": "10002",
    "Cannot Reproduce": "10003",
}
"""Resolution name -> its id."""

Change: TypeAlias = dict[str, Any]
"""One item of a changelog, as Jira words it."""


class Unknown(LookupError):
    """There is no such issue, version, link or property: 404."""


class Refused(ValueError):
    """The request can never be right: 400."""


@dataclass(kw_only=True)
class Project:
    """A project; `numbers` counts its issues."""

    id: str
    key: str
    name: str
    numbers: int = 0


@dataclass(kw_only=True)
class Version:
    """A version of one project."""

    id: str
    name: str
    project: Project
    released: bool = False
    release_date: str | None = None


@dataclass(kw_only=True)
class Issue:
    """An issue; `links` is by global id, `properties` by key."""

    id: str
    key: str
    project: Project
    summary: str
    created: datetime
    updated: datetime
    description: Any = None
    type: str = "Epic"
    status: str = "To Do"
    resolution: str | None = None
    fix_versions: list[Version] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    parent: str | None = None
    links: dict[str, dict[str, Any]] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)


class State:
    """Projects, issues and versions; every change says what it changed."""

    def __init__(self, projects: Sequence[str], now: Callable[[], datetime] | None = None) -> None:
        self.projects: dict[str, Project] = {}
        self.issues: dict[str, Issue] = {}
        self.versions: dict[str, Version] = {}
        self._former_keys: dict[str, str] = {}
        self._now = now or (lambda: datetime.now(UTC))
        self._last_id = FIRST_ID - 1
        for key in projects:
            self.add_project(key)

    def add_project(self, key: str) -> Project:
        """The project of that key; a new one where there is none."""
        if key not in self.projects:
            self.projects[key] = Project(id=self.next_id(), key=key, name=f"Project {key}")
        return self.projects[key]

    def next_id(self) -> str:
        """An id that nothing has yet."""
        self._last_id += 1
        return str(self._last_id)

    def issue(self, key_or_id: str) -> Issue:
        """By id, key in any case, or former key. Raises `Unknown`."""
        key = key_or_id.upper()
        for issue in self.issues.values():
            if key in {issue.id, issue.key}:
                return issue
        if key in self._former_keys:
            return self.issue(self._former_keys[key])
        raise Unknown("Issue does not exist or you do not have permission to see it.")

    def version(self, version_id: str) -> Version:
        """By id. Raises `Unknown`."""
        if version_id not in self.versions:
            raise Unknown(f"Could not find version for id '{version_id}'")
        return self.versions[version_id]

    def create_issue(self, project_key: str, **given: Any) -> Issue:
        """A new issue with these attributes. Raises `Refused` where the project is unknown."""
        if project_key not in self.projects:
            raise Refused("valid project is required")
        project = self.projects[project_key]
        now = self._now()
        key = _next_key(project)
        issue = Issue(
            id=self.next_id(), key=key, project=project, created=now, updated=now, **given
        )
        self.issues[issue.id] = issue
        return issue

    def delete_issue(self, issue: Issue) -> None:
        """Forget it, its former keys too."""
        del self.issues[issue.id]
        self._former_keys = {k: v for k, v in self._former_keys.items() if v != issue.id}

    def move_issue(self, issue: Issue, project_key: str) -> list[Change]:
        """Give it a key of another project; its id stays, and the old key still leads to it."""
        before, project = issue.key, self.add_project(project_key)
        old = issue.project
        self._former_keys[before] = issue.id
        issue.project, issue.key, issue.fix_versions = project, _next_key(project), []
        issue.updated = self._now()
        return [
            _change("project", old.id, old.name, project.id, project.name),
            _change("Key", None, before, None, issue.key),
        ]

    def set_status(self, issue: Issue, status: str, resolution: str | None) -> list[Change]:
        """Transition; no resolution clears it. Raises `Refused` for words that Jira lacks."""
        if status not in STATUSES or (resolution is not None and resolution not in RESOLUTIONS):
            raise Refused(f"no such status or resolution: {status!r}, {resolution!r}")
        changes = []
        if issue.resolution != resolution:
            before, after = issue.resolution, resolution
            changes.append(_change("resolution", _id_of(before), before, _id_of(after), after))
        if issue.status != status:
            ids = STATUSES[issue.status][0], STATUSES[status][0]
            changes.append(_change("status", ids[0], issue.status, ids[1], status))
        issue.status, issue.resolution, issue.updated = status, resolution, self._now()
        return changes

    def set_fix_versions(self, issue: Issue, version_ids: Sequence[str]) -> list[Change]:
        """Fix it in exactly these. Raises `Unknown`."""
        wanted = [self.version(version_id) for version_id in version_ids]
        gone = [v for v in issue.fix_versions if v not in wanted]
        new = [v for v in wanted if v not in issue.fix_versions]
        issue.fix_versions, issue.updated = wanted, self._now()
        field_name = "Fix Version"
        return [_change(field_name, v.id, v.name, None, None) for v in gone] + [
            _change(field_name, None, None, v.id, v.name) for v in new
        ]

    def edit_issue(
        self, issue: Issue, summary: str | None, description: str | None, labels: list[str] | None
    ) -> list[Change]:
        """Change what is given."""
        changes = []
        if summary is not None:
            changes.append(_change("summary", None, issue.summary, None, summary))
            issue.summary = summary
        if description is not None:
            changes.append(_change("description", None, None, None, description))
            issue.description = description
        if labels is not None:
            changes.append(_change("labels", None, " ".join(issue.labels), None, " ".join(labels)))
            issue.labels = labels
        issue.updated = self._now()
        return changes

    def create_version(self, project_key: str, name: str, release_date: str | None) -> Version:
        """A new, unreleased version."""
        project = self.add_project(project_key)
        version = Version(id=self.next_id(), name=name, project=project, release_date=release_date)
        self.versions[version.id] = version
        return version

    def release(self, version: Version, *, released: bool) -> None:
        """Release it today, or take that back. Jira does not count that as a change of issues."""
        version.released = released
        version.release_date = self._now().date().isoformat() if released else None

    def delete_version(self, version: Version) -> None:
        """Forget it, in issues too."""
        del self.versions[version.id]
        for issue in self.issues.values():
            issue.fix_versions = [v for v in issue.fix_versions if v is not version]


_FIELD_IDS = {"Fix Version": "fixVersions", "Key": "issuekey"}


def _next_key(project: Project) -> str:
    project.numbers += 1
    return f"{project.key}-{project.numbers}"


def _id_of(resolution: str | None) -> str | None:
    return None if resolution is None else RESOLUTIONS[resolution]


def _change(
    name: str, before: str | None, before_text: str | None, after: str | None, text: str | None
) -> Change:
    return {
        "field": name,
        "fieldtype": "jira",
        "fieldId": _FIELD_IDS.get(name, name),
        "from": before,
        "fromString": before_text,
        "to": after,
        "toString": text,
    }
