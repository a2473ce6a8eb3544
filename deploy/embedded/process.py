"""A server process that belongs to us: started behind a watchdog, stopped or killed on demand."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.embedded.accounts import Account
from deploy.embedded.errors import NotRunning, ServerFailed
from deploy.embedded.lock import HomeLock

WATCHDOG = Path(__file__).with_name("watchdog.py")
POLL_S = 0.02
KILL_WAIT_S = 10.0

Stops = Sequence[tuple[int, float]]
"""Signals to stop a server with, each with the seconds to wait before the next."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run, as whom, and how to stop it."""

    command: Sequence[str]
    stops: Stops
    account: Account | None = None
    env: Mapping[str, str] | None = None

    def spec(self, log: Path, lock_fd: int) -> str:
        """For the watchdog's command line."""
        who = (self.account.uid, self.account.gid) if self.account else (None, None)
        values = {"command": list(self.command), "stops": list(self.stops), "log": str(log)}
        return json.dumps({**values, "lock_fd": lock_fd, "uid": who[0], "gid": who[1]})


class ServerProcess:
    """One server of one home. The same object may be started again after `stop` or `kill`."""

    def __init__(self, home: Path, name: str) -> None:
        self.home, self.name = home, name
        self.log = home / f"{name}.log"
        self._lock = HomeLock(home, name)
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._stop_wait_s = 0.0

    @property
    def pid(self) -> int:
        """The server's own pid, not the watchdog's.

        Raises:
            NotRunning: it was not started, or has been stopped.
        """
        if self._pid is None:
            raise NotRunning(f"{self.name} in {self.home} is not running; start it first")
        return self._pid

    @property
    def alive(self) -> bool:
        """Whether it runs at this moment."""
        return self._watchdog is not None and self._watchdog.poll() is None

    def start(self, prepare: Callable[[], Launch]) -> None:
        """Claim the home, prepare it, and start what `prepare` says. Does not wait for readiness.

        Raises:
            AlreadyRunning: the home is in use; `prepare` was not called.
            ServerFailed: the program could not be run at all.
        """
        if not self.alive:
            self.stop()  # it died by itself: bury its watchdog
        self.home.mkdir(parents=True, exist_ok=True)
        fd = self._lock.take()
        try:
            launch = prepare()
            self._keep_last_log()
            self._launch(launch, fd)
        except BaseException:
            self._lock.forget()
            raise
        finally:
            os.close(fd)  # from here on the watchdog and the server hold it
        self._lock.record(self._pid)

    def _keep_last_log(self) -> None:
        """Begin a log for this run; the last one stays beside it for who asks why it died."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".previous.log"))
        self.log.touch()

    def _launch(self, launch: Launch, fd: int) -> None:
        self._stop_wait_s = sum(wait_s for _, wait_s in launch.stops) + 1
        with self.log.open("ab") as log:
            self._watchdog = subprocess.Popen(  # noqa: S603 - the command is our own
                [sys.executable, "-I", "-S", str(WATCHDOG), launch.spec(self.log, fd)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[fd],
                start_new_session=True,  # Ctrl-C on the terminal is for the owner, who stops us
                env={**os.environ, **(launch.env or {})},
            )
        first_line = self._watchdog.stdout.readline() if self._watchdog.stdout else b""
        if not first_line:
            self._end_watchdog()
            raise ServerFailed(f"{self.name} could not be run", self.log)
        self._pid = int(first_line)

    def wait_ready(self, answers: Callable[[], bool], timeout_s: float) -> None:
        """Poll until the server answers.

        Raises:
            ServerFailed: it died, or did not answer in time and was stopped; quotes its log.
        """
        deadline = time.monotonic() + timeout_s
        while not answers():
            if not self.alive:
                status = self._end_watchdog()
                raise ServerFailed(f"{self.name} died with status {status}", self.log)
            if time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(f"{self.name} did not answer in {timeout_s:g} s", self.log)
            time.sleep(POLL_S)

    def stop(self) -> bool:
        """Stop it in order; False when it did not run, and then nothing happens."""
        if self._watchdog is None:
            return False
        self._end_watchdog()
        return True

    def kill(self) -> None:
        """SIGKILL the server and all its children at once, as a power cut would."""
        doomed = self._family()
        for process in doomed:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        deadline = time.monotonic() + KILL_WAIT_S
        while not all(map(_has_ended, doomed)) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        self.stop()

    def _family(self) -> list[psutil.Process]:
        """The server first, so that it cannot replace a child that was killed."""
        try:
            server = psutil.Process(self.pid)
            return [server, *server.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _end_watchdog(self) -> int:
        """Let go of the pipe, which makes the watchdog stop the server; the server's status."""
        watchdog, self._watchdog, self._pid = self._watchdog, None, None
        if watchdog is None:
            return 0
        for pipe in (watchdog.stdin, watchdog.stdout):
            if pipe is not None:
                pipe.close()
        status = watchdog.wait(self._stop_wait_s)
        self._lock.forget()
        return status


def _has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more; init may take a second to bury it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
