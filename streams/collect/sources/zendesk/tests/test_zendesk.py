"""Zendesk: what customers write in tickets, by its own events or by our trigger."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from schemas.errors import InvalidEvent, UnknownType
from schemas.events import Customer, Feedback, FeedbackReceived, Reporter
from streams.collect.sources.tests.helpers import (
    changed,
    facts,
    fixture,
    ignored,
    material,
    results,
)
from streams.collect.sources.tests.security_cases import SecurityCases
from streams.collect.sources.zendesk import SOURCE
from streams.collect.sources.zendesk.verify import SIGNATURE, TIMESTAMP, signature_of

CREATED = fixture("zendesk", "ticket_created")
COMMENT = fixture("zendesk", "comment_added")
TRIGGER = fixture("zendesk", "trigger")


class TestSecurity(SecurityCases):
    """HMAC of time and body."""

    name = "zendesk"
    secret = "c2VjcmV0IHRoYXQgaXMgdXNlZCBhcyBpdCBpcw=="
    other_secret = "secret that is used as it is"
    signature: ClassVar[str] = SIGNATURE
    timestamp: ClassVar[str | None] = TIMESTAMP

    def sign(self, secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
        """With the time as Zendesk writes it."""
        timestamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {SIGNATURE: signature_of(secret, timestamp, body), TIMESTAMP: timestamp}


def remark(body: bytes) -> FeedbackReceived:
    """The one remark of a body."""
    (fact,) = facts("zendesk", body)
    assert isinstance(fact.event, FeedbackReceived)
    assert fact.key == f"zendesk:{fact.event.data.record}"
    return fact.event


def test_a_new_ticket_is_a_remark() -> None:
    """Its description is what the customer said first."""
    event = remark(CREATED)
    assert event.time == datetime(2026, 7, 28, 9, 0, 0, 672_717, tzinfo=UTC)
    assert event.data == Feedback(
        origin="zendesk",
        record="4711",
        words="We cannot export the audit log.\nOur auditors wait.",
        title="Audit log",
        customer=Customer(id="88001"),
        thread="4711",
    )


def test_a_customers_public_comment_is_a_remark_of_the_same_thread() -> None:
    """With a record of its own."""
    data = remark(COMMENT).data
    assert (data.record, data.thread) == ("4711-50002", "4711")
    assert data.words == "And EXP-12 is still open, I see."
    assert data.customer == Customer(id="88001", name="Ada Osei")


def test_the_first_comment_is_the_ticket_told_twice() -> None:
    """Whichever of the two events comes, or both: one remark."""
    words = "We cannot export the audit log.\nOur auditors wait.\n"
    assert remark(changed(COMMENT, event__comment__body=words)).data.record == "4711"
    assert remark(changed(TRIGGER, comment=words)).data.record == "4711"


@pytest.mark.parametrize(
    "body",
    [
        fixture("zendesk", "comment_by_agent"),
        changed(COMMENT, event__comment__is_public=False),
        changed(CREATED, detail__is_public=False),
    ],
)
def test_what_agents_write_and_what_is_internal_is_left_alone(body: bytes) -> None:
    """The customer's words are asked for."""
    assert len(ignored("zendesk", body)) == 1


@pytest.mark.parametrize("kind", ["soft_deleted", "permanently_deleted", "marked_as_spam"])
def test_a_ticket_that_is_gone_takes_its_remark_with_it(kind: str) -> None:
    """It may come back, too."""
    gone = changed(CREATED, type=f"zen:event-type:ticket.{kind}", detail__description="")
    assert remark(gone).data.withdrawn
    back = changed(CREATED, type="zen:event-type:ticket.undeleted")
    assert not remark(back).data.withdrawn


def test_what_was_blackened_over_there_is_blackened_here() -> None:
    """Also where Zendesk does not say what is left."""
    kind = "zen:event-type:ticket.comment_redacted"
    left = remark(changed(COMMENT, type=kind, event__comment__body="And ▇▇▇ is open.")).data
    assert (left.record, left.words) == ("4711-50002", "And ▇▇▇ is open.")
    bare = changed(COMMENT, type=kind, event__comment={"id": "50002"})
    assert remark(bare).data.words == "[redacted]"


