"""How much one batch may hold, in records and in bytes. Pure.

A fetch is bounded as it is compressed, and what is in it may be a hundred times as large. So
records are asked for in steps: many while they are small, few once they are large. What a batch
holds more than its budget is at most one step of records that nobody could foresee.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from schemas.codec import Headers

MAX_RECORDS = 5_000
"""Records a batch; at about 1 kB each, a busy worker stays under 350 MB. With twice as many it
needs 440, and no less time an event (``docs/decisions/0001-batches.md``)."""
MAX_BYTES = 8 * 1024 * 1024
"""Bytes a batch, unpacked: keys, values and headers. A larger record is a batch of its own."""
STEP = 100
"""Records that are asked for at once, at most."""


class Sized(Protocol):
    """As much of a Kafka record as has a size."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class Budget:
    """Says how many records to ask for next; learns from those that came how large they are."""

    def __init__(self) -> None:
        self._largest = MAX_BYTES // STEP
        self._records = self._bytes = 0

    def begin(self) -> None:
        """A new batch, with nothing in it."""
        self._records = self._bytes = 0

    def room(self) -> int:
        """How many more records this batch may take, as far as can be foreseen; 0: it is full."""
        left = MAX_BYTES - self._bytes
        if left <= 0 or self._records >= MAX_RECORDS:
            return 0
        fitting = left // self._largest
        if not fitting and self._records:
            return 0
        return min(max(1, fitting), STEP, MAX_RECORDS - self._records)

    def take(self, records: Iterable[Sized]) -> None:
        """These are in the batch now. The expectation rises at once, and falls by halves."""
        sizes = [size_of(record) for record in records]
        self._records += len(sizes)
        self._bytes += sum(sizes)
        self._largest = max(1, self._largest // 2, *sizes)


def size_of(record: Sized) -> int:
    """The bytes of a record, unpacked."""
    size = len(record.value or b"") + len(record.key or b"")
    for name, value in record.headers:
        size += len(name) + len(value or b"")
    return size
