"""Runs one server and stops it when the process that asked for it is gone.

A program of its own, started as `python -I -S watchdog.py SPEC`, with nothing but the standard
library so that it is up in milliseconds. Standard input is a pipe that only the owner holds: its
end is the owner's death, or its wish to stop. The first line of standard output is the server's
pid. Exits with the server's status (128 + signal where a signal ended it).

SPEC is JSON: command, log, stops (list of [signal, seconds to wait after it]), lock_fd, uid, gid.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
OWNER_CHECK_S = 1.0  # a forked child of the owner may hold the pipe: then the parent's pid tells


def main() -> int:
    """Run the server of the spec until it ends or the owner does."""
    spec: dict[str, Any] = json.loads(sys.argv[1])
    owner = os.getppid()
    wake = _wake_on_signals()
    with open(spec["log"], "ab") as log:  # noqa: PTH123 - pathlib would double the start time
        child = _start(spec, log)
    sys.stdout.write(f"{child.pid}\n")
    sys.stdout.flush()
    while child.poll() is None:
        ready, _, _ = select.select([0, wake], [], [], OWNER_CHECK_S)
        if 0 in ready or os.getppid() != owner or _told_to_stop(wake, ready):
            _stop(child, spec["stops"])
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _start(spec: dict[str, Any], log: Any) -> subprocess.Popen[bytes]:
    """The server as a child that inherits the home's lock and, on Linux, dies with us."""
    account = {"user": spec["uid"], "group": spec["gid"], "extra_groups": []}
    return subprocess.Popen(  # noqa: S603 - the command is our own
        spec["command"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=[spec["lock_fd"]],
        preexec_fn=_ask_for_death_signal(spec["stops"][0][0]),  # noqa: PLW1509 - one thread only
        **(account if spec["uid"] is not None else {}),
    )


def _ask_for_death_signal(number: int) -> Any:
    """Second line of defence: the kernel stops the server when this watchdog itself is killed."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, number)


def _wake_on_signals() -> int:
    """A descriptor that gets the number of each signal: the server ended, or we are to end."""
    wake, write = os.pipe()
    os.set_blocking(write, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(write)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return wake


def _told_to_stop(wake: int, ready: list[int]) -> bool:
    """Whether a signal other than the server's end has arrived."""
    return wake in ready and any(number != signal.SIGCHLD for number in os.read(wake, 64))


def _stop(child: subprocess.Popen[bytes], stops: list[tuple[int, float]]) -> None:
    """Ask, then insist: each signal in turn until the server has ended."""
    for number, wait_s in stops:
        child.send_signal(number)
        try:
            child.wait(wait_s)
        except subprocess.TimeoutExpired:
            continue
        return


if __name__ == "__main__":
    sys.exit(main())
