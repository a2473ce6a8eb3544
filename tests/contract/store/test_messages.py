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
    with store.transaction() as tx:
        return work(tx.messages)


def join(
    store: Store,
    person: str = "R",
    due_at: datetime = NOW,
    email: str = "r@us.example",
    name: str = "Rae",
) -> str:
    return do(store, lambda it: it.join(person, email, name, due_at, NOW))


def claim(store: Store, now: datetime = NOW, limit: int = 9) -> list[Message]:
    return do(store, lambda it: it.claim(now, RESEND_S, limit))


def find(store: Store, id_: str) -> Message:
    return do(store, lambda it: it.find(id_))


def sending(store: Store) -> str:
    id_ = join(store)
    claim(store)
    return id_


def settle(store: Store, *reports: Report) -> list[Message]:
    return do(store, lambda it: it.settle(reports))


def report(
    message: str, outcome: str, id_: str | None = None, at: datetime = NOW + HOUR, reason: str = ""
) -> Report:
    return Report(
        id=id_ or f"{message}/{outcome}", message_id=message, outcome=outcome, reason=reason, at=at
    )


def test_a_person_has_one_open_mail(store: Store) -> None:
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
    id_ = join(store, due_at=NOW + HOUR)
    join(store, due_at=NOW)
    join(store, due_at=NOW + 2 * HOUR)
    assert find(store, id_).due_at == NOW


def test_a_mail_goes_to_the_address_that_was_named_last(store: Store) -> None:
    id_ = join(store)
    join(store, email="new@us.example", name="Rae B")
    assert (find(store, id_).email, find(store, id_).name) == ("new@us.example", "Rae B")


def test_nothing_joins_a_mail_that_was_claimed(store: Store) -> None:
    id_ = sending(store)
    assert join(store) != id_


def test_two_who_join_at_once_join_one_mail(store: Store, waits: Waits) -> None:
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
    id_ = join(store)
    other = waits(
        store,
        lambda tx: tx.messages.claim(NOW, RESEND_S, 9),
        lambda tx: tx.messages.join("R", "r@x", "Rae", NOW, NOW),
    )
    assert other != id_


def test_a_mail_is_claimed_when_it_is_due(store: Store) -> None:
    id_ = join(store)
    assert claim(store, NOW - HOUR) == []
    (claimed,) = claim(store)
    assert (claimed.id, claimed.state, claimed.attempts) == (id_, "sending", 1)
    assert (claimed.claimed_at, claimed.due_at) == (NOW, NOW + HOUR)
    assert find(store, id_) == claimed


def test_a_mail_of_which_nobody_knows_is_claimed_again_after_the_wait(store: Store) -> None:
    id_ = sending(store)
    assert claim(store, NOW + HOUR - timedelta(seconds=1)) == []
    (again,) = claim(store, NOW + HOUR)
    assert (again.id, again.attempts, again.claimed_at) == (id_, 2, NOW + HOUR)


def test_mails_due_longest_are_claimed_first(store: Store) -> None:
    for number in range(3):
        join(store, f"R{number}", due_at=NOW - number * HOUR)
    assert {each.person_id for each in claim(store, limit=2)} == {"R1", "R2"}


def test_a_claim_of_a_transaction_that_failed_is_none(store: Store) -> None:
    id_ = join(store)
    assert failing(store, lambda tx: tx.messages.claim(NOW, RESEND_S, 9))
    assert (find(store, id_).state, find(store, id_).attempts) == ("open", 0)


def test_two_who_claim_never_get_the_same_mail(store: Store, beside: Beside) -> None:
    for number in range(40):
        join(store, f"R{number}")
    claims = [beside(store, lambda tx: tx.messages.claim(NOW, RESEND_S, 7)) for _ in range(8)]
    claimed = [each.id for one in claims for each in one.result(20)]
    assert len(claimed) == len(set(claimed))


def test_one_who_claims_does_not_wait_for_another(
    postgres_store: PostgresStore, beside: Beside
) -> None:
    both = {join(postgres_store, "R"), join(postgres_store, "S")}
    with postgres_store.transaction() as tx:
        (mine,) = tx.messages.claim(NOW, RESEND_S, 1)
        other = beside(postgres_store, lambda it: it.messages.claim(NOW, RESEND_S, 9)).result(5)
    assert {mine.id, *[each.id for each in other]} == both


