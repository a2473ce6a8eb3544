"""What both mailers say of a mail besides its words; pure."""

from __future__ import annotations

import hashlib
import re

from schemas.errors import SinkRefused
from sinks.contracts import Mail

MESSAGE_ARG = "closeloop_message_id"
"""The custom argument that carries our id; SendGrid repeats it in every event on the mail."""
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_URL = re.compile(r"https?://[^\s<>,]+")


def check(mail: Mail) -> None:
    """Refuse what a provider would take and could not deliver, or would refuse in its own words.

    Raises:
        SinkRefused: without words, without subject, or with an address that is none.
    """
    if not (mail.text.strip() and mail.html.strip()):
        raise SinkRefused(f"mail {mail.message_id} has no words in text, in HTML or in both")
    if not one_line(mail.subject):
        raise SinkRefused(f"mail {mail.message_id} has no subject")
    user, _, host = mail.to_email.rpartition("@")
    is_plain = mail.to_email.isascii() and not re.search(r"[\s<>,;]", mail.to_email)
    if not (user and host and is_plain):
        raise SinkRefused(f"mail {mail.message_id} has no valid recipient")
    if mail.unsubscribe_url is not None and not _URL.fullmatch(mail.unsubscribe_url):
        raise SinkRefused(f"mail {mail.message_id} has an unsubscribe link that no header can hold")


def headers_of(mail: Mail) -> dict[str, str]:
    """Headers beside the usual ones: no auto-replies, and one-click unsubscribe (RFC 8058)."""
    headers = {"Auto-Submitted": "auto-generated"}
    if mail.unsubscribe_url is not None:
        headers["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def message_id_of(mail: Mail, domain: str) -> str:
    """The ``Message-ID`` header: the same for the same mail, so that readers drop a second copy."""
    own = mail.message_id
    name = own if _TOKEN.fullmatch(own) else hashlib.sha256(own.encode()).hexdigest()
    return f"<{name}@{domain}>"


def one_line(text: str) -> str:
    """White space and control characters collapsed: a header must not end early."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
