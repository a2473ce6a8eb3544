"""Remarks and their words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from sinks.store.contract import Remarks, Store
from sinks.store.fake.remarks import FakeRemarks
from sinks.store.postgres.remarks import PostgresRemarks
from sinks.store.rows import Decision, Known, Link, LinkState, Remark, Words, remark_key
from tests.contract.store.ways import failing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def remark(id_: int = 1, record: str | None = None, at: datetime = NOW, **facts: Any) -> Remark:
    """A remark."""
    known = {"outcome": "unmatched", "origin": "zendesk"} | facts
    return Remark(id=id_, record=record or str(id_), version_at=at, said_at=NOW, **known)


def words(id_: int = 1, said: str = "Exports, please", **facts: Any) -> Words:
    """Its words."""
    return Words(remark_id=id_, words=said, **facts)


def add(store: Store, *remarks: Remark, said: str = "Exports, please") -> None:
    """Put remarks into the store, all with the same words."""
    with store.transaction() as tx:
        tx.remarks.add([(each, words(each.id, said)) for each in remarks])


def erase(store: Store, id_: int) -> None:
    """Take a remark's words out, as somebody does who was asked to."""
    with store.transaction() as tx:
        if isinstance(tx.remarks, FakeRemarks):
            del tx.remarks._state.words[id_]
        elif isinstance(tx.remarks, PostgresRemarks):
            gone = text("DELETE FROM remark_words WHERE remark_id = :id")
            tx.remarks._connection.execute(gone, {"id": id_})


def ask(store: Store, question: Callable[[Remarks], Any]) -> Any:
    """Ask one question in a transaction of its own."""
    with store.transaction() as tx:
        return question(tx.remarks)


def find(store: Store, feedback: str = "zendesk:1") -> Any:
    """A remark and its words."""
    return ask(store, lambda remarks: remarks.find(feedback))


def link(  # noqa: PLR0913, PLR0917 - all that a link is
    store: Store,
    remark_id: int,
    issue: int | None,
    state: LinkState = "linked",
    key: str = "PROJ-1",
    rule: str = "key",
) -> None:
    """Link a remark to an issue."""
    decision = Decision(
        id=remark_id * 100 + (issue or 0),
        remark_id=remark_id,
        issue_key=key,
        issue_id=issue,
        verdict="link",
        rule=rule,
        score=1.0,
        model="1",
        by="closeloop",
        at=NOW,
    )
    made = Link(
        remark_id=remark_id, issue_key=key, issue_id=issue, state=state, decision_id=decision.id
    )
    with store.transaction() as tx:
        tx.links.add([decision], [made])


FULL = remark(
    account_id="A",
    stated_account="A0",
    domain="acme.example",
    opportunity_id="O",
    reporter_id="R",
    reporter_email="r@us.example",
    thread="T",
    url="https://z.example/1",
)


def test_a_remark_comes_back_whole(store: Store) -> None:
    """Every field of both; others are not found."""
    said = words(title="Help", customer_name="Ann", customer_email="ann@acme.example")
    with store.transaction() as tx:
        tx.remarks.add([(FULL, said)])
    assert find(store) == (FULL, said)
    assert find(store, "zendesk:2") is None
    assert find(store, "nonsense") is None


def test_a_record_may_hold_a_colon(store: Store) -> None:
    """Only the first colon parts origin from record."""
    add(store, remark(record="a:b"))
    assert find(store, "zendesk:a:b") is not None


def test_of_keys_those_that_are_in_the_store_are_known(store: Store) -> None:
    """With the id and the version that a batch needs."""
    add(store, remark())
    key = remark_key("zendesk", "1")
    found = ask(store, lambda it: it.known([key, remark_key("zendesk", "2")]))
    assert found == {key: Known(id=1, version_at=NOW)}
    assert ask(store, lambda it: it.known([])) == {}


def test_ids_are_fresh_and_ascending(store: Store) -> None:
    """From one sequence, whoever asks."""
    first = list(ask(store, lambda it: it.new_ids(3)))
    second = list(ask(store, lambda it: it.new_ids(2)))
    assert sorted({*first, *second}) == first + second
    assert len(first + second) == 5


