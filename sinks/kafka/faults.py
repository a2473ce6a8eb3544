"""kafka-python's faults as ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from kafka.errors import (
    KafkaConfigurationError,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFencedError,
    RecordListTooLargeError,
)

from schemas.errors import BadSettings, Fenced, SinkRefused, SinkUnreachable


@contextmanager
def named_faults(servers: str) -> Iterator[None]:
    """What kafka-python raises in the ``with``, by the name of what follows from it.

    Effects: silences kafka-python's own log, which says each fault at length and again.

    Raises:
        SinkUnreachable: no broker answers; worth another try.
        SinkRefused: the broker will never take it.
        Fenced: somebody began later under the same transactional id.
        BadSettings: the address is none.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        yield
    except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
        raise SinkRefused(f"broker: {error}") from error
    except (KafkaConfigurationError, ValueError) as error:
        raise BadSettings([f"bootstrap_servers: {servers}: {error}"]) from error
    except KafkaError as error:
        if ProducerFencedError.__name__ in repr(error):  # as such, or told in another's words
            raise Fenced("the same command runs elsewhere and has taken over: try again") from error
        if "bootstrap" in str(error):
            advice = "is one running, and is KAFKA_BOOTSTRAP_SERVERS its address?"
            raise SinkUnreachable(f"no broker answers at {servers}: {advice}") from error
        raise SinkUnreachable(f"broker {servers}: {error}") from error
