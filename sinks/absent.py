"""Tracker and mailer where none is configured: they know nothing, and say so when asked to act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.errors import BadSettings, SinkRefused
from sinks.contracts import Evidence, Finding, Mail, Sighting

NO_JIRA = "set CLOSELOOP_JIRA_URL, _EMAIL and _TOKEN"
NO_MAIL = "set SENDGRID_API_KEY or CLOSELOOP_SMTP_URL"


class NoTracker:
    """`sinks.contracts.Tracker` where no Jira is configured."""

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to let go of."""

    def epics(self, projects: Sequence[str]) -> Iterator[Sighting]:
        """None."""
        yield from ()

    def issue(self, key_or_id: str) -> Sighting | None:
        """None."""

    def fixed_in(self, version_id: str) -> Iterator[Sighting]:
        """None."""
        yield from ()

    def show_evidence(self, issue_id: str, evidence: Evidence) -> None:
        """Shown to nobody."""

    def hide_evidence(self, issue_id: str) -> None:
        """Nothing was shown."""

    def create_epic(self, project: str, summary: str, description: str, token: str) -> Sighting:
        """Refused."""
        raise SinkRefused(f"no Jira is configured: {NO_JIRA}")

    def examine(self) -> list[Finding]:
        """That there is none."""
        return [Finding(what="no Jira is configured", ok=False, advice=NO_JIRA)]


class NoMailer:
    """`sinks.contracts.Mailer` where no provider is configured: mails wait, none is lost."""

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to let go of."""

    def send(self, mail: Mail) -> str:
        """Refused: whoever sends leaves mails open until there is a provider."""
        raise BadSettings([f"no mail can be sent: {NO_MAIL}"])

    def examine(self) -> list[Finding]:
        """That there is none."""
        what = "no mail provider is configured: mails stay open, and none is sent"
        return [Finding(what=what, ok=False, advice=f"{NO_MAIL}; what waits is sent then")]
