"""Everything learned is a function of the decisions, and can be derived anew."""

from datetime import timedelta
from itertools import count

import msgspec
import pytest

from sinks.store.learned import Lesson
from streams.link.alike import Audits
from streams.link.certifying import Certifying
from streams.link.desk import Asked, carry_out_all, plan_all
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.rebuilding import Compared, Tier, compare, look, mend
from tests.unit.link_world import NOW, TITLES, World

TEXTS = {
    "rows come in a jumble on the printout": "APP-1",
    "a dark screen at night would be kind": "APP-2",
    "our people want one password for all": "APP-3",
}


@pytest.fixture
def world() -> World:
    """Three remarks accepted, one of them by one of its passages, one taken back."""
    world = World()
    for text, key in TEXTS.items():
        world.accept(*world.hears(text), key)
    two = "Please sort the exported ledger by date.\n\nAlso: We need single sign-on with Okta."
    world.accept(*world.hears(two), "APP-3")
    (undone,) = world.hears("remind me of what is owed")
    world.accept(undone, "APP-4")
    world.undo(undone)
    return world


def compared(world: World) -> Compared:
    """The store's lessons beside those that follow."""
    with world.store.transaction() as tx:
        return compare(tx, lambda _: None)


def teach(world: World, lesson: Lesson) -> None:
    """Write over a lesson."""
    with world.store.transaction() as tx:
        tx.learned.teach([lesson])


def stored(world: World) -> dict[tuple[int, int], Lesson]:
    """Lessons that count."""
    with world.store.transaction() as tx:
        found, _ = tx.learned.lessons(0)
    return {(one.remark_id, one.issue_id): one for one in found if one.learned}


def tier(world: World) -> Tier:
    """The linker, learned anew."""
    with world.store.transaction() as tx:
        return look(tx, Linker())


def test_what_triage_taught_follows_from_the_decisions(world: World) -> None:
    """Whole remarks and passages; what was taken back does not."""
    found = compared(world)
    assert (found.derived, found.to_write, found.revised) == (4, [], 0)
    assert "Also: We need single sign-on with Okta." in {
        lesson.text for lesson in stored(world).values()
    }


def test_a_crowded_remark_is_accepted_and_teaches_nothing(world: World) -> None:
    """By the same rule as when it was accepted."""
    (feedback,) = world.hears("\n\n".join(f"I need this now: {title}." for title in TITLES))
    world.accept(feedback, "APP-2")
    found = compared(world)
    assert (found.derived, found.to_write) == (4, [])


def test_what_was_accepted_unseen_is_not_derived(world: World) -> None:
    """Beside what was looked at of the same remark; it is derived once somebody has looked."""
    (feedback,) = world.hears("a bill that nags by itself")
    world.accept(feedback, "APP-4")
    asked = Asked(
        action="accept", remarks=[feedback], issues=["APP-5"], by="ann", unseen=[feedback]
    )
    with world.store.transaction() as tx:
        carry_out_all(tx, plan_all(tx, asked), "ann", NOW)
    found = compared(world)
    assert (found.derived, found.to_write) == (5, [])
    world.accept(feedback, "APP-5")
    found = compared(world)
    assert (found.derived, found.to_write) == (6, [])


def test_what_was_lost_changed_or_slipped_in_is_said_and_mended(world: World) -> None:
    """Each lesson by its remark and issue; afterwards all is as if nothing had been."""
    before = stored(world)
    lost, changed, *_ = before.values()
    teach(world, msgspec.structs.replace(lost, learned=False))
    teach(world, msgspec.structs.replace(changed, text=f"{changed.text} and more"))
    teach(world, Lesson(remark_id=changed.remark_id, issue_id=5, text="slipped in"))
    found = compared(world)
    assert found.missing == [lost]
    assert found.different == [changed]
    assert [(one.remark_id, one.issue_id) for one in found.left_over] == [(changed.remark_id, 5)]
    with world.store.transaction() as tx:
        tx.learned.keep("index:anything", b"x", NOW)
        assert mend(tx, found) == 1
        assert tx.learned.kept("index:anything") is None
    assert stored(world) == before
    assert compared(world).to_write == []


