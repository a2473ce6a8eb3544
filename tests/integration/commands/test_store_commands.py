"""store, account, link, triage, ship, tell and loop, on a real database."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.embedded import EmbeddedPostgres
from sinks.http.standin.serve import serving
from sinks.jira.standin import jira_app
from sinks.store.learned import Lesson
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Answer
from streams.link.theming import Themes
from streams.verify.loops import came_back
from tests.integration.commands.calling import NOWHERE, Call
from tests.integration.commands.world import EARLIER, fill, guess, hear, tell

NOW = datetime(2026, 7, 28, 10, 30, tzinfo=UTC)
AWAY = f"postgresql+psycopg://nobody@{NOWHERE}/none"


@pytest.fixture
def filled(store: PostgresStore) -> PostgresStore:
    """The store with the small world."""
    fill(store)
    return store


def _outbox(store: PostgresStore) -> list[str]:
    with store.transaction() as tx:
        return [row.topic for row in tx.outbox.take(100)]


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


READING = [
    ("store", "status"),
    ("store", "migrate"),
    ("account", "show", "A-1"),
    ("link", "try", "x"),
    ("link", "rebuild"),
    ("link", "status"),
    ("link", "adapt"),
    ("triage", "list"),
    ("triage", "themes"),
    ("ship", "list"),
    ("tell", "list"),
    ("loop", "list"),
]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_store_out_of_reach_is_exit_status_3(bare: Call, arguments: tuple[str, ...]) -> None:
    """None configured, or one that is no PostgreSQL, is a wrong setting, which is 2."""
    assert bare(*arguments, DATABASE_URL=AWAY).status == 3
    assert bare(*arguments).status == 2
    wrong = bare(*arguments, DATABASE_URL="mysql://user:hush@host/db")
    assert (wrong.status, "hush" in wrong.err) == (2, False)


MISSING = [
    ("account", "show", "nobody.example"),
    ("triage", "accept", "upstream:99", "APP-1"),
    ("triage", "accept", "upstream:2", "APP-99"),
    ("triage", "reject", "upstream:3"),
    ("triage", "reject", "upstream:1", "APP-2"),
    ("triage", "undo", "upstream:1"),
    ("triage", "undo", "--last"),
    ("triage", "dismiss", "upstream:1"),
    ("triage", "dismiss", "upstream:99"),
    ("ship", "preview", "APP-99"),
    ("ship", "release", "APP-1", "--accounts", "A-1,A-9"),
    ("ship", "withdraw", "APP-1", "--reason", "x"),
    ("tell", "render", "none"),
    ("loop", "show", "A-1", "APP-1"),
    ("link", "evaluate", "no-such-folder"),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("arguments", MISSING, ids=" ".join)
def test_what_is_not_there_or_refused_is_exit_status_1(
    on_store: Call, arguments: tuple[str, ...]
) -> None:
    """One line says what is missing; nothing is printed as a result."""
    called = on_store(*arguments)
    assert (called.status, called.out) == (1, "")
    assert called.err.startswith("closeloop: ")


WRONG = [
    ("account", "show"),
    ("account", "show", "A-1", "--at", "soon"),
    ("triage", "accept", "upstream:2"),
    ("triage", "accept", "APP-1"),
    ("triage", "accept", "APP-1", "APP-2", "--alike"),
    ("triage", "new-epic", "--project", "APP", "--summary", "x"),
    ("triage", "dismiss", "upstream:2", "APP-1"),
    ("triage", "undo"),
    ("triage", "undo", "upstream:2", "--last"),
    ("ship", "release", "APP-1", "--docs-url", "ftp://x"),
    ("ship", "release", "APP-1", "--accounts", ","),
    ("ship", "withdraw", "APP-1"),
    ("loop", "list", "--state", "nonsense"),
    ("tell", "list", "--limit", "0"),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_use_is_exit_status_2(on_store: Call, arguments: tuple[str, ...]) -> None:
    """And it is told how the command is used."""
    called = on_store(*arguments)
    assert (called.status, called.out) == (2, "")
    assert "Error" in called.err


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


@pytest.mark.usefixtures("filled")
def test_a_text_is_tried_against_the_rules(on_store: Call) -> None:
    """A key links; what is alike is shown with its score and why; an unknown key is left alone."""
    keyed = on_store("link", "try", "as in APP-1 and XYZ-9", "--json").json
    assert (keyed["outcome"], keyed["claims"][0]["issue_key"]) == ("linked", "APP-1")
    assert keyed["passed_over"][0]["key"] == "XYZ-9"
    alike = on_store("link", "try", "the exported ledger is not sorted")
    assert "suggested" in alike.out
    assert "exported, ledger" in alike.out


def test_the_linker_is_measured_on_a_folder(bare: Call, tmp_path: Path) -> None:
    """The report is printed, and a folder that does not fit is refused by line."""
    epics = [{"id": str(n), "pool": "p", "title": f"{word} things"} for n, word in enumerate(_MANY)]
    queries = [{"id": str(n), "pool": "p", "text": f"please {w}"} for n, w in enumerate(_MANY)]
    gold = [{"query_id": str(n), "gold": [str(n)]} for n in range(len(_MANY))]
    for name, lines in (("candidates", epics), ("queries", queries), ("gold", gold)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert bare("link", "evaluate", tmp_path, "--json").json["queries"] == len(_MANY)
    table = bare("link", "evaluate", tmp_path).out
    assert {"r1", "auroc", "coverage"} <= {line.split(" ")[0] for line in table.splitlines()}
    (tmp_path / "gold.jsonl").write_text("{}")
    refused = bare("link", "evaluate", tmp_path)
    assert (refused.status, "gold.jsonl:1" in refused.err) == (1, True)


_MANY = [f"{a}{b}ing" for a in ("sort", "paint", "weld", "mix") for b in "bcdfghjklm"]


@pytest.mark.usefixtures("filled")
def test_what_waits_for_a_person_is_listed_safely(on_store: Call) -> None:
    """With what is suggested; a customer's escape sequences are not obeyed."""
    waiting = {one["remark"]: one for one in on_store("triage", "list", "--json").json}
    assert sorted(waiting) == ["upstream:2", "upstream:3"]
    assert waiting["upstream:2"]["links"][0]["issue_key"] == "APP-1"
    table = on_store("triage", "list").out
    assert "\\x1b[2J" in table
    assert "\x1b" not in table


