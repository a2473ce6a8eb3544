"""Mails: claimed before they are sent, settled by what the provider says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sinks.store.contract import Messages, Store
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Message, Report
from tests.contract.store.ways import Beside, Waits, failing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RESEND_S = 3600


def do(store: Store, work: Callable[[Messages], Any]) -> Any:
    """Work on mails in a transaction of its own."""
    with store.transaction() as tx:
        return work(tx.messages)


def join(
    store: Store,
    person: str = "R",
    due_at: datetime = NOW,
    email: str = "r@us.example",
    name: str = "Rae",
) -> str:
    """The id of a person's open mail."""
    return do(store, lambda it: it.join(person, email, name, due_at, NOW))


def claim(store: Store, now: datetime = NOW, limit: int = 9) -> list[Message]:
    """Take what is due."""
    return do(store, lambda it: it.claim(now, RESEND_S, limit))


def find(store: Store, id_: str) -> Message:
    """One mail."""
    return do(store, lambda it: it.find(id_))


def sending(store: Store) -> str:
    """A mail that was claimed."""
    id_ = join(store)
    claim(store)
    return id_


def settle(store: Store, *reports: Report) -> list[Message]:
    """Hand over reports; the mails that changed."""
    return do(store, lambda it: it.settle(reports))


def report(
    message: str, outcome: str, id_: str | None = None, at: datetime = NOW + HOUR, reason: str = ""
) -> Report:
    """A report of the provider."""
    return Report(
        id=id_ or f"{message}/{outcome}", message_id=message, outcome=outcome, reason=reason, at=at
    )


def test_a_person_has_one_open_mail(store: Store) -> None:
    """Another person has another."""
    first = join(store)
    assert join(store) == first
    assert join(store, "S") != first
    assert find(store, first) == Message(
        id=first,
        person_id="R",
        email="r@us.example",
        name="Rae",
        state="open",
        due_at=NOW,
        created_at=NOW,
    )
    assert find(store, "unknown") is None


def test_joining_makes_a_mail_due_earlier_and_never_later(store: Store) -> None:
    """What is urgent does not wait for the digest's window."""
    id_ = join(store, due_at=NOW + HOUR)
    join(store, due_at=NOW)
    join(store, due_at=NOW + 2 * HOUR)
    assert find(store, id_).due_at == NOW


def test_a_mail_goes_to_the_address_that_was_named_last(store: Store) -> None:
    """People change their address."""
    id_ = join(store)
    join(store, email="new@us.example", name="Rae B")
    assert (find(store, id_).email, find(store, id_).name) == ("new@us.example", "Rae B")


def test_nothing_joins_a_mail_that_was_claimed(store: Store) -> None:
    """It may have gone out already."""
    id_ = sending(store)
    assert join(store) != id_


def test_two_who_join_at_once_join_one_mail(store: Store, waits: Waits) -> None:
    """Two audiences that are worked out at once."""
    first = []
    second = waits(
        store,
        lambda tx: first.append(tx.messages.join("R", "r@x", "Rae", NOW, NOW)),
        lambda tx: tx.messages.join("R", "r@x", "Rae", NOW, NOW),
    )
    assert first == [second]


def test_joining_a_mail_that_is_claimed_at_this_moment_opens_another(
    store: Store, waits: Waits
) -> None:
    """The digest is on its way; what comes now goes into the next."""
    id_ = join(store)
    other = waits(
        store,
        lambda tx: tx.messages.claim(NOW, RESEND_S, 9),
        lambda tx: tx.messages.join("R", "r@x", "Rae", NOW, NOW),
    )
    assert other != id_


def test_a_mail_is_claimed_when_it_is_due(store: Store) -> None:
    """And is then due when its answer is overdue."""
    id_ = join(store)
    assert claim(store, NOW - HOUR) == []
    (claimed,) = claim(store)
    assert (claimed.id, claimed.state, claimed.attempts) == (id_, "sending", 1)
    assert (claimed.claimed_at, claimed.due_at) == (NOW, NOW + HOUR)
    assert find(store, id_) == claimed


def test_a_mail_of_which_nobody_knows_is_claimed_again_after_the_wait(store: Store) -> None:
    """After a crash between the provider's answer and our note of it."""
    id_ = sending(store)
    assert claim(store, NOW + HOUR - timedelta(seconds=1)) == []
    (again,) = claim(store, NOW + HOUR)
    assert (again.id, again.attempts, again.claimed_at) == (id_, 2, NOW + HOUR)


def test_mails_due_longest_are_claimed_first(store: Store) -> None:
    """The others wait for the next round."""
    for number in range(3):
        join(store, f"R{number}", due_at=NOW - number * HOUR)
    assert {each.person_id for each in claim(store, limit=2)} == {"R1", "R2"}


def test_a_claim_of_a_transaction_that_failed_is_none(store: Store) -> None:
    """It counts no attempt."""
    id_ = join(store)
    assert failing(store, lambda tx: tx.messages.claim(NOW, RESEND_S, 9))
    assert (find(store, id_).state, find(store, id_).attempts) == ("open", 0)


