"""What the codec refuses, by which name and where; what it must not refuse."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from schemas.codec import (
    FUTURE_SKEW,
    STRUCTURED_HEADERS,
    decode,
    encode,
    encode_binary,
    type_of,
    validate,
)
from schemas.errors import InvalidEvent, Undecodable, UnknownType
from schemas.events import Event, FeedbackReceived, OpportunityChanged
from schemas.examples import examples_of
from schemas.render import json_schema
from schemas.topics import TOPICS

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
EVENTS = (FeedbackReceived,)
ALL = tuple(event for topic in TOPICS for event in topic.events)


def remark(**data: Any) -> dict[str, Any]:
    """A structured remark, with `data` over the plainest payload."""
    return {
        "specversion": "1.0",
        "type": "closeloop.feedback.received.v1",
        "id": "1",
        "source": "/zendesk",
        "time": "2026-06-01T08:00:00Z",
        "data": {"origin": "zendesk", "record": "1", "words": "WORDS", **data},
    }


def raw(words: bytes = b'"hi"', **envelope: Any) -> bytes:
    """A structured remark as bytes, its words as they are to stand in the JSON."""
    return json.dumps({**remark(), **envelope}).encode().replace(b'"WORDS"', words)


def read(value: bytes, events: tuple[type[Event], ...] = EVENTS, now: datetime = NOW) -> Event:
    """What a stage does with our own structured records."""
    event = decode(value, STRUCTURED_HEADERS, events)
    validate(event, value, now)
    return event


def refusal(value: bytes, events: tuple[type[Event], ...] = EVENTS) -> tuple[type, str]:
    """(error, path) of a record that must be refused."""
    with pytest.raises(InvalidEvent) as caught:
        read(value, events)
    return type(caught.value), caught.value.path


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        raw()[:-1],
        raw() + b"{}",
        b"\xef\xbb\xbf" + raw(),
        b"not JSON",
        raw(b"NaN"),
        raw(b"Infinity"),
        raw(b"'hi'"),
        raw(b'"h\x00i"'),
        raw(b'"h\ni"'),
        raw(b'"h\xffi"'),
        raw(b'"h\xed\xa0\x80i"'),
        raw(rb'"h\ud800i"'),
        raw(rb'"\ud83d"'),
        raw(rb'"\udc00 low first"'),
        raw(b'"hi", "unknown": "\xff"'),
        raw(b'"hi", "unknown\xff": 1'),
        raw(b'"hi", "unknown": ' + b"[" * 100_000 + b"]" * 100_000),
        b'{"a":' * 100_000,
    ],
)
def test_bytes_that_are_not_json_in_utf_8_are_undecodable(value: bytes) -> None:
    """Also where a lenient reader gets through: lone surrogates, NaN, a byte order mark."""
    assert refusal(value) == (Undecodable, "$")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (b"null", "$"),
        (b"[]", "$"),
        (b"[" * 100_000, "$"),
        (json.dumps(remark(words=3)).encode(), "$.data.words"),
        (json.dumps(remark(words="")).encode(), "$.data.words"),
        (json.dumps(remark(issue_keys=["APP-12", 3])).encode(), "$.data.issue_keys[1]"),
        (json.dumps(remark(issue_keys=["APP-12", "app 12"])).encode(), "$.data.issue_keys[1]"),
        (json.dumps(remark(customer={"email": "nobody"})).encode(), "$.data.customer.email"),
        (json.dumps(remark(customer={"email": "a@b.example\n"})).encode(), "$.data.customer.email"),
        (json.dumps(remark(origin="zendesk\n")).encode(), "$.data.origin"),
        (json.dumps(remark(said_at="2026-06-01T08:00:00")).encode(), "$.data.said_at"),
        (json.dumps(remark(withdrawn=1)).encode(), "$.data.withdrawn"),
        (raw(time="yesterday"), "$.time"),
        (raw(time="2026-02-30T00:00:00Z"), "$.time"),
        (raw(time=1_780_000_000), "$.time"),
        (raw(specversion="0.3"), "$.specversion"),
        (raw(data=None), "$.data"),
        (raw(id=""), "$.id"),
        (raw(id=7), "$.id"),
    ],
)
def test_a_value_that_does_not_fit_is_named_by_its_path(value: bytes, path: str) -> None:
    """The path is what the sender needs to find it."""
    assert refusal(value) == (InvalidEvent, path)


@pytest.mark.parametrize("name", ["specversion", "id", "source", "time", "type", "data"])
def test_a_missing_attribute_is_named_and_never_invented(name: str) -> None:
    """An id made up by the reader would make every repetition a new event."""
    whole = remark()
    del whole[name]
    with pytest.raises(InvalidEvent, match=f"missing required field `{name}`"):
        read(json.dumps(whole).encode())


@pytest.mark.parametrize("said", ["closeloop.feedback.received.v2", "com.example.x", "", 3, None])
def test_a_type_that_the_topic_does_not_carry_is_unknown(said: object) -> None:
    """Also one that another topic carries."""
    assert refusal(raw(type=said)) == (UnknownType, "$.type")


def test_an_event_of_another_topic_is_unknown_here() -> None:
    """A topic takes what it says that it carries."""
    deal = next(iter(examples_of(OpportunityChanged)))
    assert refusal(deal) == (UnknownType, "$.type")


def deal(field: str, number: bytes) -> bytes:
    """An opportunity with a number as it stands in the JSON."""
    whole = {**remark(), "type": type_of(OpportunityChanged), "data": {"id": "1", field: "X"}}
    return json.dumps(whole).encode().replace(b'"X"', number)


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("amount_cents", b"9007199254740992"),
        ("amount_cents", b"9" * 500),
        ("amount_cents", b"1e400"),
        ("amount_cents", b"-1"),
        ("amount_cents", b"0.5"),
        ("probability", b"1e400"),
        ("probability", b"9" * 500),
        ("probability", b"1.0000001"),
        ("is_open", b"1"),
    ],
)
def test_a_number_out_of_range_is_refused(field: str, number: bytes) -> None:
    """Beyond 2^53 JSON readers disagree about which number it is."""
    assert refusal(deal(field, number), (OpportunityChanged,)) == (InvalidEvent, f"$.data.{field}")


def test_the_largest_exact_amount_is_taken() -> None:
    """And to the cent."""
    event = read(deal("amount_cents", b"9007199254740991"), (OpportunityChanged,))
    assert isinstance(event, OpportunityChanged)
    assert event.data.amount_cents == 2**53 - 1


@pytest.mark.parametrize(
    "unknown", [b"1e400", b"-1e400", b"9" * 500, rb'"\u0000"', b"[" * 99 + b"]" * 99]
)
def test_what_a_field_unknown_to_us_holds_is_not_our_business(unknown: bytes) -> None:
    """A sender may be ahead of us."""
    read(raw(b'"hi", "unknown": ' + unknown))


def test_the_last_of_duplicate_keys_counts() -> None:
    """As in every other JSON reader that the record may meet."""
    event = read(raw(b'"first", "words": "last"'))
    assert isinstance(event, FeedbackReceived)
    assert event.data.words == "last"


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (raw(rb'"h\u0000i"'), "$.data.words"),
        (raw(subject="a\0"), "$.subject"),
        (raw(id="a\0"), "$.id"),
        (json.dumps(remark(customer={"name": "a\0"})).encode(), "$.data.customer.name"),
    ],
)
def test_a_null_character_is_found_where_it_is(value: bytes, path: str) -> None:
    """PostgreSQL cannot hold it."""
    assert refusal(value) == (InvalidEvent, path)


def test_a_backslash_before_u0000_is_text() -> None:
    """A customer may quote an escape."""
    event = read(raw(rb'"h\\u0000i"'))
    assert isinstance(event, FeedbackReceived)
    assert event.data.words == r"h\u0000i"


@pytest.mark.parametrize("path", ["$.time", "$.data.said_at"])
@pytest.mark.parametrize(
    "instant",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "0001-01-01T00:00:00-23:59",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "9999-12-31T23:59:59.999999+23:59",
        "1989-12-31T23:59:59Z",
        "1990-01-01T00:00:00+00:01",
        (NOW + FUTURE_SKEW + timedelta(seconds=1)).isoformat(),
        (NOW + FUTURE_SKEW + timedelta(seconds=1))
        .astimezone(timezone(-timedelta(hours=12)))
        .isoformat(),
    ],
)
def test_a_time_that_no_clock_can_have_shown_is_refused(instant: str, path: str) -> None:
    """A version from the future would win over every true one until then."""
    whole = remark(said_at=instant) if path != "$.time" else {**remark(), "time": instant}
    assert refusal(json.dumps(whole).encode()) == (InvalidEvent, path)


@pytest.mark.parametrize(
    ("instant", "now"),
    [
        ("1990-01-01T00:00:00Z", NOW),
        ((NOW + FUTURE_SKEW).isoformat(), NOW),
        ("2026-01-01T00:30:00+14:00", datetime(2025, 12, 31, 12, tzinfo=UTC)),
        ("2026-01-01T00:10:00Z", datetime(2025, 12, 31, 23, 59, tzinfo=UTC)),
        ("2025-12-31T12:00:00-12:00", datetime(2026, 1, 1, 0, tzinfo=UTC)),
    ],
)
def test_a_time_that_some_clock_shows_now_is_taken(instant: str, now: datetime) -> None:
    """In the Pacific it is next year already, or still last year."""
    read(raw(time=instant), now=now)


@pytest.mark.parametrize("event", ALL, ids=type_of)
def test_every_instant_of_every_event_is_looked_at(event: type[Event]) -> None:
    """An instant added deeper inside needs `validate` to go there."""
    schema = json_schema(event)
    whole = json.loads(next(iter(examples_of(event))))
    data = schema["$defs"][schema["$defs"][event.__name__]["properties"]["data"]["$ref"][8:]]
    instants = [name for name, field in data["properties"].items() if "date-time" in str(field)]
    assert str(schema).count("date-time") == len(("time", "replayed")) + len(instants)
    for name in instants:
        late = {**whole, "data": {**whole["data"], name: "2999-01-01T00:00:00Z"}}
        assert refusal(json.dumps(late).encode(), (event,)) == (InvalidEvent, f"$.data.{name}")


def test_a_type_belongs_to_one_event_and_the_root_has_none() -> None:
    """The root's data is nobody's."""
    assert len({type_of(event) for event in ALL}) == len(ALL)
    with pytest.raises(TypeError):
        type_of(Event)


def test_both_forms_say_the_same() -> None:
    """Structured is what we write, binary what others may."""
    event = read(raw())
    assert isinstance(event, FeedbackReceived)
    payload, headers = encode_binary(event)
    assert (
        decode(encode(event), STRUCTURED_HEADERS, EVENTS)
        == event
        == decode(payload, headers, EVENTS)
    )
