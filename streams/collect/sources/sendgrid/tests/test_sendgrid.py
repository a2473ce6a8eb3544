"""SendGrid: what became of our mails, one report at a time."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from schemas.errors import BadSettings
from schemas.events import NotificationSettled, Settlement
from sinks.mail.verify import new_private_key, public_text_of, signed_headers
from streams.collect.source import Fact, Fault, Ignored
from streams.collect.sources.sendgrid import SOURCE
from streams.collect.sources.sendgrid.verify import SIGNATURE, TIMESTAMP
from streams.collect.sources.tests.helpers import (
    changed,
    delivery_of,
    facts,
    faults,
    fixture,
    ignored,
    material,
    results,
)
from streams.collect.sources.tests.security_cases import SecurityCases

REPORTS = fixture("sendgrid", "reports")
KEY = new_private_key()


@cache
def _key(secret: str) -> EllipticCurvePrivateKey:
    return KEY if secret == public_text_of(KEY) else new_private_key()


class TestSecurity(SecurityCases):
    """ECDSA over time and body; the setting is the public key."""

    name = "sendgrid"
    secret = public_text_of(KEY)
    other_secret = "another key"
    signature: ClassVar[str] = SIGNATURE
    timestamp: ClassVar[str | None] = TIMESTAMP

    def sign(self, secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
        """With the private half."""
        headers = signed_headers(_key(secret), body, at)
        return {name.lower(): value for name, value in headers.items()}


def test_reports_on_our_mails_settle_them() -> None:
    """By our own id of the mail; the rest of the account is none of our business."""
    settled = [fact.event for fact in facts("sendgrid", REPORTS)]
    assert [
        (event.data.message, event.data.outcome)
        for event in settled
        if isinstance(event, NotificationSettled)
    ] == [("4711", "accepted"), ("4711", "delivered"), ("4712", "bounced")]
    assert [fact.key for fact in facts("sendgrid", REPORTS)] == ["4711", "4711", "4712"]
    assert settled[2].time == datetime(2026, 7, 28, 9, 13, 25, tzinfo=UTC)
    assert settled[2].data == Settlement(
        message="4712",
        outcome="bounced",
        provider_id="Ym91bmNlLTI",
        reason="550 5.1.1 No such person here",
    )
    assert [left.what for left in ignored("sendgrid", REPORTS)] == ["without our id", "unsubscribe"]


def test_a_word_of_the_providers_that_we_do_not_know_is_unknown() -> None:
    """And is kept as the reason; nothing is guessed."""
    (event,) = [f.event for f in facts("sendgrid", changed(REPORTS, **{"1__event": "teleported"}))][
        1:2
    ]
    assert isinstance(event, NotificationSettled)
    assert (event.data.outcome, event.data.reason) == ("unknown", "teleported: 250 2.0.0 OK")


def test_the_same_report_is_the_same_fact_in_whatever_batch() -> None:
    """SendGrid delivers at least once, and batches anew."""
    alone = json.dumps(json.loads(REPORTS)[1:2]).encode()
    assert facts("sendgrid", alone)[0].event.id == facts("sendgrid", REPORTS)[1].event.id


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("1__sg_event_id", None, "$[1].sg_event_id"),
        ("1__timestamp", "soon", "$[1].timestamp"),
        ("1__timestamp", 10**15, "$[1].timestamp"),
        ("1__event", 7, "$[1].event"),
        ("1__closeloop_message_id", ["a"], "$[1].closeloop_message_id"),
        ("1", "no object", "$[1]"),
    ],
)
def test_a_bad_report_does_not_take_the_others_with_it(
    path: str, value: object, where: str
) -> None:
    """It stands among them as a fault that names its place."""
    found = results("sendgrid", changed(REPORTS, **{path: value}))
    assert [type(each) for each in found] == [Fact, Fault, Fact, Ignored, Ignored]
    assert [each.error.path for each in found if isinstance(each, Fault)] == [where]


def test_a_body_that_is_no_array_is_wrong_as_a_whole() -> None:
    """There is nothing in it to save."""
    assert faults("sendgrid", b"[]") == []
    with pytest.raises(Exception, match="expected array") as error:
        results("sendgrid", b"{}")
    assert error.value.path == "$"  # type: ignore[attr-defined]


def test_a_setting_that_is_no_key_is_told_apart_from_a_forgery() -> None:
    """Or every report would look forged, and nobody would know why."""
    delivery = delivery_of("sendgrid", b"[]", {SIGNATURE: "x", TIMESTAMP: "1"})
    with pytest.raises(BadSettings):
        SOURCE.verify(delivery, "not a key", delivery.received_at)


def test_recorded_reports_are_read() -> None:
    """Of mails that are not ours: all left alone, none refused; with our id, all of them settle."""
    recorded = [
        report
        for each in json.loads(material("sendgrid/events_by_type.anymail.json"))
        for report in each["events"]
    ]
    assert len(ignored("sendgrid", json.dumps(recorded).encode())) == len(recorded)
    ours = [{**report, "closeloop_message_id": "1"} for report in recorded]
    settled = facts("sendgrid", json.dumps(ours).encode())
    assert {fact.event.data.outcome for fact in settled} == {  # type: ignore[union-attr]
        *("accepted", "delivered", "dropped", "bounced", "deferred", "opened"),
    }
