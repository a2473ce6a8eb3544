"""What the provider's reports make of a mail."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sinks.store.contract import Messages, Store
from sinks.store.rows import Message, Report
from tests.contract.store.ways import Waits

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
    """Providers repeat themselves, within a call and days later."""
    id_ = sending(store)
    said = report(id_, "delivered")
    assert len(settle(store, said, said)) == 1
    assert settle(store, said) == []


def test_a_report_is_known_by_its_id_alone(store: Store) -> None:
    """The provider's own name of the event."""
    id_ = sending(store)
    settle(store, report(id_, "delivered", id_="1"))
    assert settle(store, report(id_, "bounced", id_="1")) == []
    assert find(store, id_).state == "delivered"


def test_a_mail_that_came_back_after_it_was_delivered_has_bounced(store: Store) -> None:
    """Its time and reason are the bounce's."""
    id_ = sending(store)
    settle(store, report(id_, "delivered"))
    bounce = report(id_, "bounced", at=NOW + 2 * HOUR, reason="mailbox full")
    (changed,) = settle(store, bounce)
    assert (changed.state, changed.settled_at) == ("bounced", NOW + 2 * HOUR)
    assert changed.reason == "mailbox full"


def test_a_delivery_before_sent_is_written_down_still_counts(store: Store) -> None:
    """Acceptance is still good for knowing when it went out."""
    id_ = sending(store)
    settle(store, report(id_, "delivered"))
    assert settle(store, report(id_, "accepted", at=NOW)) == []
    assert (find(store, id_).state, find(store, id_).sent_at) == ("delivered", NOW)


def test_reports_at_the_same_time_do_not_overwrite_each_other(store: Store, waits: Waits) -> None:
    """The one that ranks higher stands, whoever commits last."""
    id_ = sending(store)
    waits(
        store,
        lambda tx: tx.messages.settle([report(id_, "bounced")]),
        lambda tx: tx.messages.settle([report(id_, "delivered")]),
    )
    assert find(store, id_).state == "bounced"
