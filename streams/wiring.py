"""The composition root: settings in, real parts out. Nothing is connected until it is opened.

What only some commands need is imported when it is asked for: Faust, Jira's client and the
likeness index take a second between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from schemas.errors import BadSettings
from sinks.absent import NoMailer, NoTracker
from sinks.contracts import Mailer, Tracker
from sinks.kafka.publisher import KafkaPublisher
from sinks.mail.smtp import SmtpMailer
from sinks.store.postgres.store import PostgresStore
from streams.probe import probe_from
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.app import Parts
    from streams.link.linkers import Linkers


def database_of(settings: Settings) -> str:
    """The store's URL; `BadSettings` where none is configured, or none that we can use."""
    if not settings.database_url:
        raise BadSettings(
            ["database_url: set DATABASE_URL, or CLOSELOOP_HOME to where `closeloop up` runs"]
        )
    try:
        backend = make_url(settings.database_url).drivername
    except (ArgumentError, ValueError):  # the URL may hold a password: not shown
        backend = ""
    if backend not in {"postgresql", "postgresql+psycopg"}:
        raise BadSettings(["database_url: is not postgresql://user:password@host:port/name"])
    return settings.database_url


def store_of(settings: Settings) -> PostgresStore:
    """The store that the settings name."""
    return PostgresStore(database_of(settings))


def publisher_of(settings: Settings) -> KafkaPublisher:
    """The publisher that the settings name."""
    if not settings.bootstrap_servers:
        raise BadSettings(["bootstrap_servers: set KAFKA_BOOTSTRAP_SERVERS, or run `closeloop up`"])
    return KafkaPublisher(settings.bootstrap_servers)


def tracker_of(settings: Settings) -> Tracker:
    """Jira where it is configured."""
    if not settings.jira_url:
        return NoTracker()
    from sinks.jira.client import JiraTracker

    return JiraTracker(
        settings.jira_url,
        settings.jira_email,
        settings.jira_token,
        projects=settings.jira_projects,
    )


def linkers_of(settings: Settings) -> Linkers:
    """The tiers that the settings name; nothing is loaded before it is asked."""
    from streams.link.linker import Linker
    from streams.link.linkers import Linkers

    if settings.link_tier == "quality":
        return Linkers(Linker("fast"), Linker("quality"))
    return Linkers(Linker("fast"))


def look_at_tiers(settings: Settings) -> None:
    """See that each tier that the settings name can be asked; nothing is loaded.

    Raises:
        BadSettings: the extra that one needs is missing.
    """
    from streams.link.likeness import minilm

    if settings.link_tier == "quality":
        try:
            minilm.look()
        except minilm.NotInstalled as missing:
            raise BadSettings([f"link_tier: {missing}, or set fast"]) from missing


def mailer_of(settings: Settings) -> Mailer:
    """SendGrid where its key is set, else SMTP where its URL is."""
    if settings.sendgrid_api_key:
        from sinks.mail.sendgrid import SendGridMailer

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
    from streams.app import Parts

    return Parts(
        settings=settings,
        store=store_of(settings),
        publisher=publisher_of(settings),
        tracker=tracker_of(settings),
        mailer=mailer_of(settings),
        likeness=linkers_of(settings),
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
