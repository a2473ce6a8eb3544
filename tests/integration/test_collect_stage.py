"""The collecting stage: what was kept becomes events; what is wrong with a part of it is told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from schemas.codec import STRUCTURED_HEADERS, Headers, decode
from schemas.deadletter import letter_of, strip
from schemas.delivery import encode_delivery
from schemas.errors import InvalidEvent, UnknownType
from schemas.topics import BY_NAME, SOURCES
from sinks.contracts import Outgoing
from sinks.kafka.fake import FakePublisher
from sinks.store.fake import FakeStore
from sinks.store.rows import Move
from streams.batches import Batch
from streams.clock import HandClock
from streams.collect.sources.tests.helpers import changed, delivery_of, fixture
from streams.collect.stage import CollectStage
from streams.stage import StageRunner

NOW = datetime(2026, 7, 28, 10, 30, tzinfo=UTC)
EVENTS = fixture("hubspot", "events")


@dataclass
class Kept:
    """A record of ``source.<name>``."""

    topic: str
    value: bytes | None
    headers: Headers
    offset: int = 0
    partition: int = 0
    key: bytes | None = b"delivery"


def kept(name: str, body: bytes, offset: int = 0) -> Kept:
    """A delivery as the gateway keeps it."""
    value, headers = encode_delivery(delivery_of(name, body))
    return Kept(f"source.{name}", value, headers, offset)


def events(outgoing: list[Outgoing]) -> list[Any]:
    """Those that are not dead letters, decoded as their readers do."""
    return [
        decode(each.value, each.headers, BY_NAME[each.topic].events)
        for each in outgoing
        if each.topic in BY_NAME
    ]


async def run(*records: Kept) -> list[Outgoing]:
    """Everything that the stage publishes for a batch."""
    publisher, store = FakePublisher(), FakeStore()
    await publisher.open()
    store.open()
    runner = StageRunner(CollectStage().stage(), store, publisher, HandClock(NOW))
    moves = tuple(
        Move(topic=name, partition=0, expected=None, new=len(records))
        for name in {record.topic for record in records}
    )
    await runner.commit(await runner.prepare(Batch(records, moves, 0)))
    return publisher.records


def test_it_reads_what_vendors_sent_and_not_what_people_answered() -> None:
    """Answers are read by the room that asked."""
    topics = {topic.name for topic in CollectStage().stage().topics}
    assert topics == {topic.name for topic in SOURCES} - {"source.reply"}


async def test_deliveries_become_events_in_their_order() -> None:
    """Each on its topic, under its key, in the form that everybody reads."""
    sent = await run(
        kept("typeform", fixture("typeform", "response"), 0),
        kept("jira", fixture("jira", "version_released"), 1),
        kept("sendgrid", fixture("sendgrid", "reports"), 2),
        kept("zendesk", fixture("zendesk", "comment_by_agent"), 3),
    )
    assert [(each.topic, each.key) for each in sent] == [
        ("feedback.received", b"typeform:k7m2p9q4r1s8t5u3"),
        ("epic.changed", b"version:20017"),
        ("notification.settled", b"4711"),
        ("notification.settled", b"4711"),
        ("notification.settled", b"4712"),
    ]
    assert all(each.headers == STRUCTURED_HEADERS for each in sent)
    assert len(events(sent)) == 5


async def test_reading_again_publishes_the_same_under_the_same_ids() -> None:
    """After a crash, or a year later."""
    record = kept("hubspot", EVENTS)
    first, again = await run(record), await run(record)
    assert first == again
    ids = [event.id for event in events(first)]
    assert len(set(ids)) == len(ids) == 12


async def test_a_bad_part_is_told_and_the_rest_is_published() -> None:
    """The dead letter is the whole delivery, as it came, and names the place."""
    body = changed(EVENTS, **{"2__propertyValue": "a lot"})
    record = kept("hubspot", body)
    sent = await run(record)
    assert len(events(sent)) == 11
    (dead,) = [each for each in sent if each.topic == "source.hubspot.dead"]
    letter = letter_of(dead.headers)
    assert (letter.path, letter.reason) == ("$[2].propertyValue", "expected an amount")
    assert (letter.error, letter.topic, letter.at) == ("InvalidEvent", "source.hubspot", NOW)
    assert (dead.key, dead.value, strip(dead.headers)) == (record.key, body, list(record.headers))


async def test_many_bad_parts_make_one_dead_letter() -> None:
    """Each is a whole body: a thousand of them would be a thousand bodies."""
    reports = json.loads(fixture("sendgrid", "reports"))
    bad = [{**reports[0], "timestamp": "soon"} for _ in range(1_000)]
    sent = await run(kept("sendgrid", json.dumps([reports[1], *bad]).encode()))
    assert len(sent) == 2
    letter = letter_of(sent[1].headers)
    assert letter.path == "$[1].timestamp"
    assert "$[2].timestamp" in letter.reason
    assert letter.reason.endswith("and 994 more")


async def test_a_delivery_that_is_wrong_as_a_whole_dies_alone() -> None:
    """Those around it go on."""
    sent = await run(
        kept("typeform", b"{}", 0),
        kept("typeform", fixture("typeform", "response"), 1),
        Kept("source.typeform", b"straight onto Kafka", (), 2),
        kept("typeform", b'{"event_type": "exploded"}', 3),
    )
    assert len(events(sent)) == 1
    told = [letter_of(each.headers) for each in sent if each.topic.endswith(".dead")]
    assert [(each.offset, each.path, each.error) for each in told] == [
        (0, "$.event_type", "InvalidEvent"),
        (2, "$.headers.delivery_id", "InvalidEvent"),
        (3, "$.event_type", "UnknownType"),
    ]


@pytest.mark.parametrize(
    ("time", "why"),
    [("9999-12-31T23:59:59Z", "from the future"), ("0001-01-01T00:00:00Z", "before all records")],
)
def test_a_time_that_no_clock_has_shown_is_not_let_through(time: str, why: str) -> None:
    """A version from the future would win over every true one."""
    body = changed(fixture("typeform", "response"), form_response__submitted_at=time)
    with pytest.raises(InvalidEvent) as error:
        CollectStage().read(kept("typeform", body), NOW)
    assert error.value.path == "$.time", why


def test_what_is_late_is_still_taken() -> None:
    """A vendor may try for days."""
    read = CollectStage().read(kept("zendesk", fixture("zendesk", "trigger")), NOW + timedelta(9))
    assert len(read.outgoing) == 1


def test_a_delivery_on_the_wrong_topic_is_dead() -> None:
    """One vendor's secret must not vouch for another's words."""
    record = kept("typeform", fixture("typeform", "response"))
    record.topic = "source.zendesk"
    with pytest.raises(InvalidEvent) as error:
        CollectStage().read(record, NOW)
    assert error.value.path == "$.headers.delivery_source"


def test_an_unknown_type_keeps_its_name_among_other_faults() -> None:
    """The kind of the first is the kind of all."""
    body = changed(EVENTS, **{"2__subscriptionType": "deal.exploded", "3__objectId": None})
    error = CollectStage().read(kept("hubspot", body), NOW).error
    assert isinstance(error, UnknownType)
    assert error.path == "$[2].subscriptionType"
    assert "$[3].objectId" in error.reason


def test_a_document_of_many_small_parts_is_read_in_reasonable_time() -> None:
    """Twenty thousand reports are one delivery of SendGrid's largest."""
    (report, *_) = json.loads(fixture("sendgrid", "reports"))
    body = json.dumps([{**report, "sg_event_id": f"e{n}"} for n in range(15_000)]).encode()
    read = CollectStage().read(kept("sendgrid", body), NOW)
    keys: Mapping[str, int] = {msgspec.json.decode(o.value or b"")["id"]: 1 for o in read.outgoing}
    assert len(keys) == 15_000
