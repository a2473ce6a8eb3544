"""What a running `closeloop up` has started, so that commands of the same home need not be told.

It is written into a file of the home and believed only while the kernel says that `up` holds it,
so that one that was killed leaves nothing behind that misleads. What people configured themselves
is not in it: whoever uses a database of their own says so to each command.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from deploy.embedded.lock import HomeLock
from streams.settings import Settings

NAME = "up"
"""Of the lock that `up` holds."""
FILE = "running.json"


@contextmanager
def claimed(home: Path) -> Iterator[None]:
    """Hold the home for as long as the ``with`` lasts; what is noted there ends with it.

    Raises:
        AlreadyRunning: another `up` holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    lock = HomeLock(home, NAME)
    claim = lock.take()
    try:
        _forget(home)
        yield
    finally:
        _forget(home)
        lock.forget()
        os.close(claim)


def note(home: Path, given: Settings, filled: Settings) -> None:
    """Write down what was filled in, readable by nobody else; whole or not at all."""
    scratch = home / f"{FILE}.new"
    scratch.touch(mode=0o600)
    scratch.write_bytes(msgspec.json.encode(_differing(given, filled)))
    scratch.replace(home / FILE)


def started_in(home: Path) -> dict[str, Any]:
    """Setting -> value of what an `up` has started there; empty where none runs."""
    if not HomeLock(home, NAME).is_held():
        return {}
    try:
        noted = msgspec.json.decode((home / FILE).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):  # it is only starting, or somebody else's
        return {}
    return {name: value for name, value in noted.items() if name in Settings.__struct_fields__}


def beside(settings: Settings) -> Settings:
    """The same, and what is not configured as the `up` of its home has it."""
    own = _differing(Settings(), settings)
    found = {n: v for n, v in started_in(Path(settings.home)).items() if n not in own}
    return msgspec.structs.replace(settings, **found)


def _differing(before: Settings, now: Settings) -> dict[str, Any]:
    names = [name for name in Settings.__struct_fields__ if name != "home"]
    return {n: getattr(now, n) for n in names if getattr(now, n) != getattr(before, n)}


def _forget(home: Path) -> None:
    (home / FILE).unlink(missing_ok=True)
