"""What the desk asks of the store: who waits, and what people decided last."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sinks.store.contract import Store
from sinks.store.learned import Guess
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Decision, Link, LinkState, Outcome, Remark, Verdict, Words
from tests.contract.store.ways import Waits

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def hears(store: Store, id_: int, outcome: Outcome = "suggested", **facts: Any) -> Remark:
    """A remark comes in."""
    made = Remark(
        id=id_,
        origin="form",
        record=str(id_),
        version_at=NOW,
        said_at=NOW,
        outcome=outcome,
        **facts,
    )
    with store.transaction() as tx:
        tx.remarks.add([(made, Words(remark_id=id_, words=f"words {id_}"))])
    return made


def guesses(store: Store, remark_id: int, *, audit: bool = False) -> None:
    """Likeness is asked of it."""
    made = Guess(
        remark_id=remark_id,
        passage=0,
        issue_id=10,
        features=(1.0,),
        confidence=0.5,
        tier="fast",
        basis="table",
        epics=7,
        audit=audit,
        sure=False,
        at=NOW,
    )
    with store.transaction() as tx:
        tx.learned.guess({remark_id}, [made])


def decides(  # noqa: PLR0913 - what a decision is made of, most of it by name
    store: Store,
    id_: int,
    remark_id: int,
    verdict: Verdict = "link",
    *,
    key: str = "APP-1",
    by: str = "pm",
    minute: int = 0,
    rule: str = "person",
    unseen: bool = False,
) -> Decision:
    """A decision, and where it leaves the link."""
    issue_id = int(key.rpartition("-")[2]) if key else None
    made = Decision(
        id=id_,
        remark_id=remark_id,
        issue_key=key,
        issue_id=issue_id,
        verdict=verdict,
        rule=rule,
        score=1.0,
        model="1",
        by=by,
        at=NOW + minute * MINUTE,
        unseen=unseen,
    )
    states: dict[str, LinkState] = {"link": "linked", "reject": "rejected", "undo": "suggested"}
    links = [
        Link(
            remark_id=remark_id,
            issue_key=key,
            issue_id=issue_id,
            state=states[verdict],
            decision_id=id_,
        )
        for _ in range(verdict in states and bool(key))
    ]
    with store.transaction() as tx:
        tx.links.add([made], links)
    return made


def test_a_link_is_dropped_and_its_decision_stays(store: Store) -> None:
    """That one alone; a link that is not there is no fault."""
    hears(store, 1)
    hears(store, 2)
    decides(store, 1, 1)
    kept = [decides(store, 2, 1, key="APP-2"), decides(store, 3, 2)]
    with store.transaction() as tx:
        tx.links.drop([(1, "APP-1"), (9, "APP-1")])
    with store.transaction() as tx:
        found = [tx.links.of_remark(id_)[0][1] for id_ in (1, 2)]
        assert found == kept
        assert [one.id for one in tx.links.ruled(1)] == [1, 2]


def test_a_decision_keeps_what_it_was_about(store: Store) -> None:
    """The rule that claimed it before a person decided, and how surely."""
    hears(store, 1)
    made = msgspec.structs.replace(
        decides(store, 1, 1, "undo"), id=2, claimed_by="likeness", claimed_score=0.5
    )
    with store.transaction() as tx:
        tx.links.add([made], [])
        assert tx.links.ruled(1) == [made]


def test_what_is_dismissed_waits_no_more(store: Store) -> None:
    """Nor does what is linked or withdrawn."""
    waits = [hears(store, 1), hears(store, 2, "unmatched")]
    hears(store, 3, "dismissed")
    hears(store, 4, "linked")
    hears(store, 5, withdrawn=True)
    with store.transaction() as tx:
        assert [one for one, _ in tx.remarks.undecided(9)] == waits
        assert [one for one, _ in tx.remarks.waiting(9)] == waits[::-1]


def test_audits_wait_first_then_the_newest(store: Store) -> None:
    """However old an audit is; the limit holds for both together."""
    for id_ in (1, 2, 3, 4):
        hears(store, id_)
        guesses(store, id_, audit=id_ in {1, 3})
    hears(store, 5)
    with store.transaction() as tx:
        assert [one.id for one, _ in tx.remarks.waiting(9)] == [3, 1, 5, 4, 2]
        assert [one.id for one, _ in tx.remarks.waiting(3)] == [3, 1, 5]
        assert [one.id for one, _ in tx.remarks.waiting(1)] == [3]


def test_remarks_are_found_by_id_and_by_name(store: Store) -> None:
    """With their words; what is not known is left out."""
    made = hears(store, 1)
    found = (made, Words(remark_id=1, words="words 1"))
    with store.transaction() as tx:
        assert tx.remarks.get({1, 9}) == {1: found}
        assert tx.remarks.hold({"form:1", "form:9"}) == {"form:1": found}


def test_who_holds_a_remark_makes_the_next_one_wait(
    postgres_store: PostgresStore, waits: Waits
) -> None:
    """And the next one sees what was decided."""
    hears(postgres_store, 1)

    def decide(tx: Any) -> None:
        tx.remarks.hold({"form:1"})
        tx.remarks.set_outcome({1: "linked"})

    found = waits(postgres_store, decide, lambda tx: tx.remarks.hold({"form:1"}))
    assert found["form:1"][0].outcome == "linked"


def test_the_last_word_of_a_person_on_each_issue(store: Store) -> None:
    """Rules have no say in it; the remark as a whole has a place of its own."""
    decides(store, 1, 1)
    second = decides(store, 2, 1, "reject", key="APP-2")
    third = decides(store, 3, 1, "undo")
    decides(store, 4, 1, rule="likeness")
    fifth = decides(store, 5, 1, "dismiss", key="")
    decides(store, 6, 2)
    with store.transaction() as tx:
        assert tx.links.ruled(1) == [second, third, fifth]
        assert tx.links.ruled(9) == []


def test_what_a_person_did_last_is_all_of_one_go(store: Store) -> None:
    """Not what another did, nor what a rule did, later."""
    decides(store, 1, 1, minute=1)
    last = [decides(store, 2, 2, minute=2), decides(store, 3, 3, "dismiss", key="", minute=2)]
    decides(store, 4, 4, by="other", minute=3)
    decides(store, 5, 5, rule="likeness", minute=3)
    with store.transaction() as tx:
        assert tx.links.last_by("pm") == last
        assert tx.links.last_by("nobody") == []


def test_what_was_taken_back_is_not_what_a_person_did_last(store: Store) -> None:
    """Step by step back, by whomever; nor is the taking back."""
    first = decides(store, 1, 1, minute=1)
    decides(store, 2, 2, minute=2)
    decides(store, 3, 2, "undo", minute=3, by="other")
    with store.transaction() as tx:
        assert tx.links.last_by("pm") == [first]
        assert tx.links.last_by("other") == []
    decides(store, 4, 1, "reject", minute=4, by="other")
    with store.transaction() as tx:
        assert tx.links.last_by("pm") == []


def test_what_people_accepted_for_an_issue(store: Store) -> None:
    """The last first; not what a rule linked, was rejected, is withdrawn, or nobody looked at."""
    for id_ in (1, 2, 3, 4, 5, 6):
        hears(store, id_, "linked", withdrawn=id_ == 5)
    decides(store, 1, 1)
    decides(store, 2, 2)
    decides(store, 3, 3, rule="likeness")
    decides(store, 4, 4, "reject")
    decides(store, 5, 5)
    decides(store, 6, 6, unseen=True)
    with store.transaction() as tx:
        found = tx.links.accepted({1, 2}, 9)
        assert {id_: [one.remark.id for one in each] for id_, each in found.items()} == {1: [2, 1]}
        assert [one.remark.id for one in tx.links.accepted({1}, 1)[1]] == [2]
        assert found[1][0].words == Words(remark_id=2, words="words 2")
