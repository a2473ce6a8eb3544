"""What the parser of today makes of one delivery: for `closeloop parse` and `replay`. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import msgspec

from schemas.codec import Headers
from schemas.delivery import Delivery, decode_delivery, encode_delivery
from schemas.errors import InvalidEvent, Undecodable
from schemas.topics import SOURCES as TOPICS
from sinks.contracts import Outgoing
from streams.batches import Record
from streams.collect.registry import source
from streams.collect.source import Ignored
from streams.collect.stage import CollectStage

REPLAYABLE = tuple(
    topic.name.removeprefix("source.") for topic in TOPICS if topic.name != "source.reply"
)
"""An answer to one of our mails has one effect and no parser: there is nothing to replay."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery amounts to.

    Attributes:
        outgoing: its events, as they are published.
        ignored: its parts that are left alone on purpose.
        error: what is wrong with the rest of it, or with all of it.
    """

    outgoing: tuple[Outgoing, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    error: InvalidEvent | None = None


class Kept(msgspec.Struct):
    """A record of ``source.<name>``."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def delivery_of(name: str, body: bytes, headers: Mapping[str, str], now: datetime) -> Delivery:
    """The delivery that a vendor's request with this body would be; unsigned.

    Raises:
        UnknownType: no source is called so.
    """
    found = source(name)
    kept = {"content-type": "application/json"} | {k.lower(): v for k, v in headers.items()}
    return Delivery(
        id=found.delivery_id(body),
        source=name,
        received_at=now,
        method="POST",
        url=f"https://localhost/v1/sources/{name}",
        headers={k: v for k, v in kept.items() if k in found.headers or k == "content-type"},
        body=body,
    )


def kept(delivery: Delivery) -> Kept:
    """The delivery as the gateway would keep it."""
    value, headers = encode_delivery(delivery)
    return Kept(f"source.{delivery.source}", 0, 0, delivery.id.encode(), value, headers)


def read_again(record: Record, now: datetime, replayed: datetime | None = None) -> Reading:
    """The events of a delivery; they have the ids that they had the first time.

    Args:
        record: of ``source.<name>``.
        now: no event may be from after it.
        replayed: stamped on the events, so that they count more than those of the first time.
    """
    try:
        collected = CollectStage(replayed).read(record, now)
    except InvalidEvent as error:
        return Reading(error=error)
    delivery = decode_delivery(record.value, record.headers)
    results = source(delivery.source).parse(delivery)
    ignored = tuple(each for each in results if isinstance(each, Ignored))
    return Reading(outgoing=collected.outgoing, ignored=ignored, error=collected.error)


def headers_of(text: str) -> dict[str, str]:
    """HTTP headers as people keep them: a JSON object, or ``Name: value`` lines.

    Raises:
        Undecodable: it is neither.
    """
    if text.lstrip().startswith("{"):
        try:
            return msgspec.convert(json.loads(text), dict[str, str])
        except (ValueError, msgspec.ValidationError) as error:
            raise Undecodable(f"not an object of headers: {error}", "$.headers") from None
    found: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            raise Undecodable(f"not a header: {line[:60]!r}", "$.headers")
        found[name.strip()] = value.strip()
    return found
