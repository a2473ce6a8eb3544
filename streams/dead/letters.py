"""A dead letter as it lies on its topic, and what a person has done with it since. Pure.

What was done is remembered on the same topic: a record without a value, in whose headers stand the
place of the letter and what was done (`settled`). So the memory is as old as the letter and dies
with it, and it can be written in the transaction that puts the record back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import msgspec

from schemas.codec import Headers
from schemas.deadletter import DeadLetter, letter_of, strip
from schemas.errors import InvalidEvent
from schemas.topics import BY_NAME, DEAD_SUFFIX
from sinks.contracts import Outgoing

PREFIX = "letter_"
Fate: TypeAlias = Literal["redriven", "dropped"]
State: TypeAlias = Literal["dead", "redriven", "dropped"]


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a letter lies on its dead-letter topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


class Record(Protocol):
    """A record of a dead-letter topic."""

    @property
    def partition(self) -> int: ...  # noqa: D102 - as Kafka has it
    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> Headers: ...  # noqa: D102


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter.

    Attributes:
        topic: the topic on which the record was read before it died.
        key, value, headers: of that record, as they were.
        said: why it died; None where the record on the dead-letter topic does not say so.
        size_bytes: of the value; of the whole record where it was too large to be repeated.
    """

    topic: str
    place: Place
    key: bytes | None
    value: bytes | None
    headers: Headers
    said: DeadLetter | None
    size_bytes: int = 0

    @property
    def is_left(self) -> bool:
        """Whether the record is not here, but still where it was read: it was too large."""
        return self.said is not None and self.said.left_bytes > 0 and self.value is None

    @property
    def reason(self) -> str:
        """What is wrong with it."""
        return self.said.reason if self.said else "nobody says why: it was not Closeloop's worker"

    @property
    def error(self) -> str:
        """The error's type; empty where nobody says."""
        return self.said.error if self.said else ""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with a letter, when, by whom and why."""

    place: Place
    fate: Fate
    at: datetime
    by: str
    why: str = ""


def original_of(topic: str) -> str:
    """The topic that a name means, whether the topic itself or its dead-letter twin is named.

    Raises:
        UnknownTopic: nobody declared it, or it has no dead letters.
    """
    name = topic.removesuffix(DEAD_SUFFIX)
    if name not in BY_NAME or not BY_NAME[name].has_dead_twin:
        raise UnknownTopic(name)
    return name


class UnknownTopic(InvalidEvent):
    """No topic of that name has dead letters."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no topic called {name!r} has dead letters")


def read(topic: str, record: Record) -> Letter | Settled:
    """What a record of the topic's dead-letter twin is."""
    said = _said(record.headers)
    settled = _settled_of(record) if said is None else None  # a sender may name headers as we do
    if settled is not None:
        return settled
    return Letter(
        topic=topic,
        place=Place(record.partition, record.offset),
        key=record.key,
        value=record.value,
        headers=strip(record.headers),
        said=said,
        size_bytes=(said.left_bytes if said else 0) or len(record.value or b""),
    )


def light(letter: Letter) -> Letter:
    """The letter without the record's value and headers, to keep many of them."""
    return msgspec.structs.replace(letter, value=None, headers=())


def remembered(letter: Letter, settled: Settled) -> Outgoing:
    """The record that says what was done with a letter."""
    said = {
        "place": str(settled.place),
        "fate": settled.fate,
        "at": settled.at.isoformat(),
        "by": settled.by,
        "why": settled.why,
    }
    headers = [(f"{PREFIX}{name}", value.encode()) for name, value in said.items()]
    return Outgoing(BY_NAME[letter.topic].dead, letter.key, None, headers)


def put_back(letter: Letter) -> Outgoing:
    """The record as it was before it died."""
    return Outgoing(letter.topic, letter.key, letter.value, letter.headers)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters are meant: those at `places` where there are any, else all that fit the rest.

    Attributes:
        reason: a part of the reason, in any case of letters; empty fits all.
        error: the error's type; empty fits all.
    """

    places: Collection[Place] = ()
    reason: str = ""
    error: str = ""

    def fits(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        if self.places:
            return letter.place in self.places
        has_reason = self.reason.casefold() in letter.reason.casefold()
        return has_reason and self.error in {"", letter.error}


def _said(headers: Headers) -> DeadLetter | None:
    try:
        return letter_of([(name, value or b"") for name, value in headers])
    except InvalidEvent:
        return None


def _settled_of(record: Record) -> Settled | None:
    if record.value is not None:
        return None
    said = {
        name.removeprefix(PREFIX): (value or b"").decode("utf-8", "replace")
        for name, value in record.headers
        if name.startswith(PREFIX)
    }
    partition, _, offset = said.pop("place", "").partition(":")
    try:
        place = msgspec.convert({"partition": partition, "offset": offset}, Place, strict=False)
        return msgspec.convert({**said, "place": place}, Settled, strict=False)
    except msgspec.ValidationError:
        return None
