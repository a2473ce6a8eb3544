"""The composition root: settings in, real parts out. Nothing is connected until `opened`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from schemas.errors import BadSettings, SinkRefused
from sinks.contracts import Evidence, Finding, Mail, Mailer, Sighting, Tracker
from sinks.jira.client import JiraTracker
from sinks.kafka.publisher import KafkaPublisher
from sinks.mail.sendgrid import SendGridMailer
from sinks.mail.smtp import SmtpMailer
from sinks.store.postgres.store import PostgresStore
from streams.app import Parts
from streams.link.ranking import IndexedLikeness
from streams.probe import probe_from
from streams.settings import Settings


class NoTracker:
    """Stands where no Jira is configured: knows nothing, and says so when it is asked to write."""

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
        raise SinkRefused("no Jira is configured: set CLOSELOOP_JIRA_URL, _EMAIL and _TOKEN")

    def examine(self) -> list[Finding]:
        """That there is none."""
        return [Finding(what="jira", ok=False, advice="set CLOSELOOP_JIRA_URL, _EMAIL and _TOKEN")]


class NoMailer:
    """Stands where no mail provider is configured: keeps mails waiting instead of losing them."""

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to let go of."""

    def send(self, mail: Mail) -> str:
        """Not taken; the mail waits."""
        raise BadSettings(["sendgrid_api_key: set it, or smtp_url: no mail can be sent"])

    def examine(self) -> list[Finding]:
        """That there is none."""
        return [Finding(what="mail", ok=False, advice="set SENDGRID_API_KEY or CLOSELOOP_SMTP_URL")]


def store_of(settings: Settings) -> PostgresStore:
    """The store that the settings name."""
    if not settings.database_url:
        raise BadSettings(["database_url: set DATABASE_URL, or run `closeloop up`"])
    return PostgresStore(settings.database_url)


def publisher_of(settings: Settings) -> KafkaPublisher:
    """The publisher that the settings name."""
    if not settings.bootstrap_servers:
        raise BadSettings(["bootstrap_servers: set KAFKA_BOOTSTRAP_SERVERS, or run `closeloop up`"])
    return KafkaPublisher(settings.bootstrap_servers)


def tracker_of(settings: Settings) -> Tracker:
    """Jira where it is configured."""
    if not settings.jira_url:
        return NoTracker()
    return JiraTracker(
        settings.jira_url,
        settings.jira_email,
        settings.jira_token,
        projects=settings.jira_projects,
    )


def mailer_of(settings: Settings) -> Mailer:
    """SendGrid where its key is set, else SMTP where its URL is."""
    if settings.sendgrid_api_key:
        key, sender = settings.sendgrid_api_key, settings.mail_from
        return SendGridMailer(key, sender, "Closeloop", host=settings.sendgrid_host)
    if settings.smtp_url:
        return smtp_of(settings.smtp_url, settings.mail_from)
    return NoMailer()


def smtp_of(url: str, sender: str) -> SmtpMailer:
    """The mailer of an ``smtp://`` (STARTTLS), ``smtps://`` or ``smtp+plain://`` URL."""
    parts = urlsplit(url)
    security = {"smtp": "starttls", "smtps": "ssl", "smtp+plain": "none"}.get(parts.scheme)
    if security is None or not parts.hostname:
        raise BadSettings(["smtp_url: is not smtp://, smtps:// or smtp+plain://user:password@host"])
    return SmtpMailer(
        parts.hostname,
        parts.port or (465 if security == "ssl" else 587),
        sender,
        "Closeloop",
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        security=security,  # type: ignore[arg-type]
    )


def parts_of(settings: Settings, *, kill_at: str | None = None) -> Parts:
    """Everything that the worker is made of."""
    return Parts(
        settings=settings,
        store=store_of(settings),
        publisher=publisher_of(settings),
        tracker=tracker_of(settings),
        mailer=mailer_of(settings),
        likeness=IndexedLikeness(),
        probe=probe_from(kill_at),
    )


@contextmanager
def opened_store(settings: Settings) -> Iterator[PostgresStore]:
    """The store, open, for as long as the ``with`` lasts."""
    store = store_of(settings)
    store.open()
    try:
        yield store
    finally:
        store.close()
