"""A tracker and the hands that work in it, for each implementation of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx
from msgspec.structs import replace
from typing_extensions import override

from schemas.events import Epic, FixVersion
from sinks.contracts import Tracker
from sinks.jira.evidence import GLOBAL_ID, PROPERTY
from sinks.jira.fake import FakeTracker


class World(Protocol):
    """What people do in the tracker, beside what we do."""

    project: str
    tracker: Tracker

    def epic(self, summary: str, *, type: str = "Epic", versions: Sequence[str] = ()) -> str:  # noqa: A002 Jira's word
        """A person makes an issue; its id."""

    def version(self, name: str) -> str:
        """A person makes a version; its id."""

    def release(self, version_id: str) -> None:
        """A person releases it."""

    def resolve(self, issue_id: str) -> None:
        """A person resolves an issue as done."""

    def move(self, issue_id: str, project: str) -> None:
        """A person moves an issue."""

    def remove(self, issue_id: str) -> None:
        """A person deletes an issue."""

    def evidence(self, issue_id: str) -> tuple[int, str] | None:
        """How many remarks readers see, and where more is."""


class FakeWorld(World):
    """The fake, worked on directly."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.fake = FakeTracker()
        self.tracker: Tracker = self.fake
        self._versions: dict[str, FixVersion] = {}
        self._now = datetime(2026, 5, 1, tzinfo=UTC)

    @override
    def epic(self, summary: str, *, type: str = "Epic", versions: Sequence[str] = ()) -> str:
        number = 10_001 + len(self.fake.sightings)
        epic = Epic(
            id=str(number),
            key=f"{self.project}-{number}",
            summary=summary,
            issue_type=type,
            status="To Do",
            status_category="new",
            fix_versions=tuple(self._versions[version] for version in versions),
        )
        self._put(epic)
        return epic.id

    @override
    def version(self, name: str) -> str:
        version = FixVersion(id=str(20_001 + len(self._versions)), name=name, released=False)
        self._versions[version.id] = version
        return version.id

    @override
    def release(self, version_id: str) -> None:
        self._versions[version_id] = replace(self._versions[version_id], released=True)
        for seen in list(self.fake.sightings.values()):
            versions = tuple(self._versions[version.id] for version in seen.epic.fix_versions)
            self.fake.put(replace(seen.epic, fix_versions=versions), seen.updated_at)

    @override
    def resolve(self, issue_id: str) -> None:
        epic = self.fake.sightings[issue_id].epic
        self._put(replace(epic, status="Done", status_category="done", resolution="Done"))

    @override
    def move(self, issue_id: str, project: str) -> None:
        self._put(replace(self.fake.sightings[issue_id].epic, key=f"{project}-1"))

    @override
    def remove(self, issue_id: str) -> None:
        self.fake.remove(issue_id)

    @override
    def evidence(self, issue_id: str) -> tuple[int, str] | None:
        shown = self.fake.evidence.get(issue_id)
        return None if shown is None else (shown.remarks, shown.url)

    def _put(self, epic: Epic) -> None:
        self._now += timedelta(seconds=1)
        self.fake.put(epic, self._now)


class JiraWorld(World):
    """The stand-in, worked on over its control surface."""

    def __init__(self, project: str, address: str, tracker: Tracker) -> None:
        self.project = project
        self.tracker = tracker
        self._http = httpx.Client(base_url=f"{address}/_demo")

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    @override
    def epic(self, summary: str, *, type: str = "Epic", versions: Sequence[str] = ()) -> str:
        body = {"project": self.project, "summary": summary, "type": type}
        made = self._do("POST", "/issues", {**body, "fix_versions": list(versions)})
        return str(made["id"])

    @override
    def version(self, name: str) -> str:
        return str(self._do("POST", "/versions", {"project": self.project, "name": name})["id"])

    @override
    def release(self, version_id: str) -> None:
        self._do("POST", f"/versions/{version_id}/release")

    @override
    def resolve(self, issue_id: str) -> None:
        self._do("POST", f"/issues/{issue_id}/transition", {})

    @override
    def move(self, issue_id: str, project: str) -> None:
        self._do("POST", f"/issues/{issue_id}/move", {"project": project})

    @override
    def remove(self, issue_id: str) -> None:
        self._http.delete(f"/issues/{issue_id}").raise_for_status()

    @override
    def evidence(self, issue_id: str) -> tuple[int, str] | None:
        """Link and property must tell the same, and be there or not be there together."""
        issues = {issue["id"]: issue for issue in self._http.get("/issues").json()}
        links, properties = issues[issue_id]["links"], issues[issue_id]["properties"]
        if not links and not properties:
            return None
        (link,) = links
        shown = properties[PROPERTY]
        assert link["globalId"] == GLOBAL_ID
        assert link["object"]["url"] == shown["url"]
        assert link["object"]["title"].startswith(f"{shown['remarks']} remark")
        return shown["remarks"], shown["url"]

    def _do(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._http.request(method, path, json=body).raise_for_status().json()
