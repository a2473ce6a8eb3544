"""A part that is not there: a worker says what it waits for, all else ends within seconds."""

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.commands.calling import NOWHERE

AWAY = f"postgresql+psycopg://nobody@{NOWHERE}/none"
COMMAND = (sys.executable, "-m", "streams.commands")


def _environment(home: Path, database_url: str) -> dict[str, str]:
    said = {"DATABASE_URL": database_url, "KAFKA_BOOTSTRAP_SERVERS": NOWHERE}
    return {**os.environ, **said, "CLOSELOOP_HOME": str(home), "CLOSELOOP_GATEWAY_PORT": "0"}


def test_a_worker_says_at_once_what_it_waits_for(database_url: str, tmp_path: Path) -> None:
    """The store is there, the broker is not: it is named, with its address, before it is away."""
    environment = _environment(tmp_path, database_url)
    with subprocess.Popen(  # noqa: S603 - ours
        [*COMMAND, "worker"], env=environment, stderr=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stderr is not None
        lines = iter(worker.stderr)
        said = [next(line for line in lines if what in line) for what in ("broker", "waiting")]
        worker.kill()
    assert "connecting" in said[0]
    assert all(NOWHERE in line for line in said)


def test_everything_at_once_with_a_database_that_is_away(tmp_path: Path) -> None:
    """Exit status 3 and one sentence."""
    environment = _environment(tmp_path, AWAY)
    done = subprocess.run(  # noqa: S603 - ours
        [*COMMAND, "up"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith("closeloop: store: connection failed")
