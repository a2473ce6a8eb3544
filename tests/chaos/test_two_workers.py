"""Two workers: one is frozen in the middle of a batch, the other takes over, the first thaws."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text

from deploy.embedded.process import ServerProcess
from tests.chaos.crowd import MANY, Crowd
from tests.e2e.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

HOLD = "SELECT * FROM consumer_offset WHERE group_id = 'closeloop.link' FOR UPDATE"
HELD_UP = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE consumer_offset%'
"""


def test_a_frozen_worker_is_fenced_when_it_thaws(
    world: World, workers: list[ServerProcess], crowd: Crowd
) -> None:
    """No row twice, no mail twice; and whoever thaws works on."""
    first = world.system.start_worker()
    crowd.appears()
    crowd.is_whole()

    second_crowd = Crowd(world)
    with _held_up(world):
        second_crowd.appears()
        world.until("a batch in the middle", lambda: world.rows(HELD_UP) == [(1,)])
        os.kill(first.pid, signal.SIGSTOP)
    second = world.system.start_worker()
    try:
        second_crowd.is_whole()
    finally:
        os.kill(first.pid, signal.SIGCONT)
    world.until(
        "its own word for it", lambda: _says(first, "fenced") or _says(first, "batch dropped")
    )

    second.stop()
    third_crowd = Crowd(world)
    third_crowd.appears()
    third_crowd.is_whole()
    for each in (crowd, second_crowd, third_crowd):
        assert each.mails() == dict.fromkeys(each.names(), 1)
        assert each.stored() == MANY
    assert workers[0].alive


@contextmanager
def _held_up(world: World) -> Iterator[None]:
    """Whoever links a batch waits with it, its remarks written, its offsets not yet moved."""
    engine = create_engine(world.system.settings.database_url)
    with engine.connect() as connection:
        connection.execute(text(HOLD))
        yield
    engine.dispose()


def _says(worker: ServerProcess, word: str) -> bool:
    return word in worker.log.read_text(encoding="utf-8")
