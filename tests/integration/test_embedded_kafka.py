"""The embedded broker: quick, durable, and clear about what stops it."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from deploy.embedded import (
    EmbeddedKafka,
    NotRunning,
    ServerFailed,
    WrongJar,
)
from deploy.embedded import jars as pinned
from deploy.embedded import machine as once


@pytest.fixture
def home(server_home: Path) -> Path:
    """A folder with a name that is awkward: long, with a space, and not ASCII."""
    return server_home / ("a home of ümläuts " + "long" * 20)


@pytest.fixture
def broker(home: Path) -> Iterator[EmbeddedKafka]:
    """A running broker of this test's own."""
    with EmbeddedKafka(home) as server:
        yield server


def is_gone(pid: int) -> bool:
    """Whether a process has ended, buried or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def write(server: EmbeddedKafka, topic: str, value: bytes, codec: str | None = None) -> None:
    """Put one message onto a new topic, acknowledged."""
    admin = KafkaAdminClient(bootstrap_servers=server.bootstrap_servers)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()
    producer = KafkaProducer(
        bootstrap_servers=server.bootstrap_servers, compression_type=codec, acks="all"
    )
    producer.send(topic, value).get(timeout=30)
    producer.close()


def read(server: EmbeddedKafka, topic: str) -> bytes:
    """The first message of a topic."""
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=server.bootstrap_servers,
        group_id="readers",
        auto_offset_reset="earliest",
        consumer_timeout_ms=30_000,
    )
    try:
        return bytes(next(consumer).value)
    finally:
        consumer.close()


def _settings(home: Path) -> dict[str, str]:
    lines = (home / "server.properties").read_text(encoding="ascii").splitlines()
    return dict(line.split("=", 1) for line in lines)


def _processes_of(home: Path) -> list[psutil.Process]:
    """Everything that was started with this home on its command line, watchdogs included."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if any(str(home) in word for word in process.info["cmdline"] or [])
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_a_message_survives_each_codec(kafka: EmbeddedKafka, topic_prefix: str, codec: str) -> None:
    """An upstream producer chooses the codec, so all four must work."""
    words = b"please export to CSV " * 50
    write(kafka, topic_prefix + codec, words, codec)
    assert read(kafka, topic_prefix + codec) == words


def test_a_topic_nobody_made_is_not_made_by_writing_to_it(kafka: EmbeddedKafka) -> None:
    """A typing error in a topic's name must not become a topic."""
    producer = KafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, max_block_ms=1000, api_version=(2, 6)
    )
    with pytest.raises(Exception, match=r"(?i)timed? ?out|metadata|UnknownTopic"):
        producer.send("no.such_topic", b"").get(timeout=5)
    producer.close()


def test_a_broker_keeps_its_data_and_its_port_through_stop_and_kill(broker: EmbeddedKafka) -> None:
    """Clients find the broker again where it was, with what they wrote."""
    address, first_pid = broker.bootstrap_servers, broker.pid
    write(broker, "kept", b"before")
    broker.stop()
    assert is_gone(first_pid)
    broker.start()
    assert read(broker, "kept") == b"before"
    second_pid = broker.pid
    broker.kill()
    assert is_gone(second_pid)
    broker.start()
    assert broker.bootstrap_servers == address
    write(broker, "after", b"after")
    assert read(broker, "after") == b"after"


def test_a_later_broker_on_the_same_home_has_the_data_on_other_ports(
    broker: EmbeddedKafka, home: Path
) -> None:
    """Ports are never fixed, and neither clients' nor controller's is part of the data."""
    write(broker, "kept", b"before")
    address, ports = broker.bootstrap_servers, _settings(home)
    broker.stop()
    with EmbeddedKafka(home) as later:
        assert later.bootstrap_servers != address
        assert _settings(home)["controller.quorum.voters"] != ports["controller.quorum.voters"]
        assert read(later, "kept") == b"before"


def test_two_homes_are_two_clusters(broker: EmbeddedKafka, server_home: Path, home: Path) -> None:
    """Homes are copies of one formatted folder, yet their ids differ."""
    assert broker.alive
    with EmbeddedKafka(server_home / "other"):
        one, other = (
            dict(line.split("=", 1) for line in file.read_text(encoding="ascii").split())
            for file in (
                where / "kafka-data/meta.properties" for where in (home, server_home / "other")
            )
        )
    assert one["cluster.id"] != other["cluster.id"]
    assert one["directory.id"] != other["directory.id"]


def test_a_broker_for_throughput_starts_too(server_home: Path) -> None:
    """The bench's broker has Kafka's own defaults where the tests' has quick ones."""
    with EmbeddedKafka(server_home, tuned_for="throughput", memory="768m") as server:
        write(server, "bench", b"fast", "lz4")
        assert read(server, "bench") == b"fast"
        assert "-Xmx768m" in psutil.Process(server.pid).cmdline()


def test_a_broker_whose_port_is_taken_fails_with_its_own_words(server_home: Path) -> None:
    """The reason stands in the broker's log; who starts it must not have to look for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = EmbeddedKafka(server_home, port=taken.getsockname()[1])
        with pytest.raises(ServerFailed, match=r"(?s)kafka died with status 1.*already in use"):
            server.start()
    with pytest.raises(NotRunning):
        _ = server.pid
    server.start()  # the failure left nothing behind that would stop the next start
    server.stop()


def test_a_java_that_cannot_start_fails_with_its_own_words(server_home: Path) -> None:
    """The same for Java itself."""
    with pytest.raises(ServerFailed, match=r"(?s)kafka died.*Invalid maximum heap size"):
        EmbeddedKafka(server_home, memory="lots").start()


def test_a_broker_that_never_answers_is_stopped_and_reported(server_home: Path) -> None:
    """A timeout leaves no half-started broker."""
    server = EmbeddedKafka(server_home)
    with pytest.raises(ServerFailed, match=r"did not answer in 0\.01 s"):
        server.start(timeout_s=0.01)
    assert not server.alive
    assert not _processes_of(server_home)


def test_a_broker_not_yet_started_has_no_address(server_home: Path) -> None:
    """Making the object starts nothing."""
    with pytest.raises(NotRunning, match="start it first"):
        _ = EmbeddedKafka(server_home).bootstrap_servers
    assert not list(server_home.iterdir())


def test_a_jar_that_is_not_the_pinned_one_is_never_run(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed download is refused by name, and not kept."""
    evil = server_home / "evil.jar"
    evil.write_bytes(b"not what was pinned")

    class Registry:
        def __getattr__(self, _name: str) -> Callable[..., Any]:
            return lambda *_: self

        def resolve(self) -> Path:
            return evil

    monkeypatch.setattr(pinned, "_registry", lambda _scratch: Registry())
    with pytest.raises(WrongJar, match="has sha256"):
        pinned.fetch(server_home / "jars", lambda _line: None)
    assert not list((server_home / "jars").glob("*.jar"))


def test_a_jar_that_was_changed_in_the_cache_is_noticed(server_home: Path) -> None:
    """The pins are checked at every start, not only when downloading."""
    pin = pinned.pins()[0]
    good = once.machine(lambda _line: None).jars[0]
    copy = server_home / good.name
    copy.write_bytes(good.read_bytes())
    assert pinned._is_good(copy, pin)
    copy.write_bytes(good.read_bytes() + b"\0")
    assert not pinned._is_good(copy, pin)
