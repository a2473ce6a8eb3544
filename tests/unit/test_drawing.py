"""Which remarks are audited: more while people keep up with them, and once one, always one."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from sinks.store.fake.learned import FakeLearned
from sinks.store.learned import Undecided
from streams.link.alike import AUDITS, Audits
from streams.link.certifying import OVERDUE
from streams.link.drawing import few
from tests.unit.link_world import World

FEW = Audits().few


def texts(many: int) -> list[str]:
    """All of them near an issue, no two the same."""
    return [f"Dark mode for the mobile app {number}" for number in range(many)]


def audited(world: World, names: Sequence[str]) -> set[str]:
    """Those of them that are."""
    ids = {world.remark(name).id: name for name in names}
    with world.store.transaction() as tx:
        known = tx.learned.guesses_of(ids)
    return {ids[id_] for id_, guesses in known.items() if guesses[0].audit}


def drawn(world: World, names: Sequence[str], *, early: bool = False) -> set[str]:
    """Those of them that the share, or the early one, would take."""
    with world.store.transaction() as tx:
        secret = tx.learned.secret(AUDITS)
    return {name for name in names if Audits().takes(name, secret, early=early)}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """The default share, drawn by one secret."""
    monkeypatch.setattr("sinks.store.fake.learned.token_bytes", lambda size: b"\1" * size)
    return World(Audits())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Undecided]:
    """Every answer to how many audits wait."""
    answers: list[Undecided] = []
    plain = FakeLearned.audits_waiting

    def kept(self: Any, limit: int) -> Undecided:
        answers.append(plain(self, limit))
        return answers[-1]

    monkeypatch.setattr(FakeLearned, "audits_waiting", kept)
    return answers


def test_no_more_than_the_share_is_drawn_once_enough_wait(world: World) -> None:
    """A team that decides a tenth of all would be left with audits that count as wrong."""
    first = world.hears(*texts(20))
    assert audited(world, first) == drawn(world, first, early=True) > drawn(world, first)
    names = [*first, *(name for _ in range(9) for name in world.hears(*texts(20)))]
    late = world.hears(*texts(100))
    assert len(audited(world, names)) >= FEW
    assert len(audited(world, names) - drawn(world, names)) < FEW
    assert audited(world, late) == drawn(world, late) < drawn(world, late, early=True)


def test_a_large_batch_draws_no_more_than_may_wait(world: World) -> None:
    """It sees none of its own audits in the store yet."""
    names = world.hears(*texts(300))
    early = audited(world, names) - drawn(world, names)
    assert 0 < len(early) < FEW
    assert drawn(world, names) < audited(world, names) < drawn(world, names, early=True)


def test_more_are_drawn_again_once_people_have_decided_them(world: World) -> None:
    """Who keeps up gets the first certificate sooner."""
    for name in audited(world, world.hears(*texts(300))):
        world.accept(name, "APP-2")
    more = world.hears(*texts(40))
    assert audited(world, more) == drawn(world, more, early=True) > drawn(world, more)


def test_no_more_are_drawn_while_one_is_overdue(world: World) -> None:
    """However few wait: this team does not keep up."""
    (left, *_) = audited(world, world.hears(*texts(20)))
    for name in audited(world, [f"form:{number}" for number in range(1, 21)]) - {left}:
        world.accept(name, "APP-2")
    minutes = OVERDUE // timedelta(minutes=1)
    in_time = world.hears(*texts(20), later=minutes)
    for name in audited(world, in_time):
        world.accept(name, "APP-2")
    late = world.hears(*texts(20), later=minutes + 1)
    assert audited(world, in_time) == drawn(world, in_time, early=True) > drawn(world, in_time)
    assert audited(world, late) == drawn(world, late) < drawn(world, late, early=True)


def test_how_many_wait_is_asked_once_a_batch(world: World, asked: list[Undecided]) -> None:
    """For new remarks and newer versions together; and not while anything is certified."""
    said = texts(40)
    world.hears(*said)
    assert len(asked) == 1
    world._numbers = count(21)  # twenty of the same records once more, and twenty new ones
    world.hears(*(f"{text}, please" for text in said), later=5)
    assert len(asked) == 2
    world.certify(0.7)
    world.hears(*said)
    assert len(asked) == 2


def test_an_audit_stays_one_when_its_source_changes_it(world: World) -> None:
    """Also once fewer are drawn: else an edit would take it out of what counts, and link it."""
    names = world.hears(*texts(20))
    before, share = audited(world, names), drawn(world, names)
    world.certify(0.5)
    world._numbers = count(1)
    world.hears(*(f"{text}, please" for text in texts(20)), later=5)
    assert before > share
    assert audited(world, names) == before
    assert {name for name in names if world.remark(name).outcome == "suggested"} == before


def test_an_audit_stays_one_though_it_named_an_issue_for_a_while(world: World) -> None:
    """Nor does the certificate that came meanwhile change that: else one would edit, and wait."""
    names = world.hears(*texts(20))
    before = audited(world, names)
    world._numbers = count(1)
    world.hears(*(f"APP-1: {text}" for text in texts(20)), later=5)
    assert {world.remark(name).outcome for name in names} == {"linked"}
    assert audited(world, names) == set()
    world.certify(0.5)
    world._numbers = count(1)
    world.hears(*texts(20), later=10)
    assert before > drawn(world, names)
    assert audited(world, names) == before
    assert {name for name in names if world.remark(name).outcome == "suggested"} == before


def test_who_edits_a_remark_does_not_have_it_drawn_more_often(world: World) -> None:
    """More than the share are drawn only of what is heard for the first time."""
    names = world.hears(*texts(300))
    before = audited(world, names)
    for name in before:
        world.accept(name, "APP-2")
    world._numbers = count(1)
    world.hears(*(f"{text}, please" for text in texts(300)), later=5)
    assert audited(world, names) == before < drawn(world, names, early=True)


def test_how_many_may_wait_goes_by_the_promise() -> None:
    """A third of the fewest audits that certify."""
    assert few(0.9, 0.1) == FEW == 65 // 3
    assert few(0.95, 0.1) == 132 // 3
