"""SendGrid's v3 API by way of the `sendgrid` package; nothing else of ours imports that.

What was found by running it, and is kept off (each has a test): it has no time-out of its own; it
logs payload and API key at level debug; an empty key becomes the one of the environment, or the
word None; it follows a redirect with a GET; its mail helper sends top-level custom arguments in a
form that SendGrid's own document forbids. So the request body is built here.
"""

from __future__ import annotations

import http.client
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from schemas.errors import BadSettings, SinkRefused, SinkUnreachable
from sinks.contracts import Finding, Mail
from sinks.http.answers import failure
from sinks.mail.compose import MESSAGE_ARG, check, headers_of, one_line

HOST = "https://api.sendgrid.com"
TIMEOUT_S = 10.0
_SCOPE = "mail.send"


class _Fault(msgspec.Struct):
    message: str = ""
    field: str | None = None


class _Faults(msgspec.Struct):
    errors: list[_Fault] = []


class SendGridMailer:
    """Mails over SendGrid.

    Args:
        api_key: with the right to send.
        sender_email: a verified sender, or of an authenticated domain.
        sender_name: what recipients see.
        host: where the API is; ``https://api.eu.sendgrid.com`` for EU subusers, or a stand-in.
    """

    def __init__(
        self,
        api_key: str,
        sender_email: str,
        sender_name: str = "",
        *,
        host: str = HOST,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._api_key = api_key
        self._sender = _address(sender_email, sender_name)
        self._host = host.rstrip("/")
        self._timeout_s = timeout_s
        self._opened: SendGridAPIClient | None = None

    def open(self) -> None:
        """Get ready; nothing is connected before the first mail.

        Raises:
            BadSettings: the key cannot be one.
        """
        if not re.fullmatch(r"[!-~]+", self._api_key):
            raise BadSettings(["the SendGrid API key is empty or holds characters that no key has"])
        # Faust may set the root logger to debug, and the package logs the key and every mail there.
        logging.getLogger("python_http_client").setLevel(logging.INFO)
        client = SendGridAPIClient(self._api_key, host=self._host)
        client.client.timeout = self._timeout_s
        self._opened = client

    def close(self) -> None:
        """Nothing is connected; safe to repeat."""
        self._opened = None

    def send(self, mail: Mail) -> str:
        """Hand over one mail; SendGrid's ``X-Message-Id``, empty where it gives none.

        Effects: one POST. Repeating it sends a second mail: SendGrid knows no idempotency key.

        Raises:
            Temporary: not taken, or not known whether it was.
            SinkRefused: will never be taken.
        """
        check(mail)
        client = self._client
        with _answers("SendGrid"):
            answer = client.client.mail.send.post(request_body=self._body(mail))
        if answer.status_code != HTTPStatus.ACCEPTED:
            raise SinkRefused(f"SendGrid answered {answer.status_code}, 202 was due")
        return str(answer.headers.get("X-Message-Id") or "")

    def examine(self) -> list[Finding]:
        """Whether the key may send, and whether the account has any sender that is verified."""
        scopes = self._client.client.scopes
        senders = self._client.client.verified_senders.steps_completed
        return [_examined(_key_finding, scopes.get), _examined(_sender_finding, senders.get)]

    @property
    def _client(self) -> SendGridAPIClient:
        if self._opened is None:
            raise RuntimeError("open() comes before any call")
        return self._opened

    def _body(self, mail: Mail) -> dict[str, Any]:
        """The request, as SendGrid's mail document has it; text stands before HTML, or it refuses.

        Tracking is off: it would rewrite the signed links, and turn a scanner's look into a click.
        """
        return {
            "personalizations": [
                {
                    "to": [_address(mail.to_email, mail.to_name)],
                    "headers": headers_of(mail),
                    "custom_args": {MESSAGE_ARG: mail.message_id},
                }
            ],
            "from": self._sender,
            "subject": one_line(mail.subject),
            "content": [
                {"type": "text/plain", "value": mail.text},
                {"type": "text/html", "value": mail.html},
            ],
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
                "subscription_tracking": {"enable": False},
            },
        }


def _address(email: str, name: str) -> dict[str, str]:
    shown = one_line(name)
    return {"email": email, "name": shown} if shown else {"email": email}


def _examined(finding_of: Callable[[Any], Finding], get: Callable[[], Any]) -> Finding:
    """A refusal is a finding too."""
    try:
        with _answers("SendGrid"):
            answer = get()
            return finding_of(msgspec.json.decode(answer.body))
    except SinkRefused as error:
        if error.status == HTTPStatus.FORBIDDEN and finding_of is _sender_finding:
            return Finding(what="the SendGrid key may not look at senders", ok=True)
        return Finding(what=str(error), ok=False, advice="make a new API key with Mail Send rights")


def _key_finding(answer: Any) -> Finding:
    held = answer.get("scopes", []) if isinstance(answer, dict) else []
    ok = _SCOPE in held
    advice = "" if ok else f"give the API key the scope {_SCOPE}"
    return Finding(what="the SendGrid key may send", ok=ok, advice=advice)


def _sender_finding(answer: Any) -> Finding:
    """Which sender is verified is not asked: an authenticated domain vouches for all of its own."""
    steps = answer.get("results", {}) if isinstance(answer, dict) else {}
    ok = bool(steps.get("sender_verified") or steps.get("domain_verified"))
    advice = "" if ok else "verify the sender, or authenticate its domain, in SendGrid's settings"
    return Finding(what="SendGrid has a verified sender or domain", ok=ok, advice=advice)


@contextmanager
def _answers(what: str) -> Iterator[None]:
    """Turn whatever the package raises into one of our errors."""
    try:
        yield
    except HTTPError as error:
        reason = _reason_of(error.body) or str(error.reason)
        headers = dict(error.headers or {})
        raise failure(what, error.status_code, reason, headers, datetime.now(UTC)) from None
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise SinkUnreachable(f"{what}: {type(error).__name__}: {error}") from None


def _reason_of(body: bytes) -> str:
    """SendGrid's own words; empty where the body is not its JSON."""
    try:
        faults = msgspec.json.decode(body, type=_Faults).errors
    except msgspec.MsgspecError:
        return ""
    return "; ".join(f"{fault.field}: {fault.message}".removeprefix("None: ") for fault in faults)
