"""Sending while something fails: no mail is lost, and none goes twice before its time."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest

from schemas.errors import SinkRefused, SinkUnreachable
from sinks.store.contract import Store, Transaction
from sinks.store.rows import Message
from streams.probe import Point
from streams.tell import post
from tests.integration.tell.world import HOUR, LATER, World, addressees
from tests.unit.tell_rows import NOW


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ours sees it."""


class Shaky:
    """A store that can be taken away between two transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.away_after: int | None = None

    def open(self) -> None:
        """It is."""

    def close(self) -> None:
        """It stays."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """One more, if there are any left."""
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        if self.away_after is not None:
            self.away_after -= 1
            if self.away_after < 0:
                raise SinkUnreachable("store: away")
        with self._store.transaction() as tx:
            yield tx


@pytest.mark.parametrize("point", ["send.before", "send.after", "settle.before", "settle.after"])
def test_a_worker_killed_at_any_point_costs_no_second_mail_before_its_time(
    store: Store, point: Point
) -> None:
    """At most one mail is in doubt; the rest goes out at once, by another worker."""

    def kill(passed: Point) -> None:
        if passed == point:
            raise Killed

    world = World(store, probe=kill)
    world.people()
    world.account()
    world.remark(1, reporter_id="rita")
    world.ship()
    world.work.work_out_audiences(NOW)
    with pytest.raises(Killed):
        world.work.send_due(LATER)
    other = World(store)
    other.work.send_due(LATER)
    sent = addressees(world) + addressees(other)
    assert len(sent) == len(set(sent))
    other.work.send_due(LATER + 6 * HOUR)
    doubtful = point in {"send.after", "settle.before"}
    assert len(addressees(world) + addressees(other)) == (3 if doubtful else 2)
    assert {world.message_of(who).state for who in ("rita", "nils")} == {"sent"}


@pytest.mark.parametrize("outcome", ["accepted", "delivered", "opened"])
def test_the_providers_report_settles_a_mail_that_a_crash_left_in_doubt(
    store: Store, outcome: str
) -> None:
    """It is not sent again, and the loop is told."""

    def kill(passed: Point) -> None:
        if passed == "send.after":
            raise Killed

    world = World(store, probe=kill)
    world.people()
    world.account()
    world.remark(1)
    world.ship()
    world.work.work_out_audiences(NOW)
    with pytest.raises(Killed):
        world.work.send_due(LATER)
    assert world.loop() is None
    world.report(world.message_of("nils").id, outcome)
    other = World(store)
    assert other.work.send_due(LATER + 24 * HOUR) == 0
    loop = world.loop()
    assert loop is not None
    assert loop.state == "told"


@pytest.mark.parametrize("away_after", range(7))
def test_a_store_that_is_away_for_a_while_costs_neither_a_mail_nor_a_second_one(
    world: World, away_after: int
) -> None:
    """What was going on is kept, and then written to the store, before more is sent."""
    world.work.work_out_audiences(NOW)
    shaky = Shaky(world.store)
    other = World(shaky)
    shaky.away_after = away_after
    with contextlib.suppress(SinkUnreachable):
        other.work.send_due(LATER)
    shaky.away_after = None
    other.work.send_due(LATER + timedelta(minutes=1))
    assert addressees(other) == ["nils@us.example", "rita@us.example"]
    assert {world.message_of(who).state for who in ("rita", "nils")} == {"sent"}
    assert other.work.send_due(LATER + 24 * HOUR) == 0


@pytest.mark.parametrize("taken", [True, False])
def test_an_outcome_that_cannot_be_written_holds_up_no_other_mail(
    world: World, monkeypatch: pytest.MonkeyPatch, *, taken: bool
) -> None:
    """It is written as far as it can be, with the reason, and the next mail goes out."""
    world.work.work_out_audiences(NOW)
    nils, rita = world.message_of("nils").id, world.message_of("rita").id

    def broken(_tx: object, message: Message, *_: object) -> None:
        if message.id == nils:
            raise ValueError("a \0 in it")
        settle(_tx, message, *_)  # type: ignore[arg-type]

    name = "_settle" if taken else "_refused"
    settle = getattr(post, name)
    monkeypatch.setattr(post, name, broken)
    if not taken:
        world.mailer.fail_next(SinkRefused("no"), SinkRefused("no"))
    world.work.send_due(LATER)
    assert world.message(rita).state == ("sent" if taken else "failed")
    assert world.message(nils).state == ("sent" if taken else "failed")
    if not taken:
        assert world.message(nils).reason.startswith(post.NOT_WRITTEN)
    assert world.work.send_due(LATER + 24 * HOUR) == 0


@pytest.mark.parametrize("why", ["NUL \0 in it", "half a pair \ud800", "long " * 10_000])
def test_a_reason_that_no_database_takes_is_written_all_the_same(world: World, why: str) -> None:
    """The provider's own words."""
    world.work.work_out_audiences(NOW)
    world.mailer.fail_next(SinkRefused(why), SinkUnreachable(why))
    world.work.send_due(LATER)
    states = {who: world.message_of(who) for who in ("nils", "rita")}
    assert {one.state for one in states.values()} == {"failed", "sending"}
    assert all(one.reason[:4] == why[:4] for one in states.values())
