"""The parent's side of a run: a fresh database, a child process, and an observer that counts."""

from __future__ import annotations

import asyncio
import itertools
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec
import psycopg
from aiokafka import AIOKafkaConsumer

from deploy.embedded import EmbeddedKafka, EmbeddedPostgres
from schemas.topics import FEEDBACK_RECEIVED
from sinks.kafka.admin import create_missing
from sinks.store.migrations import migrate
from tests.bench.load import fill_store
from tests.bench.work import VARIABLE, Told, Work

POLL_S = 0.02
STOP_S = 15.0
START_S = 90.0
"""How long an engine may take to join its group and read its first event; it does not count."""
TEMPLATE = "bench_template"
_SEEN = "SELECT coalesce(max(remark_id), 0) FROM link"
_COUNTS = "SELECT (SELECT count(*) FROM remark), (SELECT count(*) FROM link WHERE state = 'linked')"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one run came to.

    Attributes:
        events: how many there were to do.
        per_s: events a second; None where it did not end in time.
        remarks, links: the rows that the store held at the end; for a limit both 0.
        peak_mb: the most memory that the process held; None where the system does not say.
    """

    name: str
    events: int
    per_s: float | None
    remarks: int = 0
    links: int = 0
    peak_mb: float | None = None
    note: str = ""

    @property
    def exact(self) -> bool:
        """Neither lost nor doubled."""
        return self.remarks == self.links == self.events


class Child:
    """One child process and what it has said."""

    def __init__(self, work: Work, log: Path) -> None:
        self.work = work
        self._said: queue.Queue[Told] = queue.Queue()
        environ = {**os.environ, VARIABLE: msgspec.json.encode(work).decode()}
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environ,
                cwd=Path(__file__).parents[2],
            )
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def _listen(self, lines: IO[bytes]) -> None:
        for line in lines:
            with suppress(msgspec.DecodeError):  # an engine's own greeting
                self._said.put(msgspec.json.decode(line, type=Told))

    def hears(self, timeout_s: float) -> Told | None:
        """The next thing that it says; None when it says nothing in time or has ended."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with suppress(queue.Empty):
                return self._said.get(timeout=0.2)
            if not self.alive and self._said.empty():
                return None
        return None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def peak_mb(self) -> float | None:
        """The most memory it has held so far."""
        with suppress(OSError):
            for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    return int(line.split()[1]) / 1024
        return None

    def stop(self) -> None:
        """Ask it to end, then make it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Rig:
    """A broker with the topics and a server with a template database; a database a run."""

    def __init__(self, home: Path, kafka: EmbeddedKafka, postgres: EmbeddedPostgres) -> None:
        self.home, self.kafka, self.postgres = home, kafka, postgres
        self._numbers = itertools.count(1)

    @contextmanager
    def child(self, name: str, events: int) -> Iterator[Child]:
        """A child on a database of its own, both gone afterwards."""
        number = next(self._numbers)
        database = f"bench_{number}"
        url = self.postgres.create_database(database, template=TEMPLATE)
        with psycopg.connect(_plain(self.postgres.url), autocommit=True) as admin:
            admin.execute("CHECKPOINT")  # of the runs before, so that it does not fall into this
        home = self.home / f"run-{number}"
        home.mkdir()
        work = Work(
            name=name,
            bootstrap_servers=self.kafka.bootstrap_servers,
            database_url=url,
            events=events,
            run_id=f"{os.getpid()}-{number}",
            home=str(home),
        )
        child = Child(work, home / "stderr.log")
        try:
            yield child
        finally:
            child.stop()
            self.postgres.drop_database(database)

    def measure(self, name: str, events: int, limit_s: float) -> Run:
        """Run an engine until all its rows are visible; from its first event to the last row."""
        with self.child(name, events) as child:
            first = child.hears(START_S)
            if first is None:
                return Run(name=name, events=events, per_s=None, note=self._why(child))
            with psycopg.connect(_plain(child.work.database_url), autocommit=True) as database:
                ended = _watch(child, database, events, first.at + limit_s)
                time.sleep(0.5)  # what is doubled comes late
                remarks, links = _counts(database)
            return Run(
                name=name,
                events=events,
                per_s=None if ended is None else events / (ended - first.at),
                remarks=remarks,
                links=links,
                peak_mb=child.peak_mb(),
                note="" if ended is not None else self._why(child),
            )

    def limit(self, name: str, events: int, limit_s: float) -> Run:
        """Run a step that measures itself."""
        with self.child(name, events) as child:
            told = child.hears(limit_s)
            while told is not None and told.what != "rate":
                told = child.hears(limit_s)
            per_s = None if told is None else told.value
            return Run(
                name=name,
                events=events,
                per_s=per_s,
                peak_mb=child.peak_mb(),
                note="" if told else self._why(child),
            )

    def _why(self, child: Child) -> str:
        log = Path(child.work.home) / "stderr.log"
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        return f"{'out of time' if child.alive else 'ended'}: {''.join(last)[:200]}"


@contextmanager
def rig(home: Path) -> Iterator[Rig]:
    """Broker and server as production would have them: every commit is on the disk."""
    kafka = EmbeddedKafka(home / "kafka", memory="1g", tuned_for="throughput")
    postgres = EmbeddedPostgres(home / "postgres", durable=True)
    with kafka, postgres:
        create_missing(kafka.bootstrap_servers)
        url = postgres.create_database(TEMPLATE)
        migrate(url)
        fill_store(url)
        with psycopg.connect(_plain(url), autocommit=True) as database:
            database.execute("VACUUM ANALYZE")
        asyncio.run(_join_a_group(kafka.bootstrap_servers))
        yield Rig(home, kafka, postgres)


async def _join_a_group(bootstrap_servers: str) -> None:
    """Let the broker make its topic of groups, so that no engine waits for it."""
    consumer = AIOKafkaConsumer(
        FEEDBACK_RECEIVED.name, bootstrap_servers=bootstrap_servers, group_id="bench"
    )
    await consumer.start()
    await consumer.stop()


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")


def _watch(
    child: Child, database: psycopg.Connection, events: int, deadline: float
) -> float | None:
    """When the last row became visible; None where that never came."""
    while time.monotonic() < deadline and child.alive:
        if _seen(database) >= events:
            now = time.monotonic()
            if min(_counts(database)) >= events:
                return now
        time.sleep(POLL_S)
    return None


def _seen(database: psycopg.Connection) -> int:
    row = database.execute(_SEEN).fetchone()
    return int(row[0]) if row else 0


def _counts(database: psycopg.Connection) -> tuple[int, int]:
    row = database.execute(_COUNTS).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
