"""Decisions, append only, and where each remark and issue stand because of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sinks.store.contract import Links, Store
from sinks.store.rows import Decision, Link, Linked, LinkState, Remark, Words

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def decision(
    id_: int, remark: int = 1, issue: int | None = 10, key: str = "PROJ-1", **facts: Any
) -> Decision:
    """A decision."""
    known = {"verdict": "link", "rule": "key", "score": 1.0, "model": "1", "by": "closeloop"}
    return Decision(
        id=id_, remark_id=remark, issue_key=key, issue_id=issue, **known | {"at": NOW} | facts
    )


def link(of: Decision, state: LinkState = "linked") -> Link:
    """Where a remark stands because of a decision."""
    return Link(
        remark_id=of.remark_id,
        issue_key=of.issue_key,
        issue_id=of.issue_id,
        state=state,
        decision_id=of.id,
    )


def decide(store: Store, of: Decision, state: LinkState = "linked") -> None:
    """Write a decision and its link."""
    with store.transaction() as tx:
        tx.links.add([of], [link(of, state)])


def remark(store: Store, id_: int, said_at: datetime = NOW, **facts: Any) -> Remark:
    """Put a remark into the store."""
    made = Remark(
        id=id_,
        origin="form",
        record=str(id_),
        version_at=NOW,
        said_at=said_at,
        outcome="linked",
        **facts,
    )
    with store.transaction() as tx:
        tx.remarks.add([(made, Words(remark_id=id_, words=f"words {id_}"))])
    return made


def ask(store: Store, question: Callable[[Links], Any]) -> Any:
    """Ask one question in a transaction of its own."""
    with store.transaction() as tx:
        return question(tx.links)


def states(store: Store, remark_id: int = 1) -> dict[str, tuple[str, int]]:
    """Issue key -> state, and the decision behind it."""
    found = ask(store, lambda links: links.of_remark(remark_id))
    return {each.issue_key: (each.state, why.id) for each, why in found}


def test_ids_are_fresh_and_ascending(store: Store) -> None:
    """From one sequence, whoever asks."""
    first = list(ask(store, lambda it: it.new_ids(3)))
    second = list(ask(store, lambda it: it.new_ids(2)))
    assert sorted({*first, *second}) == first + second


def test_every_link_has_the_decision_behind_it(store: Store) -> None:
    """Best score first; another remark has none."""
    first, second = decision(1, score=0.25), decision(2, issue=11, key="PROJ-2", score=0.5)
    with store.transaction() as tx:
        tx.links.add([first, second], [link(first), link(second, "suggested")])
    assert ask(store, lambda it: it.of_remark(1)) == [
        (link(second, "suggested"), second),
        (link(first), first),
    ]
    assert ask(store, lambda it: it.of_remark(2)) == []


def test_links_of_many_remarks_are_those_of_each(store: Store) -> None:
    """In one question, also of those that have none."""
    mine, other = decision(1), decision(2, remark=2, score=0.5)
    with store.transaction() as tx:
        tx.links.add([mine, other], [link(mine), link(other, "suggested")])
    assert ask(store, lambda it: it.of_remarks([2, 3, 1])) == {
        1: [(link(mine), mine)],
        2: [(link(other, "suggested"), other)],
        3: [],
    }
    assert ask(store, lambda it: it.of_remarks([])) == {}


def test_a_decision_may_come_without_a_link(store: Store) -> None:
    """A rejection of something that was never linked."""
    with store.transaction() as tx:
        tx.links.add([decision(1)], [])
        tx.links.add([], [])
    assert ask(store, lambda it: it.of_remark(1)) == []


def test_a_later_decision_sets_the_link_anew(store: Store) -> None:
    """The issue may be known better by then, too."""
    decide(store, decision(1))
    decide(store, decision(2, issue=12), "suggested")
    assert states(store) == {"PROJ-1": ("suggested", 2)}
    assert ask(store, lambda it: it.of_remark(1))[0][0].issue_id == 12


def test_a_link_is_set_anew_whatever_other_links_there_are(store: Store) -> None:
    """A person's stand on one remark says nothing of another."""
    decide(store, decision(1, rule="person", by="pm"), "rejected")
    decide(store, decision(2, remark=2))
    decide(store, decision(3, remark=3, rule="person", by="pm"))
    decide(store, decision(4, remark=2), "suggested")
    assert states(store, 1) == {"PROJ-1": ("rejected", 1)}
    assert states(store, 2) == {"PROJ-1": ("suggested", 4)}


def test_a_link_that_a_person_decided_stays_as_the_person_said(store: Store) -> None:
    """Likeness does not overrule a person."""
    decide(store, decision(1, rule="person", by="pm"), "rejected")
    decide(store, decision(2, rule="likeness"))
    assert states(store) == {"PROJ-1": ("rejected", 1)}


def test_a_person_may_decide_anew(store: Store) -> None:
    """The latest of the persons counts, and rules still do not."""
    decide(store, decision(1, rule="person", by="pm"), "rejected")
    decide(store, decision(2, rule="person", by="pm"))
    decide(store, decision(3, rule="key"), "suggested")
    assert states(store) == {"PROJ-1": ("linked", 2)}


