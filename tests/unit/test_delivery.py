"""A delivery survives its way over Kafka, without what must not travel."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.delivery import CREDENTIALS, Delivery, decode_delivery, encode_delivery
from schemas.errors import InvalidEvent, Undecodable

DELIVERY = Delivery(
    id="01J3",
    source="typeform",
    received_at=datetime(2026, 7, 28, 9, 30, 0, 123_456, tzinfo=UTC),
    method="POST",
    url="https://loop.example.com/v1/sources/typeform",
    headers={"content-type": "application/json; charset=utf-8", "typeform-signature": "sha256=x"},
    body=b'{"words": "Gr\xc3\xb6\xc3\x9fe"}\r\n\x00\xff',
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: name not in CREDENTIALS
)


@given(body=st.binary(), id_=TEXT, headers=st.dictionaries(NAMES, TEXT))
def test_what_was_encoded_is_decoded(body: bytes, id_: str, headers: dict[str, str]) -> None:
    """Byte for byte, whatever it holds."""
    delivery = msgspec.structs.replace(DELIVERY, body=body, id=id_, headers=headers)
    value, kafka_headers = encode_delivery(delivery)
    assert value == body
    assert decode_delivery(value, kafka_headers) == delivery


def test_its_time_is_written_in_utc() -> None:
    """Whichever zone the clock had."""
    tokyo = timezone(timedelta(hours=9))
    there = msgspec.structs.replace(DELIVERY, received_at=DELIVERY.received_at.astimezone(tokyo))
    assert encode_delivery(there) == encode_delivery(DELIVERY)


@pytest.mark.parametrize("name", [*sorted(CREDENTIALS), "Authorization", "COOKIE"])
def test_credentials_stay_behind(name: str) -> None:
    """Even where somebody asks for them."""
    secret = {**DELIVERY.headers, name: "hunter2"}
    _, headers = encode_delivery(msgspec.structs.replace(DELIVERY, headers=secret))
    assert b"hunter2" not in b"".join(value for _, value in headers)
    assert decode_delivery(DELIVERY.body, headers) == DELIVERY


def test_the_query_stays_behind() -> None:
    """Vendors without signatures have people put secrets there."""
    asked = msgspec.structs.replace(DELIVERY, url=f"{DELIVERY.url}?token=hunter2")
    assert encode_delivery(asked) == encode_delivery(DELIVERY)


@pytest.mark.parametrize("name", ["id", "source", "received_at", "method", "url"])
def test_a_record_that_the_gateway_did_not_write_is_dead(name: str) -> None:
    """It says which header is missing."""
    value, headers = encode_delivery(DELIVERY)
    kept = [(n, v) for n, v in headers if n != f"delivery_{name}"]
    with pytest.raises(InvalidEvent) as error:
        decode_delivery(value, kept)
    assert error.value.path == f"$.headers.delivery_{name}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("delivery_received_at", b"yesterday"),
        ("delivery_received_at", b"2026-07-28T09:30:00"),
        ("delivery_source", b"No Slug"),
        ("delivery_id", b"x" * 201),
        ("delivery_id", None),
    ],
)
def test_a_header_that_cannot_be_right_is_dead(name: str, value: Any) -> None:
    """Also one without a value, which Kafka allows."""
    body, headers = encode_delivery(DELIVERY)
    with pytest.raises(InvalidEvent) as error:
        decode_delivery(body, [(n, value if n == name else v) for n, v in headers])
    assert error.value.path.startswith("$.headers")


def test_a_record_without_a_value_or_without_text_in_its_headers_is_dead() -> None:
    """Tombstones and strangers."""
    value, headers = encode_delivery(DELIVERY)
    with pytest.raises(Undecodable):
        decode_delivery(None, headers)
    with pytest.raises(Undecodable) as error:
        decode_delivery(value, [*headers, ("odd", b"\xff")])
    assert error.value.path == "$.headers.odd"
