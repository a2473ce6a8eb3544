"""Mails: claimed before they are sent, settled by what the provider says."""

from datetime import UTC, datetime, timedelta

import pytest

from sinks.store.rows import Message, Report

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RESEND_S = 3600


def do(store, work):
    with store.transaction() as tx:
        return work(tx.messages)


def join(store, person="R", due_at=NOW, email="r@us.example", name="Rae"):
    return do(store, lambda it: it.join(person, email, name, due_at, NOW))


def claim(store, now=NOW, limit=9):
    return do(store, lambda it: it.claim(now, RESEND_S, limit))


def find(store, id_):
    return do(store, lambda it: it.find(id_))


def sending(store):
    id_ = join(store)
    claim(store)
    return id_


def settle(store, *reports):
    return do(store, lambda it: it.settle(reports))


def report(message, outcome, id_=None, at=NOW + HOUR, reason=""):
    return Report(
        id=id_ or f"{message}/{outcome}", message_id=message, outcome=outcome, reason=reason, at=at
    )


def test_a_person_has_one_open_mail(store):
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


def test_joining_makes_a_mail_due_earlier_and_never_later(store):
    id_ = join(store, due_at=NOW + HOUR)
    join(store, due_at=NOW)
    join(store, due_at=NOW + 2 * HOUR)
    assert find(store, id_).due_at == NOW


def test_a_mail_goes_to_the_address_that_was_named_last(store):
    id_ = join(store)
    join(store, email="new@us.example", name="Rae B")
    assert (find(store, id_).email, find(store, id_).name) == ("new@us.example", "Rae B")


def test_nothing_joins_a_mail_that_was_claimed(store):
    id_ = sending(store)
    assert join(store) != id_


def test_two_who_join_at_once_join_one_mail(store, waits):
    first = []
    second = waits(
        store,
        lambda tx: first.append(tx.messages.join("R", "r@x", "Rae", NOW, NOW)),
        lambda tx: tx.messages.join("R", "r@x", "Rae", NOW, NOW),
    )
    assert first == [second]


def test_joining_a_mail_that_is_claimed_at_this_moment_opens_another(store, waits):
    id_ = join(store)
    other = waits(
        store,
        lambda tx: tx.messages.claim(NOW, RESEND_S, 9),
        lambda tx: tx.messages.join("R", "r@x", "Rae", NOW, NOW),
    )
    assert other != id_


def test_a_mail_is_claimed_when_it_is_due(store):
    id_ = join(store)
    assert claim(store, NOW - HOUR) == []
    (claimed,) = claim(store)
    assert (claimed.id, claimed.state, claimed.attempts) == (id_, "sending", 1)
    assert (claimed.claimed_at, claimed.due_at) == (NOW, NOW + HOUR)
    assert find(store, id_) == claimed


def test_a_mail_of_which_nobody_knows_is_claimed_again_after_the_wait(store):
    id_ = sending(store)
    assert claim(store, NOW + HOUR - timedelta(seconds=1)) == []
    (again,) = claim(store, NOW + HOUR)
    assert (again.id, again.attempts, again.claimed_at) == (id_, 2, NOW + HOUR)


def test_mails_due_longest_are_claimed_first(store):
    for number in range(3):
        join(store, f"R{number}", due_at=NOW - number * HOUR)
    assert {each.person_id for each in claim(store, limit=2)} == {"R1", "R2"}


def test_a_claim_of_a_transaction_that_failed_is_none(store):
    id_ = join(store)
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        tx.messages.claim(NOW, RESEND_S, 9)
        raise ZeroDivisionError
    assert (find(store, id_).state, find(store, id_).attempts) == ("open", 0)


def test_two_who_claim_never_get_the_same_mail(store, beside):
    for number in range(40):
        join(store, f"R{number}")
    claims = [beside(store, lambda tx: tx.messages.claim(NOW, RESEND_S, 7)) for _ in range(8)]
    claimed = [each.id for one in claims for each in one.result(20)]
    assert len(claimed) == len(set(claimed))


