"""What falls due: rows with a time, taken by whichever worker looks first.

Every piece of work is a function of the store and the time that says how much it did. It runs in a
thread, again at once while there is more, and a fault in one piece never keeps another from its
turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeAlias

import structlog

from schemas.errors import Temporary
from streams import metrics
from streams.clock import Clock

log = structlog.get_logger()

Work: TypeAlias = Callable[[datetime], int]
"""Does what is due by then; how much that was, 0 when there is nothing left."""
AnyWork: TypeAlias = Work | Callable[[datetime], Awaitable[int]]
"""The same, run in a thread or on the loop."""

MOST_ROUNDS = 100
"""Rounds of one piece of work before the others get their turn again."""


class DueWork:
    """All pieces of work by name, none of them twice at the same time."""

    def __init__(self, work: Mapping[str, AnyWork], clock: Clock) -> None:
        self._work = work
        self._clock = clock
        self._busy: set[str] = set()

    async def do_all(self) -> None:
        """One turn for every piece."""
        await asyncio.gather(*(self.do(name) for name in self._work))

    async def do(self, name: str) -> None:
        """Do what is due, until nothing is or a fault says to wait for the next tick."""
        if name in self._busy:
            return
        self._busy.add(name)
        try:
            for _ in range(MOST_ROUNDS):
                done = await self._once(name)
                metrics.DUE.labels(name).inc(done)
                if not done:
                    return
        except Temporary as error:
            log.warning("due work waits", work=name, why=str(error))
        except Exception:
            log.exception("due work failed", work=name)
        finally:
            self._busy.discard(name)

    async def _once(self, name: str) -> int:
        work = self._work[name]
        if asyncio.iscoroutinefunction(work):
            done: int = await work(self._clock.now())
            return done
        return await asyncio.to_thread(work, self._clock.now())  # type: ignore[arg-type]