@pytest.mark.parametrize(
    "kind", ["ticket.status_changed", "user.active_changed", "article.published"]
)
def test_what_says_nothing_of_remarks_is_left_alone(kind: str) -> None:
    """On purpose, and counted under a name that is declared."""
    (left,) = ignored("zendesk", changed(CREATED, type=f"zen:event-type:{kind}"))
    assert left.what in SOURCE.ignored


def test_our_trigger_says_more_than_the_events_do() -> None:
    """Addresses, the CRM's id, the agent, and Jira's keys."""
    event = remark(TRIGGER)
    assert event.time == datetime(2026, 7, 28, 9, 10, tzinfo=UTC)
    data = event.data
    assert data.record.startswith("4711-")
    assert data.customer == Customer(email="ada@acme.example", name="Ada Osei", id="88001")
    assert data.account_id == "9001"
    assert data.reporter == Reporter(email="tom@closeloop.example", name="Tom Agent")
    assert data.issue_keys == ("EXP-12", "LOOP-7")
    assert data.url == "https://acme.zendesk.com/agent/tickets/4711"


def test_placeholders_without_a_value_are_blank_and_count_as_absent() -> None:
    """Zendesk renders nothing for what a ticket has not."""
    blank = changed(
        TRIGGER,
        account_id="",
        jira_issue_keys="",
        url="",
        agent={"name": "", "email": ""},
        requester={"id": "", "name": "", "email": ""},
    )
    data = remark(blank).data
    assert (data.account_id, data.issue_keys, data.url) == (None, (), None)
    assert (data.customer, data.reporter) == (Customer(), Reporter())


def test_the_same_comment_twice_is_one_remark() -> None:
    """Zendesk calls again when it is not sure."""
    assert remark(TRIGGER).id == remark(TRIGGER + b"\n").id
    other = remark(changed(TRIGGER, comment="Something else."))
    assert other.data.record != remark(TRIGGER).data.record


@pytest.mark.parametrize(
    ("body", "change", "path"),
    [
        (CREATED, {"type": "zen:event-type:ticket.exploded"}, "$.type"),
        (CREATED, {"type": None}, "$.type"),
        (CREATED, {"id": None}, "$.id"),
        (CREATED, {"time": "2026-07-28"}, "$.time"),
        (CREATED, {"detail__id": None}, "$.detail.id"),
        (CREATED, {"detail__description": None}, "$.detail.description"),
        (CREATED, {"detail__description": "  "}, "$.detail.description"),
        (CREATED, {"detail__is_public": "yes"}, "$.detail.is_public"),
        (COMMENT, {"event": None}, "$.event.comment.author.is_staff"),
        (COMMENT, {"event__comment__body": 7}, "$.event.comment.body"),
        (COMMENT, {"event__comment__id": "x" * 200}, "$.event.comment.id"),
        (TRIGGER, {"ticket_id": None}, "$.ticket_id"),
        (TRIGGER, {"comment": ""}, "$.comment"),
        (TRIGGER, {"updated_at": "July 28"}, "$.updated_at"),
        (TRIGGER, {"requester": "Ada"}, "$.requester"),
        (TRIGGER, {"requester__email": "ada"}, "$.requester.email"),
        (TRIGGER, {"url": "javascript:alert(1)"}, "$.url"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(
    body: bytes, change: Mapping[str, Any], path: str
) -> None:
    """So that a person finds it in the payload."""
    with pytest.raises(InvalidEvent) as error:
        results("zendesk", changed(body, **change))
    assert error.value.path == path


def test_an_event_has_zendesks_id_and_a_trigger_that_of_its_content() -> None:
    """Both the same for a re-delivery."""
    assert SOURCE.delivery_id(CREATED) == "0b5c8f6e-0001-4a4a-9d9d-000000000001"
    assert SOURCE.delivery_id(TRIGGER) == SOURCE.delivery_id(TRIGGER)
    assert SOURCE.delivery_id(TRIGGER) != SOURCE.delivery_id(TRIGGER + b" ")


def test_recorded_bodies_are_told_apart() -> None:
    """One is of people, and left alone; the other is some admin's own trigger, and not ours."""
    assert ignored("zendesk", material("zendesk/event_user_group_membership_created.json"))
    with pytest.raises(UnknownType) as error:
        results("zendesk", material("zendesk/trigger_ticket_update.json"))
    assert error.value.path == "$.type"
