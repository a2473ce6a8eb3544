"""What `closeloop up` notes of what it has started is believed while it runs, and no longer."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from deploy.embedded.errors import AlreadyRunning
from deploy.embedded.lock import HomeLock
from streams import running
from streams.settings import Settings

GIVEN = Settings(jira_url="https://acme.example", jira_token="ours")
FILLED = msgspec.structs.replace(GIVEN, database_url="postgresql://@/x", bootstrap_servers="b:1")


def _settings(home: Path, **more: str) -> Settings:
    return Settings(home=str(home), **more)


def test_what_was_filled_in_is_found(tmp_path: Path) -> None:
    """What the command is told itself wins."""
    with running.claimed(tmp_path):
        running.note(tmp_path, GIVEN, FILLED)
        found = running.beside(_settings(tmp_path, bootstrap_servers="mine:2"))
    assert (found.database_url, found.bootstrap_servers) == ("postgresql://@/x", "mine:2")


def test_secrets_that_people_configured_are_not_written(tmp_path: Path) -> None:
    """And nobody else may read what is."""
    with running.claimed(tmp_path):
        running.note(tmp_path, GIVEN, FILLED)
        file = tmp_path / running.FILE
        assert b"ours" not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_was_left_behind_is_not_believed(tmp_path: Path) -> None:
    """As after a kill: the file is there, and nobody holds the home."""
    running.note(tmp_path, GIVEN, FILLED)
    assert running.beside(_settings(tmp_path)) == _settings(tmp_path)
    with running.claimed(tmp_path):
        assert running.beside(_settings(tmp_path)) == _settings(tmp_path)


@pytest.mark.parametrize("noted", [b"", b"[1]", b'{"of a later release": 1}'])
def test_what_cannot_be_read_is_left_alone(tmp_path: Path, noted: bytes) -> None:
    """`up` writes it only once everything has started."""
    with running.claimed(tmp_path):
        (tmp_path / running.FILE).write_bytes(noted)
        assert running.beside(_settings(tmp_path)) == _settings(tmp_path)


def test_a_home_is_held_once(tmp_path: Path) -> None:
    """Asking takes nothing away from who would hold it."""
    lock = HomeLock(tmp_path, running.NAME)
    assert not lock.is_held()
    with running.claimed(tmp_path):
        assert lock.is_held()
    assert not lock.is_held()
    os.close(lock.take())


def test_another_up_is_refused(tmp_path: Path) -> None:
    """And what the first one noted stays."""
    with running.claimed(tmp_path):
        running.note(tmp_path, GIVEN, FILLED)
        with pytest.raises(AlreadyRunning), running.claimed(tmp_path):
            raise AssertionError("both hold it")
        assert running.started_in(tmp_path)
