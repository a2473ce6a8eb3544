"""The commands as they are called: arguments, environment and standard input in; status out."""

import os
from collections.abc import Iterator, Mapping

import pytest
from click.testing import CliRunner

from deploy.embedded import EmbeddedKafka, EmbeddedPostgres
from sinks.kafka.admin import create_missing
from sinks.store.migrations import migrate
from sinks.store.postgres.store import PostgresStore
from streams.commands.root import run
from tests.integration.commands.calling import Call, Called
from tests.integration.commands.world import fill


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls `closeloop` with nothing configured but the keyword arguments, as environment."""
    for name in os.environ:
        if name.startswith(("CLOSELOOP_", "KAFKA_", "DATABASE_", "SENDGRID_")):
            monkeypatch.delenv(name)

    def call(*arguments: object, stdin: str | bytes = "", **environ: str) -> Called:
        with CliRunner().isolation(input=stdin, env=environ) as (out, err, _):
            status = run([str(one) for one in arguments])
        return Called(status, out.getvalue().decode(), err.getvalue().decode())

    return call


def _bound(bare: Call, environ: Mapping[str, str]) -> Call:
    return lambda *arguments, **more: bare(*arguments, **{**environ, **more})


@pytest.fixture(scope="module")
def broker(fresh_kafka: EmbeddedKafka) -> str:
    """The address of a broker with every topic and no record."""
    create_missing(fresh_kafka.bootstrap_servers)
    return fresh_kafka.bootstrap_servers


@pytest.fixture
def on_kafka(bare: Call, broker: str) -> Call:
    """Calls `closeloop` with a broker configured."""
    return _bound(bare, {"KAFKA_BOOTSTRAP_SERVERS": broker})


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A database with the schema and nothing in it."""
    migrate(postgres.create_database("commands_template"))
    return "commands_template"


@pytest.fixture
def on_store(bare: Call, database_url: str) -> Call:
    """Calls `closeloop` with an empty store configured, and no broker."""
    return _bound(bare, {"DATABASE_URL": database_url})


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    """The same store, open, to set up and to look into."""
    opened = PostgresStore(database_url)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def filled(store: PostgresStore) -> PostgresStore:
    """The store with the small world."""
    fill(store)
    return store
