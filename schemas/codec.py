"""Three verbs for every event on every topic: encode, decode, validate. One error: `InvalidEvent`.

Both modes of the CloudEvents Kafka binding are read: structured (``application/cloudevents+json``,
the whole envelope in the value) and binary (attributes in ``ce_`` headers, payload in the value).
We write structured, which decodes in one pass. The mode is decided by the content type alone, as
section 3 of the binding says.

Source: CloudEvents Kafka protocol binding 1.0.2, sections 3.1 to 3.3 (read 2026-07).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, inspect

from schemas.errors import ContradictingHeaders, InvalidEvent, Undecodable, UnknownType
from schemas.events import AnyEvent, Data, Event

Headers: TypeAlias = Sequence[tuple[str, bytes]]
"""Kafka record headers, in order; a name may repeat."""

STRUCTURED = b"application/cloudevents+json; charset=UTF-8"
STRUCTURED_HEADERS: list[tuple[str, bytes]] = [("content-type", STRUCTURED)]
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
FUTURE_SKEW = timedelta(minutes=15)
"""How far ahead of our clock a source's clock may be before its event counts as from the future."""

_OURS = STRUCTURED_HEADERS[0]
_LENGTH = len("content-type")
_PATH = re.compile(r" - at `(?P<path>[^`]+)`$")
_ATTRIBUTES = (
    "id",
    "source",
    "specversion",
    "type",
    "time",
    "subject",
    "datacontenttype",
    "dataschema",
    "replayed",
)
_REQUIRED = ("specversion", "id", "source", "type")
_EventT = TypeVar("_EventT", bound=Event)
_encoder = msgspec.json.Encoder()


def type_of(event: type[Event]) -> str:
    """The CloudEvents `type` of an event Struct."""
    tag = event.__struct_config__.tag
    if not isinstance(tag, str) or tag == event.__name__:  # msgspec's default: nobody gave it one
        raise TypeError(f"{event.__name__} has no type of its own")
    return tag


class _Nobody(Event, frozen=True, kw_only=True, tag="closeloop.nobody"):
    """No record is one. Alone in its decoder a Struct would not insist on its `type`."""

    data: Annotated[int, Meta(ge=1, le=0)]


@cache
def _decoder(events: tuple[type[Event], ...]) -> msgspec.json.Decoder[Any]:
    union: Any = _Nobody
    for event in events:
        union = union | event
    return msgspec.json.Decoder(union)


def encode(event: AnyEvent) -> bytes:
    """The structured form of an event; its headers are `STRUCTURED_HEADERS`."""
    return _encoder.encode(event)


def encode_binary(event: AnyEvent) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The binary form of an event: its payload, and its attributes as headers."""
    attributes = msgspec.to_builtins(event)
    payload = _encoder.encode(event.data)
    headers = [
        (f"ce_{name}", str(attributes[name]).encode()) for name in _ATTRIBUTES if name in attributes
    ]
    return payload, [("content-type", b"application/json"), *headers]


def decode(value: bytes | None, headers: Headers, events: tuple[type[_EventT], ...]) -> _EventT:
    """The event that a record carries, one of `events`.

    Raises:
        InvalidEvent: dead-lettered; names the path inside the payload.
    """
    if value is None:
        raise Undecodable("a record without a value says nothing; publish `deleted: true` instead")
    if len(headers) == 1 and headers[0] == _OURS:
        return _parse(value, events)
    content_type = _only_content_type(headers)
    if content_type is None and not any(name[:3] == "ce_" for name, _ in headers):
        return _parse(value, events)
    if content_type is None or not content_type.startswith("application/cloudevents"):
        return _parse(_envelope(value, _attributes(headers), content_type), events)
    _check_structured(content_type)
    event = _parse(value, events)
    if len(headers) > 1:
        _check_agreement(event, _attributes(headers))
    return event


def validate(event: Event, raw: bytes, now: datetime) -> None:
    """What types cannot say: no null characters, and times that a clock can have shown.

    Args:
        event: a decoded event.
        raw: the bytes it came from; a null character can only come from its escape there.
        now: aware; `event` may be at most `FUTURE_SKEW` ahead of it.

    Raises:
        InvalidEvent: dead-lettered. PostgreSQL cannot hold a null character in text, and a version
            from the future would win over every true one until then.
    """
    latest = now + FUTURE_SKEW
    if not EARLIEST <= event.time <= latest:
        raise InvalidEvent(_off(event.time), "$.time")
    if event.replayed is not None and not EARLIEST <= event.replayed <= latest:
        raise InvalidEvent(_off(event.replayed), "$.replayed")
    data: Data = event.data  # type: ignore[attr-defined] # every event but the root has one
    for name in _instant_fields(type(data)):
        instant = getattr(data, name)
        if isinstance(instant, datetime) and not EARLIEST <= instant <= latest:
            raise InvalidEvent(_off(instant), f"$.data.{name}")
    if b"\\u0000" in raw:
        _refuse_nulls(msgspec.to_builtins(event))


def content_type_of(headers: Headers) -> str | None:
    """The content type of a record, in lower case and without spaces; None where none is given."""
    for content_type in _content_types(headers):
        return content_type
    return None


def _content_types(headers: Headers) -> Iterator[str]:
    """Every content type given, in order. Kafka lets a value be null, whatever drivers say."""
    for name, value in headers:
        if len(name) == _LENGTH and name.lower() == "content-type" and value is not None:
            yield "".join(value.decode("latin-1").lower().split())


def _only_content_type(headers: Headers) -> str | None:
    found: str | None = None
    for content_type in _content_types(headers):
        if found is not None and content_type != found:
            raise ContradictingHeaders("it is given twice, differently", "$.headers.content-type")
        found = content_type
    return found


def _off(instant: datetime) -> str:
    return f"{instant.isoformat()} is not between {EARLIEST.year} and now"


def _parse(value: bytes, events: tuple[type[_EventT], ...]) -> _EventT:
    try:
        if not value.isascii():
            value.decode()  # msgspec does not look at the text of fields that it skips
        event: _EventT = _decoder(events).decode(value)
    except msgspec.ValidationError as error:
        raise _named(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(f"not JSON: {error}") from None
    return event


def _named(message: str) -> InvalidEvent:
    """The message of msgspec, taken apart into reason and path."""
    found = _PATH.search(message)
    path = found["path"] if found else "$"
    reason = message[: found.start()] if found else message
    return (
        UnknownType(f"{reason}: not an event of this topic", path)
        if path == "$.type"
        else InvalidEvent(reason, path)
    )


def _attributes(headers: Headers) -> dict[str, str]:
    """CloudEvents attribute -> value, from the ``ce_`` headers."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name[:3] != "ce_":
            continue
        text = _text(value, f"$.headers.{name}")
        if found.setdefault(name[3:], text) != text:
            raise ContradictingHeaders("header is given twice, differently", f"$.headers.{name}")
    return found


