"""Broker or database go away in the middle of two hundred remarks, and come back."""

import time
from collections.abc import Callable

import pytest

from deploy.embedded.process import ServerProcess
from tests.chaos.crowd import Crowd
from tests.e2e.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

AWAY_S = 20.0


def test_without_a_broker_for_twenty_seconds(
    world: World, workers: list[ServerProcess], crowd: Crowd
) -> None:
    """The same worker carries on by itself: every remark once, one mail each."""
    kafka = world.system.kafka
    assert kafka is not None
    _interrupted(world, crowd, kafka.kill, kafka.start)
    assert [worker.alive for worker in workers] == [True]


@pytest.mark.parametrize("way", ["kill", "stop"])
def test_without_a_database_for_twenty_seconds(
    world: World, workers: list[ServerProcess], crowd: Crowd, way: str
) -> None:
    """The same worker carries on by itself: nothing is dead-lettered for it, nothing is lost."""
    postgres = world.system.postgres
    assert postgres is not None
    _interrupted(world, crowd, getattr(postgres, way), postgres.start)
    assert [worker.alive for worker in workers] == [True]


def _interrupted(
    world: World, crowd: Crowd, away: Callable[[], object], back: Callable[[], None]
) -> None:
    letters = len(world.records("feedback.received.dead"))
    world.system.start_worker()
    crowd.appears()
    world.until("the first remark", lambda: crowd.stored() > 0)
    away()
    time.sleep(AWAY_S)  # no condition to wait for: this long nobody is there
    back()
    crowd.is_whole()
    assert crowd.mails() == dict.fromkeys(crowd.names(), 1)
    assert len(world.records("feedback.received.dead")) == letters