def test_a_persons_link_does_not_hold_up_its_neighbours(store: Store) -> None:
    """One batch, one link that stays and one that is new."""
    decide(store, decision(1, rule="person", by="pm"), "rejected")
    again, new = decision(2), decision(3, key="PROJ-2", issue=11)
    with store.transaction() as tx:
        tx.links.add([again, new], [link(again), link(new)])
    assert states(store) == {"PROJ-1": ("rejected", 1), "PROJ-2": ("linked", 3)}


def test_the_remarks_of_an_issue_come_oldest_said_first(store: Store) -> None:
    """With their words and when they were linked."""
    late = remark(store, 1, said_at=NOW + HOUR)
    early = remark(store, 2)
    for number in (1, 2):
        decide(store, decision(number, remark=number, at=NOW + HOUR))
    assert ask(store, lambda it: it.of_issue(10)) == [
        Linked(
            remark=each,
            words=Words(remark_id=each.id, words=f"words {each.id}"),
            linked_at=NOW + HOUR,
        )
        for each in (early, late)
    ]
    assert ask(store, lambda it: it.of_issue(11)) == []


@pytest.mark.parametrize("state", ["linked", "suggested", "rejected"])
def test_the_remarks_of_an_issue_are_those_that_stand_so(store: Store, state: str) -> None:
    """Suggested and rejected ones are no demand."""
    for number, each in enumerate(["linked", "suggested", "rejected"], start=1):
        remark(store, number)
        decide(store, decision(number, remark=number), each)
    found = ask(store, lambda it: it.of_issue(10, state))
    assert [each.remark.id for each in found] == [
        ["linked", "suggested", "rejected"].index(state) + 1
    ]


def test_a_remark_that_was_withdrawn_does_not_count(store: Store) -> None:
    """The source took it back."""
    remark(store, 1, withdrawn=True)
    decide(store, decision(1))
    assert ask(store, lambda it: it.of_issue(10)) == []


def test_links_by_key_alone_get_the_id_when_it_is_known(store: Store) -> None:
    """Only those that have none yet; a second time there is nothing to do."""
    decide(store, decision(1, issue=None))
    decide(store, decision(2, remark=2, issue=None, key="PROJ-2"))
    decide(store, decision(3, remark=3, issue=7))
    assert ask(store, lambda it: it.adopt({"PROJ-1": 10, "PROJ-9": 19})) == {10}
    assert ask(store, lambda it: it.of_remark(1))[0][0].issue_id == 10
    assert ask(store, lambda it: it.of_remark(2))[0][0].issue_id is None
    assert ask(store, lambda it: it.of_remark(3))[0][0].issue_id == 7
    assert ask(store, lambda it: it.adopt({"PROJ-1": 10})) == set()
    assert ask(store, lambda it: it.adopt({})) == set()


def test_unknown_keys_are_those_that_remarks_name_and_no_issue_is_known_for(store: Store) -> None:
    """Each once, in the order of the alphabet."""
    for number, key in enumerate(["PROJ-3", "PROJ-2", "PROJ-2", "PROJ-1"], start=1):
        decide(store, decision(number, remark=number, key=key, issue=None))
    decide(store, decision(9, remark=9, key="PROJ-9"))
    assert ask(store, lambda it: it.unknown_keys(9)) == ["PROJ-1", "PROJ-2", "PROJ-3"]
    assert ask(store, lambda it: it.unknown_keys(2)) == ["PROJ-1", "PROJ-2"]
    assert ask(store, lambda it: it.unknown_keys(2, "PROJ-2")) == ["PROJ-3"]
    assert ask(store, lambda it: it.unknown_keys(2, "PROJ-3")) == []


def test_what_people_hold_as_linked_comes_in_pages_with_all_links_of_a_remark(
    store: Store,
) -> None:
    """Not what a rule linked, what a person rejected, or what is linked by key alone."""
    decide(store, decision(1, remark=5, rule="person", quote="a passage"))
    decide(store, decision(2, remark=5, issue=11, key="PROJ-2", rule="likeness", score=0.5))
    decide(store, decision(3, remark=3, rule="person"))
    decide(store, decision(4, remark=4, rule="key"))
    decide(store, decision(5, remark=6, rule="person", verdict="reject"), "rejected")
    decide(store, decision(6, remark=7, issue=None, rule="person"))
    decide(store, decision(7, remark=9, issue=12, key="PROJ-3", rule="person"))
    first = ask(store, lambda it: it.held(0, 2))
    assert {id_: [why.id for _, why in links] for id_, links in first.items()} == {
        3: [3],
        5: [1, 2],
    }
    assert first == {id_: ask(store, lambda it, of=id_: it.of_remark(of)) for id_ in (3, 5)}
    assert list(first) == [3, 5]
    assert list(ask(store, lambda it: it.held(5, 2))) == [9]
    assert ask(store, lambda it: it.held(9)) == {}
