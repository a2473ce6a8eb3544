"""topics, publish, parse and replay, on a real broker."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.codec import decode
from schemas.events import FeedbackReceived
from schemas.topics import FEEDBACK_RECEIVED, TOPICS, dead_twins
from streams.collect.intake import record_of
from streams.collect.rereading import delivery_of
from tests.integration.commands.calling import NOWHERE, Call, put, records

REMARK: dict[str, Any] = {
    "specversion": "1.0",
    "type": "closeloop.feedback.received.v1",
    "id": "survey:88:1",
    "source": "https://survey.example",
    "time": "2026-03-11T09:02:44Z",
    "data": {"origin": "survey", "record": "88", "words": "We sort by hand."},
}
TICKET = Path("streams/collect/sources/zendesk/fixtures/ticket_created.json")


def test_topics_are_listed_as_declared(bare: Call) -> None:
    """Every declared topic is listed, with its key and its readers, whatever is configured."""
    called = bare("topics", "list", "--json")
    assert called.status == 0
    assert [each["name"] for each in called.json] == [topic.name for topic in TOPICS]
    assert called.json[6]["events"] == ["closeloop.feedback.received.v1"]
    assert "feedback.received.dead" in bare("topics", "list", "--dead").out


def test_one_event_is_shown_as_json_schema(bare: Call) -> None:
    """Somebody who publishes gets the schema of one event, or is told that there is none."""
    called = bare("topics", "schema", "--event", "closeloop.feature.shipped.v1")
    assert called.json["$id"] == "urn:closeloop:event:closeloop.feature.shipped.v1"
    assert bare("topics", "schema").json["asyncapi"] == "3.1.0"
    unknown = bare("topics", "schema", "--event", "no.such")
    assert (unknown.status, unknown.out) == (1, "")


def test_missing_topics_are_created_once(bare: Call, fresh_kafka: Any) -> None:
    """A dry run says what is missing and creates nothing; the next time nothing is missing."""
    servers = {"KAFKA_BOOTSTRAP_SERVERS": fresh_kafka.bootstrap_servers}
    everything = len(TOPICS) + len(list(dead_twins()))
    dry = bare("topics", "create", "--dry-run", "--json", **servers).json
    assert (len(dry["missing"]), dry["created"]) == (everything, [])
    check = bare("topics", "check", "--json", **servers)
    assert (check.status, len(check.json)) == (1, everything)
    assert len(bare("topics", "create", "--json", **servers).json["created"]) == everything
    assert bare("topics", "create", "--json", **servers).json["created"] == []
    assert bare("topics", "check", **servers).status == 0


def test_a_published_event_has_the_key_of_its_topic(on_kafka: Call, broker: str) -> None:
    """What docs/topics.md shows works: the remark gets its key and is read as it was written."""
    called = on_kafka("publish", "feedback.received", "-", "--json", stdin=json.dumps(REMARK))
    assert called.json == {"topic": "feedback.received", "sent": 1, "keys": ["survey:88"]}
    record = records(broker, "feedback.received")[-1]
    assert record.key == b"survey:88"
    read = decode(record.value, record.headers, (FeedbackReceived,))
    assert read.data.words == "We sort by hand."


def test_a_dry_run_publishes_nothing(on_kafka: Call, broker: str, tmp_path: Path) -> None:
    """Events are checked and counted; the topic stays as it was."""
    before = len(records(broker, "feedback.received"))
    file = tmp_path / "remarks.jsonl"
    file.write_text(json.dumps(REMARK) + "\n\n" + json.dumps({**REMARK, "id": "2"}) + "\n")
    called = on_kafka("publish", "feedback.received", file, "--dry-run")
    assert called.out == "2 events would be published\n"
    assert len(records(broker, "feedback.received")) == before


def test_one_wrong_event_keeps_all_from_being_sent(on_kafka: Call, broker: str) -> None:
    """Every fault is told with its line and path, and nothing leaves."""
    before = len(records(broker, "feedback.received"))
    untimed = {name: value for name, value in REMARK.items() if name != "time"}
    lines = [REMARK, untimed, {**REMARK, "data": {**REMARK["data"], "origin": 7}}]
    stdin = "\n".join([*map(json.dumps, lines), "{nonsense"])
    called = on_kafka("publish", "feedback.received", "-", stdin=stdin)
    assert called.status == 1
    assert "line 2: $: Object missing required field `time`" in called.err
    assert "line 3: $.data.origin: Expected `str`, got `int`" in called.err
    assert "line 4: $: not JSON" in called.err
    assert len(records(broker, "feedback.received")) == before


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("publish", "no.such.topic", "-"), 1),
        (("publish", "source.zendesk", "-"), 1),
        (("publish", "feedback.received", "no-such-file.json"), 2),
        (("publish", "feedback.received"), 2),
        (("parse", "nobody", "-"), 1),
        (("replay", "reply"), 1),
        (("topics", "nonsense"), 2),
    ],
)
def test_wrong_use_has_its_own_exit_status(
    on_kafka: Call, arguments: tuple[str, ...], status: int
) -> None:
    """1 where something does not exist or is refused, 2 where the call itself is wrong."""
    called = on_kafka(*arguments, stdin=json.dumps(REMARK))
    assert called.status == status
    assert called.err.strip()


@pytest.mark.parametrize(
    "arguments",
    [
        ("topics", "check"),
        ("topics", "create"),
        ("publish", "feedback.received", "-"),
        ("dead", "list"),
    ],
)
def test_a_broker_out_of_reach_is_exit_status_3(bare: Call, arguments: tuple[str, ...]) -> None:
    """Within seconds, in one line; and none configured at all is a wrong setting, which is 2."""
    stdin, began = json.dumps(REMARK), time.monotonic()
    away = bare(*arguments, stdin=stdin, KAFKA_BOOTSTRAP_SERVERS=NOWHERE)
    assert time.monotonic() - began < 10
    assert (away.status, away.out) == (3, "")
    assert away.err.startswith(f"closeloop: no broker answers at {NOWHERE}: ")
    assert away.err.count("\n") == 1
    unset = bare(*arguments, stdin=stdin)
    assert unset.status == 2
    assert "KAFKA_BOOTSTRAP_SERVERS" in unset.err


def test_a_body_is_parsed_without_sending_anything(bare: Call) -> None:
    """One canonical event a line, and as one document with topic and key."""
    called = bare("parse", "zendesk", TICKET)
    lines = called.out.splitlines()
    assert (called.status, len(lines)) == (0, 1)
    assert json.loads(lines[0])["type"] == "closeloop.feedback.received.v1"
    document = bare("parse", "zendesk", TICKET, "--json").json
    assert document["events"][0]["topic"] == "feedback.received"
    assert document["events"][0]["key"].startswith("zendesk:")
    assert document["wrong"] is None


def test_a_body_that_cannot_be_parsed_names_the_path(bare: Call) -> None:
    """Exit status 1, and where it is wrong."""
    called = bare("parse", "zendesk", "-", "--json", stdin='{"type": "zen:event-type:no.such"}')
    assert called.status == 1
    assert called.json["wrong"]["path"] == "$.type"
    assert called.json["events"] == []


def test_a_replay_publishes_the_same_events_again(on_kafka: Call, broker: str) -> None:
    """Raw deliveries become the events that they became before, and faults are told."""
    now = datetime.now(UTC)
    bad = b'{"type": "zen:event-type:no.such"}'
    put(
        broker,
        record_of(delivery_of("zendesk", TICKET.read_bytes(), {}, now)),
        record_of(delivery_of("zendesk", bad, {}, now)),
    )
    before = len(records(broker, FEEDBACK_RECEIVED.name))
    dry = on_kafka("replay", "zendesk", "--dry-run", "--json").json
    assert (dry["deliveries"], dry["events"], dry["wrong"][0]["path"]) == (2, 1, "$.type")
    assert len(records(broker, FEEDBACK_RECEIVED.name)) == before
    assert on_kafka("replay", "zendesk").status == 0
    assert on_kafka("replay", "zendesk", "--since", "1h").status == 0
    ids = {json.loads(r.value or b"")["id"] for r in records(broker, "feedback.received")[before:]}
    assert len(records(broker, "feedback.received")) == before + 2
    assert len(ids) == 1
    assert on_kafka("replay", "zendesk", "--since", "2999-01-01", "--json").json["events"] == 0