def test_a_person_accepts_rejects_and_takes_it_back(on_store: Call, filled: PostgresStore) -> None:
    """Each is a decision that stays, is announced, and moves the remark's outcome."""
    before = len(_outbox(filled))
    dry = on_store("triage", "accept", "upstream:2", "APP-2", "--dry-run", "--json").json
    assert (dry["outcome"], len(_outbox(filled))) == ("linked", before)
    done = on_store("triage", "accept", "upstream:2", "app-2", "--by", "kim", "--json").json
    assert (done["outcome"], done["decided"][0]["issue_id"]) == ("linked", 10002)
    assert _outbox(filled)[before:] == ["feedback.linked"]
    assert on_store("triage", "accept", "upstream:2", "APP-2").status == 1
    with filled.transaction() as tx:
        found = tx.remarks.find("upstream:2")
        assert found is not None
        links = {link.issue_key: (link, d) for link, d in tx.links.of_remark(found[0].id)}
        assert (links["APP-2"][1].rule, links["APP-2"][1].by) == ("person", "kim")
    undone = on_store("triage", "undo", "upstream:2", "--json").json
    assert undone["outcome"] == "suggested"
    assert on_store("triage", "undo", "upstream:2").status == 1
    rejected = on_store("triage", "reject", "upstream:2", "--json").json
    assert rejected["outcome"] == "unmatched"
    assert {one["state"] for one in rejected["decided"]} == {"rejected"}


def test_several_remarks_are_decided_at_once(on_store: Call, filled: PostgresStore) -> None:
    """In one go, and taken back in one go; a remark has a colon, an issue has none."""
    both = ("upstream:2", "upstream:3")
    done = on_store("triage", "accept", *both, "app-2", "--json").json
    assert [one["outcome"] for one in done["remarks"]] == ["linked", "linked"]
    before = len(_outbox(filled))
    assert on_store("triage", "undo", "--last", "--dry-run").status == 0
    assert len(_outbox(filled)) == before
    undone = on_store("triage", "undo", "--last", "--json").json
    assert sorted(one["remark"] for one in undone["remarks"]) == list(both)
    assert {one["outcome"] for one in undone["remarks"]} == {"suggested"}
    assert on_store("triage", "undo", "--last").status == 1


def test_a_dismissed_remark_is_listed_no_more_until_its_source_changes_it(
    on_store: Call, filled: PostgresStore
) -> None:
    """Undone, it comes back as well."""
    assert on_store("triage", "dismiss", "upstream:2", "upstream:3").status == 0
    assert on_store("triage", "list", "--json").json == []
    assert on_store("triage", "undo", "upstream:3", "--json").json["outcome"] == "unmatched"
    assert [one["remark"] for one in on_store("triage", "list", "--json").json] == ["upstream:3"]
    hear(filled, "2", "Sort it by date, that is all we ask.")
    listed = {one["remark"] for one in on_store("triage", "list", "--json").json}
    assert listed == {"upstream:2", "upstream:3"}


def test_all_that_is_alike_is_accepted_at_once(on_store: Call, filled: PostgresStore) -> None:
    """What waits and has this issue as its best guess; shown first by a dry run."""
    for record in ("2", "3"):
        guess(filled, record, 10001)
    dry = on_store("triage", "accept", "APP-1", "--alike", "--dry-run", "--json").json
    assert sorted(one["remark"] for one in dry["remarks"]) == ["upstream:2", "upstream:3"]
    listed = on_store("triage", "list", "--json").json
    assert {one["alike"] for one in listed} == {2}
    assert on_store("triage", "accept", "upstream:2", "APP-1", "--alike").status == 0
    with filled.transaction() as tx:
        lessons, _ = tx.learned.lessons(0)
        named = tx.remarks.find("upstream:2")
    assert named is not None
    assert [one.remark_id for one in lessons] == [named[0].id]
    assert on_store("link", "rebuild", "--check").status == 0
    assert on_store("triage", "list", "--json").json == []
    assert on_store("triage", "accept", "APP-1", "--alike").status == 1


