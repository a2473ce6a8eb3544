"""A real Kafka and a real PostgreSQL without Docker: for the demo, the tests and the bench.

Both come from wheels and pinned jars, both keep their data in the home that they are given, and
neither outlives the process that started it, not even when that process is killed.
"""

from deploy.embedded.errors import AlreadyRunning, EmbeddedError, NotRunning, ServerFailed, WrongJar
from deploy.embedded.kafka import EmbeddedKafka
from deploy.embedded.postgres import EmbeddedPostgres

__all__ = [
    "AlreadyRunning",
    "EmbeddedError",
    "EmbeddedKafka",
    "EmbeddedPostgres",
    "NotRunning",
    "ServerFailed",
    "WrongJar",
]
