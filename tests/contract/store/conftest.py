"""The store of each test: the one in memory, then the one in PostgreSQL, both empty."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deploy.embedded import EmbeddedPostgres
from sinks.store.contract import Store
from sinks.store.fake import FakeStore
from sinks.store.migrations import migrate
from sinks.store.postgres.store import PostgresStore
from tests.contract.store.ways import Beside, Waits, Work


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A database with the schema and nothing in it."""
    migrate(postgres.create_database("closeloop_template"))
    return "closeloop_template"


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
def postgres_store(database_url: str) -> Iterator[PostgresStore]:
    """For what only a store with concurrent transactions can show."""
    opened = PostgresStore(database_url, timeout_s=20)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def beside() -> Iterator[Beside]:
    """Eight threads to meet in."""

    def run(store: Store, work: Work) -> Any:
        with store.transaction() as tx:
            return work(tx)

    with ThreadPoolExecutor(8) as pool:
        yield lambda store, work: pool.submit(run, store, work)


@pytest.fixture
def waits(beside: Beside) -> Waits:
    """A third of a second without an answer counts as waiting."""

    def check(store: Store, first: Work, second: Work) -> Any:
        with store.transaction() as tx:
            first(tx)
            other = beside(store, second)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.3)
        return other.result(timeout=10)

    return check
