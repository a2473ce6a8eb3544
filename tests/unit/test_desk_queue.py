"""What waits for a person: in which order, with what beside it; themes, and epics made of them."""

from typing import Any

import msgspec
import pytest

from sinks.jira.fake import FakeTracker
from streams.link import queue as queue_module
from streams.link.epics import Made, NewEpic, draft, settle, themes
from streams.link.likeness.table import packaged
from streams.link.queue import guessed, queue
from streams.link.triage import CannotRule
from tests.unit.desk_world import DAY, EXPORT, NOW, World, opened


@pytest.fixture
def world() -> World:
    """With two issues and two customers, and no remark."""
    return opened()


def test_audits_come_first(world: World) -> None:
    """Whatever money waits behind the others."""
    world.hears("rich", best=(1, 0.5), account_id="A")
    world.hears("audit", best=(2, 0.5), audit=True)
    assert world.order() == ["audit", "rich"]
    assert [item.audit for item in world.sees()] == [True, False]


def test_money_counts_and_age_does_not(world: World) -> None:
    """Revenue and the open deal times its probability; a lost deal is worth nothing."""
    world.hears("old", said_at=NOW - 99 * DAY)
    world.hears("small", account_id="B")
    world.hears("deal", account_id="A", opportunity_id="O")
    world.hears("lost", account_id="A", opportunity_id="L")
    assert world.order() == ["deal", "lost", "small", "old"]
    deal, lost = world.sees(2)
    assert (deal.account, deal.worth.revenue_cents) == ("Acme", 900_000_00)
    assert (deal.worth.pipeline_cents, lost.worth.pipeline_cents) == (25_000_00, 0)


def test_many_alike_are_worth_more_than_one(world: World) -> None:
    """Those with the same best guess; one look decides all of them."""
    world.hears("alone", best=(1, 0.5), account_id="B")
    for record in ("a", "b"):
        world.hears(record, best=(2, 0.5), account_id="B")
    assert world.order()[2] == "alone"
    assert [item.alike for item in world.sees()] == [2, 2, 1]


def test_themes_are_alike_too(world: World) -> None:
    """A remark that no issue is near counts with its theme."""
    for record, words in zip("abc", EXPORT, strict=True):
        world.hears(record, words)
    world.sorts()
    assert {(item.alike, item.theme) for item in world.sees()} == {(3, 1)}