def test_words_that_changed_after_the_decision_are_left_as_they_were_learned(
    world: World,
) -> None:
    """What the person saw is not in the store any more; it is counted, and no difference."""
    (feedback,) = world.hears("okta or nothing", record="r1")
    world.accept(feedback, "APP-3")
    world.hears("something else altogether", record="r1", later=5)
    found = compared(world)
    assert (found.revised, found.to_write) == (1, [])


def test_pages_are_read_one_after_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many decisions there are; each page is told."""
    monkeypatch.setattr("streams.link.rebuilding.PAGE", 2)
    sizes: list[int] = []
    with world.store.transaction() as tx:
        found = compare(tx, sizes.append)
    assert (found.derived, found.to_write, sizes) == (4, [], [2, 2])


def test_reading_lessons_in_small_steps_comes_to_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit; a linker that skips one is told from it."""
    monkeypatch.setattr("streams.link.rebuilding.STEP", 1)
    assert tier(world).same_sums
    take = Linker._take_lessons
    monkeypatch.setattr(
        Linker, "_take_lessons", lambda self, some: None if len(some) == 1 else take(self, some)
    )
    assert not tier(world).same_sums


def test_the_last_certificate_comes_of_its_labels_again() -> None:
    """Of the second too, which is made knowing the first; a changed number is named."""
    world = World(Audits(1.0))
    work = Certifying(world.store, Linkers(world.linker), (0.9, 0.1))
    assert tier(world).certificate.verdict == "none"
    for minute in (1, 2):
        texts = [f"{title} number {minute} {n}" for n in range(15) for title in TITLES]
        keys = [f"APP-{n}" for _ in range(15) for n in range(1, 6)]
        for feedback, key in zip(world.hears(*texts), keys, strict=True):
            world.accept_at(NOW + timedelta(minutes=minute, seconds=-30), feedback, key)
        work.certify(NOW + timedelta(minutes=minute))
        assert tier(world).certificate.verdict == "same"
    world.epics((f"Something else {number}" for number in range(20)), first=6)
    assert tier(world).certificate.verdict == "same"
    with world.store.transaction() as tx:
        held = tx.learned.certificate("fast")
        assert held is not None
        assert held.least is not None
        later = held.at + timedelta(seconds=1)
        tx.learned.certify(msgspec.structs.replace(held, at=later, least=held.least - 0.1))
    found = tier(world).certificate
    assert (found.verdict, found.why) == ("different", "least")
    assert not tier(world).is_right


def test_a_certificate_from_before_issues_were_counted_is_compared_without() -> None:
    """Among as many as there are now, which it cannot say."""
    world = World(Audits(1.0))
    texts = [f"{title} number {n}" for n in range(15) for title in TITLES]
    for feedback, n in zip(world.hears(*texts), count(), strict=False):
        world.accept(feedback, f"APP-{n % 5 + 1}")
    Certifying(world.store, Linkers(world.linker), (0.9, 0.1)).certify(NOW + timedelta(minutes=1))
    with world.store.transaction() as tx:
        held = tx.learned.certificate("fast")
        assert held is not None
        later = held.at + timedelta(seconds=1)
        tx.learned.certify(msgspec.structs.replace(held, epics=None, at=later))
    assert tier(world).certificate.verdict == "same"


def test_a_certificate_whose_labels_were_taken_back_cannot_be_compared() -> None:
    """It says so, and that is no difference."""
    world = World(Audits(1.0))
    texts = [f"{title} number {n}" for n in range(8) for title in TITLES]
    keys = [f"APP-{n}" for _ in range(8) for n in range(1, 6)]
    heard = world.hears(*texts)
    for feedback, key in zip(heard, keys, strict=True):
        world.accept(feedback, key)
    Certifying(world.store, Linkers(world.linker), (0.9, 0.1)).certify(NOW + timedelta(minutes=1))
    world.undo(heard[0])
    found = tier(world)
    assert found.certificate.verdict == "not comparable"
    assert found.is_right
