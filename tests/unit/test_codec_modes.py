"""How a record's mode is decided, and what its headers may say; the conformance scenarios."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.codec import (
    STRUCTURED_HEADERS,
    Headers,
    content_type_of,
    decode,
    encode_binary,
    type_of,
    validate,
)
from schemas.errors import ContradictingHeaders, InvalidEvent, Undecodable, UnknownType
from schemas.events import AccountChanged, Event, FeedbackReceived

EVENTS = (FeedbackReceived,)
DATA = {"origin": "zendesk", "record": "1", "words": "hi"}
ENVELOPE = {
    "specversion": "1.0",
    "type": "closeloop.feedback.received.v1",
    "id": "1",
    "source": "/zendesk",
    "time": "2026-06-01T08:00:00Z",
    "data": DATA,
}
VALUE = json.dumps(ENVELOPE).encode()
PAYLOAD = json.dumps(DATA).encode()
STRUCTURED = ("content-type", b"application/cloudevents+json")
JSON = ("content-type", b"application/json")


def ce(**changed: bytes | None) -> list[tuple[str, bytes]]:
    """The attributes as ``ce_`` headers, some changed, those without a value left out."""
    said: dict[str, bytes | None] = {
        name: value.encode() for name, value in ENVELOPE.items() if isinstance(value, str)
    }
    return [
        (f"ce_{name}", value) for name, value in {**said, **changed}.items() if value is not None
    ]


def refusal(value: bytes | None, headers: Any) -> tuple[type, str]:
    """(error, path) of a record that must be refused."""
    with pytest.raises(InvalidEvent) as caught:
        decode(value, headers, EVENTS)
    return type(caught.value), caught.value.path


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents+json",
        b"application/cloudevents+json; charset=utf-8",
        b"application/cloudevents+json;charset=UTF-8",
        b'Application/CloudEvents+JSON; charset="utf-8"',
    ],
)
def test_structured_mode_in_every_way_to_write_it(content_type: bytes) -> None:
    """Media types and charsets know no case."""
    assert decode(VALUE, [("Content-Type", content_type)], EVENTS).id == "1"


@pytest.mark.parametrize(
    "content_type", [b"application/json", b"application/json; charset=utf-8", b"application/x+json"]
)
def test_binary_mode_in_every_way_to_write_it(content_type: bytes) -> None:
    """Attributes from the headers, the payload as it is."""
    event = decode(PAYLOAD, [("content-type", content_type), *ce()], EVENTS)
    assert event == decode(VALUE, STRUCTURED_HEADERS, EVENTS)


def test_without_content_type_ce_headers_make_it_binary_and_none_structured() -> None:
    """Simple clients set no headers at all."""
    assert decode(PAYLOAD, ce(), EVENTS) == decode(VALUE, [], EVENTS)
    assert decode(VALUE, [("trace", b"\xff")], EVENTS).id == "1"


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents-batch+json",
        b"application/cloudevents+avro",
        b"application/cloudevents",
        b"application/cloudevents+json+json",
        b"application/cloudevents+json; charset=utf-16",
        b"application/json; charset=latin-1",
        b"application/avro",
        b"text/plain",
        b"",
        b"\xff",
    ],
)
@pytest.mark.parametrize("value", [VALUE, PAYLOAD, b"[]", b""])
def test_another_content_type_is_undecodable(content_type: bytes, value: bytes) -> None:
    """A batch is not one event; what is not said to be JSON is not tried as JSON."""
    headers = [("content-type", content_type), *ce()]
    assert refusal(value, headers) == (Undecodable, "$.headers.content-type")


def test_a_record_without_a_value_says_nothing() -> None:
    """A tombstone: deleting is said by an event."""
    assert refusal(None, STRUCTURED_HEADERS) == (Undecodable, "$")
    assert refusal(None, [JSON, *ce()]) == (Undecodable, "$")


@pytest.mark.parametrize("name", ["id", "source", "type", "specversion"])
@pytest.mark.parametrize("value", [None, b""])
def test_a_required_header_is_never_invented(name: str, value: bytes | None) -> None:
    """An id made up by the reader would make every repetition a new event."""
    headers = [JSON, *ce(**{name: value})]
    assert refusal(PAYLOAD, headers) == (InvalidEvent, f"$.headers.ce_{name}")


def test_binary_time_and_type_are_checked_like_structured_ones() -> None:
    """One set of rules for both."""
    assert refusal(PAYLOAD, [JSON, *ce(time=None)]) == (InvalidEvent, "$")
    assert refusal(PAYLOAD, [JSON, *ce(time=b"now")]) == (InvalidEvent, "$.time")
    assert refusal(PAYLOAD, [JSON, *ce(specversion=b"0.3")]) == (InvalidEvent, "$.specversion")
    other = type_of(AccountChanged).encode()
    assert refusal(PAYLOAD, [JSON, *ce(type=other)]) == (UnknownType, "$.type")


@pytest.mark.parametrize(
    "payload",
    [
        PAYLOAD + b',"id":"2"',
        PAYLOAD + b'},"id":"2","x":{',
        b'{}, "data": ' + PAYLOAD,
        b"",
        b"{",
        b"[" * 100_000,
    ],
)
def test_a_binary_payload_cannot_get_out_of_its_place(payload: bytes) -> None:
    """It is one JSON value, before it is put into an envelope."""
    assert refusal(payload, [JSON, *ce()]) == (Undecodable, "$.data")


def test_a_header_cannot_get_out_of_its_place() -> None:
    """Quotes and braces in an attribute are text."""
    nasty = '1","data":{"origin":"x"},"x":"'
    event = decode(PAYLOAD, [JSON, *ce(id=nasty.encode()), ("ce_data", b"{}")], EVENTS)
    assert event.id == nasty
    assert event.data.words == "hi"


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (("ce_subject", b"\xff"), Undecodable),
        (("ce_subject", b"\xed\xa0\x80"), Undecodable),
        (("ce_subject", None), Undecodable),
        (("ce_subject", b"a\0"), InvalidEvent),
        (("ce_id", b"2"), ContradictingHeaders),
    ],
)
@pytest.mark.parametrize("mode", [(VALUE, STRUCTURED), (PAYLOAD, JSON)])
def test_a_bad_header_is_named(
    mode: tuple[bytes, tuple[str, bytes]], header: tuple[str, bytes], error: type
) -> None:
    """In either mode; Kafka lets a header have no value."""
    value, content_type = mode
    headers = [content_type, *ce(), header]
    assert refusal(value, headers) == (error, f"$.headers.{header[0]}")


def test_a_content_type_without_a_value_is_none() -> None:
    """Kafka lets a header have no value."""
    nothing: Any = [("content-type", None)]
    assert content_type_of(nothing) is None
    assert content_type_of([("CONTENT-TYPE", b"Text/Plain; Charset=X")]) == "text/plain;charset=x"
    assert decode(VALUE, nothing, EVENTS).id == "1"


def test_two_content_types_contradict_each_other_unless_they_say_the_same() -> None:
    """The mode must not depend on the order of the headers."""
    twice = [STRUCTURED, ("Content-Type", b"Application/cloudevents+json")]
    assert decode(VALUE, twice, EVENTS).id == "1"
    for headers in ([STRUCTURED, JSON, *ce()], [JSON, STRUCTURED, *ce()]):
        assert refusal(VALUE, headers) == (ContradictingHeaders, "$.headers.content-type")


@pytest.mark.parametrize(
    "headers",
    [
        ce(),
        ce(time=b"2026-06-01T10:00:00+02:00"),
        ce(time=b"2026-06-01T08:00:00.000000000Z"),
        ce(datacontenttype=b"application/json"),
        ce(traceparent=b"00-1-2-3", partitionkey=b"x"),
        [("CE_id", b"2"), ("other", b"\xff")],
    ],
)
def test_a_structured_record_may_repeat_itself_in_headers(headers: Headers) -> None:
    """The binding allows it, and the content type still decides (section 3.3)."""
    assert decode(VALUE, [STRUCTURED, *headers], EVENTS).data.words == "hi"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", b"2"),
        ("id", b""),
        ("source", b"/zendesk/"),
        ("type", b"closeloop.feedback.received.v2"),
        ("specversion", b"0.3"),
        ("time", b"2026-06-01T08:00:01Z"),
        ("time", b"2026-06-01T08:00:00"),
        ("time", b"0001-01-01T00:00:00+23:59"),
        ("time", b"now"),
        ("subject", b"x"),
        ("datacontenttype", b"text/plain"),
        ("dataschema", b"https://example.com/x"),
    ],
)
def test_a_structured_record_must_not_contradict_itself(name: str, value: bytes) -> None:
    """Which of the two is true nobody can know."""
    headers = [STRUCTURED, *ce(**{name: value})]
    assert refusal(VALUE, headers) == (ContradictingHeaders, f"$.headers.ce_{name}")


class Hello(msgspec.Struct):
    """What the scenarios carry."""

    message: str


class SomeEvent(Event, frozen=True, kw_only=True, tag="com.example.someevent"):
    """The event of the scenarios."""

    data: Hello


def _rows(lines: Iterator[str]) -> dict[str, str]:
    """The next table, name -> value."""
    found: dict[str, str] = {}
    for line in lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if "|" in line:
            found[cells[0]] = cells[-1]
        elif found:
            break
    return found


def _scenarios(text: str) -> list[tuple[bytes, list[tuple[str, bytes]], dict[str, str], Any]]:
    """(value, headers, attributes, data) of each scenario and of each row of an outline."""
    found = []
    for scenario in text.split("Scenario")[1:]:
        value, data = scenario.split('"""')[1::2]
        headers = _rows(iter(scenario.split("Kafka headers:")[1].splitlines()))
        attributes = _rows(iter(scenario.split("attributes are:")[1].splitlines()))
        rows = _rows(iter(scenario.partition("Examples:")[2].splitlines())) or {"": ""}
        for row in (row for row in rows if row != "contentType"):
            said = {
                k: v.replace("<contentType>", row).encode()
                for k, v in headers.items()
                if k != "key"
            }
            wanted = {k: v for k, v in attributes.items() if k != "key"}
            found.append((value.strip().encode(), list(said.items()), wanted, json.loads(data)))
    return found


