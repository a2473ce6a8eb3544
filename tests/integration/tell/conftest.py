"""Telling on the store in memory, then on PostgreSQL, with a mailer that keeps what it is given."""

from collections.abc import Iterator

import pytest

from deploy.embedded import EmbeddedPostgres
from sinks.store.contract import Store
from sinks.store.fake import FakeStore
from sinks.store.migrations import migrate
from sinks.store.postgres.store import PostgresStore
from tests.integration.tell.world import World


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A database with the schema and nothing in it."""
    migrate(postgres.create_database("closeloop_template_tell"))
    return "closeloop_template_tell"


@pytest.fixture(params=["fake", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An open store with nothing in it."""
    if request.param == "fake":
        opened: Store = FakeStore()
    else:
        opened = PostgresStore(request.getfixturevalue("database_url"), timeout_s=20)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def world(store: Store) -> World:
    """Acme, which Nils owns; Rita passed on what it said; the epic has shipped."""
    made = World(store)
    made.people()
    made.account()
    made.remark(1, reporter_id="rita")
    made.ship()
    return made
