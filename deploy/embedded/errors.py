"""What can go wrong with an embedded server, and what follows from it.

EmbeddedError
    AlreadyRunning   refused: somebody uses this home; nothing of theirs was touched
    NotRunning       refused: the caller asked a server that was not started
    ServerFailed     fatal for this start: the server died or never answered; it is not running now
    WrongJar         fatal: a downloaded jar is not the pinned one; it was not kept
"""

from pathlib import Path

TAIL_LINES = 15


class EmbeddedError(Exception):
    """Anything an embedded server refuses or fails at."""


class AlreadyRunning(EmbeddedError):
    """Refused: another server uses this home. Stop it, or choose another home."""

    def __init__(self, home: Path, name: str, pid: int | None) -> None:
        """Name who holds the home; `pid` is None while the holder has not recorded itself yet."""
        self.home, self.pid = home, pid
        holder = f"process {pid}" if pid is not None else "a process that is just starting"
        super().__init__(f"{name} already runs in {home}: {holder} holds it")


class NotRunning(EmbeddedError):
    """Refused: start the server first."""


class ServerFailed(EmbeddedError):
    """The server died, or did not answer in time. It has been stopped; its data are kept."""

    def __init__(self, what: str, log: Path) -> None:
        """Say what happened and quote the end of the server's own log."""
        self.log = log
        super().__init__(f"{what}; the last lines of {log}:\n{tail(log)}")


class WrongJar(EmbeddedError):
    """A download does not have the pinned sha256. It was thrown away and nothing was started."""


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented; a remark in their place when there is none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        text = []
    return "\n".join(f"  | {line}" for line in text or ["(nothing was logged)"])
