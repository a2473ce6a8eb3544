"""The embedded broker and database: quick, durable, alone in their home, and never left behind."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from sqlalchemy import create_engine, text

from deploy.embedded import (
    AlreadyRunning,
    EmbeddedKafka,
    EmbeddedPostgres,
    NotRunning,
    ServerFailed,
    WrongJar,
)
from deploy.embedded import jars as pinned
from deploy.embedded import machine as once
from deploy.embedded.lock import Holder

BUSY = b"SELECT sum(sqrt(a * b)) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
CHILD = """
    import sys, time
    from pathlib import Path
    from deploy.embedded import EmbeddedKafka, EmbeddedPostgres
    home = Path(sys.argv[1])
    kafka, postgres = EmbeddedKafka(home), EmbeddedPostgres(home)
    kafka.start(); postgres.start()
    print(kafka.pid, postgres.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a name that is awkward: long, with a space, and not ASCII."""
    return tmp_path / ("a home of ümläuts " + "long" * 20)


@pytest.fixture
def broker(home: Path) -> Iterator[EmbeddedKafka]:
    """A running broker of this test's own."""
    with EmbeddedKafka(home) as server:
        yield server


@pytest.fixture
def database(home: Path) -> Iterator[EmbeddedPostgres]:
    """A running PostgreSQL of this test's own, as durable as a user's."""
    with EmbeddedPostgres(home) as server:
        yield server


def eventually(happens: Callable[[], bool], within_s: float) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + within_s
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


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


def query(url: str, statement: str) -> Any:
    """The first value that a statement returns, through SQLAlchemy as the product does it."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


# Kafka


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


def _settings(home: Path) -> dict[str, str]:
    lines = (home / "server.properties").read_text(encoding="ascii").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_two_homes_are_two_clusters(broker: EmbeddedKafka, tmp_path: Path, home: Path) -> None:
    """Homes are copies of one formatted folder, yet their ids differ."""
    assert broker.alive
    with EmbeddedKafka(tmp_path / "other"):
        one, other = (
            dict(line.split("=", 1) for line in file.read_text(encoding="ascii").split())
            for file in (
                where / "kafka-data/meta.properties" for where in (home, tmp_path / "other")
            )
        )
    assert one["cluster.id"] != other["cluster.id"]
    assert one["directory.id"] != other["directory.id"]


def test_a_broker_for_throughput_starts_too(tmp_path: Path) -> None:
    """The bench's broker has Kafka's own defaults where the tests' has quick ones."""
    with EmbeddedKafka(tmp_path, tuned_for="throughput", memory="768m") as server:
        write(server, "bench", b"fast", "lz4")
        assert read(server, "bench") == b"fast"
        assert "-Xmx768m" in psutil.Process(server.pid).cmdline()


def test_a_broker_whose_port_is_taken_fails_with_its_own_words(tmp_path: Path) -> None:
    """The reason stands in the broker's log; who starts it must not have to look for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = EmbeddedKafka(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(ServerFailed, match=r"(?s)kafka died with status 1.*already in use"):
            server.start()
    with pytest.raises(NotRunning):
        _ = server.pid
    server.start()  # the failure left nothing behind that would stop the next start
    server.stop()


def test_a_java_that_cannot_start_fails_with_its_own_words(tmp_path: Path) -> None:
    """The same for Java itself."""
    with pytest.raises(ServerFailed, match=r"(?s)kafka died.*Invalid maximum heap size"):
        EmbeddedKafka(tmp_path, memory="lots").start()


def test_a_broker_that_never_answers_is_stopped_and_reported(tmp_path: Path) -> None:
    """A timeout leaves no half-started broker."""
    server = EmbeddedKafka(tmp_path)
    with pytest.raises(ServerFailed, match=r"did not answer in 0\.01 s"):
        server.start(timeout_s=0.01)
    assert not server.alive
    assert not _processes_of(tmp_path)


def test_a_broker_not_yet_started_has_no_address(tmp_path: Path) -> None:
    """Making the object starts nothing."""
    with pytest.raises(NotRunning, match="start it first"):
        _ = EmbeddedKafka(tmp_path).bootstrap_servers
    assert not list(tmp_path.iterdir())


def test_a_jar_that_is_not_the_pinned_one_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed download is refused by name, and not kept."""
    evil = tmp_path / "evil.jar"
    evil.write_bytes(b"not what was pinned")

    class Registry:
        def __getattr__(self, _name: str) -> Callable[..., Any]:
            return lambda *_: self

        def resolve(self) -> Path:
            return evil

    monkeypatch.setattr(pinned, "_registry", lambda _scratch: Registry())
    with pytest.raises(WrongJar, match="has sha256"):
        pinned.fetch(tmp_path / "jars", lambda _line: None)
    assert not list((tmp_path / "jars").glob("*.jar"))


def test_a_jar_that_was_changed_in_the_cache_is_noticed(tmp_path: Path) -> None:
    """The pins are checked at every start, not only when downloading."""
    pin = pinned.pins()[0]
    good = once.machine(lambda _line: None).jars[0]
    copy = tmp_path / good.name
    copy.write_bytes(good.read_bytes())
    assert pinned._is_good(copy, pin)
    copy.write_bytes(good.read_bytes() + b"\0")
    assert not pinned._is_good(copy, pin)


# PostgreSQL


def test_a_database_keeps_its_data_and_its_address_through_stop_and_kill(
    database: EmbeddedPostgres,
) -> None:
    """What was committed is there after an orderly stop and after SIGKILL."""
    url = database.create_database("kept")
    query(url, "CREATE TABLE remark AS SELECT 1 AS n")
    database.stop()
    database.start()
    query(url, "UPDATE remark SET n = n + 1")
    pid = database.pid
    database.kill()
    assert is_gone(pid)
    database.start()
    assert database.url_of("kept") == url
    assert query(url, "SELECT n FROM remark") == 2


def test_a_kill_takes_a_busy_session_with_it(database: EmbeddedPostgres) -> None:
    """A backend deep in a query would outlive its postmaster and hold the home."""
    session = psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True)
    backend = session.info.backend_pid
    session.pgconn.send_query(BUSY)
    assert eventually(lambda: psutil.Process(backend).cpu_times().user > 0.2, within_s=15)
    database.kill()
    session.close()
    assert is_gone(backend)
    database.start()
    assert query(database.url, "SELECT 1") == 1


