"""Valid-time history of customers and our own people."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.events import Account, Opportunity, Rep
from sinks.store.contract import Crm, Store, Transaction
from sinks.store.rows import CrmKind, CrmVersion, Facts, Stated
from tests.contract.store.ways import Beside, Waits

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def history(*facts: Facts, start: datetime = NOW) -> list[CrmVersion]:
    """One version a day, the last one still valid; each says only what it says."""
    days = [start + number * DAY for number in range(len(facts))]
    return [
        CrmVersion(valid_from=at, valid_to=end, event_id=f"e{at:%d}", stated=said, facts=said)
        for at, end, said in zip(days, [*days[1:], None], facts, strict=True)
    ]


def rewrite(store: Store, kind: CrmKind, *histories: list[CrmVersion]) -> None:
    """Put whole histories in place, each under its id."""
    with store.transaction() as tx:
        tx.crm.rewrite(kind, {each[0].facts.id: each for each in histories})


def ask(store: Store, question: Callable[[Crm], Any]) -> Any:
    """Ask one question in a transaction of its own."""
    with store.transaction() as tx:
        return question(tx.crm)


FULL = Account(
    id="A",
    name="Acme",
    domains=("acme.example", "Acme.test"),
    revenue_cents=None,
    currency="EUR",
    renews_on=date(2026, 9, 1),
    deleted=False,
)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("account", FULL),
        ("opportunity", Opportunity(id="A", probability=1.0, account_id=None, is_open=True)),
        ("rep", Rep(id="A", email="Rae@us.example", team=None)),
    ],
)
def test_what_was_stated_comes_back_as_it_was_stated(
    store: Store, kind: CrmKind, facts: Any
) -> None:
    """Null is null, and what was not mentioned stays unmentioned."""
    rewrite(store, kind, history(facts))
    assert ask(store, lambda crm: crm.stated(kind, ["A", "unheard of"])) == {
        "A": [Stated(at=NOW, event_id="e02", facts=facts)]
    }


def test_statements_and_folded_facts_are_kept_apart(store: Store) -> None:
    """What one event said stays readable when more is known."""
    said, folded = Account(id="A", name="Acme Ltd"), Account(id="A", name="Acme Ltd", region="EU")
    version = CrmVersion(valid_from=NOW, valid_to=None, event_id="e", stated=said, facts=folded)
    with store.transaction() as tx:
        tx.crm.rewrite("account", {"A": [version]})
    assert ask(store, lambda crm: crm.stated("account", ["A"]))["A"][0].facts == said
    assert ask(store, lambda crm: crm.accounts(["A"], NOW)) == {"A": folded}


def test_statements_come_oldest_first(store: Store) -> None:
    """The order in which they were handed over does not matter."""
    versions = history(Account(id="A", name="1"), Account(id="A", name="2"))
    with store.transaction() as tx:
        tx.crm.rewrite("account", {"A": versions[::-1]})
    said = ask(store, lambda crm: crm.stated("account", ["A"]))["A"]
    assert [each.facts.name for each in said] == ["1", "2"]


def test_a_rewritten_history_replaces_the_one_before(store: Store) -> None:
    """Nothing of the old one is left."""
    rewrite(store, "account", history(Account(id="A", name="1"), Account(id="A", name="2")))
    rewrite(store, "account", history(Account(id="A", name="3")))
    said = ask(store, lambda crm: crm.stated("account", ["A"]))["A"]
    assert [each.facts.name for each in said] == ["3"]


def test_rewriting_one_history_leaves_the_others(store: Store) -> None:
    """Only the ids that are named are touched."""
    rewrite(store, "account", history(Account(id="A")), history(Account(id="B")))
    rewrite(store, "account", history(Account(id="A", name="new")))
    assert set(ask(store, lambda crm: crm.stated("account", ["A", "B"]))) == {"A", "B"}


def test_kinds_do_not_mix(store: Store) -> None:
    """An account and a rep may have the same id."""
    rewrite(store, "account", history(Account(id="A")))
    assert ask(store, lambda crm: crm.stated("rep", ["A"])) == {}


def test_a_history_is_locked_while_somebody_folds_it_even_before_it_begins(
    store: Store, waits: Waits
) -> None:
    """Two workers that fold the same new entity do not both begin its history."""

    def begin(tx: Transaction) -> None:
        assert tx.crm.stated("account", ["A"]) == {}
        tx.crm.rewrite("account", {"A": history(Account(id="A"))})

    assert waits(store, begin, lambda tx: len(tx.crm.stated("account", ["A"])["A"])) == 1


def test_histories_named_in_another_order_are_locked_without_a_deadlock(
    store: Store, beside: Beside
) -> None:
    """Two batches that share customers wait for each other, and no more."""
    many = [f"account {number}" for number in range(5000)]
    orders = [many, many[::-1]] * 20
    runs = [beside(store, lambda tx, ids=ids: tx.crm.stated("account", ids)) for ids in orders]
    assert [each.result(20) for each in runs] == [{}] * len(orders)


def test_more_are_locked_at_once_than_the_server_has_locks(store: Store) -> None:
    """PostgreSQL has room for some 6,400 locks by default, and a CRM import names more accounts."""
    many = [f"account {number}" for number in range(20_000)]
    assert ask(store, lambda crm: crm.stated("account", many)) == {}


@pytest.mark.parametrize(
    ("at", "name"),
    [(NOW, "1"), (NOW + DAY - timedelta(microseconds=1), "1"), (NOW + DAY, "2")],
)
def test_as_of_an_instant_there_is_one_version(store: Store, at: datetime, name: str) -> None:
    """A version holds from its first instant until just before the next one's."""
    rewrite(store, "account", history(Account(id="A", name="1"), Account(id="A", name="2")))
    assert ask(store, lambda crm: crm.accounts(["A"], at)) == {"A": Account(id="A", name=name)}