def test_what_is_looked_at_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it says so."""
    monkeypatch.setattr(queue_module, "LOOKED_AT", 2)
    for record in "abc":
        world.hears(record)
    with world.store.transaction() as tx:
        found = queue(tx, NOW, 1, packaged)
        assert (found.looked_at, found.more, len(found.items)) == (2, True, 1)


def test_a_suggestion_says_why(world: World) -> None:
    """By the words in common, and by what people accepted for it that is near; at most two."""
    for number, words in enumerate(EXPORT):
        world.hears(f"x{number}", words)
        world.accepts(f"x{number}", "APP-1")
    world.hears("y", "The colours hurt our eyes at night")
    world.accepts("y", "APP-1")
    world.hears("new", "sort it and export the invoices to a spreadsheet please", best=(1, 0.5))
    (item,) = world.sees()
    (link,) = item.links
    assert (link.issue_key, link.summary, link.why) == ("APP-1", "Sort the ledger", "sort")
    assert len(link.near) == 2
    assert set(link.near) < set(EXPORT)


def test_what_is_alike_is_found_for_an_issue(world: World) -> None:
    """By the best guess alone: not what was suggested as well, nor what is decided."""
    world.hears("a", best=(1, 0.5))
    world.hears("b", best=(1, 0.5))
    world.hears("c", best=(2, 0.5))
    world.accepts("b", "APP-1")
    with world.store.transaction() as tx:
        assert [one.record for one in guessed(tx, 1, NOW)] == ["a"]


def test_audits_are_not_decided_because_they_are_alike(world: World) -> None:
    """Each would be right, for nobody looked: a threshold would be certified by nothing."""
    world.hears("a", best=(1, 0.5))
    world.hears("audit", best=(1, 0.9), audit=True)
    with world.store.transaction() as tx:
        assert [one.record for one in guessed(tx, 1, NOW)] == ["a"]


def theme_of_three(world: World) -> None:
    """Two customers ask for the same, one of them twice."""
    for record, words, account in zip("abc", EXPORT, "AAB", strict=True):
        world.hears(record, words, account_id=account, said_at=NOW - DAY * int(record != "b"))
    world.hears("other", "The calendar ignores public holidays in Norway")
    world.sorts()


def test_a_theme_is_shown_from_three_remarks_on(world: World) -> None:
    """By its own words, with its money counted once a customer, and the shortest quotes."""
    theme_of_three(world)
    with world.store.transaction() as tx:
        (view,) = themes(tx, NOW, 9)
    assert set(view.name.split()) == {"export", "invoices", "spreadsheet"}
    assert (view.remarks, view.worth.accounts) == (3, 2)
    assert view.worth.revenue_cents == 901_000_00
    assert view.newest == NOW
    assert view.quotes == (EXPORT[0], EXPORT[1], EXPORT[2])
    world.accepts("c", "APP-1")
    with world.store.transaction() as tx:
        assert themes(tx, NOW, 9) == []


def make(world: World, tracker: FakeTracker, **facts: Any) -> Made:
    """An epic, as a command or a request does it."""
    asked = NewEpic(project="APP", summary="Exports", by="pm", **facts)
    with world.store.transaction() as tx:
        what = draft(tx, asked, NOW)
    made = tracker.create_epic("APP", asked.summary, what.description, what.token)
    with world.store.transaction() as tx:
        return settle(tx, asked, what, made, NOW)


@pytest.fixture
def tracker() -> FakeTracker:
    """Open."""
    made = FakeTracker()
    made.open()
    return made


def test_an_epic_takes_the_whole_theme(world: World, tracker: FakeTracker) -> None:
    """By a person's decisions, with evidence owed; the theme is gone, and made no second time."""
    theme_of_three(world)
    made = make(world, tracker, theme=1)
    assert [one.outcome for one in made.remarks] == ["linked"] * 3
    with world.store.transaction() as tx:
        assert themes(tx, NOW, 9) == []
        assert tx.epics.evidence_due(NOW, 9) == [made.issue_id]
        (_, decision), *_ = tx.links.of_remark(world.ids["a"])
    assert (decision.rule, decision.by, decision.unseen) == ("person", "pm", True)
    assert world.lessons() == set()
    with pytest.raises(CannotRule, match="no remark of theme 1 waits"):
        make(world, tracker, theme=1)
    again = make(world, tracker, theme=1, again=True)
    assert again == msgspec.structs.replace(made, remarks=())


def test_an_epic_tells_the_tracker_counts_and_bands(world: World) -> None:
    """No name, no word, no amount."""
    theme_of_three(world)
    asked = NewEpic(project="APP", summary="Exports", description="Ours.", theme=1, by="pm")
    with world.store.transaction() as tx:
        said = draft(tx, asked, NOW).description
    assert said == (
        "Ours.\n\n3 remarks from 2 accounts, revenue 500,000 to 1,000,000, as of 2026-03-02."
    )


def test_an_epic_of_one_remark(world: World, tracker: FakeTracker) -> None:
    """Repeated by the same person it yields the same."""
    world.hears("a", account_id="B")
    first = make(world, tracker, remark="form:a", again=True)
    again = make(world, tracker, remark="form:a", again=True)
    assert again.issue_key == first.issue_key
    assert (first.remarks[0].outcome, again.remarks[0].decided) == ("linked", ())
    assert world.lessons() == {("a", first.issue_id)}


@pytest.mark.parametrize(
    "facts", [{}, {"theme": 9}, {"remark": "form:9"}, {"theme": 1, "remark": "x"}]
)
def test_an_epic_of_nothing_is_refused(world: World, facts: dict[str, Any]) -> None:
    """Before the tracker hears of it."""
    asked = NewEpic(project="APP", summary="Exports", by="pm", **facts)
    with world.store.transaction() as tx, pytest.raises(CannotRule):
        draft(tx, asked, NOW)
