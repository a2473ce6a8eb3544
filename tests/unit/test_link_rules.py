"""What decides a remark before likeness is asked: keys, fields and threads, in this order."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.events import Feedback, FeedbackReceived
from streams.app import stages
from streams.link.keys import MOST_KEYS, QUOTED, site_of
from streams.link.rules import QUOTED_SCORE, Known, Read, decide, read, with_batch
from streams.settings import Settings
from streams.wiring import parts_of
from tests.unit.link_world import Kafka

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ISSUES = {f"BANK-{number}": number for number in range(1, 21)}


SITE = site_of("https://acme.atlassian.net")


def remark(words: str, site: str = SITE, **said: Any) -> Read:
    """A remark of a form; `site` is where people see our Jira."""
    return read(
        FeedbackReceived(
            id="e",
            source="/form",
            specversion="1.0",
            time=NOW,
            data=Feedback(origin="form", record="1", words=words, **said),
        ),
        site,
    )


def known(
    issues: Mapping[str, int] = ISSUES,
    thread: frozenset[int] | set[int] = frozenset(),
    gone: frozenset[int] | set[int] = frozenset(),
) -> Known:
    """These issues; `thread` are those that the thread T was linked to before."""
    return Known(
        issues=issues,
        projects={"BANK"},
        threads={("form", "T"): thread},
        keys={issue_id: key for key, issue_id in issues.items() if issue_id not in gone},
        gone=gone,
    )


def decided(words: str, of: Known | None = None, **said: Any) -> tuple[str, list[tuple[str, str]]]:
    """The outcome, and each claim's key and rule."""
    outcome, claims = decide(remark(words, **said), of or known())
    return outcome, [(claim.issue_key, claim.rule) for claim in claims]


def test_a_key_goes_before_the_thread() -> None:
    """What the customer says now counts."""
    assert decided("BANK-1 again", known(thread={2}), thread="T") == (
        "linked",
        [("BANK-1", "key")],
    )


def test_the_source_s_field_goes_before_the_thread() -> None:
    """Somebody tied this very remark to it."""
    assert decided("any news?", known(thread={2}), thread="T", issue_keys=("BANK-3",)) == (
        "linked",
        [("BANK-3", "field")],
    )


def test_what_words_and_field_name_are_both_linked() -> None:
    """The words first."""
    assert decided("as BANK-1", issue_keys=("BANK-3", "BANK-1")) == (
        "linked",
        [("BANK-1", "key"), ("BANK-3", "field")],
    )


def test_what_names_nothing_follows_its_thread() -> None:
    """Only its own; it is a little less sure than a key."""
    outcome, claims = decide(remark("any news?", thread="T"), known(thread={2}))
    assert (outcome, [(c.issue_id, c.rule) for c in claims]) == ("linked", [(2, "thread")])
    assert QUOTED_SCORE < claims[0].score < 1
    assert decided("any news?", known(thread={2}), thread="U") == ("unmatched", [])
    assert decided("any news?", known(thread={2})) == ("unmatched", [])


def test_what_is_only_quoted_is_suggested_last() -> None:
    """A thread goes before it; nothing that was said does."""
    words = "Same as always\n> see BANK-1"
    assert decided(words, known(thread={2}), thread="T") == ("linked", [("BANK-2", "thread")])
    assert decided(words) == ("suggested", [("BANK-1", QUOTED)])
    assert [claim.score for claim in decide(remark(words), known())[1]] == [QUOTED_SCORE]


def test_a_key_of_an_unknown_project_names_nothing() -> None:
    """UTF-8 is no issue; one of our projects may be on its way."""
    assert decided("not UTF-8, see BANK-99") == ("linked", [("BANK-99", "key")])
    assert decided("not UTF-8", issue_keys=("ABC-1",)) == ("unmatched", [])


@pytest.mark.parametrize(("many", "outcome"), [(MOST_KEYS, "linked"), (MOST_KEYS + 1, "suggested")])
def test_as_many_issues_are_linked_as_the_bound_says(many: int, outcome: str) -> None:
    """By keys, by the field, by the thread: one more, and a person is asked."""
    keys = [f"BANK-{number}" for number in range(1, many + 1)]
    for found in (
        decided(" ".join(keys)),
        decided("any news?", issue_keys=tuple(keys)),
        decided("any news?", known(thread=set(range(1, many + 1))), thread="T"),
    ):
        assert found[0] == outcome
        assert len(found[1]) == MOST_KEYS


def test_a_thread_learns_in_a_batch_what_is_linked_by_a_key() -> None:
    """Of remarks of this very batch, whichever comes first."""
    said = [remark("see BANK-2", thread="T"), remark("and BANK-3", thread="U")]
    assert decided("any news?", with_batch(known(), said), thread="T") == (
        "linked",
        [("BANK-2", "thread")],
    )


def test_a_thread_learns_nothing_of_what_is_only_suggested() -> None:
    """Neither of too many keys nor of a quotation."""
    crowd = remark(" ".join(ISSUES), thread="T")
    quoting = remark("Hm.\n> see BANK-2", thread="T")
    after = with_batch(known(), [crowd, quoting])
    assert decided("any news?", after, thread="T") == ("unmatched", [])