def _text(value: bytes | None, path: str) -> str:
    if value is None:
        raise Undecodable("header has no value", path)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise Undecodable("header is not UTF-8", path) from None
    if "\0" in text:
        raise InvalidEvent("text holds a null character", path)
    return text


def _envelope(value: bytes, attributes: Mapping[str, str], content_type: str | None) -> bytes:
    """A binary record as the structured one it stands for."""
    for name in _REQUIRED:
        if not attributes.get(name):
            raise InvalidEvent("required header is missing", f"$.headers.ce_{name}")
    if content_type is not None and not _is_json(content_type):
        raise Undecodable(f"content type {content_type!r} is not JSON", "$.headers.content-type")
    try:
        msgspec.json.decode(value, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Undecodable(f"not JSON: {error}", "$.data") from None
    known = {
        name: attributes[name]
        for name in _ATTRIBUTES
        if name in attributes and name != "datacontenttype"
    }
    return _encoder.encode({**known, "data": msgspec.Raw(value)})


def _is_json(content_type: str) -> bool:
    kind, _, parameters = content_type.partition(";")
    return (kind == "application/json" or kind.endswith("+json")) and parameters in {
        "",
        "charset=utf-8",
        'charset="utf-8"',
    }


def _check_structured(content_type: str) -> None:
    kind = content_type.partition(";")[0]
    if kind != "application/cloudevents+json" or not _is_json(content_type):
        raise Undecodable(
            f"content type {content_type!r} is not application/cloudevents+json in UTF-8",
            "$.headers.content-type",
        )


def _check_agreement(event: Event, attributes: Mapping[str, str]) -> None:
    """A structured record may repeat attributes as headers, if they say the same."""
    for name, said in attributes.items():
        if name in _ATTRIBUTES and not _agrees(event, name, said):
            raise ContradictingHeaders(
                "header says something else than the envelope", f"$.headers.ce_{name}"
            )


def _agrees(event: Event, name: str, said: str) -> bool:
    """Defaults count as said by the envelope; two ways to write one instant agree."""
    if name == "type":
        return said == type_of(type(event))
    if name in {"time", "replayed"}:
        return _same_instant(said, getattr(event, name))
    return said == (getattr(event, name) or "")


def _same_instant(text: str, instant: datetime | None) -> bool:
    try:
        return msgspec.convert(text, datetime) == instant
    except msgspec.ValidationError:
        return False


def _refuse_nulls(value: object, path: str = "$") -> None:
    if isinstance(value, str) and "\0" in value:
        raise InvalidEvent("text holds a null character", path)
    for step, inner in _inside(value):
        _refuse_nulls(inner, f"{path}{step}")


def _inside(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, Mapping):
        return ((f".{key}", inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ((f"[{index}]", inner) for index, inner in enumerate(value))
    return ()


@cache
def _instant_fields(data: type[Data]) -> tuple[str, ...]:
    """The fields of a payload that may hold an instant."""
    info = inspect.type_info(data)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{data.__name__} is not a Struct")
    return tuple(field.name for field in info.fields if _may_be_instant(field.type))


def _may_be_instant(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(one, inspect.DateTimeType) for one in kinds)
