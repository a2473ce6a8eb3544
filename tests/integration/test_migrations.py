"""The migrations make exactly the tables that the code is written for, and take them away again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, inspect, text

from sinks.store.migrations import LOCK, _config, current, head, migrate, unmigrate
from sinks.store.tables import Base
from streams.link.copies import UNKNOWN
from streams.link.shown import shown

_DETAILS = text("""
    SELECT table_name, column_name, is_nullable, udt_name, is_identity, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
    AND table_name <> 'alembic_version' ORDER BY 1, 2
""")
_INDEXES = text("""
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    AND tablename <> 'alembic_version' ORDER BY 1
""")


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection for one look."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        yield connection


def shape(url: str) -> list[tuple[object, ...]]:
    """Every column, index and sequence, as PostgreSQL describes them."""
    with connected(url) as connection:
        columns = [tuple(row) for row in connection.execute(_DETAILS)]
        indexes = [tuple(row) for row in connection.execute(_INDEXES)]
        sequences = [(name,) for name in sorted(inspect(connection).get_sequence_names())]
    return [*columns, *indexes, *sequences]


def test_an_empty_database_becomes_what_the_tables_say(database_url: str) -> None:
    """Alembic itself finds no difference; it looks neither at sequences nor inside indexes."""
    assert current(database_url) is None
    migrate(database_url)
    assert current(database_url) == head()
    with connected(database_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_it_is_what_the_tables_would_make_themselves(database_url: str) -> None:
    """Column by column, index by index, sequence by sequence."""
    migrate(database_url)
    migrated = shape(database_url)
    unmigrate(database_url)
    with connected(database_url) as connection:
        Base.metadata.create_all(connection)
    assert shape(database_url) == migrated
    assert len(migrated) > len(Base.metadata.tables)


def test_the_newest_file_is_the_head_of_one_chain() -> None:
    """As Alembic follows it; the code that starts looks at the names of the files alone."""
    scripts = ScriptDirectory.from_config(_config())
    assert scripts.get_heads() == [head()]
    for script in scripts.walk_revisions():
        assert Path(script.path).name.startswith(f"v{script.revision}_")


def test_going_back_to_nothing_leaves_nothing(database_url: str) -> None:
    """And the way forward is open again."""
    migrate(database_url)
    unmigrate(database_url)
    assert current(database_url) is None
    assert shape(database_url) == []
    migrate(database_url)
    assert current(database_url) == head()


def test_each_step_is_told_with_what_it_brings(database_url: str) -> None:
    """For a progress bar; a database that is there has no steps to tell of."""
    steps: list[tuple[str, str]] = []
    migrate(database_url, lambda revision, what: steps.append((revision, what)))
    assert [revision for revision, _ in steps] == [f"{n:04}" for n in range(1, 12)]
    assert all(what.endswith(".") for _, what in steps)
    steps.clear()
    migrate(database_url, lambda revision, what: steps.append((revision, what)))
    assert steps == []


def test_what_was_decided_before_counts_as_looked_at(database_url: str) -> None:
    """So that what it taught still follows from it."""
    migrate(database_url)
    unmigrate(database_url, "0008")
    with connected(database_url) as connection:
        connection.execute(
            text(
                "INSERT INTO decision VALUES (1, 1, 'APP-1', 1, 'link', 'person', 1, '1', 'pm',"
                " now(), NULL)"
            )
        )
    migrate(database_url)
    with connected(database_url) as connection:
        assert connection.execute(text("SELECT unseen FROM decision")).scalars().all() == [False]


def test_what_was_claimed_before_a_person_decided_is_looked_up(database_url: str) -> None:
    """Of each of their decisions the last claim before it; what was taken back is none."""
    migrate(database_url)
    unmigrate(database_url, "0010")
    given = [
        (1, "APP-1", "suggest", "likeness", 0.25),
        (2, "APP-1", "suggest", "likeness", 0.5),
        (3, "APP-1", "link", "person", 1),
        (4, "APP-1", "suggest", "key", 1),
        (5, "APP-2", "link", "person", 1),
        (6, "APP-3", "suggest", "likeness", 0.5),
        (7, "APP-3", "reject", "revision", 1),
        (8, "APP-3", "link", "person", 1),
    ]
    with connected(database_url) as connection:
        for row in given:
            connection.execute(
                text(
                    "INSERT INTO decision VALUES (:id, 1, :key, 1, :verdict, :rule, :score, '1',"
                    " 'pm', now(), NULL)"
                ),
                dict(zip(("id", "key", "verdict", "rule", "score"), row, strict=True)),
            )
    migrate(database_url)
    with connected(database_url) as connection:
        found = connection.execute(
            text("SELECT id, claimed_by, claimed_score FROM decision ORDER BY id")
        ).all()
    claimed = {id_: (by, score) for id_, by, score in found if by is not None}
    assert claimed == {3: ("likeness", 0.5)}


def test_what_was_drawn_before_stays_an_audit(database_url: str) -> None:
    """As far as its guesses are there: of others nobody knows."""
    migrate(database_url)
    unmigrate(database_url, "0009")
    with connected(database_url) as connection:
        connection.execute(
            text(
                "INSERT INTO guess SELECT remark, passage, 1, '{}', 0.5, 'fast', 'b', 5, audit,"
                " false, now(), NULL, NULL"
                " FROM (VALUES (1, 0, true), (1, 1, true), (2, 0, false))"
                " AS given (remark, passage, audit)"
            )
        )
    migrate(database_url)
    with connected(database_url) as connection:
        assert connection.execute(text("SELECT remark_id FROM audit")).scalars().all() == [1]


def test_who_belongs_to_no_account_was_one_sender_before(database_url: str) -> None:
    """And what was certified by that is to be certified anew, the last of each tier."""
    migrate(database_url)
    unmigrate(database_url, "0009")
    with connected(database_url) as connection:
        connection.execute(
            text(
                "INSERT INTO remark"
                " (key, id, origin, record, version_at, said_at, outcome, withdrawn, account_id)"
                " SELECT decode(md5(id::text), 'hex'), id, 'form', id, now(), now(), 'linked',"
                " false, account FROM (VALUES (1, 'A'), (2, NULL), (3, NULL)) AS it (id, account)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO guess SELECT remark, 0, 1, '{}', 0.5, 'fast', 'b', 5, true, false,"
                " now(), 1, mark FROM (VALUES (1, 7), (2, 8), (3, NULL)) AS given (remark, mark)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO certificate (tier, basis, at, labels, audits, calibration, passed,"
                " wrong, p, delta, why, epics) SELECT tier, 'b', now(), 1, 1, '{}', 1, 0, 0.9, 0.1,"
                " '', 5 FROM unnest(ARRAY['fast', 'fast', 'quality']) AS tier"
            )
        )
    migrate(database_url)
    with connected(database_url) as connection:
        senders = connection.execute(text("SELECT sender FROM guess ORDER BY remark_id"))
        among = connection.execute(text("SELECT epics FROM certificate ORDER BY id"))
        assert senders.scalars().all() == [7, UNKNOWN, UNKNOWN]
        assert among.scalars().all() == [5, None, None]


def test_what_was_learned_before_is_cut_to_what_is_shown(database_url: str) -> None:
    """As it would follow from the decisions now; whoever has read it reads it again.

    All of it: before these are more than are looked at at once.
    """
    texts = ["short", "long " * 400, "\n".join("line" for _ in range(30)), "x\u2028" * 30, ""]
    migrate(database_url)
    unmigrate(database_url, "0009")
    with connected(database_url) as connection:
        connection.execute(
            text("INSERT INTO lesson SELECT n, 1, 'x', true, 0 FROM generate_series(1, 5001) n")
        )
        connection.execute(
            text("INSERT INTO lesson VALUES (:id, 1, :text, true, nextval('lesson_mark'))"),
            [{"id": id_, "text": one} for id_, one in enumerate(texts, 9001)],
        )
    migrate(database_url)
    with connected(database_url) as connection:
        found = text("SELECT text, mark FROM lesson WHERE remark_id > 9000 ORDER BY remark_id")
        lessons = connection.execute(found).all()
    assert [one.text for one in lessons] == [shown(one) for one in texts]
    assert [one.mark > len(texts) for one in lessons] == [shown(one) != one for one in texts]


def test_whoever_starts_second_waits_for_the_first(database_url: str) -> None:
    """Another process holds the lock here; then two threads meet in this one."""
    with ThreadPoolExecutor(2) as pool:
        with connected(database_url) as first:
            first.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            starts = [pool.submit(migrate, database_url) for _ in range(2)]
            with pytest.raises(TimeoutError):
                starts[0].result(timeout=1)
            assert current(database_url) is None
        assert [start.result(timeout=30) for start in starts] == [None, None]
    assert current(database_url) == head()


def test_a_step_that_fails_leaves_the_schema_as_it_was(database_url: str) -> None:
    """Here a table of the second step is there already."""
    with connected(database_url) as connection:
        connection.execute(text("CREATE TABLE outbox ()"))
    with pytest.raises(Exception, match="outbox"):
        migrate(database_url)
    assert current(database_url) is None
    with connected(database_url) as connection:
        assert inspect(connection).get_table_names() == ["outbox"]
