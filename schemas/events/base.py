"""What all events have in common: the kinds of values, the payload, the CloudEvents attributes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=500)]
Words: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1_000_000)]
# In Python a plain `$` also matches before a last newline, in JSON Schema it does not: `(?!\n)`.
Slug: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$(?!\n)")]
Email: TypeAlias = Annotated[str, Meta(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$(?!\n)")]
Domain: TypeAlias = Annotated[str, Meta(pattern=r"^[^@\s/]{1,255}$(?!\n)")]
Url: TypeAlias = Annotated[str, Meta(pattern=r"^https?://\S{1,2000}$(?!\n)")]
Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
Cents: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""Hundredths of `currency`, up to the largest integer that every JSON reader keeps exactly."""
Currency: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Probability: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Generation: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000)]
IssueId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9]{1,18}$(?!\n)")]
IssueKey: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{1,30}-[1-9][0-9]{0,9}$(?!\n)")]


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The root of every payload. A default is not written, and an unknown field is not an error."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """The CloudEvents attributes that every event carries; `type` is the Struct's tag.

    Attributes:
        id: unique within `source`; the same fact has the same id however often it is published.
        source: who says so, a URI-reference (``/zendesk``, ``https://crm.example``).
        time: when it became so, by the source's own clock; the later of two versions is newer.
        replayed: when it was read once more from what the source had sent; of two versions of one
            `time` the one replayed later is newer, and one that never was is the older.
    """

    id: Id
    source: Name
    time: Instant
    specversion: Literal["1.0"]
    subject: str | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str | None = None
    replayed: Instant | None = None
