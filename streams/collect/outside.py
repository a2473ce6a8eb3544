"""Checked access to a vendor's payload: opaque until checked, and every error names its path.

``payload["form_response"]["token"].id()`` is a text that may be an id, or raises `InvalidEvent` at
``$.form_response.token``. Stepping into what is absent yields what is absent; stepping into a
number, or asking an absent value for its text, is an error. Nothing is ever coerced silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from schemas import events
from schemas.errors import InvalidEvent, Undecodable

T = TypeVar("T")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {dict: "object", list: "array", str: "text", bool: "boolean", int: "number"}
_SHOWN = 60
_LARGEST_EXACT = 2**53 - 1
"""Beyond it a number has lost digits on its way through some JSON reader, perhaps."""


class Outside:
    """One value of a payload, and where it stands.

    Attributes:
        path: such as ``$.form_response.answers[3].text``.
    """

    __slots__ = ("_value", "path")

    def __init__(self, value: Any, path: str = "$") -> None:
        self._value = value
        self.path = path

    @property
    def absent(self) -> bool:
        """Not there, or null, or a blank text."""
        return self._value is None or (isinstance(self._value, str) and not self._value.strip())

    @property
    def raw(self) -> Any:
        """The value unchecked, for a reader that checks it itself."""
        return self._value

    def __getitem__(self, name: str) -> Outside:
        """A field of an object."""
        step = f".{name}" if _PLAIN.fullmatch(name) else f"[{name!r}]"
        if self._value is None:
            return Outside(None, self.path + step)
        return Outside(self._typed(dict).get(name), self.path + step)

    def fields(self) -> dict[str, Outside]:
        """Name -> value of an object's fields; empty where it is absent."""
        return {} if self._value is None else {name: self[name] for name in self._typed(dict)}

    def items(self) -> list[Outside]:
        """The items of an array."""
        values = self._typed(list)
        return [Outside(value, f"{self.path}[{index}]") for index, value in enumerate(values)]

    def maybe(self, check: Callable[[Outside], T]) -> T | None:
        """What `check` makes of the value, or None where it is absent."""
        return None if self.absent else check(self)

    def text(self) -> str:
        """Any text, also an empty one."""
        value: str = self._typed(str)
        if "\0" in value:
            raise self.wrong("text holds a null character")
        return value

    def words(self) -> str:
        """What a person wrote: not nothing, and not only white space."""
        if self.absent:
            raise self.wrong("nobody wrote any words")
        return str(self._as(events.Words, self.text()))

    def name(self) -> str:
        """A short text, as names are."""
        return str(self._as(events.Name, self.text()))

    def id(self) -> str:
        """An id, which vendors write as a text or as a number."""
        if type(self._value) is int:
            return str(self.integer())
        return str(self._as(events.Id, self.text()))

    def issue_id(self) -> str:
        """An id of Jira's: digits."""
        return str(self._as(events.IssueId, self.id()))

    def email(self) -> str:
        """A mail address."""
        return str(self._as(events.Email, self.text().strip()))

    def url(self) -> str:
        """An address on the web."""
        return str(self._as(events.Url, self.text().strip()))

    def integer(self) -> int:
        """A whole number that every JSON reader keeps exactly."""
        if type(self._value) is not int:
            raise self._unlike("whole number")
        if abs(self._value) > _LARGEST_EXACT:
            raise self.wrong("number is beyond 2^53")
        return self._value

    def boolean(self) -> bool:
        """True or false."""
        return bool(self._typed(bool))

    def instant(self) -> datetime:
        """An ISO 8601 time with its zone, in UTC."""
        text = self.text()
        try:
            found = datetime.fromisoformat(text)
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.wrong(f"{text[:_SHOWN]!r} is not a time") from None
        raise self.wrong(f"{text[:_SHOWN]!r} has no time zone")

    def milliseconds(self) -> datetime:
        """A count of milliseconds since 1970, as a time."""
        try:
            return _EPOCH + timedelta(milliseconds=self.integer())
        except OverflowError:
            raise self.wrong("time is out of range") from None

    def seconds(self) -> datetime:
        """A count of seconds since 1970, as a time."""
        try:
            return _EPOCH + timedelta(seconds=self.integer())
        except OverflowError:
            raise self.wrong("time is out of range") from None

    def wrong(self, reason: str) -> InvalidEvent:
        """The error that says why this value cannot be used."""
        return InvalidEvent(reason, self.path)

    def _as(self, kind: Any, value: Any) -> Any:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self.wrong(str(error)) from None

    def _typed(self, kind: type[Any]) -> Any:
        if type(self._value) is not kind:
            raise self._unlike(_KINDS[kind])
        return self._value

    def _unlike(self, due: str) -> InvalidEvent:
        if self._value is None:
            return self.wrong("required field is missing")
        return self.wrong(f"expected {due}, got {_KINDS.get(type(self._value), 'number')}")


def payload_of(body: bytes) -> Outside:
    """The JSON document that a body is.

    Raises:
        Undecodable: it is none: broken, not UTF-8, nested without end, or with half a surrogate.
    """
    try:
        return Outside(msgspec.json.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(f"not JSON: {error}") from None
