"""SMTP: what the server says decides whether another try is worth it."""

from __future__ import annotations

import email
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from msgspec.structs import replace

from schemas.errors import SinkRefused, SinkUnreachable
from sinks.contracts import Mail
from sinks.mail.smtp import SmtpMailer
from sinks.mail.verify import new_private_key
from tests.contract.mailer_worlds import Inbox, smtp_server

MAIL = Mail(
    message_id="m-0001",
    to_email="rita@us.example",
    to_name="Rita",
    subject="Audit log",
    text="From here on it is there",
    html="<p>From here on it is there</p>",
)


def mailer_of(port: int, **options: Any) -> SmtpMailer:
    """A mailer to that port, without TLS where nothing else is asked for."""
    given = {"security": "none", **options}
    return SmtpMailer("127.0.0.1", port, "us@us.example", "Us", **given)


@pytest.fixture
def inbox() -> Inbox:
    """Where mails arrive."""
    return Inbox()


@pytest.fixture
def port(inbox: Inbox) -> Iterator[int]:
    """A server without TLS."""
    with smtp_server(inbox) as given:
        yield given


@pytest.mark.parametrize("answer", ["451 4.3.0 later", "421 too many", "452 full"])
def test_not_now_is_temporary(inbox: Inbox, port: int, answer: str) -> None:
    """And the next try goes through, over a new connection."""
    inbox.answers.append(answer)
    mailer = mailer_of(port)
    mailer.open()
    with pytest.raises(SinkUnreachable, match=answer[:3]):
        mailer.send(MAIL)
    mailer.open()
    mailer.send(MAIL)
    assert len(inbox.envelopes) == 1
    mailer.close()


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "554 rejected"])
def test_never_is_refused(inbox: Inbox, port: int, answer: str) -> None:
    """With the server's words."""
    inbox.answers.append(answer)
    mailer = mailer_of(port)
    mailer.open()
    with pytest.raises(SinkRefused, match=answer[4:]) as refused:
        mailer.send(MAIL)
    assert refused.value.status == int(answer[:3])


@pytest.mark.parametrize(("code", "error"), [(550, SinkRefused), (450, SinkUnreachable)])
def test_a_recipient_that_is_not_taken(code: int, error: type[Exception]) -> None:
    """The server says so before it sees the words."""

    class Picky(Inbox):
        async def handle_RCPT(self, *_: object) -> str:  # noqa: N802 its name
            return f"{code} not here"

    picky = Picky()
    with smtp_server(picky) as port:
        mailer = mailer_of(port)
        mailer.open()
        with pytest.raises(error, match=f"{code} not here"):
            mailer.send(MAIL)
    assert picky.envelopes == []


def test_a_connection_that_was_let_go_is_made_again(inbox: Inbox, port: int) -> None:
    """Our mails are hours apart."""
    mailer = mailer_of(port)
    mailer.open()
    mailer._alive.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr] # it is open
    mailer.send(MAIL)
    assert len(inbox.envelopes) == 1


def test_nothing_is_sent_before_open(port: int) -> None:
    """It says so."""
    with pytest.raises(RuntimeError, match="open"):
        mailer_of(port).send(MAIL)


def test_nobody_there_is_unreachable() -> None:
    """Nothing listens, or it never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(SinkUnreachable):
            mailer_of(port, timeout_s=0.2).open()
    with pytest.raises(SinkUnreachable):
        mailer_of(port).open()


def test_the_same_mail_has_the_same_message_id(inbox: Inbox, port: int) -> None:
    """Readers drop the second copy; whatever our id is made of, the header is well-formed."""
    mailer = mailer_of(port)
    mailer.open()
    odd = replace(MAIL, message_id="über <id>\r\n@x")
    for mail in (MAIL, MAIL, odd):
        mailer.send(mail)
    ids = [_headers(inbox, number)["Message-ID"] for number in range(3)]
    assert ids[0] == ids[1] == "<m-0001@us.example>"
    assert ids[2].isascii()
    assert ids[2] != ids[0]


def test_names_and_subject_stay_on_one_line(inbox: Inbox, port: int) -> None:
    """A header must not end early."""
    mailer = mailer_of(port)
    mailer.open()
    mailer.send(replace(MAIL, to_name="Rita\r\nBcc: x@y.example", subject="a\nb"))
    headers = _headers(inbox, 0)
    assert headers["Bcc"] is None
    assert headers["Subject"] == "a b"


def test_a_lost_surrogate_is_refused(inbox: Inbox, port: int) -> None:
    """Half a character cannot be written."""
    mailer = mailer_of(port)
    mailer.open()
    with pytest.raises(SinkRefused, match="cannot be written"):
        mailer.send(replace(MAIL, text="half \ud83d of a smile"))
    assert inbox.envelopes == []


def _headers(inbox: Inbox, number: int) -> Any:
    content = inbox.envelopes[number].content
    assert isinstance(content, bytes)
    return email.message_from_bytes(content)


def _certificate(folder: Path) -> Path:
    """A certificate for this machine that nobody vouches for, with its key."""
    key, now = new_private_key(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, SHA256())
    )
    target = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    target.write_bytes(private + made.public_bytes(Encoding.PEM))
    return target


def _authenticate(*given: Any) -> AuthResult:
    login = given[-1]
    assert isinstance(login, LoginPassword)
    # Not handled: the server is to answer 535 itself.
    return AuthResult(success=login == LoginPassword(b"us", b"secret"), handled=False)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of the server."""
    return _certificate(tmp_path)


@pytest.fixture
def tls_port(inbox: Inbox, certificate: Path) -> Iterator[int]:
    """A server that wants STARTTLS and a log-in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    wants = {"require_starttls": True, "auth_required": True, "authenticator": _authenticate}
    with smtp_server(inbox, tls_context=context, **wants) as given:
        yield given


def test_starttls_and_log_in(inbox: Inbox, tls_port: int, certificate: Path) -> None:
    """With a certificate that we trust."""
    trust = ssl.create_default_context(cafile=str(certificate))
    mailer = mailer_of(tls_port, security="starttls", username="us", password="secret", tls=trust)
    mailer.open()
    mailer.send(MAIL)
    assert len(inbox.envelopes) == 1
    assert all(finding.ok for finding in mailer.examine())
    mailer.close()


def test_a_wrong_password_is_a_finding(tls_port: int, certificate: Path) -> None:
    """And refused where it is opened."""
    trust = ssl.create_default_context(cafile=str(certificate))
    mailer = mailer_of(tls_port, security="starttls", username="us", password="wrong", tls=trust)
    (finding,) = mailer.examine()
    assert not finding.ok
    assert "password" in finding.advice
    with pytest.raises(SinkRefused):
        mailer.open()


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_port: int) -> None:
    """The password is not sent there."""
    with pytest.raises(SinkRefused, match="certificate"):
        mailer_of(tls_port, security="starttls", username="us", password="secret").open()


def test_a_server_without_tls_is_refused_where_tls_is_wanted(port: int) -> None:
    """Nobody on the way may talk us out of it."""
    with pytest.raises(SinkRefused, match="STARTTLS"):
        mailer_of(port, security="starttls").open()
