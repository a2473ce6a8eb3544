"""Carries the outbox to Kafka: in order per key, at least once, deleted when it is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from schemas.codec import STRUCTURED_HEADERS
from sinks.contracts import Outgoing
from sinks.store.contract import Store

AT_ONCE = 500


class Relay:
    """One transaction: take, publish, drop. A crash in between publishes the same events again."""

    def __init__(self, store: Store, publish: Callable[[list[Outgoing]], Any]) -> None:
        self._store = store
        self._publish = publish

    async def relay(self, _now: object) -> int:
        """Carry over what there is, at most `AT_ONCE`; how many."""
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(self._carry, loop)

    def _carry(self, loop: asyncio.AbstractEventLoop) -> int:
        with self._store.transaction() as tx:
            rows = tx.outbox.take(AT_ONCE)
            if rows:
                records = [Outgoing(r.topic, r.key, r.value, STRUCTURED_HEADERS) for r in rows]
                asyncio.run_coroutine_threadsafe(self._publish(records), loop).result(60)
                tx.outbox.drop([row.id for row in rows])
        return len(rows)