def test_ids_of_a_transaction_that_failed_are_not_given_out_again(store: Store) -> None:
    """A gap harms nobody; a number given twice would."""
    given = failing(store, lambda tx: tx.remarks.new_ids(2))
    assert not set(given) & set(ask(store, lambda it: it.new_ids(5)))


@pytest.mark.parametrize("later", [HOUR, timedelta(0), -HOUR])
def test_one_that_is_there_all_the_same_stays_as_it_is(store: Store, later: timedelta) -> None:
    """Whoever wrote it first decided it; who comes second is told, however new its version is."""
    add(store, remark(), said="old")
    version = remark(id_=2, record="1", at=NOW + later, withdrawn=True)
    assert ask(store, lambda it: it.add([(version, words(2, "new"))])) == {2}
    found, said = find(store)
    assert (found, said.words) == (remark(), "old")


def test_new_ones_beside_one_that_is_there_are_written(store: Store) -> None:
    """One conflict does not cost the batch the rest."""
    add(store, remark())
    add(store, remark(id_=2), remark(id_=3, record="1", at=NOW + HOUR), remark(id_=4))
    assert find(store, "zendesk:2") is not None
    assert find(store, "zendesk:4") is not None
    assert find(store)[0].version_at == NOW


def test_adding_nothing_adds_nothing(store: Store) -> None:
    """No statement without rows."""
    add(store)
    assert ask(store, lambda it: it.undecided(9)) == []


@pytest.mark.parametrize(("later", "kept"), [(HOUR, "new"), (timedelta(0), "old"), (-HOUR, "old")])
def test_a_remark_is_revised_where_the_version_in_the_store_is_older(
    store: Store, later: timedelta, kept: str
) -> None:
    """A version that is not newer changes nothing."""
    add(store, remark(), said="old")
    with store.transaction() as tx:
        tx.remarks.revise([(remark(at=NOW + later, withdrawn=True), words(said="new"))])
    found, said = find(store)
    assert (said.words, found.withdrawn) == (kept, kept == "new")


@pytest.mark.parametrize(
    ("stored", "given", "kept"),
    [
        ((NOW, None), (NOW, NOW), "new"),
        ((NOW, NOW), (NOW, NOW), "old"),
        ((NOW, NOW), (NOW, None), "old"),
        ((NOW, NOW), (NOW, NOW + HOUR), "new"),
        ((NOW, NOW + HOUR), (NOW, NOW), "old"),
        ((NOW, NOW), (NOW + HOUR, None), "new"),
        ((NOW + HOUR, None), (NOW, NOW + HOUR), "old"),
    ],
)
def test_of_one_clock_time_the_version_replayed_later_is_kept(
    store: Store, stored: Any, given: Any, kept: str
) -> None:
    """A later clock counts more than any replay; the same again changes nothing."""
    add(store, remark(at=stored[0], replayed_at=stored[1]), said="old")
    known = ask(store, lambda it: it.known([remark_key("zendesk", "1")]))
    assert list(known.values()) == [Known(id=1, version_at=stored[0], replayed_at=stored[1])]
    version = remark(at=given[0], replayed_at=given[1])
    with store.transaction() as tx:
        tx.remarks.revise([(version, words(said="new"))])
    assert find(store)[1].words == kept


def test_revising_an_unknown_remark_writes_none(store: Store) -> None:
    """It was never written, or is gone."""
    with store.transaction() as tx:
        tx.remarks.revise([(remark(), words())])
    assert find(store) is None


def test_an_outcome_is_set_by_id(store: Store) -> None:
    """An id that nobody has is no fault."""
    add(store, remark(1), remark(2))
    ask(store, lambda it: it.set_outcome({1: "linked", 9: "linked"}))
    ask(store, lambda it: it.set_outcome({}))
    assert [find(store, f"zendesk:{id_}")[0].outcome for id_ in (1, 2)] == ["linked", "unmatched"]


def test_a_thread_has_the_issues_that_its_remarks_are_linked_to(store: Store) -> None:
    """By origin and thread, linked ones with a known issue only."""
    add(store, remark(1, thread="T"), remark(2, thread="T"), remark(3, thread="U"))
    add(store, remark(4, thread="T", origin="form"), remark(5, thread="V"))
    link(store, 1, 10)
    link(store, 2, 11)
    link(store, 2, 12, state="suggested", key="PROJ-2")
    link(store, 3, 13)
    link(store, 4, 14)
    link(store, 5, None)
    asked = [("zendesk", "T"), ("form", "T"), ("zendesk", "V"), ("zendesk", "W")]
    assert ask(store, lambda it: it.thread_issues(asked)) == {
        ("zendesk", "T"): {10, 11},
        ("form", "T"): {14},
    }
    assert ask(store, lambda it: it.thread_issues([])) == {}


