"""What is asked every few seconds or every batch walks an index, and never the whole table."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from deploy.embedded import EmbeddedPostgres
from sinks.store.contract import Transaction
from sinks.store.migrations import migrate
from sinks.store.postgres.store import PostgresStore


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A database with the schema and nothing in it."""
    migrate(postgres.create_database("plans_template"))
    return "plans_template"


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    """An open store."""
    opened = PostgresStore(database_url)
    opened.open()
    yield opened
    opened.close()


def plans(store: PostgresStore, question: Callable[[Transaction], Any]) -> str:
    """How PostgreSQL answers, where it has to do without reading whole tables if it can."""
    asked: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, said: Any, *_: Any) -> None:
        asked.append((statement, said))

    with store.transaction() as tx:
        connection = tx.remarks._connection  # type: ignore[attr-defined]
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        event.listen(connection, "before_cursor_execute", keep)
        question(tx)
        event.remove(connection, "before_cursor_execute", keep)
        lines = [
            str(row[0])
            for statement, said in asked
            for row in connection.exec_driver_sql(f"EXPLAIN {statement}", said)
        ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (lambda tx: tx.remarks.homeless(200), "ix_remark_homeless"),
        (lambda tx: tx.remarks.homeless(200), "ix_remark_stated_account"),
        (lambda tx: tx.remarks.claim_for_accounts({}, {"A0": "A"}), "ix_remark_stated_account"),
        (lambda tx: tx.links.unknown_keys(200), "ix_link_orphan"),
        (lambda tx: tx.epics.projects(), "ix_epic_key_project"),
        (lambda tx: tx.links.demand(10), "ix_link_issue_id"),
        (lambda tx: tx.links.held(0), "pk_link"),
        (lambda tx: tx.links.standing(10, [1, 2]), "pk_link"),
        (lambda tx: tx.links.last_by("kim"), "ix_decision_person_by"),
        (lambda tx: tx.links.ruled(1), "ix_decision_person_remark"),
        (lambda tx: tx.remarks.waiting(20), "ix_remark_undecided"),
        (lambda tx: tx.remarks.hold({"form:1"}), "uq_remark_key"),
        (lambda tx: tx.learned.audits_waiting(1_000), "ix_guess_audit"),
        (lambda tx: tx.themes.loose(7, 500), "ix_remark_undecided"),
        (lambda tx: tx.themes.growing(500), "ix_theme_joined_at"),
        (lambda tx: tx.themes.waiting(1, 500), "ix_theme_member_theme_id"),
    ],
)
def test_it_walks_the_index(
    store: PostgresStore, question: Callable[[Transaction], Any], index: str
) -> None:
    """By its name in the plan."""
    found = plans(store, question)
    assert index in found
    assert "Seq Scan" not in found
