"""A stand-in of Jira, our client to it, and the hands that work in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from sinks.contracts import Evidence
from sinks.http.standin.serve import serving
from sinks.jira.client import JiraTracker
from sinks.jira.standin import jira_app

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
