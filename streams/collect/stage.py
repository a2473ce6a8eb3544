"""The collecting stage: what vendors sent becomes canonical events; nothing is written but those.

Event ids come from the content alone, so that reading ``source.*`` again, after a crash or with a
better parser, publishes the same events under the same ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from schemas.codec import STRUCTURED_HEADERS, decode, encode, validate
from schemas.delivery import decode_delivery
from schemas.errors import InvalidEvent
from schemas.topics import BY_NAME, SOURCES
from sinks.contracts import Outgoing
from sinks.store.contract import Transaction
from streams import metrics
from streams.batches import Record
from streams.collect.registry import source
from streams.collect.source import Fact, Fault, Ignored
from streams.dead.burial import dead_letter
from streams.stage import Stage

TOPIC_PREFIX = "source."
TOPICS = tuple(each for each in SOURCES if each.name != f"{TOPIC_PREFIX}reply")
"""Answers to our own mails are read by the room that sent the mails."""
_SHOWN = 5


class Collected(msgspec.Struct, frozen=True):
    """What one delivery amounts to: events to publish, and what was wrong with the rest of it."""

    record: Record
    outgoing: tuple[Outgoing, ...]
    error: InvalidEvent | None = None


class CollectStage:
    """Wires the parsers to a `Stage`.

    Args:
        replayed: stamped on every event, where deliveries are read once more.
    """

    def __init__(self, replayed: datetime | None = None) -> None:
        self._replayed = replayed

    def stage(self) -> Stage[Collected]:
        """The stage to run."""
        return Stage("collect", TOPICS, self.read, self.write)

    def read(self, record: Record, now: datetime) -> Collected:
        """The events of one delivery.

        Raises:
            InvalidEvent: dead-lettered; no part of it can be used. Where a part can, the error
                comes back beside it.
        """
        name = record.topic.removeprefix(TOPIC_PREFIX)
        delivery = decode_delivery(record.value, record.headers)
        if delivery.source != name:
            raise InvalidEvent(f"a delivery of {delivery.source!r}", "$.headers.delivery_source")
        outgoing: list[Outgoing] = []
        faults: list[InvalidEvent] = []
        for result in source(name).parse(delivery):
            if isinstance(result, Ignored):
                metrics.IGNORED.labels(name, result.what).inc()
            elif isinstance(result, Fault):
                faults.append(result.error)
            else:
                _checked(self._stamped(result), now, outgoing, faults)
        if faults and not outgoing:
            raise _summary(faults)
        return Collected(record, tuple(outgoing), _summary(faults) if faults else None)

    def _stamped(self, fact: Fact) -> Fact:
        if self._replayed is None:
            return fact
        event = msgspec.structs.replace(fact.event, replayed=self._replayed)
        return msgspec.structs.replace(fact, event=event)

    def write(self, _tx: Transaction, items: Sequence[Collected], now: datetime) -> list[Outgoing]:
        """Everything to publish, in order; a delivery with a bad part is dead-lettered as well."""
        published: list[Outgoing] = []
        for item in items:
            published.extend(item.outgoing)
            if item.error is not None:
                metrics.DEAD.labels("collect", type(item.error).__name__).inc()
                published.append(dead_letter(item.record, item.error, now))
        return published


def _checked(
    fact: Fact, now: datetime, outgoing: list[Outgoing], faults: list[InvalidEvent]
) -> None:
    """Nothing leaves that the topic's own readers would refuse."""
    try:
        value = encode(fact.event)
        validate(decode(value, STRUCTURED_HEADERS, BY_NAME[fact.topic].events), value, now)
    except InvalidEvent as error:
        faults.append(error)
    else:
        outgoing.append(Outgoing(fact.topic, fact.key.encode(), value, STRUCTURED_HEADERS))


def _summary(faults: Sequence[InvalidEvent]) -> InvalidEvent:
    """One error for all that is wrong with a delivery: a dead letter is the whole body anyway."""
    first, *others = faults
    if not others:
        return first
    named = "; ".join(f"{each.path}: {each.reason}" for each in others[:_SHOWN])
    more = f"; and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return type(first)(f"{first.reason}; {named}{more}", first.path)
