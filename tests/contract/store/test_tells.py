"""Who is told of what: a tell stands for ever, a skip until something else is decided."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sinks.store.contract import Store, Tells, Transaction
from sinks.store.rows import Report, Tell
from tests.contract.store.ways import Beside, failing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tell(
    person: str = "R",
    email: str | None = "rae@us.example",
    verdict: str = "tell",
    at: datetime = NOW,
    **facts: Any,
) -> Tell:
    """A verdict on one person; its id follows from its key."""
    values = {"account_id": "A", "issue_id": 10, "generation": 1, "kind": "shipped"} | facts
    key = "/".join(str(values[name]) for name in ("account_id", "issue_id", "generation", "kind"))
    known = {"remark_ids": (1, 2), "role": "reported it", "reason": "", "person_name": "Rae"}
    return Tell(
        id=f"{person}/{key}",
        person_id=person,
        email=email,
        verdict=verdict,
        decided_at=at,
        **known | values,
    )


def put(store: Store, *tells: Tell) -> list[Tell]:
    """Write verdicts in a transaction; the new tells."""
    with store.transaction() as tx:
        return tx.tells.put(tells)


def ask(store: Store, question: Callable[[Tells], Any]) -> Any:
    """Ask one question in a transaction of its own."""
    with store.transaction() as tx:
        return question(tx.tells)


def of_ship(store: Store) -> list[Tell]:
    """Everyone considered for the ship of these tests."""
    return ask(store, lambda tells: tells.of_ship(10, 1))


def test_a_tell_comes_back_as_it_went_in(store: Store) -> None:
    """Every field, by ship and by id."""
    first, other = tell(message_id="m"), tell(generation=2)
    assert put(store, first, other) == [first, other]
    assert of_ship(store) == [first]
    assert ask(store, lambda tells: tells.find(first.id)) == first
    assert ask(store, lambda tells: tells.find("unknown")) is None
    assert put(store) == []


def test_of_verdicts_only_new_tells_are_returned(store: Store) -> None:
    """Working an audience out again returns nobody twice."""
    skip = tell("S", None, "skip", reason="no owner")
    assert put(store, tell(), skip) == [tell()]
    assert put(store, tell(), skip, tell("T", "t@us.example")) == [tell("T", "t@us.example")]
    assert {each.person_id for each in of_ship(store)} == {"R", "S", "T"}


def test_a_tell_is_never_overwritten(store: Store) -> None:
    """The mail may be on its way."""
    put(store, tell())
    assert put(store, tell(at=NOW + HOUR, role="other")) == []
    assert put(store, tell(verdict="skip", reason="left")) == []
    assert of_ship(store) == [tell()]


def test_a_skip_is_overwritten_by_whatever_is_decided_later(store: Store) -> None:
    """A rep without an address yesterday has one today."""
    put(store, tell(verdict="skip", reason="quiet"))
    put(store, tell(verdict="skip", reason="left", at=NOW + HOUR))
    assert [each.reason for each in of_ship(store)] == ["left"]
    told = tell(at=NOW + 2 * HOUR)
    assert put(store, told) == [told]
    assert of_ship(store) == [told]


@pytest.mark.parametrize("verdicts", [("tell", "skip"), ("skip", "tell"), ("tell", "tell")])
def test_of_one_key_twice_at_once_the_tell_counts(store: Store, verdicts: tuple[str, str]) -> None:
    """Two roles of one person."""
    new = put(store, *[tell(verdict=verdict) for verdict in verdicts])
    assert new == [tell()]
    assert of_ship(store) == [tell()]


@pytest.mark.parametrize(
    "other",
    [{"account_id": "B"}, {"issue_id": 11}, {"generation": 2}, {"kind": "correction"}],
)
def test_another_account_issue_generation_or_kind_is_another_tell(
    store: Store, other: dict[str, Any]
) -> None:
    """Each of them is part of the key."""
    put(store, tell())
    assert len(put(store, tell(**other))) == 1


def test_mail_addresses_are_kept_in_lower_case(store: Store) -> None:
    """Addresses are compared, and people type them as they like."""
    assert put(store, tell(email="Rae@US.example"))[0].email == "rae@us.example"
    assert of_ship(store)[0].email == "rae@us.example"


@pytest.mark.parametrize("together", [True, False])
def test_one_address_under_two_ids_is_told_once_and_the_other_is_a_skip(
    store: Store, *, together: bool
) -> None:
    """In one audience or in two; the preview shows both."""
    first, second = tell("R"), tell("R2", "RAE@us.example")
    new = put(store, first, second) if together else put(store, first) + put(store, second)
    assert new == [first]
    verdicts = {each.person_id: (each.verdict, each.message_id) for each in of_ship(store)}
    assert verdicts == {"R": ("tell", None), "R2": ("skip", None)}
    assert put(store, second) == []


def test_a_skip_does_not_hold_an_address(store: Store) -> None:
    """The other id may be told."""
    put(store, tell("R", verdict="skip", reason="left"))
    assert len(put(store, tell("R2"))) == 1


def test_people_without_an_address_are_told_apart(store: Store) -> None:
    """The unowned queue may hold several."""
    assert len(put(store, tell("R", None), tell("S", None))) == 2


def test_what_a_mail_carries_is_found_by_the_mail(store: Store) -> None:
    """One digest, several issues."""
    put(store, tell(message_id="m"), tell(issue_id=11, message_id="m"), tell(issue_id=12))
    carried = ask(store, lambda tells: tells.of_message("m"))
    assert [each.issue_id for each in carried] == [10, 11]


def test_the_newest_come_first(store: Store) -> None:
    """For a person who looks."""
    for number in range(3):
        put(store, tell(f"R{number}", f"r{number}@us.example", at=NOW + number * HOUR))
    assert [each.person_id for each in ask(store, lambda tells: tells.all(2))] == ["R2", "R1"]


def test_two_who_decide_on_the_same_people_at_once_tell_each_once(
    store: Store, beside: Beside
) -> None:
    """Two workers, two ids of the same people, two orders: the keys hold and nothing deadlocks."""
    people = [(f"R{number}", f"r{number}@us.example") for number in range(40)]
    aliases = [(f"X{id_}", email) for id_, email in reversed(people)]

    def decide(tx: Transaction, group: Any) -> Any:
        return tx.tells.put([tell(id_, email) for id_, email in group])

    groups = (people, aliases, people[::-1], aliases[::-1])
    runs = [beside(store, lambda tx, group=group: decide(tx, group)) for group in groups]
    told = [each.email for run in runs for each in run.result(20)]
    assert sorted(told) == sorted(email for _, email in people)


def test_a_tell_of_a_transaction_that_failed_is_new_again(store: Store) -> None:
    """The mail was never made."""
    assert failing(store, lambda tx: tx.tells.put([tell()]))
    assert put(store, tell()) == [tell()]


def test_a_tell_that_was_lost_is_a_skip_and_may_be_told_anew(store: Store) -> None:
    """No mail carries it; a skip stays as it is."""
    skip = tell("S", None, "skip", reason="no owner")
    put(store, tell(message_id="m"), skip)
    with store.transaction() as tx:
        tx.tells.lose([tell().id, skip.id, "unknown"], "taken back")
    lost, same = of_ship(store)
    assert (lost.verdict, lost.reason, lost.message_id) == ("skip", "taken back", None)
    assert same == skip
    assert ask(store, lambda tells: tells.of_message("m")) == []
    assert put(store, tell(message_id="n")) == [tell(message_id="n")]


def test_a_skip_can_be_forgotten_and_a_tell_cannot(store: Store) -> None:
    """The person is known under another id by now."""
    skip = tell("S", None, "skip", reason="unknown")
    put(store, tell(), skip)
    with store.transaction() as tx:
        tx.tells.forget([tell().id, skip.id])
        tx.tells.forget([])
    assert of_ship(store) == [tell()]


def test_the_issues_of_which_somebody_was_not_told_are_found(store: Store) -> None:
    """By person, reason and age; the latest count."""
    put(
        store,
        tell("S", None, "skip", reason="unknown"),
        tell("S", None, "skip", reason="unknown", issue_id=11, at=NOW + HOUR),
        tell("S", None, "skip", reason="other", issue_id=12),
        tell("T", None, "skip", reason="unknown", issue_id=13),
        tell("R", issue_id=14),
    )

    def skipped(people: list[str], since: datetime = NOW, limit: int = 9) -> Any:
        return ask(store, lambda tells: tells.skipped(people, ["unknown", ""], since, limit))

    assert skipped(["S", "R"]) == {10, 11}
    assert skipped(["S", "T"], limit=1) == {11}
    assert skipped(["S"], NOW + HOUR) == {11}
    assert skipped([]) == set()


def test_what_other_mails_told_of_the_same_is_known_by_the_latest_that_arrived(
    store: Store,
) -> None:
    """One question however many were told; neither corrections nor other ships count."""
    with store.transaction() as tx:
        mails = [tx.messages.join(f"R{n}", f"r{n}@us.example", "Rae", NOW, NOW) for n in range(6)]
        for number, mail in enumerate(mails[1:]):
            tx.messages.sent(mail, "p", NOW + number * HOUR)
        came_back = Report(id="1", message_id=mails[3], outcome="bounced", reason="", at=NOW)
        tx.messages.settle([came_back])
        tx.tells.put(
            [
                tell("R0", "r0@us.example", message_id=mails[0]),
                tell("R0", "r0@us.example", message_id=mails[0], account_id="B"),
                tell("R1", "r1@us.example", message_id=mails[1]),
                tell("R2", "r2@us.example", message_id=mails[2], kind="available"),
                tell("R3", "r3@us.example", message_id=mails[3]),
                tell("R4", "r4@us.example", message_id=mails[4], kind="correction"),
                tell("R5", "r5@us.example", message_id=mails[5], generation=2),
            ]
        )
    told = ask(store, lambda tells: tells.told_beside(mails[0]))
    assert told == {("A", 10): NOW + HOUR}
    assert ask(store, lambda tells: tells.told_beside(mails[2])) == {("A", 10): NOW}
    assert ask(store, lambda tells: tells.told_beside(mails[5])) == {}
    assert ask(store, lambda tells: tells.told_beside("unknown")) == {}
