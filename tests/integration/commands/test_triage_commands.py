"""triage, on a real database."""

from datetime import UTC, datetime

import msgspec
import pytest

from sinks.contracts import Sighting
from sinks.http.standin.serve import serving
from sinks.jira.standin import jira_app
from sinks.store.postgres.store import PostgresStore
from streams.link.theming import Themes
from tests.integration.commands.calling import Call
from tests.integration.commands.world import EARLIER, guess, hear, outbox, tell


@pytest.mark.usefixtures("filled")
def test_what_waits_for_a_person_is_listed_safely(on_store: Call) -> None:
    """With what is suggested; a customer's escape sequences are not obeyed."""
    waiting = {one["remark"]: one for one in on_store("triage", "list", "--json").json}
    assert sorted(waiting) == ["upstream:2", "upstream:3"]
    assert waiting["upstream:2"]["links"][0]["issue_key"] == "APP-1"
    table = on_store("triage", "list").out
    assert "\\x1b[2J" in table
    assert "\x1b" not in table


def test_a_remark_is_shown_as_far_as_it_teaches(on_store: Call, filled: PostgresStore) -> None:
    """And all of it on demand, with how much that is; safely."""
    words = "\x1b[2J Sort it, please. " + "It is never sorted. " * 60 + "zanzibar"
    hear(filled, "9", words)
    short, whole = on_store("triage", "show", "upstream:9").out, "zanzibar"
    assert f"[{len(words) - 800:,} more letters, which teach nothing: --all]" in short
    assert whole not in short
    assert whole in on_store("triage", "show", "upstream:9", "--all").out
    assert "\x1b" not in short
    shown = on_store("triage", "show", "upstream:9", "--json").json
    assert (shown["shown"], shown["words"]) == (words[:800], words)
    linked = on_store("triage", "show", "upstream:1")
    assert "APP-1 please, sorted." in linked.out


def test_a_person_accepts_rejects_and_takes_it_back(on_store: Call, filled: PostgresStore) -> None:
    """Each is a decision that stays, is announced, and moves the remark's outcome."""
    before = len(outbox(filled))
    dry = on_store("triage", "accept", "upstream:2", "APP-2", "--dry-run", "--json").json
    assert (dry["outcome"], len(outbox(filled))) == ("linked", before)
    done = on_store("triage", "accept", "upstream:2", "app-2", "--by", "kim", "--json").json
    assert (done["outcome"], done["decided"][0]["issue_id"]) == ("linked", 10002)
    assert outbox(filled)[before:] == ["feedback.linked"]
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
    before = len(outbox(filled))
    assert on_store("triage", "undo", "--last", "--dry-run").status == 0
    assert len(outbox(filled)) == before
    undone = on_store("triage", "undo", "--last", "--json").json
    assert sorted(one["remark"] for one in undone["remarks"]) == list(both)
    assert {one["outcome"] for one in undone["remarks"]} == {"suggested", "unmatched"}
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


def test_what_is_alike_beyond_what_is_decided_at_once_is_said(
    on_store: Call, filled: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not left out in silence: the same command takes the next."""
    monkeypatch.setattr("streams.commands.triage.MOST_ALIKE", 1)
    for record in ("2", "3"):
        guess(filled, record, 10001)
    first = on_store("triage", "accept", "APP-1", "--alike", "--json")
    assert (len(first.json["remarks"]), "1 of 2" in first.err) == (1, True)
    second = on_store("triage", "accept", "APP-1", "--alike", "--json")
    assert (len(second.json["remarks"]), second.err) == (1, "")


def test_a_deleted_issue_takes_no_remark(on_store: Call, filled: PostgresStore) -> None:
    """Neither by name nor with all that is alike, and it is not listed."""
    guess(filled, "2", 10001)
    assert "APP-1" in on_store("triage", "list").out
    with filled.transaction() as tx:
        (known,) = tx.epics.get({10001}).values()
        gone = msgspec.structs.replace(known.epic, deleted=True)
        tx.epics.put([Sighting(epic=gone, updated_at=datetime.now(UTC))])
    for said in (("upstream:2", "APP-1"), ("APP-1", "--alike", "--dry-run")):
        refused = on_store("triage", "accept", *said)
        assert (refused.status, "APP-1 was deleted in Jira" in refused.err) == (1, True)
    assert "APP-1" not in on_store("triage", "list").out


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
        assert dry["description"] in on_store("triage", "new-epic", *said, "--dry-run", **jira).out
        for more in ((), ("--dry-run",)):
            other = on_store(
                "triage", "new-epic", *said, *more, **jira, CLOSELOOP_JIRA_PROJECTS="WEB"
            )
            assert (other.status, "CLOSELOOP_JIRA_PROJECTS" in other.err) == (1, True)
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
