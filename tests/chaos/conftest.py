"""A system without a worker: each test starts its own, and does to it what it likes."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded.process import ServerProcess
from schemas.events import Epic
from sinks.contracts import Sighting
from streams.settings import Settings
from streams.system import started
from tests.chaos.crowd import RESEND_AFTER_S, Crowd
from tests.e2e.world import World, ago

PATIENCE_S = 240.0
KNOWN = Epic(id="99999", key="APP-99999", project_id="10000")
"""Any issue of the project: keys of a project that nobody has heard of are not taken for keys."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Broker, database, gateway and stand-ins."""
    home = Path(tempfile.mkdtemp(prefix="closeloop-test-"))
    settings = Settings(
        home=str(home),
        gateway_port=0,
        hold_s=1.0,
        digest_s=0.0,
        tick_s=0.1,
        evidence_after_s=1.0,
        resend_after_s=RESEND_AFTER_S,
    )
    try:
        with started(settings, home, lambda _: None, workers=0) as system:
            world = World(system, patience_s=PATIENCE_S)
            world.ask(lambda tx: tx.epics.put([Sighting(epic=KNOWN, updated_at=ago(days=9))]))
            yield world
            world.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def workers(world: World) -> Iterator[list[ServerProcess]]:
    """The workers of this test, started by `World.system.start_worker`; ended after it."""
    before = len(world.system.workers)
    yield world.system.workers
    for worker in world.system.workers[before:]:
        worker.stop()
    del world.system.workers[before:]


@pytest.fixture
def crowd(world: World) -> Crowd:
    """Two hundred customers of this test's own, who have not spoken yet."""
    world.mail_provider("DELETE", "mails")
    return Crowd(world)
