"""Issues and versions of the tracker, each in its newest known state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from schemas.events import Version
from sinks.contracts import Sighting
from sinks.store.fake.state import Counters, State
from sinks.store.rows import EpicRow
from sinks.store.sightings import UNKNOWN_PROJECT, newest, newest_named, newest_said


class FakeEpics:
    """`sinks.store.contract.Epics`."""

    def __init__(self, state: State, counters: Counters) -> None:
        self._state = state
        self._marks = counters.mark

    def put(self, sightings: Sequence[Sighting]) -> set[int]:
        """Keep each unless a newer one is known; the ids that changed."""
        changed = {id_ for id_, seen in sorted(newest(sightings).items()) if self._keep(id_, seen)}
        for seen in sightings:
            self._keep_key(seen)
        return changed | self._put(newest_named(sightings))

    def put_versions(self, versions: Sequence[tuple[Version, datetime]]) -> set[int]:
        """Keep each unless a newer is known; the ids of the issues fixed in those that changed."""
        return self._put(newest_said(versions))

    def get(self, ids: Collection[int]) -> dict[int, EpicRow]:
        """Issues by id, with their versions."""
        return {id_: self._row(id_) for id_ in ids if id_ in self._state.epics}

    def naming(self, versions: Collection[int]) -> set[int]:
        """The ids of the issues that name one of these versions."""
        return {
            id_
            for id_, (seen, _) in self._state.epics.items()
            if any(int(version.id) in versions for version in seen.epic.fix_versions)
        }

    def ids_of_keys(self, keys: Collection[str]) -> dict[str, int]:
        """Issue key, present or former -> id."""
        return {key: id_ for key, id_ in self._state.epic_keys.items() if key in keys}

    def deleted(self, ids: Collection[int]) -> set[int]:
        """Of these issues those that the tracker deleted."""
        there = self._state.epics
        return {id_ for id_ in ids if id_ in there and there[id_][0].epic.deleted}

    def projects(self) -> set[str]:
        """The project keys of every issue known, present or former."""
        return {key.partition("-")[0] for key in self._state.epic_keys}

    def since(self, mark: int) -> tuple[list[EpicRow], int]:
        """Issues written after `mark` (0: all), and the mark to ask with next time."""
        later = sorted((its, id_) for id_, (_, its) in self._state.epics.items() if its > mark)
        return [self._row(id_) for _, id_ in later], later[-1][0] if later else mark

    def owe_evidence(self, ids: Collection[int], at: datetime) -> None:
        """The tracker is to be shown these issues' demand at `at`, unless it is owed earlier."""
        due = self._state.evidence_due
        due.update({id_: min(due.get(id_, at), at) for id_ in ids if id_ in self._state.epics})

    def evidence_due(self, now: datetime, limit: int) -> list[int]:
        """Take issues whose demand is to be shown; then nothing is owed for them."""
        waiting = sorted((at, id_) for id_, at in self._state.evidence_due.items() if at <= now)
        taken = sorted(id_ for _, id_ in waiting[:limit])
        for id_ in taken:
            del self._state.evidence_due[id_]
        return taken

    def _keep(self, id_: int, seen: Sighting) -> bool:
        """Write it unless a newer one is known; whether the content is another than before."""
        before = self._state.epics[id_][0] if id_ in self._state.epics else None
        if before is not None and (before.updated_at > seen.updated_at or before == seen):
            return False
        self._state.epics[id_] = (seen, next(self._marks))
        return before is None or before.epic != seen.epic

    def _keep_key(self, seen: Sighting) -> None:
        """A key is its present issue's, of two the one seen later; a former one stays known."""
        key = seen.epic.key
        present = [
            (its.updated_at, id_)
            for id_, (its, _) in self._state.epics.items()
            if its.epic.key == key
        ]
        if present:
            self._state.epic_keys[key] = max(present)[1]
        self._state.epic_keys.setdefault(key, int(seen.epic.id))

    def _put(self, said: Mapping[int, tuple[Version, datetime]]) -> set[int]:
        changed = {
            id_ for id_, (version, at) in said.items() if self._keep_version(id_, version, at)
        }
        return self.naming(changed)

    def _keep_version(self, id_: int, version: Version, at: datetime) -> bool:
        before, before_at = self._state.versions.get(id_, (None, at))
        if before_at > at:
            return False
        if before is not None and version.project_id == UNKNOWN_PROJECT:
            version = msgspec.structs.replace(version, project_id=before.project_id)
        self._state.versions[id_] = (version, at)
        return version != before

    def _row(self, id_: int) -> EpicRow:
        seen = self._state.epics[id_][0]
        named = [self._state.versions[int(version.id)][0] for version in seen.epic.fix_versions]
        return EpicRow(
            issue_id=id_,
            updated_at=seen.updated_at,
            epic=seen.epic,
            versions=tuple(version for version in named if not version.deleted),
        )
