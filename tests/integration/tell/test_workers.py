"""Four workers at once over one PostgreSQL: every tell in one mail, every mail once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from schemas.errors import SinkUnreachable
from sinks.store.postgres.store import PostgresStore
from streams.tell.work import TellWork
from tests.integration.tell.world import LATER, SETTINGS, World
from tests.unit.tell_rows import ISSUE, NOW, SAID, rep

SHIPS, PEOPLE, WORKERS = 24, 8, 4


@pytest.fixture
def postgres_store(database_url: str) -> PostgresStore:
    """Only this one has transactions beside each other."""
    store = PostgresStore(database_url, timeout_s=20)
    store.open()
    return store


def _until_done(work: TellWork, now: datetime) -> None:
    """As the timers do: a fault that passes waits for the next tick."""
    for _ in range(50):
        try:
            if not work.work_out_audiences(now) + work.send_due(now):
                return
        except SinkUnreachable:
            continue


def test_four_workers_mail_everybody_once(postgres_store: PostgresStore) -> None:
    """Many ships that concern the same people, worked out and sent at the same time."""
    world = World(postgres_store)
    world.people()
    world.account()
    for n in range(PEOPLE):
        world.crm("rep", (SAID, rep(f"r{n}")))
    for n in range(SHIPS):
        world.ship(issue_id=ISSUE + n)
        for m in range(3):
            who = f"r{(n + m) % PEOPLE}"
            world.remark(n * 3 + m + 1, issue_id=ISSUE + n, reporter_id=who)
    workers = [World(postgres_store) for _ in range(WORKERS)]
    moments = [NOW, LATER, LATER + timedelta(hours=2)]
    with ThreadPoolExecutor(WORKERS) as pool:
        for now in moments:
            jobs = [pool.submit(_until_done, worker.work, now) for worker in workers]
            for job in jobs:
                job.result(timeout=60)
    mails = [mail for worker in workers for mail in worker.mailer.mails]
    assert len({mail.message_id for mail in mails}) == len(mails)
    told = [tell for tell in world.tells() if tell.verdict == "tell"]
    assert len(told) == SHIPS * 4
    assert {tell.message_id for tell in told} == {mail.message_id for mail in mails}
    assert SETTINGS.resend_after_s > 2 * 3600
    with postgres_store.transaction() as tx:
        loops = tx.loops.all(1000)
    assert len(loops) == SHIPS
    postgres_store.close()
