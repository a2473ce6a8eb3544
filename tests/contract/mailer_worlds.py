"""A mailer and the place where its mails arrive, for each implementation of the contract."""

from __future__ import annotations

import email.message
import email.policy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

from sinks.contracts import Mailer
from sinks.mail.compose import MESSAGE_ARG, headers_of
from sinks.mail.fake import FakeMailer
from sinks.mail.smtp import SmtpMailer


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """One mail at its recipient; `headers` are those beside the usual ones."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    headers: Mapping[str, str]


class World(Protocol):
    """A mailer, open, and what arrives."""

    mailer: Mailer

    def arrived(self) -> list[Arrived]:
        """Every mail so far."""


class FakeWorld(World):
    """The fake, looked into."""

    def __init__(self) -> None:
        self.fake = FakeMailer()
        self.mailer: Mailer = self.fake

    @override
    def arrived(self) -> list[Arrived]:
        return [
            Arrived(
                to=mail.to_email,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                message_id=mail.message_id,
                headers=headers_of(mail),
            )
            for mail in self.fake.mails
        ]


class SendGridWorld(World):
    """The stand-in of SendGrid, read over its own pages."""

    def __init__(self, mailer: Mailer, address: str) -> None:
        self.mailer = mailer
        self._mails = f"{address}/_demo/mails"
        httpx.delete(self._mails).raise_for_status()

    @override
    def arrived(self) -> list[Arrived]:
        return [_of_sendgrid(mail) for mail in httpx.get(self._mails).raise_for_status().json()]


class Inbox:
    """Takes what an SMTP server took.

    Attributes:
        answers: what the next mails are answered with instead of being taken.
    """

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.answers: list[str] = []

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 its name
        """Take one mail."""
        if self.answers:
            return self.answers.pop(0)
        self.envelopes.append(envelope)
        return "250 OK"


class SmtpServer(Controller):
    """aiosmtpd on a free port, which it cannot find out by itself."""

    @override
    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call] # the package's own gap


@contextmanager
def smtp_server(inbox: Inbox, **options: Any) -> Iterator[int]:
    """Serve `inbox`; yields the port."""
    server = SmtpServer(inbox, hostname="127.0.0.1", port=0, **options)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


class SmtpWorld(World):
    """A real SMTP server."""

    def __init__(self, inbox: Inbox, port: int) -> None:
        self.inbox = inbox
        self.mailer: Mailer = SmtpMailer(
            "127.0.0.1", port, "closeloop@us.example", "Closeloop", security="none"
        )

    @override
    def arrived(self) -> list[Arrived]:
        return [_of_envelope(envelope) for envelope in self.inbox.envelopes]


def _of_sendgrid(mail: dict[str, Any]) -> Arrived:
    return Arrived(
        to=mail["to"],
        subject=mail["subject"],
        text=mail["text"],
        html=mail["html"],
        message_id=mail["custom_args"][MESSAGE_ARG],
        headers=mail["headers"],
    )


def _of_envelope(envelope: Envelope) -> Arrived:
    raw = envelope.content if isinstance(envelope.content, bytes) else b""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    return Arrived(
        to=envelope.rcpt_tos[0],
        subject=message["subject"],
        text=_part(message, "plain"),
        html=_part(message, "html"),
        message_id=message["X-Closeloop-Message-Id"],
        headers=dict(message.items()),
    )


def _part(message: email.message.EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").removesuffix("\n")
