"""Events that must not be lost or invented, relayed after the commit."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.codec import encode
from schemas.events import AnyEvent
from sinks.store.fake.state import Counters, State
from sinks.store.rows import OutboxRow


class FakeOutbox:
    """`sinks.store.contract.Outbox`."""

    def __init__(self, state: State, counters: Counters) -> None:
        self._outbox = state.outbox
        self._ids = counters.outbox

    def add(self, events: Sequence[tuple[str, str, AnyEvent]]) -> None:
        """Keep (topic, key, event), to be relayed in this order."""
        for topic, key, event in events:
            id_ = next(self._ids)
            self._outbox[id_] = OutboxRow(
                id=id_, topic=topic, key=key.encode(), value=encode(event)
            )

    def take(self, limit: int) -> list[OutboxRow]:
        """The oldest; other takers wait until this transaction ends, as everyone does here."""
        return [row for _, row in sorted(self._outbox.items())][:limit]

    def drop(self, ids: Sequence[int]) -> None:
        """Forget what the broker has acknowledged."""
        for id_ in ids:
            self._outbox.pop(id_, None)
