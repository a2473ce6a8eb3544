"""HubSpot: arrays of single changes, which become single fields."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import msgspec
import pytest

from schemas.errors import InvalidEvent
from schemas.events import Account, Opportunity
from streams.collect.source import Fault, NotAuthentic
from streams.collect.sources.hubspot import SOURCE
from streams.collect.sources.hubspot.verify import SIGNATURE, TIMESTAMP, signature_of
from streams.collect.sources.tests.helpers import (
    NOW,
    changed,
    delivery_of,
    facts,
    faults,
    fixture,
    ignored,
    material,
    results,
)
from streams.collect.sources.tests.security_cases import BODY, SecurityCases

EVENTS = fixture("hubspot", "events")
URL = "https://loop.example.com/v1/sources/hubspot"


class TestSecurity(SecurityCases):
    """HMAC of method, public URL, body and time."""

    name = "hubspot"
    secret = "an app's client secret"
    other_secret = "another app's"
    signature: ClassVar[str] = SIGNATURE
    timestamp: ClassVar[str | None] = TIMESTAMP

    def sign(self, secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
        """With the time in milliseconds."""
        timestamp = str(int(at.timestamp() * 1000))
        return {
            SIGNATURE: signature_of(secret, "POST", URL, body, timestamp),
            TIMESTAMP: timestamp,
        }

    @pytest.mark.parametrize(
        "other",
        [
            {"url": "http://127.0.0.1:8080/v1/sources/hubspot"},
            {"url": URL + "?x=1"},
            {"url": URL.replace("https", "http")},
            {"method": "PUT"},
        ],
    )
    def test_what_was_signed_for_another_address_is_refused(self, other: dict[str, str]) -> None:
        """Behind a proxy the public address counts, which the settings say."""
        delivery = msgspec.structs.replace(delivery_of("hubspot", BODY, self.signed()), **other)
        with pytest.raises(NotAuthentic):
            SOURCE.verify(delivery, self.secret, NOW)

    def test_some_characters_of_the_address_are_decoded_before_it_is_signed(self) -> None:
        """Some, and no others, says HubSpot."""
        sent, signed = f"{URL}?a=b%2Cc%3ad%20e", f"{URL}?a=b,c:d%20e"
        timestamp = str(int(NOW.timestamp() * 1000))
        given = signature_of(self.secret, "POST", signed, BODY, timestamp)
        headers = {SIGNATURE: given, TIMESTAMP: timestamp}
        delivery = msgspec.structs.replace(delivery_of("hubspot", BODY, headers), url=sent)
        SOURCE.verify(delivery, self.secret, NOW)


def event(**fields: Any) -> bytes:
    """An array of one event."""
    first = json.loads(EVENTS)[0]
    kept = {k: v for k, v in {**first, **fields}.items() if v is not None}
    return json.dumps([kept]).encode()


def change(**fields: Any) -> Any:
    """The payload of the one fact of an event."""
    (fact,) = facts("hubspot", event(**fields))
    return fact.event.data


def test_every_event_becomes_a_change_of_one_field_under_a_key_of_its_own() -> None:
    """What is not of accounts and deals is left alone, and nothing is wrong."""
    assert {fact.key: fact.event.data for fact in facts("hubspot", EVENTS)} == {
        "opportunity:5551#owner_id": Opportunity(id="5551", owner_id="72"),
        "opportunity:5551#stage": Opportunity(id="5551", stage="contractsent"),
        "opportunity:5551#amount_cents": Opportunity(id="5551", amount_cents=4_800_050),
        "opportunity:5551#closes_on": Opportunity(id="5551", closes_on=date(2026, 7, 31)),
        "opportunity:5551#account_id": Opportunity(id="5551", account_id="9001"),
        "opportunity:5552#deleted": Opportunity(id="5552", deleted=True),
        "account:9001#domains": Account(id="9001", domains=("acme.example",)),
        "account:9001#revenue_cents": Account(id="9001", revenue_cents=125_000_000),
        "account:9002#deleted": Account(id="9002", deleted=False),
        "account:9003#merged_into": Account(id="9003", merged_into="9005"),
        "account:9004#merged_into": Account(id="9004", merged_into="9005"),
        "account:9001#merged_into": Account(id="9001", merged_into="9005"),
    }
    assert [left.what for left in ignored("hubspot", EVENTS)] == [
        *("company.propertyChange", "contact.propertyChange", "ticket.creation"),
    ]
    assert not faults("hubspot", EVENTS)
    assert facts("hubspot", EVENTS)[1].event.time == datetime(2026, 7, 28, 8, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value", "field", "said"),
    [
        ("hubspot_owner_id", "", "owner_id", None),
        ("amount", "", "amount_cents", None),
        ("amount", "0.005", "amount_cents", 0),
        ("amount", "1E3", "amount_cents", 100_000),
        ("closedate", "2026-08-01T00:00:00Z", "closes_on", date(2026, 8, 1)),
        ("closedate", "", "closes_on", None),
        ("dealname", "Acme 2027", "name", "Acme 2027"),
        ("deal_currency_code", "eur", "currency", "EUR"),
        ("hs_deal_stage_probability", "0.8", "probability", 0.8),
        ("hs_is_closed", "true", "is_open", False),
    ],
)
def test_a_deals_property_is_read_as_what_it_means(
    name: str, value: str, field: str, said: object
) -> None:
    """HubSpot writes everything as text; an empty one was cleared."""
    assert getattr(change(propertyName=name, propertyValue=value), field) == said


def test_a_name_that_was_cleared_is_left_as_it_is() -> None:
    """An account without a name cannot be shown."""
    assert len(ignored("hubspot", event(propertyName="dealname", propertyValue=""))) == 1


def test_a_value_that_hubspot_keeps_back_is_not_taken_for_one() -> None:
    """It comes as a word in its place."""
    body = event(propertyName="dealname", propertyValue="REDACTED", isSensitive=True)
    assert len(ignored("hubspot", body)) == 1


def test_a_merge_into_one_of_them_leaves_that_one() -> None:
    """Older portals keep the winner; the newer make a record of its own."""
    body = event(
        subscriptionType="deal.merge", primaryObjectId=1, mergedObjectIds=[2, 2], newObjectId=None
    )
    assert [fact.key for fact in facts("hubspot", body)] == ["opportunity:2#merged_into"]


def test_a_company_that_is_replaced_is_replaced_whatever_comes_first() -> None:
    """Removed and added in the same millisecond."""
    fields = {
        "subscriptionType": "deal.associationChange",
        "associationType": "DEAL_TO_COMPANY",
        "fromObjectId": 5551,
        "toObjectId": 9001,
    }
    (removed,) = facts("hubspot", event(**fields, associationRemoved=True))
    (added,) = facts("hubspot", event(**fields, associationRemoved=False))
    assert removed.event.data == Opportunity(id="5551", account_id=None)
    assert removed.key == added.key
    assert added.event.time - removed.event.time == timedelta(milliseconds=1)


def test_a_company_that_is_not_the_main_one_is_not_the_account() -> None:
    """A deal may have many companies, as partners."""
    fields = {"subscriptionType": "deal.associationChange", "fromObjectId": 1, "toObjectId": 2}
    for more in (
        {"associationType": "DEAL_TO_COMPANY", "isPrimaryAssociation": False},
        {"associationType": "DEAL_TO_CONTACT"},
    ):
        assert len(ignored("hubspot", event(**fields, **more))) == 1


def test_the_newer_form_of_events_says_the_same() -> None:
    """The type of the object stands apart."""
    old = facts("hubspot", event())
    new = facts("hubspot", event(subscriptionType="object.propertyChange", objectTypeId="0-3"))
    assert old == new
    contact = event(subscriptionType="object.creation", objectTypeId="0-1")
    assert ignored("hubspot", contact)[0].what == "contact.creation"


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("propertyValue", 7, "$[3].propertyValue"),
        ("propertyValue", "soon", "$[3].propertyValue"),
        ("propertyValue", "9" * 30, "$[3].propertyValue"),
        ("occurredAt", "now", "$[3].occurredAt"),
        ("occurredAt", 2**70, "$[3].occurredAt"),
        ("objectId", None, "$[3].objectId"),
        ("objectId", 2**53, "$[3].objectId"),
        ("subscriptionType", "deal.teleport", "$[3].subscriptionType"),
        ("subscriptionType", "object.creation", "$[3].objectTypeId"),
        ("propertyName", {"a": 1}, "$[3].propertyName"),
    ],
)
def test_a_bad_event_loses_no_other_and_does_not_vanish(
    field: str, value: object, path: str
) -> None:
    """It stands among them as a fault that names its place."""
    body = changed(EVENTS, **{f"3__{field}": value})
    found = results("hubspot", body)
    assert [each.error.path for each in found if isinstance(each, Fault)] == [path]
    assert len(facts("hubspot", body)) == len(facts("hubspot", EVENTS)) - 1


@pytest.mark.parametrize("amount", ["NaN", "-1", "Infinity", "1E400000", "ten", "1e999999999"])
def test_an_amount_that_is_none_costs_nothing(amount: str) -> None:
    """Not even the memory of its digits."""
    (fault,) = faults("hubspot", event(propertyName="amount", propertyValue=amount))
    assert fault.error.path == "$[0].propertyValue"


def test_another_attempt_is_the_same_delivery() -> None:
    """HubSpot counts its attempts in the body."""
    again = changed(EVENTS, **{"0__attemptNumber": 3})
    assert SOURCE.delivery_id(again) == SOURCE.delivery_id(EVENTS)
    assert SOURCE.delivery_id(b"[1]") == SOURCE.delivery_id(b"[1]")
    assert [f.event.id for f in facts("hubspot", again)] == [
        f.event.id for f in facts("hubspot", EVENTS)
    ]


def test_ids_of_the_vendors_events_do_not_matter() -> None:
    """HubSpot says that they are not unique: what happened to what, and when, is."""
    same = [fact.event.id for fact in facts("hubspot", event(eventId=1))]
    assert same == [fact.event.id for fact in facts("hubspot", event(eventId=2))]
    assert len({fact.event.id for fact in facts("hubspot", EVENTS)}) == len(
        facts("hubspot", EVENTS)
    )


def test_a_body_that_is_no_array_is_wrong_as_a_whole() -> None:
    """There is nothing in it to save."""
    with pytest.raises(InvalidEvent):
        results("hubspot", b'{"subscriptionType": "deal.creation"}')


def test_recorded_events_are_read() -> None:
    """A dozen of every kind: none is a fault."""
    body = material("hubspot/webhooks_v3_subscription_events.recorded.json")
    assert not faults("hubspot", body)
    assert {fact.key.partition(":")[0] for fact in facts("hubspot", body)} == {
        *("account", "opportunity"),
    }
