"""Whether a request is Typeform's: HMAC-SHA256 of the raw body.

There is no timestamp, so an old delivery can be played back: it carries the same event id and
record, and is known by them.

Source: Typeform, "Secure your webhooks" (read 2026-07).
"""

from __future__ import annotations

from datetime import datetime

from schemas.delivery import Delivery
from streams.collect.signing import base64_of, header, hmac_sha256, require_same

SIGNATURE = "typeform-signature"


def signature_of(secret: str, body: bytes) -> str:
    """The header's value that is due."""
    return f"sha256={base64_of(hmac_sha256(secret, body))}"


def verify(delivery: Delivery, secret: str, _now: datetime) -> None:
    """Raises `NotAuthentic` where Typeform did not send exactly this."""
    require_same(header(delivery, SIGNATURE), signature_of(secret, delivery.body))