def test_before_anything_was_stated_there_is_none(store: Store) -> None:
    """Of any kind, by any key."""
    rewrite(store, "account", history(Account(id="A")))
    rewrite(store, "opportunity", history(Opportunity(id="O", account_id="A")))
    rewrite(store, "rep", history(Rep(id="R", email="r@us.example")))
    before = NOW - DAY
    assert ask(store, lambda crm: crm.accounts(["A"], before)) == {}
    assert ask(store, lambda crm: crm.opportunities(["O"], before)) == {}
    assert ask(store, lambda crm: crm.opportunities_of(["A"], before)) == {}
    assert ask(store, lambda crm: crm.reps(["R"], before)) == {}
    assert ask(store, lambda crm: crm.reps_by_email(["r@us.example"], before)) == {}


def test_of_two_statements_of_one_instant_the_one_that_lasts_counts(store: Store) -> None:
    """Versions that lasted no time are history, not state."""
    first = CrmVersion(
        valid_from=NOW,
        valid_to=NOW,
        event_id="a",
        stated=Account(id="A"),
        facts=Account(id="A", name="1"),
    )
    last = CrmVersion(
        valid_from=NOW,
        valid_to=None,
        event_id="b",
        stated=Account(id="A"),
        facts=Account(id="A", name="2"),
    )
    with store.transaction() as tx:
        tx.crm.rewrite("account", {"A": [first, last]})
    assert ask(store, lambda crm: crm.accounts(["A"], NOW))["A"].name == "2"


def test_deleted_ones_are_found_by_id_and_merges_are_not_followed(store: Store) -> None:
    """Who asks by id wants to know that it is gone."""
    gone = Account(id="A", merged_into="B", deleted=True)
    rewrite(store, "account", history(gone), history(Account(id="B")))
    rewrite(store, "opportunity", history(Opportunity(id="O", deleted=True)))
    rewrite(store, "rep", history(Rep(id="R", deleted=True)))
    assert ask(store, lambda crm: crm.accounts(["A"], NOW)) == {"A": gone}
    assert ask(store, lambda crm: crm.opportunities(["O"], NOW))["O"].deleted
    assert ask(store, lambda crm: crm.reps(["R"], NOW))["R"].deleted


def test_opportunities_of_an_account_are_those_it_had_then(store: Store) -> None:
    """An opportunity may move to another account; deleted and orphaned ones are left out."""
    rewrite(
        store,
        "opportunity",
        history(Opportunity(id="O2", account_id="A")),
        history(Opportunity(id="O1", account_id="A"), Opportunity(id="O1", account_id="B")),
        history(Opportunity(id="O3", account_id="A", deleted=True)),
        history(Opportunity(id="O4", account_id=None)),
    )
    then = ask(store, lambda crm: crm.opportunities_of(["A", "B"], NOW))
    later = ask(store, lambda crm: crm.opportunities_of(["A", "B"], NOW + DAY))
    assert {key: [each.id for each in theirs] for key, theirs in then.items()} == {
        "A": ["O1", "O2"]
    }
    assert {key: [each.id for each in theirs] for key, theirs in later.items()} == {
        "A": ["O2"],
        "B": ["O1"],
    }
