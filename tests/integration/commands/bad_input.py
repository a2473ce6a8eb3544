"""Every kind of bad input that Kafka can carry, as a record, and as the letter it dies into."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from schemas.codec import STRUCTURED_HEADERS, Headers
from sinks.contracts import Outgoing
from streams.collect.stage import CollectStage
from streams.dead.burial import dead_letter
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.stage import LinkStage
from streams.ship.rules import Policy
from streams.ship.stage import ShipStage
from streams.verify.stage import ReplyStage

NOW = datetime.now(UTC)


class Read(msgspec.Struct):
    """A record as a worker reads it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Bad(NamedTuple):
    """A record that is wrong in one way.

    Attributes:
        told: what the explanation must hold, about what is wrong and what to do.
        marked: what must stand on the line that is marked.
    """

    topic: str
    value: bytes | None
    told: tuple[str, ...]
    marked: str
    headers: Headers = STRUCTURED_HEADERS
    key: bytes | None = b"survey:88"


def remark(**changes: Any) -> bytes:
    """A remark with some attributes or, by ``data=``, some fields changed; None removes."""
    data = {"origin": "upstream", "record": "88", "words": "We sort by hand."}
    data |= changes.pop("data", {})
    event = {
        "specversion": "1.0",
        "type": "closeloop.feedback.received.v1",
        "id": "survey:88:1",
        "source": "https://survey.example",
        "time": "2026-03-11T09:02:44Z",
        "data": {name: value for name, value in data.items() if value is not None},
    } | changes
    return json.dumps({name: v for name, v in event.items() if v is not None}).encode()


FEEDBACK = "feedback.received"
SOON = (NOW + timedelta(hours=6)).isoformat()
ZENDESK = [
    ("content-type", b"application/json"),
    ("delivery_id", b"d1"),
    ("delivery_source", b"zendesk"),
    ("delivery_received_at", b"2026-03-11T09:02:44Z"),
    ("delivery_method", b"POST"),
    ("delivery_url", b"https://feedback.example/v1/sources/zendesk"),
]
SHIPMENT = {
    "specversion": "1.0",
    "type": "closeloop.feature.shipped.v1",
    "id": "ci:1",
    "source": "/ci",
    "time": "2026-03-11T09:02:44Z",
    "data": {"issue_id": "10042", "generation": 2**53 + 1},
}
BINARY = [
    ("content-type", b"application/json"),
    ("ce_specversion", b"1.0"),
    ("ce_type", b"closeloop.feedback.received.v1"),
    ("ce_source", b"https://survey.example"),
]
CE = [*BINARY, ("ce_id", b"1")]

KINDS: dict[str, Bad] = {
    "broken JSON": Bad(FEEDBACK, b'{"id": "1", "data"', ("not JSON", "upstream systems"), "(end)"),
    "wrong type": Bad(
        FEEDBACK, remark(data={"words": 7}), ("Expected `str`", "$.data.words"), '"words": 7'
    ),
    "missing id": Bad(
        FEEDBACK, remark(id=None), ("missing required field `id`",), '"id": (missing)'
    ),
    "missing ce_id": Bad(
        FEEDBACK, b'{"origin": "survey"}', ("header is missing",), "ce_id: (missing)", BINARY
    ),
    "wrong field of a binary event": Bad(
        FEEDBACK, b'{"origin": "upstream", "record": 3}', ("$.data.record",), '"record": 3', CE
    ),
    "not UTF-8": Bad(FEEDBACK, remark().replace(b"hand", b"h\xff"), ("not JSON",), "\\xff"),
    "null character": Bad(
        FEEDBACK, remark(data={"words": "a\0b"}), ("null character",), '"words": "a\\u0000b"'
    ),
    "lone surrogate": Bad(FEEDBACK, remark().replace(b"hand", b"\\ud800"), ("not JSON",), "ud800"),
    "year 1": Bad(FEEDBACK, remark(time="0001-01-01T00:00:00Z"), ("not between 1990",), "0001"),
    "year 9999": Bad(
        FEEDBACK,
        remark(time="9999-12-31T23:59:59Z"),
        ("not between 1990", "correct it"),
        "9999",
    ),
    "from the future": Bad(
        FEEDBACK, remark(time=SOON), ("set its clock right", "closeloop dead redrive"), SOON[:10]
    ),
    "beyond 2^53": Bad(
        "feature.shipped", json.dumps(SHIPMENT).encode(), ("$.data.generation",), str(2**53 + 1)
    ),
    "unknown type": Bad(
        FEEDBACK, remark(type="no.such.v1"), ("Nobody declared", "$.type"), '"type": "no.such.v1"'
    ),
    "unknown source": Bad(
        FEEDBACK,
        remark(data={"origin": "stranger"}),
        ("add stranger to CLOSELOOP_UPSTREAM_SOURCES",),
        '"origin": "stranger"',
    ),
    "contradicting headers": Bad(
        FEEDBACK,
        remark(),
        ("say different things",),
        "ce_id: another",
        [*STRUCTURED_HEADERS, ("ce_id", b"another")],
    ),
    "no value": Bad(FEEDBACK, None, ("without a value",), "(no value)"),
    "no delivery": Bad(
        "source.zendesk", b"{}", ("header is missing",), "delivery_id: (missing)", ZENDESK[:1]
    ),
    "vendor's unknown event": Bad(
        "source.zendesk", b'{"type": "zen:event-type:x"}', ("ask zendesk",), "zen:event", ZENDESK
    ),
    "forged reply": Bad(
        "source.reply",
        json.dumps({"token": "forged", "at": "2026-03-11T09:02:44Z"}).encode(),
        ("not signed by us",),
        "",
        [("content-type", b"application/json")],
    ),
}
_READS: dict[str, Callable[[Any, datetime], Any]] = {
    FEEDBACK: LinkStage(Linkers(Linker()), frozenset({"upstream"}), 1.0).read,
    "feature.shipped": ShipStage(Policy(hold=timedelta(0)), 1.0).read,
    "source.zendesk": CollectStage().read,
    "source.reply": ReplyStage("a secret of sixteen").read,
}


def letter_of(bad: Bad, offset: int = 17) -> Outgoing:
    """The letter that the worker makes of it; it must not be able to use it."""
    record = Read(bad.topic, 2, offset, bad.key, bad.value, bad.headers)
    try:
        used = _READS[bad.topic](record, NOW)
    except Exception as error:  # noqa: BLE001 - as the worker does
        return dead_letter(record, error, NOW)
    raise AssertionError(f"nothing is wrong with it: {used}")


def poison(offset: int = 17) -> Outgoing:
    """A good record on which our own code failed."""
    record = Read(FEEDBACK, 2, offset, b"survey:88", remark(), STRUCTURED_HEADERS)
    return dead_letter(record, KeyError("owner_id"), NOW)