def test_one_who_claims_does_not_wait_for_another(postgres_store, beside):
    both = {join(postgres_store, "R"), join(postgres_store, "S")}
    with postgres_store.transaction() as tx:
        (mine,) = tx.messages.claim(NOW, RESEND_S, 1)
        other = beside(postgres_store, lambda it: it.messages.claim(NOW, RESEND_S, 9)).result(5)
    assert {mine.id, *[each.id for each in other]} == both


def test_a_mail_that_was_sent_is_not_claimed_again(store):
    id_ = sending(store)
    do(store, lambda it: it.sent(id_, "provider-1", NOW))
    sent = find(store, id_)
    assert (sent.state, sent.provider_id, sent.sent_at) == ("sent", "provider-1", NOW)
    assert claim(store, NOW + 2 * HOUR) == []


@pytest.mark.parametrize("outcome", ["delivered", "bounced", "dropped"])
def test_a_mail_that_was_settled_meanwhile_stays_settled(store, outcome):
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


def test_a_mail_that_was_not_taken_is_due_again_then(store):
    id_ = sending(store)
    later = NOW + 3 * HOUR
    do(store, lambda it: it.postpone(id_, later, "time-out"))
    assert (find(store, id_).state, find(store, id_).reason) == ("sending", "time-out")
    assert claim(store, later - HOUR) == []
    assert [each.id for each in claim(store, later)] == [id_]


def test_a_mail_that_will_never_be_taken_has_failed(store):
    id_ = sending(store)
    do(store, lambda it: it.fail(id_, NOW, "no such address"))
    failed = find(store, id_)
    assert (failed.state, failed.reason, failed.settled_at) == ("failed", "no such address", NOW)
    assert claim(store, NOW + 2 * HOUR) == []


def test_a_mail_that_was_taken_cannot_fail(store):
    id_ = sending(store)
    do(store, lambda it: it.sent(id_, "p", NOW))
    do(store, lambda it: it.fail(id_, NOW, "refused"))
    assert find(store, id_).state == "sent"


def test_a_mail_that_nobody_knows_is_no_fault(store):
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
def test_a_report_settles_a_mail_of_which_nobody_could_tell(store, outcome, state):
    """This is how a crash between the provider's answer and our note of it is healed."""
    id_ = sending(store)
    changed = settle(store, report(id_, outcome, reason="because"))
    assert find(store, id_).state == state
    assert [(each.id, each.state) for each in changed] == (
        [] if state == "sending" else [(id_, state)]
    )
    assert bool(claim(store, NOW + 2 * HOUR)) == (state == "sending")


def test_a_report_that_is_repeated_counts_once(store):
    id_ = sending(store)
    said = report(id_, "delivered")
    assert len(settle(store, said, said)) == 1
    assert settle(store, said) == []


def test_a_report_is_known_by_its_id_alone(store):
    id_ = sending(store)
    settle(store, report(id_, "delivered", id_="1"))
    assert settle(store, report(id_, "bounced", id_="1")) == []
    assert find(store, id_).state == "delivered"


def test_a_mail_that_came_back_after_it_was_delivered_has_bounced(store):
    id_ = sending(store)
    settle(store, report(id_, "delivered"))
    bounce = report(id_, "bounced", at=NOW + 2 * HOUR, reason="mailbox full")
    (changed,) = settle(store, bounce)
    assert (changed.state, changed.settled_at) == ("bounced", NOW + 2 * HOUR)
    assert changed.reason == "mailbox full"


def test_a_delivery_before_sent_is_written_down_still_counts(store):
    id_ = sending(store)
    settle(store, report(id_, "delivered"))
    assert settle(store, report(id_, "accepted", at=NOW)) == []
    assert (find(store, id_).state, find(store, id_).sent_at) == ("delivered", NOW)


def test_reports_at_the_same_time_do_not_overwrite_each_other(store, waits):
    id_ = sending(store)
    waits(
        store,
        lambda tx: tx.messages.settle([report(id_, "bounced")]),
        lambda tx: tx.messages.settle([report(id_, "delivered")]),
    )
    assert find(store, id_).state == "bounced"
