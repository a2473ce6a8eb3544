"""Who has a mail address or domain, and by what id a merged account goes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.events import Account, Rep
from sinks.store.contract import Crm, Store
from sinks.store.rows import CrmKind, CrmVersion, Facts

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


def test_a_rep_is_found_by_mail_address_however_it_is_written(store: Store) -> None:
    """An address that was given up finds nobody from then on."""
    rewrite(store, "rep", history(Rep(id="R", email="Rae@US.example"), Rep(id="R", email=None)))
    asked = ["rAE@us.example", "nobody@us.example"]
    assert set(ask(store, lambda crm: crm.reps_by_email(asked, NOW))) == {"rae@us.example"}
    assert ask(store, lambda crm: crm.reps_by_email(asked, NOW + DAY)) == {}


def test_of_several_with_one_address_rather_one_who_is_still_here(store: Store) -> None:
    """Deleted, then left, then here: the later in this list, the better."""

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
    """What the domains lead to."""
    return ask(store, lambda crm: crm.accounts_by_domain(domains))


def test_an_account_is_found_by_the_domain_it_has_now(store: Store) -> None:
    """Upper or lower case is the same domain."""
    rewrite(
        store,
        "account",
        history(Account(id="A", domains=("old.example",)), Account(id="A", domains=("A.Example",))),
    )
    assert domain_of(store, "a.EXAMPLE", "old.example", "other.example") == {"a.example": "A"}
    assert domain_of(store) == {}


def test_of_several_accounts_of_one_domain_the_first_by_id_has_it(store: Store) -> None:
    """So that every worker picks the same one."""
    rewrite(store, "account", *[history(Account(id=id_, domains=("x.y",))) for id_ in "CAB"])
    assert domain_of(store, "x.y") == {"x.y": "A"}


def test_a_domain_leads_to_the_account_that_took_its_account_over(store: Store) -> None:
    """A CRM deletes what it merges away; the chain is followed all the same."""
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
    """Whether deleted themselves or through a merge."""
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
    """The order in which a CRM tells us is not ours to choose."""
    rewrite(store, "account", history(Account(id="A", domains=("a.b",), merged_into="B")))
    assert ask(store, lambda crm: crm.existing("AB")) == {"A": "A"}
    rewrite(store, "account", history(Account(id="B")))
    assert ask(store, lambda crm: crm.existing("AB")) == {"A": "B", "B": "B"}


def test_a_circle_of_merges_comes_to_an_end(store: Store) -> None:
    """All of a circle go by the same account, and so do those merged into it."""
    circle = [("A", "C"), ("B", "A"), ("C", "B"), ("D", "B")]
    rewrite(store, "account", *[history(Account(id=id_, merged_into=to)) for id_, to in circle])
    assert ask(store, lambda crm: crm.existing("ABCD")) == dict.fromkeys("ABCD", "A")


def test_a_merge_that_was_taken_back_counts_no_more(store: Store) -> None:
    """A null clears what was stated before."""
    rewrite(
        store,
        "account",
        history(Account(id="A", merged_into="B"), Account(id="A", merged_into=None)),
        history(Account(id="B")),
    )
    assert ask(store, lambda crm: crm.existing(["A"])) == {"A": "A"}


def test_a_merge_along_the_way_that_was_taken_back_leads_no_further(store: Store) -> None:
    """Of each account in the chain only what holds now."""
    rewrite(
        store,
        "account",
        history(Account(id="A", merged_into="B")),
        history(Account(id="B"), Account(id="B", merged_into="C"), Account(id="B")),
        history(Account(id="C")),
    )
    assert ask(store, lambda crm: crm.existing("AB")) == {"A": "B", "B": "B"}
