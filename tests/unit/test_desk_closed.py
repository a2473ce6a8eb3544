"""Issues that no work is done on: deleted ones are refused, closed ones are marked."""

from typing import Any

import pytest

from schemas.events import Epic
from sinks.contracts import Sighting
from streams.commands.screen import described
from streams.commands.triage import row
from streams.link.queue import MOST_SUGGESTED
from streams.link.triage import CannotRule
from tests.unit.desk_world import DAY, NOW, World, opened, suggest


@pytest.fixture
def world() -> World:
    """Of `a` two issues are suggested, APP-1 before APP-2."""
    made = opened()
    made.hears("a", best=(1, 0.9))
    with made.store.transaction() as tx:
        suggest(tx, made.ids["a"], 2, 0.5)
    return made


def _becomes(world: World, issue: int, **facts: Any) -> None:
    epic = Epic(id=f"{issue}", key=f"APP-{issue}", summary="Sort the ledger", **facts)
    with world.store.transaction() as tx:
        tx.epics.put([Sighting(epic=epic, updated_at=NOW + DAY)])


def test_a_deleted_issue_is_not_accepted(world: World) -> None:
    """It is said why; nothing is linked and nothing learned."""
    _becomes(world, 1, deleted=True)
    with pytest.raises(CannotRule, match="APP-1 was deleted in Jira"):
        world.accepts("a", "APP-1")
    assert world.lessons() == set()
    world.accepts("a", "APP-2")
    assert world.lessons() == {("a", 2)}


def test_a_deleted_issue_is_not_suggested(world: World) -> None:
    """Nor does it take the place of one that is there."""
    for issue in range(3, 3 + MOST_SUGGESTED):
        _becomes(world, issue, deleted=True)
        with world.store.transaction() as tx:
            suggest(tx, world.ids["a"], issue, 0.95)
    (item,) = world.sees()
    assert [one.issue_key for one in item.links] == ["APP-1", "APP-2"]


@pytest.mark.parametrize(
    ("facts", "closed"),
    [
        ({"status": "Closed", "status_category": "done", "resolution": "Won't Do"}, "Won't Do"),
        ({"status": "Shipped", "status_category": "done"}, "Shipped"),
        ({"status": "In Review", "status_category": "indeterminate"}, ""),
        ({}, ""),
    ],
)
def test_a_closed_issue_is_marked(world: World, facts: dict[str, Any], closed: str) -> None:
    """In Jira's own word, in the list and on the screen: it may be the right one all the same."""
    _becomes(world, 1, **facts)
    (item,) = world.sees()
    assert [one.closed for one in item.links] == [closed, ""]
    said = f"[{closed}]"
    (line,) = [each for each in described(item, 80, whole=False, by="m") if "APP-1" in each]
    assert (said in line, said in str(row(item))) == (bool(closed), bool(closed))
    assert "[]" not in line
