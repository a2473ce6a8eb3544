"""After an undo a remark stands as it stood before a person decided."""

from datetime import timedelta

import pytest

from schemas.codec import decode
from schemas.events import FeedbackLinked
from streams.link.desk import Action, Asked, carry_out_all, plan_all, plan_undoing_last
from tests.unit.desk_world import NOW, World, opened, suggest


@pytest.fixture
def world() -> World:
    """Of `a` both issues are suggested, the second one firmly; of `b` none."""
    made = opened()
    made.hears("b")
    made.hears("a", best=(1, 0.25), account_id="A")
    with made.store.transaction() as tx:
        suggest(tx, made.ids["a"], 2, 0.95)
    return made


def _decides(world: World, action: Action, record: str, *issues: str, minute: int = 1) -> None:
    asked = Asked(action=action, remarks=[f"form:{record}"], issues=issues, by="pm")
    with world.store.transaction() as tx:
        carry_out_all(tx, plan_all(tx, asked), "pm", NOW + timedelta(minutes=minute))


def _undoes_last(world: World, minute: int = 2) -> None:
    with world.store.transaction() as tx:
        carry_out_all(tx, plan_undoing_last(tx, "pm"), "pm", NOW + timedelta(minutes=minute))


def _announced(world: World) -> FeedbackLinked:
    with world.store.transaction() as tx:
        row = tx.outbox.take(1000)[-1]
    return decode(row.value, (), (FeedbackLinked,))


@pytest.mark.parametrize(
    ("action", "issues"),
    [("reject", []), ("dismiss", []), ("accept", ["APP-1"]), ("accept", ["APP-1", "APP-2"])],
)
@pytest.mark.parametrize("last", [True, False])
def test_what_was_suggested_is_so_again(
    world: World, action: Action, issues: list[str], *, last: bool
) -> None:
    """In the same order, by the same rule and with the same figure; never as if it were sure."""
    before = world.sees()
    _decides(world, action, "a", *issues)
    if last:
        _undoes_last(world)
    else:
        _decides(world, "undo", "a", minute=2)
    assert world.sees() == before
    (first, second) = _announced(world).data.links
    assert [(first.issue_key, first.score), (second.issue_key, second.score)] == [
        ("APP-2", 0.95),
        ("APP-1", 0.25),
    ]
    assert {first.rule, second.rule} == {"likeness"}


@pytest.mark.parametrize("last", [True, False])
def test_what_nobody_suggested_is_not_suggested_afterwards(world: World, *, last: bool) -> None:
    """Whoever accepted it by mistake has taken it back whole; it may be accepted again."""
    before = world.sees()
    _decides(world, "accept", "b", "APP-2")
    if last:
        _undoes_last(world)
    else:
        _decides(world, "undo", "b", "APP-2", minute=2)
    assert world.sees() == before
    assert (_announced(world).data.outcome, _announced(world).data.links) == ("unmatched", ())
    _decides(world, "accept", "b", "APP-2", minute=3)
    assert [item.remark for item in world.sees()] == ["form:a"]


def test_it_is_so_again_however_often_it_was_decided(world: World) -> None:
    """By which rule and how surely is handed on from decision to decision."""
    before = world.sees()
    _decides(world, "reject", "a", "APP-2")
    _decides(world, "accept", "a", "APP-2", minute=2)
    _decides(world, "undo", "a", minute=3)
    _decides(world, "dismiss", "a", minute=4)
    _decides(world, "undo", "a", minute=5)
    assert world.sees() == before
