"""One system for all tests here: each plays with accounts and epics of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.settings import Settings
from streams.system import started
from tests.e2e.tale import Tale
from tests.e2e.world import QUEUE, World

HOLD_S = 2.0


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The system, up, with nothing in it; a ship settles for two seconds."""
    home = Path(tempfile.mkdtemp(prefix="closeloop-test-"))
    settings = Settings(
        home=str(home),
        gateway_port=0,
        hold_s=HOLD_S,
        digest_s=0.5,
        tick_s=0.1,
        evidence_after_s=1.0,
        unowned_email=QUEUE,
    )
    try:
        with started(settings, home, lambda _: None) as system:
            world = World(system)
            yield world
            world.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def tale(world: World) -> Tale:
    """A cast of this test's own."""
    return Tale(world)
