"""A dead letter: the record as it was, and in ``dead_`` headers everything about why.

Value, key and the record's own headers stay byte for byte, so that putting it back is stripping
the headers that were added.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from schemas.codec import Headers
from schemas.errors import InvalidEvent, Undecodable

PREFIX = "dead_"


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One record that could not be used.

    Attributes:
        topic, partition, offset: where it was read.
        reason: what is wrong, for a person.
        path: where inside the payload, ``$`` for all of it.
        error: the error's type, as ``schemas.errors`` or Python names it.
        at: when it was given up.
        version: of our code at that time.
        left_bytes: the record's size where it was too large to be repeated here: it is still where
            it was read, as long as that topic keeps it. 0: it is here.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    path: str
    error: str
    at: datetime
    version: str
    left_bytes: int = 0


def reason_of(error: BaseException) -> tuple[str, str]:
    """(reason, path) of whatever was raised; an error that names no path is about all of it."""
    if isinstance(error, InvalidEvent):
        return error.reason, error.path
    return f"{error}" or type(error).__name__, "$"


def headers_of(letter: DeadLetter, original: Headers) -> list[tuple[str, bytes]]:
    """The record's own headers, followed by the letter's."""
    said: Mapping[str, object] = msgspec.to_builtins(letter)
    ours = [
        (f"{PREFIX}{name}", str(value).encode("utf-8", "replace")) for name, value in said.items()
    ]
    return [*strip(original), *ours]


def letter_of(headers: Headers) -> DeadLetter:
    """The letter that a record of a dead topic carries.

    Raises:
        Undecodable: it carries none.
    """
    said = {
        name[len(PREFIX) :]: value.decode(errors="replace")
        for name, value in headers
        if name.startswith(PREFIX)
    }
    try:
        return msgspec.convert(said, DeadLetter, strict=False)
    except msgspec.ValidationError as error:
        raise Undecodable(f"not a dead letter: {error}", "$.headers") from None


def strip(headers: Headers) -> list[tuple[str, bytes]]:
    """The headers that the record had before it died."""
    return [(name, value) for name, value in headers if not name.startswith(PREFIX)]
