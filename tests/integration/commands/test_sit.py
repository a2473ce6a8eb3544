"""``closeloop triage sit`` at a real terminal, as a process of its own."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sinks.store.postgres.store import PostgresStore
from tests.integration.commands.calling import Call
from tests.integration.commands.world import fill

WITHIN_S = 60.0


@dataclass
class Terminal:
    """A pseudo-terminal, and the process that sits at it."""

    master: int
    slave: int
    process: "subprocess.Popen[bytes]"
    seen: str = ""

    def awaits(self, pattern: str) -> None:
        """Read until this is on the screen."""
        deadline = time.monotonic() + WITHIN_S
        while not re.search(pattern, self.seen):
            left = deadline - time.monotonic()
            ready = select.select([self.master], [], [], max(0.0, left))[0]
            assert ready, f"{pattern!r} was not shown, but {self.seen[-2000:]!r}"
            self.seen += os.read(self.master, 65536).decode()

    def presses(self, keys: str) -> None:
        """Send keys; what was seen so far is forgotten."""
        self.seen = ""
        os.write(self.master, keys.encode())


@pytest.fixture
def terminal(store: PostgresStore, database_url: str) -> Iterator[Terminal]:
    """With two remarks that wait."""
    fill(store)
    master, slave = pty.openpty()
    environ = {"DATABASE_URL": database_url, "TERM": "xterm"}
    keep = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.commands", "triage", "sit", "--by", "kim"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**keep, **environ},
        start_new_session=True,
        preexec_fn=_own_terminal,  # noqa: PLW1509 - Ctrl-C reaches whose terminal it is
    )
    yield Terminal(master, slave, process)
    process.kill()
    process.wait()
    os.close(master)
    os.close(slave)


def _own_terminal() -> None:
    os.close(os.open(os.ttyname(0), os.O_RDWR))  # the first that a session opens is its own


def _outcome(store: PostgresStore, record: str) -> str:
    with store.transaction() as tx:
        found = tx.remarks.find(f"upstream:{record}")
    assert found is not None
    return found[0].outcome


def test_a_key_decides_and_the_end_is_summed_up(terminal: Terminal, store: PostgresStore) -> None:
    """Remark by remark; an arrow key is no decision."""
    terminal.awaits("1 of 2")
    terminal.presses("\x1b[Ad")
    terminal.awaits("2 of 2")
    terminal.presses("q")
    terminal.awaits("1 decided, 0 skipped, 0 taken back")
    assert terminal.process.wait(WITHIN_S) == 0
    assert sorted([_outcome(store, "2"), _outcome(store, "3")]) in (
        ["dismissed", "suggested"],
        ["dismissed", "unmatched"],
    )


def test_ctrl_c_loses_nothing_and_leaves_the_terminal_as_it_was(
    terminal: Terminal, store: PostgresStore
) -> None:
    """What was decided is summed up; keys are echoed again."""
    before = termios.tcgetattr(terminal.slave)
    terminal.awaits("1 of 2")
    assert termios.tcgetattr(terminal.slave) != before
    terminal.presses("d")
    terminal.awaits("2 of 2")
    terminal.presses("\x03")
    terminal.awaits("1 decided")
    assert terminal.process.wait(WITHIN_S) == 130
    assert termios.tcgetattr(terminal.slave) == before
    assert "dismissed" in {_outcome(store, "2"), _outcome(store, "3")}


def test_without_a_terminal_it_is_refused(on_store: Call) -> None:
    """With what to use instead."""
    called = on_store("triage", "sit")
    assert (called.status, called.out) == (1, "")
    assert "needs a terminal" in called.err
