"""What holds for every event and for every record, however odd: named invariants of the codec."""

import contextlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from schemas.codec import (
    EARLIEST,
    FUTURE_SKEW,
    STRUCTURED_HEADERS,
    decode,
    encode,
    encode_binary,
    validate,
)
from schemas.errors import InvalidEvent
from schemas.examples import examples
from schemas.topics import TOPICS, topic

CALM = settings(deadline=None)  # a busy machine is no fault of the codec
NOW = datetime(2026, 7, 1, tzinfo=UTC)
ALL = tuple(event for topic in TOPICS for event in topic.events)
TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.builds(
    datetime.astimezone,
    st.datetimes(EARLIEST.replace(tzinfo=None), NOW.replace(tzinfo=None), timezones=st.just(UTC)),
    ZONES,
)


def fitting(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values that a field of that type may have, from what msgspec itself knows of it."""
    match kind:
        case inspect.UnionType():
            return st.one_of(*map(fitting, kind.types))
        case inspect.VarTupleType():
            return st.lists(fitting(kind.item_type), max_size=3).map(tuple)
        case inspect.StructType():
            return st.builds(kind.cls, **{one.name: _field(one) for one in kind.fields})
        case _:
            return _PLAIN[type(kind)](kind)


def _text(kind: Any) -> st.SearchStrategy[str]:
    if kind.pattern:
        bare = kind.pattern.removeprefix("^").removesuffix(r"$(?!\n)")
        return st.from_regex(bare, fullmatch=True, alphabet=TEXT)
    return st.text(TEXT, min_size=kind.min_length or 0, max_size=min(kind.max_length or 50, 50))


_PLAIN: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.StrType: _text,
    inspect.IntType: lambda kind: st.integers(kind.ge, kind.le),
    inspect.FloatType: lambda kind: st.floats(kind.ge, kind.le),
    inspect.LiteralType: lambda kind: st.sampled_from(kind.values),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.NoneType: lambda _: st.none(),
    inspect.DateType: lambda _: st.dates(),
    inspect.DateTimeType: lambda _: INSTANTS,
}


def _field(field: inspect.Field) -> st.SearchStrategy[Any]:
    values = fitting(field.type)
    if field.default is msgspec.UNSET:
        return st.just(msgspec.UNSET) | values
    return values


EVENTS = st.sampled_from(ALL).map(inspect.type_info).flatmap(fitting)


def carrying(event: Any) -> tuple[Any, ...]:
    """The events of the topic that carries this one."""
    return next(one.events for one in TOPICS if type(event) in one.events)


@CALM
@given(EVENTS)
def test_structured_round_trip(event: Any) -> None:
    """Encode, decode, validate: the same event, on its own topic."""
    value = encode(event)
    assert decode(value, STRUCTURED_HEADERS, carrying(event)) == event
    validate(event, value, NOW)


@CALM
@given(EVENTS)
def test_binary_round_trip(event: Any) -> None:
    """Attributes through headers and back, whatever characters they hold."""
    payload, headers = encode_binary(event)
    assert decode(payload, headers, carrying(event)) == event
    validate(event, payload, NOW)


@CALM
@given(EVENTS)
def test_a_structured_record_agrees_with_its_own_headers(event: Any) -> None:
    """The headers of the binary form may stand beside the structured one."""
    _, (_, *headers) = encode_binary(event)
    assert decode(encode(event), [*STRUCTURED_HEADERS, *headers], carrying(event)) == event


NAMES = st.sampled_from(
    [
        *("content-type", "Content-Type", "ce_id", "ce_source", "ce_type", "ce_specversion"),
        *("ce_time", "ce_subject", "ce_data", "ce_datacontenttype", "ce_", "trace"),
    ]
) | st.text(max_size=5)
VALUES = (
    st.sampled_from(
        [
            *(b"application/json", b"application/cloudevents+json", b"text/plain", b"1.0"),
            *(b"closeloop.loop.changed.v1", b"2026-06-01T00:00:00Z", b"1", b"/x"),
        ]
    )
    | st.binary(max_size=9)
    | st.none()
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=9,
)
BYTES = st.binary() | DOCUMENTS.map(lambda document: json.dumps(document).encode())


@CALM
@given(BYTES | st.none(), st.lists(st.tuples(NAMES, VALUES), max_size=9), st.sampled_from(TOPICS))
@example(b"{}", [("content-type", None)], topic("loop.changed"))
def test_a_record_never_raises_anything_but_invalid_event(
    value: bytes | None, headers: Any, one: Any
) -> None:
    """Anything else would stop the batch and not only the record."""
    with contextlib.suppress(InvalidEvent):
        validate(decode(value, headers, one.events or ALL), value or b"", NOW)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(place for key, part in inner for place in _places(part, (*path, key)))]


def _replaced(value: Any, place: tuple[Any, ...], part: Any) -> Any:
    if not place:
        return part
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = _replaced(value[place[0]], place[1:], part)
    return copy


def _at(value: Any, path: str) -> Any:
    """What stands at a path; raises where it leads nowhere."""
    assert path.startswith("$")
    for name, index in re.findall(r"\.([a-z_]+)|\[([0-9]+)\]", path):
        value = value[name] if name else value[int(index)]
    return value


TIMES = st.sampled_from(["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
EXAMPLES = st.sampled_from([(name, json.loads(text)) for name, text in examples()])


@CALM
@given(EXAMPLES, st.data())
def test_the_path_of_an_error_leads_to_something_in_the_record(
    one: tuple[str, Any], data: st.DataObject
) -> None:
    """One place of a good event spoilt: the error's path exists, and is that place or around it."""
    name, good = one
    place = data.draw(st.sampled_from(_places(good)))
    bad = _replaced(good, place, data.draw(DOCUMENTS | TIMES | st.just("a\0")))
    value = json.dumps(bad, allow_nan=False).encode() if _finite(bad) else b"NaN"
    error = refusal(value, name, NOW)
    if error:
        _at(bad, error.path)  # it exists
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
        assert f"${steps}".startswith(error.path) or error.path.startswith(f"${steps}")
        assert str(error) == f"{error.reason} (at {error.path})"


def refusal(value: bytes, name: str, now: datetime) -> InvalidEvent | None:
    """Why a record of that topic is refused; None where it is not."""
    try:
        validate(decode(value, STRUCTURED_HEADERS, topic(name).events), value, now)
    except InvalidEvent as error:
        return error
    return None


def _finite(value: Any) -> bool:
    return not re.search(r"NaN|Infinity", json.dumps(value))


CLOCKS = st.datetimes(
    NOW.replace(year=1991, tzinfo=None), NOW.replace(year=9000, tzinfo=None), timezones=st.just(UTC)
)


@CALM
@given(st.datetimes(timezones=ZONES), CLOCKS)
def test_an_instant_is_judged_as_an_instant_whatever_its_offset(
    instant: datetime, now: datetime
) -> None:
    """Also in the first and the last year there is, where no other zone can be written."""
    error = refusal(encode(msgspec.structs.replace(_told(), time=instant)), "loop.changed", now)
    since_earliest = instant - EARLIEST
    until_latest = now + FUTURE_SKEW - instant
    assert (error is None) == (min(since_earliest, until_latest) >= timedelta(0))
    assert error is None or error.path == "$.time"


def _told() -> Any:
    text = next(text for name, text in examples() if name == "loop.changed")
    return decode(text, STRUCTURED_HEADERS, topic("loop.changed").events)
