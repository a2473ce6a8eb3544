"""While `closeloop up` runs, every other command of the same folder finds what it has started."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("e2e")]
COMMAND = (sys.executable, "-m", "streams.commands")
OURS = ("CLOSELOOP_", "KAFKA_", "DATABASE_", "SENDGRID_", "PYTHONPATH")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where somebody works."""
    made = Path(tempfile.mkdtemp(prefix="closeloop-test-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def _environment(**more: str) -> dict[str, str]:
    """Nothing configured but this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "PYTHONPATH": str(Path.cwd()), **more}


def _call(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - ours
        [*COMMAND, *arguments],
        cwd=folder,
        env=_environment(**environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def _up(folder: Path, **environ: str) -> Iterator[list[str]]:
    """What it says until it is up; it is stopped afterwards."""
    with subprocess.Popen(  # noqa: S603 - ours
        [*COMMAND, "up"],
        cwd=folder,
        env=_environment(CLOSELOOP_GATEWAY_PORT="0", **environ),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if "Ctrl-C" in line:
                    break
            yield said
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _document(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_commands_find_what_up_has_started(folder: Path) -> None:
    """In the same folder, and by its home from anywhere; afterwards they say that it is gone."""
    with _up(folder) as said:
        assert any(str(folder / ".closeloop") in line for line in said)
        assert _document(_call(folder, "triage", "list", "--json")) == []
        (fast,) = _document(_call(folder, "link", "status", "--json"))
        assert fast["tier"] == "fast"
        looked = json.loads(_call(folder, "doctor", "--json").stdout)
        wrong = [each for each in looked if each["state"] == "wrong"]
        assert {each["part"] for each in wrong} <= {"links"}, wrong
        settings = _document(_call(folder, "settings", "--json"))
        assert settings["database_url"] == {"value": "(set)", "from": "closeloop up"}
        home = {"CLOSELOOP_HOME": str(folder / ".closeloop")}
        assert _document(_call(Path("/"), "triage", "list", "--json", **home)) == []
        again = _call(folder, "up", CLOSELOOP_GATEWAY_PORT="0")
        assert (again.returncode, "Traceback" in again.stderr) == (1, False)
        assert _document(_call(folder, "triage", "list", "--json")) == []
    gone = _call(folder, "triage", "list")
    assert (gone.returncode, "closeloop up" in gone.stderr) == (2, True)


def test_home_says_where_up_keeps_its_data(folder: Path) -> None:
    """All of it, also what its workers keep; nothing is made in the folder."""
    home = folder / "data"
    with _up(folder, CLOSELOOP_HOME=str(home)):
        assert _document(_call(folder, "triage", "list", "--json", CLOSELOOP_HOME=str(home))) == []
        assert _call(folder, "triage", "list").returncode == 2
    assert (home / "postgres-data").is_dir()
    assert [path.name for path in folder.iterdir()] == ["data"]
