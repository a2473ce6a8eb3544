"""What every signature check is made of; all comparisons take the same time, right or wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from schemas.delivery import Delivery
from streams.collect.source import SignatureMissing, SignatureWrong, TimestampStale

FRESH_S = 300
"""How far a signed timestamp may be from our clock, to either side."""


def header(delivery: Delivery, name: str) -> str:
    """The value of a header that must be there; `SignatureMissing` otherwise."""
    value = delivery.headers.get(name.lower(), "").strip()
    if not value:
        raise SignatureMissing(f"no {name}")
    return value


def hmac_sha256(secret: str, *parts: bytes) -> bytes:
    """HMAC-SHA256 of the parts in a row."""
    if not secret:
        raise ValueError("an empty secret signs nothing")
    signer = hmac.new(secret.encode(), digestmod=hashlib.sha256)
    for part in parts:
        signer.update(part)
    return signer.digest()


def base64_of(signature: bytes) -> str:
    """As Typeform, Zendesk and HubSpot write it."""
    return base64.b64encode(signature).decode("ascii")


def require_same(given: str, due: str) -> None:
    """`SignatureWrong` unless both are the same; a header may hold anything, also non-ASCII."""
    if not hmac.compare_digest(given.encode("utf-8", "replace"), due.encode()):
        raise SignatureWrong("another signature is due")


def require_fresh(signed_at: datetime, now: datetime) -> None:
    """`TimestampStale` where the time is off by more than `FRESH_S`, to either side."""
    off_s = abs((now - signed_at).total_seconds())
    if off_s > FRESH_S:
        raise TimestampStale(f"the timestamp is {off_s:.0f} s off")
