"""The contract of the store: transactions, each a set of shelves, one shelf a subject.

`sinks.store.postgres` is the real one, `sinks.store.fake` the one in memory; both pass
``tests/contract/store``. Every call blocks: callers run it in a thread. Every call
may raise `Temporary` (connection lost, deadlock, shutdown), after which the transaction is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from schemas.events import AnyEvent
from sinks.store.contract.heard import Crm, Epics, Links, Remarks
from sinks.store.contract.learned import Learned
from sinks.store.contract.themes import Themes
from sinks.store.contract.told import Loops, Messages, Ships, Tells
from sinks.store.rows import Move, OutboxRow

__all__ = [
    "Crm",
    "Epics",
    "Learned",
    "Links",
    "Loops",
    "Messages",
    "Offsets",
    "Outbox",
    "Remarks",
    "Ships",
    "Store",
    "Tells",
    "Themes",
    "Transaction",
]


class Offsets(Protocol):
    """Where each consumer group reads on; moved in the transaction that wrote the batch."""

    def next(self, group: str, topic: str) -> dict[int, int]:
        """Partition -> offset to read next; a partition that was never read is absent."""

    def move(self, group: str, moves: Sequence[Move]) -> None:
        """Move all or none.

        Raises:
            Fenced: one is not where it was expected: another worker owns that partition.
        """


class Outbox(Protocol):
    """Events that must not be lost or invented, relayed after the commit."""

    def add(self, events: Sequence[tuple[str, str, AnyEvent]]) -> None:
        """(topic, key, event), to be relayed in this order."""

    def take(self, limit: int) -> list[OutboxRow]:
        """The oldest; one taker at a time, the others get none until this transaction ends."""

    def drop(self, ids: Sequence[int]) -> None:
        """Forget what the broker has acknowledged."""


class Transaction(Protocol):
    """All of it becomes true at once when the ``with`` ends well, or none of it."""

    offsets: Offsets
    remarks: Remarks
    links: Links
    crm: Crm
    epics: Epics
    learned: Learned
    themes: Themes
    ships: Ships
    tells: Tells
    messages: Messages
    loops: Loops
    outbox: Outbox

    def savepoint(self) -> AbstractContextManager[None]:
        """What is done inside is undone, alone, when the ``with`` ends by an exception."""


class Store(Protocol):
    """The long memory."""

    def open(self) -> None:
        """Connect. Raises `SinkUnreachable`, or `SinkRefused` where the schema is not ours."""

    def close(self) -> None:
        """Let go of every connection; safe to repeat."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction; commits when the ``with`` ends without an exception."""