@pytest.mark.parametrize(
    "words",
    [
        "> see BANK-1",
        "```BANK-1```",
        "```\nBANK-1\n```",
        "{code}BANK-1{code}",
        "`BANK-1`",
        "run `git switch BANK-1` first",
        "run ``git log `BANK-1` `` first",
        "set {{BANK-1}} in it",
        "ERROR com.foo.Bar BANK-1 failed",
        "2026-03-01 10:00:00 worker BANK-1 died",
        "On Monday Bob wrote:\n> BANK-1",
    ],
)
def test_a_key_in_code_a_log_or_a_quotation_is_only_suggested(words: str) -> None:
    """However short the remark; said as well, it counts."""
    assert decided(words) == ("suggested", [("BANK-1", QUOTED)])
    assert decided(f"I mean BANK-1.\n{words}")[0] == "linked"


@pytest.mark.parametrize(
    "words",
    ["don`t know BANK-1, can`t see it", "BANK-1", "`really: BANK-1 is late", "a `b`, BANK-1, `c`"],
)
def test_a_key_beside_code_is_said(words: str) -> None:
    """Also between backticks that stand for apostrophes."""
    assert decided(words) == ("linked", [("BANK-1", "key")])


def test_backticks_are_paired_in_time() -> None:
    """Also where none has a partner."""
    start = time.process_time()
    for words in ("`a" * 50_000, "` " * 50_000, "`" * 100_000, "{{a" * 30_000):
        assert len(remark(f"BANK-1 {words}").mentions) == 1
    assert time.process_time() - start < 1


OURS = [
    "https://acme.atlassian.net/browse/BANK-1",
    "see HTTPS://ACME.atlassian.NET/browse/BANK-1.",
    "(https://acme.atlassian.net/browse/BANK-1?focusedCommentId=7)",
    "https://acme.atlassian.net/jira/software/projects/BANK/boards/1?selectedIssue=BANK-1",
    "[BANK-1](https://acme.atlassian.net/browse/BANK-1)",
    "<https://acme.atlassian.net/browse/BANK-1|BANK-1>",
    "BANK-1, or https://evil.example/browse/BANK-1 and https://acme.atlassian.net/browse/BANK-1",
]
THEIRS = [
    "https://evil.example/browse/BANK-1",
    "https://acme.atlassian.net.evil.example/browse/BANK-1",
    "https://acme.atlassian.net@evil.example/browse/BANK-1",
    "https://evil.example/acme.atlassian.net/browse/BANK-1",
    "https://evil.example/?next=https://acme.atlassian.net/browse/BANK-1",
    "https://evil.example:8443/browse/BANK-1",
    "http://evil.example/search?q=BANK-1",
    "<https://evil.example/browse/BANK-1|BANK-1>",
]


@pytest.mark.parametrize("words", OURS)
def test_a_url_of_our_jira_is_linked_as_one(words: str) -> None:
    """However it is written, and whatever else is."""
    assert decided(words) == ("linked", [("BANK-1", "url")])


@pytest.mark.parametrize("words", THEIRS)
def test_a_url_of_another_host_is_only_suggested(words: str) -> None:
    """It may be an issue of a Jira that is not ours; said beside it, the key counts."""
    assert decided(words) == ("suggested", [("BANK-1", QUOTED)])
    assert decided(f"{words} is BANK-1") == ("linked", [("BANK-1", "key")])


@pytest.mark.parametrize("site", ["", site_of("https://api.atlassian.com/ex/jira/1-2-3")])
def test_where_our_jira_is_unknown_a_url_counts_as_its_key(site: str) -> None:
    """Atlassian's API gateway shows nobody a page."""
    for words in (OURS[0], THEIRS[0]):
        outcome, claims = decide(remark(words, site), known())
        assert (outcome, [claim.score for claim in claims]) == ("linked", [1.0])


def test_a_key_in_a_path_is_the_tail_of_something_else() -> None:
    """Whoever's host."""
    for host in ("acme.atlassian.net", "evil.example"):
        assert decided(f"https://{host}/files/BANK-1") == ("unmatched", [])


def test_urls_are_read_in_time() -> None:
    """A long text full of them, on one line."""
    start = time.process_time()
    for words in ("http://AB-1" * 9_000, "x://AB-1," * 9_000, "https://" * 60 + "/BANK-1 " * 9_000):
        remark(words)
    assert time.process_time() - start < 2


def test_the_worker_knows_where_our_jira_is() -> None:
    """From the setting by which it asks Jira."""
    settings = Settings(
        bootstrap_servers="broker:9092",
        database_url="postgresql://store/closeloop",
        jira_url="https://acme.atlassian.net/",
        upstream_sources=("form",),
    )
    (link,) = [stage for stage in stages(parts_of(settings)) if stage.name == "link"]
    for words, rule in ((OURS[0], "url"), (THEIRS[0], QUOTED)):
        found = link.read(Kafka(1, remark(words).event), NOW)
        assert [mention.rule for mention in found.mentions] == [rule]
