"""Whether an event webhook is SendGrid's: ECDSA over its timestamp and the raw body.

Source: Twilio SendGrid, "Event Webhook Security Features"; vector of the vendor's own library
(read 2026-07). The package's helper does not look at the timestamp's age, so it is done here.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from schemas.errors import BadSettings

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
FRESH_S = 300
"""How far the timestamp may be from our clock, to either side."""
_LONGEST_TIMESTAMP = 12


def public_key_of(text: str) -> EllipticCurvePublicKey:
    """The key that SendGrid's settings page shows: base64 of DER, with or without PEM's armour.

    Raises:
        BadSettings: it is no such key; every event would look forged.
    """
    body = "".join(line for line in text.split("\n") if not line.startswith("-----"))
    try:
        key = load_der_public_key(base64.b64decode("".join(body.split()), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePublicKey):
        raise BadSettings(["the public key of SendGrid's event webhook is not an ECDSA key"])
    return key


def is_authentic(
    key: EllipticCurvePublicKey, signature: str, timestamp: str, body: bytes, now: datetime
) -> bool:
    """Whether the holder of the private key sent exactly this, within `FRESH_S` of `now`.

    Args:
        key: from `public_key_of`.
        signature: the header's value, base64; empty where it is missing.
        timestamp: the header's value, seconds since 1970; empty where it is missing.
        body: raw as it came, with its closing line break.
        now: aware.
    """
    if not _is_fresh(timestamp, now):
        return False
    try:
        key.verify(
            base64.b64decode(signature, validate=True), timestamp.encode() + body, ECDSA(SHA256())
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def new_private_key() -> EllipticCurvePrivateKey:
    """A key to sign with, for the stand-in and for tests."""
    return generate_private_key(SECP256R1())


def public_text_of(key: EllipticCurvePrivateKey) -> str:
    """The public half as SendGrid shows it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def signed_headers(key: EllipticCurvePrivateKey, body: bytes, now: datetime) -> dict[str, str]:
    """The two headers that make `body` authentic at `now`."""
    timestamp = str(int(now.timestamp()))
    signature = key.sign(timestamp.encode() + body, ECDSA(SHA256()))
    return {
        SIGNATURE_HEADER: base64.b64encode(signature).decode(),
        TIMESTAMP_HEADER: timestamp,
    }


def _is_fresh(timestamp: str, now: datetime) -> bool:
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP
    return is_number and abs(now.timestamp() - int(timestamp)) <= FRESH_S
