"""link, on a real database."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sinks.store.learned import Lesson
from sinks.store.postgres.store import PostgresStore
from streams.link.certificate import FEWEST
from streams.link.certifying import Certifying
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from tests.integration.commands.calling import Call
from tests.integration.commands.world import WORDS, hear


@pytest.mark.usefixtures("filled")
def test_a_text_is_tried_against_the_rules(on_store: Call) -> None:
    """A key links; what is alike is shown with its score and why; an unknown key is left alone."""
    keyed = on_store("link", "try", "as in APP-1 and XYZ-9", "--json").json
    assert (keyed["outcome"], keyed["claims"][0]["issue_key"]) == ("linked", "APP-1")
    assert keyed["passed_over"][0]["key"] == "XYZ-9"
    elsewhere = ("link", "try", "https://evil.example/browse/APP-1", "--json")
    theirs = on_store(*elsewhere, CLOSELOOP_JIRA_URL="https://acme.atlassian.net").json
    assert theirs["outcome"] == "suggested"
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
    assert (refused.status, "gold.jsonl:1" in refused.err) == (2, True)
    assert bare("link", "evaluate", tmp_path / "none").status == 2


def test_what_is_missed_in_a_folder_is_said(bare: Call, tmp_path: Path) -> None:
    """On standard error, whatever is printed as the result."""
    (tmp_path / "candidates.jsonl").write_text('{"id": "1", "pool": "p", "title": "Export"}')
    (tmp_path / "queries.jsonl").write_text('{"id": "q", "pool": "p", "text": "export"}')
    (tmp_path / "gold.jsonl").write_text('{"query_id": "q", "gold": ["2"]}')
    called = bare("link", "evaluate", tmp_path, "--json")
    assert (called.status, called.json["unreachable"], called.json["r1"]["value"]) == (0, 1, 0)
    assert called.err == "no right epic among the candidates of their pool, so missed: 1\n"


_MANY = [f"{a}{b}ing" for a in ("sort", "paint", "weld", "mix") for b in "bcdfghjklm"]


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


def test_a_certificate_is_made_again_from_the_store(on_store: Call, filled: PostgresStore) -> None:
    """Bit for bit, its calibration among it; with other labels since it says how many."""
    for record in range(100, 100 + FEWEST):
        hear(filled, str(record), f"{WORDS} {record}")
        key = "APP-2" if record % 5 else "APP-1"
        assert on_store("triage", "accept", f"upstream:{record}", key).status == 0
    now = datetime.now(UTC) + timedelta(minutes=1)
    Certifying(filled, Linkers(Linker()), (0.9, 0.1)).certify(now)
    (tier,) = on_store("link", "rebuild", "--check", "--json").json["tiers"]
    assert tier["certificate"] == {"verdict": "same", "why": ""}
    assert on_store("triage", "undo", "upstream:100").status == 0
    told = on_store("link", "rebuild", "--check", "--json")
    assert told.json["tiers"][0]["certificate"]["why"] == (
        "made of 30 labels, and 29 from before it count now"
    )
    assert told.status == 0
