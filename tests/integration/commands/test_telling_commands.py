"""ship, tell and loop, on a real database."""

from datetime import UTC, datetime
from pathlib import Path

from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Answer
from streams.verify.loops import came_back
from tests.integration.commands.calling import Call
from tests.integration.commands.world import outbox, tell

NOW = datetime(2026, 7, 28, 10, 30, tzinfo=UTC)


def test_a_preview_shows_everyone_and_writes_nothing(on_store: Call, filled: PostgresStore) -> None:
    """Told and not told, with reasons, before it ships and for one account alone."""
    shown = on_store("ship", "preview", "APP-1", "--json").json
    assert (shown["shipped"], shown["generation"]) == (False, 1)
    people = {one["person_id"]: one for one in shown["people"]}
    assert people["R-2"]["verdict"] == "tell"
    assert "Dana" in people["R-2"]["role"]
    assert on_store("ship", "preview", "APP-2").status == 0
    assert on_store("ship", "list", "--json").json == []
    with filled.transaction() as tx:
        assert tx.tells.all(10) == []
    elsewhere = on_store("ship", "preview", "APP-1", "--accounts", "A-2", "--json").json["people"]
    assert {one["verdict"] for one in elsewhere} == {"skip"}


def test_a_release_is_told_and_its_withdrawal_corrected(
    on_store: Call, filled: PostgresStore, tmp_path: Path
) -> None:
    """From a person's word to the mail, to the loop, to the correction."""
    dry = on_store("ship", "release", "APP-1", "--accounts", "A-1", "--dry-run", "--json").json
    assert (dry["done"], dry["dry_run"]) == ("released", True)
    assert on_store("ship", "list", "--json").json == []
    released = on_store("ship", "release", "APP-1", "--accounts", "A-1", CLOSELOOP_HOLD_S="0")
    assert released.status == 0
    assert on_store("ship", "release", "APP-1", "--accounts", "A-1").status == 1
    listed = on_store("ship", "list", "--json").json
    assert (listed[0]["issue_key"], listed[0]["accounts"]) == ("APP-1", ["A-1"])
    assert "feature.shipped" in outbox(filled)

    tell(filled, digest_s=3600)
    waiting = on_store("tell", "preview", "--json").json
    assert [one["message"]["email"] for one in waiting] == ["lee@us.example"]
    message = waiting[0]["message"]["id"]
    page = tmp_path / "mail.html"
    rendered = on_store("tell", "render", message, "--html", page)
    assert "sorted" in rendered.out
    assert "/r/preview" in page.read_text()

    assert len(tell(filled, digest_s=0).mails) == 0  # it waits for its digest
    with filled.transaction() as tx:
        due = tx.messages.find(message)
    assert due is not None
    assert due.state == "open"
    tells = on_store("tell", "list", "--verdict", "tell", "--json").json
    assert on_store("tell", "render", tells[0]["id"], "--json").json["message_id"] == message
    skipped = on_store("tell", "list", "--verdict", "skip", "--json").json
    assert all(one["reason"] for one in skipped)

    withdraw = ("ship", "withdraw", "APP-1", "--reason", "loses data")
    assert on_store(*withdraw, "--dry-run").status == 0
    assert on_store("ship", "list", "--json").json[0]["withdrawn_at"] is None
    assert on_store(*withdraw).status == 0
    assert on_store(*withdraw).status == 1
    kinds = {one["kind"] for one in on_store("ship", "preview", "APP-1", "--json").json["people"]}
    assert kinds == {"correction"}


def test_a_loop_is_shown_with_what_was_said(on_store: Call, filled: PostgresStore) -> None:
    """Who was told, when, and the customer's words beside it."""
    assert on_store("ship", "release", "APP-1", CLOSELOOP_HOLD_S="0").status == 0
    assert len(tell(filled, digest_s=0).mails) == 1
    assert [one["state"] for one in on_store("loop", "list", "--json").json] == ["told"]
    assert on_store("loop", "list", "--state", "solved", "--json").json == []
    shown = on_store("loop", "show", "A-1", "APP-1", "--json").json
    assert shown["told"][0]["email"] == "lee@us.example"
    assert shown["remarks"][0]["words"] == "APP-1 please, sorted."
    assert "sorted" in on_store("loop", "show", "A-1", "10001").out


def test_a_loop_that_nobody_was_reached_for_says_what_to_do(
    on_store: Call, filled: PostgresStore
) -> None:
    """The provider refused the one mail; the list and the loop say so, and why."""
    assert on_store("ship", "release", "APP-1", CLOSELOOP_HOLD_S="0").status == 0
    mailer = tell(filled, digest_s=3600)
    assert mailer.mails == []
    with filled.transaction() as tx:
        (one,) = [each for each in tx.tells.all(9) if each.verdict == "tell"]
        mail = tx.messages.find(one.message_id or "")
        assert mail is not None
        tx.messages.fail(mail.id, NOW, "550 no such user")
        came_back(tx, mail, NOW, NOW)
    (listed,) = on_store("loop", "list", "--state", "nobody_reached", "--json").json
    assert listed["reached"] is False
    assert "closeloop loop show A-1 APP-1" in on_store("loop", "list").out
    assert on_store("loop", "list", "--state", "told", "--json").json == []
    shown = on_store("loop", "show", "A-1", "APP-1").out
    assert "nobody_reached" in shown
    assert "failed: 550 no such user" in shown
    assert "correct the mail address in the CRM" in shown
    assert "550 no such user" in on_store("tell", "list").out


def test_a_loop_is_shown_with_what_the_customer_wrote(
    on_store: Call, filled: PostgresStore
) -> None:
    """So that a person sees what is missing."""
    assert on_store("ship", "release", "APP-1", CLOSELOOP_HOLD_S="0").status == 0
    tell(filled, digest_s=0)
    answer = Answer(
        token_id="t",
        account_id="A-1",
        issue_id=10001,
        said="not_solved",
        at=NOW,
        by="customer",
        words="The totals are missing.",
    )
    with filled.transaction() as tx:
        tx.loops.keep([answer])
    assert "The totals are missing." in on_store("loop", "show", "A-1", "APP-1").out
    shown = on_store("loop", "show", "A-1", "APP-1", "--json").json
    assert [one["words"] for one in shown["answers"]] == ["The totals are missing."]
