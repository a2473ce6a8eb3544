"""Whether a request is Zendesk's: HMAC-SHA256 of its timestamp and the raw body.

The secret is used as it is written, not decoded. Zendesk names no time-out; ours is five minutes.

Source: Zendesk, "Verifying webhooks" (read 2026-07).
"""

from __future__ import annotations

from datetime import datetime

from schemas.delivery import Delivery
from schemas.errors import InvalidEvent
from streams.collect.outside import Outside
from streams.collect.signing import base64_of, header, hmac_sha256, require_fresh, require_same
from streams.collect.source import TimestampStale

SIGNATURE = "x-zendesk-webhook-signature"
TIMESTAMP = "x-zendesk-webhook-signature-timestamp"


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """The header's value that is due."""
    return base64_of(hmac_sha256(secret, timestamp.encode("utf-8", "replace"), body))


def verify(delivery: Delivery, secret: str, now: datetime) -> None:
    """Raises `NotAuthentic` where Zendesk did not send exactly this, just now."""
    signature, timestamp = header(delivery, SIGNATURE), header(delivery, TIMESTAMP)
    require_same(signature, signature_of(secret, timestamp, delivery.body))
    require_fresh(_instant(timestamp), now)


def _instant(timestamp: str) -> datetime:
    try:
        return Outside(timestamp).instant()
    except InvalidEvent as error:
        raise TimestampStale(error.reason) from None
