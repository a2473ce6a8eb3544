"""The worker dies by SIGKILL at every named point, with two hundred remarks in flight."""

from typing import get_args

import pytest

from deploy.embedded.process import ServerProcess
from streams.probe import Point
from tests.chaos.crowd import MANY, Crowd
from tests.e2e.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

POINTS = get_args(Point)
BATCHES = ("produce.before", "produce.after", "commit.before", "commit.after")


@pytest.mark.parametrize(
    ("point", "nth"),
    [(point, 3) for point in POINTS] + [(point, 6) for point in BATCHES],
)
def test_killed_and_started_again(
    world: World, workers: list[ServerProcess], crowd: Crowd, point: Point, nth: int
) -> None:
    """Every remark is there once, every rep has one mail, nothing waits for ever."""
    crowd.appears()
    doomed = world.system.start_worker(CLOSELOOP_KILL_AT=f"{point}:{nth}")
    world.until("the worker's death", lambda: not doomed.alive)
    assert crowd.mails().total() < MANY

    world.system.start_worker()
    crowd.is_whole()
    assert crowd.mails() == dict.fromkeys(crowd.names(), 1)
    assert workers[-1].alive
