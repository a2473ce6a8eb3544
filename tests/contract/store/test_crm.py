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
    with store.transaction() as tx:
        tx.crm.rewrite(kind, {each[0].facts.id: each for each in histories})


def ask(store: Store, question: Callable[[Crm], Any]) -> Any:
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
    said, folded = Account(id="A", name="Acme Ltd"), Account(id="A", name="Acme Ltd", region="EU")
    version = CrmVersion(valid_from=NOW, valid_to=None, event_id="e", stated=said, facts=folded)
    with store.transaction() as tx:
        tx.crm.rewrite("account", {"A": [version]})
    assert ask(store, lambda crm: crm.stated("account", ["A"]))["A"][0].facts == said
    assert ask(store, lambda crm: crm.accounts(["A"], NOW)) == {"A": folded}


def test_statements_come_oldest_first(store: Store) -> None:
    versions = history(Account(id="A", name="1"), Account(id="A", name="2"))
    with store.transaction() as tx:
        tx.crm.rewrite("account", {"A": versions[::-1]})
    said = ask(store, lambda crm: crm.stated("account", ["A"]))["A"]
    assert [each.facts.name for each in said] == ["1", "2"]


def test_a_rewritten_history_replaces_the_one_before(store: Store) -> None:
    rewrite(store, "account", history(Account(id="A", name="1"), Account(id="A", name="2")))
    rewrite(store, "account", history(Account(id="A", name="3")))
    said = ask(store, lambda crm: crm.stated("account", ["A"]))["A"]
    assert [each.facts.name for each in said] == ["3"]


def test_rewriting_one_history_leaves_the_others(store: Store) -> None:
    rewrite(store, "account", history(Account(id="A")), history(Account(id="B")))
    rewrite(store, "account", history(Account(id="A", name="new")))
    assert set(ask(store, lambda crm: crm.stated("account", ["A", "B"]))) == {"A", "B"}


def test_kinds_do_not_mix(store: Store) -> None:
    rewrite(store, "account", history(Account(id="A")))
    assert ask(store, lambda crm: crm.stated("rep", ["A"])) == {}


def test_a_history_is_locked_while_somebody_folds_it_even_before_it_begins(
    store: Store, waits: Waits
) -> None:
    def begin(tx: Transaction) -> None:
        assert tx.crm.stated("account", ["A"]) == {}
        tx.crm.rewrite("account", {"A": history(Account(id="A"))})

    assert waits(store, begin, lambda tx: len(tx.crm.stated("account", ["A"])["A"])) == 1


def test_histories_named_in_another_order_are_locked_without_a_deadlock(
    store: Store, beside: Beside
) -> None:
    many = [f"account {number}" for number in range(300)]
    both = [
        beside(store, lambda tx: tx.crm.stated("account", many)),
        beside(store, lambda tx: tx.crm.stated("account", many[::-1])),
    ]
    assert [each.result(10) for each in both] == [{}, {}]


def test_more_are_locked_at_once_than_the_server_has_locks(store: Store) -> None:
    """PostgreSQL has room for some 6,400 locks by default, and a CRM import names more accounts."""
    many = [f"account {number}" for number in range(20_000)]
    assert ask(store, lambda crm: crm.stated("account", many)) == {}


@pytest.mark.parametrize(
    ("at", "name"),
    [(NOW, "1"), (NOW + DAY - timedelta(microseconds=1), "1"), (NOW + DAY, "2")],
)
def test_as_of_an_instant_there_is_one_version(store: Store, at: datetime, name: str) -> None:
    rewrite(store, "account", history(Account(id="A", name="1"), Account(id="A", name="2")))
    assert ask(store, lambda crm: crm.accounts(["A"], at)) == {"A": Account(id="A", name=name)}


def test_before_anything_was_stated_there_is_none(store: Store) -> None:
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
    gone = Account(id="A", merged_into="B", deleted=True)
    rewrite(store, "account", history(gone), history(Account(id="B")))
    rewrite(store, "opportunity", history(Opportunity(id="O", deleted=True)))
    rewrite(store, "rep", history(Rep(id="R", deleted=True)))
    assert ask(store, lambda crm: crm.accounts(["A"], NOW)) == {"A": gone}
    assert ask(store, lambda crm: crm.opportunities(["O"], NOW))["O"].deleted
    assert ask(store, lambda crm: crm.reps(["R"], NOW))["R"].deleted