def test_a_remark_that_is_decided_anew_is_no_thread_to_follow(store: Store) -> None:
    """What rules linked it to does not count, and what a person did does."""
    add(store, remark(1, thread="T"), remark(2, thread="T"), remark(3, thread="T"))
    link(store, 1, 10)
    link(store, 2, 11, rule="person")
    link(store, 3, 12)
    asked = [("zendesk", "T")]
    assert ask(store, lambda it: it.thread_issues(asked, [1, 2])) == {("zendesk", "T"): {11, 12}}
    assert ask(store, lambda it: it.thread_issues(asked, [1, 2, 3])) == {("zendesk", "T"): {11}}


def test_remarks_without_an_account_are_given_to_one(store: Store) -> None:
    """By domain where nothing was stated, else only by what was stated; once."""
    add(
        store,
        remark(1, domain="acme.example"),
        remark(2, stated_account="A0"),
        remark(3, domain="acme.example", account_id="B"),
        remark(4, domain="acme.example", stated_account="unknown"),
        remark(5, domain="other.example"),
    )
    for number in range(1, 6):
        link(store, number, number * 10)
    link(store, 1, 99, state="suggested", key="PROJ-2")
    owners, stated = {"acme.example": "A"}, {"A0": "A1"}
    assert ask(store, lambda it: it.claim_for_accounts(owners, stated)) == {10, 20}
    accounts = [find(store, f"zendesk:{number}")[0].account_id for number in range(1, 6)]
    assert accounts == ["A", "A1", "B", None, None]
    assert ask(store, lambda it: it.claim_for_accounts(owners, stated)) == set()


def test_homeless_are_the_domains_and_accounts_of_remarks_without_an_account(store: Store) -> None:
    """What to look for when new accounts come."""
    add(
        store,
        remark(1, domain="a.example", stated_account="A0"),
        remark(2, domain="b.example", account_id="B"),
        remark(3, domain="c.example"),
        remark(4),
    )
    assert ask(store, lambda it: it.homeless(9)) == ({"a.example", "c.example"}, {"A0"})
    assert ask(store, lambda it: it.homeless(1)) == ({"a.example"}, {"A0"})
    assert ask(store, lambda it: it.homeless(1, "a.example")) == ({"c.example"}, set())
    assert ask(store, lambda it: it.homeless(9, "A0")) == ({"a.example", "c.example"}, set())


def test_those_that_wait_for_a_person_come_oldest_first(store: Store) -> None:
    """Neither linked nor withdrawn ones wait."""
    add(
        store,
        remark(3, outcome="suggested"),
        remark(1),
        remark(2, outcome="linked"),
        remark(4, withdrawn=True),
        remark(5),
    )
    waiting = ask(store, lambda it: it.undecided(2))
    assert [found.id for found, _ in waiting] == [1, 3]
    assert waiting[0][1] == words(1)


def test_a_version_that_knows_no_account_leaves_the_one_that_was_found(store: Store) -> None:
    """A correction of the words does not make it homeless."""
    add(store, remark(account_id="A"))
    with store.transaction() as tx:
        tx.remarks.revise([(msgspec.structs.replace(remark(), version_at=NOW + HOUR), words())])
    assert find(store)[0].account_id == "A"


def test_all_that_was_said_is_read_in_pages(store: Store) -> None:
    """In order of the remarks; nothing that was withdrawn, or whose words are gone."""
    add(store, *(remark(number) for number in (4, 1, 2, 3, 5)))
    withdrawn = msgspec.structs.replace(remark(3), version_at=NOW + HOUR, withdrawn=True)
    with store.transaction() as tx:
        tx.remarks.revise([(withdrawn, words(3))])
    erase(store, 4)
    assert ask(store, lambda it: it.said(0, 2)) == [words(1), words(2)]
    assert ask(store, lambda it: it.said(2)) == [words(5)]
    assert ask(store, lambda it: it.said(5)) == []
