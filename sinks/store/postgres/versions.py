"""The tracker's versions: each in its newest known state, whoever said it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Connection, RowMapping, case, select
from sqlalchemy.dialects.postgresql import insert

from schemas.events import Version
from sinks.store.postgres.sql import among
from sinks.store.sightings import UNKNOWN_PROJECT
from sinks.store.tables import FixVersionTable

_SAID = ("project_id", "name", "released", "released_on", "deleted")


def put_versions(
    connection: Connection, newest: Mapping[int, tuple[Version, datetime]]
) -> set[int]:
    """Keep each unless a newer is known; the ids of those that are not as they were."""
    if not newest:
        return set()
    before = _states(connection, newest)
    statement = insert(FixVersionTable)
    new = statement.excluded
    project = case(
        (new.project_id == int(UNKNOWN_PROJECT), FixVersionTable.project_id), else_=new.project_id
    )
    upsert = statement.on_conflict_do_update(
        index_elements=[FixVersionTable.id],
        set_={name: new[name] for name in (*_SAID, "updated_at")} | {"project_id": project},
        where=FixVersionTable.updated_at <= new.updated_at,
    )
    rows = [
        {**msgspec.structs.asdict(version), "id": id_, "project_id": int(version.project_id)}
        | {"updated_at": at}
        for id_, (version, at) in sorted(newest.items())
    ]
    connection.execute(upsert, rows)
    after = _states(connection, newest)
    return {id_ for id_ in newest if after[id_] != before.get(id_)}


def versions_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Version]:
    """Versions by id; those that were deleted are left out, since nobody waits for them."""
    states = _states(connection, ids)
    return {id_: version for id_, version in states.items() if not version.deleted}


def _states(connection: Connection, ids: Collection[int]) -> dict[int, Version]:
    table = FixVersionTable
    rows = connection.execute(
        select(
            table.id,
            table.project_id,
            table.name,
            table.released,
            table.released_on,
            table.deleted,
        ).where(among(table.id, ids))
    )
    return {row["id"]: _version(row) for row in rows.mappings()}


def _version(row: RowMapping) -> Version:
    return msgspec.convert(
        {**row, "id": str(row["id"]), "project_id": str(row["project_id"])}, Version
    )
