"""Reads and writes the wire format of protocol buffers, as much of it as a model's file needs.

https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Unreadable(ValueError):
    """The file is not of the form that is rewritten. Fatal for the quality tier."""


def fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, wire type and body of each field, in order."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == VARINT:
            _, end = varint(message, at)
        elif kind == BYTES:
            size, at = varint(message, at)
            end = at + size
        elif kind in (FIXED32, FIXED64):
            end = at + (4 if kind == FIXED32 else 8)
        else:
            raise Unreadable(f"wire type {kind}")
        if end > len(message):
            raise Unreadable("it ends within a field")
        yield tag >> 3, kind, message[at:end]
        at = end


def varint(message: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:  # noqa: PLR2004 - the continuation bit
            return value, at
    raise Unreadable("it ends within a number")


def _written(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:  # noqa: PLR2004 - the continuation bit
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, kind: int, body: bytes) -> bytes:
    """A field as it is written, of any wire type."""
    size = _written(len(body)) if kind == BYTES else b""
    return _written(number << 3 | kind) + size + body


def inner(number: int, body: bytes) -> bytes:
    """A field with a length: a message or bytes."""
    return field(number, BYTES, body)


def text(number: int, value: str) -> bytes:
    """A field of text."""
    return inner(number, value.encode())


def number(at: int, value: int) -> bytes:
    """A field of a whole number."""
    return field(at, VARINT, _written(value))
