"""Transactions in memory: each works on a copy, one at a time, and becomes visible at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from schemas.errors import SinkUnreachable
from sinks.store.contract import (
    Crm,
    Epics,
    Learned,
    Links,
    Loops,
    Messages,
    Offsets,
    Outbox,
    Remarks,
    Ships,
    Tells,
    Themes,
    Transaction,
)
from sinks.store.fake.crm import FakeCrm
from sinks.store.fake.epics import FakeEpics
from sinks.store.fake.learned import FakeLearned
from sinks.store.fake.links import FakeLinks
from sinks.store.fake.loops import FakeLoops
from sinks.store.fake.messages import FakeMessages
from sinks.store.fake.offsets import FakeOffsets
from sinks.store.fake.outbox import FakeOutbox
from sinks.store.fake.remarks import FakeRemarks
from sinks.store.fake.ships import FakeShips
from sinks.store.fake.state import Counters, State
from sinks.store.fake.tells import FakeTells
from sinks.store.fake.themes import FakeThemes


class FakeTransaction:
    """One transaction's shelves, all on one copy."""

    def __init__(self, state: State, counters: Counters) -> None:
        self.offsets: Offsets = FakeOffsets(state)
        self.remarks: Remarks = FakeRemarks(state, counters)
        self.links: Links = FakeLinks(state, counters)
        self.crm: Crm = FakeCrm(state)
        self.epics: Epics = FakeEpics(state, counters)
        self.learned: Learned = FakeLearned(state, counters)
        self.themes: Themes = FakeThemes(state, counters)
        self.ships: Ships = FakeShips(state)
        self.tells: Tells = FakeTells(state)
        self.messages: Messages = FakeMessages(state, counters)
        self.loops: Loops = FakeLoops(state)
        self.outbox: Outbox = FakeOutbox(state, counters)
        self._state = state

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is done inside is undone, alone, when the ``with`` ends by an exception."""
        before = self._state.copy()
        try:
            yield
        except BaseException:
            self._state.restore(before)
            raise


class FakeStore:
    """The long memory of one process; what it holds survives `close`, as a database would.

    Args:
        timeout_s: how long a transaction waits for the one before it.
    """

    def __init__(self, *, timeout_s: float = 30) -> None:
        self._timeout_s = timeout_s
        self._state = State()
        self._counters = Counters()
        self._one_at_a_time = Lock()
        self._is_open = False

    def open(self) -> None:
        """Allow transactions."""
        self._is_open = True

    def close(self) -> None:
        """Allow none any more; safe to repeat."""
        self._is_open = False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction; commits when the ``with`` ends without an exception."""
        if not self._is_open:
            raise SinkUnreachable("the store is not open")
        if not self._one_at_a_time.acquire(timeout=self._timeout_s):
            raise SinkUnreachable(f"store: locked for more than {self._timeout_s:g} s")
        try:
            state = self._state.copy()
            yield FakeTransaction(state, self._counters)
            self._state = state
        finally:
            self._one_at_a_time.release()
