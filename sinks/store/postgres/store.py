"""Connections and transactions; every fault of the driver is named here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors as pg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from schemas.errors import SinkRefused, SinkUnreachable
from sinks.store.contract import (
    Crm,
    Epics,
    Learned,
    Links,
    Loops,
    Messages,
    Offsets,
    Outbox,
    Remarks,
    Ships,
    Tells,
    Themes,
    Transaction,
)
from sinks.store.migrations import advice, head
from sinks.store.postgres.crm import PostgresCrm
from sinks.store.postgres.epics import PostgresEpics
from sinks.store.postgres.learned import PostgresLearned
from sinks.store.postgres.links import PostgresLinks
from sinks.store.postgres.loops import PostgresLoops
from sinks.store.postgres.messages import PostgresMessages
from sinks.store.postgres.offsets import PostgresOffsets
from sinks.store.postgres.outbox import PostgresOutbox
from sinks.store.postgres.remarks import PostgresRemarks
from sinks.store.postgres.ships import PostgresShips
from sinks.store.postgres.tells import PostgresTells
from sinks.store.postgres.themes import PostgresThemes

IDLE_S = 90
"""A transaction that is idle for longer is ended by the server: a frozen worker must not keep its
locks. Longer than a batch may wait for the broker."""
_PASSING = (
    pg.OperationalError,
    pg.InterfaceError,
    pg.DeadlockDetected,
    pg.SerializationFailure,
    pg.LockNotAvailable,
    pg.QueryCanceled,
    pg.IdleInTransactionSessionTimeout,
)


class PostgresTransaction:
    """One transaction's shelves, all on one connection."""

    def __init__(self, connection: Connection) -> None:
        self.offsets: Offsets = PostgresOffsets(connection)
        self.remarks: Remarks = PostgresRemarks(connection)
        self.links: Links = PostgresLinks(connection)
        self.crm: Crm = PostgresCrm(connection)
        self.epics: Epics = PostgresEpics(connection)
        self.learned: Learned = PostgresLearned(connection)
        self.ships: Ships = PostgresShips(connection)
        self.themes: Themes = PostgresThemes(connection)
        self.tells: Tells = PostgresTells(connection)
        self.messages: Messages = PostgresMessages(connection)
        self.loops: Loops = PostgresLoops(connection)
        self.outbox: Outbox = PostgresOutbox(connection)
        self._connection = connection

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is done inside is undone, alone, when the ``with`` ends by an exception."""
        with named_faults(), self._connection.begin_nested():
            yield


class PostgresStore:
    """The long memory, in one PostgreSQL database.

    Args:
        url: as SQLAlchemy writes it, ``postgresql+psycopg://user@host/name``.
        timeout_s: for a connection, for a statement, and for a lock.
    """

    def __init__(self, url: str, *, pool_size: int = 10, timeout_s: float = 30) -> None:
        self._url = url
        self._pool_size = pool_size
        self._timeout_s = timeout_s
        self._engine: Engine | None = None

    def open(self) -> None:
        """Connect, and see that the schema is the one this code was written for."""
        milliseconds = int(self._timeout_s * 1000)
        options = (
            f"-c statement_timeout={milliseconds} -c timezone=UTC "
            f"-c idle_in_transaction_session_timeout={IDLE_S}s -c tcp_keepalives_idle=10 "
            "-c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
        )
        self._engine = create_engine(
            self._url,
            pool_size=self._pool_size,
            pool_timeout=self._timeout_s,
            pool_pre_ping=True,
            hide_parameters=True,  # they are people's words
            connect_args={"connect_timeout": max(2, int(self._timeout_s)), "options": options},
        )
        with named_faults(), self._engine.connect() as connection:
            _check_revision(connection)

    def close(self) -> None:
        """Let go of every connection; safe to repeat."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction; commits when the ``with`` ends without an exception."""
        if self._engine is None:
            raise SinkUnreachable("the store is not open")
        with named_faults(), self._engine.begin() as connection:
            yield PostgresTransaction(connection)


def _check_revision(connection: Connection) -> None:
    found = None
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is not None:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if what_to_do := advice(found):
        raise SinkRefused(f"store is at {found}, not {head()}: {what_to_do}")


@contextmanager
def named_faults() -> Iterator[None]:
    """The driver's faults as ours: what passes by itself is `SinkUnreachable`."""
    try:
        yield
    except PoolTimeoutError as error:
        raise SinkUnreachable(f"store: {error}") from error
    except DBAPIError as error:
        if passes(error):
            raise SinkUnreachable(f"store: {error.orig}") from error
        raise


def passes(error: DBAPIError) -> bool:
    """Whether a fault of the driver passes by itself, so that the same work is tried again."""
    return error.connection_invalidated or isinstance(error.orig, _PASSING)
