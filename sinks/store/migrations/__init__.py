"""The store's schema, step by step, by Alembic without an ``alembic.ini``.

Alembic takes most of a second to import, and a worker that finds the schema as it should be does
not need it: it is imported by what uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Connection, NullPool, create_engine

from schemas.errors import SinkRefused

if TYPE_CHECKING:
    from alembic.config import Config

Progress: TypeAlias = Callable[[str, str], None]
"""Called after each step with its revision and its first line."""

LOCK = 0x6D696772617465
"""The advisory lock of the one who migrates ("migrate" in ASCII)."""

_ALEMBIC = Lock()
"""Alembic keeps the environment of the command that runs in globals of its own."""


def head() -> str:
    """The revision that this code was written for: that of the newest file; asks no database."""
    files = (Path(__file__).parent / "versions").glob("v*_*.py")
    return max(path.name.partition("_")[0].removeprefix("v") for path in files)


def advice(found: str | None) -> str:
    """What brings a store at that revision and this program together; empty where they are."""
    if found == head():
        return ""
    if found is not None and found > head():
        return "this program is older than the store: install the release that migrated it"
    return "run `closeloop store migrate`"


def refuse_newer(found: str | None) -> None:
    """There is no step back to what this program knows.

    Raises:
        SinkRefused: the store is of a later release.
    """
    if found is not None and found > head():
        raise SinkRefused(f"store is at {found}, not {head()}: {advice(found)}")


def current(url: str) -> str | None:
    """The revision that a database is at; None where it holds no schema of ours."""
    from alembic.runtime.migration import MigrationContext

    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(url: str, progress: Progress | None = None) -> None:
    """Bring a database to `head`; nothing happens where it is there.

    Effects: all steps in one transaction, under a lock, so that two starts at once are safe and a
    step that fails leaves the schema as it was.

    Raises:
        SinkRefused: it is of a later release.
    """
    from alembic import command

    refuse_newer(current(url))
    _run(url, lambda config: command.upgrade(config, "head"), progress)


def unmigrate(url: str, revision: str = "base") -> None:
    """Take a database back to a revision, by default to nothing. What it held there is lost."""
    from alembic import command

    _run(url, lambda config: command.downgrade(config, revision), None)


def _run(url: str, work: Callable[[Config], None], progress: Progress | None) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with _ALEMBIC, engine.begin() as connection:
        work(_config(connection, progress))


def _config(connection: Connection | None = None, progress: Progress | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, progress=progress)
    return config
