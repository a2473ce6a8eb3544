"""A real broker and a real database for whoever asks.

Each pytest worker has its own: with a start in about a second and 200 MB each that is faster and
safer than sharing, and the product's fixed topic names do not meet those of another worker.
"""

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.embedded import EmbeddedKafka, EmbeddedPostgres


@contextlib.contextmanager
def _home() -> Iterator[Path]:
    """A folder for one server, removed afterwards.

    Not under pytest's own: pytest shuts that to other accounts at each of its starts, and as root
    PostgreSQL runs as another account.
    """
    home = Path(tempfile.mkdtemp(prefix="closeloop-test-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def server_home() -> Iterator[Path]:
    """A folder for a server of this test's own."""
    with _home() as home:
        yield home


@pytest.fixture(scope="session")
def kafka() -> Iterator[EmbeddedKafka]:
    """A broker for all tests of this worker: use topics of your own (`topic_prefix`)."""
    with _home() as home, EmbeddedKafka(home) as broker:
        yield broker


@pytest.fixture(scope="module")
def fresh_kafka() -> Iterator[EmbeddedKafka]:
    """An empty broker for the tests of one module, which may use the product's topic names."""
    with _home() as home, EmbeddedKafka(home) as broker:
        yield broker


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL for all tests of this worker: ask for `database_url` to be alone in it."""
    with _home() as home, EmbeddedPostgres(home, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """The database of which each test's own is a copy: empty here.

    A conftest below may override it with one that has the migrations applied, once per worker:
    `postgres.create_database("closeloop_template")`, upgrade it, disconnect, return its name.
    """
    assert postgres.alive
    return "template1"


@pytest.fixture
def database_url(
    postgres: EmbeddedPostgres, template: str, unique_name: Callable[[str], str]
) -> Iterator[str]:
    """SQLAlchemy's URL of a database that only this test has; dropped afterwards."""
    name = unique_name("test")
    yield postgres.create_database(name, template=template)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def unique_name() -> Callable[[str], str]:
    """Names that no other call in this session gets: `unique_name("group")` -> `group_7`."""
    count = itertools.count(1)
    return lambda stem: f"{stem}_{next(count)}"


@pytest.fixture
def topic_prefix(unique_name: Callable[[str], str]) -> str:
    """What to begin a topic's name with on the shared broker; ends with a dot."""
    return f"{unique_name('test')}."
