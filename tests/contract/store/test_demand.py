"""Who stands behind an issue, however many remarks it has."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sinks.store.contract import Links, Store
from sinks.store.rows import Decision, Demand, Link, LinkState, Remark, Words

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ISSUE = 10


def linked(
    store: Store,
    id_: int,
    *,
    issue: int = ISSUE,
    state: LinkState = "linked",
    at: datetime = NOW,
    **facts: Any,
) -> None:
    """A remark, said `id_` minutes after the others, that stands so with an issue."""
    remark = Remark(
        id=id_,
        origin="form",
        record=str(id_),
        version_at=NOW,
        said_at=facts.pop("said_at", NOW + id_ * MINUTE),
        outcome="linked",
        **facts,
    )
    decision = Decision(
        id=id_,
        remark_id=id_,
        issue_key=f"PROJ-{issue}",
        issue_id=issue,
        verdict="link",
        rule="key",
        score=1.0,
        model="1",
        by="closeloop",
        at=at,
    )
    link = Link(
        remark_id=id_,
        issue_key=decision.issue_key,
        issue_id=issue,
        state=state,
        decision_id=id_,
    )
    with store.transaction() as tx:
        tx.remarks.add([(remark, Words(remark_id=id_, words=f"words {id_}"))])
        tx.links.add([decision], [link])


def ask(store: Store, question: Callable[[Links], Any]) -> Any:
    """Ask one question in a transaction of its own."""
    with store.transaction() as tx:
        return question(tx.links)


def ids(store: Store, question: Callable[[Links], Any]) -> list[int]:
    """The remarks of an answer, in its order."""
    return [one.remark.id for one in ask(store, question)]


def voices(store: Store, most: int = 2, since: datetime | None = None) -> list[int]:
    """The remarks that speak for our issue."""
    return ids(store, lambda it: it.voices(ISSUE, since=since, most=most))


def test_the_remarks_of_an_issue_come_page_by_page(store: Store) -> None:
    """In order of being said, of one instant by id; each once, and the last page is short."""
    for id_ in (5, 1, 4, 2, 3):
        linked(store, id_, said_at=NOW)
    after, pages = None, []
    while page := ask(store, lambda it, after=after: it.of_issue(ISSUE, after=after, limit=2)):
        pages.append([one.remark.id for one in page])
        after = (page[-1].remark.said_at, page[-1].remark.id)
    assert pages == [[1, 2], [3, 4], [5]]


def test_the_remarks_of_one_account_can_be_asked_for(store: Store) -> None:
    """Those without an account are nobody's."""
    linked(store, 1, account_id="A")
    linked(store, 2, account_id="B")
    linked(store, 3)
    assert ids(store, lambda it: it.of_issue(ISSUE, account_id="A")) == [1]


def test_of_some_remarks_those_come_that_still_stand(store: Store) -> None:
    """With their words, oldest first, no more than were asked for."""
    linked(store, 1)
    linked(store, 2, state="rejected")
    linked(store, 3, withdrawn=True)
    linked(store, 4, issue=11)
    linked(store, 5)
    linked(store, 6)
    assert ids(store, lambda it: it.standing(ISSUE, [5, 1, 2, 3, 4, 9])) == [1, 5]
    assert ids(store, lambda it: it.standing(ISSUE, [5, 6, 1], 2)) == [1, 5]
    assert ids(store, lambda it: it.standing(ISSUE, [])) == []
    (first,) = ask(store, lambda it: it.standing(ISSUE, [1]))
    assert first.words == Words(remark_id=1, words="words 1")


def test_of_a_voice_the_remarks_said_first_are_heard(store: Store) -> None:
    """However many follow; the words stay where they are."""
    for id_ in (3, 1, 4, 2):
        linked(store, id_, account_id="A", reporter_email="r@us.example")
    assert voices(store) == [1, 2]
    (first, _) = ask(store, lambda it: it.voices(ISSUE, since=None, most=2))
    assert first.words is None
    assert first.linked_at == NOW


def test_whatever_somebody_is_told_by_makes_a_voice(store: Store) -> None:
    """Nobody is hidden behind another who spoke more often."""
    facts = [
        {},
        {"account_id": "A"},
        {"stated_account": "S"},
        {"domain": "a.example"},
        {"opportunity_id": "O"},
        {"reporter_id": "R"},
        {"reporter_email": "r@us.example"},
    ]
    for number, each in enumerate(facts):
        for repeated in range(3):
            linked(store, 10 * number + repeated, **each)
    assert voices(store, most=1) == [10 * number for number in range(len(facts))]


def test_what_was_linked_after_an_instant_is_a_voice_of_its_own(store: Store) -> None:
    """Or nobody would hear that it is available already."""
    for id_ in (1, 2):
        linked(store, id_)
    linked(store, 3, at=NOW + MINUTE)
    assert voices(store, most=1) == [1]
    assert voices(store, most=1, since=NOW) == [1, 3]


def test_only_what_is_linked_and_stands_has_a_voice(store: Store) -> None:
    """Suggested, withdrawn, or another issue's: none."""
    linked(store, 1, state="suggested")
    linked(store, 2, withdrawn=True)
    linked(store, 3, issue=11)
    assert voices(store) == []


def test_demand_is_counted(store: Store) -> None:
    """Remarks each, accounts once."""
    linked(store, 1, account_id="A")
    linked(store, 2, account_id="A")
    linked(store, 3, account_id="B")
    linked(store, 4)
    linked(store, 5, account_id="C", withdrawn=True)
    linked(store, 6, account_id="D", state="suggested")
    assert ask(store, lambda it: it.demand(ISSUE)) == Demand(
        remarks=4, accounts=frozenset({"A", "B"})
    )
    assert ask(store, lambda it: it.demand(99)) == Demand(remarks=0, accounts=frozenset())
