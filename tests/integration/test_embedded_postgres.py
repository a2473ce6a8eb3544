"""The embedded database: durable, private, and clear about what stops it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, text

from deploy.embedded import (
    AlreadyRunning,
    EmbeddedPostgres,
    ServerFailed,
)

BUSY = b"SELECT sum(sqrt(a * b)) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"


@pytest.fixture
def home(server_home: Path) -> Path:
    """A folder with a name that is awkward: long, with a space, and not ASCII."""
    return server_home / ("a home of ümläuts " + "long" * 20)


@pytest.fixture
def database(home: Path) -> Iterator[EmbeddedPostgres]:
    """A running PostgreSQL of this test's own, as durable as a user's."""
    with EmbeddedPostgres(home) as server:
        yield server


def eventually(happens: Callable[[], bool], within_s: float) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + within_s
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_gone(pid: int) -> bool:
    """Whether a process has ended, buried or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def query(url: str, statement: str) -> Any:
    """The first value that a statement returns, through SQLAlchemy as the product does it."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_a_database_keeps_its_data_and_its_address_through_stop_and_kill(
    database: EmbeddedPostgres,
) -> None:
    """What was committed is there after an orderly stop and after SIGKILL."""
    url = database.create_database("kept")
    query(url, "CREATE TABLE remark AS SELECT 1 AS n")
    database.stop()
    database.start()
    query(url, "UPDATE remark SET n = n + 1")
    pid = database.pid
    database.kill()
    assert is_gone(pid)
    database.start()
    assert database.url_of("kept") == url
    assert query(url, "SELECT n FROM remark") == 2


def test_a_kill_takes_a_busy_session_with_it(database: EmbeddedPostgres) -> None:
    """A backend deep in a query would outlive its postmaster and hold the home."""
    session = psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True)
    backend = session.info.backend_pid
    session.pgconn.send_query(BUSY)
    assert eventually(lambda: psutil.Process(backend).cpu_times().user > 0.2, within_s=15)
    database.kill()
    session.close()
    assert is_gone(backend)
    database.start()
    assert query(database.url, "SELECT 1") == 1


def test_a_stop_ends_open_sessions(database: EmbeddedPostgres, home: Path) -> None:
    """A forgotten connection must not keep the server up."""
    with psycopg.connect(database.url.replace("+psycopg", "")):
        pid = database.pid
        database.stop()
        assert is_gone(pid)
    assert "received fast shutdown request" in (home / "postgres.log").read_text()


def test_durability_is_given_up_only_on_request(
    database: EmbeddedPostgres, postgres: EmbeddedPostgres
) -> None:
    """A user's data are safe by default; the tests' need not be."""
    assert query(database.url, "SHOW fsync") == "on"
    assert query(postgres.url, "SHOW fsync") == "off"


def test_databases_come_from_a_template_and_go(postgres: EmbeddedPostgres) -> None:
    """Migrations are applied once, to a template; each test has a copy."""
    query(postgres.create_database("stencil"), "CREATE TABLE remark AS SELECT 7 AS n")
    copy = postgres.create_database("copy", template="stencil")
    assert query(copy, "SELECT n FROM remark") == 7
    with psycopg.connect(copy.replace("+psycopg", "")):  # somebody is still connected
        postgres.drop_database("copy")
    postgres.drop_database("copy")  # again: an absent one is no fault
    postgres.drop_database("stencil")


def test_each_test_has_a_database_of_its_own(database_url: str, postgres: EmbeddedPostgres) -> None:
    """The fixture's database is empty, and is not the server's own."""
    assert query(database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    assert database_url != postgres.url


def test_a_database_that_cannot_start_fails_with_its_own_words(
    database: EmbeddedPostgres, home: Path
) -> None:
    """The reason stands in the server's log; it is quoted."""
    database.stop()
    with (home / "postgres-data/postgresql.conf").open("a") as config:
        config.write("no_such_setting = 1\n")
    with pytest.raises(ServerFailed, match=r"(?s)postgres died.*no_such_setting"):
        database.start()


def test_a_stale_pid_file_does_not_stop_the_next_start(
    database: EmbeddedPostgres, home: Path, postgres: EmbeddedPostgres
) -> None:
    """The pid in it now belongs to a process that is alive: a PostgreSQL, but not on this home."""
    database.kill()
    file = home / "postgres-data/postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(postgres.pid), *lines[1:]]) + "\n")
    (home / "postgres.json").write_text(
        json.dumps({"owner_pid": os.getpid(), "owner_started_s": 1.0, "server_pid": os.getpid()})
    )
    database.start()
    assert query(database.url, "SELECT 1") == 1


def test_a_postgres_started_by_hand_on_the_home_is_not_disturbed(
    database: EmbeddedPostgres, home: Path
) -> None:
    """It does not know our lock, but its own pid file is true."""
    server = psutil.Process(database.pid)
    command, user, group = server.cmdline(), server.uids().real, server.gids().real
    database.stop()
    command[command.index("-k") + 1] = "/tmp"  # noqa: S108 - trusted for the moment of this test
    command[command.index("-p") + 1] = str(os.getpid())
    who: dict[str, Any] = {"user": user, "group": group} if os.geteuid() == 0 else {}
    with subprocess.Popen(command, **who) as by_hand:  # noqa: S603 - our own child
        try:
            assert eventually((home / "postgres-data/postmaster.pid").exists, within_s=15)
            with pytest.raises(AlreadyRunning, match=str(by_hand.pid)):
                database.start()
            assert by_hand.poll() is None
        finally:
            by_hand.send_signal(signal.SIGQUIT)
