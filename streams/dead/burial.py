"""What the dead-letter topic gets of a record that cannot be used. Pure.

Every letter fits: what it says is cut to a bound, and a record so large that it may not fit a
second time is not repeated. Its letter then names the size and the place, where the bytes are as
long as its own topic keeps them.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Protocol

from schemas.codec import Headers
from schemas.deadletter import DeadLetter, headers_of, reason_of
from schemas.topics import BY_NAME, LARGEST_DEAD_BYTES, LARGEST_RECORD_BYTES
from sinks.contracts import Outgoing
from streams.budget import size_of

MOST_CHARS = 4_000
"""Of each text of a letter; in UTF-8 all of them stay under `LARGEST_SAID_BYTES`."""
LARGEST_SAID_BYTES = 64 * 1024
WHOLE_BYTES = LARGEST_RECORD_BYTES + (LARGEST_DEAD_BYTES - LARGEST_RECORD_BYTES) // 2
"""The largest record, unpacked, that its letter repeats. What is left up to the topic's limit is
for what the letter says, for framing, and for what compression adds to bytes that have no pattern.
"""


class Dead(Protocol):
    """A Kafka record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@cache
def code_version() -> str:
    """The version of this code, as dead letters carry it."""
    return version("closeloop")


def dead_letter(record: Dead, error: Exception, now: datetime) -> Outgoing:
    """The record as its dead-letter topic gets it."""
    reason, path = reason_of(error)
    size = size_of(record)
    is_left = size > WHOLE_BYTES
    letter = DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=_cut(reason),
        path=_cut(path),
        error=_cut(type(error).__name__),
        at=now,
        version=code_version(),
        left_bytes=size if is_left else 0,
    )
    dead = BY_NAME[record.topic].dead
    if is_left:
        key = record.key if len(record.key or b"") <= MOST_CHARS else None
        return Outgoing(dead, key, None, headers_of(letter, ()))
    return Outgoing(dead, record.key, record.value, headers_of(letter, record.headers))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 3]}..."
