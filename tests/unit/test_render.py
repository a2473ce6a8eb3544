"""The documents: right by the specifications, complete, and the same whenever rendered."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from schemas.codec import type_of
from schemas.events import Event
from schemas.examples import examples
from schemas.render import BEGIN, END, asyncapi, dumps, json_schema, with_table
from schemas.topics import OUTSIDE, TOPICS, dead_twins

ROOT = Path(__file__).parents[2]
ALL = tuple(event for topic in TOPICS for event in topic.events)


@pytest.mark.parametrize("event", ALL, ids=type_of)
def test_a_rendered_schema_is_a_json_schema(event: type[Event]) -> None:
    """With the envelope, and the type as a constant."""
    schema = json_schema(event)
    Draft202012Validator.check_schema(schema)
    envelope = schema["$defs"][event.__name__]
    assert envelope["properties"]["type"] == {"const": type_of(event)}
    assert set(envelope["required"]) == {"type", "id", "source", "time", "specversion", "data"}
    assert json.loads(dumps(schema)) == schema


@pytest.mark.parametrize("event", ALL, ids=type_of)
def test_a_rendered_schema_refuses_another_type(event: type[Event]) -> None:
    """The constant is not decoration."""
    checker = Draft202012Validator(json_schema(event))
    for _, example in examples():
        document = json.loads(example)
        assert checker.is_valid(document) == (document["type"] == type_of(event))


def _specification() -> dict[str, Any]:
    path = ROOT.parent / "shared" / "materials" / "asyncapi-3.1.0.schema.json"
    if not path.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no {path.name} here")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_the_document_is_right_by_asyncapis_own_schema() -> None:
    """And a wrong one is not, or the check would be worth nothing."""
    checker = Draft7Validator(_specification())
    document = json.loads(dumps(asyncapi()))
    assert [f"{fault.json_path}: {fault.message}" for fault in checker.iter_errors(document)] == []
    document["operations"]["send.loop.changed"]["action"] = "shout"
    assert not checker.is_valid(document)


def _found(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [ref for inner in part.values() for ref in _references(inner)]
    return [ref for inner in part for ref in _references(inner)] if isinstance(part, list) else []


def test_every_reference_of_the_document_leads_somewhere() -> None:
    """The specification's schema does not look."""
    document = asyncapi()
    references = _references(document)
    assert references
    assert all(_found(document, reference) for reference in references)


def test_every_topic_and_dead_twin_is_a_channel_with_what_the_broker_has() -> None:
    """Nothing that flows is undocumented."""
    channels = asyncapi()["channels"]
    topics = (*TOPICS, *dead_twins())
    assert list(channels) == [topic.name for topic in topics]
    for topic in topics:
        channel, kafka = channels[topic.name], channels[topic.name]["bindings"]["kafka"]
        said = {
            key: "".join(value) if isinstance(value, list) else str(value)
            for key, value in kafka["topicConfiguration"].items()
        }
        assert (channel["address"], kafka["partitions"]) == (topic.name, topic.partitions)
        assert said == topic.config
        for word in (topic.key.replace("<", r"\<"), *topic.producers, *topic.consumers):
            assert word in channel["description"]


def test_operations_are_what_our_own_rooms_do() -> None:
    """What CI or another system does is theirs to document."""
    operations = asyncapi()["operations"]
    for topic in TOPICS:
        assert (f"send.{topic.name}" in operations) == bool(set(topic.producers) - OUTSIDE)
        assert (f"receive.{topic.name}" in operations) == bool(set(topic.consumers) - OUTSIDE)
    assert "receive.feedback.linked" not in operations


def test_every_example_of_the_document_fits_the_payload_it_stands_at() -> None:
    """AsyncAPI's own parser does not look."""
    document = asyncapi()
    shown = 0
    for message in document["components"]["messages"].values():
        checker = Draft7Validator({**message["payload"], "components": document["components"]})
        for example in message.get("examples", []):
            checker.validate(example["payload"])
            shown += 1
    assert shown == len(list(examples()))


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_document_is_the_same_in_every_process(seed: str) -> None:
    """Order never comes from a hash."""
    done = subprocess.run(
        [sys.executable, "-m", "schemas.render"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.decode() == dumps(asyncapi())


def test_renewing_the_table_leaves_the_prose_alone() -> None:
    """And renewing it twice changes nothing."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    renewed = with_table(page)
    assert renewed.startswith(f"before\n{BEGIN}\n| topic")
    assert renewed.endswith(f"|\n{END}\nafter\n")
    assert "old" not in renewed
    assert with_table(renewed) == renewed
