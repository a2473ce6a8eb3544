"""Ctrl-C in the middle of the demo: it ends at once, says so, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.embedded.lock import HomeLock

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("e2e")]
PROMPT_S = 15.0
PARTS = ("demo", "kafka", "postgres", "gateway", "worker-1")


@pytest.fixture
def home() -> Iterator[Path]:
    """Where the demo plays."""
    folder = Path(tempfile.mkdtemp(prefix="closeloop-test-"))
    yield folder / "demo"
    shutil.rmtree(folder, ignore_errors=True)


def family(of: int) -> list[psutil.Process]:
    """A process and all that it started."""
    return [psutil.Process(of), *psutil.Process(of).children(recursive=True)]


@pytest.mark.parametrize("moment", ["Starting PostgreSQL", "Version 2.4 is out"])
def test_ctrl_c_ends_the_demo(home: Path, moment: str) -> None:
    """No process is left, and nothing is locked: another demo may play there at once."""
    command = [sys.executable, "-m", "streams.commands", "demo", "--home", str(home)]
    with subprocess.Popen(  # noqa: S603 - ours
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as demo:
        assert demo.stdout is not None
        assert any(moment in line for line in demo.stdout), "it never came so far"
        started = family(demo.pid)
        os.killpg(demo.pid, signal.SIGINT)
        began = time.monotonic()
        said = demo.stdout.read()
        assert demo.wait() == 130
    assert time.monotonic() - began < PROMPT_S
    assert "Stopping." in said
    assert "Nothing is left running." in said
    assert "Traceback" not in said
    assert not psutil.wait_procs(started, timeout=0)[1]
    for part in PARTS:
        os.close(HomeLock(home, part).take())
