"""A publisher in memory: what it was handed, and failures on order."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schemas.errors import CloseloopError, SinkRefused, SinkUnreachable
from schemas.topics import LARGEST_RECORD_BYTES
from sinks.contracts import Outgoing


class FakePublisher:
    """Passes the same suite as the real one (``tests/contract/test_publisher_contract.py``).

    Attributes:
        records: everything that it took, in order; what is published twice stands there twice.
    """

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.is_open = False
        self.is_away = False
        self._failures: list[tuple[CloseloopError, bool]] = []

    def fail_next(self, *errors: CloseloopError, taken: bool = False) -> None:
        """The next calls of `publish` raise these, one each.

        Args:
            errors: what is raised.
            taken: the records are kept all the same, as when only the answer was lost.
        """
        self._failures.extend((error, taken) for error in errors)

    async def open(self) -> None:
        """Connect to nothing; `SinkUnreachable` while `is_away`."""
        if self.is_away:
            raise SinkUnreachable("the broker in memory is away")
        self.is_open = True

    async def close(self) -> None:
        """Nothing to let go of; safe to repeat."""
        self.is_open = False

    async def reach(self, topics: Collection[str] = ()) -> None:  # noqa: ARG002 - owes nothing
        """`SinkUnreachable` while `is_away`, or nobody opened it."""
        if self.is_away or not self.is_open:
            raise SinkUnreachable("the broker in memory is away, or nobody opened it")

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Keep all, in order; none where one is too large."""
        if self.is_away or not self.is_open:
            raise SinkUnreachable("the broker in memory is away, or nobody opened it")
        error, taken = self._failures.pop(0) if self._failures else (None, True)
        for record in records:
            if len(record.value or b"") > LARGEST_RECORD_BYTES:
                raise SinkRefused(f"{record.topic}: record is too large")
        if taken:
            self.records.extend(records)
        if error is not None:
            raise error
