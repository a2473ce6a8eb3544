"""What Alembic runs for each command; the connection comes from `sinks.store.migrations`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script
from sqlalchemy import Connection, text

from sinks.store.migrations import LOCK
from sinks.store.tables import Base


def _step_done(
    ctx: MigrationContext,  # noqa: ARG001 - Alembic passes all four by name
    step: MigrationInfo,
    heads: Collection[Any],  # noqa: ARG001
    run_args: Mapping[str, Any],  # noqa: ARG001
) -> None:
    progress = context.config.attributes["progress"]
    script = step.up_revision
    if progress is not None and isinstance(script, Script):
        progress(script.revision, script.doc)


def _run(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    context.configure(
        connection=connection, target_metadata=Base.metadata, on_version_apply=_step_done
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
