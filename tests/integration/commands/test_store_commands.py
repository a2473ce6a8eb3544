"""store and account, on a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from deploy.embedded import EmbeddedPostgres
from schemas.errors import SinkRefused
from sinks.store.migrations import migrate
from tests.integration.commands.calling import Call
from tests.integration.commands.world import EARLIER


def test_an_empty_database_is_migrated_once(bare: Call, postgres: EmbeddedPostgres) -> None:
    """A dry run names the steps and runs none; the second run has nothing to do."""
    url = {"DATABASE_URL": postgres.create_database("commands_unmigrated")}
    dry = bare("store", "migrate", "--dry-run", "--json", **url).json
    assert dry["steps"][0]["revision"] == "0001"
    status = bare("store", "status", "--json", **url)
    assert (status.status, status.json["revision"]) == (1, None)
    refused = bare("triage", "list", **url)
    assert (refused.status, "closeloop store migrate" in refused.err) == (1, True)
    assert bare("store", "migrate", "--json", **url).json["steps"] == dry["steps"]
    assert bare("store", "migrate", "--json", **url).json["steps"] == []
    assert bare("store", "status", **url).status == 0


def test_a_store_of_a_later_release_says_that_the_program_is_older(
    bare: Call, postgres: EmbeddedPostgres
) -> None:
    """Whoever opens or migrates it is told the same; nothing is changed."""
    url = postgres.create_database("commands_later")
    migrate(url)
    with create_engine(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for command in (("triage", "list"), ("store", "migrate"), ("store", "status"), ("doctor",)):
        called = bare(*command, DATABASE_URL=url)
        said = called.out + called.err
        assert called.status == 1
        assert "older than the store" in said
        assert "Traceback" not in said
        assert "store migrate" not in said
    with pytest.raises(SinkRefused, match="older than the store"):
        migrate(url)


@pytest.mark.usefixtures("filled")
def test_an_account_is_shown_as_it_was(on_store: Call) -> None:
    """By id or by mail domain, with its owner of that time and its deals."""
    now = on_store("account", "show", "ACME.example", "--json").json
    assert (now["account"]["owner_id"], now["people"]["R-2"]["name"]) == ("R-2", "Lee")
    assert now["opportunities"][0]["id"] == "O-1"
    at = (EARLIER + timedelta(days=2)).isoformat()
    then = on_store("account", "show", "A-1", "--at", at)
    assert "Dana" in then.out
    assert "5,000.00" in then.out
    assert on_store("account", "show", "A-1", "--at", "2001-01-01").status == 1