def test_opportunities_of_an_account_are_those_it_had_then(store: Store) -> None:
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


def test_a_rep_is_found_by_mail_address_however_it_is_written(store: Store) -> None:
    rewrite(store, "rep", history(Rep(id="R", email="Rae@US.example"), Rep(id="R", email=None)))
    asked = ["rAE@us.example", "nobody@us.example"]
    assert set(ask(store, lambda crm: crm.reps_by_email(asked, NOW))) == {"rae@us.example"}
    assert ask(store, lambda crm: crm.reps_by_email(asked, NOW + DAY)) == {}


def test_of_several_with_one_address_rather_one_who_is_still_here(store: Store) -> None:
    def rep(id_: Any, **facts: Any) -> Any:
        return history(Rep(id=id_, email="desk@us.example", **facts))

    def found() -> Any:
        return ask(store, lambda crm: crm.reps_by_email(["desk@us.example"], NOW))[
            "desk@us.example"
        ].id

    rewrite(store, "rep", rep("R1", deleted=True))
    assert found() == "R1"
    rewrite(store, "rep", rep("R2", active=False))
    assert found() == "R2"
    rewrite(store, "rep", rep("R4"), rep("R3"))
    assert found() == "R3"


def domain_of(store: Store, *domains: str) -> dict[str, str]:
    return ask(store, lambda crm: crm.accounts_by_domain(domains))


def test_an_account_is_found_by_the_domain_it_has_now(store: Store) -> None:
    rewrite(
        store,
        "account",
        history(Account(id="A", domains=("old.example",)), Account(id="A", domains=("A.Example",))),
    )
    assert domain_of(store, "a.EXAMPLE", "old.example", "other.example") == {"a.example": "A"}
    assert domain_of(store) == {}


def test_of_several_accounts_of_one_domain_the_first_by_id_has_it(store: Store) -> None:
    rewrite(store, "account", *[history(Account(id=id_, domains=("x.y",))) for id_ in "CAB"])
    assert domain_of(store, "x.y") == {"x.y": "A"}


def test_a_domain_leads_to_the_account_that_took_its_account_over(store: Store) -> None:
    rewrite(
        store,
        "account",
        history(Account(id="A", domains=("a.b",), merged_into="B", deleted=True)),
        history(Account(id="B", domains=(), merged_into="C")),
        history(Account(id="C")),
    )
    assert domain_of(store, "a.b") == {"a.b": "C"}
    assert ask(store, lambda crm: crm.existing("ABCD")) == {"A": "C", "B": "C", "C": "C"}


def test_deleted_accounts_have_no_domain_and_do_not_exist(store: Store) -> None:
    rewrite(store, "account", history(Account(id="A", domains=("a.b",), deleted=True)))
    rewrite(
        store,
        "account",
        history(Account(id="B", domains=("b.b",), merged_into="C")),
        history(Account(id="C", deleted=True)),
    )
    assert domain_of(store, "a.b", "b.b") == {}
    assert ask(store, lambda crm: crm.existing("ABC")) == {}


def test_a_merge_into_an_unknown_account_does_not_count_yet(store: Store) -> None:
    rewrite(store, "account", history(Account(id="A", domains=("a.b",), merged_into="B")))
    assert ask(store, lambda crm: crm.existing("AB")) == {"A": "A"}
    rewrite(store, "account", history(Account(id="B")))
    assert ask(store, lambda crm: crm.existing("AB")) == {"A": "B", "B": "B"}


def test_a_circle_of_merges_comes_to_an_end(store: Store) -> None:
    circle = [("A", "C"), ("B", "A"), ("C", "B"), ("D", "B")]
    rewrite(store, "account", *[history(Account(id=id_, merged_into=to)) for id_, to in circle])
    assert ask(store, lambda crm: crm.existing("ABCD")) == dict.fromkeys("ABCD", "A")


def test_a_merge_that_was_taken_back_counts_no_more(store: Store) -> None:
    rewrite(
        store,
        "account",
        history(Account(id="A", merged_into="B"), Account(id="A", merged_into=None)),
        history(Account(id="B")),
    )
    assert ask(store, lambda crm: crm.existing(["A"])) == {"A": "A"}
