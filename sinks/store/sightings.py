"""What a batch of sightings says last of each issue and of each version that issues name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from schemas.events import Version
from sinks.contracts import Sighting

UNKNOWN_PROJECT = "0"
"""An issue names its versions without their project, and may not name its own."""


def newest(sightings: Iterable[Sighting]) -> dict[int, Sighting]:
    """Issue id -> the sighting with the latest change, of equals the last."""
    return {int(seen.epic.id): seen for seen in _by_age(sightings)}


def newest_named(sightings: Iterable[Sighting]) -> dict[int, tuple[Version, datetime]]:
    """Version id -> its state in the issue that was changed last, and when that was."""
    found: dict[int, tuple[Version, datetime]] = {}
    for seen in _by_age(sightings):
        project = seen.epic.project_id or UNKNOWN_PROJECT
        for named in seen.epic.fix_versions:
            version = Version(project_id=project, **msgspec.structs.asdict(named))
            found[int(named.id)] = (version, seen.updated_at)
    return found


def newest_said(
    versions: Iterable[tuple[Version, datetime]],
) -> dict[int, tuple[Version, datetime]]:
    """Version id -> what was said of it last, and when that was."""
    return {int(said[0].id): said for said in sorted(versions, key=lambda said: said[1])}


def _by_age(sightings: Iterable[Sighting]) -> list[Sighting]:
    return sorted(sightings, key=lambda seen: seen.updated_at)
