"""Who uses a home: one server at a time, and no pid file is believed on its own.

The lock is a `flock` on a file of the home whose descriptor the watchdog and the server inherit. So
the kernel holds it exactly as long as one of them lives, however they die, and a stale lock cannot
exist. The record beside it only says whom to name.
"""

import fcntl
import os
import time
from pathlib import Path

import msgspec
import psutil

from deploy.embedded.errors import AlreadyRunning

ORPHAN_WAIT_S = 20.0  # longer than any server's orderly stop after its owner's death
CLOCK_SLACK_S = 2.0  # a start time is read back with the clock's error


class Holder(msgspec.Struct, frozen=True):
    """The process that started the server, and the server. A hint, never the lock itself."""

    owner_pid: int
    owner_started_s: float
    server_pid: int | None = None

    def owner_lives(self) -> bool:
        """Whether the recorded owner still runs, and is not another process with its pid."""
        try:
            started_s = psutil.Process(self.owner_pid).create_time()
        except psutil.NoSuchProcess:
            return False
        return abs(started_s - self.owner_started_s) < CLOCK_SLACK_S


class HomeLock:
    """One server's claim on a home. `fd` is to be inherited by whoever must keep the claim."""

    def __init__(self, home: Path, name: str) -> None:
        self._home, self._name = home, name
        self._record = home / f"{name}.json"

    def take(self) -> int:
        """Claim the home, waiting for a server whose owner has died to finish stopping.

        Raises:
            AlreadyRunning: somebody who lives holds it.
        """
        path = self._home / f"{self._name}.lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait(fd)
            self.record(None)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def is_held(self) -> bool:
        """Whether somebody holds the home at this moment, as far as we may look."""
        try:
            fd = os.open(self._home / f"{self._name}.lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _flock(fd, fcntl.LOCK_SH)
        finally:
            os.close(fd)

    def _wait(self, fd: int) -> None:
        deadline = time.monotonic() + ORPHAN_WAIT_S
        while not _flock(fd):
            holder = self.holder()
            if (holder and holder.owner_lives()) or time.monotonic() > deadline:
                pid = (holder.server_pid or holder.owner_pid) if holder else None
                raise AlreadyRunning(self._home, self._name, pid)
            time.sleep(0.02)

    def record(self, server_pid: int | None) -> None:
        """Write down who holds the home, whole or not at all."""
        me = psutil.Process()
        holder = Holder(me.pid, me.create_time(), server_pid)
        scratch = self._record.with_suffix(".new")
        scratch.write_bytes(msgspec.json.encode(holder))
        scratch.replace(self._record)

    def forget(self) -> None:
        """Remove the record, after the server has ended."""
        self._record.unlink(missing_ok=True)

    def holder(self) -> Holder | None:
        """What the record says; None when there is none or it cannot be read."""
        try:
            return msgspec.json.decode(self._record.read_bytes(), type=Holder)
        except (FileNotFoundError, msgspec.DecodeError):
            return None


def _flock(fd: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
