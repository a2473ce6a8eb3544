"""Whether a request is SendGrid's: ECDSA over its timestamp and raw body, as `sinks.mail` knows it.

Source: Twilio SendGrid, "Event Webhook Security Features" (read 2026-07).
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from schemas.delivery import Delivery
from sinks.mail.verify import SIGNATURE_HEADER, TIMESTAMP_HEADER, is_authentic, public_key_of
from streams.collect.signing import header
from streams.collect.source import SignatureWrong

SIGNATURE = SIGNATURE_HEADER.lower()
TIMESTAMP = TIMESTAMP_HEADER.lower()
_BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?")
"""As it is written by whoever writes it properly; Python reads it with more at its end, too."""


def verify(delivery: Delivery, secret: str, now: datetime) -> None:
    """Raises `NotAuthentic` where SendGrid did not send exactly this, just now.

    Args:
        delivery: as it came.
        secret: the public key that SendGrid's settings page shows.
        now: aware.

    Raises:
        BadSettings: `secret` is no such key; every report would look forged.
    """
    signature, timestamp = header(delivery, SIGNATURE), header(delivery, TIMESTAMP)
    key = _key(secret)
    is_written_so = _BASE64.fullmatch(signature) is not None
    if not (is_written_so and is_authentic(key, signature, timestamp, delivery.body, now)):
        raise SignatureWrong("not signed by this key, or not now")


@lru_cache(maxsize=8)
def _key(text: str) -> EllipticCurvePublicKey:
    return public_key_of(text)
