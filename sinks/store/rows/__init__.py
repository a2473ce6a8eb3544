"""What the store keeps, as values: one Struct a table, ids as the tables have them.

Instants are aware; money is in cents; a Jira issue id is an int here and a string on the wire.
"""

from __future__ import annotations

from sinks.store.rows.base import Row
from sinks.store.rows.heard import (
    NEVER,
    PERSON,
    Age,
    CrmKind,
    CrmVersion,
    Decision,
    Demand,
    EpicRow,
    Facts,
    Known,
    Link,
    Linked,
    LinkState,
    Outcome,
    Remark,
    Stated,
    Verdict,
    Words,
    age,
    remark_key,
)
from sinks.store.rows.told import Anew, Answer, LoopRow, Message, MessageState, Report, Ship, Tell

__all__ = [
    "NEVER",
    "PERSON",
    "Age",
    "Anew",
    "Answer",
    "CrmKind",
    "CrmVersion",
    "Decision",
    "Demand",
    "EpicRow",
    "Facts",
    "Known",
    "Link",
    "LinkState",
    "Linked",
    "LoopRow",
    "Message",
    "MessageState",
    "Move",
    "OutboxRow",
    "Outcome",
    "Remark",
    "Report",
    "Row",
    "Ship",
    "Stated",
    "Tell",
    "Verdict",
    "Words",
    "age",
    "remark_key",
]


class Move(Row, frozen=True, kw_only=True):
    """One partition's offset, from where we read to where we read next.

    Attributes:
        expected: what the store must say now; None where it must not know the partition yet.
        new: the offset of the next record to read.
    """

    topic: str
    partition: int
    expected: int | None
    new: int


class OutboxRow(Row, frozen=True, kw_only=True):
    """A record that must reach Kafka because the transaction that wrote it was committed."""

    id: int
    topic: str
    key: bytes
    value: bytes
