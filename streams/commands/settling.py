"""Puts dead letters back or lets them go, and remembers which, once per letter.

The record and the memory of it are one Kafka transaction under one transactional id. So a crash
leaves both or neither, and whoever begins later has seen all that was done before: Kafka fences the
earlier one off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from kafka import KafkaProducer
from kafka.errors import KafkaError

from sinks.kafka.writing import hand_over, producer
from streams.commands.output import Advance
from streams.dead.letters import Letter, Settled, put_back, remembered

TRANSACTIONAL_ID = "closeloop.dead"
TRANSACTION_TIMEOUT_MS = 15_000
"""How long readers of a topic may wait for one of us who was killed in between."""
AT_ONCE = 100
AT_ONCE_BYTES = 8 * 1024 * 1024


class Settling:
    """Settles letters, some in each transaction."""

    def __init__(self, client: KafkaProducer) -> None:
        self._client = client

    def settle(self, letters: Iterable[tuple[Letter, Settled]], advance: Advance) -> int:
        """Do to each what is to be remembered of it, in order; how many.

        Effects: a redriven letter's record is on its topic again, in the partition that it was
        read from. Interrupted, what was done is remembered and the rest is as before.
        """
        count = 0
        for some in _chunks(letters):
            self._settle_at_once(some)
            count += len(some)
            advance(len(some))
        return count

    def _settle_at_once(self, some: list[tuple[Letter, Settled]]) -> None:
        self._client.begin_transaction()
        try:
            for letter, settled in some:
                if settled.fate == "redriven":
                    hand_over(self._client, put_back(letter), self._partition_of(letter))
                hand_over(self._client, remembered(letter, settled))
            self._client.commit_transaction()
        except BaseException:
            with suppress(KafkaError):  # who is fenced off has nothing left to abort
                self._client.abort_transaction()
            raise

    def _partition_of(self, letter: Letter) -> int | None:
        """Where it was read, as long as the topic has it: whoever wrote it chose it."""
        there: set[int] = self._client.partitions_for(letter.topic) or set()
        return letter.said.partition if letter.said and letter.said.partition in there else None


@contextmanager
def settling(servers: str) -> Iterator[Settling]:
    """A `Settling`; from now on any that began earlier is refused."""
    with producer(
        servers,
        transactional_id=TRANSACTIONAL_ID,
        transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
    ) as client:
        client.init_transactions()
        yield Settling(client)


def _chunks(
    letters: Iterable[tuple[Letter, Settled]],
) -> Iterator[list[tuple[Letter, Settled]]]:
    some: list[tuple[Letter, Settled]] = []
    size = 0
    for one in letters:
        some.append(one)
        size += one[0].size_bytes
        if len(some) >= AT_ONCE or size >= AT_ONCE_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some
