"""Every trap of the `jira` package that was found by running it stays shut."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from schemas.errors import CloseloopError, SinkBusy, SinkRefused, SinkUnreachable
from sinks.contracts import Evidence
from sinks.jira.answers import PATIENCE_S
from sinks.jira.client import JiraTracker, label_of
from sinks.jira.evidence import GLOBAL_ID
from sinks.jira.standin import jira_app
from sinks.jira.standin.serve import serving

TOKEN = "token-that-nobody-may-see"
EVIDENCE = Evidence(
    remarks=1,
    accounts=1,
    revenue_band="",
    url="https://closeloop.example/" + "x" * 300,
    as_of=datetime(2026, 7, 1, tzinfo=UTC),
)


@dataclass
class Jira:
    """A stand-in, our client to it, and the hands that work in it."""

    url: str
    tracker: JiraTracker
    http: httpx.Client
    ids: list[str] = field(default_factory=list)

    def epic(self, summary: str, **more: Any) -> str:
        """A person makes an epic; its id."""
        body = {"project": "DEMO", "summary": summary, **more}
        answer = self.http.post("/issues", json=body).raise_for_status()
        return str(answer.json()["id"])

    def fault(self, kind: str, **more: Any) -> None:
        """Let the next call go wrong."""
        self.http.post("/faults", json={"kind": kind, **more}).raise_for_status()

    def calls(self) -> list[str]:
        """What came since the last time this was asked."""
        calls: list[str] = self.http.get("/calls").json()
        self.http.delete("/faults").raise_for_status()
        return calls


@contextlib.contextmanager
def jira_of(**options: Any) -> Iterator[Jira]:
    """A stand-in with these options, and a client that is open."""
    with serving(jira_app(**options)) as url:
        tracker = JiraTracker(url, "us@example.com", TOKEN, projects=["DEMO"])
        tracker.open()
        with contextlib.closing(tracker), httpx.Client(base_url=f"{url}/_demo") as http:
            yield Jira(url, tracker, http)


@pytest.fixture
def jira() -> Iterator[Jira]:
    """A stand-in with nothing in it."""
    with jira_of() as made:
        made.calls()
        yield made


@contextlib.contextmanager
def answering(status: int, headers: dict[str, str], body: bytes = b"") -> Iterator[str]:
    """A server that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_nothing_is_connected_before_open() -> None:
    """A tracker may be made where no Jira is."""
    tracker = JiraTracker("http://127.0.0.1:9", "us@example.com", TOKEN)
    with pytest.raises(RuntimeError, match="open"):
        tracker.issue("DEMO-1")
    tracker.close()


@pytest.mark.parametrize("kind", ["reset", "drop", "busy", "error"])
def test_a_write_that_fails_is_not_repeated(jira: Jira, kind: str) -> None:
    """The package alone posts up to four times, and sleeps for a minute and a half meanwhile."""
    jira.fault(kind)
    began = time.monotonic()
    with pytest.raises((SinkBusy, SinkUnreachable)):
        jira.tracker.show_evidence(jira.epic("Wanted"), EVIDENCE)
    assert time.monotonic() - began < 5
    assert len([call for call in jira.calls() if call.startswith("POST")]) == 1


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [("7", 7), ("Fri, 31 Dec 2100 23:59:59 GMT", 3600), ("", PATIENCE_S), ("soon", PATIENCE_S)],
)
def test_busy_says_when_to_come_back(jira: Jira, retry_after: str, wait_s: float) -> None:
    """The package raises ValueError where the header is a date."""
    jira.fault("busy", retry_after=retry_after)
    with pytest.raises(SinkBusy) as busy:
        jira.tracker.issue("DEMO-1")
    assert busy.value.retry_after_s == wait_s


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "error", "status": 503}])
def test_what_passes_by_itself_is_unreachable(jira: Jira, fault: dict[str, Any]) -> None:
    """In the midst of a search, too."""
    jira.fault(**fault)
    with pytest.raises(SinkUnreachable):
        list(jira.tracker.epics(["DEMO"]))


def test_a_server_that_never_answers_is_unreachable() -> None:
    """The package alone waits for ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        tracker = JiraTracker(url, "us@example.com", TOKEN, timeout_s=(0.2, 0.2))
        with pytest.raises(SinkUnreachable):
            tracker.open()


def test_nobody_there_is_unreachable() -> None:
    """Nothing listens on that port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SinkUnreachable):
        JiraTracker(f"http://127.0.0.1:{port}", "us@example.com", TOKEN).open()


@pytest.mark.parametrize("deployment", ["Server", "DataCenter", ""])
def test_only_cloud_is_spoken(deployment: str) -> None:
    """The package alone lets search answer None there."""
    with (
        serving(jira_app(deployment=deployment)) as url,
        pytest.raises(SinkRefused, match="only Jira Cloud"),
    ):
        JiraTracker(url, "us@example.com", TOKEN).open()


def test_a_redirect_is_refused() -> None:
    """Followed, a POST would arrive as a GET."""
    moved = {"location": "http://127.0.0.1:9/rest/api/3/serverInfo"}
    with answering(301, moved) as url, pytest.raises(SinkRefused, match="redirected"):
        JiraTracker(url, "us@example.com", TOKEN).open()


@pytest.mark.parametrize("body", [b"<html>Log in</html>", b"[]", b"7", b'"text"'])
def test_a_page_instead_of_json_is_an_error_of_ours(body: bytes) -> None:
    """A proxy's log-in page comes with 200."""
    headers = {"content-type": "text/html"}
    with answering(200, headers, body) as url, pytest.raises(CloseloopError):
        JiraTracker(url, "us@example.com", TOKEN).open()


def test_a_search_that_repeats_its_page_ends(jira: Jira, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package alone has no bound."""

    def same_page(*_: Any, **__: Any) -> dict[str, Any]:
        return {"issues": [], "nextPageToken": "again"}

    monkeypatch.setattr(jira.tracker._client, "enhanced_search_issues", same_page)
    with pytest.raises(SinkUnreachable, match="repeats itself"):
        list(jira.tracker.epics(["DEMO"]))


def test_an_issue_on_two_pages_comes_once(jira: Jira, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a search is under way, issues move from page to page."""
    jira.epic("Moves about")
    first = jira.tracker._page('project = "DEMO" AND issuetype = "Epic"', None)
    pages = iter([{"issues": first.issues, "nextPageToken": "p1"}, {"issues": first.issues}])
    monkeypatch.setattr(
        jira.tracker._client, "enhanced_search_issues", lambda *_, **__: next(pages)
    )
    assert len(list(jira.tracker.epics(["DEMO"]))) == 1


def test_a_custom_field_cannot_take_a_fields_name(jira: Jira) -> None:
    """The stand-in has a custom field called status; the package alone would ask for that."""
    jira.epic("Audit log")
    assert [seen.epic.status for seen in jira.tracker.epics(["DEMO"])] == ["To Do"]
    assert [call for call in jira.calls() if call.endswith("/field")] == []


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


def test_a_wrong_token_is_refused_and_never_told() -> None:
    """The package's errors print the request's headers; ours and their causes do not."""
    with serving(jira_app(login=("us@example.com", "another"))) as url:
        tracker = JiraTracker(url, "us@example.com", TOKEN)
        with pytest.raises(SinkRefused) as refused:
            tracker.open()
    said = "".join(traceback.format_exception(refused.value))
    assert refused.value.status == 401
    assert TOKEN not in said
    assert "Basic" not in said
    assert TOKEN not in repr(vars(refused.value))


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
