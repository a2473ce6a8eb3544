"""Everything the fake remembers: containers of values that never change themselves."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from itertools import count
from typing import Self

from schemas.events import Version
from sinks.contracts import Sighting
from sinks.store.learned import Certificate, Guess, Lesson
from sinks.store.rows import (
    Answer,
    CrmKind,
    CrmVersion,
    Decision,
    Link,
    LoopRow,
    Message,
    OutboxRow,
    Remark,
    Report,
    Ship,
    Tell,
    Words,
)
from sinks.store.themes import Member, Theme
from sinks.store.verdicts import Key


@dataclass(frozen=True)
class Counters:
    """Numbers that are never given out twice, not even by a transaction that failed."""

    remark: count[int] = field(default_factory=lambda: count(1))
    decision: count[int] = field(default_factory=lambda: count(1))
    mark: count[int] = field(default_factory=lambda: count(1))
    message: count[int] = field(default_factory=lambda: count(1))
    theme: count[int] = field(default_factory=lambda: count(1))
    outbox: count[int] = field(default_factory=lambda: count(1))


@dataclass(frozen=True)
class State:
    """What has been committed, or one transaction's copy of it.

    Every value inside is frozen, so that a copy of each container is a copy of everything.
    """

    offsets: dict[tuple[str, str, int], int] = field(default_factory=dict)
    remarks: dict[bytes, Remark] = field(default_factory=dict)
    words: dict[int, Words] = field(default_factory=dict)
    decisions: dict[int, Decision] = field(default_factory=dict)
    links: dict[tuple[int, str], Link] = field(default_factory=dict)
    crm: dict[tuple[CrmKind, str], tuple[CrmVersion, ...]] = field(default_factory=dict)
    epics: dict[int, tuple[Sighting, int]] = field(default_factory=dict)
    epic_keys: dict[str, int] = field(default_factory=dict)
    versions: dict[int, tuple[Version, datetime]] = field(default_factory=dict)
    evidence_due: dict[int, datetime] = field(default_factory=dict)
    ships: dict[tuple[int, int], Ship] = field(default_factory=dict)
    audience_due: dict[tuple[int, int], datetime] = field(default_factory=dict)
    tells: dict[Key, Tell] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    loops: dict[tuple[str, int], LoopRow] = field(default_factory=dict)
    replies: dict[str, datetime] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    guesses: dict[tuple[int, int, str], Guess] = field(default_factory=dict)
    audits: set[int] = field(default_factory=set)
    lessons: dict[tuple[int, int], tuple[Lesson, int]] = field(default_factory=dict)
    certificates: dict[int, Certificate] = field(default_factory=dict)
    kept: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    themes: dict[int, Theme] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    outbox: dict[int, OutboxRow] = field(default_factory=dict)

    def restore(self, before: State) -> None:
        """Become as a copy says, in the containers that are in use."""
        for each in fields(self):
            held = getattr(self, each.name)
            held.clear()
            held.update(getattr(before, each.name))

    def copy(self) -> Self:
        """The same content in containers of its own."""
        return replace(
            self, **{each.name: getattr(self, each.name).copy() for each in fields(self)}
        )
