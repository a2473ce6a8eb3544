"""Whether a request is Jira's: HMAC-SHA256 of the raw body, if the webhook has a secret.

There is no timestamp; an old delivery that is played back is older than what we know, and loses.

Source: Atlassian, "Secure admin webhooks" (read 2026-07).
"""

from __future__ import annotations

from datetime import datetime

from schemas.delivery import Delivery
from streams.collect.signing import header, hmac_sha256, require_same

SIGNATURE = "x-hub-signature"


def signature_of(secret: str, body: bytes) -> str:
    """The header's value that is due."""
    return f"sha256={hmac_sha256(secret, body).hex()}"


def verify(delivery: Delivery, secret: str, _now: datetime) -> None:
    """Raises `NotAuthentic` where Jira did not send exactly this."""
    require_same(header(delivery, SIGNATURE), signature_of(secret, delivery.body))
