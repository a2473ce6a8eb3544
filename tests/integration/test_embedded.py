"""The embedded servers: alone in their home, and never left behind."""

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.embedded import (
    AlreadyRunning,
    EmbeddedKafka,
    EmbeddedPostgres,
)
from deploy.embedded.lock import Holder

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


def _processes_of(home: Path) -> list[psutil.Process]:
    """Everything that was started with this home on its command line, watchdogs included."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if any(str(home) in word for word in process.info["cmdline"] or [])
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


@pytest.mark.parametrize("make", [EmbeddedKafka, EmbeddedPostgres])
def test_a_second_start_on_a_home_is_refused_and_names_the_first(
    make: Callable[[Path], EmbeddedKafka | EmbeddedPostgres], server_home: Path
) -> None:
    """Two servers on one data folder would corrupt it."""
    with make(server_home) as first:
        with pytest.raises(AlreadyRunning, match=str(first.pid)) as refused:
            make(server_home).start()
        assert refused.value.pid == first.pid
        make(server_home).stop()  # who was refused stops nothing
        assert first.alive
    with make(server_home) as second:
        assert second.alive


def test_a_start_that_has_not_recorded_itself_is_not_disturbed(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the lock and the record there is a moment without a name to give."""
    monkeypatch.setattr("deploy.embedded.lock.ORPHAN_WAIT_S", 0.1)
    with (server_home / "postgres.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunning, match="just starting"):
            EmbeddedPostgres(server_home).start()


def test_a_record_with_a_reused_pid_is_not_believed() -> None:
    """A pid alone proves nothing: the process must have started when the record says."""
    me = psutil.Process()
    assert Holder(me.pid, me.create_time()).owner_lives()
    assert not Holder(me.pid, me.create_time() - 60).owner_lives()


def test_a_killed_owner_leaves_nothing_behind_and_the_home_usable(server_home: Path) -> None:
    """No cleanup of the owner's can run after kill -9."""
    owner = subprocess.Popen(  # noqa: S603 - our own child
        [sys.executable, "-c", textwrap.dedent(CHILD), str(server_home)], stdout=subprocess.PIPE
    )
    assert owner.stdout
    pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == 2
    assert not any(map(is_gone, pids))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    with EmbeddedKafka(server_home) as kafka, EmbeddedPostgres(server_home) as postgres:
        assert all(map(is_gone, pids))  # the starts waited for the old ones' orderly end
        assert kafka.alive
        assert postgres.alive
    assert eventually(lambda: not _processes_of(server_home), within_s=15)


def test_a_killed_watchdog_leaves_nothing_behind(server_home: Path) -> None:
    """The second line of defence, on Linux: the kernel tells the server."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can signal a child of a killed process")
    with EmbeddedPostgres(server_home) as server:
        pid, watchdog = server.pid, psutil.Process(server.pid).ppid()
        os.kill(watchdog, signal.SIGKILL)
        assert eventually(lambda: is_gone(pid), within_s=15)
        server.start()
        assert server.pid != pid
    assert "fast shutdown" in (server_home / "postgres.previous.log").read_text()
