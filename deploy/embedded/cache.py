"""Where downloads and other things made once per machine are kept."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

Say = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Tell the person waiting what takes long; standard output stays for results."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def cache_dir() -> Path:
    """`$CLOSELOOP_CACHE`, else `$XDG_CACHE_HOME/closeloop`, else `~/.cache/closeloop`."""
    chosen = os.environ.get("CLOSELOOP_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return (Path(base).expanduser() / "closeloop").resolve()


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[Path]:
    """Hold `folder` (made if absent) alone among all processes; death lets it go."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