def test_two_who_claim_never_get_the_same_mail(store: Store, beside: Beside) -> None:
    """Else a person would get it twice."""
    for number in range(40):
        join(store, f"R{number}")
    claims = [beside(store, lambda tx: tx.messages.claim(NOW, RESEND_S, 7)) for _ in range(8)]
    claimed = [each.id for one in claims for each in one.result(20)]
    assert len(claimed) == len(set(claimed))


def test_one_who_claims_does_not_wait_for_another(
    postgres_store: PostgresStore, beside: Beside
) -> None:
    """Many may send at a time."""
    both = {join(postgres_store, "R"), join(postgres_store, "S")}
    with postgres_store.transaction() as tx:
        (mine,) = tx.messages.claim(NOW, RESEND_S, 1)
        other = beside(postgres_store, lambda it: it.messages.claim(NOW, RESEND_S, 9)).result(5)
    assert {mine.id, *[each.id for each in other]} == both


def test_a_mail_that_was_sent_is_not_claimed_again(store: Store) -> None:
    """The provider's id is kept, to be searched for."""
    id_ = sending(store)
    do(store, lambda it: it.sent(id_, "provider-1", NOW))
    sent = find(store, id_)
    assert (sent.state, sent.provider_id, sent.sent_at) == ("sent", "provider-1", NOW)
    assert claim(store, NOW + 2 * HOUR) == []


@pytest.mark.parametrize("outcome", ["delivered", "bounced", "dropped"])
def test_a_mail_that_was_settled_meanwhile_stays_settled(store: Store, outcome: str) -> None:
    """Whatever we find out afterwards; only the provider's id is added."""
    id_ = sending(store)
    settle(store, report(id_, outcome, reason="said so"))
    settled = find(store, id_)
    do(store, lambda it: it.sent(id_, "provider-1", NOW))
    do(store, lambda it: it.postpone(id_, NOW, "time-out"))
    do(store, lambda it: it.fail(id_, NOW, "refused"))
    after = find(store, id_)
    assert (after.state, after.reason, after.settled_at) == (outcome, "said so", NOW + HOUR)
    assert after.due_at == settled.due_at
    assert after.provider_id == "provider-1"
    assert claim(store, NOW + 2 * HOUR) == []


def test_a_mail_that_was_not_taken_is_due_again_then(store: Store) -> None:
    """A time-out may hide that it went out, so it stays in sending."""
    id_ = sending(store)
    later = NOW + 3 * HOUR
    do(store, lambda it: it.postpone(id_, later, "time-out"))
    assert (find(store, id_).state, find(store, id_).reason) == ("sending", "time-out")
    assert claim(store, later - HOUR) == []
    assert [each.id for each in claim(store, later)] == [id_]


def test_a_mail_that_will_never_be_taken_has_failed(store: Store) -> None:
    """A person sees why."""
    id_ = sending(store)
    do(store, lambda it: it.fail(id_, NOW, "no such address"))
    failed = find(store, id_)
    assert (failed.state, failed.reason, failed.settled_at) == ("failed", "no such address", NOW)
    assert claim(store, NOW + 2 * HOUR) == []


def test_a_mail_that_was_taken_cannot_fail(store: Store) -> None:
    """Another try may have been refused, one was taken."""
    id_ = sending(store)
    do(store, lambda it: it.sent(id_, "p", NOW))
    do(store, lambda it: it.fail(id_, NOW, "refused"))
    assert find(store, id_).state == "sent"


def test_a_mail_that_was_given_up_and_went_out_after_all_was_sent(store: Store) -> None:
    """It has not settled: the provider's reports are still to come."""
    id_ = sending(store)
    do(store, lambda it: it.fail(id_, NOW, "refused"))
    do(store, lambda it: it.sent(id_, "p", NOW))
    assert (find(store, id_).state, find(store, id_).settled_at) == ("sent", None)


def test_a_mail_that_nobody_knows_is_no_fault(store: Store) -> None:
    """Reports on mails that another installation sent, say."""
    do(store, lambda it: it.sent("unknown", "p", NOW))
    do(store, lambda it: it.postpone("unknown", NOW, ""))
    do(store, lambda it: it.fail("unknown", NOW, ""))
    assert settle(store, report("unknown", "delivered")) == []
    assert settle(store) == []


def test_a_try_is_in_doubt_until_its_outcome_is_written(store: Store) -> None:
    """What surely did not go out is no doubt; repeating that word changes nothing."""
    id_ = sending(store)
    assert find(store, id_).doubts == 1
    do(store, lambda it: it.postpone(id_, NOW, "time-out"))
    assert find(store, id_).doubts == 1
    (again,) = claim(store)
    assert again.doubts == 2
    for _ in range(2):
        do(store, lambda it: it.postpone(id_, NOW, "busy", again.doubts - 1))
    assert find(store, id_).doubts == 1
    claim(store)
    do(store, lambda it: it.fail(id_, NOW, "refused", 1))
    assert (find(store, id_).state, find(store, id_).doubts) == ("failed", 1)


def test_mails_are_found_by_their_ids(store: Store) -> None:
    """Those that there are."""
    one, other = join(store, "R"), join(store, "S")
    found = do(store, lambda it: it.get([one, other, "unknown"]))
    assert {id_: mail.person_id for id_, mail in found.items()} == {one: "R", other: "S"}
    assert do(store, lambda it: it.get([])) == {}
