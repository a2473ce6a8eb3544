"""SMTP, for those without SendGrid: the standard library's client, with time-outs."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from typing import Literal, TypeAlias

from schemas.errors import CloseloopError, SinkRefused, SinkUnreachable
from sinks.contracts import Finding, Mail
from sinks.mail.compose import MESSAGE_ARG, check, headers_of, message_id_of, one_line

TIMEOUT_S = 10.0
_PERMANENT = 500
_FINE = 250
Security: TypeAlias = Literal["none", "starttls", "ssl"]


class SmtpMailer:
    """Mails over one SMTP connection, made again when the server has let go of it.

    Args:
        host, port: the server.
        sender_email, sender_name: who it is from.
        username, password: empty where the server wants none.
        security: ``starttls`` and ``ssl`` check the server's certificate.
        tls: another idea of which certificates are good; the system's by default.
    """

    def __init__(  # noqa: PLR0913 plain settings, by name
        self,
        host: str,
        port: int,
        sender_email: str,
        sender_name: str = "",
        *,
        username: str = "",
        password: str = "",
        security: Security = "starttls",
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._sender_email = sender_email
        self._sender_name = sender_name
        self._login = (username, password)
        self._security = security
        self._timeout_s = timeout_s
        self._tls = tls
        self._connection: smtplib.SMTP | None = None

    def open(self) -> None:
        """Connect and log in."""
        self.close()
        with self._answers("connect"):
            self._connection = self._connect()

    def close(self) -> None:
        """Say goodbye if the server still listens; safe to repeat."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def send(self, mail: Mail) -> str:
        """Hand over one mail; always empty, SMTP gives no id.

        Effects: one mail. Repeating it sends a second, with the same ``Message-ID``.

        Raises:
            Temporary: not taken, or not known whether it was.
            SinkRefused: will never be taken.
        """
        check(mail)
        message = self._composed(mail)
        if not self._is_alive():
            self.open()
        with self._answers(f"mail {mail.message_id}"):
            # Not send_message(): it writes ">From" where a line of the words begins with "From".
            self._alive.sendmail(self._sender_email, [mail.to_email], message.as_bytes())
        return ""

    def examine(self) -> list[Finding]:
        """Whether the server lets us in; whom it relays for is seen with the first mail."""
        where = f"SMTP server {self._host}:{self._port} lets us in"
        try:
            self.open()
        except SinkRefused as error:
            return [Finding(what=str(error), ok=False, advice="check user, password and security")]
        return [Finding(what=where, ok=True)]

    @property
    def _alive(self) -> smtplib.SMTP:
        if self._connection is None:
            raise RuntimeError("open() comes before any call")
        return self._connection

    def _is_alive(self) -> bool:
        """A server lets go of a silent client after minutes, and our mails are hours apart."""
        try:
            return self._alive.noop()[0] == _FINE
        except (smtplib.SMTPException, OSError):
            self.close()
            return False

    def _connect(self) -> smtplib.SMTP:
        tls = self._tls or ssl.create_default_context()
        if self._security == "ssl":
            made: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout_s, context=tls
            )
        else:
            made = smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)
        try:
            if self._security == "starttls":
                made.starttls(context=tls)
            if self._login[0]:
                made.login(*self._login)
        except BaseException:
            made.close()
            raise
        return made

    def _composed(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        domain = self._sender_email.rpartition("@")[2]
        try:
            message["From"] = Address(one_line(self._sender_name), addr_spec=self._sender_email)
            message["To"] = Address(one_line(mail.to_name), addr_spec=mail.to_email)
            message["Subject"] = one_line(mail.subject)
            message["Message-ID"] = message_id_of(mail, domain)
            message["X-" + MESSAGE_ARG.replace("_", "-").title()] = one_line(mail.message_id)
            message["Date"] = localtime()
            for name, value in headers_of(mail).items():
                message[name] = value
            message.set_content(mail.text)
            message.add_alternative(mail.html, subtype="html")
        except (ValueError, IndexError, UnicodeError) as error:
            raise SinkRefused(f"mail {mail.message_id} cannot be written: {error}") from None
        return message

    @contextmanager
    def _answers(self, what: str) -> Iterator[None]:
        """Turn what the client raises into one of our errors, and let go of the connection.

        After a failure nobody knows which command the server is at.
        """
        try:
            yield
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise _error_of(f"SMTP {what}", error) from None


def _error_of(what: str, error: Exception) -> CloseloopError:
    """A code of 500 and above is for good; below it, and silence, is worth another try."""
    said: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, said = error.smtp_code, error.smtp_error
    elif isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError):
        return SinkRefused(f"{what}: {error}")
    else:
        return SinkUnreachable(f"{what}: {type(error).__name__}: {error}")
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    reason = f"{what}: {code} {words}"
    return SinkRefused(reason, code) if code >= _PERMANENT else SinkUnreachable(reason)
