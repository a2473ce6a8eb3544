"""Makes the broker agree with `schemas.topics`, over kafka-python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

from schemas.topics import TOPICS, Topic, dead_twins
from sinks.kafka.faults import named_faults
from sinks.kafka.reading import REACH_S

TIMEOUT_MS = 30_000


class Difference(msgspec.Struct, frozen=True):
    """Where the broker disagrees with the declaration: `found` is None for a topic it lacks."""

    topic: str
    what: str
    wanted: str
    found: str | None


def declared() -> list[Topic]:
    """Every topic that must exist, dead-letter twins included."""
    return [*TOPICS, *dead_twins()]


@contextmanager
def admin(bootstrap_servers: str) -> Iterator[KafkaAdminClient]:
    """An admin client; `SinkUnreachable` where no broker answers within a few seconds."""
    with named_faults(bootstrap_servers):
        client = KafkaAdminClient(
            bootstrap_servers=bootstrap_servers.split(","),
            bootstrap_timeout_ms=REACH_S * 1000,
            request_timeout_ms=TIMEOUT_MS,
        )
        try:
            yield client
        finally:
            client.close()


def create_missing(bootstrap_servers: str, topics: Iterable[Topic] | None = None) -> list[str]:
    """Create what the broker lacks; the names of what was created."""
    with admin(bootstrap_servers) as client:
        there = set(client.list_topics())
        wanted = declared() if topics is None else list(topics)
        missing = [topic for topic in wanted if topic.name not in there]
        if missing:
            _create(client, missing)
    return [topic.name for topic in missing]


def _create(client: KafkaAdminClient, topics: Iterable[Topic]) -> None:
    new = [
        NewTopic(
            name=topic.name,
            num_partitions=topic.partitions,
            replication_factor=-1,
            topic_configs=topic.config,
        )
        for topic in topics
    ]
    try:
        client.create_topics(new, timeout_ms=TIMEOUT_MS, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return  # somebody else created it between our look and our wish


def differences(bootstrap_servers: str) -> list[Difference]:
    """Where the broker's topics are not as declared; empty where all is well."""
    with admin(bootstrap_servers) as client:
        wanted = {topic.name: topic for topic in declared()}
        there = set(client.list_topics())
        missing = [Difference(n, "topic", "exists", None) for n in wanted if n not in there]
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted if name in there]
        said = client.describe_configs(asked, config_filter="all") if asked else {}
    configs = {name: one for by_name in said.values() for name, one in by_name.items()}
    return missing + [d for name in configs for d in _unlike(wanted[name], configs[name])]


def _unlike(topic: Topic, config: Mapping[str, Mapping[str, str]]) -> Iterator[Difference]:
    for key, wanted in topic.config.items():
        found = str(config[key]["value"])
        if found != wanted:
            yield Difference(topic.name, key, wanted, found)