@pytest.mark.parametrize("number", range(3))
def test_a_conformance_scenario_of_the_kafka_binding(number: int) -> None:
    """CloudEvents' own scenarios, read where they are kept; never copied."""
    folder = Path(__file__).parents[2].parent / "shared" / "materials" / "cloudevents"
    feature = folder / "conformance_kafka-protocol-binding.feature"
    if not feature.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no {feature.name} here")
    scenarios = _scenarios(feature.read_text("utf-8"))
    assert len(scenarios) == 3
    value, headers, attributes, data = scenarios[number]
    event = decode(value, headers, (SomeEvent,))
    said = msgspec.to_builtins(event) | {"datacontenttype": event.datacontenttype}
    assert {name: said[name] for name in attributes} == attributes
    assert said["data"] == data


def test_when_it_was_replayed_is_said_in_both_modes() -> None:
    """And both must agree where both say it, whichever way the instant is written."""
    stamp = datetime(2026, 6, 2, 8, tzinfo=UTC)
    binary = decode(PAYLOAD, [JSON, *ce(replayed=b"2026-06-02T08:00:00Z")], EVENTS)
    assert binary.replayed == stamp
    whole = json.dumps({**ENVELOPE, "replayed": "2026-06-02T10:00:00+02:00"}).encode()
    assert decode(whole, [STRUCTURED, ("ce_replayed", b"2026-06-02T08:00:00Z")], EVENTS) == binary
    payload, headers = encode_binary(binary)
    assert decode(payload, headers, EVENTS) == binary
    other = [STRUCTURED, ("ce_replayed", b"2026-06-02T08:00:01Z")]
    assert refusal(whole, other) == (ContradictingHeaders, "$.headers.ce_replayed")
    silent = [STRUCTURED, ("ce_replayed", b"2026-06-02T08:00:00Z")]
    assert refusal(VALUE, silent) == (ContradictingHeaders, "$.headers.ce_replayed")


@pytest.mark.parametrize("replayed", ["2999-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
def test_a_replay_from_no_clock_is_refused(replayed: str) -> None:
    """One from the future would count more than every true one until then."""
    whole = json.dumps({**ENVELOPE, "replayed": replayed}).encode()
    with pytest.raises(InvalidEvent) as caught:
        validate(decode(whole, [], EVENTS), whole, datetime(2026, 6, 3, tzinfo=UTC))
    assert caught.value.path == "$.replayed"
