"""Whether a request is HubSpot's: HMAC-SHA256 of method, public URL, raw body and timestamp.

HubSpot's own libraries take a timestamp from the future; here the window has two sides.

Source: HubSpot, "Validating requests", version 3 (read 2026-07).
"""

from __future__ import annotations

from datetime import datetime

from schemas.delivery import Delivery
from schemas.errors import InvalidEvent
from streams.collect.outside import Outside
from streams.collect.signing import base64_of, header, hmac_sha256, require_fresh, require_same
from streams.collect.source import TimestampStale

SIGNATURE = "x-hubspot-signature-v3"
TIMESTAMP = "x-hubspot-request-timestamp"
_LONGEST_TIMESTAMP = 15
_DECODED = {
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%2F": "/",
    "%3A": ":",
    "%3B": ";",
    "%3F": "?",
    "%40": "@",
}
"""What HubSpot decodes in the URL before it signs, and nothing else."""


def signature_of(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """The header's value that is due."""
    for code, character in _DECODED.items():
        url = url.replace(code, character).replace(code.lower(), character)
    said = (method + url).encode("utf-8", "replace")
    return base64_of(hmac_sha256(secret, said, body, timestamp.encode("utf-8", "replace")))


def verify(delivery: Delivery, secret: str, now: datetime) -> None:
    """Raises `NotAuthentic` where HubSpot did not send exactly this here, just now."""
    signature, timestamp = header(delivery, SIGNATURE), header(delivery, TIMESTAMP)
    due = signature_of(secret, delivery.method, delivery.url, delivery.body, timestamp)
    require_same(signature, due)
    require_fresh(_instant(timestamp), now)


def _instant(timestamp: str) -> datetime:
    """Milliseconds since 1970, in digits."""
    is_count = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP
    try:
        return Outside(int(timestamp) if is_count else None).milliseconds()
    except InvalidEvent as error:
        raise TimestampStale(error.reason) from None
