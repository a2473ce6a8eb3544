"""How much may be under way at once, whoever sends it: requests, and bytes of bodies.

A body is in memory before its signature can be checked, so a stranger would decide how much we
hold. Where there is no more room, the body whose sender has been silent for longest gives way: a
sender in good faith is never silent for long, and who leaves many bodies half sent loses those.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.topics import MIB

MOST_BYTES = 64 * MIB
MOST_REQUESTS = 1_000


class Full(Exception):
    """There is no room, and nobody who could give way: answered with 503."""


class Admitted:
    """One request that is under way.

    Attributes:
        held_bytes: how much of its body is in memory.
        gave_way: it was cut off, so that there is room for others.
    """

    def __init__(self, admission: Admission) -> None:
        self.held_bytes = 0
        self.gave_way = False
        self._admission = admission
        self._deadline: asyncio.Timeout | None = None

    @contextmanager
    def reading(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """Inside, the request may be cut off for others: `deadline` then passes at once."""
        self._deadline = deadline
        self._admission.heard_of(self)
        try:
            yield
        finally:
            self._admission.has_read(self)

    def hold(self, more_bytes: int) -> None:
        """Hold so many more bytes; `Full` where there is no room for them."""
        if self.gave_way:
            raise Full("it gave way to others")
        self._admission.make_room(self, more_bytes)
        self.held_bytes += more_bytes

    def let_go(self) -> None:
        """Hold nothing any more."""
        self._admission.held_bytes -= self.held_bytes
        self.held_bytes = 0

    def give_way(self) -> None:
        """Be cut off, in the midst of reading."""
        self.gave_way = True
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time())


class Admission:
    """Admits requests, and sees that together they stay within bounds.

    Args:
        most_bytes: of all bodies together; at least one of the largest must fit.
        most_requests: that are being read or wait for the broker.

    Attributes:
        held_bytes: of all bodies together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, most_requests: int = MOST_REQUESTS) -> None:
        self.held_bytes = 0
        self._most_bytes = most_bytes
        self._most_requests = most_requests
        self._under_way: set[Admitted] = set()
        self._being_read: dict[Admitted, None] = {}  # the one silent for longest comes first

    @contextmanager
    def admitted(self) -> Iterator[Admitted]:
        """One request, for as long as the ``with`` lasts; `Full` where there is no room for it."""
        while len(self._under_way) >= self._most_requests:
            self._cut_off_the_most_silent()
        request = Admitted(self)
        self._under_way.add(request)
        try:
            yield request
        finally:
            self._leave(request)

    def heard_of(self, request: Admitted) -> None:
        """Its sender sends: it is the last that gives way."""
        self._being_read.pop(request, None)
        self._being_read[request] = None

    def has_read(self, request: Admitted) -> None:
        """All of it is here, or it is refused: it gives way no more."""
        self._being_read.pop(request, None)

    def make_room(self, request: Admitted, more_bytes: int) -> None:
        """Keep room for so many bytes more of this one; `Full` where the others cannot give it."""
        self.heard_of(request)
        while self.held_bytes + more_bytes > self._most_bytes:
            self._cut_off_the_most_silent(but=request)
        self.held_bytes += more_bytes

    def _cut_off_the_most_silent(self, but: Admitted | None = None) -> None:
        silent = next((each for each in self._being_read if each is not but), None)
        if silent is None:
            raise Full("too much waits for the broker")
        self.has_read(silent)
        self._leave(silent)
        silent.give_way()

    def _leave(self, request: Admitted) -> None:
        request.let_go()
        self._under_way.discard(request)