def test_a_stop_ends_open_sessions(database: EmbeddedPostgres, home: Path) -> None:
    """A forgotten connection must not keep the server up."""
    with psycopg.connect(database.url.replace("+psycopg", "")):
        pid = database.pid
        database.stop()
        assert is_gone(pid)
    assert "received fast shutdown request" in (home / "postgres.log").read_text()


def test_durability_is_given_up_only_on_request(
    database: EmbeddedPostgres, postgres: EmbeddedPostgres
) -> None:
    """A user's data are safe by default; the tests' need not be."""
    assert query(database.url, "SHOW fsync") == "on"
    assert query(postgres.url, "SHOW fsync") == "off"


def test_databases_come_from_a_template_and_go(postgres: EmbeddedPostgres) -> None:
    """Migrations are applied once, to a template; each test has a copy."""
    query(postgres.create_database("stencil"), "CREATE TABLE remark AS SELECT 7 AS n")
    copy = postgres.create_database("copy", template="stencil")
    assert query(copy, "SELECT n FROM remark") == 7
    with psycopg.connect(copy.replace("+psycopg", "")):  # somebody is still connected
        postgres.drop_database("copy")
    postgres.drop_database("copy")  # again: an absent one is no fault
    postgres.drop_database("stencil")


def test_each_test_has_a_database_of_its_own(database_url: str, postgres: EmbeddedPostgres) -> None:
    """The fixture's database is empty, and is not the server's own."""
    assert query(database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    assert database_url != postgres.url


def test_a_database_that_cannot_start_fails_with_its_own_words(
    database: EmbeddedPostgres, home: Path
) -> None:
    """The reason stands in the server's log; it is quoted."""
    database.stop()
    with (home / "postgres-data/postgresql.conf").open("a") as config:
        config.write("no_such_setting = 1\n")
    with pytest.raises(ServerFailed, match=r"(?s)postgres died.*no_such_setting"):
        database.start()


def test_a_stale_pid_file_does_not_stop_the_next_start(
    database: EmbeddedPostgres, home: Path, postgres: EmbeddedPostgres
) -> None:
    """The pid in it now belongs to a process that is alive: a PostgreSQL, but not on this home."""
    database.kill()
    file = home / "postgres-data/postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(postgres.pid), *lines[1:]]) + "\n")
    (home / "postgres.json").write_text(
        json.dumps({"owner_pid": os.getpid(), "owner_started_s": 1.0, "server_pid": os.getpid()})
    )
    database.start()
    assert query(database.url, "SELECT 1") == 1


def test_a_postgres_started_by_hand_on_the_home_is_not_disturbed(
    database: EmbeddedPostgres, home: Path
) -> None:
    """It does not know our lock, but its own pid file is true."""
    server = psutil.Process(database.pid)
    command, user, group = server.cmdline(), server.uids().real, server.gids().real
    database.stop()
    command[command.index("-k") + 1] = "/tmp"  # noqa: S108 - trusted for the moment of this test
    command[command.index("-p") + 1] = str(os.getpid())
    who: dict[str, Any] = {"user": user, "group": group} if os.geteuid() == 0 else {}
    with subprocess.Popen(command, **who) as by_hand:  # noqa: S603 - our own child
        try:
            assert eventually((home / "postgres-data/postmaster.pid").exists, within_s=15)
            with pytest.raises(AlreadyRunning, match=str(by_hand.pid)):
                database.start()
            assert by_hand.poll() is None
        finally:
            by_hand.send_signal(signal.SIGQUIT)


# both


@pytest.mark.parametrize("make", [EmbeddedKafka, EmbeddedPostgres])
def test_a_second_start_on_a_home_is_refused_and_names_the_first(
    make: Callable[[Path], EmbeddedKafka | EmbeddedPostgres], tmp_path: Path
) -> None:
    """Two servers on one data folder would corrupt it."""
    with make(tmp_path) as first:
        with pytest.raises(AlreadyRunning, match=str(first.pid)) as refused:
            make(tmp_path).start()
        assert refused.value.pid == first.pid
        make(tmp_path).stop()  # who was refused stops nothing
        assert first.alive
    with make(tmp_path) as second:
        assert second.alive


def test_a_start_that_has_not_recorded_itself_is_not_disturbed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the lock and the record there is a moment without a name to give."""
    monkeypatch.setattr("deploy.embedded.lock.ORPHAN_WAIT_S", 0.1)
    with (tmp_path / "postgres.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunning, match="just starting"):
            EmbeddedPostgres(tmp_path).start()


def test_a_record_with_a_reused_pid_is_not_believed() -> None:
    """A pid alone proves nothing: the process must have started when the record says."""
    me = psutil.Process()
    assert Holder(me.pid, me.create_time()).owner_lives()
    assert not Holder(me.pid, me.create_time() - 60).owner_lives()


def test_a_killed_owner_leaves_nothing_behind_and_the_home_usable(tmp_path: Path) -> None:
    """No cleanup of the owner's can run after kill -9."""
    owner = subprocess.Popen(  # noqa: S603 - our own child
        [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path)], stdout=subprocess.PIPE
    )
    assert owner.stdout
    pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == 2
    assert not any(map(is_gone, pids))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    with EmbeddedKafka(tmp_path) as kafka, EmbeddedPostgres(tmp_path) as postgres:
        assert all(map(is_gone, pids))  # the starts waited for the old ones' orderly end
        assert query(postgres.url, "SELECT 1") == 1
        assert kafka.alive
    assert eventually(lambda: not _processes_of(tmp_path), within_s=15)


def test_a_killed_watchdog_leaves_nothing_behind(database: EmbeddedPostgres, home: Path) -> None:
    """The second line of defence, on Linux: the kernel tells the server."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can signal a child of a killed process")
    pid, watchdog = database.pid, psutil.Process(database.pid).ppid()
    os.kill(watchdog, signal.SIGKILL)
    assert eventually(lambda: is_gone(pid), within_s=15)
    database.stop()
    database.start()
    assert query(database.url, "SELECT 1") == 1
    assert (home / "postgres.previous.log").exists()


def _processes_of(home: Path) -> list[psutil.Process]:
    """Everything that was started with this home on its command line, watchdogs included."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if any(str(home) in word for word in process.info["cmdline"] or [])
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]
