"""Canonical events out of a file: one JSON object, an array of them, or one a line. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from schemas.codec import STRUCTURED_HEADERS, decode, encode, validate
from schemas.errors import InvalidEvent
from schemas.keys import key_of
from schemas.topics import Topic
from sinks.contracts import Outgoing


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong with one event of a file.

    Attributes:
        line: where it begins, from 1.
        path: inside the event.
    """

    line: int
    path: str
    reason: str


def events_of(content: bytes, topic: Topic, now: datetime) -> tuple[list[Outgoing], list[Wrong]]:
    """Every event as its record, in the file's order, and everything that is wrong."""
    records: list[Outgoing] = []
    wrong: list[Wrong] = []
    for line, raw in _pieces(content):
        try:
            records.append(_record(raw, topic, now))
        except InvalidEvent as error:
            wrong.append(Wrong(line, error.path, error.reason))
    return records, wrong


def _record(raw: bytes, topic: Topic, now: datetime) -> Outgoing:
    event = decode(raw, STRUCTURED_HEADERS, topic.events)
    validate(event, raw, now)
    key = key_of(event)  # type: ignore[arg-type] # a topic's events are all among AnyEvent
    return Outgoing(topic.name, key.encode(), encode(event), STRUCTURED_HEADERS)  # type: ignore[arg-type] # the same


def _pieces(content: bytes) -> Iterator[tuple[int, bytes]]:
    """(line, JSON) of each event: the whole file where it is one document, else line by line."""
    whole = content.removeprefix(b"\xef\xbb\xbf").strip()
    if b"\n" in whole and _is_document(whole):
        first = content[: content.index(whole[:1])].count(b"\n") + 1
        yield from ((first, raw) for raw in _members(whole))
        return
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield from ((number, raw) for raw in _members(line.strip()))


def _is_document(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _members(document: bytes) -> list[bytes]:
    """The members of an array; else the document itself."""
    if not document.startswith(b"["):
        return [document]
    try:
        return [bytes(raw) for raw in msgspec.json.decode(document, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, RecursionError):
        return [document]