def test_a_mail_that_was_sent_is_not_claimed_again(store: Store) -> None:
    id_ = sending(store)
    do(store, lambda it: it.sent(id_, "provider-1", NOW))
    sent = find(store, id_)
    assert (sent.state, sent.provider_id, sent.sent_at) == ("sent", "provider-1", NOW)
    assert claim(store, NOW + 2 * HOUR) == []


@pytest.mark.parametrize("outcome", ["delivered", "bounced", "dropped"])
def test_a_mail_that_was_settled_meanwhile_stays_settled(store: Store, outcome: str) -> None:
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
    id_ = sending(store)
    later = NOW + 3 * HOUR
    do(store, lambda it: it.postpone(id_, later, "time-out"))
    assert (find(store, id_).state, find(store, id_).reason) == ("sending", "time-out")
    assert claim(store, later - HOUR) == []
    assert [each.id for each in claim(store, later)] == [id_]


def test_a_mail_that_will_never_be_taken_has_failed(store: Store) -> None:
    id_ = sending(store)
    do(store, lambda it: it.fail(id_, NOW, "no such address"))
    failed = find(store, id_)
    assert (failed.state, failed.reason, failed.settled_at) == ("failed", "no such address", NOW)
    assert claim(store, NOW + 2 * HOUR) == []


def test_a_mail_that_was_taken_cannot_fail(store: Store) -> None:
    id_ = sending(store)
    do(store, lambda it: it.sent(id_, "p", NOW))
    do(store, lambda it: it.fail(id_, NOW, "refused"))
    assert find(store, id_).state == "sent"


def test_a_mail_that_nobody_knows_is_no_fault(store: Store) -> None:
    do(store, lambda it: it.sent("unknown", "p", NOW))
    do(store, lambda it: it.postpone("unknown", NOW, ""))
    do(store, lambda it: it.fail("unknown", NOW, ""))
    assert settle(store, report("unknown", "delivered")) == []
    assert settle(store) == []


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("accepted", "sent"),
        ("delivered", "delivered"),
        ("opened", "delivered"),
        ("spam", "delivered"),
        ("bounced", "bounced"),
        ("dropped", "dropped"),
        ("deferred", "sending"),
        ("unknown", "sending"),
        ("a word of tomorrow", "sending"),
    ],
)
def test_a_report_settles_a_mail_of_which_nobody_could_tell(
    store: Store, outcome: str, state: str
) -> None:
    """This is how a crash between the provider's answer and our note of it is healed."""
    id_ = sending(store)
    changed = settle(store, report(id_, outcome, reason="because"))
    assert find(store, id_).state == state
    assert [(each.id, each.state) for each in changed] == (
        [] if state == "sending" else [(id_, state)]
    )
    assert bool(claim(store, NOW + 2 * HOUR)) == (state == "sending")


def test_a_report_that_is_repeated_counts_once(store: Store) -> None:
    id_ = sending(store)
    said = report(id_, "delivered")
    assert len(settle(store, said, said)) == 1
    assert settle(store, said) == []


def test_a_report_is_known_by_its_id_alone(store: Store) -> None:
    id_ = sending(store)
    settle(store, report(id_, "delivered", id_="1"))
    assert settle(store, report(id_, "bounced", id_="1")) == []
    assert find(store, id_).state == "delivered"


def test_a_mail_that_came_back_after_it_was_delivered_has_bounced(store: Store) -> None:
    id_ = sending(store)
    settle(store, report(id_, "delivered"))
    bounce = report(id_, "bounced", at=NOW + 2 * HOUR, reason="mailbox full")
    (changed,) = settle(store, bounce)
    assert (changed.state, changed.settled_at) == ("bounced", NOW + 2 * HOUR)
    assert changed.reason == "mailbox full"


def test_a_delivery_before_sent_is_written_down_still_counts(store: Store) -> None:
    id_ = sending(store)
    settle(store, report(id_, "delivered"))
    assert settle(store, report(id_, "accepted", at=NOW)) == []
    assert (find(store, id_).state, find(store, id_).sent_at) == ("delivered", NOW)


def test_reports_at_the_same_time_do_not_overwrite_each_other(store: Store, waits: Waits) -> None:
    id_ = sending(store)
    waits(
        store,
        lambda tx: tx.messages.settle([report(id_, "bounced")]),
        lambda tx: tx.messages.settle([report(id_, "delivered")]),
    )
    assert find(store, id_).state == "bounced"
