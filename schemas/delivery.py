"""A delivery: one HTTP request of a source, as the gateway takes and ``source.<name>`` keeps it.

The record's value is the request's body byte for byte; its key is the delivery id. Everything else
stands in the record's headers:

===========================  ======================================================
``content-type``             the request's own
``delivery_id``              the same for a re-delivery
``delivery_source``          the name of the source
``delivery_received_at``     when it came in, ISO 8601
``delivery_method``          the HTTP method
``delivery_url``             the public URL, without its query: secrets are put there
``http_<name>``              the HTTP headers that the source needs, never a credential
===========================  ======================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

import msgspec

from schemas.codec import Headers
from schemas.errors import InvalidEvent, Undecodable
from schemas.events import Id, Instant, Name, Slug

HTTP_PREFIX = "http_"
CREDENTIALS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key", "x-auth-token"}
)
"""HTTP headers that are never written to Kafka, whoever asks for them."""
_PREFIX = "delivery_"
_ATTRIBUTES = ("id", "source", "received_at", "method", "url")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a source.

    Attributes:
        id: the same for a re-delivery of the same content.
        source: as in ``source.<name>``.
        url: as the sender sees it, from outside any proxy.
        headers: lower-case name -> value; those of a repeated name joined by a comma.
        body: raw, as it was signed.
    """

    id: Id
    source: Slug
    received_at: Instant
    method: Name
    url: str
    headers: Mapping[str, str]
    body: bytes


def encode_delivery(delivery: Delivery) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of the Kafka record; credentials and the URL's query stay behind."""
    said = {
        "id": delivery.id,
        "source": delivery.source,
        "received_at": delivery.received_at.astimezone(UTC).isoformat(),
        "method": delivery.method,
        "url": delivery.url.partition("?")[0],
    }
    headers = [(f"{_PREFIX}{name}", _bytes(value)) for name, value in said.items()]
    kept = {n: v for n, v in delivery.headers.items() if n.lower() not in CREDENTIALS}
    if "content-type" in kept:
        headers.insert(0, ("content-type", _bytes(kept.pop("content-type"))))
    headers += [(f"{HTTP_PREFIX}{name.lower()}", _bytes(value)) for name, value in kept.items()]
    return delivery.body, headers


def decode_delivery(value: bytes | None, headers: Headers) -> Delivery:
    """The delivery that a record of ``source.<name>`` carries.

    Raises:
        InvalidEvent: dead-lettered; it was not the gateway who wrote it.
    """
    if value is None:
        raise Undecodable("a delivery without a body")
    said = {name: _text(name, held) for name, held in headers}
    for name in _ATTRIBUTES:
        if not said.get(f"{_PREFIX}{name}"):
            raise InvalidEvent("required header is missing", f"$.headers.{_PREFIX}{name}")
    attributes = {name: said[f"{_PREFIX}{name}"] for name in _ATTRIBUTES}
    try:
        return msgspec.convert(
            {**attributes, "headers": _http_headers(said), "body": value}, Delivery
        )
    except msgspec.ValidationError as error:
        raise InvalidEvent(f"not a delivery: {error}", "$.headers") from None


def _http_headers(said: Mapping[str, str]) -> dict[str, str]:
    http = {
        name[len(HTTP_PREFIX) :]: value
        for name, value in said.items()
        if name.startswith(HTTP_PREFIX)
    }
    return {"content-type": said["content-type"], **http} if "content-type" in said else http


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _text(name: str, value: bytes | None) -> str:
    """Kafka lets a header's value be null, whatever drivers say."""
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        raise Undecodable("header is not UTF-8", f"$.headers.{name}") from None
