"""What a source is: how its requests are verified, named and parsed.

::

    CloseloopError
    └── NotAuthentic            answered with 401; why is logged, never sent
        ├── SignatureMissing    a header that the vendor always sends is not there
        ├── SignatureWrong      somebody else signed it, or it was changed
        └── TimestampStale      signed too long ago, or in the future: perhaps played back
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from schemas.delivery import Delivery
from schemas.errors import CloseloopError, InvalidEvent
from schemas.events import AnyEvent
from streams.collect.outside import Outside
from streams.settings import Settings

JSON = frozenset({"application/json"})
_DIGEST_BYTES = 16


class NotAuthentic(CloseloopError):
    """The request is not the vendor's, or not fresh: answered with 401."""


class SignatureMissing(NotAuthentic):
    """A header that the vendor always sends is not there."""


class SignatureWrong(NotAuthentic):
    """Somebody else signed it, or it was changed on its way."""


class TimestampStale(NotAuthentic):
    """Signed too long ago, or in the future: perhaps played back."""


class Fact(msgspec.Struct, frozen=True):
    """One canonical event that a delivery amounts to, with its topic and key."""

    topic: str
    key: str
    event: AnyEvent


class Ignored(msgspec.Struct, frozen=True):
    """A part of a delivery that is left alone on purpose: the vendor's word for it, and why."""

    what: str
    reason: str


class Fault(msgspec.Struct, frozen=True):
    """A part of a delivery that cannot be right; the other parts are not lost for it."""

    error: InvalidEvent


Result: TypeAlias = Fact | Ignored | Fault


@dataclass(frozen=True)
class Source:
    """One source, wired by name in `streams.collect.registry`.

    Attributes:
        name: as in ``source.<name>`` and in ``/v1/sources/<name>``.
        handled: the vendor's event type -> the topic that it becomes events of.
        ignored: the vendor's event type -> why it is left alone. Any other is `UnknownType`.
        secret: what the settings say of it; empty where the source is not configured.
        verify: delivery, secret and time; raises `NotAuthentic`.
        delivery_id: the same for a re-delivery of the same content.
        parse: pure; raises `InvalidEvent` with a path inside the vendor's payload.
        headers: HTTP headers that are kept beside the body, lower case.
        is_posted: the vendor posts to ``/v1/sources/<name>``.
    """

    name: str
    vendor: str
    handled: Mapping[str, str]
    ignored: Mapping[str, str]
    secret: Callable[[Settings], str]
    verify: Callable[[Delivery, str, datetime], None]
    delivery_id: Callable[[bytes], str]
    parse: Callable[[Delivery], Sequence[Result]]
    headers: frozenset[str] = frozenset()
    content_types: frozenset[str] = field(default=JSON)
    is_posted: bool = True


def each(items: Iterable[Outside], parse: Callable[[Outside], Sequence[Result]]) -> list[Result]:
    """What every item amounts to, in order; one that cannot be right is a `Fault` among them."""
    results: list[Result] = []
    for item in items:
        try:
            results += parse(item)
        except InvalidEvent as error:
            results.append(Fault(error))
    return results


def event_id(source: str, *parts: str) -> str:
    """The id of a fact: the same parts, the same id, however often and by whomever it is parsed."""
    return f"{source}:{digest(msgspec.json.encode(parts))}"


def digest(content: bytes) -> str:
    """32 hexadecimal digits."""
    return blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
