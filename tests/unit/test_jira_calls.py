"""What our client asks Jira for, and what it makes of strange answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.errors import SinkRefused, SinkUnreachable
from sinks.jira.client import label_of
from sinks.jira.evidence import GLOBAL_ID
from tests.contract.jira_hands import EVIDENCE, Jira, jira_of


@pytest.fixture
def jira() -> Iterator[Jira]:
    """A stand-in with nothing in it."""
    with jira_of() as made:
        made.calls()
        yield made


def test_evidence_is_two_calls(jira: Jira) -> None:
    """The package alone asks for application links before each remote link."""
    issue_id = jira.epic("Wanted")
    jira.tracker.show_evidence(issue_id, EVIDENCE)
    assert jira.calls() == [
        f"POST /rest/api/3/issue/{issue_id}/remotelink",
        f"PUT /rest/api/3/issue/{issue_id}/properties/closeloop",
    ]


def test_evidence_is_sent_whole_and_within_jiras_bounds(jira: Jira) -> None:
    """What a second one lacks, Jira would clear; longer texts it would refuse."""
    issue_id = jira.epic("Wanted")
    for _ in range(2):
        jira.tracker.show_evidence(issue_id, EVIDENCE)
        (issue,) = jira.http.get("/issues").json()
        (link,) = issue["links"]
        assert link["object"]["title"] == "1 remark from 1 account"
        assert link["object"]["summary"] == "as of 2026-07-01"
        assert link["relationship"]
        assert link["application"]["name"] == "Closeloop"
    jira.tracker.show_evidence(issue_id, replace(EVIDENCE, revenue_band="x" * 300))
    (issue,) = jira.http.get("/issues").json()
    assert len(issue["links"][0]["object"]["summary"]) < 255
    assert len(GLOBAL_ID) < 255
    assert len(label_of("x" * 1000)) < 255


def test_evidence_that_lost_its_answer_is_shown_once(jira: Jira) -> None:
    """Repeating it is safe."""
    issue_id = jira.epic("Wanted")
    jira.fault("drop")
    with pytest.raises(SinkUnreachable):
        jira.tracker.show_evidence(issue_id, EVIDENCE)
    jira.tracker.show_evidence(issue_id, EVIDENCE)
    (issue,) = jira.http.get("/issues").json()
    assert len(issue["links"]) == 1


def test_an_epic_whose_answer_was_lost_is_found_again(jira: Jira) -> None:
    """The token stands in a label of it, which came with it."""
    jira.fault("drop", path="/rest/api/3/issue")
    with pytest.raises(SinkUnreachable):
        jira.tracker.create_epic("DEMO", "SSO", "", "decision 1")
    made = jira.tracker.create_epic("DEMO", "SSO", "", "decision 1")
    assert [seen.epic.id for seen in jira.tracker.epics(["DEMO"])] == [made.epic.id]


def test_of_two_epics_with_one_token_the_older_one_counts(jira: Jira) -> None:
    """Should Jira's index have been behind, all later calls agree."""
    older = jira.epic("SSO", labels=[label_of("decision 1")])
    jira.epic("SSO", labels=[label_of("decision 1")])
    assert jira.tracker.create_epic("DEMO", "SSO", "", "decision 1").epic.id == older


@pytest.mark.parametrize("project", ['DEMO" OR project = "DEMO', "DEMO\\", 'x") OR ("'])
def test_a_value_stays_a_value(jira: Jira, project: str) -> None:
    """A query cannot be widened from a setting."""
    jira.epic("Secret")
    with pytest.raises(SinkRefused, match="does not exist for the field"):
        list(jira.tracker.epics([project]))


@pytest.mark.parametrize(
    "name", ["../myself", "DEMO-1/remotelink", "DEMO-1?expand=x", "DEMO-0", ""]
)
def test_what_cannot_be_a_key_is_not_asked_for(jira: Jira, name: str) -> None:
    """A key goes into an address."""
    assert jira.tracker.issue(name) is None
    assert jira.calls() == []


def test_an_issue_that_cannot_be_read_does_not_hide_the_others(
    jira: Jira, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left out of searches, and refused where it was asked for."""
    jira.epic("Fine")
    broken = jira.epic("Broken")
    real = jira.tracker._client.enhanced_search_issues

    def spoilt(*args: Any, **options: Any) -> Any:
        answer: Any = real(*args, **options)
        for issue in answer["issues"]:
            if issue["id"] == broken:
                issue["fields"]["status"] = None
        return answer

    monkeypatch.setattr(jira.tracker._client, "enhanced_search_issues", spoilt)
    assert [seen.epic.summary for seen in jira.tracker.epics(["DEMO"])] == ["Fine"]
    monkeypatch.setattr("sinks.jira.client.FIELDS", ("summary",))
    with pytest.raises(SinkRefused, match="cannot be read"):
        jira.tracker.issue(broken)


def test_a_missing_right_is_found_with_what_to_do() -> None:
    """One finding for each right."""
    with jira_of(missing_rights=["LINK_ISSUES"]) as jira:
        (wrong,) = [finding for finding in jira.tracker.examine() if not finding.ok]
    assert wrong.what == "LINK_ISSUES in DEMO"
    assert "grant LINK_ISSUES in DEMO" in wrong.advice


def test_a_project_that_is_not_there_is_a_finding() -> None:
    """Not an error: the other findings are worth having."""
    with jira_of(projects=["OTHER"]) as jira:
        findings = jira.tracker.examine()
    assert [finding.ok for finding in findings] == [True, False]
    assert "DEMO" in findings[1].advice


def test_a_token_that_was_revoked_is_a_finding(jira: Jira) -> None:
    """While it is examined."""
    jira.fault("error", status=401)
    (finding,) = jira.tracker.examine()
    assert not finding.ok
    assert "token" in finding.advice


def test_a_summary_is_one_line_of_255(jira: Jira) -> None:
    """Jira refuses more, and line breaks."""
    made = jira.tracker.create_epic("DEMO", "a\nb " + "x" * 400, "", "decision 1")
    assert made.epic.summary.startswith("a b xxx")
    assert len(made.epic.summary) == 255


def test_links_lead_to_where_people_see_jira() -> None:
    """Not to the API gateway that we talk to."""
    with jira_of(site="https://acme.atlassian.net") as jira:
        jira.epic("Audit log")
        seen = jira.tracker.issue("DEMO-1")
    assert seen is not None
    assert seen.epic.url == "https://acme.atlassian.net/browse/DEMO-1"
