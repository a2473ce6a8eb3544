"""An issue that moved has two keys and is one issue: linked once, and decided about once."""

from datetime import timedelta

import pytest

from schemas.events import Epic
from sinks.contracts import Sighting
from streams.link.desk import Action, Asked, carry_out_all, plan_all
from tests.unit.link_world import NOW, World

BOTH = "Please do FIN-9, that is APP-4"


@pytest.fixture
def world() -> World:
    """APP-4 is FIN-9 by now."""
    made = World()
    moved(made)
    return made


def moved(world: World) -> None:
    """The tracker tells that APP-4 went to another project."""
    epic = Epic(id="4", key="FIN-9", summary="Invoice reminders by e-mail")
    with world.store.transaction() as tx:
        tx.epics.put([Sighting(epic=epic, updated_at=NOW + timedelta(hours=1))])


def decides(world: World, action: Action, feedback: str, *keys: str) -> None:
    """A person decides."""
    asked = Asked(action=action, remarks=(feedback,), issues=keys, by="ann", again=True)
    with world.store.transaction() as tx:
        carry_out_all(tx, plan_all(tx, asked), "ann", NOW + timedelta(hours=2))


def test_an_issue_that_is_named_by_both_its_keys_is_linked_once(world: World) -> None:
    """By the key that comes first."""
    (feedback,) = world.hears(BOTH)
    assert world.links(feedback) == {"FIN-9": "linked"}


def test_five_issues_by_two_keys_each_are_no_more_than_five(world: World) -> None:
    """Issues are counted, not keys."""
    (feedback,) = world.hears(f"{BOTH}, APP-1, APP-2, APP-3 and APP-5")
    assert world.remark(feedback).outcome == "linked"


@pytest.mark.parametrize("key", ["APP-4", "FIN-9"])
@pytest.mark.parametrize("said", ["see APP-4", "see FIN-9", BOTH])
def test_a_person_rejects_and_takes_back_an_issue_by_any_of_its_keys(
    world: World, said: str, key: str
) -> None:
    """Whichever the remark names; the same decision twice is one."""
    (feedback,) = world.hears(said)
    for _ in range(2):
        decides(world, "reject", feedback, key)
        assert set(world.links(feedback).values()) == {"rejected"}
    assert world.remark(feedback).outcome == "unmatched"
    decides(world, "undo", feedback, key)
    assert set(world.links(feedback).values()) == {"suggested"}


def test_links_that_were_made_before_the_keys_were_one_are_decided_together() -> None:
    """By key alone there were two of them."""
    world = World()
    with world.store.transaction() as tx:
        gone = Epic(id="99", key="FIN-1")
        tx.epics.put([Sighting(epic=gone, updated_at=NOW)])
    (feedback,) = world.hears("Please do FIN-9, that is FIN-8")
    with world.store.transaction() as tx:
        for hours, key in enumerate(("FIN-8", "FIN-9"), start=1):
            seen = Sighting(epic=Epic(id="40", key=key), updated_at=NOW + timedelta(hours=hours))
            tx.epics.put([seen])
        tx.links.adopt(tx.epics.ids_of_keys(["FIN-8", "FIN-9"]))
    decides(world, "reject", feedback, "FIN-9")
    assert world.links(feedback) == {"FIN-8": "rejected", "FIN-9": "rejected"}
    assert world.remark(feedback).outcome == "unmatched"


def test_an_edit_that_names_another_key_of_an_issue_is_no_news(world: World) -> None:
    """The link stays; what a person rejected stays rejected."""
    kept, rejected = world.hears("see APP-4", "look at APP-4")
    decides(world, "reject", rejected, "FIN-9")
    world.hears("see FIN-9", record=kept.partition(":")[2], later=5)
    world.hears("look at FIN-9", record=rejected.partition(":")[2], later=5)
    assert world.links(kept) == {"APP-4": "linked"}
    assert world.links(rejected) == {"APP-4": "rejected"}
