"""Every trap of the `jira` package that was found by running it stays shut."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from schemas.errors import CloseloopError, SinkBusy, SinkRefused, SinkUnreachable
from sinks.http.answers import PATIENCE_S
from sinks.http.standin.serve import serving
from sinks.jira.client import JiraTracker
from sinks.jira.standin import jira_app
from tests.contract.jira_hands import EVIDENCE, TOKEN, Jira, jira_of


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
    asked = []

    def same_page(*_: Any, **__: Any) -> dict[str, Any]:
        asked.append(1)
        return {"issues": [], "nextPageToken": "again"}

    monkeypatch.setattr(jira.tracker._client, "enhanced_search_issues", same_page)
    with pytest.raises(SinkUnreachable, match="repeats itself"):
        list(jira.tracker.epics(["DEMO"]))
    assert len(asked) == 2


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


def test_a_wrong_token_is_refused_and_never_told() -> None:
    """Nor is the whole answer, which the package's errors print; not even as a cause."""
    with serving(jira_app(login=("us@example.com", "another"))) as url:
        tracker = JiraTracker(url, "us@example.com", TOKEN)
        with pytest.raises(SinkRefused) as refused:
            tracker.open()
    said = "".join(traceback.format_exception(refused.value))
    assert refused.value.status == 401
    assert TOKEN not in said
    assert "Basic" not in said
    assert "response headers" not in said
    assert TOKEN not in repr(vars(refused.value))