def test_a_theme_becomes_an_epic(on_store: Call, filled: PostgresStore) -> None:
    """Listed by its words; made once in Jira, without any of them; its remarks are linked."""
    for number, words in enumerate(_ALIKE):
        hear(filled, f"t{number}", words)
    with filled.transaction() as tx:
        names = {f"upstream:t{number}" for number in range(len(_ALIKE))}
        ids = [remark.id for remark, _ in tx.remarks.hold(names).values()]
        tx.remarks.set_outcome(dict.fromkeys(ids, "unmatched"))
        tx.learned.guess(ids, [])
    assert Themes(filled).sort_new(EARLIER) > 0
    (theme,) = on_store("triage", "themes", "--json").json
    assert (theme["remarks"], "holidays" in theme["name"]) == (3, True)
    assert "holidays" in on_store("triage", "themes").out
    with serving(jira_app(projects=["APP"])) as url:
        jira = {
            "CLOSELOOP_JIRA_URL": url,
            "CLOSELOOP_JIRA_EMAIL": "a@b",
            "CLOSELOOP_JIRA_TOKEN": "t",
        }
        said = ("--theme", theme["id"], "--project", "APP", "--summary", "Bank days")
        dry = on_store("triage", "new-epic", *said, "--dry-run", "--json", **jira).json
        assert dry["description"].startswith("3 remarks from 0 accounts")
        made = on_store("triage", "new-epic", *said, "--json", **jira).json
        assert {one["outcome"] for one in made["remarks"]} == {"linked"}
        assert on_store("triage", "new-epic", *said, **jira).status == 1
    assert on_store("triage", "themes", "--json").json == []
    issue = made["remarks"][0]["decided"][0]["issue_id"]
    with filled.transaction() as tx:
        assert "holidays" not in tx.epics.get({issue})[issue].epic.description


_ALIKE = (
    "The calendar ignores public holidays in Norway",
    "Public holidays in Norway are missing in the calendar",
    "Your calendar does not know the public holidays of Norway",
)


def test_a_late_accept_wakes_the_ship(on_store: Call, filled: PostgresStore) -> None:
    """A remark that is linked after the ship is told as already available."""
    assert on_store("ship", "release", "APP-1", CLOSELOOP_HOLD_S="0").status == 0
    tell(filled, digest_s=0)
    assert on_store("triage", "accept", "upstream:2", "APP-1").status == 0
    mails = tell(filled, digest_s=0).mails
    assert [mail.to_email for mail in mails] == ["lee@us.example"]


def test_a_new_epic_is_made_once(on_store: Call, filled: PostgresStore) -> None:
    """In Jira, without the customer's words; the remark is linked to it."""
    with serving(jira_app(projects=["APP"])) as url:
        jira = {
            "CLOSELOOP_JIRA_URL": url,
            "CLOSELOOP_JIRA_EMAIL": "a@b",
            "CLOSELOOP_JIRA_TOKEN": "t",
        }
        arguments = ("triage", "new-epic", "upstream:3", "--project", "APP", "--summary", "Quxes")
        dry = on_store(*arguments, "--dry-run", "--json", **jira)
        assert dry.json["outcome"] == "linked"
        assert on_store("import", "jira", "--dry-run", "--json", **jira).json["keys"] == []
        made = on_store(*arguments, "--json", **jira).json
        assert made["outcome"] == "linked"
        assert on_store(*arguments, **jira).status == 1
        listed = on_store("import", "jira", "--dry-run", "--json", **jira).json
        assert listed["keys"] == [made["decided"][0]["issue_key"]]
    with filled.transaction() as tx:
        row = tx.epics.get({made["decided"][0]["issue_id"]})[made["decided"][0]["issue_id"]]
    assert (row.epic.summary, "Qwxz" in row.epic.description) == ("Quxes", False)
    assert on_store(*arguments).status == 1


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
    assert "feature.shipped" in _outbox(filled)

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


def test_what_was_learned_is_compared_and_rebuilt(on_store: Call, filled: PostgresStore) -> None:
    """A lesson that slipped in: 1 at the check, named; a dry run leaves it, a rebuild does not."""
    assert on_store("triage", "accept", "upstream:2", "APP-2").status == 0
    right = on_store("link", "rebuild", "--check", "--json")
    assert (right.status, right.json["is_right"], right.json["lessons"]["derived"]) == (0, True, 1)
    assert right.json["tiers"][0]["same_sums"]
    with filled.transaction() as tx:
        tx.learned.teach([Lesson(remark_id=1, issue_id=10001, text="slipped in")])
    wrong = on_store("link", "rebuild", "--check")
    assert (wrong.status, "left over" in wrong.out, "10001" in wrong.out) == (1, True, True)
    assert not on_store("link", "rebuild", "--dry-run", "--json").json["written"]
    assert on_store("link", "rebuild", "--check").status == 1
    assert on_store("link", "rebuild").status == 0
    assert on_store("link", "rebuild", "--check").status == 0
