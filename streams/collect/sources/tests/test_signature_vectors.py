"""The vendors' own vectors: our signatures are theirs, byte for byte."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from streams.collect.registry import source
from streams.collect.source import NotAuthentic
from streams.collect.sources.hubspot import verify as hubspot
from streams.collect.sources.jira import verify as jira
from streams.collect.sources.sendgrid.verify import SIGNATURE, TIMESTAMP
from streams.collect.sources.tests.helpers import delivery_of, material
from streams.collect.sources.zendesk import verify as zendesk


def vector(name: str) -> dict[str, Any]:
    """One vector of the collection."""
    found: dict[str, Any] = json.loads(material("signature_vectors.json"))[name]
    return found


def test_jiras() -> None:
    """Atlassian's documentation."""
    given = vector("jira")
    assert jira.signature_of(given["secret"], given["payload"].encode()) == given["signature"]


@pytest.mark.parametrize("name", ["zendesk_trigger", "zendesk_event"])
def test_zendesks(name: str) -> None:
    """Its static test secret, not decoded; the bodies' white space counts."""
    given = vector(name)
    body = material(given["payload_file"])
    signature = zendesk.signature_of(given["secret"], given["timestamp"], body)
    assert signature == given["signature"]
    assert (
        zendesk.signature_of(given["secret"], given["timestamp"], body.strip() + b" ") != signature
    )


def test_zendesks_vector_is_no_fresh_request() -> None:
    """Its time is ``1234``: right by its signature, refused all the same."""
    given = vector("zendesk_event")
    headers = {zendesk.SIGNATURE: given["signature"], zendesk.TIMESTAMP: given["timestamp"]}
    delivery = delivery_of("zendesk", material(given["payload_file"]), headers)
    with pytest.raises(NotAuthentic):
        zendesk.verify(delivery, given["secret"], delivery.received_at)


def test_hubspots() -> None:
    """HubSpot's own library."""
    given = vector("hubspot_v3")
    said = (given["secret"], given["method"], given["uri"], given["payload"].encode())
    assert hubspot.signature_of(*said, given["timestamp"]) == given["signature"]


def test_hubspots_within_five_minutes() -> None:
    """And not a minute more, to either side."""
    given = vector("hubspot_v3")
    at = datetime.fromtimestamp(int(given["timestamp"]) / 1000, UTC)
    headers = {hubspot.SIGNATURE: given["signature"], hubspot.TIMESTAMP: given["timestamp"]}
    delivery = msgspec.structs.replace(
        delivery_of("hubspot", given["payload"].encode(), headers), url=given["uri"]
    )
    for minutes in (-5, 0, 5):
        hubspot.verify(delivery, given["secret"], at + timedelta(minutes=minutes))
    for minutes in (-6, 6):
        with pytest.raises(NotAuthentic):
            hubspot.verify(delivery, given["secret"], at + timedelta(minutes=minutes))


def test_sendgrids() -> None:
    """Twilio's own library: with the line break at the end, and with no other key."""
    given = json.loads(material("sendgrid/signature_vector.json"))
    body = material("sendgrid/signature_vector.payload.bin")
    headers = {SIGNATURE: given["signature_base64"], TIMESTAMP: given["timestamp"]}
    at = datetime.fromtimestamp(int(given["timestamp"]), UTC)
    verify = source("sendgrid").verify
    right = given["public_key_base64_der_spki"]
    verify(delivery_of("sendgrid", body, headers), right, at)
    for key, payload in (
        (given["wrong_public_key_base64"], body),
        (right, body.rstrip()),
        (right, body + b" "),
    ):
        with pytest.raises(NotAuthentic):
            verify(delivery_of("sendgrid", payload, headers), key, at)


@pytest.mark.parametrize(
    ("name", "vendor", "header"),
    [
        ("hubspot", "intercom", "x-hub-signature"),
        ("jira", "intercom", "x-hub-signature"),
    ],
)
def test_a_recorded_signature_of_an_unknown_secret_is_refused(
    name: str, vendor: str, header: str
) -> None:
    """Real, but not ours."""
    given = vector(vendor)
    delivery = delivery_of(
        name, material(given["payload_file"]), {header: given["doc_example_signature"]}
    )
    with pytest.raises(NotAuthentic):
        source(name).verify(delivery, "our secret", delivery.received_at)
