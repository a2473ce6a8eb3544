"""The contracts of everything outside: tracker, mailer, publisher. The store's is in `sinks.store`.

Beside each real one stands a fake, and both pass the same suite in ``tests/contract``. All of them
open and close explicitly, never connect in ``__init__``, and have a time-out on every call. What
can go wrong is named in `schemas.errors`: `Temporary` is worth another try, `SinkRefused` is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from schemas.codec import Headers
from schemas.events import Epic


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What an issue is told of the demand for it: counts and bands, never names or amounts.

    Attributes:
        remarks, accounts: how many are linked now.
        revenue_band: such as ``100k-250k EUR``; empty where nothing is known.
        url: where a person reads more.
        as_of: when it was counted.
    """

    remarks: int
    accounts: int
    revenue_band: str
    url: str
    as_of: datetime


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """An epic as the tracker showed it, and when the tracker last changed it."""

    epic: Epic
    updated_at: datetime


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that ``closeloop doctor`` looked at, and what to do where it is not well."""

    what: str
    ok: bool
    advice: str = ""


class Tracker(Protocol):
    """Where the work is tracked. Raises `Temporary` or `SinkRefused` from every call."""

    def open(self) -> None:
        """Connect; refuse a server whose dialect we do not speak."""

    def close(self) -> None:
        """Let go of the connection; safe to repeat."""

    def epics(self, projects: Sequence[str]) -> Iterator[Sighting]:
        """Every epic of these projects (empty: all that we may see), in any order, each once."""

    def issue(self, key_or_id: str) -> Sighting | None:
        """One issue as it is now, by id or by a key that it ever had; None where there is none."""

    def fixed_in(self, version_id: str) -> Iterator[Sighting]:
        """Every epic that names this version as a fix version."""

    def show_evidence(self, issue_id: str, evidence: Evidence) -> None:
        """Put the demand where the issue's readers see it; repeating it replaces what was there."""

    def hide_evidence(self, issue_id: str) -> None:
        """Take it away again; nothing happens where there is none."""

    def create_epic(self, project: str, summary: str, description: str, token: str) -> Sighting:
        """A new epic; the same `token` again yields the epic that it made the first time."""

    def examine(self) -> list[Finding]:
        """Whether our rights suffice, for ``closeloop doctor``."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail, ready to go.

    Attributes:
        message_id: ours; the provider gives it back with every report on this mail.
        unsubscribe_url: for the ``List-Unsubscribe`` headers (RFC 8058), where there is one.
    """

    message_id: str
    to_email: str
    to_name: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str | None = None


class Mailer(Protocol):
    """Hands mails to a provider, none of which promises to send one only once."""

    def open(self) -> None:
        """Get ready; connects where the protocol has a connection."""

    def close(self) -> None:
        """Let go; safe to repeat."""

    def send(self, mail: Mail) -> str:
        """Hand over one mail; the provider's id of it, empty where it gives none.

        Raises:
            Temporary: not taken, or not known whether it was; the caller waits before a second try.
            SinkRefused: will never be taken; the mail is settled as dropped, with the reason.
        """

    def examine(self) -> list[Finding]:
        """Whether key and sender are accepted, without sending anything."""


class Outgoing(msgspec.Struct, frozen=True):
    """A record on its way to Kafka; its key decides the partition, no `value` is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Publisher(Protocol):
    """Writes to Kafka; everything is acknowledged by all in-sync replicas before it returns."""

    async def open(self) -> None:
        """Connect; `SinkUnreachable` where no broker answers in time."""

    async def close(self) -> None:
        """Send what is under way, then let go; safe to repeat."""

    async def reach(self, topics: Collection[str] = ()) -> None:
        """See, within a few seconds, that the broker answers.

        Args:
            topics: where something that was handed over before must have been acknowledged, too.

        Raises:
            SinkUnreachable: it does not answer, or still owes an acknowledgement.
        """

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Write all, in order per key; when it returns the broker has acknowledged every one.

        Raises:
            Temporary: some may have been written; the same records are published again.
            SinkRefused: a record that the broker will never take, such as one too large.
        """
