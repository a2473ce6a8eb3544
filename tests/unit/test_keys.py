"""The record key of every event, as its topic says it in words."""

import json

import pytest

from schemas.codec import STRUCTURED_HEADERS, decode
from schemas.events import Account, AccountChanged, Opportunity, OpportunityChanged
from schemas.examples import examples
from schemas.keys import key_of
from schemas.topics import BY_NAME

EXAMPLES = list(examples())
KEYS = {
    "closeloop.feedback.received.v1": "{origin}:{record}",
    "closeloop.crm.account.changed.v1": "account:{id}",
    "closeloop.crm.opportunity.changed.v1": "opportunity:{id}",
    "closeloop.crm.rep.changed.v1": "rep:{id}",
    "closeloop.epic.changed.v1": "issue:{id}",
    "closeloop.epic.version.changed.v1": "version:{id}",
    "closeloop.feedback.linked.v1": "{feedback}",
    "closeloop.feature.shipped.v1": "{issue_id}",
    "closeloop.feature.withdrawn.v1": "{issue_id}",
    "closeloop.notification.requested.v1": "{notification}",
    "closeloop.notification.settled.v1": "{message}",
    "closeloop.loop.changed.v1": "{account_id}:{issue_id}",
}


@pytest.mark.parametrize(("topic", "raw"), EXAMPLES)
def test_every_example_has_the_key_of_its_topic(topic: str, raw: bytes) -> None:
    """Also those that other systems publish; a change of one field names the field."""
    event = decode(raw, STRUCTURED_HEADERS, BY_NAME[topic].events)
    said = json.loads(raw)
    key = key_of(event)  # type: ignore[arg-type] # a topic's events are all among AnyEvent
    assert key.partition("#")[0] == KEYS[said["type"]].format(**said["data"])


def test_a_change_of_one_field_does_not_displace_the_others() -> None:
    """Compaction keeps the last record of a key: one field has a key of its own."""
    attributes = {"id": "1", "source": "/crm", "specversion": "1.0"}
    at = {"time": decode(EXAMPLES[0][1], STRUCTURED_HEADERS, BY_NAME[EXAMPLES[0][0]].events).time}
    owner = AccountChanged(**attributes, **at, data=Account(id="A-1", owner_id=None))
    whole = AccountChanged(**attributes, **at, data=Account(id="A-1", name="A", owner_id="R-1"))
    stage = OpportunityChanged(**attributes, **at, data=Opportunity(id="O-1", stage="won"))
    bare = AccountChanged(**attributes, **at, data=Account(id="A-1"))
    assert [key_of(event) for event in (owner, whole, stage, bare)] == [
        "account:A-1#owner_id",
        "account:A-1",
        "opportunity:O-1#stage",
        "account:A-1",
    ]
