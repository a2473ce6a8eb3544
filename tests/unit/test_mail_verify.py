"""Only SendGrid's own events are taken, and only fresh ones."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from schemas.errors import BadSettings
from sinks.mail.verify import (
    FRESH_S,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    is_authentic,
    new_private_key,
    public_key_of,
    public_text_of,
    signed_headers,
)
from tests.contract.prism import material

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
BODY = b'[{"event":"delivered"}]\r\n'
KEY = new_private_key()
PUBLIC = public_key_of(public_text_of(KEY))


def check(body: bytes = BODY, now: datetime = NOW, **headers: str) -> bool:
    """Whether `body`, signed at `NOW`, is taken at `now`; headers may be replaced."""
    signed = signed_headers(KEY, BODY, NOW)
    signature = headers.get("signature", signed[SIGNATURE_HEADER])
    timestamp = headers.get("timestamp", signed[TIMESTAMP_HEADER])
    return is_authentic(PUBLIC, signature, timestamp, body, now)


def vector() -> dict[str, Any]:
    """What the vendor's own library is tested with."""
    found: dict[str, Any] = json.loads(
        material("webhooks/sendgrid/signature_vector.json").read_bytes()
    )
    return found


def test_the_vendors_vector_is_authentic() -> None:
    """At its time, over its raw body, and not with another key, signature or line end."""
    given = vector()
    body = material("webhooks/sendgrid/signature_vector.payload.bin").read_bytes()
    key = public_key_of(given["public_key_base64_der_spki"])
    wrong_key = public_key_of(given["wrong_public_key_base64"])
    timestamp, signature = given["timestamp"], given["signature_base64"]
    now = datetime.fromtimestamp(int(timestamp), UTC)
    assert is_authentic(key, signature, timestamp, body, now)
    assert not is_authentic(wrong_key, signature, timestamp, body, now)
    assert not is_authentic(key, given["wrong_signature_base64"], timestamp, body, now)
    assert not is_authentic(key, signature, timestamp, body.rstrip(), now)


def test_what_we_sign_is_authentic() -> None:
    """So that the stand-in's events are taken."""
    assert check()


@pytest.mark.parametrize("direction", [1, -1])
def test_a_timestamp_is_fresh_for_five_minutes_either_side(direction: int) -> None:
    """The vendor's library takes any; one from the future would stay fresh for long."""
    assert check(now=NOW + direction * timedelta(seconds=FRESH_S))
    assert not check(now=NOW + direction * timedelta(seconds=FRESH_S + 1))


@pytest.mark.parametrize(
    "timestamp", ["", "-1", "1e9", "1 782907200", "²", "9" * 5000, "1782907200.0", "soon"]
)
def test_a_timestamp_that_is_none_is_forged(timestamp: str) -> None:
    """Also one that would take long to read."""
    assert not check(timestamp=timestamp)


@pytest.mark.parametrize("signature", ["", "AAAA", "A", "====", "größe", "MEUCIQ==", "!" * 10_000])
def test_a_signature_that_is_none_is_forged(signature: str) -> None:
    """False, and no exception: anybody can send one."""
    assert not check(signature=signature)


def test_a_changed_body_is_forged() -> None:
    """Even by one byte that JSON does not mind."""
    assert not check(body=BODY + b" ")
    assert not check(body=BODY.replace(b"\r\n", b"\n"))


def test_a_key_may_come_in_pem() -> None:
    """As people paste it, with line breaks of any kind."""
    text = public_text_of(KEY)
    pem = (
        f"-----BEGIN PUBLIC KEY-----\r\n{text[:64]}\r\n{text[64:]}\r\n-----END PUBLIC KEY-----\r\n"
    )
    assert public_key_of(pem).public_numbers() == PUBLIC.public_numbers()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a key",
        public_text_of(KEY)[:-8],
        base64.b64encode(
            Ed25519PrivateKey.generate()
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode(),
    ],
    ids=["empty", "words", "truncated", "another kind"],
)
def test_a_malformed_key_is_a_fault_of_the_settings(text: str) -> None:
    """Found at the start, not with the first event."""
    with pytest.raises(BadSettings):
        public_key_of(text)
