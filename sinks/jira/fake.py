"""A tracker in memory: what Jira would show, and what it was told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from schemas.errors import CloseloopError, SinkRefused
from schemas.events import Epic
from sinks.contracts import Evidence, Finding, Sighting
from sinks.jira.adf import text_of


class FakeTracker:
    """Passes the same suite as the real one (``tests/contract/test_tracker_contract.py``).

    Attributes:
        sightings: issue id -> the issue; set it up with `put`.
        evidence: issue id -> what its readers see now.
        former_keys: a key that an issue had before -> its id.
        tokens: token of `create_epic` -> the id that it made.
        clock: what a new epic is dated with.
    """

    def __init__(self, *sightings: Sighting, epic_type: str = "Epic") -> None:
        self.sightings: dict[str, Sighting] = {seen.epic.id: seen for seen in sightings}
        self.evidence: dict[str, Evidence] = {}
        self.former_keys: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.clock = datetime(2026, 1, 1, tzinfo=UTC)
        self.is_open = False
        self._epic_type = epic_type
        self._failures: list[CloseloopError] = []

    def put(self, epic: Epic, updated_at: datetime) -> None:
        """Show this issue from now on; a changed key is remembered as a former one."""
        before = self.sightings.get(epic.id)
        if before is not None and before.epic.key != epic.key:
            self.former_keys[before.epic.key] = epic.id
        self.sightings[epic.id] = Sighting(epic=epic, updated_at=updated_at)

    def remove(self, issue_id: str) -> None:
        """Delete this issue."""
        del self.sightings[issue_id]

    def fail_next(self, *errors: CloseloopError) -> None:
        """The next calls raise these, one each, and do nothing."""
        self._failures.extend(errors)

    def open(self) -> None:
        """Connect to nothing."""
        self._fail()
        self.is_open = True

    def close(self) -> None:
        """Nothing to let go of."""
        self.is_open = False

    def epics(self, projects: Sequence[str]) -> Iterator[Sighting]:
        """Every epic of these projects; all where empty."""
        self._fail()
        for seen in list(self.sightings.values()):
            if not projects or _project(seen.epic.key) in projects:
                yield from self._only_epics(seen)

    def issue(self, key_or_id: str) -> Sighting | None:
        """One issue, by its key in any case, a former key, or its id."""
        self._fail()
        if key_or_id in self.sightings:
            return self.sightings[key_or_id]
        key = key_or_id.upper()
        by_key = {seen.epic.key: seen for seen in self.sightings.values()}
        return by_key.get(key) or self.sightings.get(self.former_keys.get(key, ""))

    def fixed_in(self, version_id: str) -> Iterator[Sighting]:
        """Every epic that names this version as a fix version."""
        self._fail()
        for seen in list(self.sightings.values()):
            if any(version.id == version_id for version in seen.epic.fix_versions):
                yield from self._only_epics(seen)

    def show_evidence(self, issue_id: str, evidence: Evidence) -> None:
        """Keep it in `evidence`; `SinkRefused` where there is no such issue."""
        self._fail()
        if issue_id not in self.sightings:
            raise SinkRefused(f"issue {issue_id}: 404 does not exist", 404)
        self.evidence[issue_id] = evidence

    def hide_evidence(self, issue_id: str) -> None:
        """Drop it from `evidence`."""
        self._fail()
        self.evidence.pop(issue_id, None)

    def create_epic(self, project: str, summary: str, description: str, token: str) -> Sighting:
        """A new epic in `sightings`, or the one that `token` made before."""
        self._fail()
        if token not in self.tokens:
            number = 1 + max((int(issue_id) for issue_id in self.sightings), default=10_000)
            key = f"{project}-{number}"
            epic = Epic(
                id=str(number),
                key=key,
                summary=" ".join(summary.split()),
                description=text_of(description),
            )
            epic = replace(epic, status="To Do", status_category="new", issue_type=self._epic_type)
            self.put(epic, self.clock)
            self.tokens[token] = epic.id
        return self.sightings[self.tokens[token]]

    def examine(self) -> list[Finding]:
        """All is well with a fake."""
        self._fail()
        return [Finding(what="tracker in memory", ok=True)]

    def _only_epics(self, seen: Sighting) -> Iterator[Sighting]:
        if seen.epic.issue_type == self._epic_type:
            yield seen

    def _fail(self) -> None:
        if self._failures:
            raise self._failures.pop(0)


def _project(key: str) -> str:
    return key.rpartition("-")[0]
