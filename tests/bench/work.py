"""What a child process is told, and what it tells back."""

from __future__ import annotations

import os
import sys
import threading
import time

import msgspec
from sqlalchemy import URL, make_url

VARIABLE = "CLOSELOOP_BENCH_WORK"


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One run.

    Attributes:
        name: what is measured, a key of `tests.bench.child.RUNS`.
        events: how many events the run takes from the topic.
        run_id: makes consumer groups new, so that every run reads from the start.
        home: a folder for what the engine keeps on disk.
    """

    name: str
    bootstrap_servers: str
    database_url: str
    events: int
    run_id: str
    home: str

    @property
    def url(self) -> URL:
        """The database, taken apart."""
        return make_url(self.database_url)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a child says on its standard output, one a line.

    Attributes:
        what: ``first`` once the first event reaches the rules; ``rate`` where the child measures
            by itself.
        at: monotonic seconds, the same clock in every process of a machine.
    """

    what: str
    at: float
    value: float = 0.0


VOICE_FD = 3
"""Where a child speaks to its parent, once `keep_voice` has given the rest of the process another
standard output: engines greet there, without an end of line."""


def keep_voice() -> None:
    """Move our standard output away from everybody else's."""
    os.dup2(sys.stdout.fileno(), VOICE_FD)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def tell(what: str, value: float = 0.0) -> None:
    """Say it to the parent."""
    line = msgspec.json.encode(Told(what=what, at=time.monotonic(), value=value))
    os.write(VOICE_FD, line + b"\n")


class First:
    """Says ``first`` at the first call and nothing later."""

    def __init__(self) -> None:
        self._said = False

    def __call__(self) -> None:
        """Cheap enough for every event."""
        if not self._said:
            self._said = True
            tell("first")


def die_with_parent() -> None:
    """End when the parent does: it holds the other end of our standard input."""

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # not `sys.stdin`: its lock would break the exit
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
