"""What the tests of the commands call, and what comes back."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from kafka import KafkaConsumer

from schemas.codec import STRUCTURED_HEADERS
from sinks.contracts import Outgoing
from sinks.kafka.reading import Stored, consumer, read
from sinks.kafka.writing import sender

NOWHERE = "127.0.0.1:1"
"""Where nobody listens."""


@dataclass(frozen=True)
class Called:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.out)


Call: TypeAlias = Callable[..., Called]


def records(servers: str, topic: str) -> list[Stored]:
    """Everything on a topic."""
    client: KafkaConsumer
    with consumer(servers) as client:
        return list(read(client, topic))


def put(servers: str, *outgoing: Outgoing) -> None:
    """Write records, as somebody else would."""
    with sender(servers, sorted({one.topic for one in outgoing})) as to:
        to.send(outgoing)


def event(topic: str, key: str, value: bytes) -> Outgoing:
    """A structured event, right or wrong."""
    return Outgoing(topic, key.encode(), value, STRUCTURED_HEADERS)
